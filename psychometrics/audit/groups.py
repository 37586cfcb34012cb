"""Reliability of groups, each with enough people to speak of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from psychometrics._codes import FloatArray, IntArray
from psychometrics.reliability._result import Reliability
from psychometrics.reliability.alpha import cronbach_alpha
from psychometrics.reliability.equality import EqualReliability, equal_alphas
from psychometrics.reliability.omega import mcdonald_omega

# Fewer people than this in a group say nothing about a difference; they are counted and not analysed.
SMALLEST_GROUP = 100


@dataclass(frozen=True)
class GroupReliability:
    """One group: size, mean and SD of the sum score, reliability; figures are nan or None where it is too small.

    ``alpha`` uses every answer (pairwise), ``alpha_complete`` only people without a gap, for comparison with published
    figures, ``omega`` full information.
    """

    label: str
    n: int
    sufficient: bool
    mean: float
    sd: float
    alpha: Reliability | None
    alpha_complete: Reliability | None
    omega: Reliability | None


def group_reliability(label: str, table: FloatArray) -> GroupReliability:
    n = len(table)
    if n < (SMALLEST_GROUP if label else 2) or np.isnan(table).all(axis=0).any():
        return GroupReliability(label, n, False, float("nan"), float("nan"), None, None, None)
    mean, sd = float(np.nanmean(table, axis=0).sum()), float(np.sqrt(sum_score_variance(table)))
    return GroupReliability(
        label=label,
        n=n,
        sufficient=True,
        mean=mean,
        sd=sd,
        alpha=_or_none(lambda: cronbach_alpha(table)),
        alpha_complete=_or_none(lambda: cronbach_alpha(table, missing="listwise")),
        omega=_or_none(lambda: mcdonald_omega(table)),
    )


def _or_none(coefficient: Callable[[], Reliability]) -> Reliability | None:
    """Return a coefficient, or None where the answers give none: items without spread, nobody without a gap."""
    try:
        return coefficient()
    except ValueError:
        return None


def equal_alpha_test(
    codes: IntArray, table: FloatArray, groups: tuple[GroupReliability, ...]
) -> EqualReliability | None:
    """Test that alpha is the same in all groups that have one; `codes` are positions in `groups`."""
    known = [at for at, group in enumerate(groups) if group.alpha is not None]
    if len(known) < 2:
        return None
    members = np.isin(codes, known)
    return equal_alphas(table[members], np.array([group.label for group in groups])[codes[members]])


def sum_score_variance(responses: FloatArray) -> float:
    """Return the variance of the sum of the items anyone answered, from pairwise covariances: gaps do not bias it."""
    responses = responses[:, ~np.isnan(responses).all(axis=0)]
    known = (~np.isnan(responses)).astype(np.float64)
    centred = np.nan_to_num(responses - np.nanmean(responses, axis=0))
    together = known.T @ known
    left, both = centred.T @ known, centred.T @ centred
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (both - left * left.T / together) / (together - 1)
    return max(float(np.nansum(covariance)), 0.0)
