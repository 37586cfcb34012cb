"""Verdicts live in the database: given, signed, refused, re-opened, suspended."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from assess.audit import AuditEvent, Event
from assess.errors import Conflict, InvalidInput, Refused
from assess.instruments.rules import Instrument
from assess.jobs import Job
from assess.people.models import Person, Role
from assess.programmes.models import Programme
from assess.release import service, verdicts
from assess.release.models import VerdictRow, VerdictState
from assess.release.policy import default_policy, thresholds_of
from assess.release.rules import Outcome, Use
from assess.transactions import Installation, Transaction
from tests.factories import make_person, make_programme


@pytest.fixture
def lead(tx: Transaction) -> Person:
    return make_person(tx, Role.LEAD, name="Lea Lead")


@pytest.fixture
def programme(tx: Transaction, lead: Person) -> Programme:
    return make_programme(tx, lead=lead)


@pytest.fixture
def phq8(tx: Transaction) -> Instrument:
    return tx.catalogue.latest("phq-8")


def verdict_on(rows: tuple[VerdictRow, ...], use: Use, language: str = "en") -> VerdictRow:
    return next(row for row in rows if row.use == use and row.language == language)


def acting(installation: Installation, tx: Transaction, person: Person) -> Transaction:
    return installation.on(tx.db, actor=person.id)


def test_published_evidence_waits_for_a_signature(tx: Transaction, programme: Programme, phq8: Instrument) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)

    assert (row.outcome, row.state) == (Outcome.RELEASED, VerdictState.WAITING)
    assert verdicts.in_force(tx, programme.id, phq8) == ()


def test_a_language_without_evidence_is_held(tx: Transaction, programme: Programme, phq8: Instrument) -> None:
    rows = [row for row in verdicts.refresh(tx, programme.id, phq8) if row.language not in ("en", "")]

    assert all(row.outcome == Outcome.HELD for row in rows)


def test_deciding_again_on_the_same_evidence_writes_nothing(
    tx: Transaction, programme: Programme, phq8: Instrument
) -> None:
    first = verdicts.refresh(tx, programme.id, phq8)

    again = verdicts.refresh(tx, programme.id, phq8)

    assert [row.id for row in again] == [row.id for row in first]


def test_a_signature_puts_a_verdict_in_force(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)

    verdicts.sign(acting(installation, tx, lead), row, reason="Published evidence is strong.")

    assert [entry.id for entry in verdicts.in_force(tx, programme.id, phq8)] == [row.id]
    assert row.sign_offs[0].person_id == lead.id
    assert row.sign_offs[0].evidence_digest == row.evidence_digest


def test_what_is_held_cannot_be_signed(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person
) -> None:
    checklist = next(i for i in tx.catalogue.all() if not i.evidence)
    row = verdict_on(verdicts.refresh(tx, programme.id, checklist), Use.INDIVIDUAL_REPORT)

    with pytest.raises(Refused):
        verdicts.sign(acting(installation, tx, lead), row)


def test_two_signatures_need_two_people(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    service.change_policy(
        acting(installation, tx, lead), programme.id, thresholds_of(default_policy()) | {"signatures": 2}, reason=""
    )
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    verdicts.sign(acting(installation, tx, lead), row)

    with pytest.raises(Refused):
        verdicts.sign(acting(installation, tx, lead), row)
    assert row.state == VerdictState.WAITING
    verdicts.sign(acting(installation, tx, make_person(tx, Role.LEAD)), row)

    assert row.state == VerdictState.SIGNED


def test_a_stricter_policy_suspends_what_it_does_not_bear_out(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    verdicts.sign(acting(installation, tx, lead), row)

    stricter = thresholds_of(default_policy()) | {"reliability_released": 0.9, "reliability_with_condition": 0.85}
    service.change_policy(acting(installation, tx, lead), programme.id, stricter, reason="")

    assert row.state == VerdictState.SUSPENDED
    assert verdicts.in_force(tx, programme.id, phq8) == ()


def test_a_policy_that_still_bears_a_release_out_leaves_it_in_force_and_asks_for_a_new_signature(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    verdicts.sign(acting(installation, tx, lead), row)

    stricter = thresholds_of(default_policy()) | {"reliability_released": 0.75}
    service.change_policy(acting(installation, tx, lead), programme.id, stricter, reason="")

    newest = verdict_on(verdicts.current(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    assert row.state == VerdictState.SIGNED
    assert (newest.id != row.id, newest.state) == (True, VerdictState.WAITING)
    verdicts.sign(acting(installation, tx, lead), newest)
    assert row.state == VerdictState.REPLACED


def test_asking_for_a_second_signature_suspends_what_one_person_released(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    verdicts.sign(acting(installation, tx, lead), row)

    two = thresholds_of(default_policy()) | {"signatures": 2}
    policy = service.change_policy(acting(installation, tx, lead), programme.id, two, reason="")

    newest = verdict_on(verdicts.current(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    assert (row.state, newest.state) == (VerdictState.SUSPENDED, VerdictState.WAITING)
    assert verdicts.in_force(tx, programme.id, phq8) == ()
    for person in (lead, make_person(tx, Role.LEAD)):
        verdicts.sign(acting(installation, tx, person), newest)
    assert verdicts.in_force(tx, programme.id, phq8) == (newest,)
    changed = select(AuditEvent.object_id).where(AuditEvent.event == Event.POLICY_CHANGED)
    assert tx.db.scalars(changed.where(AuditEvent.subject_id == programme.id)).all() == [policy.id]


def test_asking_for_one_signature_again_leaves_what_two_people_released(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    two = thresholds_of(default_policy()) | {"signatures": 2}
    service.change_policy(acting(installation, tx, lead), programme.id, two, reason="")
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    for person in (lead, make_person(tx, Role.LEAD)):
        verdicts.sign(acting(installation, tx, person), row)

    one = two | {"signatures": 1}
    service.change_policy(acting(installation, tx, lead), programme.id, one, reason="The other lead left.")

    assert verdicts.in_force(tx, programme.id, phq8) == (row,)


def test_a_looser_policy_needs_a_reason(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person
) -> None:
    looser = thresholds_of(default_policy()) | {"local_people": 50}

    with pytest.raises(InvalidInput, match="say why"):
        service.change_policy(acting(installation, tx, lead), programme.id, looser, reason=" ")
    service.change_policy(acting(installation, tx, lead), programme.id, looser, reason="A small programme.")


def test_refusing_needs_a_reason_and_ends_what_was_released(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    verdicts.sign(acting(installation, tx, lead), row)

    with pytest.raises(InvalidInput):
        verdicts.refuse(acting(installation, tx, lead), row, reason="")
    verdicts.refuse(acting(installation, tx, lead), row, reason="Our people read it differently.")

    assert row.state == VerdictState.SUSPENDED
    assert verdicts.in_force(tx, programme.id, phq8) == ()


def test_a_signature_for_another_state_of_the_evidence_is_refused(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)

    with pytest.raises(Conflict):
        verdicts.sign(acting(installation, tx, lead), row, basis_digest="what another page showed")


def test_reliability_in_force_is_the_published_one_until_local_evidence_is_signed(
    tx: Transaction, programme: Programme, phq8: Instrument
) -> None:
    reliability = service.reliability_in_force(tx, phq8, "total", "en", programme.id)

    assert reliability is not None
    published = next(row for row in phq8.evidence if row.statistic == "alpha" and row.language == "en")
    assert (reliability.kind, reliability.coefficient, reliability.n) == ("published", published.value, published.n)


def test_reliability_of_a_language_without_evidence_is_none(
    tx: Transaction, programme: Programme, phq8: Instrument
) -> None:
    assert service.reliability_in_force(tx, phq8, "total", "de", programme.id) is None


def test_a_refusal_can_be_reconsidered(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person, phq8: Instrument
) -> None:
    row = verdict_on(verdicts.refresh(tx, programme.id, phq8), Use.INDIVIDUAL_REPORT)
    verdicts.refuse(acting(installation, tx, lead), row, reason="First I want to talk to the coaches.")

    verdicts.sign(acting(installation, tx, lead), row, reason="They agree.")

    assert [entry.id for entry in verdicts.in_force(tx, programme.id, phq8)] == [row.id]
    assert [entry.released for entry in row.sign_offs] == [False, True]


def test_signing_several_scales_asks_for_new_scores_once(
    installation: Installation, tx: Transaction, programme: Programme, lead: Person
) -> None:
    rows = [
        row
        for row in verdicts.refresh(tx, programme.id, tx.catalogue.latest("mini-ipip"))
        if row.use == Use.INDIVIDUAL_REPORT and Outcome(row.outcome).releasable
    ]

    for row in rows:
        verdicts.sign(acting(installation, tx, lead), row)

    assert len(rows) > 1
    assert tx.db.scalar(select(func.count()).select_from(Job).where(Job.kind == "rescore")) == 1
