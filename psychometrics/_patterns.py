"""
Fewer rows that carry the same normal likelihood.

People with the same gaps enter a normal likelihood only through their number, mean and cross-products. Wherever more
people share a pattern than it takes, they are replaced by weighted points with the same three, so that the cost of
full-information estimation no longer grows with the number of people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Booleans, Floats, Integers


@dataclass(frozen=True)
class Collapsed:
    """
    Weighted rows, sorted by answer pattern; people without any answer are left out.

    Attributes
    ----------
    values : ndarray of float, shape (n_rows, n_items)
        0 where missing; centred by ``shift``.
    weights : ndarray of float, shape (n_rows,)
    pattern : ndarray of int, shape (n_rows,)
        Index into ``patterns``.
    patterns : ndarray of float, shape (n_patterns, n_items)
        1 where answered, else 0.
    shift : ndarray of float, shape (n_items,)
        Constant subtracted from each item.
    n_people : int
    """

    values: Floats
    weights: Floats
    pattern: Integers
    patterns: Floats
    shift: Floats
    n_people: int


def collapse(responses: Floats, shift: Floats) -> Collapsed:
    """Return validated responses as few weighted rows."""
    answered = ~np.isnan(responses)
    anyone = answered.any(axis=1)
    if not anyone.all():
        responses, answered = responses[anyone], answered[anyone]
    code = pattern_codes(answered)
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    patterns = answered[order[starts]]
    values, weights, pattern = [], [], []
    for index, rows in enumerate(np.split(order, starts[1:])):
        points, weight = _sigma_points(responses[rows] - shift, patterns[index])
        values.append(points)
        weights.append(weight)
        pattern.append(np.full(len(points), index))
    return Collapsed(
        np.concatenate(values),
        np.concatenate(weights),
        np.concatenate(pattern),
        patterns.astype(np.float64),
        shift,
        len(responses),
    )


def pattern_codes(answered: Booleans) -> Integers:
    """Number the distinct rows."""
    packed = np.packbits(answered, axis=1)
    width = -packed.shape[1] % 8
    words = np.ascontiguousarray(np.pad(packed, ((0, 0), (0, width)))).view(np.uint64)
    code = np.zeros(len(words), dtype=np.int64)
    for word in words.T:
        _, part = np.unique(word, return_inverse=True)
        _, code = np.unique(code * (part.max() + 1) + part, return_inverse=True)
    return code.astype(np.int64)


def _sigma_points(rows: Floats, answered: Booleans) -> tuple[Floats, Floats]:
    """Return two points along each principal axis, with the rows' number, mean and cross-products."""
    n, k = len(rows), int(answered.sum())
    if n <= 2 * k:
        return np.where(answered, rows, 0.0), np.ones(n)
    seen = rows[:, answered]
    mean = seen.mean(axis=0)
    seen = seen - mean
    points = np.zeros((2 * k, len(answered)))
    points[:, answered] = mean + _axes(seen.T @ seen / n)
    return points, np.full(2 * k, n / (2 * k))


def _axes(covariance: Floats) -> Floats:
    """Return two opposite points along each principal axis whose mean square is the covariance matrix."""
    values, vectors = np.linalg.eigh(covariance)
    axes = (vectors * np.sqrt(np.maximum(values, 0.0) * len(values))).T
    return np.concatenate([axes, -axes])


def complete_rows(means: Floats, covariance: Floats, n: int) -> Collapsed:
    """Return rows without gaps that have these moments (divided by n)."""
    k = len(means)
    return Collapsed(
        _axes(covariance), np.full(2 * k, n / (2 * k)), np.zeros(2 * k, dtype=np.int64), np.ones((1, k)), means, n
    )
