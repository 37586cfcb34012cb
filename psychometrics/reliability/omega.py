"""Coefficient omega from a congeneric one-factor model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._moments import pairwise_moments
from psychometrics._precision import effective_sample_size, influence, normal_variance_per_person
from psychometrics._saturated import saturated_moments
from psychometrics._validation import Floats, as_choice, as_proportion, as_responses
from psychometrics.factor_model import OneFactorModel, one_factor_influence, one_factor_model
from psychometrics.reliability._covariances import covariances_of, refuse_unlinked
from psychometrics.reliability._intervals import two_sided_z
from psychometrics.reliability._result import Reliability
from psychometrics.reliability.alpha import cronbach_alpha
from psychometrics.reliability.least_squares import least_squares_factor

ESTIMATORS = ("fiml", "ml", "uls")
STANDARD_ERRORS = ("robust", "normal")
# With a larger standard error the 95 % interval of a coefficient would be wider than the range from 0 to 1.
_LARGEST_ERROR = 0.25
TOTAL_VARIANCES = ("model", "observed")


def mcdonald_omega(
    responses: ArrayLike,
    *,
    estimator: str = "fiml",
    confidence: float = 0.95,
    equal_loadings: bool = False,
    total_variance: str = "model",
    standard_errors: str = "robust",
) -> Reliability:
    """
    Return coefficient omega, the share of the sum score's variance that one common factor explains, with an interval.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        In the scored direction, nan where missing; at least two items.
    estimator : {"fiml", "ml", "uls"}
        Maximum likelihood from every answer given; from people without gaps; or unweighted least squares on pairwise
        covariances.
    confidence : float
        Level of the interval, 0 to 1.
    equal_loadings : bool
        Hold the loadings equal (essential tau-equivalence); not for "uls".
    total_variance : {"model", "observed"}
        What the factor's part is divided by: the variance of the sum score that the model implies, or the one observed
        ("uls": not available). "observed" can exceed 1 where the model does not fit, and has no interval.
    standard_errors : {"robust", "normal"}
        From each person's influence, whatever the distribution of the answers; or under normality, as lavaan does.

    Returns
    -------
    Reliability
        Delta-method interval on the scale ln(1 - omega), turned back. ``notes`` may hold

        - "negative_loading": an item loads against the others; is it keyed correctly?
        - "heywood": the model has no proper solution (a residual variance wants to be negative), or the answers do not
          determine one (the interval of a residual variance spans all it could be), as with unrelated items. Alpha is
          returned, and ``method`` names it;
        - "equal_loadings": for two items, which cannot tell separate loadings, alpha is omega with equal ones.

    Raises
    ------
    ValueError
        For fewer than two items, no more people than items, an item or a total without variance, or two items that
        hardly anybody answered both.

    Notes
    -----
    Coverage of robust intervals at nominal 95 %, 3 to 10 congeneric items, 0 or 20 % skipped, 300 samples each: normal
    answers 93.7-95.7 % from n = 50 on; answers as skewed as those about symptoms 90-93 % for n = 50, 92.7-96.3 % for
    n = 200 and 1,000. Under normality assumed for such answers only 81-89 %, whatever the n.

    References
    ----------
    McDonald (1999), Test theory, chapter 6. Raykov (2002), Multivariate Behavioral Research 37, 89-103 (delta method).
    """
    matrix = as_responses(responses, min_items=2)
    as_choice(estimator, ESTIMATORS, "estimator")
    as_choice(total_variance, TOTAL_VARIANCES, "total_variance")
    as_choice(standard_errors, STANDARD_ERRORS, "standard_errors")
    as_proportion(confidence, "confidence")
    if estimator == "uls" and (equal_loadings or total_variance == "observed"):
        raise ValueError("estimator 'uls' goes with free loadings and the model's total variance")
    if matrix.shape[1] == 2:
        return replace(_alpha_for(matrix, estimator, confidence, "equal_loadings"), method=f"omega {estimator}")
    robust = standard_errors == "robust"
    if estimator == "uls":
        fit = _least_squares(matrix, robust)
    else:
        if estimator == "fiml":
            refuse_unlinked(pairwise_moments(matrix))
        fit = _likelihood(matrix, estimator, equal_loadings, robust)
    if fit is None:
        return _alpha_for(matrix, estimator, confidence, "heywood")
    if total_variance == "observed":
        fit = _over_observed_variance(fit, matrix, estimator)
    lower, upper = _interval(fit, confidence)
    return Reliability(
        estimate=fit.omega,
        lower=lower,
        upper=upper,
        standard_error=fit.standard_error,
        n=fit.n,
        n_effective=fit.n_effective,
        n_items=matrix.shape[1],
        method=f"omega {estimator}",
        interval=f"delta {standard_errors}",
        missing=_treatment(matrix, estimator),
        confidence=confidence,
        notes=("negative_loading",) if (fit.loadings < 0).any() else (),
    )


@dataclass(frozen=True)
class _Fit:
    omega: float
    standard_error: float
    loadings: Floats
    n: int
    n_effective: float


def _likelihood(matrix: Floats, estimator: str, equal_loadings: bool, robust: bool) -> _Fit | None:
    model = one_factor_model(matrix, estimator=estimator, equal_loadings=equal_loadings)
    if not model.proper or _undetermined(model):
        return None
    common, unique = float(model.loadings.sum()) ** 2, float(model.uniquenesses.sum())
    variance, k = common + unique, matrix.shape[1]
    gradient = np.zeros(3 * k)
    gradient[:k] = 2.0 * model.loadings.sum() * unique / variance**2
    gradient[k : 2 * k] = -common / variance**2
    observed, expected, complete = (
        float(gradient @ x @ gradient)
        for x in (model.observed_covariance, model.expected_covariance, model.gap_free_covariance)
    )
    error = observed if np.isnan(matrix).any() and estimator == "fiml" else expected
    if robust:
        persons = one_factor_influence(matrix, model, gradient)
        error = float(persons @ persons)
    effective = model.n * complete / expected if expected > 0 else float(model.n)
    return _Fit(common / variance, math.sqrt(error), model.loadings, model.n, effective)


def _undetermined(model: OneFactorModel) -> bool:
    """Tell whether a uniqueness has a standard error above half its item's variance: a factor resting on one item."""
    k = len(model.loadings)
    errors = np.sqrt(np.diag(model.expected_covariance)[k : 2 * k])
    return bool((errors > 0.5 * (model.loadings**2 + model.uniquenesses)).any())


def _least_squares(matrix: Floats, robust: bool) -> _Fit | None:
    covariances = covariances_of(matrix, "pairwise")
    factor = least_squares_factor(covariances.covariance)
    if factor is None:
        return None
    moments, gradient = covariances.moments, factor.omega_gradient
    effective = effective_sample_size(matrix, moments, gradient, covariances.covariance)
    standard_error = math.sqrt(normal_variance_per_person(gradient, covariances.covariance) / effective)
    if standard_error > _LARGEST_ERROR:
        return None
    if robust:
        persons = influence(matrix, moments, gradient, covariances.covariance)
        standard_error = math.sqrt(float(persons @ persons)) / moments.n_people
    return _Fit(factor.omega, standard_error, factor.loadings, moments.n_people, effective)


def _over_observed_variance(fit: _Fit, matrix: Floats, estimator: str) -> _Fit:
    rows = matrix if estimator == "fiml" else matrix[~np.isnan(matrix).any(axis=1)]
    observed = float(saturated_moments(rows).covariance.sum())
    return replace(fit, omega=float(fit.loadings.sum()) ** 2 / observed, standard_error=math.nan)


def _interval(fit: _Fit, confidence: float) -> tuple[float, float]:
    if not fit.omega < 1.0 or math.isnan(fit.standard_error):
        return math.nan, math.nan
    half = two_sided_z(confidence) * fit.standard_error / (1.0 - fit.omega)
    return 1.0 - (1.0 - fit.omega) * math.exp(half), 1.0 - (1.0 - fit.omega) * math.exp(-half)


def _treatment(matrix: Floats, estimator: str) -> str:
    if not np.isnan(matrix).any():
        return "none"
    return {"fiml": "fiml", "ml": "listwise", "uls": "pairwise"}[estimator]


def _alpha_for(matrix: Floats, estimator: str, confidence: float, why: str) -> Reliability:
    alpha = cronbach_alpha(matrix, missing="listwise" if estimator == "ml" else "pairwise", confidence=confidence)
    return replace(alpha, notes=(*alpha.notes, why))
