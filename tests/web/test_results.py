"""Results through HTTP, as client, coach and lead see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from assess.consent.rules import Scope
from assess.people.models import Person, Role
from assess.programmes import service as programmes
from assess.programmes.models import Engagement
from assess.transactions import Installation
from tests.conftest import Clock
from tests.factories import make_consent, make_engagement, make_person, make_programme
from tests.sittings import add_evidence, assignment_of, make_sitting, sign_releases


@dataclass
class Story:
    """A client with a released PHQ-8 at two waves, a Mini-IPIP that waits, a coach and a lead."""

    client: Person
    coach: Person
    lead: Person
    engagement: Engagement
    phq8: str
    phq8_at_the_end: str
    mini_ipip: str


@pytest.fixture
def story(installation: Installation, clock: Clock) -> Story:
    with installation.transaction(actor="test") as tx:
        client, coach = (
            make_person(tx, Role.CLIENT, name="Amélie Laurent"),
            make_person(tx, Role.COACH, name="Daniel Okoro"),
        )
        lead = make_person(tx, Role.LEAD, name="Lena Brandt")
        engagement = make_engagement(tx, programme=make_programme(tx, lead=lead), client=client, coach=coach)
        make_consent(tx, engagement, (Scope.STORE, Scope.COACH_READS))
        add_evidence(tx, engagement.programme, tx.catalogue.latest("phq-8"), sd=4.0)
        sign_releases(tx, engagement.programme, tx.catalogue.latest("phq-8"), lead)
        first = assignment_of(tx, engagement, "phq-8")
        last = assignment_of(tx, engagement, "phq-8", "end")
        waiting = assignment_of(tx, engagement, "mini-ipip")
        make_sitting(tx, first, [2, 2, 3, 2, 1, 2, 2, None])
        make_sitting(tx, waiting, 3)
    clock.advance(days=90)
    with installation.transaction(actor="test") as tx:
        make_sitting(tx, assignment_of(tx, engagement, "phq-8", "end"), [0, 0, 1, 1, 0, 0, 1, 0])
    return Story(client, coach, lead, engagement, first.id, last.id, waiting.id)


@pytest.fixture
def as_person(client: FlaskClient, sign_in: Callable[[FlaskClient, Person], None]) -> Callable[[Person], FlaskClient]:
    def as_person(person: Person) -> FlaskClient:
        sign_in(client, person)
        return client

    return as_person


def test_home_shows_what_is_ready_and_why_something_is_not(story, as_person) -> None:
    page = as_person(story.client).get("/me").text

    assert "What comes next" in page
    assert f"/assignments/{story.phq8}/result" in page
    assert "Result ready" in page
    assert "Not released yet" in page
    assert "has not signed this result yet" in page


def test_a_result_shows_picture_interval_missing_rule_and_signature(story, as_person) -> None:
    page = as_person(story.client).get(f"/assignments/{story.phq8}/result").text

    assert "<svg" in page
    assert "The same values as a table" in page
    assert "Your score is 16 on a scale from 0 to 24." in page
    assert "95 % interval" in page
    assert "standard errors of 1.7" in page  # 4 × √.16 × √(8/7)
    assert "You answered 7 of 8 questions" in page
    assert "That is our rule; its authors give none." in page
    assert "Released by Lena Brandt" in page


def test_a_straddled_cut_is_between_two_words_and_never_one(story, as_person) -> None:
    page = as_person(story.client).get(f"/assignments/{story.phq8}/result").text

    assert "The result lies between “Moderate” and “Moderately severe”." in page
    assert "The range the authors call" not in page


def test_a_reliable_change_is_shown_with_its_threshold(story, as_person) -> None:
    page = as_person(story.client).get(f"/assignments/{story.phq8_at_the_end}/result").text

    assert "A reliable fall." in page
    assert "The difference of 13 is larger than the 4.6 that measurement error alone can make." in page


def test_help_stands_with_a_result_about_mood(story, as_person) -> None:
    browser = as_person(story.client)

    assert "If things are hard at the moment" in browser.get(f"/assignments/{story.phq8}/result").text
    assert "If things are hard at the moment" not in browser.get(f"/assignments/{story.mini_ipip}/result").text


def test_a_withheld_result_shows_no_figure(story, as_person) -> None:
    page = as_person(story.client).get(f"/assignments/{story.mini_ipip}/result").text

    assert "Not released yet" in page
    assert "<figure" not in page
    assert "on a scale from" not in page


def test_a_questionnaire_that_was_not_sent_leads_to_itself(story, as_person, installation) -> None:
    with installation.transaction() as tx:
        open_one = assignment_of(tx, story.engagement, "mini-ipip", "end").id

    reply = as_person(story.client).get(f"/assignments/{open_one}/result")

    assert (reply.status_code, reply.location) == (303, f"/assignments/{open_one}")


def test_a_coach_reads_scores_and_change_but_neither_answers_nor_skips(story, as_person) -> None:
    page = as_person(story.coach).get(f"/engagements/{story.engagement.id}/report").text

    assert "Amélie Laurent" in page
    assert "A reliable fall." in page
    assert "What may not be concluded" in page
    assert "You answered" not in page
    assert "skipped." not in page.split("PHQ-8")[1]
    assert "standard errors of" not in page
    assert "Standard error</th>" not in page
    assert "(95 % interval)" in page
    assert "Little interest" not in page


def test_the_list_of_clients_leads_to_the_report(story, as_person) -> None:
    page = as_person(story.coach).get("/clients").text

    assert "Shared with you" in page
    assert f"/engagements/{story.engagement.id}/report" in page


def test_a_coach_whose_engagement_has_ended_gets_the_reply_of_a_page_that_does_not_exist(
    story, as_person, installation
) -> None:
    browser = as_person(story.coach)
    address = f"/engagements/{story.engagement.id}/report"
    assert browser.get(address).status_code == 200

    with installation.transaction() as tx:
        programmes.end_engagement(tx, programmes.engagement(tx, story.engagement.id), reason="ended_by_lead")
    ended, never = browser.get(address), browser.get("/engagements/no-such-engagement/report")

    assert (ended.status_code, ended.data) == (404, never.data)
    assert dict(ended.headers) == dict(never.headers)
    assert "Amélie Laurent" not in browser.get("/clients").text


def test_an_engagement_that_has_run_out_ends_the_access_without_anyone_doing_anything(story, as_person, clock) -> None:
    browser = as_person(story.coach)

    clock.now = clock.now.replace(year=clock.now.year + 1)
    browser = as_person(story.coach)

    assert browser.get(f"/engagements/{story.engagement.id}/report").status_code == 404


def test_a_coach_sees_the_calm_page_of_a_client_who_does_not_share(installation, story, as_person) -> None:
    with installation.transaction(actor="test") as tx:
        coach = programmes.engagement(tx, story.engagement.id).coach_id
        other = make_engagement(tx, programme=make_programme(tx), coach=tx.db.get(Person, coach))
        make_consent(tx, other)

    page = as_person(story.coach).get(f"/engagements/{other.id}/report").text

    assert "Not shared with you" in page
    assert "<figure" not in page


def test_a_question_goes_to_the_coach_and_its_answer_comes_back(story, as_person) -> None:
    result = f"/assignments/{story.phq8}/result"
    asked = as_person(story.client).post(
        f"/assignments/{story.phq8}/question", data={"owner": "coach", "text": "Is 16 bad?"}
    )
    assert (asked.status_code, asked.location) == (303, result + "#questions")
    assert "You get an answer by" in as_person(story.client).get(result).text

    waiting = as_person(story.coach).get("/questions").text
    address = waiting.split('href="/questions/')[1].split('"')[0]
    assert "Is 16 bad?" not in waiting
    assert '<p class="simulated">' not in waiting
    assert "Is 16 bad?" in as_person(story.coach).get(f"/questions/{address}").text
    answered = as_person(story.coach).post(f"/questions/{address}", data={"reply": "No number is bad."})

    assert answered.status_code == 303
    assert "No number is bad." in as_person(story.client).get(result).text


def test_a_question_of_a_simulated_client_says_so(story, as_person, installation) -> None:
    with installation.transaction() as tx:
        tx.db.get_one(Engagement, story.engagement.id).programme.simulated = True
    as_person(story.client).post(f"/assignments/{story.phq8}/question", data={"owner": "lead", "text": "Is 16 bad?"})
    waiting = as_person(story.lead).get("/questions").text
    address = waiting.split('href="/questions/')[1].split('"')[0]

    assert '<p class="simulated">' in waiting
    assert '<p class="simulated">' in as_person(story.lead).get(f"/questions/{address}").text


def test_what_was_typed_stays_when_a_question_is_not_complete(story, as_person) -> None:
    reply = as_person(story.client).post(f"/assignments/{story.phq8}/question", data={"text": "Is 16 bad?"})

    assert reply.status_code == 422
    assert "Is 16 bad?" in reply.text
    assert "Please choose who may read your question." in reply.text


def test_a_question_to_the_coach_does_not_exist_for_the_lead(story, as_person) -> None:
    as_person(story.client).post(f"/assignments/{story.phq8}/question", data={"owner": "coach", "text": "Is 16 bad?"})
    waiting = as_person(story.coach).get("/questions").text
    address = waiting.split('href="/questions/')[1].split('"')[0]

    lead = as_person(story.lead)

    assert lead.get(f"/questions/{address}").status_code == 404
    assert lead.post(f"/questions/{address}", data={"reply": "Hello"}).status_code == 404


def test_a_lead_releases_figures_only_by_an_act(story, as_person) -> None:
    address = f"/programmes/{story.engagement.programme_id}/aggregates"
    browser = as_person(story.lead)
    assert "No figure was released yet." in browser.get(address).text

    reply = browser.post(address, follow_redirects=True)

    assert "Nothing was released" in reply.text


def test_a_lead_reads_no_single_result(story, as_person) -> None:
    browser = as_person(story.lead)

    assert browser.get(f"/assignments/{story.phq8}/result").status_code == 404
    assert browser.get(f"/engagements/{story.engagement.id}/report").status_code == 404
