"""Mantel's test, standardised mean difference, Liu-Agresti odds ratio: two groups, items with ordered codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtri

from psychometrics._codes import BoolArray, FloatArray, IntArray, as_codes, focal_indicator
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import Label, as_proportion
from psychometrics.dif._matching import checked_anchors, make_tables, purify, stacked_tables

# ETS rule for polytomous items: bounds of the standardised mean difference over the item's SD (Zwick, Thayer & Mazzeo
# 1997; Educational Testing Service as quoted by Penfield & Algina 2003).
_MODERATE, _LARGE = 0.17, 0.25


@dataclass(frozen=True)
class Mantel:
    """Results for items with ordered codes, one entry per item; differences are focal minus reference."""

    n: IntArray
    chi2: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    smd: FloatArray
    smd_se: FloatArray
    smd_lower: FloatArray
    smd_upper: FloatArray
    smd_standardized: FloatArray
    liu_agresti: FloatArray
    liu_agresti_log_se: FloatArray
    ets_class: tuple[str, ...]
    strata: IntArray
    flagged: BoolArray
    anchors: BoolArray
    iterations: int
    converged: bool


def mantel(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    focal: Label,
    matching: npt.ArrayLike | str | None = None,
    anchors: npt.ArrayLike | None = None,
    purified: bool = False,
    significance: float = 0.05,
    confidence: float = 0.95,
    max_iterations: int = 50,
) -> Mantel:
    """Test items with ordered codes for uniform differential functioning between two groups.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing. With the sum score as match, a person with a gap among the items summed is left
        out for that item; with a supplied match only people without an answer to the item or without a match are.
    groups : array_like, shape (n_people,)
        Two labels; missing labels leave the person out.
    focal : label
        The focal group.
    matching, anchors, purified, significance, confidence, max_iterations
        As in `mantel_haenszel`.

    Returns
    -------
    Mantel
        ``chi2`` with 1 df (Mantel 1963) on the codes. ``smd``: difference of item means, in score points, standardised
        to the focal group's distribution over the match (Dorans & Schmitt 1991), its standard error under the
        hypergeometric model (Zwick & Thayer 1996); ``smd_standardized``: the same in pooled SDs of the item.
        ``liu_agresti``: common cumulative odds ratio (Liu & Agresti 1996), above 1 when the focal group tends to the
        higher codes. ``ets_class``: A up to .17, B up to .25, C above, A also when the test is not significant at .05.
        Levels of the match that lack one group are dropped; ``strata`` says how many remain.

    Raises
    ------
    ValueError
        For more than two groups, unknown labels, or values that are not codes.
    """
    coded = as_codes(responses)
    as_proportion(significance, "significance")
    quantile = ndtri(0.5 + as_proportion(confidence, "confidence") / 2)
    source = make_tables(coded, focal_indicator(groups, len(coded.codes), focal), 2, matching)

    def test(chosen: BoolArray) -> tuple[FloatArray, BoolArray]:
        counts = stacked_tables(source, chosen)[0]
        return counts, _mantel_chi2(_with_both_groups(counts))[1] < significance

    fixed = checked_anchors(anchors, coded.n_items)
    final = purify(test, coded.n_items, enabled=purified, max_iterations=max_iterations, start=fixed)
    spread = _pooled_sd(final.result)
    counts = _with_both_groups(final.result)
    chi2, p = _mantel_chi2(counts)
    smd, smd_se = standardized_mean_difference(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(spread > 0, smd / spread, np.nan)
    ratio, ratio_se = liu_agresti(counts)
    return Mantel(
        n=np.rint(counts.sum(axis=(1, 2, 3))).astype(np.intp),
        chi2=chi2,
        p=p,
        p_adjusted=benjamini_hochberg(p),
        smd=smd,
        smd_se=smd_se,
        smd_lower=smd - quantile * smd_se,
        smd_upper=smd + quantile * smd_se,
        smd_standardized=size,
        liu_agresti=ratio,
        liu_agresti_log_se=ratio_se,
        ets_class=tuple(polytomous_class(s, q) for s, q in zip(size, p, strict=True)),
        strata=(counts.sum(axis=(2, 3)) > 0).sum(axis=1),
        flagged=p < significance,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged,
    )


def polytomous_class(size: float, p: float) -> str:
    """Return A, B or C for a standardised mean difference in item SDs; A when p >= .05, "" when undefined."""
    if not (np.isfinite(size) and np.isfinite(p)):
        return ""
    if p >= 0.05 or abs(size) <= _MODERATE:
        return "A"
    return "B" if abs(size) <= _LARGE else "C"


def _with_both_groups(counts: FloatArray) -> FloatArray:
    """Empty the strata that lack one of the two groups."""
    complete: BoolArray = (counts.sum(axis=3) > 0).all(axis=2)
    return np.where(complete[:, :, None, None], counts, 0.0)


def _hypergeometric(counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return, per item and level, the focal sum of codes, its expectation and its variance given all margins."""
    codes = np.arange(counts.shape[3])
    n, in_group, in_code = counts.sum(axis=(2, 3)), counts.sum(axis=3), counts.sum(axis=2)
    total, squares = in_code @ codes, in_code @ codes**2
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(n > 0, in_group[..., 1] * total / n, 0.0)
        variance = in_group.prod(axis=2) * (n * squares - total**2) / (n**2 * (n - 1))
    return counts[:, :, 1] @ codes, expected, np.where(n > 1, variance, 0.0)


def _mantel_chi2(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    observed, expected, variance = _hypergeometric(counts)
    total = variance.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        chi2 = np.where(total > 0, (observed - expected).sum(axis=1) ** 2 / total, np.nan)
    return chi2, chdtrc(1.0, chi2)


def standardized_mean_difference(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the standardised mean difference and its standard error, from strata that hold both groups."""
    codes = np.arange(counts.shape[3])
    in_group = counts.sum(axis=3)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(in_group > 0, counts @ codes / in_group, 0.0)
        weight = in_group[..., 1] / in_group[..., 1].sum(axis=1, keepdims=True)
        inverse = np.where((in_group > 0).all(axis=2), (1 / in_group).sum(axis=2), 0.0)
        smd = (weight * (means[..., 1] - means[..., 0])).sum(axis=1)
        # Given the margins the difference of means is the focal sum times (1/n_focal + 1/n_reference), less a constant.
        variance = (weight**2 * inverse**2 * _hypergeometric(counts)[2]).sum(axis=1)
    return smd, np.sqrt(variance)


def _pooled_sd(counts: FloatArray) -> FloatArray:
    """Return the root of the within-group variances pooled by their degrees of freedom."""
    codes = np.arange(counts.shape[3])
    by_group = counts.sum(axis=1)
    n = by_group.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = by_group @ codes**2 - (by_group @ codes) ** 2 / n
        return np.asarray(np.sqrt(squares.sum(axis=1) / (n.sum(axis=1) - 2)))


def liu_agresti(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Liu-Agresti common cumulative odds ratio (focal over reference) and the SE of its logarithm.

    Per stratum the estimating function is a sum over pairs (reference person, focal person) whose expectation is zero,
    so that its variance is estimated without bias from the pairs that share a person; with two codes this is the
    variance of Robins, Breslow & Greenland up to terms of higher order.
    """
    codes = np.arange(counts.shape[3])
    gain = np.maximum(codes[None, :] - codes[:, None], 0).astype(np.float64)
    n = np.maximum(counts.sum(axis=(2, 3)), 1)
    reference, focal = counts[:, :, 0], counts[:, :, 1]
    above = (np.einsum("ilc,cd,ild->il", reference, gain, focal) / n).sum(axis=1)
    below = (np.einsum("ilc,dc,ild->il", reference, gain, focal) / n).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((above > 0) | (below > 0), above / below, np.nan)
        pair = gain - np.where(np.isfinite(ratio), ratio, 0.0)[:, None, None] * gain.T
        by_reference = np.einsum("icd,ild->ilc", pair, focal)
        by_focal = np.einsum("icd,ilc->ild", pair, reference)
        shared = (reference * by_reference**2).sum(axis=2) + (focal * by_focal**2).sum(axis=2)
        shared -= np.einsum("ilc,icd,ild->il", reference, pair**2, focal)
        variance = (shared / n**2).sum(axis=1) / (above * below * ratio)
    return ratio, np.sqrt(np.where((above > 0) & (below > 0), np.maximum(variance, 0), np.nan))
