"""What client and coach read, from answers to page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.errors import NotFound
from assess.people.models import Person, Role
from assess.programmes import service as programmes
from assess.programmes.models import Engagement
from assess.release import service as release
from assess.release import verdicts
from assess.reports import home, service
from assess.reports.rules import Step
from assess.reports.service import InstrumentReport
from assess.scoring import service as scoring
from assess.transactions import Transaction
from tests.conftest import Clock
from tests.factories import make_consent, make_engagement, make_person, make_programme
from tests.sittings import add_evidence, assignment_of, make_sitting, sign_releases

EIGHT = [1, 1, 1, 1, 1, 1, 1, 0]


@pytest.fixture
def lead(tx: Transaction) -> Person:
    return make_person(tx, Role.LEAD, name="Lena Brandt")


@pytest.fixture
def engagement(tx: Transaction, lead: Person) -> Engagement:
    """An engagement whose client shares with the coach."""
    engagement = make_engagement(tx, programme=make_programme(tx, lead=lead))
    make_consent(tx, engagement, (Scope.STORE, Scope.COACH_READS))
    return engagement


def release_phq8(tx: Transaction, engagement: Engagement, lead: Person, *, sd: float = 5.0) -> None:
    phq8 = tx.catalogue.latest("phq-8")
    add_evidence(tx, engagement.programme, phq8, alpha=0.84, sd=sd)
    sign_releases(tx, engagement.programme, phq8, lead)


def read(tx: Transaction, engagement: Engagement, wave: str = "baseline") -> InstrumentReport:
    return service.client_result(tx, assignment_of(tx, engagement, "phq-8", wave))


def events(tx: Transaction, event: Event) -> list[tuple[str, str]]:
    rows = tx.db.scalars(select(AuditEvent).where(AuditEvent.event == event))
    return [(row.actor_id, row.subject_id) for row in rows]


def test_nothing_is_shown_before_a_named_person_has_signed(tx, engagement) -> None:
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    report = read(tx, engagement)

    assert report.released == ()
    assert report.withheld_by_reasons[0][0] == ("waiting_for_signature",)


def test_a_released_score_stands_with_interval_and_signature(tx, engagement, lead) -> None:
    release_phq8(tx, engagement, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    report = read(tx, engagement)

    entry = report.released[0].released
    assert (entry.score.value, entry.score.standard_error) == (7, pytest.approx(2.0))
    assert report.signatures == (("Lena Brandt", tx.today),)


def test_answers_sent_before_the_signature_get_their_interval_with_it(tx, engagement, lead) -> None:
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)
    assert read(tx, engagement).released == ()

    release_phq8(tx, engagement, lead)
    assert read(tx, engagement).released == ()
    scoring.rescore(tx, "phq-8", "1", release.reliabilities_in_force)  # as the job does that a signature asks for

    assert read(tx, engagement).released[0].released.score.standard_error == pytest.approx(2.0)


def test_a_released_scale_without_enough_answers_shows_no_figure_and_says_why(tx, engagement, lead) -> None:
    release_phq8(tx, engagement, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), [3, 3, 3, None, None, None, None, None])

    report = read(tx, engagement)

    assert report.released == ()
    assert [reasons for reasons, _ in report.withheld_by_reasons] == [("too_few",)]


def test_a_score_whose_error_is_unknown_is_not_shown_though_signed(tx, engagement, lead) -> None:
    phq8 = tx.catalogue.latest("phq-8")  # its published study gives a reliability but no spread
    verdicts.refresh(tx, engagement.programme_id, phq8)
    sign_releases(tx, engagement.programme, phq8, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    report = read(tx, engagement)

    assert report.released == ()
    assert [reasons for reasons, _ in report.withheld_by_reasons] == [("no_standard_error",)]


def test_a_result_that_was_not_sent_does_not_exist(tx, engagement) -> None:
    with pytest.raises(NotFound):
        read(tx, engagement)


def test_change_is_told_from_the_second_sitting_on(tx, engagement, lead, clock: Clock) -> None:
    release_phq8(tx, engagement, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), [2] * 8)
    clock.advance(days=90)
    later = replace(tx, now=clock.now)
    make_sitting(later, assignment_of(tx, engagement, "phq-8", "end"), [1, 1, 0, 0, 0, 0, 0, 0])

    first, last = read(later, engagement), read(later, engagement, "end")

    assert first.scales[0].change is None
    assert (last.scales[0].change.change.difference, last.scales[0].change.change.verdict) == (-14, "decreased")


def test_change_needs_a_signature_of_its_own(tx, engagement, lead, clock: Clock) -> None:
    phq8 = tx.catalogue.latest("phq-8")
    add_evidence(tx, engagement.programme, phq8)
    sign_releases(tx, engagement.programme, phq8, lead, uses=["individual_report"])
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), [2] * 8)
    clock.advance(days=90)
    later = replace(tx, now=clock.now)
    make_sitting(later, assignment_of(tx, engagement, "phq-8", "end"), [1] * 8)

    change = read(later, engagement, "end").scales[0].change

    assert (change.change, change.points, change.withheld) == (None, (), ("waiting_for_signature",))


def test_a_coach_reads_what_the_client_shares(tx, engagement, lead) -> None:
    release_phq8(tx, engagement, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    report = service.coach_report(tx, engagement)

    assert report.shared
    assert [result.instrument.id for result in report.instruments] == ["phq-8"]
    assert report.instruments[0].skipped is None


def test_a_coach_reads_nothing_that_is_not_shared(tx, lead) -> None:
    engagement = make_engagement(tx, programme=make_programme(tx, lead=lead))
    make_consent(tx, engagement, (Scope.STORE,))
    release_phq8(tx, engagement, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    report = service.coach_report(tx, engagement)
    row = service.coached_clients(tx, engagement.coach_id)[0]

    assert (report.shared, report.instruments, report.waiting) == (False, (), ())
    assert (row.shared, row.sent) == (False, 0)
    assert events(tx, Event.REPORT_READ) == []


def test_taking_back_the_scope_closes_the_report_at_once(tx, engagement, lead) -> None:
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)
    assert service.coach_report(tx, engagement).shared

    consent.withdraw_scope(tx, consent.current_record(tx, engagement.id), Scope.COACH_READS)

    assert not service.coach_report(tx, engagement).shared


def test_every_reading_is_in_the_audit_log_the_own_one_too(tx, engagement) -> None:
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    read(replace(tx, actor=engagement.client_id), engagement)
    service.coach_report(replace(tx, actor=engagement.coach_id), engagement)

    assert events(tx, Event.RESULT_READ) == [(engagement.client_id, engagement.client_id)]
    assert events(tx, Event.REPORT_READ) == [(engagement.coach_id, engagement.client_id)]


def test_the_home_leads_from_ties_over_consent_to_answering(tx, lead) -> None:
    engagement = make_engagement(tx, programme=make_programme(tx, lead=lead), declared=False)

    def next_step() -> Step:
        tx.db.refresh(engagement)
        return home.client_home(tx, engagement.client_id).engagements[0].next.step

    assert next_step() is Step.TIES
    programmes.declare_ties(tx, engagement, person_id=engagement.client_id, ties=[])
    assert next_step() is Step.CONSENT
    make_consent(tx, engagement)
    assert next_step() is Step.BEGIN
    make_sitting(tx, assignment_of(tx, engagement, "mini-ipip"), 3)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), 1)
    assert next_step() is Step.LATER
    consent.withdraw(tx, consent.current_record(tx, engagement.id))
    assert next_step() is Step.CONSENT_WITHDRAWN


def test_the_home_says_which_results_are_ready_and_why_others_are_not(tx, engagement, lead) -> None:
    release_phq8(tx, engagement, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)
    make_sitting(tx, assignment_of(tx, engagement, "mini-ipip"), 3)

    waves = dict(home.client_home(tx, engagement.client_id).engagements[0].waves)

    ready = {task.name: (task.result_ready, task.withheld) for task in waves["baseline"]}
    assert ready["PHQ-8"] == (True, ())
    assert ready["Mini-IPIP"][0] is False
    assert "waiting_for_signature" in ready["Mini-IPIP"][1]


def test_the_home_calls_no_result_ready_whose_error_is_unknown(tx, engagement, lead) -> None:
    phq8 = tx.catalogue.latest("phq-8")  # its published study gives a reliability but no spread
    verdicts.refresh(tx, engagement.programme_id, phq8)
    sign_releases(tx, engagement.programme, phq8, lead)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), EIGHT)

    waves = dict(home.client_home(tx, engagement.client_id).engagements[0].waves)

    told = [(task.result_ready, task.withheld) for task in waves["baseline"] if task.name == "PHQ-8"]
    assert told == [(False, ("no_standard_error",))]


def test_someone_without_an_engagement_has_an_empty_home(tx) -> None:
    assert home.client_home(tx, make_person(tx).id).engagements == ()
