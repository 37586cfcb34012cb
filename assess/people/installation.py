"""The state of an installation, for its administrator: no answers, no names."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy import func, select

from assess.audit import AuditEvent
from assess.jobs import Job
from assess.people.models import OutboxMessage, Person
from assess.transactions import Transaction


@dataclass(frozen=True, slots=True)
class State:
    """What an administrator needs to know is in order."""

    version: str
    database: str
    mail_by: str
    people: int
    keys: int
    events: int
    chain_unbroken: bool
    jobs_waiting: int
    jobs_failed: int
    mail_waiting: int
    instruments: int


def state(tx: Transaction) -> State:
    """Look at keys, log, jobs and mail."""
    people = tx.db.scalars(select(Person.id).where(Person.erased_at.is_(None))).all()
    return State(
        version=version("assess"),
        database=tx.db.get_bind().dialect.name,
        mail_by="smtp" if tx.settings.smtp else "outbox",
        people=len(people),
        keys=sum(tx.vault.holds(person_id) for person_id in people),
        events=_count(tx, AuditEvent.id),
        chain_unbroken=next(iter(tx.recorder.broken(tx.db)), None) is None,
        jobs_waiting=_count(tx, Job.id, Job.state.in_(["waiting", "running"])),
        jobs_failed=_count(tx, Job.id, Job.state == "failed"),
        mail_waiting=_count(tx, OutboxMessage.id, OutboxMessage.sent_at.is_(None)),
        instruments=len(tx.catalogue.all()),
    )


def _count(tx: Transaction, column: object, *conditions: object) -> int:
    return tx.db.scalar(select(func.count(column)).where(*conditions)) or 0  # type: ignore[arg-type]
