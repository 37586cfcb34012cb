"""Someone at a browser: opens links, ticks, presses; finds controls by role, address and name, never by their words."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Download, Error, Locator, Response

PATIENCE = 30_000  # milliseconds until a page counts as failed; a safety net, not a measurement


class Visitor:
    """One person's browser, by default without scripts."""

    def __init__(
        self, browser: Browser, address: str, *, language: str = "en", scripts: bool = False, width: int = 390
    ):
        self.address, self.language = address, language
        self.context = browser.new_context(
            java_script_enabled=scripts,
            locale=language,
            viewport={"width": width, "height": 800},
            base_url=address,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()

    @property
    def path(self) -> str:
        """Where the browser is."""
        return self.page.url.removeprefix(self.address)

    @property
    def main(self) -> Locator:
        """What the page says, without its furniture."""
        return self.page.locator("main")

    def says(self) -> str:
        """Return the words of the page."""
        return self.main.inner_text()

    def goto(self, path: str) -> Response:
        """Type an address."""
        response = self.page.goto(path)
        assert response is not None, path
        return response

    def back(self) -> None:
        """Press the browser's back button."""
        self.page.wait_for_load_state("load")
        for attempt in range(1, 6):
            try:
                self.page.go_back()
                return
            except Error as error:
                # Chromium may still be handing the tab from one page to the next, and refuses the history meanwhile.
                if "Not attached to an active page" not in error.message or attempt == 5:
                    raise
                self.page.wait_for_timeout(200)

    def sign_in(self, link: str) -> None:
        """Open a link that signs in, and press its button."""
        token = link.rpartition("/open/")[2]
        assert self.goto(f"/open/{token}").status == 200
        self.press(f"/open/{token}")
        assert "/open/" not in self.path, self.says()

    def follow(self, ending: str) -> None:
        """Follow the first link in the page whose address ends so."""
        self.main.locator(f'a[href$="{ending}"]').first.click()

    def press(self, action: str = "", *, name: str = "", value: str = "") -> None:
        """Press the button of the form that is sent there; by name and value where it has several."""
        form = f'form[action$="{action}"]' if action else 'form[action=""]'
        button = f'button[name="{name}"]' if name else "button:not([name])"
        button += f'[value="{value}"]' if value else ""
        self.main.locator(f"{form} {button}:not(.visually-hidden)").first.click()

    def choose(self, name: str, value: str) -> None:
        """Choose a radio or tick a box."""
        self.main.locator(f'input[name="{name}"][value="{value}"]').check(force=True)

    def type(self, **texts: str) -> None:
        """Fill fields by their names; a choice from a list too."""
        for name, text in texts.items():
            field = self.main.locator(f'input[name="{name}"], textarea[name="{name}"], select[name="{name}"]')
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(text)
            else:
                field.fill(text)

    def download(self, ending: str) -> str:
        """Follow a link that gives a file; return its content."""
        with self.page.expect_download() as given:
            self.follow(ending)
        return _content(given.value)

    def session(self) -> list[dict[str, object]]:
        """Return the cookies, as someone who copied them would have them."""
        return list(self.context.cookies())

    def close(self) -> None:
        """Close the browser."""
        self.context.close()


def _content(download: Download) -> str:
    return Path(download.path()).read_text("utf-8-sig")


def first(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not in {text[:500]}"
    return found[1]
