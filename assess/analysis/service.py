"""Use cases of audits: find the instrument, choose a source, start a run, read the evidence of finished ones."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, undefer

from assess.access import About
from assess.analysis.evidence import RunFigures, is_outdated, read_run
from assess.analysis.mapping import complete_scales
from assess.analysis.models import AuditRun, ResponseSet
from assess.analysis.own import copies_taken, refuse_subtraction, shown_count
from assess.analysis.sets import kept_instrument, response_sets, usable_by
from assess.audit import Event
from assess.errors import InvalidInput, UnknownInstrument
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument
from assess.jobs import Job, enqueue
from assess.programmes.models import BatteryInstrument, Programme
from assess.transactions import Transaction

OWN_ANSWERS = "programme"  # the source that is no imported set
# What clients may declare about themselves; the names in the de-identified copies.
DECLARED_GROUPINGS = ("language", "gender", "age_band", "country", "education", "first_language")


@dataclass(frozen=True, slots=True)
class Source:
    """Answers that an audit can look at; how many own ones there are is told to the nearest five, None if too few."""

    id: str
    name: str
    n: int | None
    scale_ids: tuple[str, ...]
    groupings: Mapping[str, tuple[str, ...]]
    simulated: bool


def about_run(db: Session, run_id: str) -> About | None:
    """Return the programme a run belongs to."""
    run = db.get(AuditRun, run_id)
    return About(programme_id=run.programme_id) if run and run.programme_id else None


def instrument_of(tx: Transaction, programme_id: str | None, instrument_id: str, version: str) -> Instrument:
    """Return an installed instrument, or one that is kept with a response set because it is not installed."""
    try:
        return tx.catalogue.get(instrument_id, version)
    except UnknownInstrument:
        files = tx.db.scalar(
            select(ResponseSet.instrument_files)
            .where(ResponseSet.instrument_files.is_not(None), usable_by(programme_id))
            .where(ResponseSet.instrument_id == instrument_id, ResponseSet.instrument_version == version)
            .order_by(ResponseSet.imported_at.desc())
            .limit(1)
        )
        if files is None:
            raise
        return kept_instrument(files)


def instruments_of(tx: Transaction, programme_id: str) -> tuple[Instrument, ...]:
    """Return the instruments of a programme's battery, and those its response sets brought along."""
    own = select(BatteryInstrument).where(BatteryInstrument.programme_id == programme_id)
    battery = tx.db.scalars(own.order_by(BatteryInstrument.position))
    keys = dict.fromkeys((entry.instrument_id, entry.instrument_version) for entry in battery)
    sets = tx.db.execute(
        select(ResponseSet.instrument_id, ResponseSet.instrument_version).where(usable_by(programme_id))
    )
    keys |= dict.fromkeys((row.instrument_id, row.instrument_version) for row in sets)
    return tuple(instrument_of(tx, programme_id, *key) for key in keys)


def sources(tx: Transaction, programme_id: str, instrument: Instrument) -> tuple[Source, ...]:
    """Return what an audit of this instrument can look at: the clients' own answers first, then imported sets."""
    imported = tuple(source_of_set(entry, instrument) for entry in response_sets(tx, programme_id, instrument))
    own = _own_source(tx, programme_id, instrument)
    return (own, *imported) if own else imported


def source_of_set(entry: ResponseSet, instrument: Instrument) -> Source:
    """Return an imported set as a source."""
    groupings = {name: tuple(labels) for name, labels in entry.groups.items()}
    scales = complete_scales(instrument, entry.item_ids)
    return Source(entry.id, entry.source, entry.n, scales, groupings, entry.simulated)


def _own_source(tx: Transaction, programme_id: str, instrument: Instrument) -> Source | None:
    """The clients' own answers, as far as they agreed (scope `instrument_quality`)."""
    copies = copies_taken(tx, programme_id, instrument)
    if not copies:
        return None
    n = shown_count(len(copies), tx.settings.smallest_group)
    programme = tx.db.get_one(Programme, programme_id)
    scales = tuple(scale.id for scale in instrument.scales)
    groupings: Mapping[str, tuple[str, ...]] = dict.fromkeys(DECLARED_GROUPINGS, ())
    return Source(OWN_ANSWERS, _("Answers in %(name)s", name=programme.name), n, scales, groupings, programme.simulated)


def start_run(
    tx: Transaction,
    *,
    programme_id: str | None,
    instrument: Instrument,
    response_set: ResponseSet | None = None,
    scale_ids: Sequence[str] = (),
    groupings: Sequence[str] = (),
    references: Mapping[str, str] | None = None,
    seed: int | None = None,
) -> AuditRun:
    """Ask the worker for an audit of some scales (all, if none is named) with some groupings, from one source.

    `references` names the group that the others of a grouping are compared with; otherwise it is the largest.
    """
    possible = complete_scales(instrument, response_set.item_ids if response_set else [i.id for i in instrument.items])
    chosen = [scale for scale in possible if not scale_ids or scale in scale_ids]
    known = tuple(response_set.groups) if response_set else DECLARED_GROUPINGS
    faults = {}
    if not chosen or set(scale_ids) - set(possible):
        faults["scales"] = _("Please choose scales whose questions are all in the answers.")
    if set(groupings) - set(known):
        faults["groupings"] = _("The answers know these groups: %(names)s", names=", ".join(known))
    for name, label in (references or {}).items():
        if response_set is not None and label not in response_set.groups.get(name, ()):
            faults["references"] = _("There is no group %(label)s in %(name)s.", label=label, name=name)
    if faults:
        raise InvalidInput(faults)
    if response_set is None and programme_id is not None:
        refuse_subtraction(tx, programme_id, instrument)
    run = AuditRun(
        programme_id=programme_id,
        response_set_id=response_set.id if response_set else None,
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        scale_ids=chosen,
        groupings=list(groupings),
        references=dict(references or {}),
        seed=secrets.randbelow(2**31) if seed is None else seed,
        started_by=tx.actor,
        started_at=tx.now,
    )
    tx.db.add(run)
    tx.db.flush()
    run.job_id = enqueue(tx.db, "audit", {"run": run.id}, now=tx.now).id
    tx.record(Event.AUDIT_STARTED, subject=programme_id or "installation", about=run.id)
    return run


def finished_runs(tx: Transaction, programme_id: str, instrument: Instrument) -> list[RunFigures]:
    """Return the evidence of every finished run on this instrument version in a programme, newest first.

    Evidence kept in an older form lacks what decisions rest on now: it says nothing until the audit is made again.
    """
    finished = _runs(programme_id, instrument).where(AuditRun.finished_at.is_not(None))
    runs = tx.db.scalars(finished.options(undefer(AuditRun.evidence)))
    return [read_run(run.id, run.evidence) for run in runs if run.evidence and not is_outdated(run.evidence)]


def runs_of(tx: Transaction, programme_id: str, instrument: Instrument) -> list[tuple[AuditRun, Job]]:
    """Return the runs on an instrument version in a programme, newest first, each with its job."""
    runs = list(tx.db.scalars(_runs(programme_id, instrument)))
    return [(run, tx.db.get_one(Job, run.job_id)) for run in runs if run.job_id]


def _runs(programme_id: str, instrument: Instrument) -> Select[AuditRun]:
    return (
        select(AuditRun)
        .where(
            AuditRun.programme_id == programme_id,
            AuditRun.instrument_id == instrument.id,
            AuditRun.instrument_version == instrument.version,
        )
        .order_by(AuditRun.started_at.desc(), AuditRun.id)
    )
