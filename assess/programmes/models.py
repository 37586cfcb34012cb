"""Tables of programmes, batteries, waves, engagements, declared ties and assignments."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from assess.db import Base, column, id_column
from assess.programmes.rules import has_declared
from assess.vault import SHORTEST_SEALED


class WaveKind(StrEnum):
    """When in an engagement something is answered."""

    BASELINE = "baseline"
    MIDPOINT = "midpoint"
    END = "end"
    FOLLOW_UP = "follow_up"


class Programme(Base):
    """A coaching programme of an organisation."""

    __tablename__ = "programme"

    id: Mapped[str] = id_column()
    name: Mapped[str] = column("internal")
    contact: Mapped[str] = column("internal", default="")
    keep_months: Mapped[int] = column("internal", default=24)
    simulated: Mapped[bool] = column("internal", default=False)
    created_at: Mapped[datetime] = column("internal")

    battery: Mapped[list[BatteryInstrument]] = relationship(order_by="BatteryInstrument.position", lazy="selectin")
    waves: Mapped[list[Wave]] = relationship(order_by="Wave.position", lazy="selectin")


class ProgrammeLead(Base):
    """Who leads a programme."""

    __tablename__ = "programme_lead"

    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)


class BatteryInstrument(Base):
    """One instrument of a programme's battery."""

    __tablename__ = "battery_instrument"
    __table_args__ = (UniqueConstraint("programme_id", "instrument_id"),)

    id: Mapped[str] = id_column()
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    position: Mapped[int] = column("internal")


class Wave(Base):
    """One round of answering; due so many days after an engagement begins."""

    __tablename__ = "wave"
    __table_args__ = (UniqueConstraint("programme_id", "kind"),)

    id: Mapped[str] = id_column()
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = column("internal")
    position: Mapped[int] = column("internal")
    due_after_days: Mapped[int] = column("internal")


class Engagement(Base):
    """A client and a coach, from a day to a day (both included).

    `stopped_at`: a tie or a person ended it at once. `purged_at`: what was told in it was kept long enough and is gone.
    """

    __tablename__ = "engagement"

    id: Mapped[str] = id_column("pseudonym")
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id"), index=True)
    client_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"), index=True)
    coach_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"), index=True)
    starts_on: Mapped[date] = column("internal")
    ends_on: Mapped[date] = column("internal")
    stopped_at: Mapped[datetime | None] = column("internal")
    stop_reason: Mapped[str] = column("internal", default="")
    purged_at: Mapped[datetime | None] = column("internal")
    created_at: Mapped[datetime] = column("internal")

    programme: Mapped[Programme] = relationship()
    declarations: Mapped[list[Declaration]] = relationship(lazy="selectin", order_by="Declaration.declared_at")

    @property
    def coach_has_declared(self) -> bool:
        """Whether the coach has said what ties they have to the client."""
        return has_declared(self, self.coach_id)


class Declaration(Base):
    """What one side said about ties to the other, sealed for them, and whether that blocks the engagement."""

    __tablename__ = "declaration"
    __table_args__ = (CheckConstraint(f"length(ties_sealed) >= {SHORTEST_SEALED}", "ties_are_sealed"),)

    id: Mapped[str] = id_column()
    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"))
    ties_sealed: Mapped[bytes] = column("content", LargeBinary)
    blocking: Mapped[bool] = column("internal")
    declared_at: Mapped[datetime] = column("internal")


class Assignment(Base):
    """This client (through the engagement), this instrument, this wave, due then."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("engagement_id", "wave_kind", "instrument_id"),)

    id: Mapped[str] = id_column("pseudonym")
    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), index=True)
    wave_kind: Mapped[str] = column("internal")
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    position: Mapped[int] = column("internal")
    due_on: Mapped[date] = column("internal")
    created_at: Mapped[datetime] = column("internal")
    declined_at: Mapped[datetime | None] = column("internal")

    engagement: Mapped[Engagement] = relationship()
