"""Answering as a client without JavaScript goes through it, and what the script sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from assess.administration import service as administrations
from assess.administration.rules import Background
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.paths import STATIC
from assess.people.models import Person
from assess.responses import service
from assess.responses.models import DeidentifiedAdministration
from assess.responses.rules import Missing, Remark
from tests.factories import make_assignment, make_person

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from assess.programmes.models import Assignment
    from assess.responses.rules import Answer
    from assess.transactions import Installation

QUALITY = (Scope.STORE, Scope.INSTRUMENT_QUALITY)


@pytest.fixture
def assignment(installation: Installation, client: FlaskClient, sign_in: Callable[..., None]) -> Assignment:
    """The Mini-IPIP to be answered, consent given, its client signed in."""
    return _assigned(installation, client, sign_in, "mini-ipip")


def _assigned(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None], instrument_id: str, **more: object
) -> Assignment:
    with installation.transaction() as tx:
        assignment = make_assignment(tx, instrument_id, **more)  # type: ignore[arg-type]
        person = tx.db.get_one(Person, assignment.engagement.client_id)
    sign_in(client, person)
    return assignment


def begin(client: FlaskClient, assignment: Assignment, language: str = "en") -> str:
    """Begin, and return the address everything of it starts with."""
    address = f"/assignments/{assignment.id}"
    client.post(address, data={"language": language})
    return address


def stored(installation: Installation, assignment: Assignment) -> dict[str, Answer]:
    """Return the answers in force."""
    with installation.transaction() as tx:
        sitting = administrations.administration_of(tx, assignment.id)
        assert sitting is not None
        return service.answers_of(tx, sitting)


def test_the_first_page_says_what_it_is_and_asks_nothing_yet(client: FlaskClient, assignment: Assignment) -> None:
    page = client.get(f"/assignments/{assignment.id}").text

    assert "20 questions" in page
    assert "about 2 to 3 minutes" in page
    assert "Deutsch" in page
    assert "Am the life of the party" not in page


def test_a_language_that_does_not_exist_is_told_plainly(client: FlaskClient, assignment: Assignment) -> None:
    page = client.get(f"/assignments/{assignment.id}?language=fr").text

    assert re.search(r'<span lang="nl"[^>]*>Nederlands', page)
    assert not re.search(r'name="language" value="\w+" checked', page)


def test_personal_questions_are_announced(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    assignment = _assigned(installation, client, sign_in, "phq-8")

    assert "Some questions are personal" in client.get(f"/assignments/{assignment.id}").text


def test_without_consent_no_question_is_shown(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    assignment = _assigned(installation, client, sign_in, "mini-ipip", consented=False)
    address = f"/assignments/{assignment.id}"

    first = client.get(address).text
    refused = client.post(address, data={"language": "en"})

    assert f"/engagements/{assignment.engagement_id}/consent" in first
    assert refused.status_code == 409
    for part in ("/pages/1", "/review", "/answers"):
        assert client.get(address + part).location == address


def test_withdrawing_closes_the_questions_at_once(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    with installation.transaction() as tx:
        record = consent.valid_record(tx, assignment.engagement_id)
        assert record is not None
        consent.withdraw(tx, record)

    assert client.get(f"{address}/pages/1").location == address
    assert client.post(f"{address}/pages/1", data={"m01@0": "3"}).status_code == 409
    assert client.post(f"{address}/answers", data={"m01@0": "3"}).status_code == 409
    assert stored(installation, assignment)["m01"] is Missing.NOT_REACHED


def test_beginning_needs_a_language(client: FlaskClient, assignment: Assignment) -> None:
    again = client.post(f"/assignments/{assignment.id}", data={}, follow_redirects=True)

    assert "Please choose a language first" in again.text


def test_questions_carry_their_own_language_and_the_interface_keeps_its_own(
    client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment, "ja")

    page = client.get(f"{address}/pages/1?language=fr").text

    assert '<html lang="fr"' in page
    assert re.search(r'<legend lang="ja" dir="ltr">', page)
    assert page.count("<fieldset") == 5


def test_declining_and_changing_ones_mind(client: FlaskClient, assignment: Assignment) -> None:
    address = f"/assignments/{assignment.id}"

    declined = client.post(f"{address}/decline", follow_redirects=True)
    client.post(address, data={"language": "en"})

    assert "You said no to this questionnaire. That is fine." in declined.text
    assert client.get(address).location == f"{address}/answers"


def test_declining_what_was_begun_is_taken_for_an_answer_until_it_is_begun_again(
    client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    declined = client.post(f"{address}/decline", follow_redirects=True)
    client.post(address, data={"language": "en"})

    assert "You said no to this questionnaire. That is fine." in declined.text
    assert "You said no" not in client.get("/me").text
    assert client.get(address).location == f"{address}/answers"


def test_answers_skips_and_blanks_of_a_page_are_kept_apart(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    reply = client.post(f"{address}/pages/1", data={"m01@0": "3", "m02@0": "skipped", "go": "next"})

    assert reply.location == f"{address}/pages/2"
    answers = stored(installation, assignment)
    assert (answers["m01"], answers["m02"], answers["m03"]) == (3, Missing.SKIPPED, Missing.NOT_REACHED)


@pytest.mark.parametrize(
    ("number", "go", "leads_to"),
    [(2, "next", "/pages/3"), (2, "back", "/pages/1"), (1, "back", "/pages/1"), (4, "next", "/review"),
     (2, "leave", None)],
)  # fmt: skip
def test_every_button_saves_before_it_leads_on(
    installation: Installation, client: FlaskClient, assignment: Assignment, number: int, go: str, leads_to: str | None
) -> None:
    address = begin(client, assignment)
    item = f"m{5 * number:02d}"

    reply = client.post(f"{address}/pages/{number}", data={f"{item}@0": "4", "go": go})

    assert reply.location == (address + leads_to if leads_to else "/home")
    assert stored(installation, assignment)[item] == 4


def test_clear_takes_back_one_answer_and_saves_the_others(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={"m01@0": "3"})

    reply = client.post(f"{address}/pages/1", data={"m01@1": "3", "m02@0": "5", "clear": "m01@1"})

    assert reply.location == f"{address}/pages/1#m01"
    answers = stored(installation, assignment)
    assert (answers["m01"], answers["m02"]) == (Missing.NOT_REACHED, 5)


def test_the_link_leads_back_to_where_one_stopped(client: FlaskClient, assignment: Assignment) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={f"m0{n}@0": "3" for n in range(1, 6)})

    resumed = client.get(address, follow_redirects=True)

    assert resumed.request.path == f"{address}/pages/2"


def test_a_repeated_post_doubles_nothing(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    replies = [client.post(f"{address}/pages/1", data={"m01@0": "3", "go": "next"}) for _ in range(3)]

    assert {reply.status_code for reply in replies} == {303}
    assert 'name="m01@1" value="3" checked' in client.get(f"{address}/pages/1").text


def test_an_older_tab_is_shown_both_answers_and_everything_else_is_saved(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={"m01@0": "1"})

    reply = client.post(f"{address}/pages/1", data={"m01@0": "5", "m02@0": "2", "go": "next"})

    assert reply.status_code == 409
    assert "Very Inaccurate" in reply.text
    assert re.search(r"Here you chose: <bdi[^>]*>“Very Accurate”", reply.text)
    assert 'name="m01@1" value="1" checked' in reply.text
    answers = stored(installation, assignment)
    assert (answers["m01"], answers["m02"]) == (1, 2)


def test_choosing_after_having_seen_both_is_a_new_answer(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={"m01@0": "1"})
    client.post(f"{address}/pages/1", data={"m01@0": "5"})

    client.post(f"{address}/pages/1", data={"m01@1": "5"})

    assert stored(installation, assignment)["m01"] == 5


def test_an_answer_that_does_not_exist_is_named_and_the_rest_is_saved(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    reply = client.post(f"{address}/pages/1", data={"m01@0": "9", "m02@0": "2", "zz@0": "1", "go": "next"})

    assert reply.status_code == 422
    assert "“9” is not one of the answers" in reply.text
    assert "“zz”" in reply.text
    assert stored(installation, assignment)["m02"] == 2


def test_markup_in_a_forged_field_stays_text(client: FlaskClient, assignment: Assignment) -> None:
    address = begin(client, assignment)

    reply = client.post(f"{address}/pages/1", data={"m01@0": "<script>", "<i>@0": "1"})

    assert "<script>&" not in reply.text
    assert "“<script>”" not in reply.text
    assert "&lt;script&gt;" in reply.text


def test_a_page_that_does_not_exist_is_not_found(client: FlaskClient, assignment: Assignment) -> None:
    address = begin(client, assignment)

    assert [client.get(f"{address}/pages/{number}").status_code for number in (0, 5)] == [404, 404]


def test_the_script_hears_saved_only_with_the_revision_that_holds_it(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    reply = client.post(f"{address}/answers", data={"m01@0": "3"})

    assert (reply.status_code, reply.json) == (200, {"field": "m01@1", "message": ""})
    assert stored(installation, assignment)["m01"] == 3


def test_the_script_hears_of_both_answers(client: FlaskClient, assignment: Assignment) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/answers", data={"m01@0": "3"})

    reply = client.post(f"{address}/answers", data={"m01@0": "4"})

    assert reply.status_code == 409
    assert reply.json is not None
    assert (reply.json["field"], reply.json["value"]) == ("m01@1", "3")
    assert "“Moderately Accurate”" in reply.json["message"]


def test_the_script_can_clear_and_hears_of_what_cannot_be(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/answers", data={"m01@0": "3"})

    cleared = client.post(f"{address}/answers", data={"m01@1": ""})
    wrong = client.post(f"{address}/answers", data={"m01@2": "77"})

    assert (cleared.status_code, wrong.status_code) == (200, 422)
    assert stored(installation, assignment)["m01"] is Missing.NOT_REACHED


def test_a_remark_saves_the_page_and_is_acknowledged(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    reply = client.post(
        f"{address}/pages/1", data={"m02@0": "2", "remark": "m01:culture", "comment-m01": "Not a word here"}
    )

    assert reply.location == f"{address}/pages/1#m01"
    assert "Thank you. You told us: It does not fit my culture." in client.get(reply.location).text
    assert stored(installation, assignment)["m02"] == 2


def test_a_comment_is_kept_whichever_button_was_pressed(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)

    client.post(f"{address}/pages/1", data={"comment-m03": "Chores?", "go": "next"})

    with installation.transaction() as tx:
        sitting = administrations.administration_of(tx, assignment.id)
        assert sitting is not None
        assert service.remarks_on(tx, sitting) == {"m03": [Remark.OTHER]}


def test_the_review_lists_what_was_left_with_a_way_back(client: FlaskClient, assignment: Assignment) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={f"m0{n}@0": "skipped" if n == 2 else "3" for n in range(1, 6)})

    page = client.get(f"{address}/review").text

    assert "You answered 4 of 20 questions." in page
    assert f'href="{address}/pages/1#m02"' in page
    assert f'href="{address}/pages/4#m20"' in page


def test_sending_happens_once_and_closes_the_questions(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={"m01@0": "3"})

    sent = [client.post(f"{address}/submit") for _ in range(2)]

    assert {reply.location for reply in sent} == {f"{address}/done"}
    assert "Thank you" in client.get(f"{address}/done").text
    assert client.get(address).location == f"{address}/done"
    assert client.get(f"{address}/pages/1").location == address
    assert client.post(f"{address}/answers", data={"m01@1": "4"}).status_code == 409


def test_a_late_tab_is_told_what_is_not_part_of_what_was_sent(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.post(f"{address}/pages/1", data={"m01@0": "3"})
    client.post(f"{address}/submit")

    changed = client.post(f"{address}/pages/1", data={"m01@1": "4", "go": "next"})
    same = client.post(f"{address}/pages/1", data={"m01@1": "3", "go": "next"})

    assert changed.status_code == 409
    assert "“Moderately Accurate”" in changed.text
    assert same.location == f"{address}/done"
    assert stored(installation, assignment)["m01"] == 3


def test_sending_keeps_a_copy_without_the_person_only_if_they_agreed(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    for scopes in (QUALITY, (Scope.STORE,)):
        assignment = _assigned(installation, client, sign_in, "mini-ipip", scopes=scopes)
        address = begin(client, assignment)
        client.post(f"{address}/submit")
        offered = "/me/about-you" in client.get(f"{address}/done").text.partition("<main")[2]
        assert offered == (scopes == QUALITY)

    with installation.transaction() as tx:
        assert tx.db.query(DeidentifiedAdministration).count() == 1


def test_an_ended_sign_in_loses_nothing(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None], assignment: Assignment
) -> None:
    address = begin(client, assignment)
    client.delete_cookie("assess_session")

    asked = client.post(f"{address}/pages/1", data={"m01@0": "3", "m02@0": "skipped", "go": "next"})
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
    with installation.transaction() as tx:
        person = tx.db.get_one(Person, assignment.engagement.client_id)
    sign_in(client, person)
    again = client.post(f"{address}/pages/1", data=kept)

    assert asked.status_code == 401
    assert again.location == f"{address}/pages/2"
    answers = stored(installation, assignment)
    assert (answers["m01"], answers["m02"]) == (3, Missing.SKIPPED)


def test_somebody_elses_questions_are_as_if_they_did_not_exist(
    app: Flask, installation: Installation, client: FlaskClient, sign_in: Callable[..., None], assignment: Assignment
) -> None:
    address = begin(client, assignment)
    stranger = app.test_client()
    with installation.transaction() as tx:
        person = make_person(tx)
    sign_in(stranger, person)

    missing = stranger.get("/assignments/nothing/pages/1")
    replies = [stranger.get(f"{address}/pages/1"), stranger.post(f"{address}/pages/1", data={"m01@0": "1"})]

    assert {reply.status_code for reply in replies} == {404}
    assert replies[0].text == missing.text


def test_what_one_says_about_oneself_is_kept_and_can_be_emptied(
    installation: Installation, client: FlaskClient, assignment: Assignment
) -> None:
    said = {"gender": "own_words", "gender_words": "agender", "country": "FR", "first_language": "fr"}

    reply = client.post("/me/about-you", data=said)
    shown = client.get(reply.location).text
    client.post("/me/about-you", data={})

    assert 'value="agender"' in shown
    assert re.search(r'<option value="FR" selected>', shown)
    with installation.transaction() as tx:
        person = tx.db.get_one(Person, assignment.engagement.client_id)
        assert administrations.background_of(tx, person) == Background()


def test_what_was_not_offered_about_oneself_is_refused_and_what_was_typed_stays(
    client: FlaskClient, assignment: Assignment
) -> None:
    reply = client.post("/me/about-you", data={"age_band": "3", "gender_words": "agender"})

    assert reply.status_code == 422
    assert 'value="agender"' in reply.text
    assert 'id="age_band-error"' in reply.text


@pytest.mark.parametrize("path", ["", "/pages/1", "/review"])
def test_a_page_of_answering_weighs_little(client: FlaskClient, assignment: Assignment, path: str) -> None:
    address = begin(client, assignment)

    page = client.get(address + path, follow_redirects=True)
    loaded = re.findall(r'(?:href|src)="/static/([^"?]+)', page.text)

    assert len(page.data) + sum((STATIC / file).stat().st_size for file in loaded) < 60_000
    assert 1 + len(loaded) <= 3
