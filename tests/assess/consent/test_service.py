"""Consent as it is stored: steps, locked snapshots, valid records, withdrawing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from assess.audit import AuditEvent, Event
from assess.consent import service, steps
from assess.consent.models import ComprehensionAttempt, ConsentDraft, ConsentRecord, ConsentText
from assess.consent.rules import Gap, Scope, Step, canonical, digest
from assess.errors import AssessError, InvalidInput, Refused
from assess.paths import TRANSLATIONS
from assess.transactions import Transaction
from tests.factories import make_consent, make_engagement

LOCKED = "is never edited"


def wrong_answers(questions: object) -> dict[str, str]:
    return {q.id: next(option for option in q.options if option != q.right) for q in questions}  # type: ignore[attr-defined]


def add_version(data: Path, *, material: bool, valid_from: str = "2026-01-02") -> None:
    """Give the installation a second version of its own, in both languages."""
    for locale in ("en", "fr"):
        shipped = (TRANSLATIONS / locale / "consent.toml").read_text("utf-8")
        changed = (
            shipped.replace('version = "1"', 'version = "2"\nsupersedes = "1"\nchanges = "Who reads results."', 1)
            .replace("valid_from = 2026-01-01", f"valid_from = {valid_from}", 1)
            .replace("material = true", f"material = {str(material).lower()}", 1)
        )
        folder = data / "consent" / locale
        folder.mkdir(parents=True)
        (folder / "consent.2.toml").write_text(changed, "utf-8")


def test_a_walk_through_every_step_makes_a_valid_record(tx: Transaction) -> None:
    engagement = make_engagement(tx)

    record = make_consent(tx, engagement, {Scope.STORE, Scope.COACH_READS})

    assert service.valid_record(tx, engagement.id) is record
    assert service.granted_scopes(record) == {Scope.STORE, Scope.COACH_READS}
    assert tx.db.get(ConsentDraft, engagement.id) is None


def test_nothing_is_granted_while_a_step_is_open(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    english = steps.texts_in_force(tx)["en"]

    with pytest.raises(Refused):
        service.grant(tx, engagement, english)
    steps.answer_eligibility(tx, engagement, eligible=True)
    steps.acknowledge_text(tx, engagement, english)
    steps.choose_scopes(tx, engagement, {Scope.STORE})
    with pytest.raises(Refused):
        service.grant(tx, engagement, english)

    assert service.valid_record(tx, engagement.id) is None


def test_who_is_not_eligible_leaves_a_no_and_nothing_else(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    steps.answer_eligibility(tx, engagement, eligible=True)
    steps.choose_scopes(tx, engagement, {Scope.STORE})

    steps.answer_eligibility(tx, engagement, eligible=False)

    draft = tx.db.get_one(ConsentDraft, engagement.id)
    assert (draft.eligible, draft.text_digest, draft.scopes) == (False, None, None)
    assert steps.progress(tx, engagement, steps.texts_in_force(tx)["en"]).step is Step.NOT_ELIGIBLE


def test_without_store_no_choice_is_kept(tx: Transaction) -> None:
    engagement = make_engagement(tx)

    with pytest.raises(InvalidInput) as refusal:
        steps.choose_scopes(tx, engagement, {Scope.RESEARCH})

    assert set(refusal.value.faults) == {"scopes"}


def test_wrong_answers_are_kept_as_attempts_and_only_they_are_asked_again(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    english = steps.texts_in_force(tx)["en"]
    steps.acknowledge_text(tx, engagement, english)
    first, *rest = english.questions

    for number in (1, 2, 3):
        answers = wrong_answers(rest) | {first.id: first.right}
        state = steps.answer_check(tx, engagement, english, number=number, answers=answers)

    assert [question.id for question in state.open] == [question.id for question in rest]
    assert state.offers_help
    rounds = tx.db.scalars(select(ComprehensionAttempt).order_by(ComprehensionAttempt.round)).all()
    assert [len(attempt.right) for attempt in rounds] == [5, 4, 4]
    assert not any(attempt.passed for attempt in rounds)
    later = steps.answer_check(tx, engagement, english, number=4, answers={q.id: q.right for q in rest})
    assert later.passed


def test_a_round_sent_twice_counts_once(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    english = steps.texts_in_force(tx)["en"]
    steps.acknowledge_text(tx, engagement, english)

    for _ in range(2):
        state = steps.answer_check(tx, engagement, english, number=1, answers=wrong_answers(english.questions))

    assert state.rounds == 1


def test_a_round_with_an_open_question_is_not_counted(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    english = steps.texts_in_force(tx)["en"]
    steps.acknowledge_text(tx, engagement, english)

    with pytest.raises(InvalidInput) as refusal:
        steps.answer_check(tx, engagement, english, number=1, answers={english.questions[0].id: "talk"})

    assert set(refusal.value.faults) == {question.id for question in english.questions[1:]}
    assert tx.db.scalars(select(ComprehensionAttempt)).all() == []


def test_understanding_one_language_is_not_understanding_the_other(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    english, french = (steps.texts_in_force(tx)[locale] for locale in ("en", "fr"))
    steps.answer_eligibility(tx, engagement, eligible=True)
    steps.acknowledge_text(tx, engagement, english)
    steps.answer_check(tx, engagement, english, number=1, answers={q.id: q.right for q in english.questions})

    assert steps.progress(tx, engagement, english).step is Step.CHOICES
    assert steps.progress(tx, engagement, french).step is Step.TEXT


def test_consent_sent_twice_is_one_record(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement)

    again = service.grant(tx, engagement, steps.texts_in_force(tx)["en"])

    assert again is record
    assert len(tx.db.scalars(select(ConsentRecord)).all()) == 1


def test_the_snapshot_holds_what_was_shown_and_chosen_and_its_digest_fits(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    engagement.programme.contact = "Ruth Adeyemi, 020 7946 0018"

    record = make_consent(tx, engagement, {Scope.STORE, Scope.RESEARCH}, locale="fr")

    snapshot = json.loads(record.snapshot)
    stored = tx.db.get_one(ConsentText, record.text_digest)
    assert digest(record.snapshot) == record.snapshot_digest
    assert digest(stored.content) == snapshot["text"]["digest"] == record.text_digest
    assert snapshot["text"] == {"digest": stored.digest, "version": "1", "locale": "fr"}
    assert snapshot["scopes"] == {scope: scope in {"store", "research"} for scope in Scope}
    assert snapshot["eligibility"] == {"eligible": True, "ages": [18, None]}
    assert snapshot["comprehension"]["rounds"] == 1
    assert snapshot["filled_in"]["contact"] == "Ruth Adeyemi, 020 7946 0018"
    assert service.text_of(tx, record) == steps.texts_in_force(tx)["fr"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent_record SET snapshot = '{}'",
        "UPDATE consent_record SET snapshot_digest = 'x'",
        "UPDATE consent_record SET eligible = false",
        "UPDATE consent_record SET granted_at = '2020-01-01'",
        "UPDATE consent_text SET content = '{}'",
        "UPDATE consent_scope SET scope = 'coach_reads'",
    ],
)
def test_what_is_locked_cannot_be_changed_even_in_the_database(tx: Transaction, change: str) -> None:
    make_consent(tx, make_engagement(tx))

    with tx.db.begin_nested(), pytest.raises(IntegrityError, match=LOCKED):
        tx.db.execute(text(change))


@pytest.mark.parametrize("table", ["consent_record", "consent_scope"])
def test_a_withdrawal_cannot_be_undone_or_moved(tx: Transaction, table: str) -> None:
    service.withdraw(tx, make_consent(tx, make_engagement(tx)))

    for moment in ("NULL", "'2020-01-01'"):
        with tx.db.begin_nested(), pytest.raises(IntegrityError, match=LOCKED):
            tx.db.execute(text(f"UPDATE {table} SET withdrawn_at = {moment}"))


def test_a_record_altered_behind_the_locks_does_not_hold(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement)
    tx.db.execute(text("DROP TRIGGER consent_record_is_locked"))
    forged = canonical(json.loads(record.snapshot) | {"granted_at": "2020-01-01T00:00:00+00:00"})

    tx.db.execute(text("UPDATE consent_record SET snapshot = :forged"), {"forged": forged})
    tx.db.expire_all()

    assert service.valid_record(tx, engagement.id) is None
    assert service.gaps_of(tx, service.current_record(tx, engagement.id)) == (Gap.ALTERED,)


@pytest.mark.parametrize("broken", ["nothing", "no record", "withdrawn", "scope", "text", "altered"])
def test_the_short_question_whether_answering_is_allowed_has_the_same_answer(tx: Transaction, broken: str) -> None:
    engagement = make_engagement(tx)
    record = None if broken == "no record" else make_consent(tx, engagement, {Scope.STORE, Scope.RESEARCH})
    if record is not None and broken == "withdrawn":
        service.withdraw(tx, record)
    elif record is not None and broken == "scope":
        service.withdraw_scope(tx, record, Scope.RESEARCH)
    elif broken == "text":
        add_version(tx.settings.data, material=True)
    elif broken == "altered":
        tx.db.execute(text("DROP TRIGGER consent_record_is_locked"))
        tx.db.execute(text("UPDATE consent_record SET snapshot = '{}'"))
        tx.db.expire_all()

    is_valid = service.valid_record(tx, engagement.id) is not None

    assert is_valid == (broken in {"nothing", "scope"})
    assert service.allows_answering(tx, engagement.id) == is_valid


def test_withdrawing_works_in_the_same_transaction_and_names_every_scope(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement, {Scope.STORE, Scope.COACH_READS, Scope.INSTRUMENT_QUALITY})

    ended = service.withdraw(tx, record)

    assert set(ended) == {Scope.STORE, Scope.COACH_READS, Scope.INSTRUMENT_QUALITY}
    assert service.valid_record(tx, engagement.id) is None
    assert not any(service.covers(tx, engagement.id, scope) for scope in Scope)
    assert service.withdraw(tx, record) == ()
    events = tx.db.scalars(select(AuditEvent.event).where(AuditEvent.object_id == record.id)).all()
    assert events.count(Event.CONSENT_WITHDRAWN) == 1
    assert events.count(Event.SCOPE_WITHDRAWN) == 3


def test_one_scope_can_be_taken_back_and_the_rest_stays(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement, {Scope.STORE, Scope.COACH_READS})

    ended = service.withdraw_scope(tx, record, Scope.COACH_READS)

    assert ended == (Scope.COACH_READS,)
    assert not service.covers(tx, engagement.id, Scope.COACH_READS)
    assert service.valid_record(tx, engagement.id) is record
    assert service.withdraw_scope(tx, record, Scope.COACH_READS) == ()


def test_taking_back_store_takes_back_everything(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement, {Scope.STORE, Scope.COACH_READS})

    ended = service.withdraw_scope(tx, record, Scope.STORE)

    assert set(ended) == {Scope.STORE, Scope.COACH_READS}
    assert record.withdrawn_at == tx.now


def test_a_scope_allowed_later_makes_a_new_record_and_leaves_the_old_one_as_it_was(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    before = make_consent(tx, engagement)
    kept = before.snapshot

    after = service.grant_scope(tx, before, Scope.COACH_READS)

    assert before.snapshot == kept
    assert before.superseded_at == tx.now
    assert json.loads(after.snapshot)["supersedes"] == before.id
    assert service.valid_record(tx, engagement.id) is after
    assert service.covers(tx, engagement.id, Scope.COACH_READS)
    assert service.grant_scope(tx, after, Scope.COACH_READS) is after


def test_a_withdrawn_consent_cannot_be_widened(tx: Transaction) -> None:
    record = make_consent(tx, make_engagement(tx))
    service.withdraw(tx, record)

    with pytest.raises(Refused):
        service.grant_scope(tx, record, Scope.COACH_READS)


def test_consent_can_be_given_again_after_it_was_withdrawn(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    service.withdraw(tx, make_consent(tx, engagement, {Scope.STORE, Scope.COACH_READS}))

    again = make_consent(tx, engagement)

    assert service.valid_record(tx, engagement.id) is again
    assert not service.covers(tx, engagement.id, Scope.COACH_READS)


def test_a_material_change_stops_answering_until_consent_is_renewed(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement, {Scope.STORE, Scope.COACH_READS})

    add_version(tx.settings.data, material=True)

    assert service.valid_record(tx, engagement.id) is None
    assert service.gaps_of(tx, record) == (Gap.TEXT_CHANGED,)
    assert service.covers(tx, engagement.id, Scope.COACH_READS), "what was answered before stays shared as agreed"
    renewed = make_consent(tx, engagement)
    assert service.valid_record(tx, engagement.id) is renewed
    assert renewed.text_version == "2"
    assert service.text_of(tx, record).version == "1"
    assert not service.covers(tx, engagement.id, Scope.COACH_READS)


def test_a_change_that_is_not_material_asks_nobody_again(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement)

    add_version(tx.settings.data, material=False)

    assert steps.texts_in_force(tx)["en"].version == "2"
    assert service.valid_record(tx, engagement.id) is record


def test_a_material_change_counts_from_its_day(tx: Transaction, clock: Callable[[], datetime]) -> None:
    engagement = make_engagement(tx)
    record = make_consent(tx, engagement)

    add_version(tx.settings.data, material=True, valid_from="2027-01-01")

    assert tx.now < datetime(2027, 1, 1, tzinfo=UTC)
    assert service.valid_record(tx, engagement.id) is record
    assert steps.texts_in_force(tx)["en"].valid_from == date(2026, 1, 1)


def test_a_text_edited_after_it_was_read_is_refused(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    english = steps.texts_in_force(tx)["en"]
    tx.db.add(
        ConsentText(
            digest="another", version="1", locale="en", valid_from=english.valid_from, material=True, content="{}",
            stored_at=tx.now,
        )
    )  # fmt: skip
    tx.db.flush()

    with pytest.raises(AssessError, match="version of its own"):
        steps.acknowledge_text(tx, engagement, english)


def test_consent_in_one_engagement_says_nothing_about_another(tx: Transaction) -> None:
    first = make_engagement(tx)
    second = make_engagement(tx, programme=first.programme)

    make_consent(tx, first, set(Scope))

    assert service.valid_record(tx, second.id) is None
    assert not any(service.covers(tx, second.id, scope) for scope in Scope)
