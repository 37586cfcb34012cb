"""Tables of people, their roles, links, sessions and outgoing mail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, relationship

from assess.db import Base, column, id_column
from assess.vault import SHORTEST_SEALED


class Role(StrEnum):
    """What a person does here; one person may do several things."""

    CLIENT = "client"
    COACH = "coach"
    LEAD = "lead"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Person(Base):
    """Someone with an account. `erased_at`: the key is gone and only this row remains."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(f"length(name_sealed) >= {SHORTEST_SEALED}", "name_is_sealed"),
        CheckConstraint(f"length(mail_sealed) >= {SHORTEST_SEALED}", "mail_is_sealed"),
        CheckConstraint(f"length(background_sealed) >= {SHORTEST_SEALED}", "background_is_sealed"),
    )

    id: Mapped[str] = id_column("pseudonym")
    mail_index: Mapped[str | None] = column("identity", unique=True)
    name_sealed: Mapped[bytes | None] = column("identity", LargeBinary)
    mail_sealed: Mapped[bytes | None] = column("identity", LargeBinary)
    background_sealed: Mapped[bytes | None] = column("content", LargeBinary)
    locale: Mapped[str] = column("internal", default="en")
    simulated: Mapped[bool] = column("internal", default=False)
    created_at: Mapped[datetime] = column("internal")
    closed_at: Mapped[datetime | None] = column("internal")
    erased_at: Mapped[datetime | None] = column("internal")

    role_rows: Mapped[list[PersonRole]] = relationship(lazy="selectin", cascade="all, delete-orphan")

    @property
    def roles(self) -> frozenset[Role]:
        """What the person does here."""
        return frozenset(Role(row.role) for row in self.role_rows)


class PersonRole(Base):
    """One role of one person."""

    __tablename__ = "person_role"

    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = column("internal", primary_key=True)


class Link(Base):
    """A link that was sent to someone: it works once, until it runs out."""

    __tablename__ = "link"

    id: Mapped[str] = id_column()
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[str] = column("internal", unique=True)
    target: Mapped[str] = column("internal", default="/")
    expires_at: Mapped[datetime] = column("internal")
    used_at: Mapped[datetime | None] = column("internal")


class SignInSession(Base):
    """An open sign-in; the cookie holds the token, the row its digest."""

    __tablename__ = "sign_in_session"

    id: Mapped[str] = id_column()
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[str] = column("internal", unique=True)
    created_at: Mapped[datetime] = column("internal")
    expires_at: Mapped[datetime] = column("internal")
    revoked_at: Mapped[datetime | None] = column("internal")


class OutboxMessage(Base):
    """A mail to someone: sent by SMTP when that is set up, else read here by a lead and passed on."""

    __tablename__ = "outbox_message"
    __table_args__ = (CheckConstraint(f"length(body_sealed) >= {SHORTEST_SEALED}", "body_is_sealed"),)

    id: Mapped[str] = id_column()
    person_id: Mapped[str] = column("pseudonym", ForeignKey("person.id", ondelete="CASCADE"), index=True)
    programme_id: Mapped[str | None] = column("internal", index=True)
    kind: Mapped[str] = column("internal")
    locale: Mapped[str] = column("internal")
    body_sealed: Mapped[bytes] = column("content", LargeBinary)
    created_at: Mapped[datetime] = column("internal")
    sent_at: Mapped[datetime | None] = column("internal")
    problem: Mapped[str] = column("internal", default="")
