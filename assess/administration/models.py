"""The table of sittings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, relationship

from assess.db import Base, column, id_column
from assess.programmes.models import Assignment


class Administration(Base):
    """One sitting of one assignment."""

    __tablename__ = "administration"

    id: Mapped[str] = id_column("pseudonym")
    assignment_id: Mapped[str] = column("pseudonym", ForeignKey("assignment.id", ondelete="CASCADE"), unique=True)
    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"), index=True)
    consent_record_id: Mapped[str] = column("pseudonym", ForeignKey("consent_record.id"))
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    instrument_digest: Mapped[str] = column("internal")
    locale: Mapped[str] = column("internal")
    mode: Mapped[str] = column("internal", default="web")
    started_at: Mapped[datetime] = column("internal")
    submitted_at: Mapped[datetime | None] = column("internal")

    assignment: Mapped[Assignment] = relationship()

    @property
    def wave_kind(self) -> str:
        """The wave it belongs to."""
        return self.assignment.wave_kind

    @property
    def programme_id(self) -> str:
        """The programme it belongs to."""
        return self.assignment.engagement.programme_id
