"""People's trait under items calibrated by conditional maximum likelihood, and how well items fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.irt.conditional import ConditionalModel

# Bounds of the search for a trait; its last Newton step squares an error of this size.
_LIMIT = 60.0
_TOLERANCE = 1e-7
# Patterns with scores worked on at once.
_BLOCK = 20_000


@dataclass(frozen=True)
class ConditionalScores:
    """Trait estimates, one entry per person with an answer.

    Attributes
    ----------
    trait, se : ndarray of float
        Maximum likelihood given the items, and its standard error from the test information; nan where undefined.
    score, maximum : ndarray of int
        The person's raw score on the answered items, and the highest possible one.
    extrapolated : ndarray of bool
        Whose score is the lowest or highest possible: no maximum exists, the trait is extrapolated.
    by_score : ndarray of float, shape (highest possible score + 1,)
        The trait for every raw score on all items.
    reliability : float
        Person separation reliability, 1 - mean(se**2) / var(trait), without the extrapolated; it can be negative.
    """

    trait: FloatArray
    se: FloatArray
    score: IntArray
    maximum: IntArray
    extrapolated: BoolArray
    by_score: FloatArray
    reliability: float


@dataclass(frozen=True)
class ConditionalFit:
    """Mean squares of the residuals, one entry per item: about 1 where the model holds.

    ``n`` are the people the item was judged by: those who answered it and have an informative score. ``infit`` weighs
    residuals by their information, ``outfit`` does not; ``_z`` are about standard normal, ``_p`` two-sided.
    """

    n: IntArray
    infit: FloatArray
    outfit: FloatArray
    infit_z: FloatArray
    outfit_z: FloatArray
    infit_p: FloatArray
    outfit_p: FloatArray


def conditional_scores(model: ConditionalModel) -> ConditionalScores:
    """Return the maximum likelihood estimates of the trait of the people the model was calibrated on.

    Parameters
    ----------
    model : ConditionalModel

    Returns
    -------
    ConditionalScores
        Missing answers: each person is placed by the items answered. The lowest and the highest possible score get the
        natural cubic spline through the traits of all other scores, continued in a straight line (the spline that eRm
        uses); nan with fewer than two other scores.

    References
    ----------
    Fischer & Molenaar (1995), Rasch Models, chapter 4; Wright & Stone (1999) for separation reliability.
    """
    groups = model.groups
    maxima = groups.patterns @ groups.highest
    found, place = np.unique(groups.pattern * (maxima.max() + 1) + groups.score, return_inverse=True)
    pattern, score = np.divmod(found, maxima.max() + 1)
    inside = (score > 0) & (score < maxima[pattern])
    extremes = {int(p): _extrapolated(_all_scores(model, groups.patterns[p])) for p in np.unique(pattern[~inside])}
    values, errors = np.empty(len(found)), np.empty(len(found))
    for start in range(0, len(found), _BLOCK):
        rows = slice(start, start + _BLOCK)
        proper, answered = inside[rows], groups.patterns[pattern[rows]]
        values[rows][proper] = _maximum_likelihood(model, answered[proper], score[rows][proper])
        ends = zip(pattern[rows][~proper].tolist(), score[rows][~proper].tolist(), strict=True)
        values[rows][~proper] = [extremes[p][-1 if r else 0] for p, r in ends]
        errors[rows] = 1 / np.sqrt((_mean_and_variance(model, values[rows])[1] * answered).sum(axis=1))
    trait, se, proper = values[place], errors[place], inside[place]
    reliability = np.nan
    # Two items leave one score between the extremes: without differences there is nothing to be reliable.
    if np.ptp(trait[proper]) > 0:
        reliability = 1 - float((se[proper] ** 2).mean() / trait[proper].var(ddof=1))
    everything = np.ones(len(groups.highest), dtype=bool)
    return ConditionalScores(
        trait=trait,
        se=se,
        score=groups.score,
        maximum=groups.maximum,
        extrapolated=~proper,
        by_score=_extrapolated(_all_scores(model, everything)),
        reliability=reliability,
    )


def conditional_fit(model: ConditionalModel) -> ConditionalFit:
    """Return infit and outfit of the items.

    Parameters
    ----------
    model : ConditionalModel

    Returns
    -------
    ConditionalFit
        Residuals are taken at the trait of `conditional_scores`, from people with an informative score who answered the
        item. The trait is estimated from the same answers, so the mean squares lie somewhat below 1 in short scales.

    References
    ----------
    Wright & Masters (1982), Rating Scale Analysis, chapter 5.
    """
    groups, trait = model.groups, conditional_scores(model).trait
    used = groups.informative & np.isfinite(trait)
    traits, place = np.unique(trait[used], return_inverse=True)
    sums = [_residual_sums(model, item, groups.codes[used, item], place, traits) for item in range(len(model.highest))]
    n, squared, standardized, weight, excess, kurtosis = np.array(sums).T
    infit, outfit = squared / weight, standardized / n
    infit_sd, outfit_sd = np.sqrt(excess) / weight, np.sqrt(kurtosis / n**2 - 1 / n)
    infit_z, outfit_z = _standardized(infit, infit_sd), _standardized(outfit, outfit_sd)
    n = n.astype(np.intp)
    return ConditionalFit(n, infit, outfit, infit_z, outfit_z, 2 * ndtr(-np.abs(infit_z)), 2 * ndtr(-np.abs(outfit_z)))


def _standardized(mean_square: FloatArray, sd: FloatArray) -> FloatArray:
    """Return a mean square as a standard normal deviate (Wilson & Hilferty 1931)."""
    return np.asarray((np.cbrt(mean_square) - 1) * 3 / sd + sd / 3)


def _residual_sums(
    model: ConditionalModel, item: int, codes: npt.NDArray[np.int16], place: npt.NDArray[np.intp], traits: FloatArray
) -> tuple[float, ...]:
    """Return an item's number of people, their summed squared residuals, raw and standardised, and what these vary by.

    People are counted by trait (`place` in `traits`) and code.
    """
    share = _code_shares(model.easiness[item : item + 1], traits)[:, 0]
    width = share.shape[1]
    answered = codes >= 0
    cells = np.bincount(place[answered] * width + codes[answered], minlength=len(traits) * width)
    counts = cells.reshape(len(traits), width)
    away = (np.arange(width) - (share @ np.arange(width))[:, None]) ** 2
    variance, fourth = (share * away).sum(axis=1), (share * away**2).sum(axis=1)
    n, squared = counts.sum(axis=1), (counts * away).sum(axis=1)
    parts = (n, squared, squared / variance, n * variance, n * (fourth - variance**2), n * fourth / variance**2)
    return tuple(float(part.sum()) for part in parts)


def _code_shares(easiness: FloatArray, traits: FloatArray) -> FloatArray:
    """Return the probability of each code of some items at each trait, shape (traits, items, codes)."""
    codes = np.arange(easiness.shape[1] + 1)
    logs = traits[:, None, None] * codes + np.nan_to_num(np.pad(easiness, ((0, 0), (1, 0))), nan=-np.inf)
    share = np.exp(logs - np.maximum.reduce([logs[:, :, code] for code in codes])[:, :, None])
    return np.asarray(share / (share @ np.ones(len(codes)))[:, :, None])


def _mean_and_variance(model: ConditionalModel, traits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of each item's code at each trait, shape (traits, items)."""
    share, codes = _code_shares(model.easiness, traits), np.arange(model.easiness.shape[1] + 1.0)
    mean = share @ codes
    return mean, share @ codes**2 - mean**2


def _maximum_likelihood(model: ConditionalModel, patterns: BoolArray, scores: IntArray) -> FloatArray:
    """Solve expected score = score, by Newton steps kept inside the bracket that is known to hold the root."""
    low, high = np.full(len(scores), -_LIMIT), np.full(len(scores), _LIMIT)
    trait = np.zeros(len(scores))
    for _ in range(100):
        mean, variance = _mean_and_variance(model, trait)
        excess = (mean * patterns).sum(axis=1) - scores
        low, high = np.where(excess < 0, trait, low), np.where(excess > 0, trait, high)
        new = trait - excess / np.maximum((variance * patterns).sum(axis=1), 1e-300)
        new = np.where((new > low) & (new < high), new, (low + high) / 2)
        if np.abs(new - trait).max(initial=0.0) < _TOLERANCE:
            break
        trait = new
    return np.asarray(new)


def _all_scores(model: ConditionalModel, pattern: BoolArray) -> FloatArray:
    """Return the trait for each score between the lowest and the highest possible on a set of items."""
    scores = np.arange(1, int(model.highest[pattern].sum()))
    return _maximum_likelihood(model, np.broadcast_to(pattern, (len(scores), len(pattern))), scores)


def _extrapolated(inner: FloatArray) -> FloatArray:
    """Add a point at either end of equally spaced values, on their natural cubic spline's straight continuation."""
    if len(inner) < 2:
        return np.concatenate([[np.nan], inner, [np.nan]])
    bend = np.zeros(len(inner))
    if len(inner) > 2:
        system = 4 * np.eye(len(inner) - 2) + np.eye(len(inner) - 2, k=1) + np.eye(len(inner) - 2, k=-1)
        bend[1:-1] = np.linalg.solve(system, 6 * np.diff(inner, 2))
    first, last = inner[1] - inner[0] - bend[1] / 6, inner[-1] - inner[-2] + bend[-2] / 6
    return np.concatenate([[inner[0] - first], inner, [inner[-1] + last]])
