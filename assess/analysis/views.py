"""Pages of analysis: import a response file, start an audit. Pages that lead with a verdict stand in `release`."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from assess import web
from assess.analysis import service, sets
from assess.analysis.faults import words
from assess.analysis.mapping import ColumnMapping, GroupColumn, MappingFault, guess_mapping, mapping_of
from assess.analysis.models import ResponseFile, ResponseSet
from assess.errors import InvalidInput, NotFound
from assess.i18n import current_locale
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument
from assess.jobs import Job
from assess.problems import told
from assess.programmes.models import Programme
from assess.transactions import Transaction

pages = Blueprint("analysis", __name__)
LOOK_AGAIN = {"Refresh": "2"}  # a page about work in progress asks for itself again; it works without JavaScript


@pages.get("/programmes/<programme_id>/responses/import")
def import_responses(programme_id: str) -> str:
    """Ask for a response file."""
    with web.transaction() as tx:
        return _upload_page(tx, programme_id, request.args.get("instrument", ""), {}, {})


@pages.post("/programmes/<programme_id>/responses/import")
def upload_responses(programme_id: str) -> Response | tuple[str, int]:
    """Take a response file."""
    form, upload = request.form, request.files.get("file")
    with web.transaction() as tx:
        chosen = form.get("instrument", "")
        try:
            if upload is None or not upload.filename:
                raise InvalidInput({"file": _("Please choose a file.")})
            instrument = _instrument(tx, programme_id, chosen)
            file = sets.keep_upload(
                tx, programme_id, instrument, name=upload.filename, content=upload.read(),
                source=form.get("source", ""), licence=form.get("licence", ""),
            )  # fmt: skip
        except InvalidInput as error:
            return _upload_page(tx, programme_id, chosen, form.to_dict(), error.faults), 422
    return redirect(url_for("analysis.response_file", file_id=file.id), 303)


def _instrument(tx: Transaction, programme_id: str, chosen: str) -> Instrument:
    known = {f"{entry.id}/{entry.version}": entry for entry in service.instruments_of(tx, programme_id)}
    if chosen not in known:
        raise InvalidInput({"instrument": _("Please choose an instrument.")})
    return known[chosen]


def _upload_page(
    tx: Transaction, programme_id: str, chosen: str, values: dict[str, str], faults: dict[str, str]
) -> str:  # fmt: skip
    instruments = [
        (f"{entry.id}/{entry.version}", entry.report_language(current_locale()).name)
        for entry in service.instruments_of(tx, programme_id)
    ]
    programme = tx.db.get_one(Programme, programme_id)
    return render_template(
        "analysis/import.html",
        programme=programme,
        instruments=instruments,
        chosen=chosen,
        values=values,
        faults=faults,
    )


@pages.get("/responses/files/<file_id>")
def response_file(file_id: str) -> str | tuple[str, int, dict[str, str]]:
    """Ask which column is which; then show how far the import is, and what it found."""
    with web.transaction() as tx:
        file = tx.db.get_one(ResponseFile, file_id)
        job = tx.db.get(Job, file.job_id) if file.job_id else None
        if job is not None and not job.ended:
            return render_template("analysis/importing.html", file=file, job=job), 200, LOOK_AGAIN
        kept = tx.db.get(ResponseSet, file.response_set_id) if file.response_set_id else None
        if kept is not None:
            return render_template("analysis/imported.html", file=file, kept=kept, simulated_here=kept.simulated)
        instrument = service.instrument_of(tx, file.programme_id, file.instrument_id, file.instrument_version)
        mapping = mapping_of(file.mapping) if file.mapping else guess_mapping(file.header, instrument)
        return _mapping_page(file, instrument, mapping, told(job.problem) if job else "")


@pages.post("/responses/files/<file_id>")
def map_responses(file_id: str) -> Response | tuple[str, int]:
    """Take which column is which, and have the file imported."""
    with web.transaction() as tx:
        file = tx.db.get_one(ResponseFile, file_id)
        instrument = service.instrument_of(tx, file.programme_id, file.instrument_id, file.instrument_version)
        mapping = _mapping(instrument)
        try:
            sets.ask_import(tx, file, instrument, mapping)
        except MappingFault as error:
            return _mapping_page(file, instrument, mapping, str(error)), 422
    return redirect(url_for("analysis.response_file", file_id=file_id), 303)


def _mapping(instrument: Instrument) -> ColumnMapping:
    """Read the form: a column per item, the columns that are groups, which of those holds languages."""
    form = request.form
    items = {item.id: form.get(f"item-{item.id}", "") for item in instrument.items}
    spoken = form.get("language_column", "")
    groups = {column: GroupColumn(column) for column in form.getlist("groups") if column != spoken}
    if spoken:
        labels = {label.strip(): locale for locale in instrument.languages
                  for label in form.get(f"label-{locale}", "").split(",") if label.strip()}  # fmt: skip
        groups["language"] = GroupColumn(spoken, labels)
    missing = tuple(text.strip() for text in form.get("missing", "").split(",") if text.strip())
    chosen = {item: column for item, column in items.items() if column}
    return ColumnMapping(chosen, groups, form.get("language", ""), missing, form.get("person", ""))


def _mapping_page(file: ResponseFile, instrument: Instrument, mapping: ColumnMapping, problem: str) -> str:
    return render_template(
        "analysis/mapping.html", file=file, instrument=instrument, mapping=mapping, problem=problem,
        faults=[(line, column, value, words(code, figures))
                for line, column, value, code, figures in (file.faults or {}).get("listed", ())],
        wording=instrument.language(instrument.source_language).items, source_language=instrument.source_language,
    )  # fmt: skip


@pages.get("/programmes/<programme_id>/instruments/<instrument_id>/<version>/audit")
def new_audit(programme_id: str, instrument_id: str, version: str) -> str:
    """Ask what an audit of one source shall look at."""
    with web.transaction() as tx:
        instrument = service.instrument_of(tx, programme_id, instrument_id, version)
        chosen = _source(tx, programme_id, instrument, request.args.get("source", ""))
        programme = tx.db.get_one(Programme, programme_id)
        return render_template("analysis/audit.html", programme=programme, instrument=instrument, source=chosen)


def _source(tx: Transaction, programme_id: str, instrument: Instrument, source_id: str) -> service.Source:
    for source in service.sources(tx, programme_id, instrument):
        if source.id == source_id:
            return source
    raise NotFound


@pages.post("/programmes/<programme_id>/audits")
def start_audit(programme_id: str) -> Response:
    """Start an audit."""
    form = request.form
    with web.transaction() as tx:
        instrument = _instrument(tx, programme_id, form.get("instrument", ""))
        source = _source(tx, programme_id, instrument, form.get("source", "")).id
        run = service.start_run(
            tx,
            programme_id=programme_id,
            instrument=instrument,
            response_set=None if source == service.OWN_ANSWERS else tx.db.get_one(ResponseSet, source),
            scale_ids=form.getlist("scales"),
            groupings=form.getlist("groupings"),
        )
    return redirect(url_for("analysis.run", run_id=run.id), 303)
