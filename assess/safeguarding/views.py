"""Pages of questions about a result: the client asks, the person they chose reads and answers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from assess import web
from assess.errors import InvalidInput
from assess.i18n import current_locale
from assess.i18n import gettext as _
from assess.people import service as people
from assess.people.models import Person
from assess.programmes.models import Assignment, Engagement, Programme
from assess.safeguarding import rules, service
from assess.safeguarding.models import Concern
from assess.transactions import Transaction

pages = Blueprint("safeguarding", __name__)


@pages.get("/assignments/<assignment_id>/question")
def ask(assignment_id: str) -> str:
    """Show the form of a question about a result."""
    with web.transaction() as tx:
        return _ask_page(tx, assignment_id)


@pages.post("/assignments/<assignment_id>/question")
def send(assignment_id: str) -> Response | tuple[str, int]:
    """Send a question to the person chosen."""
    with web.transaction() as tx:
        assignment = tx.db.get_one(Assignment, assignment_id)
        try:
            owner, text = request.form.get("owner", ""), request.form.get("text", "")
            service.raise_concern(tx, assignment, owner=owner, text=text)
        except InvalidInput as fault:
            return _ask_page(tx, assignment_id, faults=fault.faults, typed=request.form), 422
    flash(_("Your question was sent. You find it, and the answer, under this result."))
    return redirect(url_for("reports.client_result", assignment_id=assignment_id) + "#questions", 303)


def _ask_page(
    tx: Transaction, assignment_id: str, *, faults: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> str:
    assignment = tx.db.get_one(Assignment, assignment_id)
    instrument = tx.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    return render_template(
        "safeguarding/ask.html",
        assignment=assignment,
        instrument_name=instrument.report_language(current_locale()).name,
        owners=service.owners(tx, assignment.engagement),
        coach_name=_name(tx, assignment.engagement.coach_id),
        programme_name=assignment.engagement.programme.name,
        due_on=rules.due_on(tx.today),
        faults=faults or {},
        typed=typed or {},
    )


@pages.get("/questions")
def questions() -> str:
    """List the questions that wait for this person's answer."""
    with web.transaction() as tx:
        concerns = service.open_concerns(tx, tx.actor)
        return render_template(
            "safeguarding/questions.html",
            waiting=[(concern, _name(tx, concern.person_id)) for concern in concerns],
            today=tx.today,
            simulated_here=any(_programme_of(tx, concern).simulated for concern in concerns),
        )


@pages.get("/questions/<concern_id>")
def question(concern_id: str) -> str:
    """Show one question to the person it is addressed to."""
    with web.transaction() as tx:
        return _question_page(tx, concern_id)


@pages.post("/questions/<concern_id>")
def answer(concern_id: str) -> Response | tuple[str, int]:
    """Answer a question."""
    reply = request.form.get("reply", "")
    with web.transaction() as tx:
        try:
            service.answer(tx, concern_id, reader_id=tx.actor, reply=reply)
        except InvalidInput as fault:
            return _question_page(tx, concern_id, faults=fault.faults, reply=reply), 422
    flash(_("Your answer was sent. The client finds it under the result."))
    return redirect(url_for("safeguarding.questions"), 303)


def _question_page(tx: Transaction, concern_id: str, *, faults: dict[str, str] | None = None, reply: str = "") -> str:
    question = service.read(tx, concern_id, reader_id=tx.actor)
    concern = tx.db.get_one(Concern, concern_id)
    return render_template(
        "safeguarding/question.html",
        question=question,
        client_name=_name(tx, concern.person_id),
        programme=_programme_of(tx, concern),
        today=tx.today,
        faults=faults or {},
        reply=reply,
    )


def _programme_of(tx: Transaction, concern: Concern) -> Programme:
    return tx.db.get_one(Engagement, concern.engagement_id).programme


def _name(tx: Transaction, person_id: str) -> str:
    return people.name_of(tx.db.get_one(Person, person_id), tx.vault)
