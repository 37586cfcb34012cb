"""Norms: where a score stands among the people of a norm group, with how far that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, nctdtrinc, ndtr, ndtri

from psychometrics._validation import Floats, as_choice, as_proportion

# Mean and standard deviation of each scale; the lowest and highest whole number where only these are used.
SCALES: dict[str, tuple[float, float]] = {
    "z": (0, 1),
    "t": (50, 10),
    "iq": (100, 15),
    "sten": (5.5, 2),
    "stanine": (5, 2),
}
_BANDS = {"sten": (1, 10), "stanine": (1, 9)}
# Beyond so many people the exact interval and the normal one agree to four digits.
_LARGE = 10_000


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


@dataclass(frozen=True)
class NormedScores:
    """
    Scores on a norm scale; arrays of one shape, nan where the score is missing.

    Attributes
    ----------
    score, value : ndarray of float
        As given, and on the scale (never rounded or cut off).
    lower, upper, standard_error : ndarray of float
        Of the value; nan where the size of the norm group is not known and no reliability is given.
    band : ndarray of float
        Sten 1 to 10 or stanine 1 to 9; on other scales the value itself.
    percentile, percentile_lower, percentile_upper : ndarray of float
        0 to 100.
    n : int or None
        People of the norm group.
    n_missing : int
        People left out of the norm group because a value is missing.
    scale : str
    method : str
        How values and intervals were made, and what the intervals cover.
    confidence : float
    """

    score: Floats
    value: Floats
    lower: Floats
    upper: Floats
    standard_error: Floats
    band: Floats
    percentile: Floats
    percentile_lower: Floats
    percentile_upper: Floats
    n: int | None
    n_missing: int
    scale: str
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
    looked_up = np.unique(group) if scores is None else _as_scores(scores)
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


def normed_scores(
    scores: ArrayLike,
    *,
    mean: float,
    sd: float,
    n: int | None = None,
    scale: str = "t",
    reliability: float | None = None,
    confidence: float = 0.95,
) -> NormedScores:
    """
    Return scores on a norm scale, from the mean and the standard deviation of a norm group.

    Parameters
    ----------
    scores : array_like of float
        nan where missing.
    mean, sd : float
        Of the norm group, published or computed; the standard deviation with n - 1.
    n : int, optional
        Size of the norm group; without it nobody knows how sure the norm is, and it adds nothing to the interval.
    scale : {"t", "z", "iq", "sten", "stanine"}
        50 and 10, 0 and 1, 100 and 15, 5.5 and 2, 5 and 2.
    reliability : float, optional
        Of the score, 0 to 1: the interval then covers measurement error too.
    confidence : float
        Level of the interval, 0 to 1.

    Returns
    -------
    NormedScores
        Without reliability the interval is exact for normal scores: (x - M) / S times sqrt(n) has a noncentral t
        distribution (Crawford & Garthwaite 2002). With it, normal: the variances of norm and measurement add up.
        Percentiles are those of a normal distribution.

    Raises
    ------
    ValueError
        For a spread that is not above 0, fewer than two people, or a reliability outside 0 to 1.

    References
    ----------
    Crawford & Garthwaite (2002), Neuropsychologia 40, 1196-1208.
    """
    as_choice(scale, tuple(SCALES), "scale")
    tail = (1 - as_proportion(confidence, "confidence")) / 2
    if not (np.isfinite(mean) and np.isfinite(sd) and sd > 0):
        raise ValueError(f"mean must be a number and sd above 0; got {mean} and {sd}")
    if n is not None and n < 2:
        raise ValueError(f"n, the size of the norm group, must be at least 2; got {n}")
    if reliability is not None and not 0 <= reliability <= 1:
        raise ValueError(f"reliability must lie between 0 and 1; got {reliability}")
    looked_up = _as_scores(scores)
    z = (looked_up - mean) / sd
    norm_variance = np.full_like(z, np.nan) if n is None else (1 + z**2 / 2) / n
    error = None if reliability is None else 1 - reliability
    if error is None:
        half = _noncentral(z, n, tail) if n is not None else (norm_variance, norm_variance)
        standard_error, covers = np.sqrt(norm_variance), "sampling error of the norm group (noncentral t)"
    else:
        standard_error = np.sqrt(error + np.nan_to_num(norm_variance) * np.where(np.isnan(z), np.nan, 1.0))
        half = (z + ndtri(tail) * standard_error, z - ndtri(tail) * standard_error)
        covers = "measurement error" if n is None else "measurement error and sampling error of the norm group"
    return on_scale(looked_up, z, half, standard_error, scale=scale, n=n, n_missing=0, confidence=confidence,
                    method=f"linear, from mean and standard deviation; interval: {covers}")  # fmt: skip


def _noncentral(z: Floats, n: int, tail: float) -> tuple[Floats, Floats]:
    if n > _LARGE:
        reach = -ndtri(tail) * np.sqrt((1 + z**2 / 2) / n)
        return z - reach, z + reach
    t, root = z * np.sqrt(n), np.sqrt(n)
    # The distribution function rises in t and so falls in the noncentrality: solve for |t| and mirror.
    low, high = (nctdtrinc(n - 1.0, p, np.abs(t)) / root for p in (1 - tail, tail))
    return np.where(z >= 0, low, -high), np.where(z >= 0, high, -low)


def normalized_scores(
    norm_group: ArrayLike, scores: ArrayLike | None = None, *, scale: str = "t", confidence: float = 0.95
) -> NormedScores:
    """
    Return scores on a norm scale by their percentile rank in the norm group: a normal distribution by construction.

    Parameters
    ----------
    norm_group, scores, confidence
        As in `percentile_ranks`.
    scale : {"t", "z", "iq", "sten", "stanine"}

    Returns
    -------
    NormedScores
        The interval is that of the rank, as it lies on the scale; the standard error is a quarter of a 95 % interval
        made so. A score below or above everybody has no value: its end is infinite.

    Raises
    ------
    ValueError
        As `percentile_ranks`.
    """
    as_choice(scale, tuple(SCALES), "scale")
    ranks = percentile_ranks(norm_group, scores, confidence=confidence)
    z, ends = ndtri(ranks.rank / 100), (ndtri(ranks.lower / 100), ndtri(ranks.upper / 100))
    with np.errstate(invalid="ignore"):
        standard_error = (ends[1] - ends[0]) / (-2 * ndtri((1 - confidence) / 2))
    return on_scale(
        ranks.score,
        z,
        ends,
        standard_error,
        scale=scale,
        n=ranks.n,
        n_missing=ranks.n_missing,
        method="normal score of the percentile rank; interval of the rank",
        confidence=confidence,
    )


def on_scale(
    score: Floats,
    z: Floats,
    ends: tuple[Floats, Floats],
    standard_error: Floats,
    *,
    scale: str,
    n: int | None,
    n_missing: int,
    method: str,
    confidence: float,
    percentiles: tuple[Floats, Floats, Floats] | None = None,
) -> NormedScores:
    """Bring z values and their intervals to a scale; percentiles are those of a normal distribution unless given."""
    centre, unit = SCALES[scale]
    value = centre + unit * z
    low, high = _BANDS.get(scale, (-np.inf, np.inf))
    # Stens meet at whole numbers plus half: 5 and 6 meet at the mean, 5.5. Stanine 5 has the mean in its middle.
    band = np.clip(np.floor(value + 0.5), low, high) if scale in _BANDS else value
    shares = percentiles or (100 * ndtr(z), 100 * ndtr(ends[0]), 100 * ndtr(ends[1]))
    return NormedScores(
        score=score,
        value=value,
        lower=centre + unit * ends[0],
        upper=centre + unit * ends[1],
        standard_error=unit * standard_error,
        band=band,
        percentile=shares[0],
        percentile_lower=shares[1],
        percentile_upper=shares[2],
        n=n,
        n_missing=n_missing,
        scale=scale,
        method=method,
        confidence=confidence,
    )


def norm_sample(norm_group: ArrayLike) -> tuple[Floats, int]:
    """Return the known scores of a norm group and how many are missing."""
    group = _as_scores(norm_group)
    if group.ndim != 1:
        raise ValueError(f"norm_group must be one score per person; got {group.ndim} dimensions")
    known = group[~np.isnan(group)]
    if len(known) < 2:
        raise ValueError(f"norm_group must hold the scores of at least 2 people; got {len(known)}")
    return known, len(group) - len(known)


def _as_scores(scores: ArrayLike) -> Floats:
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
