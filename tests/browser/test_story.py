"""The whole story in a real browser without scripts, from an empty installation to an erased person, in two languages.

Controls are found by address and name, so that the same story is lived in every language; what is said is compared with
what must be the same in all of them.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from assess.instruments.catalogue import load_catalogue
from assess.paths import INSTRUMENTS
from tests.browser import consenting, evidence
from tests.browser.answering import LEFT_OPEN, SKIPPED, answer_page, choose, chosen
from tests.browser.story import CLIENT, COACH, Languages, Story, told
from tests.browser.visitor import Visitor, first

BATTERY = ("mini-ipip/1", "ipip-50/1")


@pytest.mark.parametrize(
    "languages", [Languages("en", "en"), Languages("fr", "de")], ids=lambda it: f"{it.pages}-{it.questions}"
)
def test_the_whole_story_is_lived_without_scripts(browser: Browser, tmp_path: Path, languages: Languages) -> None:
    with told(browser, tmp_path, languages) as story:
        lead_makes_a_programme(story)
        lead_invites_a_client(story)
        client_declares_no_tie(story)
        client_consents(story)
        client_begins(story)
        client_answers_leaves_and_comes_back(story)
        client_looks_it_over_and_sends(story)
        client_reads_why_nothing_is_shown_yet(story)
        lead_imports_answers_audits_and_signs(story)
        client_reads_the_result(story)
        coach_reads_the_result(story)
        client_asks_and_the_coach_answers(story)
        client_takes_the_data_along(story)
        client_takes_one_permission_back(story)
        client_erases_everything(story)
        nobody_finds_the_client_any_more(story)


def lead_makes_a_programme(story: Story) -> None:
    lead = story.lead
    lead.sign_in(story.user("lead@lead.example", "Lena", "lead", "administrator"))
    lead.goto("/programmes")
    lead.follow("/programmes/new")
    lead.type(name="Spring", contact="Lena, +44 20 7946 0018", weeks="20")
    for instrument in BATTERY:
        lead.choose("battery", instrument)

    lead.press("/programmes/new")

    story.programme = first(r"^(/programmes/[\w-]+)$", lead.path)
    assert "Spring" in lead.says()
    assert lead.page.locator("html").get_attribute("lang") == story.languages.pages


def lead_invites_a_client(story: Story) -> None:
    lead, today = story.lead, date.today()
    lead.goto(story.programme)
    lead.follow("/engagements/new")
    lead.type(client_name="Ada", client_mail=CLIENT, client_locale=story.languages.pages, coach_name="Ben",
              coach_mail=COACH, starts_on=str(today), ends_on=str(today + timedelta(weeks=20)))  # fmt: skip

    lead.press("/engagements/new")

    assert "Ada" in lead.says()
    story.client.sign_in(story.newest_link())


def client_declares_no_tie(story: Story) -> None:
    client = story.client
    assert client.path == "/me"
    client.follow("/ties")
    story.engagement = first(r"^(/engagements/[\w-]+)/ties$", client.path)

    client.press()  # nothing chosen
    expect(client.main.locator("#error-summary")).to_be_visible()
    client.choose("none", "y")
    client.press()

    assert client.path == "/me"


def client_consents(story: Story) -> None:
    client = story.client
    client.follow("/consent")
    story.receipt = consenting.consent(client, story.languages.pages, {"store", "coach_reads"})

    receipt = json.loads(client.download("/receipt.json"))

    purposes = {purpose["purpose_type"]: purpose["consented"] for purpose in receipt["processing"]["purposes"]}
    assert {purpose for purpose, consented in purposes.items() if consented} == {"store", "coach_reads"}


def client_begins(story: Story) -> None:
    client = story.client
    client.goto("/me")
    declined = _task(story, "mini-ipip")
    client.goto(declined)
    client.press("/decline")
    client.goto("/me")
    story.assignment = _task(story, "ipip-50")

    client.goto(story.assignment)
    client.choose("language", story.languages.questions)
    client.press(story.assignment)

    assert client.path == f"{story.assignment}/pages/1"


def _task(story: Story, instrument_id: str) -> str:
    """Return the address of a questionnaire that waits on the client's page."""
    name = load_catalogue(INSTRUMENTS).latest(instrument_id).report_language(story.languages.pages).name
    return story.client.main.locator(".task a", has_text=name).first.get_attribute("href") or ""


def client_answers_leaves_and_comes_back(story: Story) -> None:
    client = story.client
    assert_languages(story)
    answer_page(client)
    client.main.locator("fieldset[data-item=b01]").locator("button[name=clear]").click()
    assert chosen(client, "b01") is None
    assert chosen(client, "b02") is not None
    choose(client, "b01", 4)
    for _ in range(3):
        client.press("/pages/" + client.path.rpartition("/")[2].partition("#")[0], name="go", value="next")
        answer_page(client)
    client.press("/pages/4", name="go", value="leave")
    assert client.path == "/me"
    client.page.locator("form[action='/sign-out'] button").click()

    client.sign_in(story.link_to(CLIENT))
    client.goto(story.assignment)

    assert client.path == f"{story.assignment}/pages/5"
    client.goto(f"{story.assignment}/pages/1")
    assert (chosen(client, "b01"), chosen(client, "b04")) == ("4", "skipped")


def assert_languages(story: Story) -> None:
    """Item text carries its own language, the page around it keeps the reader's."""
    page = story.client.page
    assert page.locator("html").get_attribute("lang") == story.languages.pages
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    legends = page.locator("fieldset[data-item] legend").all()
    assert [legend.get_attribute("lang") for legend in legends] == [story.languages.questions] * 5
    assert page.locator("fieldset[data-item] .options").first.get_attribute("lang") == story.languages.questions


def client_looks_it_over_and_sends(story: Story) -> None:
    client = story.client
    client.goto(f"{story.assignment}/pages/5")
    while "/pages/" in client.path:
        answer_page(client)
        client.press("/pages/" + client.path.rpartition("/")[2], name="go", value="next")
    assert client.path == f"{story.assignment}/review"
    left = client.main.locator(f"a[href*='{story.assignment}/pages/']").all()
    mentioned = {(link.get_attribute("href") or "").rpartition("#")[2] for link in left}
    assert mentioned >= {*SKIPPED, LEFT_OPEN}

    client.press("/submit")

    assert client.path == f"{story.assignment}/done"
    client.back()
    client.goto(f"{story.assignment}/pages/1")
    assert client.path == f"{story.assignment}/done"


def client_reads_why_nothing_is_shown_yet(story: Story) -> None:
    client = story.client
    client.goto("/me")
    expect(client.main.locator(".tag-waiting")).to_be_visible()
    client.follow(f"{story.assignment}/result")

    reasons = [reason.inner_text() for reason in client.main.locator(".notice-info li").all()]

    assert reasons
    assert min(map(len, reasons)) > 20
    assert client.main.locator("figure.chart").count() == 0


def lead_imports_answers_audits_and_signs(story: Story) -> None:
    run = evidence.bring(story.lead, story.programme, story.languages.questions)
    evidence.read(story.lead, run)
    evidence.sign(story.lead, run)


def client_reads_the_result(story: Story) -> None:
    client = story.client
    for _ in range(60):  # the worker computes intervals after the signature
        client.goto("/me")
        if client.main.locator(".tag-done").count():
            break
        client.page.wait_for_timeout(500)
    client.follow(f"{story.assignment}/result")
    assert_a_result_with_its_range(client)


def assert_a_result_with_its_range(visitor: Visitor) -> None:
    """A released scale shows a picture and, in its table, a value with the ends of its interval."""
    assert visitor.main.locator("figure.chart").count() > 0
    figures = visitor.main.locator("table td").all_text_contents()
    assert len([figure for figure in figures if figure.strip()]) >= 3


def coach_reads_the_result(story: Story) -> None:
    coach = story.coach
    coach.sign_in(story.link_to(COACH))
    assert coach.goto(f"{story.engagement}/report").status == 404  # ties come first
    coach.goto("/clients")
    coach.follow("/ties")
    coach.choose("none", "y")
    coach.press()

    coach.follow("/report")

    assert_a_result_with_its_range(coach)
    assert not [item for item in coach.main.locator("[lang=de]").all_inner_texts() if "?" in item]


def client_asks_and_the_coach_answers(story: Story) -> None:
    client, coach = story.client, story.coach
    client.goto(f"{story.assignment}/result")
    client.follow("/question")
    client.choose("owner", "coach")
    client.type(text="What does the grey bar mean?")
    client.press()
    assert "What does the grey bar mean?" in client.says()

    coach.goto("/clients")
    coach.follow("/questions")
    coach.main.locator("a[href^='/questions/']").click()
    assert "What does the grey bar mean?" in coach.says()
    coach.type(reply="It is how sure we are.")
    coach.press()

    client.goto(f"{story.assignment}/result")
    assert "It is how sure we are." in client.says()


def client_takes_the_data_along(story: Story) -> None:
    client = story.client
    client.goto("/me/data")
    assert "Ben" in client.says()  # who has read it
    everything = json.loads(client.download("/me/data.json"))
    rows = list(csv.reader(io.StringIO(client.download("/me/data.csv"))))

    assert "What does the grey bar mean?" in json.dumps(everything, ensure_ascii=False)
    assert any("b17" in row for row in rows)


def client_takes_one_permission_back(story: Story) -> None:
    client, coach = story.client, story.coach
    client.goto("/me/data")
    client.follow("/scopes/coach_reads")
    client.press("/scopes/coach_reads")

    coach.goto(f"{story.engagement}/report")

    assert coach.main.locator("figure.chart, table").count() == 0
    assert coach.main.locator(".empty").count() == 1


def client_erases_everything(story: Story) -> None:
    client = story.client
    cookies = client.session()
    client.goto("/me/erase")
    client.press("/me/erase")
    expect(client.main.locator("#error-summary")).to_be_visible()
    client.choose("sure", "y")
    client.press("/me/erase")
    assert client.path == "/goodbye/erased"

    client.context.add_cookies(cookies)  # type: ignore[arg-type]

    for path in ("/me", "/me/data", f"{story.assignment}/result", story.receipt):
        client.goto(path)
        assert client.path.startswith("/sign-in"), path


def nobody_finds_the_client_any_more(story: Story) -> None:
    lead, coach = story.lead, story.coach
    lead.goto(story.programme)
    erased = {"en": "erased person", "fr": "personne effacée"}[story.languages.pages]
    assert erased in lead.says()
    assert "Ada" not in lead.says()
    lead.goto(f"{story.programme}/outbox")
    assert "Ada" not in lead.says()
    coach.goto("/clients")
    assert erased in coach.says()
    assert "Ada" not in coach.says()
    assert coach.goto(f"{story.engagement}/report").status == 404
