"""
The thresholds and correlations that a factor model of ordered answers implies, and their derivatives.

The response y* behind item i has mean mu_i and covariances S from the model (see ``_parameters``). Only y* / sd(y*) can
be seen, so with delta_i = 1 / sd(y*_i) the statistics are delta_i (tau_ik - mu_i) and delta_i delta_j S_ij. Under the
delta parameterisation delta is a parameter and the residual variance follows from it; under theta the residual variance
is the parameter and delta follows (Muthen & Asparouhov, 2002, Mplus Web Notes 4).
"""

from __future__ import annotations

import numpy as np

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory._parameters import Layout, Matrices, implied_covariances, implied_means, jacobian

PARAMETERISATIONS = ("delta", "theta")


def scales_of(matrices: Matrices[Floats], parameterisation: str) -> Floats:
    """Return delta, shape (n_groups, n_items); nan where theta leaves no variance."""
    if parameterisation == "delta":
        return matrices.scales
    variances = np.einsum("gii->gi", implied_covariances(matrices))
    return np.asarray(1.0 / np.sqrt(np.where(variances > 0, variances, np.nan)))


def residual_variances(matrices: Matrices[Floats], parameterisation: str) -> Floats:
    """Return the residual variances of the responses behind the items, shape (n_groups, n_items)."""
    if parameterisation == "theta":
        return np.asarray(np.einsum("gii->gi", matrices.residual_covariance))
    common = matrices.loadings @ matrices.factor_covariance @ matrices.loadings.transpose(0, 2, 1)
    return np.asarray(1.0 / matrices.scales**2 - np.einsum("gii->gi", common))


def implied_statistics(matrices: Matrices[Floats], used: Booleans, parameterisation: str) -> Floats:
    """
    Return what the model implies, shape (n_groups, n_statistics).

    ``used`` (n_items, n_thresholds) says which thresholds exist; the order is that of ``OrdinalMoments``.
    """
    scales = scales_of(matrices, parameterisation)
    row, column = np.tril_indices(len(used), -1)
    item = np.nonzero(used)[0]
    thresholds = scales[:, item] * (matrices.thresholds[:, used] - implied_means(matrices)[:, item])
    covariances = implied_covariances(matrices)[:, row, column]
    return np.hstack([thresholds, scales[:, row] * scales[:, column] * covariances])


def statistics_jacobian(layout: Layout, matrices: Matrices[Floats], used: Booleans, parameterisation: str) -> Floats:
    """Return the derivatives of the implied statistics, shape (n_groups, n_statistics, n_parameters)."""
    n_items = len(used)
    by_mean, by_covariance = jacobian(layout, matrices)
    lower_row, lower_column = np.tril_indices(n_items)
    on_diagonal = lower_row == lower_column
    scales = scales_of(matrices, parameterisation)
    if parameterisation == "delta":
        log_scale = _selector(layout, layout.free.scales) / scales[:, :, None]
    else:
        log_scale = -0.5 * scales[:, :, None] ** 2 * by_covariance[:, on_diagonal]
    item = np.nonzero(used)[0]
    distance = matrices.thresholds[:, used] - implied_means(matrices)[:, item]
    thresholds = _selector(layout, layout.free.thresholds[:, used]) - by_mean[:, item]
    thresholds = scales[:, item, None] * (thresholds + distance[:, :, None] * log_scale[:, item])
    row, column = lower_row[~on_diagonal], lower_column[~on_diagonal]
    both = (scales[:, row] * scales[:, column])[:, :, None]
    covariances = implied_covariances(matrices)[:, row, column][:, :, None]
    correlations = by_covariance[:, ~on_diagonal] + covariances * (log_scale[:, row] + log_scale[:, column])
    return np.concatenate([thresholds, both * correlations], axis=1)


def _selector(layout: Layout, numbers: np.ndarray) -> Floats:
    """Return the derivative of elements by the parameters they are: 1 for their own, else 0."""
    return np.asarray(numbers[..., None] == np.arange(1, layout.n_parameters + 1), dtype=np.float64)
