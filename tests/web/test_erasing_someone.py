"""The administrator erases somebody at their wish."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from assess.audit import AuditEvent, Event
from assess.people import service as people
from assess.people.models import Person, Role
from assess.privacy import ledger
from assess.programmes.models import Engagement
from assess.responses.models import DeidentifiedAdministration
from tests.assess.privacy.test_service import make_history, sealed_rows
from tests.factories import make_person

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from assess.transactions import Installation

SURE = {"sure": "y"}


@pytest.fixture
def administrator(installation: Installation, client: FlaskClient, sign_in: Callable[..., None]) -> Person:
    """An administrator who is signed in."""
    with installation.transaction() as tx:
        person = make_person(tx, Role.ADMINISTRATOR)
    sign_in(client, person)
    return person


@pytest.fixture
def engagement(installation: Installation) -> Engagement:
    """An engagement with a history, whose client has closed their account."""
    with installation.transaction() as tx:
        engagement = make_history(tx)
        people.close_account(tx, tx.db.get_one(Person, engagement.client_id))
        return engagement


def test_the_page_of_a_closed_account_leads_there_and_explains(
    client: FlaskClient, administrator: Person, engagement: Engagement
) -> None:
    address = f"/people/{engagement.client_id}/erase"
    assert f'href="{address}"' in client.get(f"/people/{engagement.client_id}").text

    page = client.get(address).text

    assert "only when the person has asked for it" in page
    assert "One copy of the answers without a name" in page


def test_without_the_tick_nothing_is_erased(
    installation: Installation, client: FlaskClient, administrator: Person, engagement: Engagement
) -> None:
    reply = client.post(f"/people/{engagement.client_id}/erase", data={"copies": "y"})

    assert reply.status_code == 422
    assert 'href="#sure"' in reply.text
    assert 'name="copies" value="y" checked' in reply.text
    with installation.transaction() as tx:
        assert all(sealed_rows(tx, engagement.client_id).values())


def test_with_the_tick_everything_goes_and_the_log_says_who_did_it(
    installation: Installation, client: FlaskClient, administrator: Person, engagement: Engagement
) -> None:
    reply = client.post(f"/people/{engagement.client_id}/erase", data=SURE, follow_redirects=True)

    assert "Everything about this person was erased." in reply.text
    assert not installation.vault.holds(engagement.client_id)
    assert ledger.people(installation.settings.data) == {engagement.client_id}
    with installation.transaction() as tx:
        assert not any(sealed_rows(tx, engagement.client_id).values())
        assert tx.db.scalars(select(DeidentifiedAdministration)).one().way_back is None
        erased = select(AuditEvent.actor_id).where(
            AuditEvent.subject_id == engagement.client_id, AuditEvent.event == Event.PERSON_ERASED
        )
        assert tx.db.scalars(erased).all() == [administrator.id]


def test_copies_go_as_well_when_that_is_ticked(
    installation: Installation, client: FlaskClient, administrator: Person, engagement: Engagement
) -> None:
    client.post(f"/people/{engagement.client_id}/erase", data=SURE | {"copies": "y"})

    with installation.transaction() as tx:
        assert tx.db.scalars(select(DeidentifiedAdministration)).all() == []
    assert len(ledger.copies(installation.settings.data)) == 1


def test_a_coach_at_work_and_the_only_administrator_are_refused(
    installation: Installation, client: FlaskClient, administrator: Person, engagement: Engagement
) -> None:
    with installation.transaction() as tx:
        working = make_history(tx)

    for person_id, reason in (
        (working.coach_id, "Coachings of this person are still running"),
        (administrator.id, "the only administrator"),
    ):
        assert reason in client.get(f"/people/{person_id}/erase").text
        assert client.post(f"/people/{person_id}/erase", data=SURE).status_code == 409
        with installation.transaction() as tx:
            assert tx.db.get_one(Person, person_id).erased_at is None
            assert tx.vault.holds(person_id)


def test_who_is_erased_cannot_be_erased_or_changed_any_more(
    client: FlaskClient, administrator: Person, engagement: Engagement
) -> None:
    client.post(f"/people/{engagement.client_id}/erase", data=SURE)

    assert client.get(f"/people/{engagement.client_id}/erase").status_code == 404
    assert client.post(f"/people/{engagement.client_id}/erase", data=SURE).status_code == 404
    assert "<form" not in client.get(f"/people/{engagement.client_id}").text.partition("<main")[2]


def test_a_second_administrator_may_erase_the_first(
    installation: Installation, client: FlaskClient, administrator: Person
) -> None:
    with installation.transaction() as tx:
        other = make_person(tx, Role.ADMINISTRATOR)

    client.post(f"/people/{other.id}/erase", data=SURE)

    with installation.transaction() as tx:
        assert people.name_of(tx.db.get_one(Person, other.id), tx.vault) == "erased person"
