"""Category probabilities of the generalised partial credit model and their derivatives, all items and nodes at once.

P(code = c) is proportional to exp(c * slope * trait + intercept_c) with intercept_0 = 0 (Muraki 1992, in the
slope-intercept form). The functions take and return what those of `_curves` do.
"""

from __future__ import annotations

import numpy as np

from psychometrics._codes import FloatArray
from psychometrics.irt._curves import ABSENT, TINY


def category_probabilities(beta: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return P(code = c), c = 0..K, of shape (..., K + 1, nodes)."""
    code = np.arange(1.0, beta.shape[-1])[:, None]
    linear = beta[..., :1, None] * code * nodes + beta[..., 1:, None]
    linear = np.where(beta[..., 1:, None] > ABSENT / 2, linear, -np.inf)
    linear = np.concatenate([np.zeros((*linear.shape[:-2], 1, linear.shape[-1])), linear], axis=-2)
    weight = np.exp(linear - linear.max(axis=-2, keepdims=True))
    return np.asarray(np.maximum(weight / weight.sum(axis=-2, keepdims=True), TINY))


def _moments(beta: FloatArray, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return probabilities, and codes less their mean at each node (..., K + 1, nodes)."""
    probability = category_probabilities(beta, nodes)
    code = np.arange(float(beta.shape[-1]))[:, None]
    return probability, code - (code * probability).sum(axis=-2, keepdims=True)


def trait_derivatives(beta: FloatArray, nodes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return P(code = c) and its first two derivatives by the trait, each (..., K + 1, nodes)."""
    probability, centred = _moments(beta, nodes)
    slope = beta[..., :1, None]
    variance = (probability * centred**2).sum(axis=-2, keepdims=True)
    return probability, slope * probability * centred, slope**2 * probability * (centred**2 - variance)


def score_vectors(beta: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return d log P(code = c) / d beta, shape (..., K + 1 codes, nodes, 1 + K)."""
    probability, centred = _moments(beta, nodes)
    n_thresholds = beta.shape[-1] - 1
    scores = np.zeros((*probability.shape, 1 + n_thresholds))
    scores[..., 0] = centred * nodes
    scores[..., 1:] = -np.swapaxes(probability[..., 1:, :], -1, -2)[..., None, :, :]
    for k in range(1, n_thresholds + 1):
        scores[..., k, :, k] += 1.0
    return scores


def expected_step(beta: FloatArray, nodes: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient (..., 1 + K) and information of the complete-data likelihood, expected and observed alike."""
    probability, centred = _moments(beta, nodes)
    n = expected.sum(axis=-2, keepdims=True)
    residual = expected - n * probability
    code = np.arange(float(beta.shape[-1]))
    by_slope = (code @ residual) @ nodes
    gradient = np.concatenate([by_slope[..., None], residual[..., 1:, :].sum(axis=-1)], axis=-1)
    weighted = n * probability
    information = np.empty((*gradient.shape, gradient.shape[-1]))
    information[..., 0, 0] = (weighted * centred**2).sum(axis=-2) @ nodes**2
    information[..., 0, 1:] = information[..., 1:, 0] = (weighted * centred)[..., 1:, :] @ nodes
    information[..., 1:, 1:] = -weighted[..., 1:, :] @ np.swapaxes(probability[..., 1:, :], -1, -2)
    at = np.arange(1, len(code))
    information[..., at, at] += weighted[..., 1:, :].sum(axis=-1)
    return gradient, information


def expected_scores(beta: FloatArray, nodes: FloatArray, values: FloatArray) -> FloatArray:
    """Return the expected item score at each node, shape (..., nodes); ``values`` (..., K + 1) score the codes."""
    return np.asarray((values[..., None] * category_probabilities(beta, nodes)).sum(axis=-2))


def expected_score_gradient(beta: FloatArray, nodes: FloatArray, values: FloatArray) -> FloatArray:
    """Return d expected score / d beta, shape (..., nodes, 1 + K)."""
    weight = values[..., None] * category_probabilities(beta, nodes)
    return np.asarray((weight[..., None] * score_vectors(beta, nodes)).sum(axis=-3))
