"""A page of questions that nobody answered yet is kept for everyone; what is particular to a person never is."""

from __future__ import annotations

import re

import pytest

from assess.people.models import Person, Role
from assess.people.service import name_of
from tests.factories import make_assignment, make_person


@pytest.fixture
def readers(app, installation, sign_in):
    """Two clients who began the same questionnaire: each with a browser, the address of page 1, and a name."""
    people = []
    for _ in range(2):
        with installation.transaction(actor="test") as tx:
            assignment = make_assignment(tx, "mini-ipip")
            person = tx.db.get_one(Person, assignment.engagement.client_id)
            name = name_of(person, tx.vault)
        client = app.test_client()
        sign_in(client, person)
        client.post(f"/assignments/{assignment.id}", data={"language": "en"})
        people.append((client, assignment.id, name))
    return people


def _token(page):
    return re.findall(r'name="csrf_token" value="([^"]+)"', page)


def test_a_kept_page_is_the_page_that_would_have_been_drawn(app, readers):
    (first, first_id, _), (second, second_id, _) = readers
    first.get(f"/assignments/{first_id}/pages/1")

    kept = second.get(f"/assignments/{second_id}/pages/1").text
    app.extensions["assess_sheets"].clear()

    assert kept == second.get(f"/assignments/{second_id}/pages/1").text


def test_nothing_of_one_person_is_on_the_page_of_another(readers):
    (first, first_id, first_name), (second, second_id, second_name) = readers

    one = first.get(f"/assignments/{first_id}/pages/1").text
    other = second.get(f"/assignments/{second_id}/pages/1").text

    assert first_name in one
    assert second_name in other
    assert second_id in other
    assert first_id not in other
    assert f"<bdi>{first_name}</bdi>" not in other
    assert set(_token(one)).isdisjoint(_token(other))
    assert len(set(_token(other))) == 1
    assert "gap" not in other


def test_nothing_of_anyone_is_kept(app, readers):
    for client, assignment_id, _ in readers:
        client.get(f"/assignments/{assignment_id}/pages/1")

    kept = "".join(piece for pieces in app.extensions["assess_sheets"].values() for piece in pieces)

    assert kept
    for _client, assignment_id, name in readers:
        assert assignment_id not in kept
        assert f"<bdi>{name}</bdi>" not in kept


def test_a_name_with_markup_stays_text(app, installation, sign_in):
    with installation.transaction(actor="test") as tx:
        person = make_person(tx, Role.CLIENT, name="<b>Ann</b> & Co")
        assignment = make_assignment(tx, "mini-ipip", client=person)
    client = app.test_client()
    sign_in(client, person)
    client.post(f"/assignments/{assignment.id}", data={"language": "en"})

    page = client.get(f"/assignments/{assignment.id}/pages/1").text

    assert "<bdi>&lt;b&gt;Ann&lt;/b&gt; &amp; Co</bdi>" in page


def test_what_a_page_holds_is_shown_to_the_one_who_gave_it_only(readers):
    (first, first_id, _), (second, second_id, _) = readers
    first.post(f"/assignments/{first_id}/pages/1", data={"m01@0": "3"})

    mine = first.get(f"/assignments/{first_id}/pages/1").text
    other = second.get(f"/assignments/{second_id}/pages/1").text

    assert " checked" in mine
    assert " checked" not in other
    assert "m01@0" in other


def test_the_token_on_a_kept_page_is_the_one_that_is_checked(app, readers):
    app.config["WTF_CSRF_ENABLED"] = True
    tokens = [_token(client.get(f"/assignments/{address}/pages/1").text)[0] for client, address, _ in readers]
    client, address, _ = readers[1]

    statuses = [client.post(f"/assignments/{address}/pages/1", data={"m01@0": "3", "csrf_token": token}).status_code
                for token in ("", *tokens)]  # fmt: skip

    assert statuses == [400, 400, 303]
