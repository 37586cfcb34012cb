"""Figures of a programme: only of those who agreed, only where signed, and never so that one person shows."""

from __future__ import annotations

import pytest

from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.people.models import Person, Role
from assess.programmes.models import Programme
from assess.release.rules import Use
from assess.reports import aggregates
from assess.reports.models import AggregateRelease
from assess.transactions import Transaction
from tests.factories import make_consent, make_engagement, make_person, make_programme
from tests.sittings import add_evidence, assignment_of, make_sitting, sign_releases

AGREED = (Scope.STORE, Scope.SPONSOR_AGGREGATES)


@pytest.fixture
def lead(tx: Transaction) -> Person:
    return make_person(tx, Role.LEAD)


@pytest.fixture
def programme(tx: Transaction, lead: Person) -> Programme:
    """A programme whose PHQ-8 is signed for use in aggregates."""
    programme = make_programme(tx, lead=lead, battery=("phq-8",), waves=("baseline",))
    phq8 = tx.catalogue.latest("phq-8")
    add_evidence(tx, programme, phq8)
    sign_releases(tx, programme, phq8, lead, uses=[Use.SPONSOR_AGGREGATE])
    return programme


def make_clients(tx: Transaction, programme: Programme, n: int, code: int, scopes: tuple[Scope, ...] = AGREED) -> None:
    coach = make_person(tx, Role.COACH)
    for _ in range(n):
        engagement = make_engagement(tx, programme=programme, coach=coach)
        make_consent(tx, engagement, scopes)
        make_sitting(tx, assignment_of(tx, engagement, "phq-8"), code)


def figure(tx: Transaction, programme: Programme) -> AggregateRelease | None:
    return aggregates.read(tx, programme)[0].scales[0].waves.get("baseline")


def test_nothing_is_shown_until_it_is_frozen(tx, programme) -> None:
    make_clients(tx, programme, 12, 1)

    assert figure(tx, programme) is None


def test_a_count_is_rounded_and_a_mean_is_whole_points(tx, programme) -> None:
    make_clients(tx, programme, 11, 1)
    make_clients(tx, programme, 2, 2)

    assert aggregates.freeze(tx, programme) == 1

    found = figure(tx, programme)
    assert (found.count, found.mean, found.hidden) == (15, 9, None)  # 13 people, (11 × 8 + 2 × 16) / 13 = 9.23


def test_fewer_than_ten_are_not_shown(tx, programme) -> None:
    make_clients(tx, programme, 9, 1)

    aggregates.freeze(tx, programme)

    found = figure(tx, programme)
    assert (found.count, found.mean, found.hidden) == (None, None, "too_few")


def test_those_who_did_not_agree_are_not_counted(tx, programme) -> None:
    make_clients(tx, programme, 9, 1)
    make_clients(tx, programme, 9, 3, scopes=(Scope.STORE,))

    aggregates.freeze(tx, programme)

    assert figure(tx, programme).hidden == "too_few"


def test_those_who_took_the_scope_back_are_not_counted_any_more(tx, programme) -> None:
    make_clients(tx, programme, 10, 1)
    engagement = make_engagement(tx, programme=programme)
    record = make_consent(tx, engagement, AGREED)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), 3)
    consent.withdraw_scope(tx, record, Scope.SPONSOR_AGGREGATES)

    aggregates.freeze(tx, programme)

    assert figure(tx, programme).mean == 8


def test_without_a_signature_for_this_use_nothing_is_released(tx, lead) -> None:
    programme = make_programme(tx, lead=lead, battery=("phq-8",), waves=("baseline",))
    add_evidence(tx, programme, tx.catalogue.latest("phq-8"))
    sign_releases(tx, programme, tx.catalogue.latest("phq-8"), lead)
    make_clients(tx, programme, 12, 1)

    assert aggregates.freeze(tx, programme) == 0


def test_two_releases_that_differ_by_one_person_cannot_be_subtracted(tx, programme) -> None:
    make_clients(tx, programme, 12, 1)
    aggregates.freeze(tx, programme)
    make_clients(tx, programme, 1, 3)

    assert aggregates.freeze(tx, programme) == 0
    assert figure(tx, programme).mean == 8


def test_ten_new_people_allow_a_new_release(tx, programme) -> None:
    make_clients(tx, programme, 10, 1)
    aggregates.freeze(tx, programme)
    make_clients(tx, programme, 10, 3)

    assert aggregates.freeze(tx, programme) == 1
    assert (figure(tx, programme).count, figure(tx, programme).mean) == (20, 16)
