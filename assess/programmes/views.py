"""Pages of programmes: what a lead sets up, and the ties that clients and coaches declare."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from assess import web
from assess.errors import InvalidInput
from assess.i18n import current_locale
from assess.i18n import gettext as _
from assess.people import service as people
from assess.people.models import Person, Role
from assess.programmes import outbox as mail
from assess.programmes import rules, service
from assess.programmes.forms import TIE_NAMES, WAVE_NAMES, EngagementForm, ProgrammeForm
from assess.programmes.models import Engagement, Programme
from assess.transactions import Transaction

pages = Blueprint("programmes", __name__)


@pages.get("/programmes")
def overview() -> str:
    """List the programmes this person leads."""
    with web.transaction() as tx:
        programmes = [
            (programme, len(service.engagements_of_programme(tx, programme.id)))
            for programme in service.programmes_of_lead(tx, tx.actor)
        ]
        simulated = any(programme.simulated for programme, _count in programmes)
        return render_template("programmes/overview.html", programmes=programmes, simulated_here=simulated)


@pages.get("/programmes/new")
def new() -> str:
    """Show the form of a new programme."""
    return render_template("programmes/new.html", form=_programme_form())


@pages.post("/programmes/new")
def make() -> Response | tuple[str, int]:
    """Make a programme."""
    form = _programme_form()
    if not form.validate():
        return render_template("programmes/new.html", form=form), 422
    with web.transaction() as tx:
        programme = service.create_programme(
            tx,
            name=form.name.data,
            contact=form.contact.data,
            lead_id=tx.actor,
            battery=[tuple(choice.split("/")) for choice in form.battery.data],
            waves=rules.plan_waves(form.waves.data, days=7 * form.weeks.data),
            keep_months=form.keep_months.data,
        )
    return redirect(url_for("programmes.programme", programme_id=programme.id), 303)


def _programme_form() -> ProgrammeForm:
    form = ProgrammeForm()
    form.battery.choices = _instrument_choices()
    return form


def _instrument_choices() -> list[SelectChoice]:
    return [
        SelectChoice(f"{instrument.id}/{instrument.version}", instrument.report_language(current_locale()).name)
        for instrument in web.installation().catalogue.all()
        if "coaching" in instrument.contexts
    ]


@pages.get("/programmes/<programme_id>")
def programme(programme_id: str) -> str:
    """Show a programme: battery, waves, engagements."""
    with web.transaction() as tx:
        programme = tx.db.get_one(Programme, programme_id)
        engagements = [
            (engagement, _name(tx, engagement.client_id), _name(tx, engagement.coach_id),
             rules.is_live(engagement, tx.today), rules.is_over(engagement, tx.today))
            for engagement in service.engagements_of_programme(tx, programme_id)
        ]  # fmt: skip
        return render_template(
            "programmes/programme.html",
            programme=programme,
            engagements=engagements,
            advice=rules.advise_on_battery(len(programme.battery)),
            choices=[(choice.value, choice.label) for choice in _instrument_choices()],
            chosen=[f"{entry.instrument_id}/{entry.instrument_version}" for entry in programme.battery],
            wave_names=WAVE_NAMES,
        )


def _name(tx: Transaction, person_id: str) -> str:
    return people.name_of(tx.db.get_one(Person, person_id), tx.vault)


@pages.post("/programmes/<programme_id>/battery")
def battery(programme_id: str) -> Response:
    """Change the battery for engagements to come."""
    chosen = [value for value in request.form.getlist("battery") if value.count("/") == 1]
    with web.transaction() as tx:
        programme = tx.db.get_one(Programme, programme_id)
        service.set_battery(tx, programme, [tuple(value.split("/")) for value in chosen])  # type: ignore[misc]
    flash(_("The battery was changed. Engagements that exist already keep theirs."))
    return redirect(url_for("programmes.programme", programme_id=programme_id), 303)


@pages.get("/programmes/<programme_id>/outbox")
def outbox(programme_id: str) -> str:
    """Show the mail to the people of a programme."""
    with web.transaction() as tx:
        messages = [
            (message, _name(tx, message.person_id), subject, text)
            for message, subject, text in mail.read(tx, programme_id)
        ]
        programme = tx.db.get_one(Programme, programme_id)
        by_mail = bool(tx.settings.smtp)
        return render_template("programmes/outbox.html", programme=programme, messages=messages, by_mail=by_mail)


@pages.get("/programmes/<programme_id>/engagements/new")
def new_engagement(programme_id: str) -> str:
    """Show the form of a new engagement."""
    with web.transaction() as tx:
        programme = tx.db.get_one(Programme, programme_id)
    return render_template("programmes/new_engagement.html", programme=programme, form=EngagementForm())


@pages.post("/programmes/<programme_id>/engagements/new")
def make_engagement(programme_id: str) -> Response | tuple[str, int]:
    """Make an engagement and invite its client."""
    form = EngagementForm()
    if form.validate():
        try:
            with web.transaction() as tx:
                told = _make_engagement(tx, programme_id, form)
        except InvalidInput as fault:
            for name, message in fault.faults.items():
                form["coach_mail" if name == "coach" else name].errors = [message]
        else:
            flash(told)
            return redirect(url_for("programmes.programme", programme_id=programme_id), 303)
    with web.transaction() as tx:
        programme = tx.db.get_one(Programme, programme_id)
    return render_template("programmes/new_engagement.html", programme=programme, form=form), 422


def _make_engagement(tx: Transaction, programme_id: str, form: EngagementForm) -> str:
    """Make what the form says, invite the client and return, in words, where the invitation went."""
    client, coach = _invited(tx, form, Role.CLIENT), _invited(tx, form, Role.COACH)
    engagement = service.create_engagement(tx, programme_id=programme_id, client=client, coach=coach,
                                           starts_on=form.starts_on.data, ends_on=form.ends_on.data)  # fmt: skip
    service.invite(tx, engagement)
    return _where_it_went(tx, engagement)


def _invited(tx: Transaction, form: EngagementForm, role: Role) -> Person:
    """Return the client or the coach of the form; a fault stands at their own field."""
    name, address = form[f"{role}_name"].data, form[f"{role}_mail"].data
    try:
        return service.find_or_create(tx, name=name, mail_address=address, role=role, locale=form.client_locale.data)
    except InvalidInput as fault:
        raise InvalidInput({f"{role}_{field}": message for field, message in fault.faults.items()}) from None


def _where_it_went(tx: Transaction, engagement: Engagement) -> str:
    """Return, in words, where the lead finds the client's invitation, if at all."""
    if tx.settings.smtp:
        return _("The client was invited by e-mail.")
    shown = mail.messages_of(tx, engagement.programme_id)
    if any(message.kind == "invitation" and message.person_id == engagement.client_id for message in shown):
        return _("The client was invited. The invitation is in the outbox.")
    return _(
        "The client was invited. Their link is not shown to you, because their account opens more than your "
        "programmes. They can sign in as usual, or ask the administrator for a link."
    )


@pages.post("/engagements/<engagement_id>/invite")
def invite(engagement_id: str) -> Response:
    """Send the client another invitation."""
    with web.transaction() as tx:
        engagement = service.engagement(tx, engagement_id)
        service.invite(tx, engagement)
        told = _where_it_went(tx, engagement)
    flash(told)
    return redirect(url_for("programmes.programme", programme_id=engagement.programme_id), 303)


@pages.post("/engagements/<engagement_id>/end")
def end_engagement(engagement_id: str) -> Response:
    """End an engagement now."""
    with web.transaction() as tx:
        engagement = service.engagement(tx, engagement_id)
        service.end_engagement(tx, engagement, reason="ended_by_lead")
    flash(_("The engagement has ended. The coach can no longer read anything."))
    return redirect(url_for("programmes.programme", programme_id=engagement.programme_id), 303)


@pages.get("/engagements/<engagement_id>/ties")
def ties(engagement_id: str) -> str:
    """Ask what ties there are between client and coach."""
    with web.transaction() as tx:
        return _ties_page(tx, engagement_id)


@pages.post("/engagements/<engagement_id>/ties")
def declare_ties(engagement_id: str) -> Response | tuple[str, int]:
    """Keep what was declared; a blocking tie stops the engagement."""
    none, chosen = request.form.get("none"), request.form.getlist("ties")
    with web.transaction() as tx:
        if bool(none) == bool(chosen):
            problem = _("Please tick what is true, or “None of these”, but not both.")
            return _ties_page(tx, engagement_id, problem=problem, chosen=chosen), 422
        engagement = service.engagement(tx, engagement_id)
        declaration = service.declare_ties(tx, engagement, person_id=tx.actor, ties=chosen)
        is_client = engagement.client_id == tx.actor
    if declaration.blocking:
        return render_template("programmes/stopped.html"), 200
    return redirect(url_for("reports.client_home" if is_client else "reports.coach_clients"), 303)


def _ties_page(tx: Transaction, engagement_id: str, *, problem: str = "", chosen: list[str] | None = None) -> str:
    engagement = service.engagement(tx, engagement_id)
    other = engagement.coach_id if engagement.client_id == tx.actor else engagement.client_id
    return render_template(
        "programmes/ties.html",
        other=_name(tx, other),
        programme=engagement.programme,
        tie_names=TIE_NAMES,
        problem=problem,
        chosen=chosen or [],
    )
