"""Pages of privacy: my data, taking it along, closing the account, erasing (for someone else, at their wish, too)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from assess import web
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.errors import NotFound
from assess.i18n import gettext as _
from assess.people import service as people
from assess.people.models import Person
from assess.people.views import SESSION_COOKIE
from assess.privacy import export, holdings, service
from assess.transactions import Transaction

pages = Blueprint("privacy", __name__)


@pages.get("/me/data")
def my_data() -> str:
    """Show what is held, what it may be used for, who read it, and what can be done about it."""
    with web.transaction() as tx:
        person = _person(tx)
        return render_template(
            "privacy/my_data.html", held=holdings.holdings(tx, person), allowed=holdings.allowed(tx, person),
            readings=holdings.readings(tx, person), kept_until=holdings.kept_until(tx, person),
            contact=holdings.contact(tx, person),
        )  # fmt: skip


@pages.get("/me/data.json")
def export_json() -> Response:
    """Give everything as one JSON file."""
    with web.transaction() as tx:
        text = export.as_json(export.export(tx, _person(tx)))
    return _file(text, "my-data.json", "application/json")


@pages.get("/me/data.csv")
def export_csv() -> Response:
    """Give everything as one table."""
    with web.transaction() as tx:
        text = export.as_csv(export.export(tx, _person(tx)))
    return _file(text, "my-data.csv", "text/csv; charset=utf-8")


def _file(text: str, name: str, kind: str) -> Response:
    response = make_response(text)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.get("/me/close")
def close_account() -> str:
    """Say what closing does and does not do."""
    with web.transaction() as tx:
        person = _person(tx)
        return render_template(
            "privacy/close.html", kept_until=holdings.kept_until(tx, person), contact=holdings.contact(tx, person)
        )


@pages.post("/me/close")
def close() -> BaseResponse:
    """Close the account."""
    with web.transaction() as tx:
        people.close_account(tx, _person(tx))
    return _goodbye("closed")


@pages.get("/me/erase")
def erase() -> str:
    """Say what erasing does, what stays, and ask for a tick."""
    with web.transaction() as tx:
        return _erase_page(tx, is_unconfirmed=False)


@pages.post("/me/erase")
def erase_everything() -> BaseResponse | tuple[str, int]:
    """Erase the person; their key goes once that is committed."""
    with web.transaction() as tx:
        if not request.form.get("sure"):
            return _erase_page(tx, is_unconfirmed=True), 422
        person = _person(tx)
        copies = _erase(tx, person)
    service.destroy_key(web.installation(), person.id, copies=copies)
    return _goodbye("erased")


@pages.get("/people/<person_id>/erase")
def erase_someone(person_id: str) -> str:
    """Say to the administrator what erasing somebody does, and ask for a tick."""
    with web.transaction() as tx:
        return _erase_someone_page(tx, _someone(tx, person_id), is_unconfirmed=False)


@pages.post("/people/<person_id>/erase")
def erase_at_their_wish(person_id: str) -> BaseResponse | tuple[str, int]:
    """Erase somebody who asked for it and cannot do it alone, such as someone whose account is closed."""
    with web.transaction() as tx:
        person = _someone(tx, person_id)
        if not request.form.get("sure"):
            return _erase_someone_page(tx, person, is_unconfirmed=True), 422
        copies = _erase(tx, person)
    service.destroy_key(web.installation(), person_id, copies=copies)
    flash(_("Everything about this person was erased."))
    return redirect(url_for("people.accounts"), 303)


def _someone(tx: Transaction, person_id: str) -> Person:
    person = people.person(tx, person_id)
    if person.erased_at is not None:
        raise NotFound
    return person


def _erase_someone_page(tx: Transaction, person: Person, *, is_unconfirmed: bool) -> str:
    return render_template(
        "privacy/erase_someone.html", person=person, name=people.name_of(person, tx.vault),
        obstacles=service.obstacles_of(tx, person), is_unconfirmed=is_unconfirmed,
        copies=len(service.deidentified_copies(tx, person)), wants_copies_gone=bool(request.form.get("copies")),
    )  # fmt: skip


def _erase(tx: Transaction, person: Person) -> Sequence[str]:
    """Erase a person; return which copies without a name went as well, because that was ticked."""
    copies = service.deidentified_copies(tx, person) if request.form.get("copies") else ()
    if copies:
        _forget_copies(tx, person)
    service.erase(tx, person)
    return copies


def _erase_page(tx: Transaction, *, is_unconfirmed: bool) -> str:
    person = _person(tx)
    return render_template(
        "privacy/erase.html", obstacles=service.obstacles_of(tx, person), is_unconfirmed=is_unconfirmed,
        copies=len(service.deidentified_copies(tx, person)), wants_copies_gone=bool(request.form.get("copies")),
    )  # fmt: skip


def _forget_copies(tx: Transaction, person: Person) -> None:
    """Take back the permission under which copies without a name were made, which removes them."""
    for standing in holdings.allowed(tx, person):
        if standing.record is None:
            continue
        for scope in consent.withdraw_scope(tx, standing.record, Scope.INSTRUMENT_QUALITY):
            for act in web.hooks().on_scope_withdrawn:
                act(tx, standing.record, scope)


@pages.get("/goodbye/<act>")
def gone(act: str) -> str:
    """Say that it is done; nobody is signed in any more."""
    if act not in ("closed", "erased"):
        raise NotFound
    return render_template("privacy/gone.html", act=act)


def _goodbye(act: str) -> BaseResponse:
    response = redirect(url_for("privacy.gone", act=act), 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


def _person(tx: Transaction) -> Person:
    return tx.db.get_one(Person, tx.actor)
