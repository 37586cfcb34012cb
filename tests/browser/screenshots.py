"""Screenshots of every page for a person to look at: `python -m tests.browser.screenshots FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site, site_in
from tests.browser.crawl import Found, one_of_each
from tests.browser.looking import WIDTHS, looking
from tests.browser.refusals import REFUSALS, provoke
from tests.chromium import chromium

# Pages that are also looked at in French, and from right to left.
_IN_FRENCH = {"people.welcome", "consent.text", "consent.choices", "responses.page", "reports.client_home",
              "reports.client_result", "privacy.my_data", "release.sign", "analysis.instrument"}  # fmt: skip
_FROM_RIGHT_TO_LEFT = {"people.welcome", "consent.check", "consent.choices", "responses.page", "reports.client_home",
                       "reports.client_result", "reports.coach_report", "programmes.programme", "analysis.run",
                       "analysis.mapping"}  # fmt: skip


def main(folder: Path) -> None:
    """Save them as visitor-endpoint-number-language-width.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as data, site_in(Path(data)) as site, chromium() as browser:
        pages = list(enumerate(one_of_each(site.found)))
        _save(browser, site, pages, folder, "en")
        _save(browser, site, [(n, page) for n, page in pages if page.endpoint in _IN_FRENCH], folder, "fr")
        turned = [(n, page) for n, page in pages if page.endpoint in _FROM_RIGHT_TO_LEFT]
        _save(browser, site, turned, folder, "en", direction="rtl")
        _save_refusals(browser, site, folder)


def _save(
    browser: Browser, site: Site, pages: Iterable[tuple[int, Found]], folder: Path, language: str, direction: str = ""
) -> None:
    for visitor, stops in groupby(pages, key=lambda stop: stop[1].visitor):
        with looking(browser, site.server.address, site.world.tokens.get(visitor), language) as page:
            for number, found in stops:
                page.goto(found.path)
                name = f"{number:02}-{visitor}-{found.endpoint or 'nothing'}-{direction or language}"
                _shoot(page, folder / name, direction)


def _save_refusals(browser: Browser, site: Site, folder: Path) -> None:
    for refusal in REFUSALS:
        with looking(browser, site.server.address, site.world.tokens.get(refusal.visitor), "en") as page:
            status = provoke(page, site.found, refusal)
            _shoot(page, folder / f"{status}-{refusal.what.replace(' ', '-')}", "")


def _shoot(page: Page, path: Path, direction: str) -> None:
    if direction:
        page.evaluate("direction => { document.dir = direction }", direction)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=f"{path}-{width}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
