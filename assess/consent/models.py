"""Tables of consent texts, comprehension attempts, drafts, records and scopes; what is locked in them stays locked."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import DDL, JSON, ForeignKey, Index, Table, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, relationship

from assess.db import Base, column, id_column


class ConsentText(Base):
    """One version of the text in one language, as it was shown, under the digest of its content."""

    __tablename__ = "consent_text"

    digest: Mapped[str] = column("internal", primary_key=True)
    version: Mapped[str] = column("internal")
    locale: Mapped[str] = column("internal")
    valid_from: Mapped[date] = column("internal")
    material: Mapped[bool] = column("internal")
    supersedes: Mapped[str | None] = column("internal")
    content: Mapped[str] = column("internal")
    stored_at: Mapped[datetime] = column("internal")


class ComprehensionAttempt(Base):
    """One round of the comprehension check: which questions were right; the round is never reset."""

    __tablename__ = "comprehension_attempt"
    __table_args__ = (UniqueConstraint("engagement_id", "text_digest", "round"),)

    id: Mapped[str] = id_column()
    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), index=True)
    text_digest: Mapped[str] = column("internal", ForeignKey("consent_text.digest"))
    round: Mapped[int] = column("internal")
    right: Mapped[dict[str, bool]] = column("internal", JSON)
    passed: Mapped[bool] = column("internal")
    attempted_at: Mapped[datetime] = column("internal")


class ConsentDraft(Base):
    """How far someone has come on the way to a record; it goes when the record is made.

    `eligible` is a yes or a no, never a birth date. `text_digest` is the text that was read.
    """

    __tablename__ = "consent_draft"

    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), primary_key=True)
    eligible: Mapped[bool | None] = column("internal")
    text_digest: Mapped[str | None] = column("internal", ForeignKey("consent_text.digest"))
    scopes: Mapped[list[str] | None] = column("internal", JSON(none_as_null=True))
    updated_at: Mapped[datetime] = column("internal")


class ConsentRecord(Base):
    """What one client agreed to in one engagement; never edited, only superseded or withdrawn."""

    __tablename__ = "consent_record"
    __table_args__ = (
        Index(
            "uq_consent_record_in_force",
            "engagement_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[str] = id_column("pseudonym")
    engagement_id: Mapped[str] = column("pseudonym", ForeignKey("engagement.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id"), index=True)
    text_digest: Mapped[str] = column("internal", ForeignKey("consent_text.digest"))
    text_version: Mapped[str] = column("internal")
    locale: Mapped[str] = column("internal")
    eligible: Mapped[bool] = column("internal")
    comprehension_rounds: Mapped[int] = column("internal")
    snapshot: Mapped[str] = column("internal")
    snapshot_digest: Mapped[str] = column("internal")
    granted_at: Mapped[datetime] = column("internal")
    superseded_at: Mapped[datetime | None] = column("internal")
    withdrawn_at: Mapped[datetime | None] = column("internal")

    scopes: Mapped[list[ConsentScope]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="ConsentScope.scope"
    )


class ConsentScope(Base):
    """One scope of one record, granted and perhaps withdrawn."""

    __tablename__ = "consent_scope"
    __table_args__ = (UniqueConstraint("record_id", "scope"),)

    id: Mapped[str] = id_column()
    record_id: Mapped[str] = column("pseudonym", ForeignKey("consent_record.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = column("internal")
    granted_at: Mapped[datetime] = column("internal")
    withdrawn_at: Mapped[datetime | None] = column("internal")


# The columns that may change once, from nothing to a moment; everything else in these tables is locked by the database.
_MAY_BE_SET = {
    "consent_text": (),
    "consent_record": ("superseded_at", "withdrawn_at"),
    "consent_scope": ("withdrawn_at",),
}


def locks(dialect: str) -> tuple[str, ...]:
    """Return the statements that lock the tables, for `create_all` and for the migration."""
    return tuple(statement for table in _MAY_BE_SET for statement in _lock(Base.metadata.tables[table], dialect))


def _lock(table: Table, dialect: str) -> tuple[str, ...]:
    once = _MAY_BE_SET[table.name]
    differs = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
    broken = [f"NEW.{c.name} {differs} OLD.{c.name}" for c in table.columns if c.name not in once]
    broken += [f"(OLD.{name} IS NOT NULL AND NEW.{name} {differs} OLD.{name})" for name in once]
    name, condition = f"{table.name}_is_locked", " OR ".join(broken)
    if dialect == "postgresql":
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table.name} is never edited'; END $$",
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table.name} FOR EACH ROW WHEN ({condition}) "
            f"EXECUTE FUNCTION {name}()",
        )
    return (
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table.name} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{table.name} is never edited'); END",
    )


for _table in _MAY_BE_SET:
    for _dialect in ("sqlite", "postgresql"):
        for _statement in _lock(Base.metadata.tables[_table], _dialect):
            _ddl = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
            event.listen(Base.metadata.tables[_table], "after_create", _ddl)
