"""The correlation that makes tables of two ordered answers most likely, thresholds given."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import ndtr

from psychometrics._bivariate_normal import bivariate_normal_cdf, bivariate_normal_density
from psychometrics._validation import Floats

LARGEST = 0.9999


def climb(counts: Floats, h: Floats, k: Floats, start: Floats) -> Floats:
    """
    Take Newton steps for all pairs until none moves; scoring steps where the likelihood is not yet curved down.

    A step that makes the answers less likely is halved: too near to 1 the probability of a cell that somebody is in is
    lost in rounding, and with it the way back. The start itself is the first step, from 0.
    """
    rho, step = np.zeros_like(start), start
    value = _log_likelihood(counts, probabilities(h, k, rho[:, None, None]))
    for _ in range(100):
        new = np.clip(rho + step, -LARGEST, LARGEST)
        if np.abs(new - rho).max() < 1e-9:
            return new
        at = new[:, None, None]
        cell = probabilities(h, k, at)
        found = _log_likelihood(counts, cell)
        better = found >= value - 1e-10 * (1.0 + np.abs(value))
        rho, value = np.where(better, new, rho), np.where(better, found, value)
        step = np.where(better, _step(counts, h, k, at, cell), 0.5 * step)
    warnings.warn("polychoric correlations did not converge", stacklevel=4)
    return rho


def _log_likelihood(counts: Floats, cell: Floats) -> Floats:
    return np.asarray((counts * np.log(cell)).sum(axis=(1, 2)))


def _step(counts: Floats, h: Floats, k: Floats, at: Floats, cell: Floats) -> Floats:
    density = bivariate_normal_density(h, k, at)
    with np.errstate(over="ignore", invalid="ignore"):  # where a cell is lost, and the step not used
        ratio = np.where(counts > 0, cells(density) / cell, 0.0)
        bend = np.where(counts > 0, cells(density * _density_slope(h, k, at)) / cell, 0.0)
        slope, scoring = (counts * ratio).sum(axis=(1, 2)), (counts * ratio**2).sum(axis=(1, 2))
        curvature = scoring - (counts * bend).sum(axis=(1, 2))
        step = slope / np.where(curvature > 0.1 * scoring, curvature, np.maximum(scoring, 1e-12))
    return np.asarray(np.clip(step, -0.3, 0.3))


def probabilities(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Return every cell's probability, at least a trace; ``h`` (pairs, codes - 1, 1), ``k`` (pairs, 1, codes - 1)."""
    corners = np.pad(bivariate_normal_cdf(h, k, rho), ((0, 0), (1, 1), (1, 1)))
    corners[:, 1:-1, -1], corners[:, -1, 1:-1], corners[:, -1, -1] = ndtr(h[:, :, 0]), ndtr(k[:, 0, :]), 1.0
    return np.maximum(np.diff(np.diff(corners, axis=1), axis=2), 1e-300)


def cells(at_corners: Floats) -> Floats:
    """Turn values at pairs of thresholds, 0 at infinity, into differences over cells."""
    corners = np.pad(at_corners, ((0, 0), (1, 1), (1, 1)))
    return np.asarray(np.diff(np.diff(corners, axis=1), axis=2))


def _density_slope(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Return the derivative of the log density by the correlation."""
    h, k = np.clip(h, -40.0, 40.0), np.clip(k, -40.0, 40.0)
    rest = 1.0 - rho**2
    return np.asarray(rho / rest + (h * k * (1.0 + rho**2) - rho * (h * h + k * k)) / rest**2)
