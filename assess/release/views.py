"""Pages of the gate: what is known about each instrument and what may be shown, sign-off, history, policy.

Some of them belong to `analysis` by their address; they stand here because they lead with a verdict, and a folder
imports only from its left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from assess import web
from assess.analysis import service as analysis
from assess.analysis.models import AuditRun
from assess.analysis.views import LOOK_AGAIN
from assess.analysis.views import pages as analysis_pages
from assess.errors import InvalidInput
from assess.i18n import gettext as _
from assess.i18n import ngettext
from assess.jobs import Job
from assess.people.models import Person
from assess.people.service import name_of
from assess.problems import told
from assess.programmes.models import Programme
from assess.release import service, verdicts
from assess.release.evidence_pages import careless_rows, scale_pages, scales_left_out, stage_words
from assess.release.models import VerdictRow
from assess.release.pages import language_states, lines, standing, standings
from assess.release.policy import THRESHOLDS, default_policy, is_count, policy_history, policy_in_force
from assess.responses.service import remark_counts
from assess.transactions import Transaction

pages = Blueprint("release", __name__)


@analysis_pages.get("/programmes/<programme_id>/instruments")
def instruments(programme_id: str) -> str:
    """Show what is known about each instrument, language by language, and what is released, held or waiting."""
    with web.transaction() as tx:
        found = [
            (instrument, language_states(instrument, standings(tx, programme_id, instrument)),
             analysis.runs_of(tx, programme_id, instrument)[:1])
            for instrument in analysis.instruments_of(tx, programme_id)
        ]  # fmt: skip
        return render_template(
            "analysis/instruments.html", programme=tx.db.get_one(Programme, programme_id), found=found
        )


@analysis_pages.get("/programmes/<programme_id>/instruments/<instrument_id>/<version>")
def instrument(programme_id: str, instrument_id: str, version: str) -> str:
    """Show every verdict on one instrument, its audits, and the form of a new one."""
    with web.transaction() as tx:
        shown = analysis.instrument_of(tx, programme_id, instrument_id, version)
        return render_template(
            "analysis/instrument.html",
            programme=tx.db.get_one(Programme, programme_id),
            instrument=shown,
            uses=lines(standings(tx, programme_id, shown)),
            sources=analysis.sources(tx, programme_id, shown),
            runs=analysis.runs_of(tx, programme_id, shown),
            remarks=remark_counts(tx, instrument_id, version, programme_id),
        )


@analysis_pages.get("/audits/<run_id>")
def run(run_id: str) -> str | tuple[str, int, dict[str, str]]:
    """Show how far an audit is; then the verdicts first, why, and the evidence."""
    with web.transaction() as tx:
        run = tx.db.get_one(AuditRun, run_id)
        job = tx.db.get_one(Job, run.job_id)
        shown = analysis.instrument_of(tx, run.programme_id, run.instrument_id, run.instrument_version)
        if run.finished_at is None:
            stage = stage_words(shown, job.stage)
            page = render_template("analysis/running.html", run=run, job=job, instrument=shown, stage=stage,
                                   problem=told(job.problem))  # fmt: skip
            return page, 200, {} if job.ended else LOOK_AGAIN
        found = [s for s in standings(tx, run.programme_id or "", shown) if s.row.run_id == run.id]
        return render_template(
            "analysis/run.html",
            run=run,
            instrument=shown,
            evidence=run.evidence,
            left_out=scales_left_out(run, shown),
            careless=careless_rows(run),
            scales=scale_pages(run, shown, found, tx.settings.smallest_group),
            policy=policy_in_force(tx, run.programme_id or ""),
        )


@pages.get("/verdicts/<verdict_id>/sign")
def sign(verdict_id: str) -> str:
    """Show one verdict with what it rests on, and the form to sign or refuse."""
    with web.transaction() as tx:
        return _sign_page(tx, tx.db.get_one(VerdictRow, verdict_id), {}, {})


@pages.post("/verdicts/<verdict_id>/sign")
def decide(verdict_id: str) -> Response | tuple[str, int]:
    """Release or refuse in the lead's name, for this scale and others chosen with it."""
    form = request.form
    with web.transaction() as tx:
        row = tx.db.get_one(VerdictRow, verdict_id)
        together = [row, *(other for other in _like(tx, row) if other.id in form.getlist("also"))]
        try:
            for entry in together:
                basis = form.get(f"basis-{entry.id}")
                if form.get("decision") == "refuse":
                    verdicts.refuse(tx, entry, reason=form.get("reason", ""), basis_digest=basis)
                elif form.get("confirm") != "y":
                    raise InvalidInput({"confirm": _("Please tick that you have read the reasons.")})
                else:
                    verdicts.sign(tx, entry, reason=form.get("reason", ""), basis_digest=basis)
        except InvalidInput as error:
            return _sign_page(tx, row, {**form.to_dict(), "also": form.getlist("also")}, error.faults), 422
    flash(ngettext("Your decision is recorded.", "Your decision is recorded for %(num)s scales.", len(together)))
    address = url_for("analysis.instrument", programme_id=row.programme_id, instrument_id=row.instrument_id,
                      version=row.instrument_version)  # fmt: skip
    return redirect(address, 303)


def _like(tx: Transaction, row: VerdictRow) -> list[VerdictRow]:
    """Return the other verdicts on the same use and language (or groups) that can be signed along with this one."""
    shown = analysis.instrument_of(tx, row.programme_id, row.instrument_id, row.instrument_version)
    about = (row.use, row.language, row.grouping, row.reference, row.focal)
    return [
        s.row
        for s in standings(tx, row.programme_id, shown)
        if s.row.id != row.id
        and s.can_be_signed
        and (s.row.use, s.row.language, s.row.grouping, s.row.reference, s.row.focal) == about
    ]


def _sign_page(tx: Transaction, row: VerdictRow, values: Mapping[str, Any], faults: dict[str, str]) -> str:
    shown = analysis.instrument_of(tx, row.programme_id, row.instrument_id, row.instrument_version)
    found = standings(tx, row.programme_id, shown)
    entry = next((s for s in found if s.row.id == row.id), standing(shown, row, None))
    return render_template(
        "release/sign.html",
        instrument=shown,
        entry=entry,
        others=[standing(shown, other, None) for other in _like(tx, row)],
        signatures=[(signature, _name(tx, signature.person_id)) for signature in row.sign_offs],
        needed=policy_in_force(tx, row.programme_id).signatures,
        values=values,
        faults=faults,
        simulated_here=row.simulated,
    )


def _name(tx: Transaction, person_id: str) -> str:
    person = tx.db.get(Person, person_id)
    return name_of(person, tx.vault) if person is not None else _("someone")


@pages.get("/programmes/<programme_id>/releases")
def history(programme_id: str) -> str:
    """Show every decision ever taken in a programme, newest first."""
    with web.transaction() as tx:
        entries = [
            (standing(analysis.instrument_of(tx, programme_id, row.instrument_id, row.instrument_version), row, None),
             [(signature, _name(tx, signature.person_id)) for signature in row.sign_offs])
            for row in verdicts.history(tx, programme_id)
        ]  # fmt: skip
        policies = [(entry, _name(tx, entry.made_by)) for entry in policy_history(tx, programme_id)]
        programme = tx.db.get_one(Programme, programme_id)
        return render_template("release/history.html", programme=programme, entries=entries, policies=policies)


@pages.get("/programmes/<programme_id>/policy")
def policy(programme_id: str) -> str:
    """Show the thresholds in force and the form to change them."""
    with web.transaction() as tx:
        return _policy_page(tx, programme_id, {}, {})


@pages.post("/programmes/<programme_id>/policy")
def change_policy(programme_id: str) -> Response | tuple[str, int]:
    """Change the thresholds of a programme."""
    form = request.form
    with web.transaction() as tx:
        try:
            thresholds = _thresholds()
            service.change_policy(tx, programme_id, thresholds, reason=form.get("reason", ""))
        except InvalidInput as error:
            return _policy_page(tx, programme_id, form.to_dict(), error.faults), 422
    flash(_("The policy is changed. Every verdict was looked at again."))
    return redirect(url_for("release.policy", programme_id=programme_id), 303)


def _thresholds() -> dict[str, float]:
    values, faults = {}, {}
    for name in THRESHOLDS:
        text = request.form.get(name, "").strip().replace(",", ".")
        try:
            values[name] = int(text) if is_count(name) else float(text)
        except ValueError:
            faults[name] = _("Please give a number.")
    if faults:
        raise InvalidInput(faults)
    return values


def _policy_page(tx: Transaction, programme_id: str, values: dict[str, str], faults: dict[str, str]) -> str:
    return render_template(
        "release/policy.html",
        programme=tx.db.get_one(Programme, programme_id),
        policy=policy_in_force(tx, programme_id),
        default=default_policy(),
        thresholds=THRESHOLDS,
        values=values,
        faults=faults,
    )
