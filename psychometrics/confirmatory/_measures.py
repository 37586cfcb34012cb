"""Puts the fit measures of a fitted model together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._fit import LEAST_SQUARES, Fitted, Samples, fit_layout, independence_layout
from psychometrics.confirmatory._parameters import Layout, implied_covariances, implied_means
from psychometrics.confirmatory._scaling import (
    corrected_for_gaps,
    satorra_bentler_trace,
    unrestricted_trace,
    yuan_bentler_trace,
)
from psychometrics.confirmatory.fit_measures import (
    FitMeasures,
    ScaledFit,
    chi2_p_value,
    comparative_fit,
    rmsea_interval,
    root_mean_square_error,
    tucker_lewis,
)


@dataclass(frozen=True)
class Comparisons:
    """What every model of the same samples is compared with: computed once for a whole ladder of models."""

    samples: Samples
    estimator: str
    mean_structure: bool

    @cached_property
    def baseline(self) -> Fitted:
        layout = independence_layout(self.samples, mean_structure=self.mean_structure)
        return fit_layout(layout, self.samples, self.estimator)

    @cached_property
    def n_moments(self) -> int:
        items = len(self.samples[0].means)
        return len(self.samples) * (items * (items + 1) // 2 + (items if self.mean_structure else 0))

    def refuse_too_many(self, layout: Layout) -> None:
        """Refuse more parameters than there are moments: an iteration would end anywhere."""
        if layout.n_parameters > self.n_moments:
            raise ValueError(
                f"the model is not identified: it has {layout.n_parameters} free parameters, the answers have only "
                f"{self.n_moments} moments; free fewer parameters or give each factor more items"
            )

    @cached_property
    def unrestricted_trace(self) -> float:
        return unrestricted_trace(self.samples, mean_structure=self.mean_structure)

    def df(self, model: Fitted) -> int:
        return self.n_moments - model.layout.n_parameters

    def expectation(self, model: Fitted) -> float:
        """Return the mean of the chi-square if the model holds, whatever the distribution of the answers."""
        if self.estimator == "MLM":
            return satorra_bentler_trace(model, mean_structure=self.mean_structure)
        return self.unrestricted_trace - yuan_bentler_trace(model)

    @cached_property
    def baseline_expectation(self) -> float:
        return self.expectation(self.baseline)

    @cached_property
    def corrected_baseline(self) -> tuple[float, float]:
        return corrected_for_gaps(self.baseline)


def scaling_factor(model: Fitted, compared: Comparisons) -> float:
    """Return the factor by which the chi-square is too large; nan without degrees of freedom."""
    df = compared.df(model)
    return compared.expectation(model) / df if df > 0 else math.nan


def fit_measures(model: Fitted, compared: Comparisons) -> FitMeasures:
    """Return all measures of fit."""
    df, baseline = compared.df(model), compared.baseline
    chi2, baseline_df, baseline_chi2 = model.chi2, compared.df(baseline), baseline.chi2
    excess, worst = chi2 - df, baseline_chi2 - baseline_df
    n, groups = _effective_n(model), len(model.samples)
    likely = model.estimator not in LEAST_SQUARES
    log_likelihood = model.point.value if likely else math.nan
    n_parameters = model.layout.n_parameters
    return FitMeasures(
        n_parameters=n_parameters,
        df=df,
        chi2=chi2,
        p_value=math.nan if model.estimator == "ULS" else chi2_p_value(chi2, df),
        baseline_chi2=baseline_chi2,
        baseline_df=baseline_df,
        cfi=comparative_fit(excess, worst),
        tli=tucker_lewis(excess, df, worst, baseline_df),
        rmsea=root_mean_square_error(excess, df, n, groups),
        rmsea_interval=rmsea_interval(chi2, df, n, groups),
        srmr=standardised_residual(model, mean_structure=compared.mean_structure),
        log_likelihood=log_likelihood,
        aic=2.0 * (n_parameters - log_likelihood),
        bic=n_parameters * math.log(model.n) - 2.0 * log_likelihood,
        scaled=_scaled(model, compared) if model.estimator in ("MLR", "MLM") else None,
    )


def _effective_n(model: Fitted) -> float:
    """Least squares take unbiased covariances, so that each group counts one person less."""
    return model.n - len(model.samples) if model.estimator in LEAST_SQUARES else model.n


def standardised_residual(model: Fitted, *, mean_structure: bool) -> float:
    """Return the SRMR."""
    total = 0.0
    for sample, residual, mean in zip(
        model.samples, residual_correlations(model), implied_means(model.matrices), strict=True
    ):
        residuals = np.tril(residual)
        count, squares = len(mean) * (len(mean) + 1) // 2, float(np.sum(residuals**2))
        if mean_structure:
            count += len(mean)
            squares += float(np.sum((sample.means - mean) ** 2 / np.diag(sample.covariance)))
        total += sample.n * math.sqrt(squares / count)
    return total / model.n


def residual_correlations(model: Fitted) -> Floats:
    """Return what the model leaves of each group's covariances, in units of the observed standard deviations."""
    observed = model.observed_covariances
    spread = np.sqrt(np.diagonal(observed, axis1=1, axis2=2))
    left = observed - implied_covariances(model.matrices)
    return np.asarray(left / (spread[:, :, None] * spread[:, None, :]))


def _scaled(model: Fitted, compared: Comparisons) -> ScaledFit:
    df, baseline_df = compared.df(model), compared.df(compared.baseline)
    factor, baseline_factor = scaling_factor(model, compared), compared.baseline_expectation / baseline_df
    chi2 = model.chi2 / factor if df > 0 else 0.0
    excess, worst = chi2 - df, compared.baseline.chi2 / baseline_factor - baseline_df
    robust, robust_worst = _robust_excess(model, compared, factor)
    n, groups = model.n, len(model.samples)
    return ScaledFit(
        test="Satorra-Bentler" if model.estimator == "MLM" else "Yuan-Bentler",
        chi2=chi2,
        p_value=chi2_p_value(chi2, df),
        scaling_factor=factor,
        baseline_scaling_factor=baseline_factor,
        cfi=comparative_fit(excess, worst),
        tli=tucker_lewis(excess, df, worst, baseline_df),
        rmsea=root_mean_square_error(excess, df, n, groups),
        robust_cfi=comparative_fit(robust, robust_worst),
        robust_tli=tucker_lewis(robust, df, robust_worst, baseline_df),
        robust_rmsea=root_mean_square_error(robust, df, n, groups),
    )


def _robust_excess(model: Fitted, compared: Comparisons, factor: float) -> tuple[float, float]:
    """Return the chi-squares of model and baseline minus what they are expected to be."""
    if compared.df(model) == 0:
        return 0.0, compared.baseline.chi2 - compared.baseline_expectation
    if model.complete:
        return model.chi2 - factor * compared.df(model), compared.baseline.chi2 - compared.baseline_expectation
    chi2, expected = corrected_for_gaps(model)
    baseline_chi2, baseline_expected = compared.corrected_baseline
    return chi2 - expected, baseline_chi2 - baseline_expected
