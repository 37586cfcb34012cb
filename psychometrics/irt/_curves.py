"""Category probabilities of the graded model and their derivatives, for all groups, items and nodes at once."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from psychometrics._codes import FloatArray

# Stands for "no such code": its cumulative probability is zero to machine precision at any trait level.
ABSENT = -700.0
TINY = 1e-290


def category_probabilities(beta: FloatArray, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return P(code >= k), k = 1..K, and P(code = c), c = 0..K, of shape (..., K or K + 1, nodes).

    ``beta`` (..., 1 + K) holds the slope, then the intercepts in descending order, `ABSENT` where a code does not
    exist. The difference of two cumulative probabilities is taken as a product, which keeps its relative precision.
    """
    linear = beta[..., :1, None] * nodes + beta[..., 1:, None]
    above = expit(linear)
    edge = np.ones((*above.shape[:-2], 1, above.shape[-1]))
    # P(c) = P(>= c) P(< c + 1) (1 - exp(-(d_c - d_{c+1}))): the last factor does not depend on the trait.
    gap = -np.expm1(beta[..., 2:] - beta[..., 1:-1])
    gap = np.concatenate([np.ones((*gap.shape[:-1], 1)), gap, np.ones((*gap.shape[:-1], 1))], axis=-1)
    upper, lower = np.concatenate([edge, above], axis=-2), np.concatenate([expit(-linear), edge], axis=-2)
    return above, np.maximum(upper * lower * gap[..., None], TINY)


def trait_derivatives(beta: FloatArray, nodes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return P(code = c) and its first two derivatives by the trait, each (..., K + 1, nodes)."""
    above, probability = category_probabilities(beta, nodes)
    slope = beta[..., :1, None]
    first = slope * above * (1 - above)
    second = slope * first * (1 - 2 * above)
    padding = [(0, 0)] * (above.ndim - 2) + [(1, 1), (0, 0)]
    return probability, -np.diff(np.pad(first, padding), axis=-2), -np.diff(np.pad(second, padding), axis=-2)


def score_vectors(beta: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return d log P(code = c) / d beta, shape (..., K + 1 codes, nodes, 1 + K)."""
    above, probability = category_probabilities(beta, nodes)
    density = above * (1 - above)
    n_thresholds = density.shape[-2]
    scores = np.zeros((*probability.shape, 1 + n_thresholds))
    for k in range(n_thresholds):
        scores[..., k + 1, :, k + 1] = density[..., k, :] / probability[..., k + 1, :]
        scores[..., k, :, k + 1] = -density[..., k, :] / probability[..., k, :]
    scores[..., 0] = scores[..., 1:].sum(axis=-1) * nodes
    return scores


def expected_step(beta: FloatArray, nodes: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient (..., 1 + K) and expected information of the complete-data likelihood.

    ``expected`` (..., K + 1, nodes) are the expected numbers of people per code and node.
    """
    above, probability = category_probabilities(beta, nodes)
    density = above * (1 - above)
    ratio = expected / probability
    first = density * (ratio[..., 1:, :] - ratio[..., :-1, :])
    n = expected.sum(axis=-2, keepdims=True)
    inverse = n / probability
    diagonal = density**2 * (inverse[..., 1:, :] + inverse[..., :-1, :])
    beside = -density[..., :-1, :] * density[..., 1:, :] * inverse[..., 1:-1, :]
    return _assemble(first, diagonal, beside, nodes)


def observed_information(beta: FloatArray, nodes: FloatArray, expected: FloatArray) -> FloatArray:
    """Return the observed information of the complete-data likelihood, shape (..., 1 + K, 1 + K)."""
    above, probability = category_probabilities(beta, nodes)
    density = above * (1 - above)
    ratio = expected / probability
    first = density * (ratio[..., 1:, :] - ratio[..., :-1, :])
    second = ratio / probability
    diagonal = density**2 * (second[..., 1:, :] + second[..., :-1, :]) - (1 - 2 * above) * first
    beside = -density[..., :-1, :] * density[..., 1:, :] * second[..., 1:-1, :]
    return _assemble(first, diagonal, beside, nodes)[1]


def _assemble(
    first: FloatArray, diagonal: FloatArray, beside: FloatArray, nodes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    k = first.shape[-2]
    gradient = np.concatenate([(first.sum(axis=-2) @ nodes)[..., None], first.sum(axis=-1)], axis=-1)
    by_row = diagonal.copy()
    by_row[..., :-1, :] += beside
    by_row[..., 1:, :] += beside
    information = np.zeros((*first.shape[:-2], 1 + k, 1 + k))
    at = np.arange(1, k + 1)
    information[..., at, at] = diagonal.sum(axis=-1)
    information[..., at[:-1], at[1:]] = information[..., at[1:], at[:-1]] = beside.sum(axis=-1)
    information[..., 0, 1:] = information[..., 1:, 0] = by_row @ nodes
    information[..., 0, 0] = by_row.sum(axis=-2) @ nodes**2
    return gradient, information


def expected_scores(beta: FloatArray, nodes: FloatArray, values: FloatArray) -> FloatArray:
    """Return the expected item score at each node, shape (..., nodes); ``values`` (..., K + 1) score the codes.

    Summed over cumulative probabilities, so that it stays right for drawn parameters whose intercepts changed order.
    """
    above = expit(beta[..., :1, None] * nodes + beta[..., 1:, None])
    steps = np.where(beta[..., 1:] > ABSENT / 2, np.diff(values, axis=-1), 0.0)
    return np.asarray(values[..., :1] + (steps[..., None] * above).sum(axis=-2))


def expected_score_gradient(beta: FloatArray, nodes: FloatArray, values: FloatArray) -> FloatArray:
    """Return d expected score / d beta, shape (..., nodes, 1 + K)."""
    above = expit(beta[..., :1, None] * nodes + beta[..., 1:, None])
    steps = np.where(beta[..., 1:] > ABSENT / 2, np.diff(values, axis=-1), 0.0)
    by_intercept = np.swapaxes(steps[..., None] * above * (1 - above), -1, -2)
    by_slope = by_intercept.sum(axis=-1, keepdims=True) * nodes[:, None]
    return np.asarray(np.concatenate([by_slope, by_intercept], axis=-1))
