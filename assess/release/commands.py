"""What `assess audit` does and prints: the verdicts first, then why, then the figures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from assess import i18n
from assess.analysis import service
from assess.analysis.commands import find_instrument, find_programme
from assess.analysis.evidence import coefficients_of, read_run
from assess.analysis.models import AuditRun, ResponseSet
from assess.analysis.rules import Pair
from assess.errors import AssessError, InvalidInput
from assess.jobs import Job, run_this
from assess.paths import TEMPLATES
from assess.problems import told
from assess.release import work
from assess.release.gather import Case, cases
from assess.release.policy import default_policy, policy_in_force
from assess.release.rules import Use, Verdict, decide, worst_first
from assess.transactions import Installation, Transaction

Write = Callable[[str], object]
_MARKS = {"released": "RELEASED", "released_with_conditions": "RELEASED WITH CONDITIONS", "held": "HELD",
          "insufficient": "NOT ENOUGH PEOPLE TO TELL"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about an audit."""

    instrument: str = ""
    programme: str = ""
    scales: Sequence[str] = ()
    groupings: Sequence[str] | None = None
    references: Sequence[str] = ()
    seed: int | None = None
    json: Path | None = None


def audit(
    installation: Installation, about: str, wanted: Wanted, *, write: Write, tell: Callable[[float, str], None]
) -> None:
    """Audit a response set (or a programme's own answers), or print a finished run again."""
    run_id = _finished(installation, about) or _start(installation, about, wanted)
    with installation.transaction() as tx:
        job_id = tx.db.get_one(AuditRun, run_id).job_id or ""
    run_this(installation.sessions, {"audit": partial(work.audit, installation)}, job_id, listen=tell)
    with installation.transaction() as tx:
        run = tx.db.get_one(AuditRun, run_id)
        if run.evidence is None:
            job = tx.db.get_one(Job, job_id)
            raise AssessError(told(job.problem) or f"A worker is busy with it. Look again soon: assess audit {run_id}")
        if wanted.json:
            wanted.json.write_text(json.dumps(run.evidence, ensure_ascii=False, indent=1))
        for line in _report(tx, run, run.evidence):
            write(line)


def _finished(installation: Installation, about: str) -> str | None:
    with installation.transaction() as tx:
        run = tx.db.get(AuditRun, about) if about else None
        return run.id if run is not None else None


def _start(installation: Installation, about: str, wanted: Wanted) -> str:
    with installation.transaction(actor="command") as tx:
        kept = tx.db.get(ResponseSet, about) if about else None
        if about and kept is None:
            raise AssessError(f'There is no response set and no run "{about}".')
        programme_id = find_programme(tx, wanted.programme) or (kept.programme_id if kept else None)
        if kept is not None:
            instrument = service.instrument_of(tx, programme_id, kept.instrument_id, kept.instrument_version)
            groupings = list(kept.groups) if wanted.groupings is None else wanted.groupings
        else:
            instrument = find_instrument(installation, wanted.instrument)
            groupings = service.DECLARED_GROUPINGS if wanted.groupings is None else wanted.groupings
        try:
            run = service.start_run(
                tx,
                programme_id=programme_id,
                instrument=instrument,
                response_set=kept,
                scale_ids=wanted.scales,
                groupings=groupings,
                references=dict(_reference(entry) for entry in wanted.references),
                seed=wanted.seed,
            )
        except InvalidInput as error:
            raise AssessError(str(error)) from None
        return run.id


def _reference(entry: str) -> tuple[str, str]:
    grouping, sign, label = entry.partition("=")
    if not sign:
        raise AssessError(f'"{entry}": write GROUPING=LABEL, such as country=Canada')
    return grouping, label


def _report(tx: Transaction, run: AuditRun, evidence: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the whole report."""
    instrument = service.instrument_of(tx, run.programme_id, run.instrument_id, run.instrument_version)
    policy = policy_in_force(tx, run.programme_id) if run.programme_id else default_policy()
    figures = read_run(run.id, evidence)
    words = gate_words()
    source = evidence["source"]
    simulated = ", simulated people" if source["simulated"] else ""
    yield f"{instrument.id} {instrument.version}: {source['n']:,} people, {source['name']}{simulated}"
    yield ""
    for case in cases(instrument, [figures]):
        if case.run_id is not None:
            yield from _verdict_lines(case, decide(case.evidence, policy, Use(case.question.use)), words)
    if lacking := tuple(_uncompared_lines(evidence)):
        yield from (*lacking, "")
    for entry in evidence["scales"]:
        yield from _reliability_lines(entry)
        yield from _key_lines(entry)
        yield from _skipping_lines(entry)
    yield ""
    yield f"run {run.id}, seed {run.seed}, evidence {run.evidence_digest[:16]}, policy {policy.version}"


def _verdict_lines(case: Case, verdict: Verdict, words: Any) -> Iterator[str]:
    question = case.question
    about = f"{question.reference} – {question.focal} ({question.grouping})" if question.grouping else question.language
    use = _plain(words.use_name(question.use))
    yield f"{_MARKS[verdict.outcome]}: {use}, {question.scale_id}, {about}"
    for condition in verdict.conditions:
        yield f"  condition: {_plain(words.condition(condition.code, 'lead', condition.items, condition.figures))}"
    for reason in verdict.reasons:
        yield f"  because: {_plain(words.reason(reason.code, 'lead', reason.figures))}"
    for pair in case.evidence.pairs if question.grouping else ():
        yield from _pair_lines(pair)
    yield ""


def _pair_lines(pair: Pair) -> Iterator[str]:
    by_name = {item.item: item for item in pair.items}
    for item in (by_name[name] for name in worst_first(pair.items)):
        if not math.isnan(item.effect):
            direction = "harder" if item.effect < 0 else "easier"
            yield (f"  item {item.item}: {item.level}, ΔR² {item.delta_r2:.3f}, {direction} to endorse in "
                   f"{pair.focal.label} by {abs(item.effect):.2f} SD")  # fmt: skip


def _reliability_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield alpha and omega of everybody and of each group of each grouping, with 95 % intervals."""
    audited = entry["audit"]
    groups = [("all", audited["whole"])]
    groups += [(f"{g['name']} {group['label']}", group) for g in audited["groupings"] for group in g["groups"]]
    yield f"reliability of {entry['scale']} (95 % intervals: alpha by the jackknife, omega by the delta method)"
    for label, group in groups:
        if not group["alpha"]:
            yield f"  {label}: n {group['n']:,}, too few or undefined"
            continue
        line = "; ".join(
            f"{name} {figure['estimate']:.3f} ({_interval(figure)})" for name, figure in coefficients_of(group).items()
        )
        if group["omega"] and "heywood" in group["omega"]["notes"]:
            line += "; omega has no proper solution"
        if complete := group["alpha_complete"]:
            line += f"; complete answers: alpha {complete['estimate']:.3f}, n {complete['n']:,} ({_interval(complete)})"
        yield f"  {label}: n {group['n']:,}, {line}"


def _interval(figure: Mapping[str, Any]) -> str:
    return "no interval" if figure["lower"] is None else f"{figure['lower']:.3f} to {figure['upper']:.3f}"


def _uncompared_lines(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Say of every scale and grouping that was asked for, and could not be looked at, that there is no verdict."""
    words = gate_words()
    for scale, why in evidence["left_out"].items():
        yield f"NO VERDICT on {scale}: {_plain(words.left_out(why))}"
    for grouping in evidence["groupings"]:
        lacking = [entry["scale"] for entry in evidence["scales"]
                   if grouping not in {found["name"] for found in entry["audit"]["groupings"]}]  # fmt: skip
        if lacking:
            yield f"NO VERDICT by {grouping} on {', '.join(lacking)}: there are no two groups to compare."
    if any(not entry["language"] and "language" not in {found["name"] for found in entry["audit"]["groupings"]}
           for entry in evidence["scales"]):  # fmt: skip
        yield "NO VERDICT on reports to a person: it is not known in which language people answered (--language)."


def _key_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """Name items that go against the rest of their scale by more than chance (two standard errors)."""
    audited = entry["audit"]
    figures = zip(audited["item_names"], audited["items"]["item_rest_correlation"], audited["items"]["n"], strict=True)
    against = [name for name, r, n in figures if r is not None and r < -2 / math.sqrt(max(n, 1))]
    if against:
        yield f"  against the rest of the scale, perhaps keyed the wrong way: {', '.join(against)}"


def _skipping_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """Name items that one of two groups clearly leaves out more often, by five in a hundred or more."""
    for grouping in entry["audit"]["groupings"]:
        for pair in grouping["pairs"]:
            told = [
                f"{item['name']} {skip['reference_rate']:.0%} and {skip['focal_rate']:.0%}"
                for item in pair["items"]
                if (skip := item["skipping"])["lower"] is not None
                and abs(skip["difference"]) >= 0.05
                and skip["lower"] * skip["upper"] > 0
            ]
            if told:
                yield f"  not answered by {pair['reference']} and {pair['focal']}: {', '.join(told)}"


def gate_words() -> Any:
    """Return the macros that word reasons and conditions, in the language being spoken."""
    jinja = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, extensions=["jinja2.ext.i18n"])
    jinja.filters.update(i18n.FILTERS)
    catalogue = i18n.catalogue(i18n.current_locale())
    jinja.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    return jinja.get_template("release/reasons.html").module


def _plain(text: object) -> str:
    return unescape(str(text)).strip()
