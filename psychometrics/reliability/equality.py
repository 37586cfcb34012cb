"""Is a scale equally reliable in every group? Tests for alpha and for omega in independent groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from psychometrics._validation import Floats, Label, as_choice, as_groups, as_responses
from psychometrics.reliability._result import Reliability
from psychometrics.reliability.alpha import cronbach_alpha
from psychometrics.reliability.omega import mcdonald_omega


@dataclass(frozen=True)
class EqualReliability:
    """
    A test of equal reliability, the coefficient of each group, and how far each lies from the reference group's.

    Attributes
    ----------
    labels : tuple
        Groups in ascending order; people without a known group are left out.
    estimates : tuple of Reliability
        One per group.
    reference : label
        The largest group, which the differences are taken from.
    differences, lower, upper : ndarray of float, shape (n_groups,)
        Coefficient of the group minus that of the reference group, with an interval made of the two intervals
        (Zou, 2007, Psychological Methods 12, 399-413). 0 for the reference group itself.
    statistic, p_value : float
        Chi-square against "all equal".
    df : int
    method : str
    """

    labels: tuple[Label, ...]
    estimates: tuple[Reliability, ...]
    reference: Label
    differences: Floats
    lower: Floats
    upper: Floats
    statistic: float
    df: int
    p_value: float
    method: str


def equal_alphas(
    responses: ArrayLike,
    groups: ArrayLike,
    *,
    missing: str = "pairwise",
    confidence: float = 0.95,
    method: str = "jackknife",
) -> EqualReliability:
    """
    Test whether coefficient alpha is the same in independent groups.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing.
    groups : array_like of labels, shape (n_people,)
        None, nan and empty text: not known.
    missing : {"pairwise", "listwise", "fiml"}
        As for ``cronbach_alpha``.
    confidence : float
        Level of all intervals.
    method : {"jackknife", "feldt"}
        Wald test on ln(1 - alpha) with jackknife standard errors, or the chi-square of Feldt, Woodruff & Salih (1987,
        Applied Psychological Measurement 11, 93-103), which assumes normal, parallel items: for skewed answers it
        rejects equal alphas three times too often. Both take gaps into account.

    Returns
    -------
    EqualReliability

    Raises
    ------
    ValueError
        For fewer than two groups, or a group whose answers give no alpha; the message names it.
    """
    as_choice(method, ("jackknife", "feldt"), "method")
    labels, members = _groups(responses, groups)
    estimates = _per_group(
        labels, members, lambda rows: cronbach_alpha(rows, missing=missing, confidence=confidence, interval=method)
    )
    statistic = _feldt_statistic(estimates) if method == "feldt" else _wald_statistic(estimates)
    return _result(labels, estimates, statistic, f"alpha {method}")


def equal_omegas(
    responses: ArrayLike, groups: ArrayLike, *, estimator: str = "fiml", confidence: float = 0.95
) -> EqualReliability:
    """
    Test whether coefficient omega is the same in independent groups, by a Wald test on ln(1 - omega).

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing.
    groups : array_like of labels, shape (n_people,)
        None, nan and empty text: not known.
    estimator, confidence
        As for ``mcdonald_omega``.

    Returns
    -------
    EqualReliability

    Raises
    ------
    ValueError
        For fewer than two groups, or a group whose answers give no omega; the message names it.
    """
    labels, members = _groups(responses, groups)
    estimates = _per_group(
        labels, members, lambda rows: mcdonald_omega(rows, estimator=estimator, confidence=confidence)
    )
    return _result(labels, estimates, _wald_statistic(estimates), f"omega {estimator} wald")


def _groups(responses: ArrayLike, groups: ArrayLike) -> tuple[tuple[Label, ...], list[Floats]]:
    matrix = as_responses(responses, min_items=2)
    labels, codes = as_groups(groups, len(matrix), min_groups=2)
    return labels, [matrix[codes == code] for code in range(len(labels))]


def _per_group(
    labels: tuple[Label, ...], members: list[Floats], coefficient: Callable[[Floats], Reliability]
) -> tuple[Reliability, ...]:
    estimates = []
    for label, rows in zip(labels, members, strict=True):
        try:
            estimates.append(coefficient(rows))
        except ValueError as error:
            raise ValueError(f"group {label}: {error}") from error
    return tuple(estimates)


def _wald_statistic(estimates: tuple[Reliability, ...]) -> float:
    """Return the weighted squared distances of ln(1 - coefficient) from their weighted mean."""
    for estimate in estimates:
        if not estimate.estimate < 1.0 or not estimate.standard_error > 0.0:
            return math.nan
    value = np.array([math.log(1.0 - x.estimate) for x in estimates])
    weight = np.array([((1.0 - x.estimate) / x.standard_error) ** 2 for x in estimates])
    return float(weight @ (value - weight @ value / weight.sum()) ** 2)


def _feldt_statistic(estimates: tuple[Reliability, ...]) -> float:
    """Return UX1: on the scale (1 - alpha)^(-1/3) alpha is nearly normal (Hakstian & Whalen, 1976)."""
    k = estimates[0].n_items
    value = np.array([(1.0 - x.estimate) ** (-1.0 / 3.0) for x in estimates])
    people = np.array([x.n_effective for x in estimates]) * (k - 1.0) / (k + 1.0)
    variance = 2.0 * value**2 / (9.0 * (people - 1.0))
    return float(np.sum((value - value.mean()) ** 2) / variance.mean())


def _result(
    labels: tuple[Label, ...], estimates: tuple[Reliability, ...], statistic: float, method: str
) -> EqualReliability:
    reference = int(np.argmax([x.n for x in estimates]))
    base = estimates[reference]
    differences, lower, upper = (np.zeros(len(labels)) for _ in range(3))
    for at, other in enumerate(estimates):
        if at != reference:
            differences[at] = other.estimate - base.estimate
            lower[at] = differences[at] - math.hypot(other.estimate - other.lower, base.upper - base.estimate)
            upper[at] = differences[at] + math.hypot(other.upper - other.estimate, base.estimate - base.lower)
    df = len(labels) - 1
    p_value = float(chdtrc(df, statistic)) if math.isfinite(statistic) else math.nan
    return EqualReliability(
        labels, estimates, labels[reference], differences, lower, upper, statistic, df, p_value, method
    )
