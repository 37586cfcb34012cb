"""One factor by unweighted least squares, with the derivative of omega by every covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Floats


@dataclass(frozen=True)
class LeastSquaresFactor:
    """Loadings that reproduce the covariances best, and omega with its gradient by the covariance matrix."""

    loadings: Floats
    omega: float
    omega_gradient: Floats


def least_squares_factor(covariance: Floats) -> LeastSquaresFactor | None:
    """
    Minimise the squared residuals of all covariances; None where that leaves an item no residual variance.

    Residual variances fit exactly, so only the entries off the diagonal count (Harman & Jones, 1966, Psychometrika 31,
    351-368). Loadings sum to at least 0.
    """
    weights = 1.0 - np.eye(len(covariance))
    loadings = least_squares_loadings(covariance, weights)
    variances = np.diag(covariance)
    if not (loadings**2 < (1 - 1e-3) * variances).all():
        return None
    common, total = float(loadings.sum()), float(loadings.sum() ** 2 + (variances - loadings**2).sum())
    omega = common**2 / total
    by_loading = (2.0 * common * (1.0 - omega) + 2.0 * omega * loadings) / total
    gradient = gradient_through_loadings(covariance, weights, loadings, by_loading)
    np.fill_diagonal(gradient, -omega / total)
    return LeastSquaresFactor(loadings, omega, gradient)


def least_squares_loadings(covariance: Floats, weights: Floats) -> Floats:
    """Minimise the weighted squared residuals (``weights`` with a zero diagonal) by damped Newton steps."""
    off_diagonal = covariance - np.diag(np.diag(covariance))
    values, vectors = np.linalg.eigh(off_diagonal + np.diag(np.abs(off_diagonal).max(axis=0)))
    loadings: Floats = vectors[:, -1] * np.sqrt(values[-1])
    damping = 0.0
    for _ in range(500):
        slope = _weighted_residual(covariance, weights, loadings) @ loadings
        hessian = -_jacobian(covariance, weights, loadings)
        scale = np.diag(np.diag(hessian))
        while np.linalg.eigvalsh(hessian + damping * scale)[0] <= 0:
            damping = max(2.0 * damping, 1e-3)
        step = np.linalg.solve(hessian + damping * scale, slope)
        if _loss(covariance, weights, loadings + step) > _loss(covariance, weights, loadings) * (1 + 1e-12):
            damping = max(4.0 * damping, 1e-3)
            continue
        loadings, damping = loadings + step, 0.25 * damping if damping > 1e-6 else 0.0
        if np.abs(step).max() < 1e-12 * np.abs(loadings).max():
            break
    return loadings if loadings.sum() >= 0 else -loadings


def gradient_through_loadings(covariance: Floats, weights: Floats, loadings: Floats, by_loading: Floats) -> Floats:
    """
    Return the derivative of a function of the loadings by every covariance, off the diagonal.

    The loadings are where sum over j of w_ij (s_ij - l_i l_j) l_j = 0 for every i; this differentiates that.
    """
    adjoint = np.linalg.solve(_jacobian(covariance, weights, loadings).T, -by_loading)
    return np.asarray(0.5 * weights * (np.outer(adjoint, loadings) + np.outer(loadings, adjoint)))


def _weighted_residual(covariance: Floats, weights: Floats, loadings: Floats) -> Floats:
    return np.asarray(weights * (covariance - np.outer(loadings, loadings)))


def _loss(covariance: Floats, weights: Floats, loadings: Floats) -> float:
    return float(np.sum(weights * (covariance - np.outer(loadings, loadings)) ** 2))


def _jacobian(covariance: Floats, weights: Floats, loadings: Floats) -> Floats:
    """Return the derivative of the slope by the loadings."""
    return np.asarray(weights * (covariance - 2.0 * np.outer(loadings, loadings)) - np.diag(weights @ loadings**2))
