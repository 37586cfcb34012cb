"""The audit of each scale, with what a reader needs to trust and repeat it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata

import numpy as np

from psychometrics._codes import FloatArray
from psychometrics.audit import Audit, audit
from psychometrics.engines import map_tasks
from psychometrics.report.answers import Answers
from psychometrics.report.faults import Fault, refuse_if
from psychometrics.report.levels import Verdict
from psychometrics.report.scales import Scale
from psychometrics.report.verdicts import verdicts

# A score is made of at least this share of the answers; the person's mean stands for the rest.
ANSWERED_SHARE = 0.75
_MOST_BARS = 41

Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class ScoreDistribution:
    """How many people have a sum score from `starts` to below the next; `n` of them, the others answered too little."""

    starts: tuple[float, ...]
    step: int
    counts: tuple[int, ...]
    n: int
    n_without_score: int
    mean: float
    sd: float


@dataclass(frozen=True)
class ScaleStudy:
    """One scale: its audit, the verdicts drawn from it, and what was skipped."""

    scale: Scale
    audit: Audit
    verdicts: tuple[Verdict, ...]
    scores: ScoreDistribution
    n_complete: int
    n_without_answer: int
    share_missing: float


@dataclass(frozen=True)
class Study:
    """Everything that a report shows."""

    file: str
    sha256: str
    n_rows: int
    seed: int
    date: str
    versions: Mapping[str, str]
    scales: tuple[ScaleStudy, ...]
    groupings: tuple[str, ...]
    notes: tuple[str, ...]


def study_scales(
    answers: Answers, *, reference: Mapping[str, str], seed: int, engine: str | int = "serial", tell: Tell | None = None
) -> tuple[ScaleStudy, ...]:
    """Audit every scale, each with random numbers of its own, so that the engine does not matter."""
    tasks = list(zip(answers.scales, answers.responses, strict=True))
    study = partial(_study, groups=answers.groups, reference=dict(reference), tell=tell if engine == "serial" else None)
    found = map_tasks(study, tasks, engine=engine, seed=seed)
    refuse_if([fault for fault in found if isinstance(fault, Fault)])
    return tuple(scale for scale in found if isinstance(scale, ScaleStudy))


def _study(
    task: tuple[Scale, FloatArray],
    rng: np.random.Generator,
    *,
    groups: Mapping[str, Sequence[str]],
    reference: Mapping[str, str],
    tell: Tell | None,
) -> ScaleStudy | Fault:
    scale, responses = task
    assert scale.codes is not None  # read from the data at the latest
    progress = None if tell is None else (lambda fraction, stage: tell(fraction, f"{scale.name}: {stage}"))
    try:
        found = audit(
            responses,
            item_names=scale.items,
            groupings=groups,
            minimum_code=scale.codes[0],
            maximum_code=scale.codes[1],
            rng=rng,
            reference=reference,
            cuts=scale.cuts,
            progress=progress,
        )
    except ValueError as error:
        return Fault(f"scale {scale.name}", str(error))
    gaps = np.isnan(responses)
    answered = ~gaps.all(axis=1)
    return ScaleStudy(
        scale=scale,
        audit=found,
        verdicts=verdicts(found),
        scores=_scores(responses, scale.codes),
        n_complete=int((~gaps.any(axis=1)).sum()),
        n_without_answer=int((~answered).sum()),
        share_missing=float(gaps[answered].mean()),
    )


def _scores(responses: FloatArray, codes: tuple[int, int]) -> ScoreDistribution:
    n_people, n_items = responses.shape
    answered = (~np.isnan(responses)).sum(axis=1)
    enough = answered >= ANSWERED_SHARE * n_items
    sums = np.nansum(responses[enough], axis=1) / answered[enough] * n_items
    low, high = n_items * codes[0], n_items * codes[1]
    step = max(1, -(-(high - low + 1) // _MOST_BARS))
    counts = np.bincount((np.rint(sums).astype(int) - low) // step, minlength=(high - low) // step + 1)
    spread = float(sums.std(ddof=1)) if len(sums) > 1 else float("nan")
    return ScoreDistribution(
        starts=tuple(float(low + step * at) for at in range(len(counts))),
        step=step,
        counts=tuple(counts.tolist()),
        n=len(sums),
        n_without_score=n_people - len(sums),
        mean=float(sums.mean()) if len(sums) else float("nan"),
        sd=spread,
    )


def versions() -> dict[str, str]:
    """Return the versions the figures were made with."""
    found = {"python": platform.python_version()}
    for package in ("assess", "numpy", "scipy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
