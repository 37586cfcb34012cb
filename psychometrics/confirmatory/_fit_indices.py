"""Indices of fit from chi-square statistics: how far from exact fit, and how far from a model without correlations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import chndtr


@dataclass(frozen=True)
class Rmsea:
    """Root mean square error of approximation, with an interval."""

    estimate: float
    lower: float
    upper: float


def comparative_fit_index(excess: float, baseline_excess: float) -> float:
    """Return the CFI from chi-square less its expectation, of the model and of the baseline (Bentler, 1990)."""
    largest = max(excess, baseline_excess, 0.0)
    return 1.0 if largest == 0.0 else 1.0 - max(excess, 0.0) / largest


def tucker_lewis_index(chi2: float, df: int, baseline_chi2: float, baseline_df: int) -> float:
    """Return the TLI (Tucker & Lewis, 1973); 1 without degrees of freedom, nan without a misfit of the baseline."""
    if df == 0:
        return 1.0
    baseline = baseline_chi2 / baseline_df
    return (baseline - chi2 / df) / (baseline - 1.0) if baseline > 1.0 else math.nan


def rmsea(chi2: float, df: int, n: float, n_groups: int, *, confidence: float = 0.9) -> Rmsea:
    """
    Return the RMSEA of several groups (Steiger, 1998, Structural Equation Modeling 5, 411-419).

    ``n`` is what the statistic grows with: the people, or the people less one for each group.
    """
    if df == 0:
        return Rmsea(0.0, 0.0, 0.0)
    tail = 0.5 * (1.0 - confidence)
    noncentrality = (chi2 - df, _noncentrality(chi2, df, 1.0 - tail), _noncentrality(chi2, df, tail))
    return Rmsea(*(math.sqrt(max(value, 0.0) * n_groups / (n * df)) for value in noncentrality))


def _noncentrality(chi2: float, df: int, probability: float) -> float:
    """Return the noncentrality under which a statistic this small has a probability; 0 where even none makes it so."""
    if not math.isfinite(chi2):
        return math.nan
    if chi2 <= 0.0 or chndtr(chi2, df, 0.0) < probability:
        return 0.0
    highest = chi2 + 10.0 * math.sqrt(2.0 * chi2 + 10.0) + 10.0
    return float(brentq(lambda value: chndtr(chi2, df, value) - probability, 0.0, highest, xtol=1e-9, rtol=1e-12))
