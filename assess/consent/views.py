"""Pages of consent: one screen per step, the receipt, and taking back what was allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from assess import web
from assess.consent import receipts, service, steps, texts
from assess.consent.models import ConsentRecord
from assess.consent.rules import Scope, Step, Text
from assess.consent.steps import Progress
from assess.errors import InvalidInput, NotFound
from assess.i18n import current_locale
from assess.i18n import gettext as _
from assess.programmes.models import Engagement
from assess.programmes.rules import is_over
from assess.transactions import Transaction

pages = Blueprint("consent", __name__)

_ORDER = {step: position for position, step in enumerate(Step)} | {Step.NOT_ELIGIBLE: 0}


@pages.get("/engagements/<engagement_id>/consent")
def start(engagement_id: str) -> str:
    """Say what comes, in which languages there are questionnaires, and what changed since last time."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id)
        record = service.current_record(tx, engagement_id)
        return render_template(
            "consent/start.html", engagement=engagement, record=record, gaps=service.gaps_of(tx, record),
            questionnaires=steps.questionnaires(tx, engagement, current_locale()), text=progress.text,
            next=_address(engagement_id, progress.step), has_begun=progress.eligible is not None,
        )  # fmt: skip


@pages.get("/engagements/<engagement_id>/consent/eligibility")
def eligibility(engagement_id: str) -> str:
    """Ask what only a yes or a no is kept of."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.ELIGIBILITY)
        answer = "yes" if progress.eligible else ""
        return _eligibility_page(tx, engagement, {"age": answer, "will": answer}, {})


@pages.post("/engagements/<engagement_id>/consent/eligibility")
def answer_eligibility(engagement_id: str) -> BaseResponse | tuple[str, int]:
    """Keep whether the client can consent."""
    answers = {name: request.form.get(name, "") for name in ("age", "will")}
    with web.transaction() as tx:
        engagement, _progress = _enter(tx, engagement_id, Step.ELIGIBILITY)
        faults = {name: _("Please choose an answer.") for name, value in answers.items() if value not in ("yes", "no")}
        if faults:
            return _eligibility_page(tx, engagement, answers, faults), 422
        steps.answer_eligibility(tx, engagement, eligible=set(answers.values()) == {"yes"})
    return _onwards(engagement_id)


def _eligibility_page(
    tx: Transaction, engagement: Engagement, answers: Mapping[str, str], faults: Mapping[str, str]
) -> str:
    return render_template(
        "consent/eligibility.html", answers=answers, faults=faults, ages=steps.ages_of(tx, engagement)
    )


@pages.get("/engagements/<engagement_id>/consent/not-eligible")
def not_eligible(engagement_id: str) -> str:
    """Say kindly that this is not the moment, and who to talk to."""
    with web.transaction() as tx:
        engagement, _progress = _enter(tx, engagement_id, Step.ELIGIBILITY)
        return render_template(
            "consent/not_eligible.html", engagement=engagement, contact=steps.filled_in(tx, engagement)["contact"]
        )


@pages.get("/engagements/<engagement_id>/consent/text")
def text(engagement_id: str) -> str:
    """Show the whole text."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.TEXT)
        shown = texts.filled(progress.text, steps.filled_in(tx, engagement))
        return render_template("consent/text.html", text=shown, digest=progress.text.digest)


@pages.post("/engagements/<engagement_id>/consent/text")
def acknowledge_text(engagement_id: str) -> BaseResponse:
    """Keep that the text was read, if it is still the one that was shown."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.TEXT)
        if request.form.get("digest") == progress.text.digest:
            steps.acknowledge_text(tx, engagement, progress.text)
    return _onwards(engagement_id)


@pages.get("/engagements/<engagement_id>/consent/check")
def check(engagement_id: str) -> str:
    """Ask what is not understood yet; explain what was answered wrongly the last time."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.CHECK)
        return _check_page(tx, engagement, progress, {}, {})


@pages.post("/engagements/<engagement_id>/consent/check")
def answer_check(engagement_id: str) -> BaseResponse | tuple[str, int]:
    """Mark a round of the comprehension check."""
    answers = {name: value for name, value in request.form.items() if name not in ("round", "csrf_token")}
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.CHECK)
        number = request.form.get("round", type=int) or 0
        try:
            state = steps.answer_check(tx, engagement, progress.text, number=number, answers=answers)
        except InvalidInput as error:
            return _check_page(tx, engagement, progress, answers, error.faults), 422
    return _onwards(engagement_id) if state.passed else redirect(_address(engagement_id, Step.CHECK), 303)


def _check_page(
    tx: Transaction, engagement: Engagement, progress: Progress, answers: Mapping[str, str], faults: Mapping[str, str]
) -> str:
    values = steps.filled_in(tx, engagement)
    return render_template(
        "consent/check.html", engagement=engagement, text=texts.filled(progress.text, values), answers=answers,
        faults=faults, comprehension=progress.comprehension, contact=values["contact"],
        next=_address(engagement.id, progress.step),
    )  # fmt: skip


@pages.get("/engagements/<engagement_id>/consent/choices")
def choices(engagement_id: str) -> str:
    """Ask what is allowed, each thing by itself, nothing ticked beforehand."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.CHOICES)
        return _choices_page(tx, engagement, progress, progress.scopes or frozenset(), {})


@pages.post("/engagements/<engagement_id>/consent/choices")
def choose(engagement_id: str) -> BaseResponse | tuple[str, int]:
    """Keep what was ticked, for the preview."""
    ticked = frozenset(scope for scope in Scope if scope in request.form.getlist("scopes"))
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.CHOICES)
        try:
            steps.choose_scopes(tx, engagement, ticked)
        except InvalidInput as error:
            return _choices_page(tx, engagement, progress, ticked, error.faults), 422
    return _onwards(engagement_id)


def _choices_page(
    tx: Transaction, engagement: Engagement, progress: Progress, ticked: frozenset[Scope], faults: Mapping[str, str]
) -> str:
    shown = texts.filled(progress.text, steps.filled_in(tx, engagement))
    return render_template("consent/choices.html", text=shown, ticked=ticked, faults=faults)


@pages.get("/engagements/<engagement_id>/consent/confirm")
def confirm(engagement_id: str) -> str:
    """Show what the client is about to agree to."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.CONFIRM)
        shown = texts.filled(progress.text, steps.filled_in(tx, engagement))
        return render_template(
            "consent/confirm.html", engagement=engagement, text=shown, chosen=progress.scopes,
            digest=progress.text.digest,
        )  # fmt: skip


@pages.post("/engagements/<engagement_id>/consent/confirm")
def consent(engagement_id: str) -> BaseResponse:
    """The explicit act: make the record."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id, Step.CONFIRM)
        if request.form.get("digest") != progress.text.digest:
            return _onwards(engagement_id)
        before = service.current_record(tx, engagement_id)
        record = service.grant(tx, engagement, progress.text)
        _tell(tx, record, service.dropped(before, record))
    return redirect(url_for("consent.receipt", record_id=record.id), 303)


@pages.get("/consents/<record_id>")
def receipt(record_id: str) -> str:
    """Show a record: what was agreed to, when, to which words, and what still holds."""
    with web.transaction() as tx:
        record = tx.db.get_one(ConsentRecord, record_id)
        words = service.text_of(tx, record)
        snapshot = json.loads(record.snapshot)
        return render_template(
            "consent/receipt.html", record=record, snapshot=snapshot, gaps=service.gaps_of(tx, record),
            text=texts.filled(words, snapshot["filled_in"]), granted=service.granted_scopes(record),
            engagement=tx.db.get_one(Engagement, record.engagement_id),
        )  # fmt: skip


@pages.get("/consents/<record_id>/receipt.json")
def receipt_json(record_id: str) -> Response:
    """Give the receipt as a file."""
    with web.transaction() as tx:
        response = jsonify(receipts.receipt(tx, tx.db.get_one(ConsentRecord, record_id)))
    response.headers["Content-Disposition"] = 'attachment; filename="consent-receipt.json"'
    return response


@pages.get("/consents/<record_id>/withdraw")
def withdraw(record_id: str) -> str:
    """Say what taking back does and does not do; one button does it."""
    with web.transaction() as tx:
        return render_template("consent/withdraw.html", record=_in_force(tx, record_id))


@pages.post("/consents/<record_id>/withdraw")
def take_back(record_id: str) -> BaseResponse:
    """Take back the whole consent, with everything that follows from it, at once."""
    with web.transaction() as tx:
        record = _in_force(tx, record_id)
        _tell(tx, record, service.withdraw(tx, record))
    return redirect(url_for("consent.receipt", record_id=record.id), 303)


@pages.get("/consents/<record_id>/scopes/<scope>")
def scope(record_id: str, scope: str) -> str:
    """Show one scope: what it means, and one button to allow it or to take it back."""
    with web.transaction() as tx:
        record, chosen = _in_force(tx, record_id), _scope(scope)
        words = texts.filled(service.text_of(tx, record), json.loads(record.snapshot)["filled_in"])
        return render_template(
            "consent/scope.html", record=record, text=words, scope=words.scope(chosen),
            is_granted=chosen in service.granted_scopes(record), gaps=service.gaps_of(tx, record),
        )  # fmt: skip


@pages.post("/consents/<record_id>/scopes/<scope>")
def change_scope(record_id: str, scope: str) -> BaseResponse:
    """Allow one scope or take it back, as the pressed button said; pressed twice it stays so."""
    with web.transaction() as tx:
        record, chosen = _in_force(tx, record_id), _scope(scope)
        if request.form.get("act") == "allow":
            record = service.grant_scope(tx, record, chosen)
        else:
            _tell(tx, record, service.withdraw_scope(tx, record, chosen))
    return redirect(url_for("consent.receipt", record_id=record.id), 303)


def _scope(name: str) -> Scope:
    if name not in set(Scope):
        raise NotFound
    return Scope(name)


def _tell(tx: Transaction, record: ConsentRecord, ended: tuple[Scope, ...]) -> None:
    """Let every concept that a scope let do something undo it, in this transaction."""
    for scope in ended:
        for act in web.hooks().on_scope_withdrawn:
            act(tx, record, scope)


def _in_force(tx: Transaction, record_id: str) -> ConsentRecord:
    """Return the record that took the place of this one, if any did: an old tab means the consent, not its number."""
    record = tx.db.get_one(ConsentRecord, record_id)
    return service.current_record(tx, record.engagement_id) or record


def _enter(tx: Transaction, engagement_id: str, step: Step | None = None) -> tuple[Engagement, Progress]:
    """Return the engagement and how far its client has come; turn away from a step that cannot be taken yet."""
    engagement = tx.db.get_one(Engagement, engagement_id)
    record = service.valid_record(tx, engagement_id)
    if record is not None:
        abort(redirect(url_for("consent.receipt", record_id=record.id), 303))
    if is_over(engagement, tx.today):
        abort(make_response(render_template("consent/over.html"), 409))
    if all(declaration.person_id != engagement.client_id for declaration in engagement.declarations):
        abort(redirect(url_for("programmes.ties", engagement_id=engagement_id), 303))
    progress = steps.progress(tx, engagement, _spoken_text(tx))
    if step is not None and _ORDER[step] > _ORDER[progress.step]:
        abort(redirect(_address(engagement_id, progress.step), 303))
    return engagement, progress


def _spoken_text(tx: Transaction) -> Text:
    """Return the text of the language being spoken; a language without one is told so."""
    found = steps.texts_in_force(tx)
    if current_locale() not in found:
        abort(make_response(render_template("consent/no_text.html", locales=sorted(found)), 409))
    return found[current_locale()]


def _address(engagement_id: str, step: Step) -> str:
    return url_for(f"consent.{step}", engagement_id=engagement_id)


def _onwards(engagement_id: str) -> BaseResponse:
    """Go to the first step that is still open."""
    with web.transaction() as tx:
        engagement, progress = _enter(tx, engagement_id)
    return redirect(_address(engagement.id, progress.step), 303)
