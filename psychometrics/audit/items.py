"""How differently each item works in two groups of equal trait."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.dif.impact import Comparison, Interval, ScoreImpact
from psychometrics.dif.logistic import LogisticDif, logistic_dif
from psychometrics.dif.polytomous import Mantel, mantel
from psychometrics.irt._curves import expected_scores
from psychometrics.nonresponse import SkipDifference, differential_skipping

# Trait levels at which item curves are given, in SDs of the reference group.
TRAIT_GRID = np.linspace(-3.0, 3.0, 25)
# Bounds of a moderate and a large difference: Nagelkerke's delta R2 (Jodoin & Gierl 2001), groups weighted alike, and
# standardised mean difference in item SDs (ETS).
_DELTA_R2 = (0.035, 0.070)
_MEAN_DIFFERENCE = (0.17, 0.25)


@dataclass(frozen=True)
class PairInput:
    """The answers of two groups: integer codes or nan, group 0 (reference) and 1 (focal), which items were shown."""

    responses: FloatArray
    group: IntArray
    shown: BoolArray
    item_names: tuple[str, ...]
    labels: tuple[str, str]
    cuts: tuple[float, ...]


@dataclass(frozen=True)
class ItemDif:
    """How differently one item works in the focal group, given the same level of the trait.

    ``level`` is ``negligible``, ``moderate``, ``large`` or ``unknown`` (the item could not be analysed); ``ets_class``
    the same as A, B, C or "". ``direction`` is ``lower`` when people of the focal group score lower than their trait
    lets expect, ``higher``, or ``none``. ``mean_difference`` is in SDs of the item, ``signed`` and ``unsigned`` impact
    in score points. The curves are expected scores at the trait levels of the audit's `trait_grid`.
    """

    name: str
    n: int
    chi2_uniform: float
    p_uniform: float
    chi2_nonuniform: float
    p_nonuniform: float
    p: float
    p_adjusted: float
    delta_r2_nagelkerke: float
    delta_r2_mcfadden: float
    log_odds_ratio: float
    log_odds_ratio_se: float
    mean_difference: Interval
    level: str
    ets_class: str
    direction: str
    is_anchor: bool
    signed: Interval
    unsigned: Interval
    skipping: SkipDifference
    reference_curve: tuple[float, ...]
    focal_curve: tuple[float, ...]


def audit_items(
    data: PairInput,
    usable: BoolArray,
    trait: FloatArray,
    comparison: Comparison,
    impact: ScoreImpact,
    anchors: tuple[int, ...],
) -> tuple[ItemDif, ...]:
    """Test every item against the trait; curves are those compared; `anchors` count usable items."""
    responses = data.responses[:, usable]
    logistic = logistic_dif(responses, data.group, reference=0, balanced=True, matching=trait)
    means = mantel(responses, data.group, focal=1, matching=trait)
    curves = expected_scores(comparison.beta[0], TRAIT_GRID, comparison.model.code_values)
    curves += comparison.model.minimum
    skips = differential_skipping(data.responses, data.group, shown=data.shown, reference=0).differences(1)
    place = np.cumsum(usable) - 1
    return tuple(
        _item(data, item, int(place[item]), logistic, means, impact, curves, int(place[item]) in anchors, skips[item])
        if usable[item]
        else _unknown_item(data, item, skips[item])
        for item in range(len(usable))
    )


def unknown_items(data: PairInput) -> tuple[ItemDif, ...]:
    """Return what can be said about items that cannot be analysed: who answered and who skipped."""
    skips = differential_skipping(data.responses, data.group, shown=data.shown, reference=0).differences(1)
    return tuple(_unknown_item(data, item, skips[item]) for item in range(len(skips)))


def _item(
    data: PairInput,
    item: int,
    at: int,
    logistic: LogisticDif,
    means: Mantel,
    impact: ScoreImpact,
    curves: FloatArray,
    is_anchor: bool,
    skips: SkipDifference,
) -> ItemDif:
    with np.errstate(divide="ignore", invalid="ignore"):
        per_sd = means.smd_standardized[at] / means.smd[at]
    odds = float(logistic.log_odds_ratio[at, 0])
    return ItemDif(
        name=data.item_names[item],
        n=int(logistic.n[at]),
        chi2_uniform=float(logistic.uniform.chi2[at]),
        p_uniform=float(logistic.uniform.p[at]),
        chi2_nonuniform=float(logistic.nonuniform.chi2[at]),
        p_nonuniform=float(logistic.nonuniform.p[at]),
        p=float(logistic.both.p[at]),
        p_adjusted=float("nan"),
        delta_r2_nagelkerke=float(logistic.both.delta_r2_nagelkerke[at]),
        delta_r2_mcfadden=float(logistic.both.delta_r2_mcfadden[at]),
        log_odds_ratio=odds,
        log_odds_ratio_se=float(logistic.log_odds_ratio_se[at, 0]),
        mean_difference=Interval(
            float(means.smd_standardized[at]), float(means.smd_lower[at] * per_sd), float(means.smd_upper[at] * per_sd)
        ),
        level="unknown",
        ets_class="",
        direction="lower" if odds < 0 else "higher" if odds > 0 else "none",
        is_anchor=is_anchor,
        signed=impact.item_signed[at],
        unsigned=impact.item_unsigned[at],
        skipping=skips,
        reference_curve=tuple(curves[0, at].tolist()),
        focal_curve=tuple(curves[1, at].tolist()),
    )


def _unknown_item(data: PairInput, item: int, skips: SkipDifference) -> ItemDif:
    nan = float("nan")
    gap = Interval(nan, nan, nan)
    n = int((~np.isnan(data.responses[:, item])).sum())
    figures = dict.fromkeys(
        ("chi2_uniform", "p_uniform", "chi2_nonuniform", "p_nonuniform", "p", "p_adjusted", "delta_r2_nagelkerke",
         "delta_r2_mcfadden", "log_odds_ratio", "log_odds_ratio_se"),
        nan,
    )  # fmt: skip
    return ItemDif(
        name=data.item_names[item],
        n=n,
        **figures,
        mean_difference=gap,
        level="unknown",
        ets_class="",
        direction="none",
        is_anchor=False,
        signed=gap,
        unsigned=gap,
        skipping=skips,
        reference_curve=(),
        focal_curve=(),
    )


def with_level(item: ItemDif, p_adjusted: float) -> ItemDif:
    """A difference is moderate (large) when it is beyond chance and either measure of size says so.

    The mean difference counts with the end of its interval nearer to zero: it must be shown to exceed the bound, as the
    ETS rule asks of its class C.
    """
    if not np.isfinite(item.delta_r2_nagelkerke):
        return replace(item, p_adjusted=p_adjusted)
    gap = item.mean_difference
    shown = max(gap.lower, -gap.upper, 0.0) if np.isfinite(gap.lower) else 0.0
    reached = [
        p_adjusted < 0.05 and (item.delta_r2_nagelkerke >= r2 or shown > mean)
        for r2, mean in zip(_DELTA_R2, _MEAN_DIFFERENCE, strict=True)
    ]
    level, letter = (("negligible", "A"), ("moderate", "B"), ("large", "C"))[sum(reached)]
    return replace(item, p_adjusted=p_adjusted, level=level, ets_class=letter)
