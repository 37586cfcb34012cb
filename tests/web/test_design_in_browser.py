"""The samples of the design in a real browser: no accessibility finding, no sideways scrolling, nothing too small."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web import design_samples

PAGES = [*sorted(file.stem for file in design_samples.SAMPLES.glob("*.html")), "error-404"]


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("design")
    design_samples.main(folder)
    return folder


@pytest.mark.parametrize(
    ("locale", "width", "scheme"), [("en", 390, "dark"), ("en", 1280, "light"), ("ar", 390, "light")]
)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser, samples, name, locale, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(20_000)
    page.goto((samples / f"{name}.{locale}.html").as_uri())

    findings = Axe().run(page).response["violations"]

    page.close()
    assert [(finding["id"], finding["nodes"][0]["html"]) for finding in findings] == []


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_and_targets_can_be_touched_at_320_pixels(browser, samples, name, locale):
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.set_default_timeout(20_000)
    page.goto((samples / f"{name}.{locale}.html").as_uri())

    width = page.evaluate("document.documentElement.scrollWidth")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button:not(.visually-hidden), .button, .option, .choice, summary,"
            + "nav a, input:not([type=hidden], [type=radio], [type=checkbox]), select")]
            .filter(target => target.getBoundingClientRect().height < 43.5).map(target => target.outerHTML)"""
    )

    page.close()
    assert width == 320
    assert small == []
