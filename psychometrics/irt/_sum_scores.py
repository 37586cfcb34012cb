"""The distribution of the sum score at given trait values, item by item (Lord & Wingersky 1984)."""

from __future__ import annotations

import numpy as np

from psychometrics._codes import FloatArray, IntArray
from psychometrics.irt._patterns import CodeMap
from psychometrics.irt.calibration import Calibration


def code_probabilities(model: Calibration, group: int, nodes: FloatArray) -> FloatArray:
    """Return P(code) of every code as it was given, shape (items, codes, nodes)."""
    return as_given(model.layout.family.probabilities(model.state.beta[group], nodes), model.codes)


def as_given(merged: FloatArray, codes: CodeMap) -> FloatArray:
    """Return P(code) of the codes as they were given from those of the model's: merged ones apart again."""
    return np.asarray(merged[np.arange(len(merged))[:, None], codes.to] * codes.share[:, :, None])


def sum_distribution(probability: FloatArray) -> FloatArray:
    """Return P(sum of codes = s), s = 0, 1, ..., at each node, from P(code) of shape (items, codes, nodes)."""
    _, n_codes, n_nodes = probability.shape
    total = np.ones((1, n_nodes))
    for item in probability:
        extended = np.zeros((len(total) + n_codes - 1, n_nodes))
        for code in range(n_codes):
            extended[code : code + len(total)] += total * item[code]
        total = extended
    return total


def rest_distributions(probability: FloatArray) -> FloatArray:
    """Return, for each item, the distribution of the sum of the others, shape (items, scores, nodes)."""
    return np.array([sum_distribution(np.delete(probability, item, axis=0)) for item in range(len(probability))])


def complete_patterns(model: Calibration, group: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the complete answer patterns of one group: the model's codes, their sums from 0, how many gave each.

    Raises
    ------
    ValueError
        When codes that people used were merged, so that sums of the codes as given are not known.
    """
    values = model.code_values
    if not np.array_equal(values, np.rint(values)):
        raise ValueError("used codes were merged, so sum scores are not known: calibrate with minimum_count=1")
    pattern = model.patterns[group]
    complete = (pattern.codes >= 0).all(axis=1)
    codes = pattern.codes[complete].astype(np.intp)
    sums = np.rint(values[np.arange(codes.shape[1]), codes].sum(axis=1)).astype(np.intp)
    return codes, sums, pattern.weights[complete]


def observed_sums(model: Calibration, group: int, n_scores: int) -> FloatArray:
    """Return how many people of one group have each sum; nan when merged codes hide it."""
    try:
        _, sums, weights = complete_patterns(model, group)
    except ValueError:
        return np.full(n_scores, np.nan)
    return np.asarray(np.bincount(sums, weights=weights, minlength=n_scores), dtype=np.float64)
