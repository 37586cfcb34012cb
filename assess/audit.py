"""The audit log: what was done, by whom, to whose data. Ids only, never content; one keyed chain per subject."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint, bindparam, func, insert, select
from sqlalchemy.orm import Mapped, Session

from assess.db import Base, column, id_column, new_id
from assess.statements import Statement


class Event(StrEnum):
    """Everything that is recorded, as source:subject:action."""

    PERSON_CREATED = "person:account:create"
    PERSON_ROLE_GIVEN = "person:role:give"
    PERSON_ROLE_TAKEN = "person:role:take"
    PERSON_CLOSED = "person:account:close"
    PERSON_ERASED = "person:data:erase"
    PERSON_EXPORTED = "person:data:export"
    SIGNED_IN = "person:session:open"
    SIGNED_OUT = "person:session:close"
    INVITED = "person:invitation:send"
    OUTBOX_READ = "person:mail:read"
    ENGAGEMENT_CREATED = "programme:engagement:create"
    ENGAGEMENT_STOPPED = "programme:engagement:stop"
    TIES_DECLARED = "programme:ties:declare"
    CONSENT_GRANTED = "consent:record:grant"
    CONSENT_RENEWED = "consent:record:renew"
    CONSENT_WITHDRAWN = "consent:record:withdraw"
    SCOPE_GRANTED = "consent:scope:grant"
    SCOPE_WITHDRAWN = "consent:scope:withdraw"
    COMPREHENSION_TRIED = "consent:comprehension:try"
    ADMINISTRATION_STARTED = "administration:sitting:start"
    ADMINISTRATION_SUBMITTED = "administration:sitting:submit"
    ADMINISTRATION_DECLINED = "administration:sitting:decline"
    BACKGROUND_SAVED = "person:background:save"
    ANSWERS_SAVED = "responses:answers:save"
    ITEM_REMARKED = "responses:item:remark"
    SCORED = "scoring:score:compute"
    RESULT_READ = "reports:result:read"
    REPORT_READ = "reports:report:read"
    QUESTION_ASKED = "safeguarding:concern:raise"
    QUESTION_READ = "safeguarding:concern:read"
    QUESTION_ANSWERED = "safeguarding:concern:answer"
    RESPONSES_IMPORTED = "analysis:responses:import"
    AUDIT_STARTED = "analysis:audit:start"
    AUDIT_FINISHED = "analysis:audit:finish"
    RELEASE_SIGNED = "release:verdict:sign"
    RELEASE_REFUSED = "release:verdict:refuse"
    RELEASE_SUSPENDED = "release:verdict:suspend"
    POLICY_CHANGED = "release:policy:change"
    AGGREGATE_READ = "reports:aggregate:read"
    ENGAGEMENT_PURGED = "privacy:engagement:purge"
    PURGE_CERTIFIED = "privacy:purge:certify"
    BACKUP_MADE = "privacy:backup:make"
    BACKUP_RESTORED = "privacy:backup:restore"


class AuditEvent(Base):
    """One thing done; `digest` chains it to the subject's event before it."""

    __tablename__ = "audit_event"
    __table_args__ = (UniqueConstraint("subject_id", "sequence"),)

    id: Mapped[str] = id_column()
    subject_id: Mapped[str] = column("pseudonym", index=True)
    sequence: Mapped[int] = column("internal")
    at: Mapped[datetime] = column("internal")
    actor_id: Mapped[str] = column("pseudonym")
    event: Mapped[str] = column("internal")
    object_id: Mapped[str] = column("internal")
    digest: Mapped[str] = column("internal")


_EVENTS = AuditEvent.__table__
_LAST = Statement(
    select(_EVENTS.c.sequence, _EVENTS.c.digest)
    .where(_EVENTS.c.subject_id == bindparam("subject"))
    .order_by(_EVENTS.c.sequence.desc())
    .limit(1)
)
_APPEND = Statement(insert(_EVENTS))  # type: ignore[arg-type]
_ONE_AFTER_ANOTHER = Statement(select(func.pg_advisory_xact_lock(func.hashtext(bindparam("subject"))).label("held")))


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes the log with the installation's key, in the caller's transaction."""

    key: bytes

    def record(self, db: Session, event: Event, *, actor: str, subject: str, about: str = "", now: datetime) -> None:
        """Append to the subject's chain: `actor` did `event` concerning `subject`; `about` is an object's id."""
        if db.get_bind().dialect.name == "postgresql":
            _ONE_AFTER_ANOTHER.first(db, subject=subject)
        last = _LAST.first(db, subject=subject)
        sequence, before = (last.sequence + 1, last.digest) if last else (0, "")
        digest = _link(self.key, before, sequence, now, actor, event, subject, about)
        _APPEND.run(db, {"id": new_id(), "subject_id": subject, "sequence": sequence, "at": now, "actor_id": actor,
                         "event": event, "object_id": about, "digest": digest})  # fmt: skip

    def broken(self, db: Session) -> Iterable[str]:
        """Yield the id of every event that was altered, or stands after one that was removed."""
        before, subject, expected = "", None, 0
        for row in db.scalars(select(AuditEvent).order_by(AuditEvent.subject_id, AuditEvent.sequence)):
            if row.subject_id != subject:
                before, subject, expected = "", row.subject_id, 0
            made = _link(self.key, before, row.sequence, row.at, row.actor_id, row.event, row.subject_id, row.object_id)
            if row.sequence != expected or made != row.digest:
                yield row.id
            before, expected = row.digest, row.sequence + 1


def _link(key: bytes, before: str, sequence: int, at: datetime, *facts: str) -> str:
    message = "\x1f".join((before, str(sequence), at.isoformat(), *facts))
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()
