"""Who takes part in the story, in which languages, and what later scenes need to know from earlier ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.visitor import Visitor
from tests.serving import ROOT, Server, serving

CLIENT, COACH = "ada@client.example", "ben@coach.example"


@dataclass(frozen=True, slots=True)
class Languages:
    """The language of pages and consent, and that of the questions."""

    pages: str
    questions: str


class Story:
    """Who takes part, and what later scenes need to know from earlier ones."""

    def __init__(self, browser: Browser, server: Server, data: Path, languages: Languages) -> None:
        self.server, self.data, self.languages = server, data, languages
        self.lead, self.client, self.coach = (
            Visitor(browser, server.address, language=languages.pages) for _ in ("lead", "client", "coach")
        )
        self.programme = self.engagement = self.assignment = self.receipt = ""

    def user(self, mail: str, name: str, *roles: str) -> str:
        """Make an account on the command line; return its sign-in link."""
        command = [sys.executable, "-m", "assess.cli", "user", mail, "--name", name, "--data", str(self.data),
                   "--locale", self.languages.pages]  # fmt: skip
        command += [part for role in roles for part in ("--role", role)]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        return made.stdout.strip()

    def link_to(self, mail: str) -> str:
        """Ask for a sign-in link; the lead finds it in the outbox and passes it on."""
        visitor = {CLIENT: self.client, COACH: self.coach}[mail]
        visitor.goto("/sign-in")
        visitor.type(mail=mail)
        visitor.press("/sign-in")
        return self.newest_link()

    def newest_link(self) -> str:
        """Return the link of the newest message in the outbox."""
        self.lead.goto(f"{self.programme}/outbox")
        return self.lead.main.locator('pre a[href*="/open/"]').first.get_attribute("href") or ""


@contextmanager
def told(browser: Browser, data: Path, languages: Languages) -> Iterator[Story]:
    """Serve an installation with nothing in it but its tables."""
    with serving(data, "--empty") as server:
        story = Story(browser, server, data, languages)
        yield story
        for visitor in (story.lead, story.client, story.coach):
            visitor.close()
