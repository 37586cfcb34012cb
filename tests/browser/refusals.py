"""Pages that say no, and how to come to see them: forms sent empty, sign-ins that ended, addresses that are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from playwright.sync_api import Page

from assess.people.views import SESSION_COOKIE
from tests.browser.crawl import Found

_FORM_COOKIE = "assess_form"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is tried by whom: a page (an address, or the endpoint of one of theirs) whose form is sent as it stands."""

    what: str
    visitor: str
    page: str
    status: int
    button: str = "button:not(.visually-hidden)"
    without_cookie: str = ""


REFUSALS = (
    Refusal("no such page", "nobody", "/no/such/page", 404, button=""),
    Refusal("no such page for a client", "results", "/no/such/page", 404, button=""),
    Refusal("not for a coach", "coach", "/installation", 404, button=""),
    Refusal("coaching is over", "stopped", "consent.start", 409, button=""),
    Refusal("sign in without an address", "nobody", "people.sign_in", 422),
    Refusal("signed out while asking", "results", "safeguarding.ask", 401, without_cookie=SESSION_COOKIE),
    Refusal("a form that lost its mark", "results", "safeguarding.ask", 400, without_cookie=_FORM_COOKIE),
    Refusal("an empty question", "results", "safeguarding.ask", 422),
    Refusal("no word about ties", "undeclared", "programmes.ties", 422),
    Refusal("no word about being eligible", "minor", "consent.eligibility", 422),
    Refusal("erasing without a tick", "results", "privacy.erase", 422),
    Refusal("an empty answer", "coach", "safeguarding.question", 422),
    Refusal("an empty programme", "lead", "programmes.new", 422),
    Refusal("an empty engagement", "lead", "programmes.new_engagement", 422),
    Refusal("an empty import", "lead", "analysis.import_responses", 422),
    Refusal("a signature without reading", "lead", "release.sign", 422, button="button[value=sign]"),
    Refusal("a refusal without a reason", "lead", "release.sign", 422, button="button[value=refuse]"),
    Refusal("an empty account", "administrator", "people.new_account", 422),
)


def provoke(page: Page, found: Iterable[Found], refusal: Refusal) -> int:
    """Bring about a refusal; return its status, with the page left open."""
    paths = [refusal.page] if refusal.page.startswith("/") else _of(found, refusal)
    for path in paths:
        reply = page.goto(path)
        if not refusal.button:
            return reply.status if reply else 0
        button = page.locator("main form").locator(refusal.button).first
        if not button.count():
            continue
        if refusal.without_cookie:
            page.context.clear_cookies(name=refusal.without_cookie)
        with page.expect_navigation() as navigation:
            button.click()
        return navigation.value.status
    raise LookupError(f"{refusal.visitor} has no {refusal.page} with a form to try: {refusal.what}")


def _of(found: Iterable[Found], refusal: Refusal) -> list[str]:
    return [page.path for page in found if (page.visitor, page.endpoint) == (refusal.visitor, refusal.page)]
