"""Every page that each person can reach by links, asked for over HTTP: where it led, and what it was made of."""

from __future__ import annotations

import http.client
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from assess.people.views import SESSION_COOKIE
from tests.browser.world import World

_MOST_PAGES = 150  # per person; a net against pages that link to ever new ones
_LINK = re.compile(r'<a [^>]*href="(/[^"]*)"')
_ELEMENT = re.compile(r'<(\w+)(?: [^>]*?class="([^"]*)")?')


@dataclass(frozen=True, slots=True)
class Found:
    """One reply: who asked for what, and the page it was."""

    visitor: str
    path: str
    endpoint: str
    status: int
    html: str

    @property
    def made_of(self) -> frozenset[tuple[str, str]]:
        """The kinds of element in the page: two pages of one endpoint with the same kinds look alike."""
        return frozenset(_ELEMENT.findall(self.html.partition("<main")[2]))


def crawl(address: str, world: World, routes: Map) -> list[Found]:
    """Follow every link of every page, each person from the start page on, and from the pages named besides."""
    found = []
    for visitor in ("nobody", *world.tokens):
        starts = ["/", "/help", *(path for name, path in world.extra if name == visitor)]
        found += list(_crawl_as(visitor, world.tokens.get(visitor), address, starts, routes))
    return found


def _crawl_as(visitor: str, token: str | None, address: str, starts: Iterable[str], routes: Map) -> Iterator[Found]:
    adapter = routes.bind("localhost")
    waiting, seen = deque(starts), set(starts)
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    while waiting and len(seen) < _MOST_PAGES:
        path = waiting.popleft()
        connection.request("GET", path, headers={"Cookie": f"{SESSION_COOKIE}={token}"} if token else {})
        reply = connection.getresponse()
        text = reply.read().decode("utf-8", "replace")
        yield Found(visitor, path, endpoint_of(adapter, path), reply.status, text)
        onward = [reply.headers["Location"]] if reply.status == 303 else _LINK.findall(text)
        for link in (unescape(link).partition("#")[0] for link in onward):
            if link.startswith("/") and link not in seen:
                seen.add(link)
                waiting.append(link)
    connection.close()


def endpoint_of(adapter: object, path: str) -> str:
    """Return the endpoint an address belongs to; empty where there is none."""
    try:
        return str(adapter.match(urlsplit(path).path, method="GET")[0])  # type: ignore[attr-defined]
    except HTTPException:
        return ""


def one_of_each(found: Iterable[Found], language: str = "en") -> list[Found]:
    """Return pages to look at, person by person: of each endpoint only those made of something the others are not.

    Pages of people who speak the language come first: a step of consenting exists only in the language it was begun in.
    """
    chosen: list[Found] = []
    known: dict[str, frozenset[tuple[str, str]]] = {}
    for page in sorted(found, key=lambda page: f'<html lang="{language}"' not in page.html):
        before = known.get(page.endpoint)
        if page.status == 303 or not page.html.startswith("<!doctype html>"):
            continue
        if before is None or page.made_of - before:
            chosen.append(page)
            known[page.endpoint] = page.made_of | (before or frozenset())
    return sorted(chosen, key=lambda page: page.visitor)
