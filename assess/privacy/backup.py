"""Copies of the embedded database, and the way back to one: never with the keys, and never past an erasing.

A copy is encrypted with the database key, and what people told in it with their own keys, which stay in the key folder:
whoever was erased since is unreadable in it. Restoring repeats every erasing of the ledger before anybody can look.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, select, update

from assess.audit import Event
from assess.db import open_database
from assess.errors import AssessError
from assess.people import service as people
from assess.people.models import Link, Person, SignInSession
from assess.privacy import ledger
from assess.privacy.service import finish_erasures
from assess.settings import Settings
from assess.transactions import Installation, open_installation
from assess.vault import sync_folder

_SUBJECT = "installation"  # whose chain of the audit log says when copies were made and restored


@dataclass(frozen=True, slots=True)
class Restored:
    """What restoring came to: people erased again, people whose key is missing, and where the database before it is."""

    erased_again: int
    without_key: int
    set_aside: Path | None


def occupy(data: Path) -> int:
    """Keep restores out of a data folder until the descriptor is closed or the process ends; refuse during one."""
    return _lock(data, fcntl.LOCK_SH, f"A backup is being restored into {data}. Start again when that is done.")


def backup(installation: Installation, folder: Path) -> Path:
    """Write a consistent copy of the embedded database into a folder and return its path; nobody has to stop."""
    settings = installation.settings
    if settings.database:
        raise AssessError("This installation uses PostgreSQL: back it up with pg_dump. Keep keys and ledger apart.")
    file = folder / f"assess-{installation.clock():%Y%m%dT%H%M%SZ}.db"
    partial = file.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise AssessError(f"{folder.resolve()} cannot be written ({error.strerror}). Give another folder.") from None
    try:
        _statement(installation.sessions.kw["bind"], "VACUUM INTO ?", str(partial))
        _check(partial, installation.vault.installation_key("database"))
        _sync(partial)
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(folder)
    with installation.transaction() as tx:
        tx.record(Event.BACKUP_MADE, subject=_SUBJECT, about=file.stem)
    return file


def restore(settings: Settings, file: Path) -> Restored:
    """Put a copy in the place of the embedded database, once everyone erased since it was made is erased in it too."""
    if settings.database:
        raise AssessError(
            "This installation uses PostgreSQL: restore it with pg_restore or psql. "
            "The next start erases again whoever was erased since."
        )
    if not (settings.keys / "database.key").exists():
        raise AssessError(f"There are no keys in {settings.keys.resolve()}. Put the key folder back first.")
    lock = _lock(settings.data, fcntl.LOCK_EX, f"assess is running on {settings.data.resolve()}. Stop it first.")
    try:
        with _staged(settings, file) as (installation, staged):
            without_key = _count_without_key(installation)
            erased_again = finish_erasures(installation)
            moment = _let_nobody_in(installation, file)
            installation.sessions.kw["bind"].dispose()
            set_aside = _set_aside(settings.database_file, moment)
            staged.replace(settings.database_file)
            sync_folder(settings.data)
    finally:
        os.close(lock)
    return Restored(erased_again, without_key, set_aside)


@contextmanager
def _staged(settings: Settings, file: Path) -> Iterator[tuple[Installation, Path]]:
    """Open a copy of a backup beside the database, and leave nothing of it there if anything is wrong."""
    key = (settings.keys / "database.key").read_bytes()
    staged = settings.data / "assess.db.restoring"
    try:
        _copy(file, staged)
        _check(staged, key)
        installation = open_installation(settings, file=staged)
        try:
            yield installation, staged
        finally:
            installation.sessions.kw["bind"].dispose()
    finally:
        for left in (staged, *_companions(staged)):
            left.unlink(missing_ok=True)


def _copy(file: Path, staged: Path) -> None:
    try:
        shutil.copyfile(file, staged)
        staged.chmod(0o600)
    except OSError as error:
        raise AssessError(f"{file} cannot be copied to {staged.parent.resolve()} ({error.strerror}).") from None


def _count_without_key(installation: Installation) -> int:
    """Refuse keys of another installation; return how many people of the backup lack theirs though not erased."""
    erased = ledger.people(installation.settings.data)
    with installation.transaction() as tx:
        everyone = tx.db.scalars(select(Person).where(Person.erased_at.is_(None), Person.id.not_in(erased))).all()
        holders = [person for person in everyone if tx.vault.holds(person.id)]
        for person in holders[:1]:
            people.name_of(person, tx.vault)
    if everyone and not holders:
        raise AssessError(
            "The key folder does not fit this backup: it holds the key of nobody in it. Put back the one that does."
        )
    return len(everyone) - len(holders)


def _let_nobody_in(installation: Installation, file: Path) -> str:
    """End every sign-in and link of the backup: some were ended or used since. Return the moment, for a file's name."""
    with installation.transaction() as tx:
        tx.db.execute(update(SignInSession).where(SignInSession.revoked_at.is_(None)).values(revoked_at=tx.now))
        tx.db.execute(delete(Link))
        tx.record(Event.BACKUP_RESTORED, subject=_SUBJECT, about=file.stem)
        return f"{tx.now:%Y%m%dT%H%M%SZ}"


def _set_aside(database: Path, moment: str) -> Path | None:
    """Keep the database that was there, with what is not merged into it yet, under another name."""
    if not database.exists():
        return None
    kept = database.with_name(f"before-restore-{moment}.db")
    for name, new_name in zip(_companions(database), _companions(kept), strict=True):
        if name.exists():
            name.rename(new_name)
    os.link(database, kept)
    return kept


def _companions(database: Path) -> tuple[Path, Path]:
    return database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")


def _check(file: Path, key: bytes) -> None:
    """Refuse a copy that is damaged or that the database key does not open."""
    from sqlcipher3.dbapi2 import DatabaseError

    engine = open_database(None, file, key)
    try:
        altered_pages = _statement(engine, "PRAGMA cipher_integrity_check")
        is_sound = not altered_pages and _statement(engine, "PRAGMA quick_check") == [("ok",)]
    except DatabaseError:
        raise AssessError(
            "This backup and the key folder do not belong together, or it is damaged: "
            "restore the keys that go with it, or take another copy."
        ) from None
    finally:
        engine.dispose()
    if not is_sound:
        raise AssessError("This backup is damaged. Take another copy.")


def _statement(engine: Engine, statement: str, *values: str) -> list[tuple[object, ...]]:
    """Run a statement outside any transaction."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return list(cursor.fetchall())
    finally:
        connection.close()


def _sync(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _lock(data: Path, kind: int, refusal: str) -> int:
    """Hold the data folder's lock until the descriptor is closed or the process ends."""
    descriptor = os.open(data / ".in-use", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise AssessError(refusal) from None
    return descriptor
