"""What a reader gets: a score with its evidence, or why there is none; and what new evidence does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from assess.administration.models import Administration
from assess.analysis.models import AuditRun
from assess.audit import AuditEvent, Event
from assess.instruments.rules import Instrument
from assess.jobs import run_next
from assess.people.models import OutboxMessage, Person, Role
from assess.programmes.models import Programme
from assess.release import service, verdicts
from assess.release.rules import ReleasedScore, Use, Withheld
from assess.scoring import service as scoring
from assess.transactions import Installation, Transaction
from assess.work import handlers
from tests.factories import make_consent, make_engagement, make_person, make_programme
from tests.sittings import add_evidence, assignment_of, make_sitting, sign_releases


@pytest.fixture
def lead(tx: Transaction) -> Person:
    return make_person(tx, Role.LEAD, name="Lea Lead")


@pytest.fixture
def programme(tx: Transaction, lead: Person) -> Programme:
    return make_programme(tx, lead=lead, battery=("phq-8",))


@pytest.fixture
def phq8(tx: Transaction) -> Instrument:
    return tx.catalogue.latest("phq-8")


@pytest.fixture
def sitting(tx: Transaction, programme: Programme) -> Administration:
    engagement = make_engagement(tx, programme=programme)
    make_consent(tx, engagement)
    return make_sitting(tx, assignment_of(tx, engagement, "phq-8"), [1, 1, 1, 1, 1, 1, 1, None])


@pytest.fixture
def result(tx: Transaction, sitting: Administration) -> Callable[..., ReleasedScore | Withheld]:
    """Read the only scale of the sitting."""
    return lambda use=Use.INDIVIDUAL_REPORT: service.released(tx, sitting, use=use)[0]


def test_nothing_is_shown_before_a_signature_whatever_the_evidence(result):
    assert result() == Withheld("total", ("waiting_for_signature",))


def test_a_signed_release_shows_the_score_its_evidence_and_who_signed(tx, programme, phq8, lead, result):
    sign_releases(tx, programme, phq8, lead)

    shown = result()

    assert isinstance(shown, ReleasedScore)
    assert (shown.score.n_answered, shown.signed_by_name, shown.signed_at) == (7, "Lea Lead", tx.now)
    assert shown.evidence_label.startswith("Published figures from 4,615 people")


def test_a_signature_for_one_use_releases_no_other(tx, programme, phq8, lead, result):
    sign_releases(tx, programme, phq8, lead, uses=(Use.INDIVIDUAL_REPORT,))

    assert isinstance(result(Use.INDIVIDUAL_REPORT), ReleasedScore)
    assert result(Use.CHANGE_OVER_TIME) == Withheld("total", ("waiting_for_signature",))


def test_a_refusal_withholds(tx, programme, phq8, lead, result):
    result()
    for row in verdicts.current(tx, programme.id, phq8):
        verdicts.refuse(replace(tx, actor=lead.id), row, reason="Not for this programme.")

    assert result() == Withheld("total", ("refused_by_lead",))


def test_evidence_that_a_release_does_not_survive_suspends_it_at_once_and_tells_its_readers(
    tx, programme, phq8, lead, sitting, result
):
    sign_releases(tx, programme, phq8, lead)

    add_evidence(tx, programme, phq8, alpha=0.5)

    assert result() == Withheld("total", ("reliability_below_policy",))
    sent = tx.db.scalars(select(OutboxMessage).where(OutboxMessage.kind == "release_suspended"))
    told = {message.person_id for message in sent}
    assert told == {lead.id, sitting.person_id, sitting.assignment.engagement.coach_id}
    assert tx.db.scalars(select(AuditEvent.event).where(AuditEvent.event == Event.RELEASE_SUSPENDED)).first()


def test_evidence_that_bears_a_release_out_leaves_it_in_force_until_somebody_decides(tx, programme, phq8, lead, result):
    sign_releases(tx, programme, phq8, lead)

    add_evidence(tx, programme, phq8, alpha=0.9)

    assert isinstance(result(), ReleasedScore)
    newest = [row.state for row in verdicts.current(tx, programme.id, phq8) if row.use == Use.INDIVIDUAL_REPORT]
    assert newest == ["waiting"]


def test_evidence_that_adds_a_condition_suspends_until_the_condition_is_signed(tx, programme, phq8, lead, result):
    sign_releases(tx, programme, phq8, lead)

    add_evidence(tx, programme, phq8, alpha=0.66)
    withheld = result()
    sign_releases(tx, programme, phq8, lead)
    shown = result()

    assert isinstance(withheld, Withheld)
    assert isinstance(shown, ReleasedScore)
    assert shown.conditions == ("development_talk_only",)


def test_local_evidence_counts_for_scores_only_once_it_is_signed(tx, programme, phq8, lead):
    add_evidence(tx, programme, phq8, alpha=0.9, sd=6.5)
    before = service.reliability_in_force(tx, phq8, "total", "en", programme.id)
    sign_releases(tx, programme, phq8, lead)
    after = service.reliability_in_force(tx, phq8, "total", "en", programme.id)

    assert before is not None
    assert before.kind == "published"
    assert after is not None
    assert (after.kind, after.coefficient, after.sd) == ("local", 0.9, 6.5)


def test_signing_new_evidence_scores_anew(installation: Installation):
    with installation.transaction(actor="test") as tx:
        lead = make_person(tx, Role.LEAD)
        programme = make_programme(tx, lead=lead, battery=("phq-8",))
        phq8 = tx.catalogue.latest("phq-8")
        engagement = make_engagement(tx, programme=programme)
        make_consent(tx, engagement)
        sitting = make_sitting(tx, assignment_of(tx, engagement, "phq-8"), 1)
        add_evidence(tx, programme, phq8, alpha=0.9, sd=6.0)
        sign_releases(tx, programme, phq8, lead)

    while run_next(installation.sessions, handlers(installation)):
        pass

    with installation.transaction() as tx:
        (score,) = scoring.scores_of(tx, sitting.id)
        assert score.trace.evidence is not None
        assert score.trace.evidence.kind == "local"
        assert score.standard_error == pytest.approx(6.0 * 0.1**0.5)


def test_evidence_of_simulated_people_counts_for_nothing_in_a_real_programme(tx, programme, phq8):
    before = [row.basis_digest for row in verdicts.refresh(tx, programme.id, phq8)]
    add_evidence(tx, programme, phq8, alpha=0.3)
    run = verdicts.current(tx, programme.id, phq8)[0].run_id
    entry = tx.db.get_one(AuditRun, run)
    entry.evidence = entry.evidence | {"source": {"kind": "programme", "name": "simulated", "simulated": True}}
    tx.db.flush()

    after = [row.basis_digest for row in verdicts.refresh(tx, programme.id, phq8)]

    assert after == before


def test_the_programmes_own_clients_speak_before_imported_answers(tx, programme, phq8):
    add_evidence(tx, programme, phq8, alpha=0.5)
    add_evidence(tx, programme, phq8, alpha=0.9)
    own, imported = tx.db.scalars(
        select(AuditRun).order_by(AuditRun.evidence["scales"][0]["audit"]["whole"]["alpha"]["estimate"].as_float())
    )
    imported.evidence = imported.evidence | {"source": {"kind": "set", "name": "elsewhere", "simulated": False}}
    tx.db.flush()

    rows = [row for row in verdicts.refresh(tx, programme.id, phq8) if row.use == Use.INDIVIDUAL_REPORT]

    assert [(row.outcome, row.run_id) for row in rows] == [("held", own.id)]


def test_a_question_that_nothing_is_known_about_any_more_is_closed(tx, programme, phq8):
    add_evidence(tx, programme, phq8, alpha=0.9)
    run = tx.db.scalars(select(AuditRun)).one()
    unknown = {"sufficient": False, "mean": None, "sd": None, "alpha": None, "omega": None}
    groups = [{"label": "woman", "n": 60, **unknown}, {"label": "man", "n": 50, **unknown}]
    (scale,) = run.evidence["scales"]
    compared = {"name": "gender", "reference": "woman", "groups": groups, "pairs": []}
    plain = run.evidence
    run.evidence = plain | {"scales": [scale | {"audit": scale["audit"] | {"groupings": [compared]}}]}
    tx.db.flush()

    with_groups = [row.outcome for row in verdicts.refresh(tx, programme.id, phq8) if row.grouping]
    run.evidence = plain
    tx.db.flush()
    without = [row for row in verdicts.refresh(tx, programme.id, phq8) if row.grouping]

    assert with_groups == ["insufficient"]
    assert without == []
    assert not any(row.grouping for row in verdicts.current(tx, programme.id, phq8))
