"""The questions a programme has to answer about an instrument, each with the evidence there is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from assess.analysis import service as analysis
from assess.analysis.evidence import RunFigures, digest_of
from assess.analysis.rules import Coefficient, Pair, published_coefficients
from assess.instruments.rules import Instrument, Scale
from assess.programmes.models import Programme
from assess.release.rules import Evidence, NormGroup, Use
from assess.transactions import Transaction

_PER_PERSON = (Use.INDIVIDUAL_REPORT, Use.CHANGE_OVER_TIME)


@dataclass(frozen=True, slots=True)
class Question:
    """May this scale, in this language or between these groups, be used so?"""

    scale_id: str
    use: str
    language: str = ""
    grouping: str = ""
    reference: str = ""
    focal: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its evidence, and the run that any local evidence comes from."""

    question: Question
    evidence: Evidence
    run_id: str | None
    simulated: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the evidence."""
        return digest_of(asdict(self.evidence))


def runs_that_count(tx: Transaction, programme_id: str, instrument: Instrument) -> list[RunFigures]:
    """Return the evidence of a programme: on its own clients first, then on imported answers, the newest first in each.

    Simulated people count in simulated programmes only.
    """
    programme = tx.db.get_one(Programme, programme_id)
    runs = analysis.finished_runs(tx, programme_id, instrument)
    return sorted((run for run in runs if programme.simulated or not run.simulated), key=lambda run: not run.own)


def cases(instrument: Instrument, runs: list[RunFigures]) -> Iterator[Case]:
    """Yield every question about an instrument with what the runs, in this order, and publications know about it."""
    for scale in instrument.scales:
        pairs = _pairs(runs, scale.id)
        for language in instrument.answerable_locales:
            yield from _cases_of_language(instrument, scale, language, runs, pairs)
        for run, pair in pairs:
            groups = (pair.grouping, pair.reference.label, pair.focal.label)
            question = Question(scale.id, Use.GROUP_COMPARISON, "", *groups)
            yield Case(question, Evidence(pairs=(pair,)), run.run_id, run.simulated)


def _cases_of_language(
    instrument: Instrument, scale: Scale, language: str, runs: list[RunFigures], pairs: list[tuple[RunFigures, Pair]]
) -> Iterator[Case]:
    run, local = _local(runs, scale.id, language)
    coefficients = local + published_coefficients(instrument, scale.id, language)
    run_id, simulated = (run.run_id, run.simulated) if run else (None, False)
    for use in _PER_PERSON:
        yield Case(Question(scale.id, use, language), Evidence(language, coefficients), run_id, simulated)
    norms = tuple(NormGroup(n.population, n.language, n.n) for n in instrument.norms if n.scale == scale.id)
    every_pair = tuple(pair for _, pair in pairs)
    if norms:
        of_language = tuple(pair for pair in every_pair if pair.grouping == "language")
        evidence = Evidence(language, coefficients, norms, of_language)
        yield Case(Question(scale.id, Use.NORM_COMPARISON, language), evidence, run_id, simulated)
    evidence = Evidence(language, coefficients, pairs=every_pair)
    yield Case(Question(scale.id, Use.SPONSOR_AGGREGATE, language), evidence, run_id, simulated)


def _local(runs: list[RunFigures], scale_id: str, language: str) -> tuple[RunFigures | None, tuple[Coefficient, ...]]:
    """Return the coefficients of the first run that knows any for a scale in a language, else that looked at all."""
    found = [
        (run, group.coefficients)
        for run in runs
        if (figures := run.scale(scale_id)) and (group := figures.language(language))
    ]
    known = (entry for entry in found if any(not math.isnan(c.lower) for c in entry[1]))
    return next(known, found[0] if found else (None, ()))


def _pairs(runs: list[RunFigures], scale_id: str) -> list[tuple[RunFigures, Pair]]:
    """Return every pair of groups, each from the first run that could compare it, else that looked at it."""
    chosen: dict[tuple[str, frozenset[str]], tuple[RunFigures, Pair]] = {}
    for run in runs:
        figures = run.scale(scale_id)
        for pair in figures.pairs if figures else ():
            key = (pair.grouping, frozenset((pair.reference.label, pair.focal.label)))
            if key not in chosen or (not chosen[key][1].compared and pair.compared):
                chosen[key] = (run, pair)
    return list(chosen.values())
