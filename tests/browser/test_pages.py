"""Every page that anybody can reach, in both languages and at both widths."""

from __future__ import annotations

from itertools import groupby

import pytest
from playwright.sync_api import Browser

from assess.access import TABLE
from tests.browser.conftest import Site
from tests.browser.crawl import one_of_each
from tests.browser.looking import faults_of, faults_shown, looking
from tests.browser.refusals import REFUSALS, provoke

# Reached by nobody's links, and no page.
NOT_PAGES = {"static": "style and script", "people.health": "for machines"}
REFUSING = {
    ("nobody", "people.open_link", 410): "a link that was used",
    ("stopped", "consent.start", 409): "the coaching is over",
}


def test_every_address_that_can_be_asked_for_was_visited(site: Site) -> None:
    asked = {page.endpoint for page in site.found}

    assert {endpoint for endpoint, rule in TABLE.items() if "GET" in rule} - asked == set(NOT_PAGES)


def test_no_link_leads_nowhere(site: Site) -> None:
    refused = [
        (page.visitor, page.endpoint or page.path, page.status)
        for page in site.found
        if page.status not in (200, 303) and (page.visitor, page.endpoint, page.status) not in REFUSING
    ]

    assert refused == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_is_wrong_with_any_page(browser: Browser, site: Site, language: str) -> None:
    wrong = {}
    for visitor, pages in groupby(one_of_each(site.found, language), key=lambda page: page.visitor):
        with looking(browser, site.server.address, site.world.tokens.get(visitor), language) as page:
            for found in pages:
                faults = faults_of(page, found.path, language)
                if faults:
                    wrong[f"{found.endpoint} as {visitor}"] = faults

    assert wrong == {}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_is_wrong_with_a_page_that_refuses(browser: Browser, site: Site, language: str) -> None:
    wrong = {}
    for refusal in REFUSALS:
        with looking(browser, site.server.address, site.world.tokens.get(refusal.visitor), language) as page:
            status = provoke(page, site.found, refusal)
            faults = faults_shown(page, language)
            if faults or status != refusal.status:
                wrong[refusal.what] = [f"status {status}", *faults]

    assert wrong == {}
