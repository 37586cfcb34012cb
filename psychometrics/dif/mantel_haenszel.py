"""Mantel-Haenszel differential item functioning for items with two codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr, ndtri

from psychometrics._codes import BoolArray, FloatArray, IntArray, as_codes, focal_indicator
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import Label, as_proportion
from psychometrics.dif._matching import checked_anchors, make_tables, purify, stacked_tables

# Holland & Thayer (1988): the odds ratio on the delta scale that test developers use for difficulty.
_DELTA_SCALE = -2.35


@dataclass(frozen=True)
class MantelHaenszel:
    """Mantel-Haenszel results, one entry per item."""

    n: IntArray
    chi2: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    odds_ratio: FloatArray
    log_odds_ratio_se: FloatArray
    delta: FloatArray
    delta_se: FloatArray
    delta_lower: FloatArray
    delta_upper: FloatArray
    ets_class: tuple[str, ...]
    flagged: BoolArray
    anchors: BoolArray
    iterations: int
    converged: bool


def mantel_haenszel(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    focal: Label,
    matching: npt.ArrayLike | str | None = None,
    anchors: npt.ArrayLike | None = None,
    purified: bool = False,
    continuity_correction: bool = True,
    significance: float = 0.05,
    confidence: float = 0.95,
    max_iterations: int = 50,
) -> MantelHaenszel:
    """Test each item for uniform differential functioning between two groups.

    Parameters
    ----------
    responses : array_like of two consecutive codes, shape (n_people, n_items)
        nan where an answer is missing. With the sum score as match, a person with a gap among the items summed is left
        out for that item; with a supplied match only people without an answer to the item or without a match are.
    groups : array_like, shape (n_people,)
        Two labels; missing labels leave the person out.
    focal : label
        The focal group; effects are focal minus reference.
    matching : "rest" or array_like of float, shape (n_people,) or (n_people, n_items), optional
        What to match on instead of the sum of the items: the sum of the other items, or values such as latent-trait
        estimates, the same for all items or a column for each (`rest_traits`). A rest score does not make groups
        comparable that differ in the trait; estimates from all items with a prior common to all groups do, and those of
        `rest_traits`.
    anchors : positions or mask of items, optional
        Items that make up the matching score. Default: all. The studied item is always part of it.
    purified : bool
        Match again without the flagged items until the flags repeat, at most `max_iterations` times.
    continuity_correction : bool
        Take one half from the absolute difference in the chi-square.
    significance : float
        Level of the test that flags items in purification and in `flagged`.
    confidence : float
        Level of the interval of delta.
    max_iterations : int
        Bound on the number of purification steps.

    Returns
    -------
    MantelHaenszel
        ``odds_ratio`` above 1 and ``delta`` below 0: the item is harder for the focal group. ``delta_se`` after Robins,
        Breslow & Greenland (1986). ``ets_class`` is the complete rule: A when ``|delta| < 1`` or not different
        from 0 (two-sided .05), C when ``|delta| >= 1.5`` and above 1 (one-sided .05), else B; "" when undefined.

    Raises
    ------
    ValueError
        For more than two codes or groups, unknown labels, or values that are not codes.

    References
    ----------
    Mantel & Haenszel (1959); Holland & Thayer (1988); Zwick (2012), ETS RR-12-08.
    """
    coded = as_codes(responses)
    if coded.n_codes != 2:
        raise ValueError(f"mantel_haenszel needs items with two codes; these have {coded.n_codes} (see mantel)")
    as_proportion(significance, "significance")
    quantile = ndtri(0.5 + as_proportion(confidence, "confidence") / 2)
    source = make_tables(coded, focal_indicator(groups, len(coded.codes), focal), 2, matching)

    def test(chosen: BoolArray) -> tuple[FloatArray, BoolArray]:
        counts, _ = stacked_tables(source, chosen)
        return counts, _chi2(counts, continuity_correction)[1] < significance

    fixed = checked_anchors(anchors, coded.n_items)
    final = purify(test, coded.n_items, enabled=purified, max_iterations=max_iterations, start=fixed)
    chi2, p = _chi2(final.result, continuity_correction)
    odds_ratio, se = common_odds_ratio(final.result)
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = _DELTA_SCALE * np.log(odds_ratio)
    delta_se = abs(_DELTA_SCALE) * se
    return MantelHaenszel(
        n=np.rint(final.result.sum(axis=(1, 2, 3))).astype(np.intp),
        chi2=chi2,
        p=p,
        p_adjusted=benjamini_hochberg(p),
        odds_ratio=odds_ratio,
        log_odds_ratio_se=se,
        delta=delta,
        delta_se=delta_se,
        delta_lower=delta - quantile * delta_se,
        delta_upper=delta + quantile * delta_se,
        ets_class=tuple(ets_class(d, s) for d, s in zip(delta, delta_se, strict=True)),
        flagged=p < significance,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged,
    )


def _chi2(counts: FloatArray, continuity_correction: bool) -> tuple[FloatArray, FloatArray]:
    """Return the Mantel-Haenszel chi-square and its p value from counts (items, levels, 2 groups, 2 codes)."""
    n = counts.sum(axis=(2, 3))
    in_group, in_code = counts.sum(axis=3), counts.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(n > 0, in_group[..., 0] * in_code[..., 1] / n, 0.0)
        variance = in_group.prod(axis=2) * in_code.prod(axis=2) / (n**2 * (n - 1))
        variance = np.where(n > 1, variance, 0.0).sum(axis=1)
        difference = np.abs((counts[:, :, 0, 1] - expected).sum(axis=1))
        if continuity_correction:
            difference = np.abs(difference - 0.5)
        chi2 = np.where(variance > 0, difference**2 / variance, np.nan)
    return chi2, chdtrc(1.0, chi2)


def common_odds_ratio(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the common odds ratio (reference over focal) and the standard error of its logarithm.

    Counts are (items, levels, 2 groups, 2 codes). Standard error: Robins, Breslow & Greenland (1986).
    """
    n = np.maximum(counts.sum(axis=(2, 3)), 1)
    agree = counts[:, :, 0, 1] * counts[:, :, 1, 0] / n
    oppose = counts[:, :, 0, 0] * counts[:, :, 1, 1] / n
    weight_agree = (counts[:, :, 0, 1] + counts[:, :, 1, 0]) / n
    weight_oppose = (counts[:, :, 0, 0] + counts[:, :, 1, 1]) / n
    r, s = agree.sum(axis=1), oppose.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds_ratio = np.where((r > 0) | (s > 0), r / s, np.nan)
        variance = (
            (weight_agree * agree).sum(axis=1) / (2 * r**2)
            + (weight_agree * oppose + weight_oppose * agree).sum(axis=1) / (2 * r * s)
            + (weight_oppose * oppose).sum(axis=1) / (2 * s**2)
        )
    return odds_ratio, np.sqrt(np.where((r > 0) & (s > 0), variance, np.nan))


def ets_class(delta: float, se: float) -> str:
    """Return A (negligible), B (moderate) or C (large) by the rule of ETS (Zwick 2012); "" when undefined."""
    if not (np.isfinite(delta) and np.isfinite(se)):
        return ""
    size = abs(delta)
    if size < 1 or 2 * ndtr(-size / se) >= 0.05:
        return "A"
    return "C" if size >= 1.5 and ndtr(-(size - 1) / se) < 0.05 else "B"
