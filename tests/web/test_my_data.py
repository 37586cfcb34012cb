"""My data, taking it along, closing and erasing, as a client without JavaScript uses them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from assess.audit import Event
from assess.consent import service as consent
from assess.people import service as people
from assess.people.models import Person, Role
from assess.responses.models import DeidentifiedAdministration
from tests.assess.privacy.test_service import make_history
from tests.factories import make_person

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from assess.programmes.models import Engagement
    from assess.transactions import Installation

SURE = {"sure": "y"}


@pytest.fixture
def engagement(installation: Installation, client: FlaskClient, sign_in: Callable[..., None]) -> Engagement:
    """An engagement with a history, whose client is signed in."""
    with installation.transaction() as tx:
        engagement = make_history(tx)
        person = tx.db.get_one(Person, engagement.client_id)
    sign_in(client, person)
    return engagement


def test_the_page_says_in_words_and_numbers_what_is_held(client: FlaskClient, engagement: Engagement) -> None:
    page = client.get("/me/data").text

    assert "One questionnaire you have begun or sent," in page
    assert "with 20 answers or skips" in page
    assert "and 5 scores worked out from them" in page
    assert "One remark of yours on a question." in page
    assert "One copy of your answers without your name" in page
    assert "whoever had the link</bdi> – signed in to your account" in page


def test_who_read_a_report_stands_there_by_name_and_role(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    with installation.transaction(actor=engagement.coach_id) as tx:
        tx.record(Event.REPORT_READ, subject=engagement.client_id, about=engagement.id)
        coach = people.name_of(tx.db.get_one(Person, engagement.coach_id), tx.vault)

    page = client.get("/me/data").text

    assert f"<bdi>{coach}</bdi> (your coach) – your report" in page


def test_both_downloads_are_files_and_are_listed_afterwards(client: FlaskClient, engagement: Engagement) -> None:
    as_json, as_csv = client.get("/me/data.json"), client.get("/me/data.csv")

    assert as_json.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert len(json.loads(as_json.text)["questionnaires"][0]["answers"]) == 20
    assert as_csv.mimetype == "text/csv"
    assert client.get("/me/data").text.count("everything, as a download") == 2


def test_closing_signs_out_for_good_and_says_until_when_data_is_kept(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    assert "What you told us is kept until" in client.get("/me/close").text

    reply = client.post("/me/close", follow_redirects=True)

    assert "Your account is closed" in reply.text
    assert client.get("/me/data").location.startswith("/sign-in")
    with installation.transaction() as tx:
        person = tx.db.get_one(Person, engagement.client_id)
        assert person.erased_at is None
        assert installation.vault.holds(person.id)


def test_erasing_without_the_tick_asks_for_it_and_erases_nothing(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    reply = client.post("/me/erase", data={"copies": "y"})

    assert reply.status_code == 422
    assert 'href="#sure"' in reply.text
    assert 'name="copies" value="y" checked' in reply.text
    with installation.transaction() as tx:
        assert tx.db.get_one(Person, engagement.client_id).erased_at is None


def test_erasing_destroys_the_key_after_the_commit_and_says_goodbye(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    reply = client.post("/me/erase", data=SURE, follow_redirects=True)

    assert "Your data is erased" in reply.text
    assert not installation.vault.holds(engagement.client_id)
    assert client.get("/me/data").location.startswith("/sign-in")
    with installation.transaction() as tx:
        assert tx.db.get_one(Person, engagement.client_id).erased_at == tx.now
        assert consent.valid_record(tx, engagement.id) is None
        assert tx.db.query(DeidentifiedAdministration).one().way_back is None


def test_copies_without_a_name_go_as_well_when_that_is_ticked(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    client.post("/me/erase", data=SURE | {"copies": "y"})

    with installation.transaction() as tx:
        assert tx.db.query(DeidentifiedAdministration).count() == 0


def test_a_coach_sees_nothing_of_an_erased_person(
    installation: Installation, client: FlaskClient, engagement: Engagement, sign_in: Callable[..., None]
) -> None:
    with installation.transaction() as tx:
        coach = tx.db.get_one(Person, engagement.coach_id)
        name = people.name_of(tx.db.get_one(Person, engagement.client_id), tx.vault)
    other = client.application.test_client()
    sign_in(other, coach)
    assert other.get(f"/engagements/{engagement.id}/report").status_code == 200

    client.post("/me/erase", data=SURE)

    assert other.get(f"/engagements/{engagement.id}/report").status_code == 404
    assert name not in other.get("/clients").text


def test_each_of_the_three_acts_is_explained_and_says_what_it_does_not_do(
    client: FlaskClient, engagement: Engagement
) -> None:
    page = client.get("/me/data").text
    withdraw = re.search(r'href="(/consents/[\w-]+/withdraw)"', page)

    assert "These are three different things." in page
    assert withdraw is not None
    assert "Nothing you told us is deleted." in client.get(withdraw[1]).text
    for address in (withdraw[1], "/me/erase"):
        assert "Figures about groups that were already published" in client.get(address).text
    assert "Nothing is deleted." in client.get("/me/close").text
    assert "This cannot be undone, by anyone." in client.get("/me/erase").text


def test_staff_see_their_data_but_are_erased_by_the_administrator(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    with installation.transaction() as tx:
        lead = make_person(tx, Role.LEAD)
    sign_in(client, lead)

    assert client.get("/me/data").status_code == 200
    assert "Stop, close or erase" not in client.get("/me/data").text
    assert client.get("/me/erase").status_code == 404
    assert client.post("/me/erase", data=SURE).status_code == 404


def test_an_unknown_goodbye_is_a_page_that_does_not_exist(client: FlaskClient) -> None:
    assert client.get("/goodbye/anything").status_code == 404
