"""The audit log: one keyed chain per subject."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from assess.audit import AuditEvent, Event, Recorder


@pytest.fixture
def log(tx):
    """A log of three events on each of two subjects."""
    for _ in range(3):
        tx.record(Event.SIGNED_IN, subject="ada", about="session")
        tx.record(Event.RESULT_READ, subject="ben", about="result")
    return tx


def test_an_untouched_log_is_unbroken(log):
    assert list(log.recorder.broken(log.db)) == []


@pytest.mark.parametrize("change", [{"actor_id": "eve"}, {"event": "x"}, {"object_id": "y"}, {"digest": "z"}])
def test_an_altered_event_is_found(log, change):
    (_, second, _) = log.db.scalars(select(AuditEvent).where(AuditEvent.subject_id == "ada").order_by("sequence")).all()

    log.db.execute(update(AuditEvent).where(AuditEvent.id == second.id).values(**change))
    log.db.expire_all()

    assert second.id in set(log.recorder.broken(log.db))


def test_a_removed_event_is_found(log):
    log.db.execute(delete(AuditEvent).where(AuditEvent.subject_id == "ada", AuditEvent.sequence == 1))

    assert len(list(log.recorder.broken(log.db))) == 1


def test_a_log_rewritten_without_the_key_is_found(log):
    assert len(list(Recorder(b"another key of thirty-two bytes!").broken(log.db))) == 6
