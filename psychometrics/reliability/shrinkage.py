"""Local reliability drawn toward published evidence, as far as the local sample is too small to stand alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from psychometrics._validation import as_proportion
from psychometrics.reliability._intervals import two_sided_z
from psychometrics.reliability._result import Reliability


@dataclass(frozen=True)
class ShrunkenReliability:
    """
    A weighted mean of local and published reliability.

    Attributes
    ----------
    estimate, lower, upper : float
    local_weight : float
        Share of the local estimate, 0 to 1, on the scale ln(1 - reliability).
    local, published : float
        The two coefficients behind it.
    confidence : float
    """

    estimate: float
    lower: float
    upper: float
    local_weight: float
    local: float
    published: float
    confidence: float


def shrunken_reliability(
    local: Reliability, *, published: float, published_n: int, heterogeneity: float, confidence: float = 0.95
) -> ShrunkenReliability:
    """
    Combine a local coefficient with a published one by their precisions (normal prior, normal likelihood).

    Parameters
    ----------
    local : Reliability
        With its standard error.
    published : float
        Coefficient of the published study, below 1.
    published_n : int
        People in it, above 2.
    heterogeneity : float
        Standard deviation of ln(1 - reliability) between populations, 0 or more: how far a new population may truly lie
        from a published one. It has no default, because it decides how much the published figure counts; studies of one
        scale in many populations often give 0.1 to 0.3.
    confidence : float
        Level of the interval, 0 to 1.

    Returns
    -------
    ShrunkenReliability

    Raises
    ------
    ValueError
        For impossible figures, or a local coefficient without a standard error.

    References
    ----------
    Bonett (2010), Psychological Methods 15, 368-385 (the scale, and the variance of the published coefficient).
    """
    as_proportion(confidence, "confidence")
    if not published < 1.0 or published_n <= 2 or heterogeneity < 0.0:
        raise ValueError("published must be below 1, published_n above 2 and heterogeneity 0 or more")
    if not local.estimate < 1.0 or not local.standard_error > 0.0:
        raise ValueError("the local coefficient must be below 1 and have a standard error")
    k = local.n_items
    local_variance = (local.standard_error / (1.0 - local.estimate)) ** 2
    prior_variance = heterogeneity**2 + 2.0 * k / ((k - 1.0) * (published_n - 2.0))
    weight = prior_variance / (prior_variance + local_variance)
    centre = weight * math.log(1.0 - local.estimate) + (1.0 - weight) * math.log(1.0 - published)
    half = two_sided_z(confidence) * math.sqrt(weight * local_variance)
    return ShrunkenReliability(
        estimate=1.0 - math.exp(centre),
        lower=1.0 - math.exp(centre + half),
        upper=1.0 - math.exp(centre - half),
        local_weight=weight,
        local=local.estimate,
        published=published,
        confidence=confidence,
    )
