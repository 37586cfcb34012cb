"""Scores on a norm scale: z, T, IQ, sten, stanine, with how far the norm is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import nctdtrinc, ndtr, ndtri

from psychometrics._validation import Floats, as_choice, as_proportion
from psychometrics.percentiles import as_scores, percentile_ranks

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
    looked_up = as_scores(scores)
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
