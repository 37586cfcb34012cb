"""Answering with the script, in a real browser: each answer is saved as it is given, and says so only when it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assess.people import service as people
from assess.people.views import SESSION_COOKIE
from tests.factories import make_sitting
from tests.servers import file_installation, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A served installation: its address, and some sittings with the session of their client."""
    folder = tmp_path_factory.mktemp("answering")
    installation = file_installation(folder)
    with installation.transaction() as tx:
        sittings = [make_sitting(tx, locale="de") for _ in range(8)]
        tickets = [(sitting.assignment_id, people.open_session(tx, sitting.person_id)) for sitting in sittings]
    installation.sessions.kw["bind"].dispose()
    with serving(folder) as (_process, port):
        yield f"http://127.0.0.1:{port}", tickets


@pytest.fixture
def context(browser: Browser, server: tuple[str, list[tuple[str, str]]]) -> Iterator[tuple[BrowserContext, str]]:
    """A browser whose owner is signed in, and the address of their questionnaire."""
    address, tickets = server
    assignment_id, token = tickets.pop()
    context = browser.new_context(locale="en")
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
    yield context, f"{address}/assignments/{assignment_id}"
    context.close()


@pytest.fixture
def page(context: tuple[BrowserContext, str]) -> Page:
    """The first page of the questionnaire."""
    return _open(context)


def _open(context: tuple[BrowserContext, str]) -> Page:
    page = context[0].new_page()
    page.goto(f"{context[1]}/pages/1")
    return page


def choose(page: Page, item: str, value: str) -> None:
    """Choose an answer as a finger does: by its label."""
    page.locator(f"[data-item={item}] label:has(input[value='{value}'])").click()


def status(page: Page, item: str) -> Locator:
    """Return what is said of an item."""
    return page.locator(f"[data-item={item}] [data-status]")


def chosen(page: Page, item: str) -> Locator:
    """Return what is chosen of an item."""
    return page.locator(f"[data-item={item}] input:checked")


def test_each_answer_is_saved_as_it_is_given(page: Page) -> None:
    for value in ("4", "2", "skipped"):
        choose(page, "m01", value)
    expect(status(page, "m01")).to_have_text("Saved")

    page.reload()

    expect(chosen(page, "m01")).to_have_value("skipped")


def test_clear_takes_an_answer_back(page: Page) -> None:
    choose(page, "m01", "4")
    page.locator("[data-item=m01] button[name=clear]").click()
    expect(status(page, "m01")).to_have_text("Cleared")

    page.reload()

    expect(chosen(page, "m01")).to_have_count(0)


def test_another_tab_is_told_calmly_and_overwrites_nothing(context: tuple[BrowserContext, str], page: Page) -> None:
    other = _open(context)
    choose(other, "m01", "5")
    expect(status(other, "m01")).to_have_text("Saved")

    choose(page, "m01", "1")

    expect(status(page, "m01")).to_contain_text("“Sehr zutreffend”")
    expect(status(page, "m01")).to_contain_text("“Sehr unzutreffend”")
    expect(chosen(page, "m01")).to_have_value("5")
    choose(page, "m01", "1")
    expect(status(page, "m01")).to_have_text("Saved")


def test_without_a_connection_it_says_so_and_saves_when_there_is_one_again(
    context: tuple[BrowserContext, str], page: Page
) -> None:
    context[0].set_offline(True)
    choose(page, "m02", "3")
    expect(status(page, "m02")).to_have_text("Not saved yet. We keep trying.")

    context[0].set_offline(False)

    expect(status(page, "m02")).to_have_text("Saved")


def test_a_quick_change_of_mind_before_the_button_keeps_the_last_choice(
    context: tuple[BrowserContext, str], page: Page
) -> None:
    choose(page, "m03", "1")
    choose(page, "m03", "5")
    page.locator("main button[value=next]:visible").last.click()
    page.wait_for_url("**/pages/2")

    again = _open(context)

    expect(chosen(again, "m03")).to_have_value("5")


def test_an_ended_sign_in_is_told_and_the_button_still_keeps_everything(
    context: tuple[BrowserContext, str], page: Page
) -> None:
    context[0].clear_cookies(name=SESSION_COOKIE)

    choose(page, "m01", "4")
    expect(status(page, "m01")).to_contain_text("your sign-in has ended")
    page.locator("main button[value=next]:visible").last.click()

    expect(page.locator("input[type=hidden][name='m01@0']")).to_have_value("4")


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_on_a_page_with_everything_open(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    choose(page, "m01", "4")
    for summary in page.locator("details.remark summary").all():
        summary.click()

    findings = Axe().run(page).response["violations"]

    assert [(finding["id"], finding["nodes"][0]["html"]) for finding in findings] == []
