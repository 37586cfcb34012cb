"""How well a factor model fits: chi-square, comparison with the baseline model, residuals, information criteria."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import chdtrc, chndtr


@dataclass(frozen=True)
class ScaledFit:
    """
    The same measures from tests that do not rest on normality.

    Attributes
    ----------
    test : str
        "Yuan-Bentler" or "Satorra-Bentler"; of ordered answers "scaled and shifted".
    chi2, p_value : float
        The chi-square over ``scaling_factor``, with the degrees of freedom of the unscaled one; when shifted, plus what
        then makes its mean that of a chi-square.
    scaling_factor, baseline_scaling_factor : float
    cfi, tli, rmsea : float
        With scaled chi-squares in place of the plain ones.
    robust_cfi, robust_tli, robust_rmsea : float
        Estimates of what the measures are in the population: Brosseau-Liard & Savalei (2014, Multivariate Behavioral
        Research 49, 460-470), with gaps Zhang & Savalei (2023, Psychological Methods 28, 263-283), of ordered
        answers Savalei (2021, Multivariate Behavioral Research 56, 390-407).
    """

    test: str
    chi2: float
    p_value: float
    scaling_factor: float
    baseline_scaling_factor: float
    cfi: float
    tli: float
    rmsea: float
    robust_cfi: float
    robust_tli: float
    robust_rmsea: float


@dataclass(frozen=True)
class FitMeasures:
    """
    Fit of a factor model.

    Attributes
    ----------
    n_parameters, df : int
    chi2, p_value : float
        Against unrestricted moments; the p-value is nan without degrees of freedom and for ULS, whose statistic does
        not follow a chi-square.
    baseline_chi2 : float
    baseline_df : int
        Of the model in which no two items covary.
    cfi, tli : float
        Bentler (1990), Psychological Bulletin 107, 238-246; Tucker & Lewis (1973), Psychometrika 38, 1-10. nan where
        the baseline model fits as well as it can.
    rmsea : float
    rmsea_interval : tuple of float
        Steiger (1990), Multivariate Behavioral Research 25, 173-180, for several groups times the root of their
        number; the interval holds 90 %.
    srmr : float
        Root mean square of residual correlations, and of standardised residual means when means are modelled
        (Bentler, 1995); over groups the mean weighted by their size.
    log_likelihood, aic, bic : float
        nan for least squares.
    scaled : ScaledFit or None
        For MLR and MLM, and for ordered answers.
    """

    n_parameters: int
    df: int
    chi2: float
    p_value: float
    baseline_chi2: float
    baseline_df: int
    cfi: float
    tli: float
    rmsea: float
    rmsea_interval: tuple[float, float]
    srmr: float
    log_likelihood: float
    aic: float
    bic: float
    scaled: ScaledFit | None


def chi2_p_value(chi2: float, df: int) -> float:
    return float(chdtrc(df, chi2)) if df > 0 else math.nan


def comparative_fit(excess: float, baseline_excess: float) -> float:
    """Return the CFI from chi-squares minus their expectations under the model."""
    worst = max(excess, baseline_excess, 0.0)
    return 1.0 - max(excess, 0.0) / worst if worst > 0 else math.nan


def tucker_lewis(excess: float, df: float, baseline_excess: float, baseline_df: float) -> float:
    if df <= 0:
        return 1.0
    return 1.0 - excess * baseline_df / (baseline_excess * df) if baseline_excess > 0 else math.nan


def root_mean_square_error(excess: float, df: int, n: float, n_groups: int) -> float:
    """Return the RMSEA from a chi-square minus its expectation; 0 without degrees of freedom."""
    return math.sqrt(max(excess, 0.0) / (n * df) * n_groups) if df > 0 else 0.0


def rmsea_interval(chi2: float, df: int, n: float, n_groups: int, *, confidence: float = 0.90) -> tuple[float, float]:
    """Return the interval of the RMSEA from that of the noncentrality of the chi-square."""
    if df <= 0 or not math.isfinite(chi2):
        return math.nan, math.nan
    tail = 0.5 * (1.0 - confidence)
    low, high = (_noncentrality(chi2, df, share) for share in (1.0 - tail, tail))
    return root_mean_square_error(low, df, n, n_groups), root_mean_square_error(high, df, n, n_groups)


def _noncentrality(chi2: float, df: int, share: float) -> float:
    """Return the noncentrality at which ``share`` of the distribution lies below the chi-square, 0 if there is none."""

    def gap(noncentrality: float) -> float:
        return float(chndtr(chi2, df, noncentrality)) - share

    if 1.0 - float(chdtrc(df, chi2)) < share:
        return 0.0
    ceiling = chi2 + 10.0 * math.sqrt(2.0 * chi2 + df) + 10.0
    return float(brentq(gap, 1e-12, ceiling, xtol=1e-9, rtol=1e-12))
