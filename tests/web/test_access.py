"""Every route × method × relation is tried: let through where the table says so, and nowhere else."""

from __future__ import annotations

import re

import pytest
from werkzeug.exceptions import NotFound as NoSuchRoute

from assess.access import TABLE, Relation
from assess.errors import NotFound
from assess.people.models import Person, Role
from assess.people.service import open_session
from assess.people.views import SESSION_COOKIE
from tests.factories import make_engagement, make_person, make_programme
from tests.web.things import make_things

R = Relation

# Each visitor's relations to the one programme and engagement of this test.
VISITORS = {
    "nobody": {R.ANYONE},
    "client": {R.SIGNED_IN, R.CLIENT, R.OWN_ENGAGEMENT},
    "another client": {R.SIGNED_IN, R.CLIENT},
    "coach": {R.SIGNED_IN, R.COACH, R.COACHED_ENGAGEMENT, R.DECLARING_COACH},
    "another coach": {R.SIGNED_IN, R.COACH},
    "lead": {R.SIGNED_IN, R.LEAD, R.LED_PROGRAMME},
    "another lead": {R.SIGNED_IN, R.LEAD},
    "supervisor": {R.SIGNED_IN},
    "administrator": {R.SIGNED_IN, R.ADMINISTRATOR},
}
ROUTES = sorted((endpoint, method) for endpoint, rule in TABLE.items() for method in rule if endpoint != "static")


@pytest.fixture
def world(installation):
    """A programme with an engagement, one of everything an id can point at, and a session token of each visitor."""
    with installation.transaction() as tx:
        lead = make_person(tx, Role.LEAD)
        programme = make_programme(tx, lead=lead)
        engagement = make_engagement(tx, programme=programme)
        other = make_engagement(tx, programme=make_programme(tx, lead=make_person(tx, Role.LEAD)))
        people = {
            "client": tx.db.get_one(Person, engagement.client_id),
            "another client": tx.db.get_one(Person, other.client_id),
            "coach": tx.db.get_one(Person, engagement.coach_id),
            "another coach": tx.db.get_one(Person, other.coach_id),
            "lead": lead,
            "another lead": make_person(tx, Role.LEAD),
            "supervisor": make_person(tx, Role.SUPERVISOR),
            "administrator": make_person(tx, Role.ADMINISTRATOR),
        }
        tokens = {name: open_session(tx, person.id) for name, person in people.items()}
        return make_things(tx, engagement), tokens


def let_through(app, endpoint, method, ids, token):
    """Return whether the access check lets a request of this visitor through."""
    (rule,) = [rule for rule in app.url_map.iter_rules(endpoint) if method in rule.methods]
    path = app.url_map.bind("localhost").build(endpoint, {name: ids[name] for name in rule.arguments}, method)
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"} if token else {}
    with app.test_request_context(path, method=method, headers=headers):
        try:
            reply = app.preprocess_request()
        except (NotFound, NoSuchRoute):
            return False
        if reply is None:
            return True
        status = reply[1] if isinstance(reply, tuple) else reply.status_code
        assert status in {303, 401}  # asked to sign in
        return False


@pytest.mark.parametrize("visitor", VISITORS)
def test_each_visitor_is_let_through_exactly_where_the_table_says(app, world, visitor):
    ids, tokens = world
    relations = VISITORS[visitor] | {R.ANYONE}

    wrong = [
        (endpoint, method)
        for endpoint, method in ROUTES
        if let_through(app, endpoint, method, ids, tokens.get(visitor)) != bool(relations & TABLE[endpoint][method])
    ]

    assert wrong == []


def test_an_id_that_does_not_exist_lets_nobody_through(app, world):
    ids, tokens = world
    from assess.app import RESOLVERS

    wrong = []
    for endpoint, method in ROUTES:
        (rule,) = [rule for rule in app.url_map.iter_rules(endpoint) if method in rule.methods]
        belonging = rule.arguments & set(RESOLVERS)
        for name in belonging:
            if any(let_through(app, endpoint, method, ids | {name: "nothing"}, token) for token in tokens.values()):
                wrong.append((endpoint, method, name))

    assert wrong == []


def test_every_route_is_in_the_table_and_every_row_is_a_route(app):
    served = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods
        if method not in {"HEAD", "OPTIONS"}
    }

    assert served == {(endpoint, method) for endpoint, rule in TABLE.items() for method in rule}


def test_a_route_missing_from_the_table_stops_the_start(installation, monkeypatch):
    from assess import access
    from assess.app import create_app

    monkeypatch.setattr(access, "TABLE", {name: rule for name, rule in TABLE.items() if name != "people.health"})

    with pytest.raises(RuntimeError, match=r"people\.health"):
        create_app(installation)


def without_form_mark(page):
    """Return a page without the mark against forged forms, which holds the time."""
    return re.sub(rb'name="csrf_token" value="[^"]*"', b"", page)


@pytest.mark.parametrize("ended", ["stopped", "run out", "not begun"])
def test_a_coach_outside_the_engagement_gets_the_reply_of_a_page_that_does_not_exist(
    installation, client, sign_in, clock, ended
):
    with installation.transaction() as tx:
        engagement = make_engagement(tx)
        coach = tx.db.get_one(Person, engagement.coach_id)
        if ended == "stopped":
            engagement.stopped_at = tx.now
    clock.advance(days={"stopped": 0, "run out": 181, "not begun": -8}[ended])
    sign_in(client, coach)

    client.get("/help")  # the first page sets the cookie of the form mark

    theirs = client.get(f"/engagements/{engagement.id}/report")
    nothing = client.get("/no/such/page")

    assert theirs.status_code == nothing.status_code == 404
    assert without_form_mark(theirs.data) == without_form_mark(nothing.data)
    assert {*theirs.headers.keys()} == {*nothing.headers.keys()}
