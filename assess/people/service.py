"""Use cases of people: make an account, send a link, open and close a sign-in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from assess.audit import Event
from assess.db import new_id
from assess.errors import InvalidInput, KeyDestroyed, NotFound, Refused
from assess.i18n import gettext as _
from assess.people.models import Link, Person, PersonRole, Role, SignInSession
from assess.statements import Statement
from assess.transactions import Transaction
from assess.vault import Vault

_SESSIONS_KEPT = timedelta(days=30)  # after they ran out


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who is signed in, as pages and the access table need them."""

    id: str
    display_name: str
    roles: frozenset[Role]
    locale: str
    simulated: bool


def create_person(
    tx: Transaction, *, name: str, mail: str, roles: Iterable[Role], locale: str = "en", simulated: bool = False
) -> Person:
    """Make an account with a key of its own; a mail address in use is refused."""
    name, mail = name.strip(), normalise_mail(mail)
    faults = {}
    if not name:
        faults["name"] = _("Please give a name.")
    if "@" not in mail or mail.startswith("@") or mail.endswith("@"):
        faults["mail"] = _("Please give an e-mail address such as name@example.org.")
    index = tx.vault.index(mail)
    if tx.db.scalar(select(Person.id).where(Person.mail_index == index)):
        faults["mail"] = _("Someone with this e-mail address has an account already.")
    if faults:
        raise InvalidInput(faults)
    person_id = new_id()
    tx.vault.create(person_id)
    person = Person(
        id=person_id,
        mail_index=index,
        name_sealed=tx.vault.seal(person_id, name, "person", "name"),
        mail_sealed=tx.vault.seal(person_id, mail, "person", "mail"),
        locale=locale,
        simulated=simulated,
        created_at=tx.now,
        role_rows=[PersonRole(role=role) for role in sorted(set(roles))],
    )
    tx.db.add(person)
    tx.db.flush()
    tx.record(Event.PERSON_CREATED, subject=person_id)
    return person


def normalise_mail(mail: str) -> str:
    """Return the form of a mail address under which it is looked up."""
    return mail.strip().casefold()


def name_of(person: Person, vault: Vault) -> str:
    """Return a person's name, or that they were erased."""
    return _open_name(person.id, person.name_sealed, vault)


def _open_name(person_id: str, name_sealed: bytes | None, vault: Vault) -> str:
    if name_sealed is None:
        return _("erased person")
    try:
        return vault.open(person_id, name_sealed, "person", "name")
    except KeyDestroyed:
        return _("erased person")


def mail_of(person: Person, vault: Vault) -> str:
    """Return a person's mail address."""
    if person.mail_sealed is None:
        raise KeyDestroyed(_("This person's data was erased."))
    return vault.open(person.id, person.mail_sealed, "person", "mail")


def person(tx: Transaction, person_id: str) -> Person:
    """Return a person, or say that there is none."""
    found = tx.db.get(Person, person_id)
    if found is None:
        raise NotFound
    return found


def everyone(tx: Transaction) -> Sequence[Person]:
    """Return all people who were not erased, newest first."""
    return tx.db.scalars(select(Person).where(Person.erased_at.is_(None)).order_by(Person.created_at.desc())).all()


def find_by_mail(tx: Transaction, mail: str) -> Person | None:
    """Return the person of a mail address, if they have an open account."""
    person = tx.db.scalar(select(Person).where(Person.mail_index == tx.vault.index(normalise_mail(mail))))
    return person if person and person.closed_at is None and person.erased_at is None else None


def issue_link(tx: Transaction, person: Person, *, target: str = "/", hours: int | None = None) -> str:
    """Return the address of a new single-use sign-in link that leads to `target`."""
    token = secrets.token_urlsafe(24)
    tx.db.add(
        Link(
            person_id=person.id,
            token_digest=digest(token),
            target=target,
            expires_at=tx.now + timedelta(hours=hours or tx.settings.link_hours),
        )
    )
    return f"{tx.settings.base_address}/open/{token}"


def set_roles(tx: Transaction, person: Person, roles: Iterable[Role]) -> None:
    """Give and take roles; each change is recorded."""
    wanted, held = frozenset(roles), person.roles
    if Role.ADMINISTRATOR not in wanted and is_only_administrator(tx, person):
        raise Refused(_("This is the only administrator. Give the role to someone else first."))
    person.role_rows = [row for row in person.role_rows if Role(row.role) in wanted]
    person.role_rows += [PersonRole(role=role) for role in sorted(wanted - held)]
    for role in sorted(wanted ^ held):
        given = role in wanted
        tx.record(Event.PERSON_ROLE_GIVEN if given else Event.PERSON_ROLE_TAKEN, subject=person.id, about=role)
    tx.db.flush()


def close_account(tx: Transaction, person: Person) -> None:
    """End a person's access for good; what they left is kept until its time. Closing again changes nothing."""
    if person.closed_at is not None:
        return
    if is_only_administrator(tx, person):
        raise Refused(_("This is the only administrator. Give the role to someone else first."))
    person.closed_at = tx.now
    shut_out(tx, person)
    tx.record(Event.PERSON_CLOSED, subject=person.id)


def shut_out(tx: Transaction, person: Person) -> None:
    """End every sign-in of a person and every link that could begin one, and keep neither."""
    close_sessions(tx, person.id)
    tx.db.execute(delete(SignInSession).where(SignInSession.person_id == person.id))
    tx.db.execute(delete(Link).where(Link.person_id == person.id))


def forget_old_access(tx: Transaction) -> None:
    """Delete links that have run out, and sign-ins that ended long ago; the log remembers who signed in when."""
    tx.db.execute(delete(Link).where(Link.expires_at <= tx.now))
    tx.db.execute(delete(SignInSession).where(SignInSession.expires_at <= tx.now - _SESSIONS_KEPT))


def is_only_administrator(tx: Transaction, person: Person) -> bool:
    """Return whether nobody could administer the installation without this person."""
    if Role.ADMINISTRATOR not in person.roles:
        return False
    others = (
        select(PersonRole.person_id)
        .join(Person, Person.id == PersonRole.person_id)
        .where(PersonRole.role == Role.ADMINISTRATOR, Person.id != person.id, Person.closed_at.is_(None))
    )
    return tx.db.scalar(others.limit(1)) is None


def usable_link(tx: Transaction, token: str) -> Link | None:
    """Return the link of a token if it was not used, has not run out and its person still has an account."""
    # Locked, so that of two presses at the same moment only one signs in.
    link = tx.db.scalar(select(Link).where(Link.token_digest == digest(token)).with_for_update())
    if link is None or link.used_at is not None or link.expires_at <= tx.now:
        return None
    person = tx.db.get_one(Person, link.person_id)
    return None if person.closed_at or person.erased_at else link


def redeem_link(tx: Transaction, token: str) -> tuple[str, str] | None:
    """Use a link up; return the token of the new session and where the link leads, or None if it is not usable."""
    link = usable_link(tx, token)
    if link is None:
        return None
    link.used_at = tx.now
    return open_session(tx, link.person_id), link.target


def open_session(tx: Transaction, person_id: str) -> str:
    """Open a sign-in and return its token, which only the browser keeps."""
    token = secrets.token_urlsafe(24)
    session = SignInSession(
        person_id=person_id,
        token_digest=digest(token),
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=tx.settings.session_hours),
    )
    tx.db.add(session)
    tx.db.flush()
    tx.record(Event.SIGNED_IN, subject=person_id, about=session.id)
    return token


def close_sessions(tx: Transaction, person_id: str) -> None:
    """End every open sign-in of a person."""
    for session in tx.db.scalars(
        select(SignInSession).where(SignInSession.person_id == person_id, SignInSession.revoked_at.is_(None))
    ):
        session.revoked_at = tx.now
        tx.record(Event.SIGNED_OUT, subject=person_id, about=session.id)


def visitor_of(db: Session, vault: Vault, token: str | None, *, now: object) -> Visitor | None:
    """Return who a session token belongs to, if the session is open."""
    if not token:
        return None
    rows = _SIGNED_IN.all(db, digest=digest(token), now=now)
    if not rows:
        return None
    person_id, name_sealed, locale, simulated, _role = rows[0]
    roles = frozenset(Role(row.role) for row in rows if row.role)
    return Visitor(person_id, _open_name(person_id, name_sealed, vault), roles, locale, simulated)


_PERSON, _ROLE, _SESSION = Person.__table__, PersonRole.__table__, SignInSession.__table__
_SIGNED_IN = Statement(
    select(_PERSON.c.id, _PERSON.c.name_sealed, _PERSON.c.locale, _PERSON.c.simulated, _ROLE.c.role)
    .join(_SESSION, _SESSION.c.person_id == _PERSON.c.id)
    .outerjoin(_ROLE, _ROLE.c.person_id == _PERSON.c.id)
    .where(
        _SESSION.c.token_digest == bindparam("digest"),
        _SESSION.c.revoked_at.is_(None),
        _SESSION.c.expires_at > bindparam("now"),
        _PERSON.c.closed_at.is_(None),
        _PERSON.c.erased_at.is_(None),
    )
)


def digest(token: str) -> str:
    """Return what is stored of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()
