"""The families of item curves that a calibration can take, each as a record of the functions that describe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.irt import _curves, _partial_credit

# Beyond these a curve is a step or a constant for any sample; they only keep a degenerate item finite.
_MAX_SLOPE, _MAX_INTERCEPT, _MIN_GAP = 12.0, 40.0, 1e-4


@dataclass(frozen=True)
class Family:
    """Functions of ``beta`` (..., 1 + K), slope and intercepts, and of trait values; see `_curves` for each."""

    name: str
    descending: bool
    probabilities: Callable[[FloatArray, FloatArray], FloatArray]
    score_vectors: Callable[[FloatArray, FloatArray], FloatArray]
    expected_step: Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
    observed_information: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
    trait_derivatives: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
    expected_scores: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
    expected_score_gradient: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

    def log_curves(self, beta: FloatArray, nodes: FloatArray, n_codes: IntArray) -> FloatArray:
        """Return log P of every code that exists, item by item: shape (cells, nodes) for beta (items, 1 + K)."""
        probability = self.probabilities(beta, nodes)
        return np.asarray(np.log(probability[np.arange(probability.shape[1]) < n_codes[:, None]]))

    def item_information(self, beta: FloatArray, nodes: FloatArray, n_codes: IntArray) -> FloatArray:
        """Return each item's Fisher information on the trait, shape (items, nodes)."""
        return information_terms(*self.trait_derivatives(beta, nodes), n_codes)[0]

    def admissible_items(self, beta: FloatArray) -> BoolArray:
        """Return which items have finite curves, with intercepts in descending order where the family needs it."""
        intercepts = beta[..., 1:]
        exists = intercepts > _curves.ABSENT / 2
        fine = ((np.abs(intercepts) < _MAX_INTERCEPT) | ~exists).all(axis=-1) & (np.abs(beta[..., 0]) < _MAX_SLOPE)
        if self.descending:
            fine &= ((intercepts[..., :-1] - intercepts[..., 1:] > _MIN_GAP) | ~exists[..., 1:]).all(axis=-1)
        return np.asarray(fine.all(axis=0))


def information_terms(
    probability: FloatArray, first: FloatArray, second: FloatArray, n_codes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return each item's Fisher information and its derivative by the trait, from those of its codes."""
    exists = (np.arange(probability.shape[1]) < n_codes[:, None])[..., None]
    relative = np.where(exists, first / probability, 0.0)
    slope = relative * (2 * second - first * relative)
    return (relative * first).sum(axis=1), slope.sum(axis=1)


def _graded_probabilities(beta: FloatArray, nodes: FloatArray) -> FloatArray:
    return _curves.category_probabilities(beta, nodes)[1]


def _partial_credit_information(beta: FloatArray, nodes: FloatArray, expected: FloatArray) -> FloatArray:
    return _partial_credit.expected_step(beta, nodes, expected)[1]


GRADED = Family(
    "graded",
    True,
    _graded_probabilities,
    _curves.score_vectors,
    _curves.expected_step,
    _curves.observed_information,
    _curves.trait_derivatives,
    _curves.expected_scores,
    _curves.expected_score_gradient,
)

PARTIAL_CREDIT = Family(
    "partial credit",
    False,
    _partial_credit.category_probabilities,
    _partial_credit.score_vectors,
    _partial_credit.expected_step,
    _partial_credit_information,
    _partial_credit.trait_derivatives,
    _partial_credit.expected_scores,
    _partial_credit.expected_score_gradient,
)
