"""
Expected answers under a model of ordered answers, and how they differ between groups at the same factor scores.

Behind an item stands a normal response with mean nu + lambda'eta and variance theta, cut at thresholds tau, so the
expected answer, in steps above the lowest category, is the sum over thresholds of
Phi((nu + lambda'eta - tau) / sqrt(theta)).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory._parameters import Matrices
from psychometrics.confirmatory.ordinal_implied import residual_variances

# Curves of answers are smooth: with so many nodes the integral is exact to the ninth digit or so.
_NODES = 61


def expected_answer_differences(at: Matrices[Floats], used: Booleans, parameterisation: str) -> tuple[Floats, Floats]:
    """
    Return mean and mean square of each item's difference to the first group, shape (n_groups - 1, n_items).

    Over the factor scores of each other group; items that load on several factors take all of them.
    """
    spread = np.sqrt(residual_variances(at, parameterisation))
    first, second, weight = _nodes(at)
    gap = _expected(at, used, spread, second, own=True) - _expected(at, used, spread, first, own=False)
    return np.asarray(gap @ weight), np.asarray(gap**2 @ weight)


def _nodes(at: Matrices[Floats]) -> tuple[Floats, Floats, Floats]:
    """
    Return lambda'eta with the loadings of the first and of each other group, (n_groups - 1, n_items, n_nodes).

    Eta has the distribution of the other group; of two variables the second is split into what follows the first and
    the rest, which is nothing when an item loads on one factor.
    """
    points, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    alone = bool(((at.loadings != 0).sum(axis=2) <= 1).all())
    along = points if alone else np.repeat(points, _NODES)
    beside = np.zeros_like(points) if alone else np.tile(points, _NODES)
    own, reference = at.loadings[1:], np.broadcast_to(at.loadings[:1], at.loadings[1:].shape)
    covariance, means = at.factor_covariance[1:], at.factor_means[1:, :, None]
    of_reference = np.sqrt(((reference @ covariance) * reference).sum(axis=2))
    shared = ((reference @ covariance) * own).sum(axis=2) / np.where(of_reference > 0, of_reference, 1.0)
    rest = np.sqrt(np.maximum(((own @ covariance) * own).sum(axis=2) - shared**2, 0.0))
    first = reference @ means + of_reference[:, :, None] * along
    second = own @ means + shared[:, :, None] * along + rest[:, :, None] * beside
    return first, second, weights if alone else np.outer(weights, weights).ravel()


def _expected(at: Matrices[Floats], used: Booleans, spread: Floats, level: Floats, *, own: bool) -> Floats:
    """Return expected answers with the parameters of each other group or of the first."""
    groups = slice(1, None) if own else slice(0, 1)
    total = np.zeros_like(level)
    for threshold, there in enumerate(used.T):
        distance = at.intercepts[groups, :, None] + level - at.thresholds[groups, :, threshold, None]
        total += np.where(there[:, None], ndtr(distance / spread[groups, :, None]), 0.0)
    return total


def answer_variances(thresholds: Floats) -> Floats:
    """Return the variance of the answers to each item from its thresholds (nan where unused)."""
    below = np.where(np.isnan(thresholds), 1.0, ndtr(thresholds))
    above = 1.0 - below
    steps = np.arange(thresholds.shape[1])
    mean = above.sum(axis=1)
    return np.asarray(((2 * steps + 1) * above).sum(axis=1) - mean**2)
