"""The table of concerns."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped

from assess.db import Base, column, id_column
from assess.vault import SHORTEST_SEALED


class Concern(Base):
    """Something a client asks or reports.

    Sealed with the contexts ("concern", id, "text") and ("concern", id, "reply").
    """

    __tablename__ = "concern"
    __table_args__ = (
        CheckConstraint(f"length(text_sealed) >= {SHORTEST_SEALED}", "text_is_sealed"),
        CheckConstraint(f"reply_sealed IS NULL OR length(reply_sealed) >= {SHORTEST_SEALED}", "reply_is_sealed"),
    )

    id: Mapped[str] = id_column()
    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"), index=True)
    administration_id: Mapped[str | None] = column("pseudonym", ForeignKey("administration.id", ondelete="CASCADE"))
    kind: Mapped[str] = column("internal")
    text_sealed: Mapped[bytes] = column("content", LargeBinary)
    reply_sealed: Mapped[bytes | None] = column("content", LargeBinary)
    owner_role: Mapped[str] = column("internal")
    raised_at: Mapped[datetime] = column("internal")
    due_on: Mapped[date] = column("internal")
    closed_at: Mapped[datetime | None] = column("internal")
