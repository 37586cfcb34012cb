"""Exploratory factor analysis of a correlation matrix: extraction and rotation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from psychometrics._validation import Floats, as_choice
from psychometrics.rotation import oblimin, promax, varimax

METHODS = ("minres", "ml")
ROTATIONS = ("none", "varimax", "oblimin", "promax")
_SMALLEST_UNIQUENESS = 0.005


@dataclass(frozen=True)
class FactorSolution:
    """
    An exploratory factor solution; factors by falling share of variance, each with loadings that sum to at least 0.

    Attributes
    ----------
    loadings : ndarray of float, shape (n_items, n_factors)
        Pattern: the regression of standardised items on factors.
    factor_correlation : ndarray of float, shape (n_factors, n_factors)
        The identity for orthogonal rotations.
    uniquenesses : ndarray of float, shape (n_items,)
    objective : float
        Value minimised at extraction: half the squared residuals off the diagonal, or the ML discrepancy.
    heywood : bool
        Whether a uniqueness was stopped at 0.005.
    method, rotation : str
    """

    loadings: Floats
    factor_correlation: Floats
    uniquenesses: Floats
    objective: float
    heywood: bool
    method: str
    rotation: str

    @property
    def communalities(self) -> Floats:
        """Share of each item's variance that the factors explain."""
        return 1.0 - self.uniquenesses


def factor_analysis(
    correlation: ArrayLike, n_factors: int, *, method: str = "minres", rotation: str = "oblimin"
) -> FactorSolution:
    """
    Extract and rotate common factors.

    Parameters
    ----------
    correlation : array_like of float, shape (n_items, n_items)
        Pearson or polychoric correlations without missing entries.
    n_factors : int
    method : {"minres", "ml"}
        Least squares of the residual correlations, or maximum likelihood under normality.
    rotation : {"none", "varimax", "oblimin", "promax"}
        Varimax with Kaiser's weights; oblimin with gamma 0 (quartimin) without; promax with power 4.

    Returns
    -------
    FactorSolution

    Raises
    ------
    ValueError
        For anything but a correlation matrix, or more factors than it can tell.

    References
    ----------
    Harman & Jones (1966), Psychometrika 31, 351-368; Joereskog (1967), Psychometrika 32, 443-482.
    """
    as_choice(method, METHODS, "method")
    as_choice(rotation, ROTATIONS, "rotation")
    matrix = as_correlation_matrix(correlation)
    k = len(matrix)
    if n_factors < 1 or (k - n_factors) ** 2 < k + n_factors:
        raise ValueError(f"{n_factors} factors cannot be told from the correlations of {k} items")
    solution = _extract(matrix, n_factors, method)
    if n_factors == 1 or rotation == "none":
        return _in_order(solution)
    rotated, between = {"varimax": varimax, "oblimin": oblimin, "promax": promax}[rotation](solution.loadings)
    return _in_order(replace(solution, loadings=rotated, factor_correlation=between, rotation=rotation))


def as_correlation_matrix(correlation: ArrayLike) -> Floats:
    """Return a checked correlation matrix."""
    matrix = np.asarray(correlation, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a correlation matrix must be square; got shape {matrix.shape}")
    if np.isnan(matrix).any():
        row, column = np.argwhere(np.isnan(matrix))[0]
        raise ValueError(
            f"the correlation of items {row} and {column} is missing: one of them does not vary, or nobody answered"
            " both; leave one out"
        )
    if not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0):
        raise ValueError("a correlation matrix must be symmetric with ones on its diagonal")
    return matrix


def _extract(matrix: Floats, n_factors: int, method: str) -> FactorSolution:
    criterion = _minres if method == "minres" else _maximum_likelihood
    found = minimize(
        lambda uniquenesses: criterion(matrix, uniquenesses, n_factors),
        _start(matrix),
        jac=True,
        method="L-BFGS-B",
        bounds=[(_SMALLEST_UNIQUENESS, 1.0)] * len(matrix),
        options={"maxiter": 5000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9},
    )
    loadings = _loadings(matrix, found.x, n_factors, method)
    heywood = bool((found.x <= _SMALLEST_UNIQUENESS * 1.0001).any())
    return FactorSolution(
        loadings, np.eye(n_factors), 1.0 - (loadings**2).sum(axis=1), float(found.fun), heywood, method, "none"
    )


def _start(matrix: Floats) -> Floats:
    """Return what the other items leave unexplained of each."""
    try:
        return np.asarray(np.clip(1.0 / np.diag(np.linalg.inv(matrix)), 0.05, 0.95))
    except np.linalg.LinAlgError:
        return np.full(len(matrix), 0.5)


def _minres(matrix: Floats, uniquenesses: Floats, n_factors: int) -> tuple[float, Floats]:
    """Return half the squares of the eigenvalues left over, and the gradient: what they leave on the diagonal."""
    values, vectors = np.linalg.eigh(matrix - np.diag(uniquenesses))
    left, axes = values[:-n_factors], vectors[:, :-n_factors]
    # Negative eigenvalues among the largest would have no loadings.
    negative = np.minimum(values[-n_factors:], 0.0)
    gradient = -(axes**2 @ left) - vectors[:, -n_factors:] ** 2 @ negative
    return 0.5 * float(left @ left + negative @ negative), np.asarray(gradient)


def _maximum_likelihood(matrix: Floats, uniquenesses: Floats, n_factors: int) -> tuple[float, Floats]:
    """Return the ML discrepancy with the best loadings for these uniquenesses, and its gradient."""
    scale = 1.0 / np.sqrt(uniquenesses)
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    left = np.maximum(values[:-n_factors], 1e-12)
    gradient = -((vectors[:, :-n_factors] ** 2) @ (left - 1.0)) / uniquenesses
    return float(np.sum(left - np.log(left) - 1.0)), np.asarray(gradient)


def _loadings(matrix: Floats, uniquenesses: Floats, n_factors: int, method: str) -> Floats:
    scale = np.sqrt(uniquenesses) if method == "ml" else np.ones(len(matrix))
    shift = 1.0 if method == "ml" else uniquenesses
    reduced = matrix / np.outer(scale, scale) - np.diag(np.full(len(matrix), 1.0) * shift)
    values, vectors = np.linalg.eigh(reduced)
    axes = vectors[:, -n_factors:][:, ::-1] * np.sqrt(np.maximum(values[-n_factors:][::-1], 0.0))
    return np.asarray(axes * scale[:, None])


def _in_order(solution: FactorSolution) -> FactorSolution:
    """Order factors by explained variance and turn them so that their loadings sum to at least 0."""
    explained = np.diag(solution.factor_correlation @ solution.loadings.T @ solution.loadings)
    order = np.argsort(-explained, kind="stable")
    sign = np.where(solution.loadings[:, order].sum(axis=0) < 0, -1.0, 1.0)
    return replace(
        solution,
        loadings=solution.loadings[:, order] * sign,
        factor_correlation=solution.factor_correlation[np.ix_(order, order)] * np.outer(sign, sign),
    )
