"""The comparison of two groups: anchors, items, what they do to scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics.audit.groups import sum_score_variance
from psychometrics.audit.items import ItemDif, PairInput, audit_items, unknown_items, with_level
from psychometrics.dif.anchors import (
    AnchorChoice,
    differing_items,
    select_by_median,
    select_by_mode,
    select_rival,
)
from psychometrics.dif.impact import (
    Comparison,
    CutConsequence,
    Interval,
    ScoreImpact,
    cut_consequences,
    linked_comparison,
    score_impact,
)
from psychometrics.dif.shifts import ItemShifts, item_shifts
from psychometrics.irt.calibration import Calibration, calibrate

# More people than this in a group change a calibration's third digit and cost seconds; a random part is taken then.
_CALIBRATED = 50_000
# Codes given by fewer people of a group are merged: their curves would rest on a handful of answers.
_MINIMUM_COUNT = 3
_NODES = 41
_DRAWS = 300


@dataclass(frozen=True)
class Impact:
    """Expected-score difference due to differential functioning, over the focal group's trait distribution.

    In score points, and in SDs of the scale where named so; focal minus reference. Item by item it stands with the
    items.
    """

    signed: Interval
    unsigned: Interval
    signed_sd: Interval
    unsigned_sd: Interval
    scale_sd: float
    latent_mean_difference: float
    latent_sd_ratio: float
    method: str
    n_reference: int
    n_focal: int
    n_draws: int
    confidence: float


@dataclass(frozen=True)
class PairAudit:
    """Everything about one reference and one focal group; items with the largest difference first."""

    reference: str
    focal: str
    n_reference: int
    n_focal: int
    anchors: tuple[str, ...]
    anchor_strategy: str
    second_anchors: tuple[str, ...]
    second_anchor_strategy: str
    anchors_agree: bool
    items: tuple[ItemDif, ...]
    impact: Impact | None
    impact_second_anchors: Impact | None
    cut_consequences: tuple[CutConsequence, ...]
    notes: tuple[str, ...]


def audit_pair(data: PairInput, rng: np.random.Generator) -> PairAudit:
    """Compare two groups.

    Two calibrations without equality give every item's shift. Two strategies find from the shifts where the focal group
    lies, and name the anchors that stand for it; on that common scale the expected-score difference follows. Items are
    tested against the trait, estimated with a common prior under a model in which all items are equal that do not lie
    apart from that position: a fair match when people skip and when many items differ. (With curves of their own for
    all items the tests for non-uniform differences would reject twice too often.)
    """
    usable = _usable_items(data)
    notes: list[str] = [] if usable.all() else ["items_not_analysable"]
    bare = _bare(data, notes)
    if usable.sum() < 3:
        return replace(bare, notes=(*notes, "too_few_items"))
    try:
        linked = _link(data, usable, rng)
    except (ValueError, np.linalg.LinAlgError):
        return replace(bare, notes=(*notes, "calibration_failed"))
    if not linked.model.converged:
        notes.append("calibration_not_converged")
    names = [name for name, use in zip(data.item_names, usable, strict=True) if use]
    return replace(
        bare,
        anchors=tuple(names[i] for i in linked.first.items),
        anchor_strategy=linked.first.strategy,
        second_anchors=tuple(names[i] for i in linked.second.items),
        second_anchor_strategy=linked.second.strategy,
        anchors_agree=linked.model.converged and _agree(linked.impact, linked.second_impact),
        items=audit_items(data, usable, linked.match, linked.comparison, linked.impact, linked.first.items),
        impact=_told(linked.impact, linked.first),
        impact_second_anchors=_told(linked.second_impact, linked.second),
        cut_consequences=cut_consequences(linked.comparison, data.cuts) if usable.all() else (),
        notes=tuple(notes),
    )


def _bare(data: PairInput, notes: list[str]) -> PairAudit:
    return PairAudit(
        reference=data.labels[0],
        focal=data.labels[1],
        n_reference=int((data.group == 0).sum()),
        n_focal=int((data.group == 1).sum()),
        anchors=(),
        anchor_strategy="",
        second_anchors=(),
        second_anchor_strategy="",
        anchors_agree=False,
        items=unknown_items(data),
        impact=None,
        impact_second_anchors=None,
        cut_consequences=(),
        notes=tuple(notes),
    )


def _usable_items(data: PairInput) -> BoolArray:
    """Return the items with a cut that enough people of each group lie below and above."""
    usable = np.zeros(len(data.item_names), dtype=bool)
    for item, column in enumerate(data.responses.T):
        answers = [column[(data.group == g) & ~np.isnan(column)] for g in (0, 1)]
        cuts = np.unique(np.concatenate(answers))[1:]
        sides = [[((x >= cut).sum(), (x < cut).sum()) for x in answers] for cut in cuts]
        usable[item] = any(np.min(side) >= _MINIMUM_COUNT for side in sides)
    return usable


@dataclass(frozen=True)
class _Linked:
    first: AnchorChoice
    second: AnchorChoice
    model: Calibration
    match: Calibration
    comparison: Comparison
    impact: ScoreImpact
    second_impact: ScoreImpact


def _link(data: PairInput, usable: BoolArray, rng: np.random.Generator) -> _Linked:
    people = _calibration_sample(data.group, rng)
    responses, group = data.responses[np.ix_(people, usable)], data.group[people]
    separate = _calibrate(responses, group)
    shifts = item_shifts(separate)
    first = select_by_mode(shifts)
    second = _second_choice(shifts, first)
    comparison = linked_comparison(separate, shifts, first, rng=rng, n_draws=_DRAWS)
    sd = scale_sd(data.responses, data.group)
    return _Linked(
        first=first,
        second=second,
        model=separate,
        match=_calibrate(responses, group, equal=~differing_items(shifts, first, separate.covariance)),
        comparison=comparison,
        impact=score_impact(comparison, scale_sd=sd),
        second_impact=score_impact(linked_comparison(separate, shifts, second, rng=rng, n_draws=_DRAWS), scale_sd=sd),
    )


def _second_choice(shifts: ItemShifts, first: AnchorChoice) -> AnchorChoice:
    """Return the choice that speaks most against the first: the median, or a position that as many items agree on."""
    others = [select_by_median(shifts), select_rival(shifts, first)]
    return max((choice for choice in others if choice), key=lambda choice: abs(choice.mean - first.mean))


def _calibrate(responses: FloatArray, group: IntArray, equal: BoolArray | bool = False) -> Calibration:
    """Calibrate both groups: apart, each with a standard normal trait, or on one scale by the items held equal."""
    return calibrate(
        responses,
        group,
        reference=0,
        equal_slopes=equal,
        equal_intercepts=equal,
        covariance="none" if np.any(equal) else "auto",
        minimum_count=_MINIMUM_COUNT,
        n_nodes=_NODES,
        tolerance=1e-4,
        max_iterations=1000,
    )


def _calibration_sample(group: IntArray, rng: np.random.Generator) -> IntArray:
    parts = []
    for g in (0, 1):
        members = np.flatnonzero(group == g)
        if len(members) > _CALIBRATED:
            members = np.sort(rng.choice(members, _CALIBRATED, replace=False))
        parts.append(members)
    return np.sort(np.concatenate(parts))


def scale_sd(responses: FloatArray, group: IntArray) -> float:
    """Return the SD of the sum score within the groups, which weigh alike, as in the effect sizes of items."""
    return float(np.sqrt(np.mean([sum_score_variance(responses[group == g]) for g in (0, 1)])))


def _agree(first: ScoreImpact, second: ScoreImpact) -> bool:
    """Two choices agree when their impacts differ by less than 0.1 SD, or by a third of a large impact.

    A third, because the median is known to fall short by up to a quarter (see `select_by_median`).
    """
    a, b = first.signed_sd.value, second.signed_sd.value
    return abs(a - b) <= max(0.1, max(abs(a), abs(b)) / 3)


def _told(impact: ScoreImpact, choice: AnchorChoice) -> Impact:
    return Impact(
        signed=impact.signed,
        unsigned=impact.unsigned,
        signed_sd=impact.signed_sd,
        unsigned_sd=impact.unsigned_sd,
        scale_sd=impact.scale_sd,
        latent_mean_difference=choice.mean,
        latent_sd_ratio=choice.sd,
        method=impact.method,
        n_reference=impact.n_reference,
        n_focal=impact.n_focal,
        n_draws=impact.n_draws,
        confidence=impact.confidence,
    )


def with_levels(pairs: Sequence[PairAudit]) -> tuple[PairAudit, ...]:
    """Adjust p values for all items of all pairs together, say how large each difference is, order items by it."""
    adjusted = benjamini_hochberg([item.p for pair in pairs for item in pair.items])
    result, at = [], 0
    for pair in pairs:
        items = [
            with_level(item, float(p)) for item, p in zip(pair.items, adjusted[at : at + len(pair.items)], strict=True)
        ]
        at += len(items)
        items.sort(key=lambda item: -np.nan_to_num(item.delta_r2_nagelkerke, nan=-1.0))
        result.append(replace(pair, items=tuple(items)))
    return tuple(result)
