"""Long work: a row is the job, its queue entry, its progress and its lease.

The row is written in the same transaction as what asked for it, so no job is lost between two stores; a worker that
dies lets its lease run out, and the next look takes the job up again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Mapped, Session, sessionmaker

from assess.db import Base, column, id_column, transaction
from assess.errors import AssessError
from assess.problems import WorkStopped, coded

_LEASE = timedelta(seconds=60)
_MOST_ATTEMPTS = 3
# How long a job waits before each further attempt, when what it needs outside was away.
_PAUSES = [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1)]
_PLANNING = 60.0  # seconds between two looks at the calendar
_log = logging.getLogger(__name__)


class Away(AssessError):
    """Something outside that the work needs is away for now; the job is tried again later."""


class Job(Base):
    """One piece of long work; `payload` holds ids only. A waiting job with a lease is not touched before that ends."""

    __tablename__ = "job"

    id: Mapped[str] = id_column()
    kind: Mapped[str] = column("internal")
    payload: Mapped[str] = column("internal", default="{}")
    state: Mapped[str] = column("internal", default="waiting", index=True)
    stage: Mapped[str] = column("internal", default="")
    progress: Mapped[float] = column("internal", default=0.0)
    attempts: Mapped[int] = column("internal", default=0)
    problem: Mapped[str] = column("internal", default="")
    created_at: Mapped[datetime] = column("internal")
    leased_until: Mapped[datetime | None] = column("internal")
    finished_at: Mapped[datetime | None] = column("internal")

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"done", "failed"}


@dataclass(frozen=True, slots=True)
class Work:
    """What a handler gets: its ids, short transactions, and a way to say how far it is."""

    job_id: str
    payload: Mapping[str, Any]
    sessions: sessionmaker[Session]
    listen: Callable[[float, str], None] = lambda *_: None

    def progress(self, fraction: float, stage: str) -> None:
        """Say how much is done (0 to 1) and what is being done (a code); it also renews the lease."""
        self.listen(fraction, stage)
        with transaction(self.sessions) as db:
            job = db.get_one(Job, self.job_id)
            job.progress, job.stage = max(job.progress, min(fraction, 1.0)), stage
            job.leased_until = datetime.now(UTC) + _LEASE


Handler = Callable[[Work], None]


def enqueue(db: Session, kind: str, payload: Mapping[str, Any], *, now: datetime) -> Job:
    """Ask for a job in the caller's transaction."""
    job = Job(kind=kind, payload=json.dumps(payload), created_at=now)
    db.add(job)
    db.flush()
    return job


def enqueue_daily(db: Session, kind: str, *, now: datetime) -> None:
    """Ask for a job that needs no ids, unless it was asked for within a day."""
    asked_at = db.scalar(select(func.max(Job.created_at)).where(Job.kind == kind))
    if asked_at is None or now - asked_at >= timedelta(days=1):
        enqueue(db, kind, {}, now=now)


def run_next(sessions: sessionmaker[Session], handlers: Mapping[str, Handler]) -> bool:
    """Run one waiting (or abandoned) job; return whether there was one."""
    with transaction(sessions) as db:
        job = _claim(db, datetime.now(UTC))
        if job is None:
            return False
    _perform(job, sessions, handlers)
    return True


def run_this(
    sessions: sessionmaker[Session], handlers: Mapping[str, Handler], job_id: str,
    *, listen: Callable[[float, str], None] = lambda *_: None,
) -> bool:  # fmt: skip
    """Run one certain job here, unless a worker has taken it already; return whether it was run here."""
    with transaction(sessions) as db:
        waiting = select(Job).where(Job.id == job_id, Job.state == "waiting")
        job = db.scalars(waiting.with_for_update(skip_locked=True)).one_or_none()
        if job is None:
            return False
        _lease(job, datetime.now(UTC))
    _perform(job, sessions, handlers, listen)
    return True


def _perform(
    job: Job, sessions: sessionmaker[Session], handlers: Mapping[str, Handler],
    listen: Callable[[float, str], None] = lambda *_: None,
) -> None:  # fmt: skip
    """Do the work of a leased job, and say how it ended."""
    work = Work(job.id, json.loads(job.payload), sessions, listen)
    problem, pause = "", None
    try:
        handlers[job.kind](work)
    except Away as error:
        problem = str(error)
        pause = _PAUSES[job.attempts - 1] if job.attempts <= len(_PAUSES) else None
    except WorkStopped as error:
        problem = error.kept
    except AssessError as error:
        problem = str(error)
    except Exception as error:
        _log.exception("job %s of kind %s stopped", job.id, job.kind)
        problem = coded("inside", error=type(error).__name__)
    with transaction(sessions) as db:
        job, now = db.get_one(Job, work.job_id), datetime.now(UTC)
        job.problem = problem
        if pause:
            job.state, job.leased_until = "waiting", now + pause
            return
        job.state, job.finished_at = ("failed" if problem else "done"), now
        job.progress = job.progress if problem else 1.0


def run_forever(
    sessions: sessionmaker[Session], handlers: Mapping[str, Handler], *, pause: float = 0.5,
    stop: Callable[[], bool] = lambda: False, plan: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Run jobs as they come, until `stop` says so; `plan` asks now and then for what the calendar wants."""
    planned_at = -_PLANNING
    while not stop():
        if time.monotonic() - planned_at >= _PLANNING:
            plan()
            planned_at = time.monotonic()
        if not run_next(sessions, handlers):
            time.sleep(pause)


def _claim(db: Session, now: datetime) -> Job | None:
    """Take the oldest job that waits and may be begun, or whose worker let its lease run out."""
    free = or_(Job.leased_until.is_(None), Job.leased_until < now)
    job = db.scalars(
        select(Job)
        .where(Job.state.in_(("waiting", "running")), free)
        .order_by(Job.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if job is None:
        return None
    abandoned = job.state == "running"
    _lease(job, now)
    if abandoned and job.attempts > _MOST_ATTEMPTS:
        job.state, job.finished_at = "failed", now
        job.problem = coded("worker_stopped")
        db.flush()
        return _claim(db, now)
    db.flush()
    return job


def _lease(job: Job, now: datetime) -> None:
    job.state, job.leased_until, job.attempts = "running", now + _LEASE, job.attempts + 1
