"""Consenting, the receipt and taking back, as a client without JavaScript goes through them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask import render_template
from werkzeug.exceptions import HTTPException

from assess.administration import service as administrations
from assess.consent import service, steps
from assess.consent.models import ComprehensionAttempt, ConsentDraft, ConsentRecord
from assess.consent.rules import Scope, digest
from assess.consent.views import _spoken_text
from assess.i18n import speaking
from assess.people.models import Person, Role
from assess.programmes import service as programmes
from assess.programmes.models import Programme
from assess.responses import service as responses
from assess.responses.models import DeidentifiedAdministration
from tests.assess.consent.test_service import add_version
from tests.factories import make_consent, make_engagement, make_person

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from assess.programmes.models import Engagement
    from assess.transactions import Installation

RIGHT = {
    "purpose": "talk",
    "readers": "results",
    "skipping": "skip",
    "withdrawing": "any_time",
    "limits": "danger_or_court",
}
WRONG = {"purpose": "job", "readers": "answers", "skipping": "must", "withdrawing": "ask", "limits": "none"}
YES = {"age": "yes", "will": "yes"}


@pytest.fixture
def engagement(installation: Installation, client: FlaskClient, sign_in: Callable[..., None]) -> Engagement:
    """An engagement whose client is signed in."""
    with installation.transaction() as tx:
        engagement = make_engagement(tx)
        person = tx.db.get_one(Person, engagement.client_id)
    sign_in(client, person)
    return engagement


def step(client: FlaskClient, engagement: Engagement, name: str, **fields: object) -> TestResponse:
    """Send the form of a step, with what its page holds in hidden fields."""
    address = f"/engagements/{engagement.id}/consent/{name}"
    page = client.get(address)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return client.post(address, data=hidden | fields)


def walk(client: FlaskClient, engagement: Engagement, *scopes: str) -> TestResponse:
    """Go through every step with the right answers."""
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")
    step(client, engagement, "check", **RIGHT)
    step(client, engagement, "choices", scopes=["store", *scopes])
    return step(client, engagement, "confirm")


def test_each_step_leads_to_the_next_and_the_last_to_the_receipt(client: FlaskClient, engagement: Engagement) -> None:
    base = f"/engagements/{engagement.id}/consent"

    assert f'href="{base}/eligibility"' in client.get(base).text
    assert step(client, engagement, "eligibility", **YES).location == f"{base}/text"
    assert step(client, engagement, "text").location == f"{base}/check"
    assert step(client, engagement, "check", **RIGHT).location == f"{base}/choices"
    assert step(client, engagement, "choices", scopes=["store"]).location == f"{base}/confirm"
    final = step(client, engagement, "confirm")

    assert final.location.startswith("/consents/")
    assert "Your consent is in force" in client.get(final.location).text


@pytest.mark.parametrize("name", ["text", "check", "choices", "confirm"])
def test_a_step_that_cannot_be_taken_yet_leads_to_the_one_that_can(
    client: FlaskClient, engagement: Engagement, name: str
) -> None:
    address = f"/engagements/{engagement.id}/consent/{name}"

    assert client.get(address).location.endswith("/consent/eligibility")
    assert client.post(address, data={"scopes": "store", "round": "1", **RIGHT}).location.endswith("/eligibility")


def test_ties_come_before_consent(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    with installation.transaction() as tx:
        undeclared = make_engagement(tx, declared=False)
        person = tx.db.get_one(Person, undeclared.client_id)
    sign_in(client, person)

    assert client.get(f"/engagements/{undeclared.id}/consent").location == f"/engagements/{undeclared.id}/ties"


def test_nothing_is_ticked_beforehand(client: FlaskClient, engagement: Engagement) -> None:
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")
    step(client, engagement, "check", **RIGHT)

    page = client.get(f"/engagements/{engagement.id}/consent/choices").text

    assert page.count('type="checkbox"') == len(Scope)
    assert "checked" not in page


def test_without_the_first_box_the_page_says_why_and_keeps_the_others(
    client: FlaskClient, engagement: Engagement
) -> None:
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")
    step(client, engagement, "check", **RIGHT)

    reply = step(client, engagement, "choices", scopes=["research"])

    assert reply.status_code == 422
    assert "nowhere to keep your answers" in reply.text
    assert re.search(r'value="research" checked', reply.text)


def test_who_is_not_eligible_meets_a_kind_page_with_a_person_to_talk_to(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    with installation.transaction() as tx:
        tx.db.merge(engagement).programme.contact = "Ruth Adeyemi, 020 7946 0018"

    reply = step(client, engagement, "eligibility", age="no", will="yes")

    page = client.get(reply.location).text
    assert "Thank you" in page
    assert "Ruth Adeyemi, 020 7946 0018" in page
    with installation.transaction() as tx:
        draft = tx.db.get_one(ConsentDraft, engagement.id)
        assert (draft.eligible, draft.text_digest, draft.scopes) == (False, None, None)


def test_an_open_question_on_eligibility_is_asked_for_by_name(client: FlaskClient, engagement: Engagement) -> None:
    reply = step(client, engagement, "eligibility", age="yes")

    assert reply.status_code == 422
    assert 'href="#will"' in reply.text
    assert re.search(r'name="age" value="yes" checked', reply.text)


def test_a_wrong_answer_is_explained_and_only_it_is_asked_again(client: FlaskClient, engagement: Engagement) -> None:
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")

    reply = step(client, engagement, "check", **RIGHT | {"limits": "employer"})

    page = client.get(reply.location).text
    assert "Your employer cannot ask for your answers." in page
    assert set(re.findall(r'type="radio" id="[\w-]+" name="(\w+)"', page)) == {"limits"}


def test_after_three_rounds_a_person_is_offered_and_trying_again_still_works(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")
    address = f"/engagements/{engagement.id}/consent/check"
    offered = []

    for _ in range(3):
        offered.append("Would you like to talk to someone about it?" in client.get(address).text)
        step(client, engagement, "check", **WRONG)
    offered.append("Would you like to talk to someone about it?" in client.get(address).text)

    assert offered == [False, False, False, True]
    assert step(client, engagement, "check", **RIGHT).location.endswith("/choices")
    with installation.transaction() as tx:
        assert tx.db.query(ComprehensionAttempt).count() == 4


def test_an_old_tab_that_sends_its_round_again_does_not_count(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")

    for _ in range(3):
        client.post(f"/engagements/{engagement.id}/consent/check", data={"round": "1", **WRONG})

    with installation.transaction() as tx:
        assert tx.db.query(ComprehensionAttempt).count() == 1


def test_consenting_twice_from_an_old_tab_leads_to_the_one_receipt(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    first = walk(client, engagement)

    again = client.post(f"/engagements/{engagement.id}/consent/confirm", data={"digest": "old"})

    assert again.location == first.location
    with installation.transaction() as tx:
        assert tx.db.query(ConsentRecord).count() == 1


def test_a_text_that_changed_while_it_was_read_is_not_counted_as_read(
    client: FlaskClient, engagement: Engagement
) -> None:
    step(client, engagement, "eligibility", **YES)

    reply = client.post(f"/engagements/{engagement.id}/consent/text", data={"digest": "another"})

    assert reply.location.endswith("/consent/text")


def test_the_next_sign_in_goes_on_where_the_last_one_stopped(
    installation: Installation, client: FlaskClient, engagement: Engagement, sign_in: Callable[..., None]
) -> None:
    step(client, engagement, "eligibility", **YES)
    step(client, engagement, "text")
    with installation.transaction() as tx:
        person = tx.db.get_one(Person, engagement.client_id)

    other = client.application.test_client()
    sign_in(other, person)

    page = other.get(f"/engagements/{engagement.id}/consent").text
    assert "Go on where you stopped" in page
    assert f"/engagements/{engagement.id}/consent/check" in page


def test_the_languages_of_every_questionnaire_are_told_before_consenting(
    client: FlaskClient, engagement: Engagement
) -> None:
    page = client.get(f"/engagements/{engagement.id}/consent").text

    assert page.count("<dt") == 2
    assert '<span lang="en" dir="ltr">English</span>' in page
    assert "Not every questionnaire exists in" not in page


def test_a_battery_changed_since_does_not_change_what_a_client_is_told(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    with installation.transaction() as tx:
        programme = tx.db.get_one(Programme, engagement.programme_id)
        programmes.set_battery(tx, programme, [("ipip-neo-120", tx.catalogue.latest("ipip-neo-120").version)])

    page = client.get(f"/engagements/{engagement.id}/consent").text

    assert page.count("<dt") == 2
    assert "NEO" not in page


def test_a_reader_of_a_language_that_is_missing_is_told_before_consenting(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    with client.application.test_request_context(), speaking("fr"), installation.transaction() as tx:
        page = render_template(
            "consent/start.html", engagement=tx.db.merge(engagement), record=None, gaps=(), text=None, next="/",
            has_begun=False, questionnaires=steps.questionnaires(tx, tx.db.merge(engagement), "fr"),
        )  # fmt: skip

    assert "Français" in page
    assert "decline that questionnaire" in page or "refuser" in page


def test_an_engagement_that_is_over_asks_for_nothing(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    with installation.transaction() as tx:
        tx.db.merge(engagement).stopped_at = tx.now

    reply = client.get(f"/engagements/{engagement.id}/consent")

    assert reply.status_code == 409
    assert "This coaching is over" in reply.text


def test_the_receipt_can_be_checked_against_its_digests(client: FlaskClient, engagement: Engagement) -> None:
    receipt = walk(client, engagement, "coach_reads").location

    reply = client.get(f"{receipt}/receipt.json")

    document = reply.get_json()
    assert set(document) == {"header", "processing", "data", "party", "event", "evidence"}
    evidence = document["evidence"]
    assert digest(evidence["snapshot"]) == evidence["snapshot_sha256"]
    assert digest(evidence["text"]) == evidence["text_sha256"]
    snapshot = json.loads(evidence["snapshot"])
    assert snapshot["text"]["digest"] == evidence["text_sha256"] == document["processing"]["privacy_notice"]["sha256"]
    consented = {p["purpose_type"]: p["consented"] for p in document["processing"]["purposes"]}
    assert consented == snapshot["scopes"]
    assert [event["event_type"] for event in document["event"]] == ["consent_given"]
    assert evidence["snapshot_sha256"] in client.get(receipt).text


def links_and_buttons_from(client: FlaskClient, start: str, words: list[str]) -> int:
    """Follow links and press buttons by their words; return how many clicks it took."""
    page, address, clicks = client.get(start, follow_redirects=True).text, start, 0
    for label in words:
        link = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>\s*{re.escape(label)}', page)
        form = re.search(
            rf'<form[^>]*action="([^"]*)"[^>]*>(?:(?!</form>).)*<button[^>]*>\s*{re.escape(label)}', page, re.DOTALL
        )
        assert link or form, f"{label} is not on the page {address}"
        if link:
            reply = client.get(link[1], follow_redirects=True)
        else:
            assert form is not None
            hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
            reply = client.post(form[1] or address, data=hidden, follow_redirects=True)
        page, address, clicks = reply.text, reply.request.path, clicks + 1
        assert reply.status_code == 200
    return clicks


def test_taking_back_takes_two_clicks_and_fewer_than_consenting(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    walk(client, engagement, "coach_reads")
    clicks_of_consenting = 1 + 5  # Begin, and one button on each of the five steps

    clicks = links_and_buttons_from(client, "/me/data", ["Take back my consent", "Take back my consent"])

    assert clicks == 2 <= clicks_of_consenting
    with installation.transaction() as tx:
        assert service.valid_record(tx, engagement.id) is None
        assert not service.covers(tx, engagement.id, Scope.COACH_READS)


def test_one_permission_is_taken_back_and_given_again_in_two_clicks_each(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    walk(client, engagement, "research")

    assert links_and_buttons_from(client, "/me/data", ["Take back<span", "Take it back"]) == 2
    with installation.transaction() as tx:
        assert service.granted_scopes(service.current_record(tx, engagement.id)) == {Scope.STORE}
    with installation.transaction() as tx:
        record = service.current_record(tx, engagement.id)
    assert links_and_buttons_from(client, f"/consents/{record.id}/scopes/coach_reads", ["Yes, I allow it"]) == 1

    with installation.transaction() as tx:
        assert service.covers(tx, engagement.id, Scope.COACH_READS)
        assert service.current_record(tx, engagement.id).id != record.id


def test_taking_back_tells_every_concept_in_the_same_transaction(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    receipt = walk(client, engagement, "instrument_quality").location
    with installation.transaction() as tx:
        sitting = administrations.start(tx, programmes.assignments_of(tx, engagement.id)[0].id, locale="en")
        administrations.submit(tx, sitting.assignment_id)
        responses.deidentify(tx, sitting)
        assert tx.db.query(DeidentifiedAdministration).count() == 1

    client.post(f"{receipt}/scopes/instrument_quality", data={"act": "withdraw"})

    with installation.transaction() as tx:
        assert tx.db.query(DeidentifiedAdministration).count() == 0
        assert service.valid_record(tx, engagement.id) is not None


def test_what_is_not_allowed_again_after_a_change_ends_like_what_is_taken_back(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    walk(client, engagement, "instrument_quality")
    with installation.transaction() as tx:
        sitting = administrations.start(tx, programmes.assignments_of(tx, engagement.id)[0].id, locale="en")
        administrations.submit(tx, sitting.assignment_id)
        responses.deidentify(tx, sitting)
    add_version(installation.settings.data, material=True)

    walk(client, engagement)

    with installation.transaction() as tx:
        assert service.valid_record(tx, engagement.id) is not None
        assert tx.db.query(DeidentifiedAdministration).count() == 0


def test_a_button_pressed_twice_does_not_turn_a_permission_round(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    receipt = walk(client, engagement, "research").location

    for _ in range(2):
        client.post(f"{receipt}/scopes/research", data={"act": "withdraw"})

    with installation.transaction() as tx:
        assert service.granted_scopes(service.current_record(tx, engagement.id)) == {Scope.STORE}


def test_an_unknown_permission_is_a_page_that_does_not_exist(client: FlaskClient, engagement: Engagement) -> None:
    receipt = walk(client, engagement).location

    assert client.get(f"{receipt}/scopes/everything").status_code == 404


def test_an_old_receipt_says_that_a_newer_one_took_its_place(client: FlaskClient, engagement: Engagement) -> None:
    old = walk(client, engagement).location
    client.post(f"{old}/scopes/research", data={"act": "allow"})

    page = client.get(old).text

    assert "A newer record has taken the place of this one" in page
    assert "Take back my consent" not in page


def test_nobody_else_sees_a_receipt(
    installation: Installation, client: FlaskClient, engagement: Engagement, sign_in: Callable[..., None]
) -> None:
    receipt = walk(client, engagement).location
    with installation.transaction() as tx:
        strangers = [make_person(tx, role) for role in Role] + [tx.db.get_one(Person, engagement.coach_id)]

    for stranger in strangers:
        other = client.application.test_client()
        sign_in(other, stranger)
        for address in (receipt, f"{receipt}/receipt.json", f"{receipt}/withdraw"):
            assert other.get(address).status_code == 404


def test_a_material_change_is_told_calmly_and_asks_again(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    receipt = walk(client, engagement).location
    add_version(installation.settings.data, material=True)

    assert "The text has changed since you agreed" in client.get(receipt).text
    page = client.get(f"/engagements/{engagement.id}/consent").text
    assert "Something has changed, so we ask you again" in page
    assert "Who reads results." in page
    renewed = walk(client, engagement).location
    assert renewed != receipt
    assert "Your consent is in force" in client.get(renewed).text


def test_a_language_without_a_text_is_told_so(installation: Installation, client: FlaskClient) -> None:
    with (
        client.application.test_request_context(),
        speaking("de"),
        installation.transaction() as tx,
        pytest.raises(HTTPException) as refusal,
    ):
        _spoken_text(tx)

    reply = refusal.value.get_response()
    assert reply.status_code == 409
    assert "This text does not exist in Deutsch yet" in reply.get_data(as_text=True)


def test_a_record_made_in_another_language_keeps_its_words(
    installation: Installation, client: FlaskClient, engagement: Engagement
) -> None:
    with installation.transaction() as tx:
        record = make_consent(tx, tx.db.merge(engagement), locale="fr")
        words = steps.texts_in_force(tx)["fr"].scopes[0].label

    page = client.get(f"/consents/{record.id}").text

    assert f'<dt lang="fr" dir="ltr">{words}</dt>' in page
