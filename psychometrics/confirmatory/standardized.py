"""The solution with factors and items of variance 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._parameters import Matrices, each, implied_covariances
from psychometrics.confirmatory.model import FactorModel
from psychometrics.confirmatory.ordinal import OrdinalFactorModel


@dataclass(frozen=True)
class StandardizedSolution:
    """
    Standardised estimates and their standard errors, one array per kind of parameter, groups first.

    Attributes
    ----------
    estimates, standard_errors : Matrices of float
        Loadings are correlations of item and factor when factors do not correlate; residual variances are shares of
        the item's variance, residual covariances are correlations. Standard errors by the delta method.
    """

    estimates: Matrices[Floats]
    standard_errors: Matrices[Floats]


def standardized_solution(model: FactorModel | OrdinalFactorModel) -> StandardizedSolution:
    """
    Return the completely standardised solution of a fitted model.

    Parameters
    ----------
    model : FactorModel or OrdinalFactorModel
        Of ordered answers the responses behind the items are standardised, and with them their thresholds.

    Returns
    -------
    StandardizedSolution
        nan where a variance is negative, or where the parameters are not identified.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        estimates, slopes = _standardised(model.estimates, _directions(model))
        errors = each(lambda slope: _standard_error(slope, model.covariance), slopes)
    return StandardizedSolution(estimates, errors)


def _directions(model: FactorModel | OrdinalFactorModel) -> Matrices[Floats]:
    """Return how each parameter moves each element, parameters first."""
    numbers = np.arange(1, model.layout.n_parameters + 1)
    along = each(
        lambda free: (free == numbers.reshape(-1, *[1] * free.ndim)).astype(np.float64),
        model.layout.free,
    )
    if isinstance(model, OrdinalFactorModel) and model.parameterisation == "delta":
        # The residual variance is what the scale leaves beside the factors.
        by_scale = -2.0 * along.scales / model.estimates.scales**3
        own = np.arange(by_scale.shape[-1])
        along.residual_covariance[..., own, own] = by_scale - _item_variances(model.estimates, along)
    return along


def _standard_error(slope: Floats, covariance: Floats) -> Floats:
    flat = slope.reshape(len(slope), -1)
    variance = np.maximum(((covariance @ flat) * flat).sum(axis=0), 0.0)
    return np.asarray(np.sqrt(variance).reshape(slope.shape[1:]))


def _standardised(at: Matrices[Floats], along: Matrices[Floats]) -> tuple[Matrices[Floats], Matrices[Floats]]:
    """Return the standardised matrices, and how they move with each parameter."""
    factor = _diagonal(at.factor_covariance)
    item = _diagonal(implied_covariances(at))
    residual = _diagonal(at.residual_covariance)
    # Relative changes of standard deviations.
    by_factor = 0.5 * _diagonal(along.factor_covariance) / factor
    by_item = 0.5 * _item_variances(at, along) / item
    by_residual = 0.5 * _diagonal(along.residual_covariance) / residual
    own = np.eye(item.shape[1], dtype=bool)
    divisor = np.where(own, _outer(item), _outer(residual))
    divided_by = np.where(own, _sum(by_item), _sum(by_residual))

    loading_scale = np.sqrt(factor)[:, None, :] / np.sqrt(item)[:, :, None]
    loadings = at.loadings * loading_scale
    correlations = at.factor_covariance / _outer(factor)
    residuals = at.residual_covariance / divisor
    intercepts, means = at.intercepts / np.sqrt(item), at.factor_means / np.sqrt(factor)
    thresholds, scales = at.thresholds / np.sqrt(item)[..., None], np.ones_like(at.scales)
    estimates = Matrices(loadings, correlations, residuals, intercepts, means, thresholds, scales)
    slopes = Matrices(
        along.loadings * loading_scale + loadings * (by_factor[..., None, :] - by_item[..., :, None]),
        along.factor_covariance / _outer(factor) - correlations * _sum(by_factor),
        along.residual_covariance / divisor - residuals * divided_by,
        along.intercepts / np.sqrt(item) - intercepts * by_item,
        along.factor_means / np.sqrt(factor) - means * by_factor,
        along.thresholds / np.sqrt(item)[..., None] - thresholds * by_item[..., None],
        np.zeros_like(along.scales),
    )
    return estimates, slopes


def _item_variances(at: Matrices[Floats], along: Matrices[Floats]) -> Floats:
    common = at.loadings @ at.factor_covariance
    by_loading = 2.0 * (along.loadings * common).sum(axis=-1)
    by_factor = ((at.loadings @ along.factor_covariance) * at.loadings).sum(axis=-1)
    return np.asarray(by_loading + by_factor + _diagonal(along.residual_covariance))


def _diagonal(matrices: Floats) -> Floats:
    return np.asarray(np.diagonal(matrices, axis1=-2, axis2=-1))


def _outer(variances: Floats) -> Floats:
    spread = np.sqrt(variances)
    return np.asarray(spread[..., :, None] * spread[..., None, :])


def _sum(changes: Floats) -> Floats:
    return np.asarray(changes[..., :, None] + changes[..., None, :])
