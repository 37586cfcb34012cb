"""
Normal log-likelihood of the one-factor model on weighted rows with gaps, and its exact derivatives.

Parameters are the loadings l, the uniquenesses t and the means m, one after the other. For a row with answered items A
and deviations d, let s = sum over A of l^2 / t and b = sum over A of l d / t. By Woodbury's identity

    -2 log f = sum over A of (log 2 pi + log t + d^2 / t) + log(1 + s) - b^2 / (1 + s),

so everything is a sum over items plus a function of the two numbers s and b, which are linear in the row's answers.

``psychometrics.confirmatory`` fits this model too, but inverts a matrix per pattern of gaps: with gaps it takes 6 to 20
times as long, and omega is asked of every scale in every group.
"""

from __future__ import annotations

import math

import numpy as np

from psychometrics._moments import row_blocks
from psychometrics._patterns import Collapsed
from psychometrics._validation import Floats


def log_likelihood(rows: Collapsed, parameters: Floats) -> float:
    """Return the log-likelihood."""
    loading, uniqueness, mean = np.split(parameters, 3)
    mask, deviation = _rows(rows, mean)
    s, b = mask @ (loading**2 / uniqueness), deviation @ (loading / uniqueness)
    separate = mask @ np.log(2 * math.pi * uniqueness) + deviation**2 @ (1.0 / uniqueness)
    return -0.5 * float(rows.weights @ (separate + np.log1p(s) - b**2 / (1.0 + s)))


def gradient_and_hessian(rows: Collapsed, parameters: Floats) -> tuple[Floats, Floats]:
    """Return the first and second derivatives of the log-likelihood."""
    loading, uniqueness, mean = np.split(parameters, 3)
    mask, deviation = _rows(rows, mean)
    s, b = mask @ (loading**2 / uniqueness), deviation @ (loading / uniqueness)
    c, w = 1.0 / (1.0 + s), rows.weights
    # The function of s and b is f = -log(1 + s) / 2 + b^2 / (1 + s) / 2; these are its derivatives.
    f_s, f_b = -0.5 * (c + (b * c) ** 2), b * c
    f_ss, f_sb, f_bb = 0.5 * c**2 + b**2 * c**3, -b * c**2, c
    by_s, by_b = _chain(loading, uniqueness)
    linear = np.hstack([mask, deviation])
    cross = by_s @ _gram(linear, w * f_sb) @ by_b.T
    hessian = by_s @ _gram(linear, w * f_ss) @ by_s.T + by_b @ _gram(linear, w * f_bb) @ by_b.T + cross + cross.T
    gradient = by_s @ ((w * f_s) @ linear) + by_b @ ((w * f_b) @ linear)
    _add_curvature(hessian, loading, uniqueness, (w * f_s) @ mask, (w * f_b) @ mask, (w * f_b) @ deviation)
    _add_separate(gradient, hessian, uniqueness, w @ mask, w @ deviation, w @ deviation**2)
    return gradient, hessian


def expected_information(patterns: Floats, people: Floats, parameters: Floats) -> Floats:
    """Return the expected information when so many people answer in each pattern, whatever they would have said."""
    loading, uniqueness, _ = np.split(parameters, 3)
    k, scaled = len(loading), loading / uniqueness
    c = 1.0 / (1.0 + patterns @ (loading * scaled))
    first, second = _gram(patterns, people * c), _gram(patterns, people * c**2)
    answers, shared = people @ patterns, (people * c) @ patterns
    product = np.outer(scaled, scaled)
    information = np.zeros((3 * k, 3 * k))
    information[:k, :k] = np.diag((answers - shared) / uniqueness) - product * (first - 2.0 * second)
    information[:k, k : 2 * k] = np.diag(shared * scaled / uniqueness) - product * scaled * second
    information[k : 2 * k, :k] = information[:k, k : 2 * k].T
    information[k : 2 * k, k : 2 * k] = 0.5 * (
        product**2 * second + np.diag(answers / uniqueness**2 - 2.0 * scaled**2 / uniqueness * shared)
    )
    information[2 * k :, 2 * k :] = np.diag(answers / uniqueness) - product * first
    return information


def influence_on(function_gradient: Floats, inverse: Floats, responses: Floats, parameters: Floats) -> Floats:
    """
    Return each person's influence on a function of the parameters; ``inverse`` is that of the information.

    It is the function's gradient times ``inverse`` times the derivative of the person's own log-likelihood.
    """
    loading, uniqueness, mean = np.split(parameters, 3)
    by_s, by_b = _chain(loading, uniqueness)
    direction = inverse @ function_gradient
    along_uniqueness, along_mean = np.split(direction, 3)[1:]
    parts = []
    for block in row_blocks(responses):
        answered = ~np.isnan(block)
        mask, deviation = answered.astype(np.float64), np.where(answered, block - mean, 0.0)
        c, b = 1.0 / (1.0 + mask @ (loading**2 / uniqueness)), deviation @ (loading / uniqueness)
        linear = np.hstack([mask, deviation])
        shared = -0.5 * (c + (b * c) ** 2) * (linear @ (direction @ by_s)) + b * c * (linear @ (direction @ by_b))
        scaled = deviation / uniqueness
        separate = 0.5 * (scaled**2 - mask / uniqueness) @ along_uniqueness + scaled @ along_mean
        parts.append(shared + separate)
    return np.concatenate(parts)


def _rows(rows: Collapsed, mean: Floats) -> tuple[Floats, Floats]:
    mask = rows.patterns[rows.pattern]
    return mask, rows.values - mask * mean


def _gram(linear: Floats, weights: Floats) -> Floats:
    return np.asarray((linear * weights[:, None]).T @ linear)


def _chain(loading: Floats, uniqueness: Floats) -> tuple[Floats, Floats]:
    """Return the derivatives of s and of b by the parameters, as matrices to apply to (answered, deviations)."""
    k = len(loading)
    by_s, by_b = np.zeros((3 * k, 2 * k)), np.zeros((3 * k, 2 * k))
    at = np.arange(k)
    by_s[at, at] = 2.0 * loading / uniqueness
    by_s[k + at, at] = -((loading / uniqueness) ** 2)
    by_b[at, k + at] = 1.0 / uniqueness
    by_b[k + at, k + at] = -loading / uniqueness**2
    by_b[2 * k + at, at] = -loading / uniqueness
    return by_s, by_b


def _add_curvature(hessian: Floats, l: Floats, t: Floats, s: Floats, b: Floats, d: Floats) -> None:  # noqa: E741
    """Add what comes from the second derivatives of s and b: sums over rows of f_s, f_b and f_b times deviation."""
    k = len(l)
    blocks = {
        (0, 0): 2.0 * s / t,
        (0, 1): -2.0 * l / t**2 * s - d / t**2,
        (1, 1): 2.0 * l**2 / t**3 * s + 2.0 * l / t**3 * d,
        (0, 2): -b / t,
        (1, 2): l / t**2 * b,
    }
    at = np.arange(k)
    for (row, column), diagonal in blocks.items():
        hessian[row * k + at, column * k + at] += diagonal
        if row != column:
            hessian[column * k + at, row * k + at] += diagonal


def _add_separate(gradient: Floats, hessian: Floats, t: Floats, n: Floats, first: Floats, second: Floats) -> None:
    """Add the part that is a sum over items; ``first`` and ``second`` are sums of deviations and of their squares."""
    k = len(t)
    at = np.arange(k)
    gradient[k : 2 * k] += 0.5 * (second / t**2 - n / t)
    gradient[2 * k :] += first / t
    hessian[k + at, k + at] += 0.5 * n / t**2 - second / t**3
    hessian[2 * k + at, 2 * k + at] -= n / t
    hessian[k + at, 2 * k + at] -= first / t**2
    hessian[2 * k + at, k + at] -= first / t**2
