"""The worker's part: import a file, audit an instrument. The only place where numpy and `psychometrics` are at work."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from assess.analysis.evidence import FORMAT, digest_of, plain
from assess.analysis.importing import FaultyFile, read_responses
from assess.analysis.mapping import mapping_of
from assess.analysis.models import AuditRun, ResponseFile, ResponseSet
from assess.analysis.own import refuse_subtraction
from assess.analysis.service import OWN_ANSWERS, instrument_of
from assess.analysis.sets import keep_set
from assess.audit import Event
from assess.errors import AssessError
from assess.instruments.lint import ROUNDING
from assess.instruments.rules import Instrument, Scale
from assess.jobs import Work
from assess.problems import WorkStopped
from assess.programmes.models import Programme
from assess.transactions import Installation, Transaction

if TYPE_CHECKING:
    from assess.analysis.matrices import ScaleAnswers

_PACKAGES = ("assess", "numpy", "scipy")


def import_file(installation: Installation, work: Work) -> None:
    """Import an uploaded file whole, or say what is wrong with it; its content is kept no longer than that."""
    with installation.transaction() as tx:
        file = tx.db.get_one(ResponseFile, work.payload["file"])
        content, mapping = file.content, mapping_of(file.mapping or {})
        instrument = instrument_of(tx, file.programme_id, file.instrument_id, file.instrument_version)
    if content is None:
        return  # it was imported, and the worker stopped before it could say so
    try:
        imported = read_responses(
            BytesIO(content), mapping, instrument, progress=lambda done: work.progress(0.9 * done, "reading")
        )
    except FaultyFile as error:
        listed = [[f.line, f.column, f.value, f.code, dict(f.figures)] for f in error.faults]
        with installation.transaction() as tx:
            tx.db.get_one(ResponseFile, file.id).faults = {"listed": listed, "total": error.total}
        return
    work.progress(0.95, "keeping")
    with installation.transaction(actor=file.uploaded_by) as tx:
        file = tx.db.get_one(ResponseFile, file.id)
        programme = tx.db.get_one(Programme, file.programme_id)
        kept = keep_set(tx, imported, instrument, programme_id=file.programme_id, source=file.source,
                        licence=file.licence, language=mapping.language,
                        simulated=file.simulated or programme.simulated)  # fmt: skip
        file.response_set_id = kept.id
        tx.db.execute(update(ResponseFile).where(ResponseFile.id == file.id).values(content=None))


def audit(
    installation: Installation, work: Work, *, on_evidence: Callable[[Transaction, AuditRun], None] = lambda *_: None
) -> None:
    """Audit every scale of a run; its evidence and what that changes (`on_evidence`) are stored together or not."""
    from assess.analysis.careless import careless_by_group
    from assess.analysis.matrices import LANGUAGE

    with installation.transaction() as tx:
        run = tx.db.get_one(AuditRun, work.payload["run"])
        if run.finished_at is not None:
            return  # it was finished, and the worker stopped before it could say so
        instrument = instrument_of(tx, run.programme_id, run.instrument_id, run.instrument_version)
        source, answers = _source(tx, run, instrument)
        own = run.programme_id if source["kind"] == OWN_ANSWERS else None
        copies = sorted(refuse_subtraction(tx, own, instrument)) if own else None
    _refuse_too_few(source, installation.settings.smallest_group)
    left_out = {entry.scale.id: reason for entry in answers if (reason := _not_auditable(entry))}
    if len(left_out) == len(answers):
        raise WorkStopped("nothing_to_audit")
    scales = []
    for number, of_scale in enumerate(answers):
        if of_scale.scale.id in left_out:
            continue
        done = number / len(answers)

        def tell(fraction: float, stage: str, done: float = done, scale: str = of_scale.scale.id) -> None:
            work.progress(done + fraction / len(answers), f"{scale}: {stage}")

        scales.append(_audit_scale(run, of_scale, number, tell, own=source["kind"] == OWN_ANSWERS,
                                   smallest=installation.settings.smallest_group))  # fmt: skip
    smallest = installation.settings.smallest_group if own else 1
    careless = careless_by_group(answers, instrument, dict.fromkeys((*run.groupings, LANGUAGE)), smallest=smallest)
    evidence = plain(_passport(run, instrument, source, scales) | {"left_out": left_out, "careless": careless})
    with installation.transaction(actor=run.started_by) as tx:
        run = tx.db.get_one(AuditRun, run.id)
        run.evidence, run.evidence_digest = evidence, digest_of(evidence)
        run.n, run.simulated, run.finished_at, run.copies = source["n"], source["simulated"], tx.now, copies
        tx.record(Event.AUDIT_FINISHED, subject=run.programme_id or "installation", about=run.id)
        tx.db.flush()
        on_evidence(tx, run)


def _refuse_too_few(source: Mapping[str, Any], smallest: int) -> None:
    """Figures of a few clients are their answers: with two of them, mean and spread give both away."""
    if source["kind"] == OWN_ANSWERS and source["n"] < smallest:
        raise WorkStopped("too_few_agreed", n=smallest)


def _not_auditable(answers: ScaleAnswers) -> str:
    """Return a code of why nothing can be known about a scale; the other scales are audited all the same."""
    if len(answers.scale.items) < 2:
        return "one_item"
    if (answers.responses != answers.responses).all():  # nan is the only value unequal to itself
        return "nobody_answered"
    return ""


def _source(tx: Transaction, run: AuditRun, instrument: Instrument) -> tuple[dict[str, Any], list[ScaleAnswers]]:
    """Return where the answers come from, and the answers."""
    from assess.analysis.matrices import answers_of_programme, answers_of_set

    if run.response_set_id is not None:
        kept = tx.db.get_one(ResponseSet, run.response_set_id)
        answers = answers_of_set(kept, instrument, run.scale_ids)
        told = {"kind": "set", "id": kept.id, "name": kept.source, "licence": kept.licence, "simulated": kept.simulated}
    elif run.programme_id is not None:
        programme = tx.db.get_one(Programme, run.programme_id)
        answers = answers_of_programme(tx, programme.id, instrument, run.scale_ids)
        told = {"kind": OWN_ANSWERS, "id": programme.id, "name": programme.name, "licence": "",
                "simulated": programme.simulated}  # fmt: skip
    else:
        raise AssessError("An audit needs a response set or a programme.")
    return {**told, "n": max((len(entry.responses) for entry in answers), default=0)}, answers


def _audit_scale(
    run: AuditRun, answers: ScaleAnswers, number: int, tell: Callable[[float, str], None], *, own: bool, smallest: int
) -> dict[str, Any]:
    """Return the evidence on one scale, with its own seed so that scales do not depend on each other."""
    import numpy as np

    from assess.analysis.matrices import LANGUAGE, groups_to_compare
    from assess.analysis.pictures import distribution
    from psychometrics.audit import audit as audit_scale

    names = dict.fromkeys((*run.groupings, LANGUAGE))
    groupings = groups_to_compare(answers, names, smallest=smallest if own else 1)
    references = {name: label for name, label in run.references.items() if label in groupings.get(name, ())}
    try:
        result = audit_scale(
            answers.responses,
            item_names=answers.scale.item_ids,
            groupings=groupings,
            minimum_code=answers.minimum_code,
            maximum_code=answers.maximum_code,
            reference=references,
            shown=answers.shown,
            cuts=_cuts(answers.scale),
            rng=np.random.default_rng([run.seed, number]),
            progress=tell,
        )
    except ValueError as error:
        raise WorkStopped("cannot_audit", scale=answers.scale.id, why=str(error)) from None
    return {
        "scale": answers.scale.id,
        "unit": 1.0 if answers.scale.method == "sum" else 1 / len(answers.scale.items),
        "language": answers.language,
        "digest": answers.digest,
        "distribution": distribution(answers, smallest=smallest if own else 1),
        "audit": result.as_dict(),
    }


def _cuts(scale: Scale) -> list[float]:
    """Return where bands begin, on the sum of the items."""
    if scale.method == "sum":
        return [band.lower for band in scale.bands[1:]]
    return [math.ceil((band.lower - ROUNDING) * len(scale.items)) for band in scale.bands[1:]]


def _passport(
    run: AuditRun, instrument: Instrument, source: Mapping[str, Any], scales: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the evidence with everything needed to make it again."""
    return {
        "format": FORMAT,
        "instrument": {"id": instrument.id, "version": instrument.version, "digest": instrument.digest},
        "source": dict(source),
        "groupings": run.groupings,
        "references": run.references,
        "seed": run.seed,
        "asked_at": run.started_at.isoformat(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        "scales": scales,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "run from its source folder"
