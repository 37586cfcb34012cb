"""One demonstration for all browser tests: loaded once, with people added at every step, and served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from assess.app import create_app
from assess.demonstration import load
from assess.settings import Settings
from assess.transactions import open_installation
from tests.browser.crawl import Found, crawl
from tests.browser.world import World, make_world
from tests.serving import Server, serving


@dataclass(frozen=True, slots=True)
class Site:
    """A served demonstration, who is signed in, and every page that was found."""

    server: Server
    world: World
    found: list[Found]


@contextmanager
def site_in(data: Path) -> Iterator[Site]:
    """Load the demonstration into an empty folder, serve it, and find its pages."""
    installation = open_installation(Settings(data=data))
    load(installation)
    world, routes = make_world(installation), create_app(installation).url_map
    with serving(data) as server:
        yield Site(server, world, crawl(server.address, world, routes))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site that the tests of pages look at; they do not change it."""
    with site_in(tmp_path_factory.mktemp("site")) as site:
        yield site
