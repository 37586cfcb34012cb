"""Copies of the database: what is in them, what may be restored, and what stays erased."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from assess.app import HOOKS
from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.errors import AssessError
from assess.people import service as people
from assess.people.models import Link, Person, Role
from assess.privacy import ledger, service
from assess.privacy.backup import backup, occupy, restore
from assess.responses.models import DeidentifiedAdministration, Response
from assess.settings import Settings
from assess.transactions import Installation, open_installation
from tests.assess.privacy.test_service import make_history, sealed_rows
from tests.factories import make_engagement, make_person


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """The settings of an installation with an encrypted database file."""
    return Settings(data=tmp_path / "data", address="http://localhost")


@pytest.fixture
def opened(home: Settings) -> Iterator[Installation]:
    """That installation."""
    installation = open_installation(home)
    yield installation
    close(installation)


def close(installation: Installation) -> None:
    """Close the database."""
    installation.sessions.kw["bind"].dispose()


def add_client(installation: Installation) -> str:
    """Make a client with a history and return their id."""
    with installation.transaction() as tx:
        return make_history(tx).client_id


def erase(installation: Installation, person_id: str) -> None:
    """Erase someone as the page does."""
    with installation.transaction() as tx:
        service.erase(tx, tx.db.get_one(Person, person_id))
    service.destroy_key(installation, person_id)


def test_a_backup_is_encrypted_and_holds_no_key(opened: Installation, tmp_path: Path) -> None:
    client_id = add_client(opened)

    file = backup(opened, tmp_path / "copies")

    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert not content.startswith(b"SQLite format 3")
    assert client_id.encode() not in content
    with opened.transaction() as tx:
        assert tx.db.scalars(select(AuditEvent.event)).all().count(Event.BACKUP_MADE) == 1


def test_a_backup_brings_back_what_was_there(opened: Installation, home: Settings, tmp_path: Path) -> None:
    client_id = add_client(opened)
    with opened.transaction() as tx:
        name = people.name_of(tx.db.get_one(Person, client_id), tx.vault)
        held = sealed_rows(tx, client_id)
    file = backup(opened, tmp_path / "copies")
    later = add_client(opened)
    close(opened)

    restored = restore(home, file)

    assert (restored.erased_again, restored.without_key) == (0, 0)
    back = open_installation(home)
    with back.transaction() as tx:
        assert people.name_of(tx.db.get_one(Person, client_id), tx.vault) == name
        assert sealed_rows(tx, client_id) == held
        assert tx.db.get(Person, later) is None
        assert list(tx.recorder.broken(tx.db)) == []
        assert tx.db.scalars(select(AuditEvent.event)).all()[-1] == Event.BACKUP_RESTORED
    close(back)
    assert not list(home.data.glob("*restoring*"))


def test_who_was_erased_since_is_unreadable_in_the_backup_and_erased_again_in_the_database(
    opened: Installation, home: Settings, tmp_path: Path
) -> None:
    erased, kept = add_client(opened), add_client(opened)
    file = backup(opened, tmp_path / "copies")
    erase(opened, erased)
    close(opened)

    shutil.copy(file, home.database_file)  # past `restore`: what is in the backup itself
    raw = open_installation(home)
    with raw.transaction() as tx:
        assert tx.db.get_one(Person, erased).name_sealed is not None
        assert people.name_of(tx.db.get_one(Person, erased), tx.vault) == "erased person"
    close(raw)
    restored = restore(home, file)

    assert restored.erased_again == 1
    back = open_installation(home)
    with back.transaction() as tx:
        assert tx.db.get_one(Person, erased).erased_at is not None
        assert not any(sealed_rows(tx, erased).values())
        assert all(sealed_rows(tx, kept).values())
        assert tx.db.scalars(select(Response.id)).first() is not None
    close(back)


def test_an_old_key_folder_brings_nobody_back_either(opened: Installation, home: Settings, tmp_path: Path) -> None:
    client_id = add_client(opened)
    file = backup(opened, tmp_path / "copies")
    shutil.copytree(home.keys, tmp_path / "keys")
    erase(opened, client_id)
    close(opened)
    shutil.copytree(tmp_path / "keys", home.keys, dirs_exist_ok=True)

    restore(home, file)

    back = open_installation(home)
    assert not back.vault.holds(client_id)
    with back.transaction() as tx:
        assert tx.db.get_one(Person, client_id).erased_at is not None
        assert tx.db.scalars(select(DeidentifiedAdministration)).one().way_back is None
    close(back)


def test_copies_that_went_at_the_persons_wish_go_again(opened: Installation, home: Settings, tmp_path: Path) -> None:
    client_id, other_id = add_client(opened), add_client(opened)
    file = backup(opened, tmp_path / "copies")
    with opened.transaction() as tx:
        person = tx.db.get_one(Person, client_id)
        copies = service.deidentified_copies(tx, person)
        (record,) = consent.records_of(tx, client_id)
        for scope in consent.withdraw_scope(tx, record, Scope.INSTRUMENT_QUALITY):
            for act in HOOKS.on_scope_withdrawn:
                act(tx, record, scope)
        service.erase(tx, person)
    service.destroy_key(opened, client_id, copies=copies)
    close(opened)

    restore(home, file)

    back = open_installation(home)
    with back.transaction() as tx:
        (left,) = service.deidentified_copies(tx, tx.db.get_one(Person, other_id))
        assert tx.db.scalars(select(DeidentifiedAdministration.id)).all() == [left]
    close(back)


def test_a_coach_who_was_erased_since_is_erased_again_though_the_backup_has_them_at_work(
    opened: Installation, home: Settings, tmp_path: Path
) -> None:
    with opened.transaction() as tx:
        coach = make_person(tx, Role.COACH)
        make_engagement(tx, coach=coach, ends_on=tx.today)
    file = backup(opened, tmp_path / "copies")
    ledger.enter_person(home.data, coach.id, at=opened.clock())
    close(opened)

    assert restore(home, file).erased_again == 1


def test_restoring_signs_everyone_out(opened: Installation, home: Settings, tmp_path: Path) -> None:
    with opened.transaction() as tx:
        person = make_person(tx)
        token = people.open_session(tx, person.id)
        people.issue_link(tx, person)
    file = backup(opened, tmp_path / "copies")
    close(opened)

    restore(home, file)

    back = open_installation(home)
    with back.transaction() as tx:
        assert people.visitor_of(tx.db, tx.vault, token, now=tx.now) is None
        assert tx.db.scalars(select(Link)).all() == []
    close(back)


def test_the_database_before_it_is_kept_aside_whole(opened: Installation, home: Settings, tmp_path: Path) -> None:
    file = backup(opened, tmp_path / "copies")
    later = add_client(opened)
    assert home.database_file.with_name("assess.db-wal").stat().st_size  # not merged yet, as after a crash

    restored = restore(home, file)

    assert restored.set_aside is not None
    aside = open_installation(home, file=restored.set_aside)
    with aside.transaction() as tx:
        assert tx.db.get(Person, later) is not None
    close(aside)


def test_nothing_is_restored_while_the_service_runs(opened: Installation, home: Settings, tmp_path: Path) -> None:
    file = backup(opened, tmp_path / "copies")
    running = occupy(home.data)

    with pytest.raises(AssessError, match="is running"):
        restore(home, file)

    os.close(running)
    restore(home, file)


@pytest.mark.parametrize("what", ["no keys", "other keys", "the keys of other people", "altered"])
def test_what_does_not_fit_together_is_refused_and_changes_nothing(
    opened: Installation, home: Settings, tmp_path: Path, what: str
) -> None:
    add_client(opened)
    file = backup(opened, tmp_path / "copies")
    close(opened)
    before = home.database_file.read_bytes()
    if what in {"no keys", "other keys"}:
        shutil.rmtree(home.keys)
    if what == "other keys":
        home.keys.mkdir()
        (home.keys / "database.key").write_bytes(b"k" * 32)
    if what == "the keys of other people":
        shutil.rmtree(home.keys / "people")
    if what == "altered":
        content = bytearray(file.read_bytes())
        content[9000] ^= 1
        file.write_bytes(content)

    with pytest.raises(AssessError, match=r"[Kk]ey|damaged"):
        restore(home, file)

    assert home.database_file.read_bytes() == before
    assert not list(home.data.glob("*restoring*"))
    assert not list(home.data.glob("before-restore*"))


def test_postgresql_has_tools_of_its_own(installation: Installation, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database="postgresql://localhost/assess")

    with pytest.raises(AssessError, match="pg_restore"):
        restore(settings, tmp_path / "copy")


def test_a_torn_line_of_the_ledger_spoils_no_other(tmp_path: Path) -> None:
    people_file = tmp_path / "erased-people.log"
    people_file.write_text("2026-11-22T09:00:00+00:00 first-person-000\n2026-11-22T09:00:00+00:00 torn")

    ledger.enter_person(tmp_path, "second-person-00", at=datetime(2026, 11, 23, tzinfo=UTC))
    ledger.enter_copies(tmp_path, ["copy-without-nam"])

    assert ledger.people(tmp_path) == {"first-person-000", "second-person-00"}
    assert ledger.copies(tmp_path) == {"copy-without-nam"}
