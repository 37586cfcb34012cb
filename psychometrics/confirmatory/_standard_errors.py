"""Sampling covariances of the parameters of a fitted model."""

from __future__ import annotations

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._fit import Fitted
from psychometrics.confirmatory._least_squares import unweighted_variance
from psychometrics.confirmatory._scaling import sample_products
from psychometrics.confirmatory._scores import score_products

# Smallest eigenvalue of the information scaled to a unit diagonal that is more than rounding.
_SINGULAR = 1e-10


def parameter_covariance(model: Fitted) -> tuple[Floats, bool]:
    """
    Return the covariance matrix of the free parameters, and whether the information determines them.

    Everything is nan where it does not.
    """
    curvature, variance = _sandwich(model)
    scale = np.sqrt(np.abs(np.diag(curvature)))
    values = np.linalg.eigvalsh(curvature / np.outer(scale, scale)) if scale.all() else np.zeros(1)
    if values[0] < _SINGULAR:
        return np.full(curvature.shape, np.nan), False
    inverse = np.linalg.inv(curvature)
    return np.asarray(inverse if variance is None else inverse @ variance @ inverse), True


def _sandwich(model: Fitted) -> tuple[Floats, Floats | None]:
    """Return the curvature of the criterion, and the variance of its gradient unless that is the same."""
    if model.estimator == "MLR":
        return model.information(expected=False), score_products(model.layout, model.parameters, model.samples)
    if model.estimator == "MLM":
        return model.information(expected=True), sample_products(model)
    if model.estimator == "GLS":
        return model.point.information, None
    if model.estimator == "ULS":
        return model.point.information, unweighted_variance(model.layout, model.parameters, model.samples)
    return model.information(expected=model.complete), None
