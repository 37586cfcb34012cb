"""Pages of people: welcome, sign in by a link, sign out, help; accounts and installation for the administrator."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from assess import web
from assess.errors import InvalidInput
from assess.i18n import gettext as _
from assess.people import installation as about_installation
from assess.people import links, service
from assess.people.forms import ROLE_NAMES, AccountForm
from assess.people.models import Role

SESSION_COOKIE = "assess_session"
_HOMES = {
    Role.CLIENT: "reports.client_home",
    Role.COACH: "reports.coach_clients",
    Role.LEAD: "programmes.overview",
    Role.ADMINISTRATOR: "people.accounts",
}

pages = Blueprint("people", __name__)


@pages.get("/")
def welcome() -> str | Response:
    """Say what this is, or go to the person's own start page."""
    if web.visitor():
        return redirect(url_for("people.home"), 303)
    return render_template("people/welcome.html")


@pages.get("/home")
def home() -> Response:
    """Go to the start page of the person's first role."""
    roles = web.signed_in().roles
    return redirect(url_for(next((page for role, page in _HOMES.items() if role in roles), "people.help")), 303)


@pages.get("/help")
def help() -> str:
    """Say where to get help."""
    return render_template("people/help.html")


@pages.get("/sign-in")
def sign_in() -> str:
    """Ask for the mail address a link is sent to."""
    return render_template("people/sign_in.html", next=web.local_path(request.args.get("next")))


@pages.post("/sign-in")
def send_link() -> str | tuple[str, int]:
    """Send a sign-in link; the reply is the same for every address."""
    mail, target = request.form.get("mail", ""), web.local_path(request.form.get("next"))
    if "@" not in mail:
        problem = _("Please give your e-mail address, such as name@example.org.")
        return render_template("people/sign_in.html", next=target, mail=mail, problem=problem), 422
    with web.transaction() as tx:
        links.send_sign_in_link(tx, mail, target=target)
    return render_template("people/sign_in_sent.html", by_mail=bool(web.installation().settings.smtp))


@pages.get("/open/<token>")
def open_link(token: str) -> tuple[str, int]:
    """Show a button that uses the link up: a mail scanner that follows links must not."""
    with web.transaction() as tx:
        usable = service.usable_link(tx, token) is not None
    return render_template("people/open_link.html", token=token, usable=usable), 200 if usable else 410


@pages.post("/open/<token>")
def use_link(token: str) -> Response | tuple[str, int]:
    """Sign in by a link."""
    with web.transaction() as tx:
        opened = service.redeem_link(tx, token)
    if opened is None:
        return render_template("people/open_link.html", token=token, usable=False), 410
    session, target = opened
    response = redirect(web.local_path(target), 303)
    secure = web.installation().settings.secure_cookies
    response.set_cookie(SESSION_COOKIE, session, httponly=True, samesite="Lax", secure=secure)
    return response


@pages.post("/sign-out")
def sign_out() -> Response:
    """End every sign-in of this person."""
    with web.transaction() as tx:
        service.close_sessions(tx, tx.actor)
    response = redirect(url_for("people.welcome"), 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@pages.get("/health")
def health() -> str:
    """Say that the service and its database answer."""
    with web.transaction() as tx:
        tx.db.scalar(select(1))
    return "ok"


@pages.get("/people")
def accounts() -> str:
    """List the accounts."""
    with web.transaction() as tx:
        people = [(person, service.name_of(person, tx.vault)) for person in service.everyone(tx)]
        simulated = any(person.simulated for person, _name in people)
        return render_template("people/accounts.html", people=people, role_names=ROLE_NAMES, simulated_here=simulated)


@pages.get("/people/new")
def new_account() -> str:
    """Show the form of a new account."""
    return render_template("people/new_account.html", form=AccountForm())


@pages.post("/people/new")
def make_account() -> Response | tuple[str, int]:
    """Make an account and show its first sign-in link."""
    form = AccountForm()
    if not form.validate():
        return render_template("people/new_account.html", form=form), 422
    try:
        with web.transaction() as tx:
            roles = [Role(role) for role in form.roles.data or ()]
            person = service.create_person(
                tx, name=form.name.data, mail=form.mail.data, roles=roles, locale=form.locale.data
            )
            links.send_sign_in_link(tx, form.mail.data, target="/")
    except InvalidInput as fault:
        for name, message in fault.faults.items():
            form[name].errors = [message]
        return render_template("people/new_account.html", form=form), 422
    flash(_("The account was made and a sign-in link was sent."))
    return redirect(url_for("people.account", person_id=person.id), 303)


@pages.get("/people/<person_id>")
def account(person_id: str) -> str:
    """Show one account."""
    with web.transaction() as tx:
        person = service.person(tx, person_id)
        return render_template(
            "people/account.html", person=person, name=service.name_of(person, tx.vault), role_names=ROLE_NAMES,
            simulated_here=person.simulated,
        )  # fmt: skip


@pages.post("/people/<person_id>")
def change_account(person_id: str) -> Response:
    """Change a person's roles, or close the account."""
    with web.transaction() as tx:
        person = service.person(tx, person_id)
        if "close" in request.form:
            service.close_account(tx, person)
        else:
            service.set_roles(tx, person, [Role(role) for role in request.form.getlist("roles") if role in list(Role)])
    flash(_("The account was changed."))
    return redirect(url_for("people.account", person_id=person_id), 303)


@pages.get("/installation")
def installation() -> str:
    """Show settings and health; no answers, no names."""
    with web.transaction() as tx:
        facts = about_installation.state(tx)
    return render_template("people/installation.html", facts=facts)
