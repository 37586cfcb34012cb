"""What tests share: an installation in a temporary folder with a database in memory, and a clock that can be set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.chromium import chromium

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser

    from assess.people.models import Person
    from assess.transactions import Installation, Transaction


# Shared machines pause at will, so no example has a time limit; the gate tries the same examples each time.
hypothesis.settings.register_profile("assess", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("assess")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **step: float) -> None:
        """Move the clock on: `clock.advance(days=3)`."""
        self.now += timedelta(**step)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; on a machine without one the tests fail."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def clock() -> Clock:
    """The time of the test."""
    return Clock()


@pytest.fixture
def installation(tmp_path: Path, clock: Clock) -> Iterator[Installation]:
    """An installation with every shipped instrument and an empty database in memory."""
    from assess import app as _every_table  # noqa: F401 importing the application declares all tables
    from assess.audit import Recorder
    from assess.db import Base, open_database, session_factory
    from assess.instruments.catalogue import load_catalogue
    from assess.paths import INSTRUMENTS
    from assess.settings import Settings
    from assess.transactions import Installation
    from assess.vault import Vault

    settings = Settings(data=tmp_path, address="http://localhost")
    vault = Vault(settings.keys)
    engine = open_database(None)
    Base.metadata.create_all(engine)
    recorder = Recorder(vault.installation_key("audit"))
    yield Installation(settings, session_factory(engine), vault, load_catalogue(INSTRUMENTS), recorder, clock)
    engine.dispose()


@pytest.fixture
def tx(installation: Installation) -> Iterator[Transaction]:
    """An open transaction; it is committed at the end of the test."""
    with installation.transaction(actor="test") as tx:
        yield tx


@pytest.fixture
def app(installation: Installation) -> Flask:
    """The web application of the installation."""
    from assess.app import create_app

    application = create_app(installation)
    application.testing = True
    application.config["WTF_CSRF_ENABLED"] = False
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript."""
    return app.test_client()


@pytest.fixture
def sign_in(installation: Installation) -> Callable[[FlaskClient, Person], None]:
    """Sign someone in, as a used link would."""
    from assess.people import service
    from assess.people.views import SESSION_COOKIE

    def sign_in(client: FlaskClient, person: Person) -> None:
        with installation.transaction() as tx:
            token = service.open_session(tx, person.id)
        client.set_cookie(SESSION_COOKIE, token)

    return sign_in
