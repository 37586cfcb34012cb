"""Intervals for coefficient alpha from its estimate, the number of items and the (effective) number of people."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import fdtri, ndtr, ndtri

from psychometrics._validation import Floats

Interval = tuple[float, float]


def feldt(alpha: float, n: float, n_items: int, confidence: float) -> Interval:
    """Exact for parallel normal items: Feldt (1965), Psychometrika 30, 357-370."""
    tail = (1.0 - confidence) / 2.0
    df = (n - 1.0, (n - 1.0) * (n_items - 1.0))
    return 1.0 - (1.0 - alpha) * float(fdtri(*df, 1.0 - tail)), 1.0 - (1.0 - alpha) * float(fdtri(*df, tail))


def bonett(alpha: float, n: float, n_items: int, confidence: float) -> Interval:
    """Normal on the scale ln(1 - alpha): Bonett (2002), Journal of Educational and Behavioral Statistics 27, 335."""
    if alpha >= 1.0 or n <= 2.0:
        return math.nan, math.nan
    half = two_sided_z(confidence) * math.sqrt(2.0 * n_items / ((n_items - 1.0) * (n - 2.0)))
    return 1.0 - (1.0 - alpha) * math.exp(half), 1.0 - (1.0 - alpha) * math.exp(-half)


def wald(estimate: float, standard_error: float, confidence: float) -> Interval:
    """Normal on the scale of the coefficient, cut at 1."""
    half = two_sided_z(confidence) * standard_error
    return estimate - half, min(estimate + half, 1.0)


def percentile(resampled: Floats, confidence: float) -> Interval:
    """Quantiles of the resampled coefficients."""
    tail = (1.0 - confidence) / 2.0
    lower, upper = np.quantile(resampled, [tail, 1.0 - tail])
    return float(lower), float(upper)


def bias_corrected(resampled: Floats, estimate: float, influence: Floats, confidence: float) -> Interval:
    """
    Bias-corrected and accelerated: Efron (1987), Journal of the American Statistical Association 82, 171-185.

    The acceleration comes from the empirical influence (his equation 6.6) in place of the jackknife.
    """
    below = np.mean(resampled < estimate) + 0.5 * np.mean(resampled == estimate)
    spread = float(np.sum(influence**2))
    if not 0.0 < below < 1.0 or spread == 0.0:
        return percentile(resampled, confidence)
    bias = float(ndtri(below))
    acceleration = float(np.sum(influence**3)) / (6.0 * spread**1.5)
    shifted = bias + np.array([-1.0, 1.0]) * two_sided_z(confidence)
    lower, upper = np.quantile(resampled, ndtr(bias + shifted / (1.0 - acceleration * shifted)))
    return float(lower), float(upper)


def two_sided_z(confidence: float) -> float:
    """Return the normal quantile of a two-sided interval."""
    return float(ndtri(0.5 + confidence / 2.0))
