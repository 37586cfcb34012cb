"""Engagements, ties, waves and batteries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from assess.errors import InvalidInput, KeyDestroyed, Refused
from assess.people.models import Role
from assess.programmes import rules, service
from tests.factories import make_engagement, make_person, make_programme


@pytest.mark.parametrize(("days", "live"), [(-8, False), (-7, True), (0, True), (180, True), (181, False)])
def test_an_engagement_is_live_from_its_first_day_to_its_last(tx, days, live):
    engagement = make_engagement(tx)

    assert rules.is_live(engagement, tx.today + timedelta(days=days)) is live


def test_a_coach_who_has_not_declared_ties_has_no_access(tx):
    assert not rules.is_open_to_coach(make_engagement(tx, declared=False), tx.today)
    assert rules.is_open_to_coach(make_engagement(tx), tx.today)


@pytest.mark.parametrize("tie", rules.TIES)
def test_a_blocking_tie_of_either_side_ends_access_in_the_same_transaction(tx, tie):
    engagement = make_engagement(tx)

    service.declare_ties(tx, engagement, person_id=engagement.coach_id, ties=[tie])

    assert rules.is_open_to_coach(engagement, tx.today) is (tie not in rules.BLOCKING_TIES)


def test_ties_are_kept_sealed_for_the_one_who_declared_them(tx):
    engagement = make_engagement(tx, declared=False)

    declared = service.declare_ties(tx, engagement, person_id=engagement.client_id, ties=["romantic", "friend"])
    other = make_engagement(tx, declared=False)
    none = service.declare_ties(tx, other, person_id=other.client_id, ties=[])

    assert service.ties_of(tx, declared) == ["friend", "romantic"]
    assert len(declared.ties_sealed) == len(none.ties_sealed)
    tx.vault.destroy(engagement.client_id)
    with pytest.raises(KeyDestroyed):
        service.ties_of(tx, declared)


def test_nothing_can_be_declared_once_an_engagement_is_over(tx):
    engagement = make_engagement(tx)
    service.end_engagement(tx, engagement, reason="ended_by_lead")

    with pytest.raises(Refused):
        service.declare_ties(tx, engagement, person_id=engagement.client_id, ties=[])


def test_a_tie_that_is_not_on_the_list_is_refused(tx):
    with pytest.raises(InvalidInput):
        service.declare_ties(tx, make_engagement(tx), person_id="x", ties=["neighbour"])


@pytest.mark.parametrize(
    ("count", "few", "many"), [(1, True, False), (2, False, False), (4, False, False), (5, False, True)]
)
def test_a_battery_is_warned_about_outside_two_to_four(count, few, many):
    advice = rules.advise_on_battery(count)

    assert (advice.too_few, advice.too_many) == (few, many)


def test_waves_are_planned_over_the_length_of_an_engagement():
    planned = rules.plan_waves(["end", "baseline", "midpoint", "follow_up"], days=100)

    assert planned == (("baseline", 14), ("midpoint", 50), ("end", 100), ("follow_up", 150))


def test_an_engagement_gets_each_instrument_at_each_wave_due_within_its_term(tx):
    lead = make_person(tx, Role.LEAD)
    programme = make_programme(tx, lead=lead, battery=("mini-ipip", "phq-8"), waves=("baseline", "end"))
    start = date(2026, 12, 1)

    engagement = service.create_engagement(
        tx, programme_id=programme.id, client=make_person(tx), coach=make_person(tx, Role.COACH),
        starts_on=start, ends_on=start + timedelta(days=60),
    )  # fmt: skip

    assignments = service.assignments_of(tx, engagement.id)
    assert [(entry.wave_kind, entry.instrument_id) for entry in assignments] == [
        ("baseline", "mini-ipip"), ("baseline", "phq-8"), ("end", "mini-ipip"), ("end", "phq-8"),
    ]  # fmt: skip
    assert max(entry.due_on for entry in assignments) == engagement.ends_on


def test_nobody_coaches_themselves(tx):
    programme, person = make_programme(tx), make_person(tx, Role.CLIENT, Role.COACH)

    with pytest.raises(InvalidInput, match="two people"):
        service.create_engagement(
            tx, programme_id=programme.id, client=person, coach=person, starts_on=tx.today, ends_on=tx.today
        )


@pytest.mark.parametrize("year", [1, 9999])
def test_a_mistyped_year_is_asked_again(tx, year):
    with pytest.raises(InvalidInput, match="date"):
        service.create_engagement(
            tx, programme_id=make_programme(tx).id, client=make_person(tx), coach=make_person(tx, Role.COACH),
            starts_on=date(year, 6, 1), ends_on=date(year, 12, 31),
        )  # fmt: skip


def test_a_questionnaire_ticked_twice_is_in_the_battery_once(tx):
    programme, version = make_programme(tx), tx.catalogue.latest("phq-8").version

    service.set_battery(tx, programme, [("phq-8", version), ("phq-8", version)])

    assert [entry.instrument_id for entry in programme.battery] == ["phq-8"]
