"""Signing in, accounts and programmes, through HTTP."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from assess.audit import AuditEvent, Event
from assess.people.models import OutboxMessage, Person, Role
from assess.people.service import issue_link, mail_of, name_of
from assess.privacy import holdings
from assess.programmes import service
from tests.factories import make_engagement, make_person, make_programme

ENGAGEMENT = {
    "client_name": "Ada", "client_mail": "ada@example.org", "client_locale": "en", "coach_name": "Ben",
    "coach_mail": "ben@example.org", "starts_on": "2026-11-22", "ends_on": "2027-05-22",
}  # fmt: skip


@pytest.fixture
def lead(installation):
    """A lead and their programme."""
    with installation.transaction() as tx:
        person = make_person(tx, Role.LEAD)
        programme = make_programme(tx, lead=person)
    return person, programme


def test_looking_at_a_link_does_not_use_it_up(installation, client):
    with installation.transaction() as tx:
        link = issue_link(tx, make_person(tx), target="/help")
    path = link.removeprefix("http://localhost")

    looks = [client.get(path).status_code for _ in range(3)]
    used = client.post(path)
    again = client.post(path)

    assert looks == [200, 200, 200]
    assert used.headers["Location"] == "/help"
    assert again.status_code == 410
    assert b"/sign-in" in again.data


def test_a_link_runs_out(installation, client, clock):
    with installation.transaction() as tx:
        link = issue_link(tx, make_person(tx))

    clock.advance(hours=73)

    assert client.post(link.removeprefix("http://localhost")).status_code == 410


@pytest.mark.parametrize(
    "target",
    ["//evil.example/x", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "x"],
)
def test_a_link_never_leads_to_another_site(installation, client, target):
    with installation.transaction() as tx:
        link = issue_link(tx, make_person(tx), target=target)

    response = client.post(link.removeprefix("http://localhost"))

    assert response.headers["Location"] == "/"


def test_the_reply_does_not_tell_whether_an_address_is_known(installation, client):
    with installation.transaction() as tx:
        make_person(tx)
        tx.db.flush()

    known = client.post("/sign-in", data={"mail": "person1@example.org"})
    unknown = client.post("/sign-in", data={"mail": "nobody@example.org"})

    assert known.data == unknown.data


def test_only_a_few_links_are_sent_in_an_hour(installation, client):
    with installation.transaction() as tx:
        person = make_person(tx)
        address = tx.vault.open(person.id, person.mail_sealed, "person", "mail")

    for _ in range(9):
        client.post("/sign-in", data={"mail": address})

    with installation.transaction() as tx:
        assert len(tx.db.scalars(select(OutboxMessage).where(OutboxMessage.person_id == person.id)).all()) == 5


def test_being_invited_often_keeps_nobody_from_signing_in(installation, client):
    with installation.transaction() as tx:
        person = make_person(tx)
        address = mail_of(person, tx.vault)
        for _ in range(9):
            issue_link(tx, person)

    client.post("/sign-in", data={"mail": address})

    with installation.transaction() as tx:
        assert tx.db.scalars(select(OutboxMessage.kind)).all() == ["sign_in"]


def test_signing_out_ends_the_session_on_the_server_too(installation, client, sign_in):
    with installation.transaction() as tx:
        person = make_person(tx, Role.CLIENT)
    sign_in(client, person)
    cookie = client.get_cookie("assess_session").value

    client.post("/sign-out")
    client.set_cookie("assess_session", cookie)

    assert client.get("/home").headers["Location"].startswith("/sign-in")
    with installation.transaction() as tx:
        events = tx.db.scalars(select(AuditEvent.event).where(AuditEvent.subject_id == person.id)).all()
    assert events[-1] == Event.SIGNED_OUT


def test_names_and_addresses_are_sealed_in_the_database(installation):
    with installation.transaction() as tx:
        person = make_person(tx, name="Amélie Poulain")
        row = tx.db.get_one(Person, person.id)

        assert b"Am" + "é".encode() not in row.name_sealed
        assert b"example.org" not in row.mail_sealed
        assert "@" not in row.mail_index


def test_the_last_administrator_cannot_be_removed(installation, client, sign_in):
    with installation.transaction() as tx:
        administrator = make_person(tx, Role.ADMINISTRATOR)
    sign_in(client, administrator)

    response = client.post(f"/people/{administrator.id}", data={"roles": ["coach"]})

    assert response.status_code == 409
    assert b"only administrator" in response.data


def test_the_last_administrator_cannot_close_the_account_as_a_client_either(installation, client, sign_in):
    with installation.transaction() as tx:
        person = make_person(tx, Role.ADMINISTRATOR, Role.CLIENT)
    sign_in(client, person)

    assert client.post("/me/close").status_code == 409
    assert client.get("/people").status_code == 200


def test_a_form_with_faults_keeps_what_was_typed(client, sign_in, installation):
    with installation.transaction() as tx:
        administrator = make_person(tx, Role.ADMINISTRATOR)
    sign_in(client, administrator)

    response = client.post("/people/new", data={"name": "Zoë", "mail": "", "locale": "en"})

    assert response.status_code == 422
    assert "Zoë".encode() in response.data
    assert b'href="#mail"' in response.data


def test_an_invited_client_finds_the_link_in_the_outbox_in_their_language(client, sign_in, lead):
    person, programme = lead
    sign_in(client, person)

    made = client.post(
        f"/programmes/{programme.id}/engagements/new",
        data={"client_name": "Ada", "client_mail": "ada@example.org", "client_locale": "en", "coach_name": "Ben",
              "coach_mail": "ben@example.org", "starts_on": "2026-11-22", "ends_on": "2027-05-22"},
    )  # fmt: skip
    outbox = client.get(f"/programmes/{programme.id}/outbox").get_data(as_text=True)

    assert made.status_code == 303
    assert re.search(r"http://localhost/open/[\w-]{20,}", outbox)
    assert "Hello Ada" in outbox


def test_a_lead_who_opens_the_outbox_is_in_the_record_of_everyone_with_mail_in_it(installation, client, sign_in, lead):
    person, programme = lead
    with installation.transaction() as tx:
        engagement = make_engagement(tx, programme=programme)
        service.invite(tx, engagement)
        service.invite(tx, engagement)
    sign_in(client, person)

    page = client.get(f"/programmes/{programme.id}/outbox").text

    assert page.count("/open/") >= 2
    assert "Their record shows them that you have read this page" in page
    with installation.transaction() as tx:
        invited = tx.db.get_one(Person, engagement.client_id)
        readings = [entry for entry in holdings.readings(tx, invited) if entry.what is Event.OUTBOX_READ]
        assert [(entry.who, entry.role) for entry in readings] == [
            (name_of(tx.db.get_one(Person, person.id), tx.vault), "leads your programme")
        ]


def test_a_lead_is_handed_no_link_into_an_account_that_opens_more_than_their_programme(
    installation, client, sign_in, lead
):
    person, programme = lead
    with installation.transaction() as tx:
        elsewhere = tx.db.get_one(Person, make_engagement(tx).client_id)
        others = [mail_of(someone, tx.vault) for someone in (make_person(tx, Role.ADMINISTRATOR), elsewhere)]
    sign_in(client, person)

    for mail in others:
        client.post(
            f"/programmes/{programme.id}/engagements/new",
            data={"client_name": "Ada", "client_mail": mail, "client_locale": "en", "coach_name": "Ben",
                  "coach_mail": "ben@example.org", "starts_on": "2026-11-22", "ends_on": "2027-05-22"},
        )  # fmt: skip
        client.post("/sign-in", data={"mail": mail})
    outbox = client.get(f"/programmes/{programme.id}/outbox").text

    with installation.transaction() as tx:
        assert len(tx.db.scalars(select(OutboxMessage)).all()) == 3  # the administrator could not be invited
    assert "/open/" not in outbox


def test_staff_of_elsewhere_cannot_be_invited_and_nothing_tells_who_they_are(installation, client, sign_in, lead):
    person, programme = lead
    with installation.transaction() as tx:
        staff = make_person(tx, Role.ADMINISTRATOR, name="Olga")
        mail = mail_of(staff, tx.vault)
    sign_in(client, person)

    reply = client.post(f"/programmes/{programme.id}/engagements/new", data=ENGAGEMENT | {"coach_mail": mail})

    assert reply.status_code == 422
    assert 'href="#coach_mail"' in reply.text
    assert "This address cannot be invited here. Please ask the administrator." in reply.text
    assert "Olga" not in reply.text
    with installation.transaction() as tx:
        assert tx.db.get_one(Person, staff.id).roles == {Role.ADMINISTRATOR}


def test_a_lead_can_coach_in_their_own_programme(installation, client, sign_in, lead):
    person, programme = lead
    with installation.transaction() as tx:
        mail = mail_of(tx.db.get_one(Person, person.id), tx.vault)
    sign_in(client, person)

    reply = client.post(f"/programmes/{programme.id}/engagements/new", data=ENGAGEMENT | {"coach_mail": mail})

    assert reply.status_code == 303


@pytest.mark.parametrize("side", ["client", "coach"])
def test_a_wrong_address_is_shown_at_its_own_field(client, sign_in, lead, side):
    person, programme = lead
    sign_in(client, person)

    reply = client.post(f"/programmes/{programme.id}/engagements/new", data=ENGAGEMENT | {f"{side}_mail": "nobody"})

    assert reply.status_code == 422
    assert re.findall(r'href="#(\w+_mail)"', reply.text) == [f"{side}_mail"]


@pytest.mark.parametrize(
    ("smtp", "told"),
    [(None, "The invitation is in the outbox."), ("smtp://localhost", "The client was invited by e-mail.")],
)
def test_the_lead_is_told_where_the_invitation_went(installation, app, sign_in, lead, smtp, told):
    person, programme = lead
    app.extensions["assess"] = replace(installation, settings=replace(installation.settings, smtp=smtp))
    browser = app.test_client()
    sign_in(browser, person)

    page = browser.post(f"/programmes/{programme.id}/engagements/new", data=ENGAGEMENT, follow_redirects=True).text

    assert told in page


def test_an_invitation_that_is_not_handed_to_the_lead_is_not_said_to_be_in_the_outbox(
    installation, client, sign_in, lead
):
    person, programme = lead
    with installation.transaction() as tx:
        mail = mail_of(tx.db.get_one(Person, make_engagement(tx).client_id), tx.vault)
    sign_in(client, person)

    page = client.post(
        f"/programmes/{programme.id}/engagements/new", data=ENGAGEMENT | {"client_mail": mail}, follow_redirects=True
    ).text

    assert "is in the outbox" not in page
    assert "The client was invited. Their link is not shown to you" in page


BANNER = '<p class="simulated">'


@pytest.mark.parametrize("simulated", [True, False])
def test_whoever_looks_at_simulated_people_is_told_so(installation, client, sign_in, simulated):
    with installation.transaction() as tx:
        lead, coach = make_person(tx, Role.LEAD), make_person(tx, Role.COACH)
        programme = make_programme(tx, lead=lead)
        programme.simulated = simulated
        engagement = make_engagement(tx, programme=programme, coach=coach)
    pages = {
        lead: ["/programmes", f"/programmes/{programme.id}", f"/programmes/{programme.id}/outbox"],
        coach: ["/clients", f"/engagements/{engagement.id}/report", f"/engagements/{engagement.id}/ties"],
    }

    for person, addresses in pages.items():
        sign_in(client, person)
        assert [BANNER in client.get(address).text for address in addresses] == [simulated] * len(addresses)


def test_an_administrator_sees_that_an_account_is_simulated(installation, client, sign_in):
    with installation.transaction() as tx:
        administrator, someone = make_person(tx, Role.ADMINISTRATOR), make_person(tx)
    sign_in(client, administrator)
    addresses = ["/people", f"/people/{someone.id}"]
    before = [BANNER in client.get(address).text for address in addresses]
    with installation.transaction() as tx:
        tx.db.get_one(Person, someone.id).simulated = True

    after = [BANNER in client.get(address).text for address in addresses]

    assert (before, after) == ([False, False], [True, True])


def test_an_engagement_cannot_end_before_it_begins(client, sign_in, lead):
    person, programme = lead
    sign_in(client, person)

    response = client.post(
        f"/programmes/{programme.id}/engagements/new",
        data={"client_name": "Ada", "client_mail": "ada@example.org", "client_locale": "en", "coach_name": "Ben",
              "coach_mail": "ben@example.org", "starts_on": "2026-11-22", "ends_on": "2026-01-22"},
    )  # fmt: skip

    assert response.status_code == 422
    assert b"ada@example.org" in response.data
    assert b"cannot be before the first" in response.data


def test_a_blocking_tie_stops_the_engagement(client, sign_in, installation):
    with installation.transaction() as tx:
        engagement = make_engagement(tx, declared=False)
        person = tx.db.get_one(Person, engagement.client_id)
    sign_in(client, person)

    response = client.post(f"/engagements/{engagement.id}/ties", data={"ties": ["manager"]})

    assert b"has stopped" in response.data
    assert b"From now on nothing more is asked" in response.data
    with installation.transaction() as tx:
        assert tx.db.get_one(type(engagement), engagement.id).stop_reason == "blocking_tie"


def test_saying_both_nothing_and_something_about_ties_is_asked_again(client, sign_in, installation):
    with installation.transaction() as tx:
        engagement = make_engagement(tx, declared=False)
        person = tx.db.get_one(Person, engagement.client_id)
    sign_in(client, person)

    response = client.post(f"/engagements/{engagement.id}/ties", data={"ties": ["friend"], "none": "y"})

    assert response.status_code == 422
    assert re.search(rb'value="friend" checked', response.data)


def test_another_lead_gets_the_reply_of_a_page_that_does_not_exist(client, sign_in, installation, lead):
    _, programme = lead
    with installation.transaction() as tx:
        other = make_person(tx, Role.LEAD)
    sign_in(client, other)

    not_theirs = client.get(f"/programmes/{programme.id}/outbox")
    not_there = client.get("/programmes/nothing/outbox")

    assert not_theirs.status_code == not_there.status_code == 404
    assert not_theirs.data.replace(programme.id.encode(), b"nothing") == not_there.data


def test_a_post_after_the_sign_in_ended_keeps_what_was_typed(client):
    response = client.post("/programmes/new", data={"name": "Spring <programme>"})

    assert response.status_code == 401
    assert b'value="Spring &lt;programme&gt;"' in response.data


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_what_another_site_filled_in_is_never_offered_to_be_sent_again(
    app, client, sign_in, installation, lead, origin
):
    app.config["WTF_CSRF_ENABLED"] = True
    forged = {"data": {"name": "forged"}, "headers": {"Origin": origin}}

    signed_out = client.post("/programmes/new", **forged)
    sign_in(client, lead[0])
    signed_in = client.post("/programmes/new", **forged)
    ours = client.post("/programmes/new", data={"name": "typed"}, headers={"Origin": "http://localhost"})

    assert (signed_out.status_code, signed_in.status_code, ours.status_code) == (303, 400, 400)
    assert "forged" not in signed_out.text + signed_in.text
    assert 'value="typed"' in ours.text
