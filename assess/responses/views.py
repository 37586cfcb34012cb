"""Pages of answering: resume, a page of questions, one answer by the script, and looking it over."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from assess import web
from assess.administration import service as administrations
from assess.administration.rules import Sitting
from assess.errors import AssessError, Conflict, NotFound
from assess.fragments import sheet
from assess.i18n import current_locale
from assess.instruments.rules import Instrument
from assess.responses import forms, rules, service
from assess.responses.forms import NOTHING_SAID, Said
from assess.responses.rules import NOTHING_GIVEN, NOTHING_SAVED, Given, Missing, Saved
from assess.transactions import Transaction

pages = Blueprint("responses", __name__)


@pages.get("/assignments/<assignment_id>/answers")
def resume(assignment_id: str) -> Response:
    """Go to the first page with something unseen, or look it all over."""
    with web.transaction() as tx:
        sitting = administrations.open_sitting(tx, assignment_id)
        if sitting is None:
            return _to_begin(assignment_id)
        number = rules.resume_at(service.instrument_of(tx, sitting), service.touched(tx, sitting))
    if number is None:
        return redirect(url_for(".review", assignment_id=assignment_id), 303)
    return _to_page(assignment_id, number)


@pages.post("/assignments/<assignment_id>/answers")
def save_answer(assignment_id: str) -> tuple[Response, int]:
    """Save the answer the script sends; the reply is sent when it is stored for good."""
    with web.transaction() as tx:
        sitting = administrations.administration_of(tx, assignment_id)
        if sitting is None:
            raise NotFound
        instrument = service.instrument_of(tx, sitting)
        given = forms.read_answers(instrument, request.form)
        try:
            saved = service.save(tx, sitting, given.answers, seen=given.seen)
        except AssessError as error:
            return jsonify(message=str(error)), error.status
    faults = forms.fault_messages(instrument, given)
    disputed = forms.clash_messages(instrument, instrument.language(sitting.locale), saved.clashes)
    reply = {"message": " ".join([*faults.values(), *(message.striptags() for message in disputed.values())])}
    for item_id, revision in saved.revisions.items():
        reply["field"] = rules.field_name(item_id, revision)
    for clash in saved.clashes:
        reply["value"] = forms.value_of(clash.stored)
    return jsonify(reply), _status(given, saved)


@pages.get("/assignments/<assignment_id>/pages/<int:number>")
def page(assignment_id: str, number: int) -> str | Response:
    """Show one page of questions."""
    with web.transaction() as tx:
        sitting = administrations.open_sitting(tx, assignment_id)
        if sitting is None:
            return _to_begin(assignment_id)
        instrument = service.instrument_of(tx, sitting)
        said = _said(tx, sitting, number)
    draw = partial(_drawn, instrument, sitting.locale, number, said)
    if said != NOTHING_SAID:
        return draw(assignment_id)
    return sheet(("page", instrument.digest, sitting.locale, number), draw, about=assignment_id)


@pages.post("/assignments/<assignment_id>/pages/<int:number>")
def save_page(assignment_id: str, number: int) -> Response | tuple[str, int]:
    """Save what a page holds, then do what its button says."""
    press = forms.read_press(request.form)
    with web.transaction() as tx:
        sitting = administrations.administration_of(tx, assignment_id)
        if sitting is None:
            return _to_begin(assignment_id)
        instrument = service.instrument_of(tx, sitting)
        given = forms.read_answers(instrument, request.form)
        try:
            saved = service.save(tx, sitting, given.answers, seen=given.seen)
        except Conflict:
            return _already_sent(tx, sitting, given)
        for item_id, (kind, comment) in press.remarks.items():
            service.remark(tx, sitting, item_id, kind, comment=comment)
        status = _status(given, saved)
        said = _said(tx, sitting, number) if status != 200 else NOTHING_SAID
    if status != 200:
        return _drawn(instrument, sitting.locale, number, said, assignment_id, given=given, saved=saved), status
    return _next(assignment_id, number, len(rules.pages_of(instrument)), press)


@pages.get("/assignments/<assignment_id>/review")
def review(assignment_id: str) -> str | Response:
    """List what was skipped or left open, without pressing for it, and offer to send."""
    with web.transaction() as tx:
        sitting = administrations.open_sitting(tx, assignment_id)
        if sitting is None:
            return _to_begin(assignment_id)
        instrument = service.instrument_of(tx, sitting)
        answers = service.answers_of(tx, sitting)
    draw = partial(_review_page, instrument=instrument, locale=sitting.locale)
    left = {item_id: answer for item_id, answer in answers.items() if isinstance(answer, Missing)}
    if left:
        return draw(assignment_id, left=left)
    return sheet(("review", instrument.digest, sitting.locale), draw, about=assignment_id)


def _review_page(
    assignment_id: str, *, instrument: Instrument, locale: str, left: Mapping[str, Missing] = MappingProxyType({})
) -> str:
    language = instrument.language(locale)
    listed = {
        kind: [
            (number, language.items[item.id], rules.page_of(instrument, item.id), item.id)
            for number, item in enumerate(instrument.items, start=1)
            if left.get(item.id) is kind
        ]
        for kind in (Missing.SKIPPED, Missing.NOT_REACHED)
    }
    return render_template(
        "responses/review.html",
        assignment_id=assignment_id,
        words=instrument.report_language(current_locale()),
        language=language,
        skipped=listed[Missing.SKIPPED],
        unanswered=listed[Missing.NOT_REACHED],
        total=len(instrument.items),
        n_pages=len(rules.pages_of(instrument)),
    )


def _said(tx: Transaction, sitting: Sitting, number: int) -> Said:
    """Return what was said so far on one page: answers, and remarks on its items."""
    by_page = rules.pages_of(service.instrument_of(tx, sitting))
    if not 1 <= number <= len(by_page):
        raise NotFound
    on_page = {item.id for item in by_page[number - 1]}
    remarks = {item_id: kinds for item_id, kinds in service.remarks_on(tx, sitting).items() if item_id in on_page}
    return Said(service.answers_on(tx, sitting, on_page), remarks)


def _drawn(
    instrument: Instrument, locale: str, number: int, said: Said, assignment_id: str,
    *, given: Given = NOTHING_GIVEN, saved: Saved = NOTHING_SAVED,
) -> str:  # fmt: skip
    """Draw a page of questions, with what could not be saved as it was given."""
    language = instrument.language(locale)
    return render_template(
        "responses/page.html",
        assignment_id=assignment_id,
        words=instrument.report_language(current_locale()),
        language=language,
        number=number,
        n_pages=len(rules.pages_of(instrument)),
        questions=forms.questions_of(instrument, language, number, said),
        faults=forms.fault_messages(instrument, given),
        disputed=forms.clash_messages(instrument, language, saved.clashes),
    )


def _already_sent(tx: Transaction, sitting: Sitting, given: Given) -> Response | tuple[str, int]:
    """Say that it was sent meanwhile, and which of the choices made here are therefore not in it."""
    instrument = service.instrument_of(tx, sitting)
    language = instrument.language(sitting.locale)
    sent = service.answers_of(tx, sitting)
    left_out = [
        (language.items[item_id], *(forms.words_of(instrument, language, item_id, a) for a in (sent[item_id], answer)))
        for item_id, answer in given.answers.items()
        if answer is not None and answer != sent[item_id]
    ]
    if not left_out:
        return redirect(url_for("administration.done", assignment_id=sitting.assignment_id), 303)
    return render_template("responses/already_sent.html", left_out=left_out, language=language), Conflict.status


def _status(given: Given, saved: Saved) -> int:
    """Return whether everything was saved, an older tab disagreed, or something cannot be an answer."""
    return 409 if saved.clashes else 422 if given.faults else 200


def _next(assignment_id: str, number: int, n_pages: int, press: forms.Press) -> Response:
    """Return where a press leads once everything is saved."""
    if press.stays_at:
        return _to_page(assignment_id, number, anchor=press.stays_at)
    if press.go == "leave":
        return redirect(url_for("people.home"), 303)
    if press.go == "back":
        return _to_page(assignment_id, max(number - 1, 1))
    if press.go == "next" and number < n_pages:
        return _to_page(assignment_id, number + 1)
    return redirect(url_for(".review", assignment_id=assignment_id), 303)


def _to_page(assignment_id: str, number: int, *, anchor: str | None = None) -> Response:
    return redirect(url_for(".page", assignment_id=assignment_id, number=number, _anchor=anchor), 303)


def _to_begin(assignment_id: str) -> Response:
    """Lead to the page that knows what is missing: a beginning, a consent, or nothing, because it was sent."""
    return redirect(url_for("administration.begin", assignment_id=assignment_id), 303)
