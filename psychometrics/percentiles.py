"""Percentile ranks in a norm group, and how far they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from psychometrics._validation import Floats, as_proportion


@dataclass(frozen=True)
class PercentileRanks:
    """
    Percentile ranks of scores in a norm group.

    Attributes
    ----------
    score : ndarray of float
    rank : ndarray of float
        Per cent of the norm group below the score, and half of those who have it (0 to 100); nan for a missing score.
    lower, upper : ndarray of float
        Interval for the rank in the population the norm group was drawn from.
    below, equal : ndarray of int
        People of the norm group below the score, and with it.
    n, n_missing : int
        People of the norm group, and those left out because their score is missing.
    method : str
    confidence : float
    """

    score: Floats
    rank: Floats
    lower: Floats
    upper: Floats
    below: Floats
    equal: Floats
    n: int
    n_missing: int
    method: str
    confidence: float


def percentile_ranks(
    norm_group: ArrayLike, scores: ArrayLike | None = None, *, confidence: float = 0.95
) -> PercentileRanks:
    """
    Return the percentile rank of each score in a norm group, with an interval.

    Parameters
    ----------
    norm_group : array_like of float, shape (n,)
        Scores of the norm group; nan is left out and counted.
    scores : array_like of float, optional
        Which scores to look up; default: every distinct score of the norm group, in ascending order.
    confidence : float
        Level of the interval, 0 to 1.

    Returns
    -------
    PercentileRanks

    Notes
    -----
    The rank is the mean of a variable that is 1 below the score, 1/2 at it and 0 above. Its interval is Jeffreys'
    (Brown, Cai & DasGupta 2001), from as many people as would make a share equally uncertain (the effective sample size
    of Korn & Graubard 1998); without ties it is that of the share below. Simulated coverage of 95 % intervals (three
    distributions, n = 50, 200, 1,000; scores that 3 people or more are expected beyond): 94 to 95 % on average over the
    scores, 92 to 96 % for single ones. Crawford, Garthwaite & Slick (2009) say why an interval belongs to every rank.

    Raises
    ------
    ValueError
        For anything but one dimension, infinite scores, or fewer than two people.

    References
    ----------
    Crawford, Garthwaite & Slick (2009), The Clinical Neuropsychologist 23, 1173-1195.
    """
    as_proportion(confidence, "confidence")
    group, n_missing = norm_sample(norm_group)
    looked_up = np.unique(group) if scores is None else as_scores(scores)
    ordered, n = np.sort(group), len(group)
    below = np.searchsorted(ordered, looked_up, side="left").astype(np.float64)
    equal = np.searchsorted(ordered, looked_up, side="right") - below
    known = ~np.isnan(looked_up)
    share = np.where(known, (below + equal / 2) / n, np.nan)
    lower, upper = _share_interval(share, (below + equal / 4) / n - share**2, n, confidence)
    return PercentileRanks(
        score=looked_up,
        rank=100 * share,
        lower=100 * lower,
        upper=100 * upper,
        below=np.where(known, below, np.nan),
        equal=np.where(known, equal, np.nan),
        n=n,
        n_missing=n_missing,
        method="share below and half of the share at the score; Jeffreys interval, effective sample size",
        confidence=confidence,
    )


def _share_interval(share: Floats, variance: Floats, n: int, confidence: float) -> tuple[Floats, Floats]:
    """Return Jeffreys' interval of a mean of values between 0 and 1; at 0 and 1 the outer end is 0 and 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(variance > 0, n * share * (1 - share) / variance, n)
    # Where nearly everybody has one and the same score, the variance says nothing about the population's.
    effective = np.clip(effective, n, 4.0 * n)
    a, b, tail = share * effective + 0.5, (1 - share) * effective + 0.5, (1 - confidence) / 2
    lower, upper = betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)
    return np.where(share <= 0, 0.0, lower), np.where(share >= 1, 1.0, upper)


def norm_sample(norm_group: ArrayLike) -> tuple[Floats, int]:
    """Return the known scores of a norm group and how many are missing."""
    group = as_scores(norm_group)
    if group.ndim != 1:
        raise ValueError(f"norm_group must be one score per person; got {group.ndim} dimensions")
    known = group[~np.isnan(group)]
    if len(known) < 2:
        raise ValueError(f"norm_group must hold the scores of at least 2 people; got {len(known)}")
    return known, len(group) - len(known)


def as_scores(scores: ArrayLike) -> Floats:
    """Return scores as floats, nan where missing."""
    array = np.asarray(scores)
    if array.dtype.kind == "O":
        array = np.array([np.nan if value is None else value for value in array.flat], dtype=object).reshape(
            array.shape
        )
    try:
        numbers = array.astype(np.float64) if array.dtype.kind in "bifuO" else None
    except (TypeError, ValueError):
        numbers = None
    if numbers is None:
        raise ValueError("scores must be numbers, nan where missing")
    if np.isinf(numbers).any():
        raise ValueError(f"scores must be finite or missing; entry {int(np.argmax(np.isinf(numbers)))} is infinite")
    return numbers
