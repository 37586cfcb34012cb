"""The one-factor (congeneric) model by maximum likelihood, also when answers are missing, and by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from psychometrics._moments import Moments, pairwise_moments
from psychometrics._one_factor_likelihood import (
    expected_information,
    gradient_and_hessian,
    influence_on,
    log_likelihood,
)
from psychometrics._patterns import Collapsed, collapse
from psychometrics._saturated import saturated_log_likelihood
from psychometrics._validation import Booleans, Floats, as_choice, as_responses

ESTIMATORS = ("ml", "fiml")
# A uniqueness this small a share of its item's variance is a Heywood case.
_SMALLEST_UNIQUENESS = 1e-3
_MAX_ITERATIONS = 300


@dataclass(frozen=True)
class OneFactorModel:
    """
    A fitted one-factor model; the factor has mean 0 and variance 1.

    Attributes
    ----------
    loadings, uniquenesses, intercepts : ndarray of float, shape (n_items,)
        Regression of each item on the factor, residual variance, mean; in response units. Loadings sum to at least 0.
    observed_covariance, expected_covariance, gap_free_covariance : ndarray of float, shape (3 n_items, 3 n_items)
        Of loadings, uniquenesses and intercepts, in this order, under normality: from the curvature of the likelihood,
        from what is expected of it with the gaps there are, and if nobody had skipped. nan where the solution is not
        proper.
    log_likelihood : float
    n_parameters : int
    n : int
        People used.
    estimator : str
    equal_loadings : bool
        Whether the loadings were held equal (essential tau-equivalence).
    proper : bool
        False in a Heywood case: a uniqueness wants to be negative and was stopped just above zero.
    converged : bool
    """

    loadings: Floats
    uniquenesses: Floats
    intercepts: Floats
    observed_covariance: Floats
    expected_covariance: Floats
    gap_free_covariance: Floats
    log_likelihood: float
    n_parameters: int
    n: int
    estimator: str
    equal_loadings: bool
    proper: bool
    converged: bool


def one_factor_model(responses: ArrayLike, *, estimator: str = "fiml", equal_loadings: bool = False) -> OneFactorModel:
    """
    Fit the one-factor model by maximum likelihood under normality.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing; three items or more, or two with ``equal_loadings``.
    estimator : {"fiml", "ml"}
        Every answer given (right when missingness depends on answers given), or only people without gaps.
    equal_loadings : bool
        Hold all loadings equal.

    Returns
    -------
    OneFactorModel

    Raises
    ------
    ValueError
        For too few items, no more people than items, or an item without variance.

    Notes
    -----
    Newton's method with analytic derivatives on rows collapsed by answer pattern; the likelihood per pattern needs no
    matrix inverse (Woodbury). Joereskog (1971), Psychometrika 36, 109-133.
    """
    as_choice(estimator, ESTIMATORS, "estimator")
    matrix = _rows_for(as_responses(responses, min_items=2 if equal_loadings else 3), estimator)
    moments = pairwise_moments(matrix)
    _refuse_unfit(moments)
    rows = collapse(matrix, moments.means)
    constraint = _constraint(matrix.shape[1], equal_loadings)
    best = max((_maximise(rows, start, constraint) for start in _starts(moments)), key=lambda fit: fit.rank)
    return _as_model(best, rows, constraint, estimator, equal_loadings)


@dataclass(frozen=True)
class ChiSquare:
    """Statistic, degrees of freedom and p-value; p is nan without degrees of freedom."""

    chi2: float
    df: int
    p_value: float


def one_factor_influence(responses: ArrayLike, model: OneFactorModel, gradient: Floats) -> Floats:
    """
    Return each person's influence on a function of the parameters, from its gradient by all of them.

    The sum of the squares is the function's variance whatever the distribution of the answers (White, 1982,
    Econometrica 50, 1-25).
    """
    matrix = _rows_of(responses, model)
    if np.shape(gradient) != model.observed_covariance.shape[:1]:
        raise ValueError(
            f"gradient must hold {len(model.observed_covariance)} numbers, one for each loading, uniqueness and"
            f" intercept; got shape {np.shape(gradient)}"
        )
    parameters = np.concatenate([model.loadings, model.uniquenesses, model.intercepts])
    return influence_on(gradient, model.observed_covariance, matrix, parameters)


def one_factor_chi2(responses: ArrayLike, model: OneFactorModel) -> ChiSquare:
    """Compare a model with unrestricted means and covariances of the responses it was fitted to."""
    matrix = _rows_of(responses, model)
    moments = pairwise_moments(matrix)
    _refuse_unfit(moments)
    rows = collapse(matrix, moments.means)
    k = len(model.loadings)
    df = k * (k + 3) // 2 - model.n_parameters
    chi2 = max(2.0 * (saturated_log_likelihood(rows) - model.log_likelihood), 0.0)
    return ChiSquare(chi2, df, float(chdtrc(df, chi2)) if df > 0 else float("nan"))


def _rows_of(responses: ArrayLike, model: OneFactorModel) -> Floats:
    """Return the rows that a model uses of responses to its items."""
    matrix = as_responses(responses)
    if matrix.shape[1] != len(model.loadings):
        raise ValueError(f"the model has {len(model.loadings)} items; responses have {matrix.shape[1]}")
    return _rows_for(matrix, model.estimator)


def _rows_for(matrix: Floats, estimator: str) -> Floats:
    if estimator == "fiml":
        return matrix
    complete = matrix[~np.isnan(matrix).any(axis=1)]
    if len(complete) < 2:
        raise ValueError(f"only {len(complete)} people answered every item; use estimator='fiml'")
    return complete


def _refuse_unfit(moments: Moments) -> None:
    n_items = len(moments.means)
    variance = np.diag(moments.covariance)
    if not (variance > 0).all():
        item = int(np.argmin(np.nan_to_num(variance)))
        raise ValueError(f"item {item} does not vary, so no factor can explain it; leave it out")
    if moments.n_people <= n_items:
        raise ValueError(f"{moments.n_people} people are too few for a factor model of {n_items} items")


def _constraint(n_items: int, equal_loadings: bool) -> Floats:
    """Return the matrix that turns free parameters into loadings, uniquenesses and means."""
    if not equal_loadings:
        return np.eye(3 * n_items)
    common = np.zeros((3 * n_items, 1))
    common[:n_items] = 1.0
    return np.hstack([common, np.eye(3 * n_items)[:, n_items:]])


def _starts(moments: Moments) -> list[Floats]:
    """Return two starting points: from the first principal axis, and from the items' covariance with the total."""
    correlation = np.nan_to_num(moments.correlation)
    np.fill_diagonal(correlation, 0.0)
    np.fill_diagonal(correlation, np.abs(correlation).max(axis=0))
    values, vectors = np.linalg.eigh(correlation)
    axis = vectors[:, -1] * np.sqrt(max(values[-1], 0.01))
    shared = correlation.sum(axis=0)
    centroid = shared / np.sqrt(max(shared.sum(), 0.01 * len(shared)))
    spread = np.sqrt(np.diag(moments.covariance))
    starts = []
    for loading in (axis if axis.sum() >= 0 else -axis, centroid):
        bounded = np.clip(loading, -0.9, 0.9)
        starts.append(np.concatenate([bounded * spread, (1.0 - bounded**2) * spread**2, np.zeros(len(spread))]))
    return starts


@dataclass(frozen=True)
class _Fit:
    parameters: Floats
    log_likelihood: float
    hessian: Floats
    at_floor: Booleans
    converged: bool

    @property
    def proper(self) -> bool:
        return self.converged and not bool(self.at_floor.any())

    @property
    def rank(self) -> tuple[bool, float]:
        """A proper solution is better than a more likely one at the edge."""
        return self.proper, round(self.log_likelihood, 6)


def _maximise(rows: Collapsed, start: Floats, constraint: Floats) -> _Fit:
    """Climb by damped Newton steps; uniquenesses that want below their floor stay on it."""
    n_items = len(start) // 3
    floor = np.full(len(start), -np.inf)
    floor[n_items : 2 * n_items] = _SMALLEST_UNIQUENESS * (start[:n_items] ** 2 + start[n_items : 2 * n_items])
    parameters = constraint @ np.linalg.lstsq(constraint, start, rcond=None)[0]
    value, damping, converged = log_likelihood(rows, parameters), 0.0, False
    for _ in range(_MAX_ITERATIONS):
        gradient, hessian = gradient_and_hessian(rows, parameters)
        held = (parameters <= floor) & (gradient < 0)
        step, gain, damping = _step(constraint[:, ~(constraint[held] != 0).any(axis=0)], gradient, hessian, damping)
        candidate = np.maximum(parameters + step, floor)
        new = log_likelihood(rows, candidate)
        if new < value - 1e-9 * (1.0 + abs(value)):
            damping = max(4.0 * damping, 1e-3)
            continue
        parameters, value = candidate, new
        # A heavily damped step promises little because it is short, not because the top is near.
        if gain < 1e-9 and damping < 0.1:
            converged = True
            break
        damping = 0.25 * damping if damping > 1e-6 else 0.0
    return _Fit(parameters, value, gradient_and_hessian(rows, parameters)[1], held, converged)


def _step(free: Floats, gradient: Floats, hessian: Floats, damping: float) -> tuple[Floats, float, float]:
    """Return the Newton step, the gain it promises, and the damping it took to make the curvature negative."""
    slope, curvature = free.T @ gradient, -free.T @ hessian @ free
    scale = np.abs(np.diag(curvature)) + 1e-12
    while True:
        try:
            root = np.linalg.cholesky(curvature + np.diag(damping * scale))
        except np.linalg.LinAlgError:
            damping = max(4.0 * damping, 1e-3)
            continue
        half = np.linalg.solve(root, slope)
        return free @ np.linalg.solve(root.T, half), float(half @ half), damping


def _as_model(fit: _Fit, rows: Collapsed, constraint: Floats, estimator: str, equal_loadings: bool) -> OneFactorModel:
    k = len(fit.parameters) // 3
    sign = -1.0 if fit.parameters[:k].sum() < 0 else 1.0
    flip = np.concatenate([np.full(k, sign), np.ones(2 * k)])
    parameters = flip * fit.parameters
    observed, expected, complete = (x * np.outer(flip, flip) for x in _covariances(fit, rows, constraint))
    return OneFactorModel(
        loadings=parameters[:k],
        uniquenesses=parameters[k : 2 * k],
        intercepts=parameters[2 * k :] + rows.shift,
        observed_covariance=observed,
        expected_covariance=expected,
        gap_free_covariance=complete,
        log_likelihood=fit.log_likelihood,
        n_parameters=constraint.shape[1],
        n=rows.n_people,
        estimator=estimator,
        equal_loadings=equal_loadings,
        proper=fit.proper,
        converged=fit.converged,
    )


def _covariances(fit: _Fit, rows: Collapsed, constraint: Floats) -> list[Floats]:
    """Return the parameters' covariances from observed, expected and gap-free expected information."""
    if not fit.proper:
        return [np.full_like(fit.hessian, np.nan)] * 3
    people = np.bincount(rows.pattern, rows.weights).astype(np.float64)
    expected = expected_information(rows.patterns, people, fit.parameters)
    complete = expected_information(np.ones((1, len(rows.shift))), people.sum(keepdims=True), fit.parameters)
    return [
        constraint @ np.linalg.inv(constraint.T @ information @ constraint) @ constraint.T
        for information in (-fit.hessian, expected, complete)
    ]
