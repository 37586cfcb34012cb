"""The table of scores."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped

from assess.db import Base, column, id_column
from assess.vault import SHORTEST_SEALED


class StoredScore(Base):
    """One scale of one sitting computed with the evidence then in force; the highest revision is the one that counts.

    Sealed with the context ("score", administration id, scale id, revision).
    """

    __tablename__ = "score"
    __table_args__ = (
        UniqueConstraint("administration_id", "scale_id", "revision"),
        CheckConstraint(f"length(sealed) >= {SHORTEST_SEALED}", "score_is_sealed"),
    )

    id: Mapped[str] = id_column()
    administration_id: Mapped[str] = column("pseudonym", ForeignKey("administration.id", ondelete="CASCADE"))
    scale_id: Mapped[str] = column("internal")
    revision: Mapped[int] = column("internal")
    sealed: Mapped[bytes] = column("content", LargeBinary)
    computed_at: Mapped[datetime] = column("internal")
