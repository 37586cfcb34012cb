"""A browser that looks at pages as a certain person, in a language and at a width, and says what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

from assess.app import LANGUAGE_COOKIE
from assess.people.views import SESSION_COOKIE
from tests.browser.visitor import PATIENCE

WIDTHS = (390, 1280)
_REFRESHED = re.compile(r"/(audits|responses/files)/")  # pages that ask for themselves again while work goes on
_AXE = "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(v => [v.id, v.nodes[0].html]))"
_FURNITURE = """() => ({
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
    headings: document.querySelectorAll("h1").length,
    title: document.title,
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
})"""


@contextmanager
def looking(browser: Browser, address: str, token: str | None, language: str) -> Iterator[Page]:
    """Open a browser as the person of a session token."""
    context = browser.new_context(base_url=address, locale=language, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    cookies = {LANGUAGE_COOKIE: language, SESSION_COOKIE: token}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items() if value])
    context.add_init_script(AXE_SCRIPT)
    context.route(_REFRESHED, _once)
    try:
        yield context.new_page()
    finally:
        _forget(context)


def _once(route: Route) -> None:
    """Hold a page still that would ask for itself again."""
    reply = route.fetch()
    route.fulfill(response=reply, headers={name: value for name, value in reply.headers.items() if name != "refresh"})


def _forget(context: BrowserContext) -> None:
    context.unroute_all(behavior="ignoreErrors")
    context.close()


def faults_of(page: Page, path: str, language: str) -> list[str]:
    """Open a page and say what is wrong with it at either width."""
    with _heard(page) as (complaints, requests):
        page.goto(path)
        faults = [f"too many requests: {requests}"] if len(requests) > 3 else []
        return [*faults, *faults_shown(page, language), *complaints]


@contextmanager
def _heard(page: Page) -> Iterator[tuple[list[str], list[str]]]:
    """Listen to what the browser complains about, and what it asks for."""
    complaints: list[str] = []
    requests: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
            complaints.append(f"console: {message.text}")

    heard = {
        "console": on_console,
        "pageerror": lambda error: complaints.append(f"script: {error}"),
        "request": lambda request: requests.append(urlsplit(request.url).path),
    }
    for event, listener in heard.items():
        page.on(event, listener)  # type: ignore[call-overload]
    yield complaints, requests
    for event, listener in heard.items():
        page.remove_listener(event, listener)


def faults_shown(page: Page, language: str) -> list[str]:
    """Say what is wrong with the page that is open, at either width."""
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        shown = page.evaluate(_FURNITURE)
        wanted = {"lang": language, "dir": "ltr", "headings": 1, "wider": 0}
        faults += [f"{name} is {shown[name]} at {width} px" for name, value in wanted.items() if shown[name] != value]
        faults += [] if shown["title"].partition(" · ")[0].strip() else ["no title"]
        faults += [f"{rule} at {width} px: {element[:300]}" for rule, element in page.evaluate(_AXE)]
    return faults
