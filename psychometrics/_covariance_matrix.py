"""Repairs and conversions of covariance and correlation matrices."""

from __future__ import annotations

import numpy as np

from psychometrics._validation import Floats


def nearest_semidefinite(covariance: Floats) -> Floats | None:
    """Return a positive semi-definite matrix near the one given, with its variances; None if it is one already."""
    values, vectors = np.linalg.eigh(covariance)
    if values[0] >= -1e-10 * values[-1]:
        return None
    clipped = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = np.sqrt(np.diag(covariance) / np.diag(clipped))
    return np.asarray(clipped * np.outer(scale, scale))


def as_correlation(covariance: Floats) -> Floats:
    """Return the correlations; nan where there is no variance."""
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(covariance / np.outer(spread, spread))
