"""Which groups share an aligned item parameter."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr

from psychometrics._validation import Booleans, Floats

# Asparouhov & Muthen (2014): two groups belong together above the first level, a group leaves or joins the
# mean of the others by the second.
_PAIR_LEVEL = 0.01
_GROUP_LEVEL = 0.001
_MAX_ROUNDS = 100


def invariant_groups(values: Floats, covariance: Floats) -> Booleans:
    """
    Return the groups that share a parameter.

    Start from the largest set of groups that are linked by pairs which do not differ; then let groups leave and join by
    their difference from the mean of the set until none does.
    """
    together = _largest_linked_set(values, covariance)
    for _ in range(_MAX_ROUNDS):
        weights = together / together.sum()
        contrasts = np.eye(len(values)) - weights
        difference = contrasts @ values
        error = np.sqrt(np.einsum("gi,ij,gj->g", contrasts, covariance, contrasts))
        new = _p_value(difference, error) > _GROUP_LEVEL
        if (new == together).all() or not new.any():
            break
        together = new
    return together


def _largest_linked_set(values: Floats, covariance: Floats) -> Booleans:
    variance = np.diag(covariance)
    error = np.sqrt(np.maximum(variance[:, None] + variance - 2.0 * covariance, 0.0))
    alike = _p_value(values[:, None] - values, error) > _PAIR_LEVEL
    _, label = connected_components(alike, directed=False)
    return np.asarray(label == np.argmax(np.bincount(label)))


def _p_value(difference: Floats, error: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(error > 0, np.abs(difference) / error, np.where(difference == 0, 0.0, np.inf))
    return np.asarray(2.0 * ndtr(-z))
