"""Tables of policies, verdicts and sign-offs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from assess.db import Base, column, id_column


class PolicyVersion(Base):
    """A programme's own thresholds, from a moment on, and why; the highest number is in force."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: Mapped[str] = id_column()
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = column("internal")
    default_version: Mapped[str] = column("internal")
    thresholds: Mapped[dict[str, float]] = column("internal", JSON)
    reason: Mapped[str] = column("internal", default="")
    made_by: Mapped[str] = column("pseudonym", ForeignKey("person.id"))
    made_at: Mapped[datetime] = column("internal")


class VerdictState(StrEnum):
    """Where a verdict stands. A signed one stays signed while a newer one bears it out and is not decided itself."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    REPLACED = "replaced"


class VerdictRow(Base):
    """What the gate said about one use of one scale in one language (or of two groups), and from what."""

    __tablename__ = "verdict"
    __table_args__ = (Index("ix_verdict_about", "programme_id", "instrument_id", "instrument_version"),)

    id: Mapped[str] = id_column()
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"))
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    scale_id: Mapped[str] = column("internal")
    use: Mapped[str] = column("internal")
    language: Mapped[str] = column("internal", default="")
    grouping: Mapped[str] = column("internal", default="")
    reference: Mapped[str] = column("internal", default="")
    focal: Mapped[str] = column("internal", default="")
    outcome: Mapped[str] = column("internal")
    reasons: Mapped[list[dict[str, Any]]] = column("internal", JSON)
    conditions: Mapped[list[dict[str, Any]]] = column("internal", JSON)
    reliability: Mapped[dict[str, Any] | None] = column("internal", JSON)
    evidence_digest: Mapped[str] = column("internal")
    policy_version: Mapped[str] = column("internal")
    basis_digest: Mapped[str] = column("internal")
    run_id: Mapped[str | None] = column("internal", ForeignKey("audit_run.id", ondelete="SET NULL"))
    simulated: Mapped[bool] = column("internal", default=False)
    state: Mapped[str] = column("internal", default=VerdictState.WAITING, index=True)
    current: Mapped[bool] = column("internal", default=True)
    decided_at: Mapped[datetime] = column("internal")
    ended_at: Mapped[datetime | None] = column("internal")

    sign_offs: Mapped[list[SignOff]] = relationship(lazy="selectin", order_by="SignOff.signed_at")


class SignOff(Base):
    """A named lead released or refused, on this evidence and policy."""

    __tablename__ = "sign_off"

    id: Mapped[str] = id_column()
    verdict_id: Mapped[str] = column("internal", ForeignKey("verdict.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"))
    released: Mapped[bool] = column("internal")
    reason: Mapped[str] = column("internal", default="")
    evidence_digest: Mapped[str] = column("internal")
    policy_version: Mapped[str] = column("internal")
    signed_at: Mapped[datetime] = column("internal")
