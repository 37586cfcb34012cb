"""How well a factor model of ordered answers fits."""

from __future__ import annotations

import math

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory.fit_measures import (
    FitMeasures,
    ScaledFit,
    chi2_p_value,
    comparative_fit,
    rmsea_interval,
    root_mean_square_error,
    tucker_lewis,
)
from psychometrics.confirmatory.ordinal_data import OrdinalData
from psychometrics.confirmatory.ordinal_estimation import Estimated
from psychometrics.confirmatory.ordinal_tests import scaled_baseline_test, scaled_test


def ordinal_fit(model: Estimated) -> FitMeasures:
    """
    Return the fit of a model of ordered answers.

    The plain statistics have no known distribution and stand there because others are defined by them. The scaled test
    is shifted too, to the mean and the variance of its chi-square: ``scaled.chi2 = chi2 / scaling_factor + shift``.
    The robust indices estimate what an analysis of continuous answers would show (Savalei, 2021, Multivariate
    Behavioral Research 56, 390-407); they are nan where thresholds are held equal across groups, for which they are not
    defined, and where polychoric correlations do not fit together.
    """
    data, df = model.data, model.df
    baseline = float(np.sum(data.criterion[:, data.n_thresholds :] * correlations_of(data) ** 2))
    baseline_df = correlations_of(data).size
    excess, baseline_excess = model.chi2 - df, baseline - baseline_df
    return FitMeasures(
        n_parameters=model.layout.n_parameters,
        df=df,
        chi2=model.chi2,
        p_value=chi2_p_value(model.chi2, df) if data.estimator == "WLSMV" else math.nan,
        baseline_chi2=baseline,
        baseline_df=baseline_df,
        cfi=comparative_fit(excess, baseline_excess),
        tli=tucker_lewis(excess, df, baseline_excess, baseline_df),
        rmsea=_rmsea(model, excess),
        rmsea_interval=rmsea_interval(model.chi2, df, data.n - len(data.moments), len(data.moments)),
        srmr=_srmr(model),
        log_likelihood=math.nan,
        aic=math.nan,
        bic=math.nan,
        scaled=_scaled_fit(model),
    )


def _scaled_fit(model: Estimated) -> ScaledFit:
    test, baseline = scaled_test(model), scaled_baseline_test(model.data)
    excess, baseline_excess = test.chi2 - test.df, baseline.chi2 - baseline.df
    robust_excess, robust_baseline_excess = _robust_excess(model)
    return ScaledFit(
        test="scaled and shifted",
        chi2=test.chi2,
        p_value=chi2_p_value(test.chi2, test.df),
        scaling_factor=test.scaling,
        baseline_scaling_factor=baseline.scaling,
        cfi=comparative_fit(excess, baseline_excess),
        tli=tucker_lewis(excess, test.df, baseline_excess, baseline.df),
        rmsea=_rmsea(model, excess),
        robust_cfi=comparative_fit(robust_excess, robust_baseline_excess),
        robust_tli=tucker_lewis(robust_excess, test.df, robust_baseline_excess, baseline.df),
        robust_rmsea=_rmsea(model, robust_excess),
    )


def _rmsea(model: Estimated, excess: float) -> float:
    n_groups = len(model.data.moments)
    return root_mean_square_error(excess, model.df, model.data.n - n_groups, n_groups)


def correlations_of(data: OrdinalData) -> Floats:
    """Return the polychoric correlations, shape (n_groups, n_pairs)."""
    return data.statistics[:, data.n_thresholds :]


def _srmr(model: Estimated) -> float:
    n_items = len(model.data.used)
    squares = (model.residuals[:, model.data.n_thresholds :] ** 2).sum(axis=1) / (n_items * (n_items + 1) / 2)
    return float(model.data.share @ np.sqrt(squares))


def _robust_excess(model: Estimated) -> tuple[float, float]:
    """
    Return the normal-theory chi-square of the estimates less its expectation, and the same of the baseline.

    The discrepancy between implied and polychoric correlations is what maximum likelihood would minimise; its
    expectation under the model follows from the errors of polychoric correlations (Savalei, 2021).
    """
    data, start = model.data, model.data.n_thresholds
    observed = np.array([one.correlation for one in data.moments])
    implied = _as_matrices(correlations_of(data) - model.residuals[:, start:], len(data.used))
    possible = min(np.linalg.eigvalsh(both)[:, 0].min() for both in (observed, implied)) > 0
    # The indices speak of correlations alone: thresholds must fit exactly.
    if not possible or np.abs(model.residuals[:, :start]).max(initial=0.0) > 1e-6:
        return math.nan, math.nan
    people = data.n * data.share
    log_observed = np.linalg.slogdet(observed)[1]
    discrepancy = np.linalg.slogdet(implied)[1] - log_observed
    discrepancy += np.trace(np.linalg.solve(implied, observed), axis1=1, axis2=2) - len(data.used)
    expected, baseline_expected = _expected_discrepancies(model, implied)
    return float(people @ discrepancy) - expected, float(-people @ log_observed) - baseline_expected


def _expected_discrepancies(model: Estimated, implied: Floats) -> tuple[float, float]:
    """
    Return what n times the discrepancy is expected to be under the model, and under independence.

    With several groups the latter is that of lavaan, which multiplies the part of each group by n over its size. Under
    independence the expectation is the sum of the parts as they are, so robust CFI and TLI come out a little low.
    """
    data, start = model.data, model.data.n_thresholds
    gamma, jacobian = data.covariance[:, start:, start:], model.jacobian[:, start:]
    normal = np.array([_normal_weight(one) for one in implied])
    weighted = data.weights[:, start:, None] * jacobian
    spread = gamma @ weighted

    def summed(left: Floats, right: Floats) -> Floats:
        """Return the sum over groups of left' right, by their shares."""
        shared = data.share[:, None, None] * right
        return np.asarray(left.reshape(-1, left.shape[2]).T @ shared.reshape(-1, right.shape[2]))

    informed = normal @ jacobian
    crossed, curved, meat = summed(spread, informed), summed(jacobian, informed), summed(weighted, spread)
    expected = np.sum(normal * gamma) - 2.0 * np.sum(model.bread * crossed)
    expected += np.trace(model.bread @ curved @ model.bread @ meat)
    return float(expected), float(np.sum(np.einsum("gss->g", gamma) / data.share))


def _as_matrices(correlations: Floats, n_items: int) -> Floats:
    row, column = np.tril_indices(n_items, -1)
    matrices = np.repeat(np.eye(n_items)[None], len(correlations), axis=0)
    matrices[:, row, column] = matrices[:, column, row] = correlations
    return matrices


def _normal_weight(correlation: Floats) -> Floats:
    """Return the information of normal answers about the correlations of the lower triangle."""
    row, column = np.tril_indices(len(correlation), -1)
    inverse = np.linalg.inv(correlation)
    straight = inverse[np.ix_(row, row)] * inverse[np.ix_(column, column)]
    return np.asarray(straight + inverse[np.ix_(row, column)] * inverse[np.ix_(column, row)])
