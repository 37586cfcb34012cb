"""When a step of the ladder of invariance holds."""

from __future__ import annotations

from psychometrics.confirmatory._invariance_result import ModelChange
from psychometrics.confirmatory.fit_measures import FitMeasures

CRITERIA = ("chi2", "fit", "both")
# Chen (2007, Structural Equation Modeling 14, 464-504): a fall of the CFI beyond the first, together with a rise of the
# RMSEA beyond the second or of the SRMR beyond the third, speaks against a step; smaller ones for 300 people or fewer.
_LARGE, _SMALL = (0.010, 0.015, 0.030), (0.005, 0.010, 0.025)
_SMALL_N = 300
# After the loadings a smaller rise of the SRMR counts.
_LARGE_LATER, _SMALL_LATER = (0.010, 0.015, 0.010), (0.005, 0.010, 0.005)


def step_holds(step: str, change: ModelChange, n: int, criterion: str, alpha: float) -> bool:
    """Say whether a step holds against the step before."""
    significant = change.df > 0 and change.p_value < alpha
    if criterion == "chi2":
        return not significant
    worse = fit_falls(step, change, n)
    return not (worse if criterion == "fit" else worse and significant)


def fit_falls(step: str, change: ModelChange, n: int) -> bool:
    """Say whether fit falls beyond the bounds of Chen (2007)."""
    if n > _SMALL_N:
        cfi, rmsea, srmr = _LARGE if step == "metric" else _LARGE_LATER
    else:
        cfi, rmsea, srmr = _SMALL if step == "metric" else _SMALL_LATER
    return change.cfi <= -cfi and (change.rmsea >= rmsea or change.srmr >= srmr)


def configural_holds(fit: FitMeasures) -> bool:
    """Say whether the factors are there in every group at all, by the usual rules of thumb."""
    return configural_bounds_hold(*comparable(fit), fit.srmr)


def configural_bounds_hold(cfi: float, rmsea: float, srmr: float) -> bool:
    return cfi >= 0.90 and rmsea <= 0.08 and srmr <= 0.10


def comparable(fit: FitMeasures) -> tuple[float, float]:
    """Return CFI and RMSEA, the robust ones where there are."""
    return (fit.scaled.robust_cfi, fit.scaled.robust_rmsea) if fit.scaled else (fit.cfi, fit.rmsea)
