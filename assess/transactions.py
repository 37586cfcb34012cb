"""One use case, one transaction: the session, the keys, the log, who acts and when, handed to services together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session, sessionmaker

from assess.audit import Event, Recorder
from assess.vault import Vault

if TYPE_CHECKING:
    from assess.instruments.catalogue import Catalogue
    from assess.settings import Settings

SYSTEM = "system"  # the actor of what the machine does by itself: it computes, notifies, expires, purges


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a service may use; it never commits."""

    db: Session
    vault: Vault
    catalogue: Catalogue
    settings: Settings
    recorder: Recorder
    actor: str
    now: datetime

    @property
    def today(self) -> date:
        """The day of `now`."""
        return self.now.date()

    def record(self, event: Event, *, subject: str, about: str = "") -> None:
        """Write to the audit log in this transaction."""
        self.recorder.record(self.db, event, actor=self.actor, subject=subject, about=about, now=self.now)


@dataclass(frozen=True, slots=True)
class Installation:
    """The running parts that outlive a transaction."""

    settings: Settings
    sessions: sessionmaker[Session]
    vault: Vault
    catalogue: Catalogue
    recorder: Recorder
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def on(self, db: Session, *, actor: str = SYSTEM) -> Transaction:
        """Return the transaction of an open session."""
        return Transaction(db, self.vault, self.catalogue, self.settings, self.recorder, actor, self.clock())

    @contextmanager
    def transaction(self, *, actor: str = SYSTEM) -> Iterator[Transaction]:
        """Open a transaction, commit at the end, roll back on any error: for jobs and the command line."""
        with self.sessions() as db, db.begin():
            yield self.on(db, actor=actor)


def open_installation(settings: Settings, *, file: Path | None = None) -> Installation:
    """Open keys, database (its embedded file may lie elsewhere) and instruments; the tables are brought up to date."""
    from assess.db import declare_tables, migrate, open_database, session_factory
    from assess.instruments.catalogue import load_catalogue
    from assess.paths import INSTRUMENTS

    declare_tables()
    vault = Vault(settings.keys)
    file = file or settings.database_file
    engine = open_database(settings.database, file, vault.installation_key("database"))
    migrate(engine)
    recorder = Recorder(vault.installation_key("audit"))
    return Installation(settings, session_factory(engine), vault, load_catalogue(INSTRUMENTS), recorder)
