"""Pages of results: the client's home and result, the coach's clients and report."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from assess import web
from assess.i18n import gettext as _
from assess.people import service as people
from assess.people.models import Person
from assess.privacy.disclosure import FEWEST_CHANGED
from assess.programmes.forms import WAVE_NAMES
from assess.programmes.models import Assignment, Engagement, Programme
from assess.reports import aggregates as frozen
from assess.reports import home, rules, service
from assess.safeguarding import service as safeguarding

pages = Blueprint("reports", __name__)


@pages.get("/me")
def client_home() -> str:
    """Show a client what comes next, what is done, and their results."""
    with web.transaction() as tx:
        return render_template(
            "reports/client_home.html", home=home.client_home(tx, tx.actor), wave_names=WAVE_NAMES, today=tx.today
        )


@pages.get("/assignments/<assignment_id>/result")
def client_result(assignment_id: str) -> str | Response:
    """Show a client one result; a questionnaire not yet sent leads to itself."""
    with web.transaction() as tx:
        assignment = tx.db.get_one(Assignment, assignment_id)
        if not service.is_sent(tx, assignment_id):
            return redirect(url_for("administration.begin", assignment_id=assignment_id), 303)
        return render_template(
            "reports/client_result.html",
            report=service.client_result(tx, assignment),
            coach_name=people.name_of(tx.db.get_one(Person, assignment.engagement.coach_id), tx.vault),
            questions=safeguarding.questions_of_client(tx, tx.actor, assignment_id),
            digits=rules.digits,
            wave_names=WAVE_NAMES,
        )


@pages.get("/clients")
def coach_clients() -> str:
    """Show a coach the clients of their live engagements."""
    with web.transaction() as tx:
        clients = service.coached_clients(tx, tx.actor)
        return render_template(
            "reports/coach_clients.html",
            clients=clients,
            simulated_here=any(client.engagement.programme.simulated for client in clients),
            questions=len(safeguarding.open_concerns(tx, tx.actor)),
            today=tx.today,
        )


@pages.get("/engagements/<engagement_id>/report")
def coach_report(engagement_id: str) -> str:
    """Show a coach what a client shares."""
    with web.transaction() as tx:
        report = service.coach_report(tx, tx.db.get_one(Engagement, engagement_id))
        return render_template(
            "reports/coach_report.html", report=report, digits=rules.digits, wave_names=WAVE_NAMES, today=tx.today,
            simulated_here=report.engagement.programme.simulated,
        )  # fmt: skip


@pages.get("/programmes/<programme_id>/aggregates")
def aggregates(programme_id: str) -> str:
    """Show a lead the frozen figures of a programme."""
    with web.transaction() as tx:
        programme = tx.db.get_one(Programme, programme_id)
        return render_template(
            "reports/aggregates.html",
            programme=programme,
            figures=frozen.read(tx, programme),
            wave_names=WAVE_NAMES,
            smallest_group=tx.settings.smallest_group,
            fewest_changed=FEWEST_CHANGED,
        )


@pages.post("/programmes/<programme_id>/aggregates")
def release_aggregates(programme_id: str) -> Response:
    """Freeze today's figures."""
    with web.transaction() as tx:
        released = frozen.freeze(tx, tx.db.get_one(Programme, programme_id))
    if released:
        flash(_("New figures were released."))
    else:
        flash(
            _("Nothing was released: too few people are new since the last time, or no use as an aggregate is signed.")
        )
    return redirect(url_for(".aggregates", programme_id=programme_id), 303)
