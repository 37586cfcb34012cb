"""The table of frozen aggregates."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped

from assess.db import Base, column, id_column


class AggregateRelease(Base):
    """One scale at one wave as it was released for all to read; never edited, the highest number counts.

    `members` are the sittings behind it: they decide when a next release gives nobody away. A hidden figure has none.
    """

    __tablename__ = "aggregate_release"
    __table_args__ = (
        UniqueConstraint(
            "programme_id",
            "instrument_id",
            "instrument_version",
            "scale_id",
            "wave_kind",
            "number",
            name="uq_aggregate_release",
        ),
    )

    id: Mapped[str] = id_column()
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"))
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    scale_id: Mapped[str] = column("internal")
    wave_kind: Mapped[str] = column("internal")
    number: Mapped[int] = column("internal")
    count: Mapped[int | None] = column("internal")
    mean: Mapped[int | None] = column("internal")
    hidden: Mapped[str | None] = column("internal")
    members: Mapped[list[str]] = column("pseudonym", JSON)
    made_by: Mapped[str] = column("pseudonym")
    made_at: Mapped[datetime] = column("internal")
