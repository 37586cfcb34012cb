"""Tables of answers, remarks on items, and de-identified copies."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped

from assess.db import Base, column, id_column
from assess.vault import SHORTEST_SEALED


class Response(Base):
    """One answer (or skip) to one item; the highest revision is the one in force.

    Sealed with the context ("response", administration id, item id, revision).
    """

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("administration_id", "item_id", "revision"),
        CheckConstraint(f"length(sealed) >= {SHORTEST_SEALED}", "answer_is_sealed"),
    )

    id: Mapped[str] = id_column()
    administration_id: Mapped[str] = column("pseudonym", ForeignKey("administration.id", ondelete="CASCADE"))
    item_id: Mapped[str] = column("internal")
    revision: Mapped[int] = column("internal")
    sealed: Mapped[bytes] = column("content", LargeBinary)
    saved_at: Mapped[datetime] = column("internal")


class ItemRemark(Base):
    """A client says that an item is unclear, intrusive or does not fit their culture; the comment is sealed."""

    __tablename__ = "item_remark"
    __table_args__ = (
        UniqueConstraint("administration_id", "item_id", "kind"),
        CheckConstraint(f"comment_sealed IS NULL OR length(comment_sealed) >= {SHORTEST_SEALED}", "comment_is_sealed"),
    )

    id: Mapped[str] = id_column()
    administration_id: Mapped[str] = column("pseudonym", ForeignKey("administration.id", ondelete="CASCADE"))
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    locale: Mapped[str] = column("internal")
    item_id: Mapped[str] = column("internal")
    kind: Mapped[str] = column("internal")
    comment_sealed: Mapped[bytes | None] = column("content", LargeBinary)
    created_at: Mapped[datetime] = column("internal")


class DeidentifiedAdministration(Base):
    """A submitted administration without the person, for checking the questionnaire.

    `way_back` is a pseudonym made with the client's key, so that withdrawing can find the copy; once the key is
    destroyed nobody can. `answers` holds item → code, or item → kind of missing.
    """

    __tablename__ = "deidentified_administration"

    id: Mapped[str] = id_column()
    way_back: Mapped[str | None] = column("deidentified", unique=True)
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id"), index=True)
    instrument_id: Mapped[str] = column("internal", index=True)
    instrument_version: Mapped[str] = column("internal")
    locale: Mapped[str] = column("internal")
    wave_kind: Mapped[str] = column("internal")
    month: Mapped[date] = column("deidentified")
    simulated: Mapped[bool] = column("internal", default=False)
    groups: Mapped[dict[str, str]] = column("deidentified", JSON)
    answers: Mapped[dict[str, int | str]] = column("deidentified", JSON)
