"""What a view needs from the running application: its transaction, the person who asks, and messages to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import current_app, g, request
from sqlalchemy.orm import Session

from assess.transactions import Installation, Transaction

if TYPE_CHECKING:
    from assess.people.service import Visitor


@dataclass(frozen=True, slots=True)
class Hooks:
    """What concepts further right do, in the same transaction, when something happens further left."""

    on_submit: tuple[Callable[[Transaction, Any], object], ...] = ()
    on_scope_withdrawn: tuple[Callable[[Transaction, Any, str], object], ...] = ()
    on_background_changed: tuple[Callable[[Transaction, Any], None], ...] = ()


def hooks() -> Hooks:
    """Return what else is to be done.

    on_submit(tx, administration), on_scope_withdrawn(tx, record, scope), on_background_changed(tx, person).
    """
    return cast(Hooks, current_app.extensions["assess_hooks"])


def installation() -> Installation:
    """Return the running parts of the application."""
    return cast(Installation, current_app.extensions["assess"])


def visitor() -> Visitor | None:
    """Return the person who is signed in, if anyone is."""
    return cast("Visitor | None", g.get("visitor"))


def signed_in() -> Visitor:
    """Return the person who is signed in; the access table has made sure there is one."""
    person = visitor()
    if person is None:
        raise RuntimeError(f"{request.endpoint} asks for a person but the access table lets anyone in")
    return person


def request_session() -> Session:
    """Return the session of this request; the access check and the view share it."""
    if "db" not in g:
        g.db = installation().sessions()
    return cast(Session, g.db)


def is_own_form() -> bool:
    """Return whether a page of ours sent this form: what another site filled in is not offered to be sent again."""
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(installation().settings.base_address).netloc}
    return origin is None or origin.partition("://")[2] in ours


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Open the transaction of a use case: commit at the end, roll back on any error."""
    db = request_session()
    person = visitor()
    try:
        yield installation().on(db, actor=person.id if person else "anyone")
        db.commit()
    except BaseException:
        db.rollback()
        raise


def close_request_session(_: BaseException | None = None) -> None:
    """Give the connection back at the end of a request."""
    db = g.pop("db", None)
    if db is not None:
        db.close()


def local_path(target: str | None, otherwise: str = "/") -> str:
    """Return a path of this service to go to next, never another site's address."""
    # Browsers drop tabs and line ends from addresses, so that "/<tab>/" would lead away as "//" does.
    is_path = target and target.startswith("/") and not target.startswith("//")
    if target and is_path and "\\" not in target and target.isprintable():
        return target
    return otherwise
