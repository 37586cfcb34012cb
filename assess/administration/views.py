"""Pages of a sitting: begin or decline, send, thank you, and about you."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from assess import web
from assess.administration import forms, rules, service
from assess.administration.rules import Background
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.errors import InvalidInput
from assess.fragments import sheet
from assess.i18n import current_locale
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument
from assess.people.models import Person
from assess.programmes import service as programmes

pages = Blueprint("administration", __name__)


@pages.get("/assignments/<assignment_id>")
def begin(assignment_id: str) -> str | Response:
    """Say what a questionnaire is and in which languages it exists; lead on to where the client stands."""
    with web.transaction() as tx:
        assignment = programmes.assignment_of(tx, assignment_id)
        sitting = service.administration_of(tx, assignment_id)
        consented = consent.allows_answering(tx, assignment.engagement_id)
        instrument = tx.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    if sitting is not None and sitting.submitted_at is not None:
        return redirect(url_for(".done", assignment_id=assignment_id), 303)
    if sitting is not None and consented and assignment.declined_at is None:
        return redirect(url_for("responses.resume", assignment_id=assignment_id), 303)
    if consented and assignment.declined_at is None and "problem" not in request.args:  # as it is for nearly everyone
        return sheet(("begin", instrument.digest), partial(_begin_page, instrument=instrument), about=assignment_id)
    return _begin_page(
        assignment_id,
        instrument=instrument,
        to_consent_in="" if consented else assignment.engagement_id,
        declined=assignment.declined_at is not None,
        problem=request.args.get("problem") == "language",
    )


def _begin_page(
    assignment_id: str,
    *,
    instrument: Instrument,
    to_consent_in: str = "",
    declined: bool = False,
    problem: bool = False,
) -> str:
    return render_template(
        "administration/begin.html",
        assignment_id=assignment_id,
        instrument=instrument,
        words=instrument.report_language(current_locale()),
        offer=rules.offer_languages(instrument, current_locale()),
        sensitive=rules.sensitive_items(instrument),
        to_consent_in=to_consent_in,
        declined=declined,
        problem=problem,
    )


@pages.post("/assignments/<assignment_id>")
def start(assignment_id: str) -> Response:
    """Begin in the language chosen."""
    locale = request.form.get("language", "")
    if not locale:
        return redirect(url_for(".begin", assignment_id=assignment_id, problem="language"), 303)
    with web.transaction() as tx:
        service.start(tx, assignment_id, locale=locale)
    return redirect(url_for("responses.resume", assignment_id=assignment_id), 303)


@pages.post("/assignments/<assignment_id>/decline")
def decline(assignment_id: str) -> Response:
    """Take a no for an answer."""
    with web.transaction() as tx:
        service.decline(tx, assignment_id)
    return redirect(url_for(".begin", assignment_id=assignment_id), 303)


@pages.post("/assignments/<assignment_id>/submit")
def submit(assignment_id: str) -> Response:
    """Send the answers, once."""
    with web.transaction() as tx:
        sitting = service.submit(tx, assignment_id)
        for act in web.hooks().on_submit if sitting else ():
            act(tx, sitting)
    return redirect(url_for(".done", assignment_id=assignment_id), 303)


@pages.get("/assignments/<assignment_id>/done")
def done(assignment_id: str) -> str | Response:
    """Say thank you, and what comes next."""
    with web.transaction() as tx:
        sitting = service.administration_of(tx, assignment_id)
        if sitting is None or sitting.submitted_at is None:
            return redirect(url_for(".begin", assignment_id=assignment_id), 303)
        person = tx.db.get_one(Person, sitting.person_id)
        instrument = tx.catalogue.get(sitting.instrument_id, sitting.instrument_version)
        helps_quality = consent.covers(tx, sitting.engagement_id, Scope.INSTRUMENT_QUALITY)
        ask_background = helps_quality and service.background_of(tx, person) == Background()
    words = instrument.report_language(current_locale())
    return render_template("administration/done.html", words=words, sitting=sitting, ask_background=ask_background)


@pages.get("/me/about-you")
def about_you() -> str:
    """Ask what a client wants to say about themselves, if anything."""
    with web.transaction() as tx:
        background = service.background_of(tx, tx.db.get_one(Person, tx.actor))
    return _about_you_page(background, {}, saved="saved" in request.args)


@pages.post("/me/about-you")
def save_about_you() -> Response | tuple[str, int]:
    """Keep what a client says about themselves."""
    background = Background(**{name: request.form.get(name, "").strip() for name in Background.__dataclass_fields__})
    try:
        with web.transaction() as tx:
            person = tx.db.get_one(Person, tx.actor)
            service.save_background(tx, person, _checked(background))
            for act in web.hooks().on_background_changed:
                act(tx, person)
    except InvalidInput as error:
        return _about_you_page(background, error.faults), error.status
    return redirect(url_for(".about_you", saved="1"), 303)


def _checked(background: Background) -> Background:
    """Refuse what is not among the answers offered."""
    locale = current_locale()
    faults = rules.background_faults(background, countries=forms.countries(locale), languages=forms.languages(locale))
    if faults:
        too_long, not_offered = _("Please say it in 60 characters or fewer."), _("Please choose one, or leave it out.")
        raise InvalidInput({name: too_long if name == "gender_words" else not_offered for name in faults})
    return background


def _about_you_page(background: Background, faults: dict[str, str], *, saved: bool = False) -> str:
    return render_template(
        "administration/about_you.html",
        background=background,
        faults=faults,
        saved=saved,
        genders=forms.GENDER_WORDS,
        ages=forms.AGE_WORDS,
        educations=forms.EDUCATION_WORDS,
        countries=forms.countries(current_locale()),
        languages=forms.languages(current_locale()),
    )
