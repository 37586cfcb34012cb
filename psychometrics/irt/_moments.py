"""Means and covariances, under a model, of functions of one answer and of products of two answers.

Given the trait, answers are independent, so that whatever is needed follows from each item's conditional moments. A
function of an answer is a row of values, one per code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from psychometrics._codes import FloatArray, IntArray


@dataclass(frozen=True)
class Functions:
    """Functions of single answers (n, codes), each of one item."""

    values: FloatArray
    item: IntArray

    def of(self, codes: IntArray) -> FloatArray:
        """Return the functions of complete answers (n_patterns, n)."""
        return np.asarray(self.values[np.arange(len(self.item)), codes[:, self.item]])


def indicators(n_codes: IntArray) -> Functions:
    """Return one function per item and code but the lowest: whether the code was given."""
    pairs = [(item, code) for item, n in enumerate(n_codes) for code in range(1, int(n))]
    values = np.zeros((len(pairs), int(n_codes.max())))
    values[np.arange(len(pairs)), [code for _, code in pairs]] = 1.0
    return Functions(values, np.array([item for item, _ in pairs], dtype=np.intp))


def code_scores(n_codes: IntArray) -> Functions:
    """Return one function per item: the code itself."""
    width = int(n_codes.max())
    return Functions(np.tile(np.arange(float(width)), (len(n_codes), 1)), np.arange(len(n_codes)))


@dataclass(frozen=True)
class MomentSet:
    """Expectations of ``first``, then of the products of two functions of ``second`` that belong to different items."""

    first: Functions
    second: Functions

    @property
    def pairs(self) -> tuple[IntArray, IntArray]:
        """The places in ``second`` of both factors of each product."""
        item = self.second.item
        found = [(a, b) for a, b in combinations(range(len(item)), 2) if item[a] != item[b]]
        one, two = np.array(found, dtype=np.intp).T
        return one, two

    def observed(self, codes: IntArray, weights: FloatArray) -> FloatArray:
        """Return the means over people."""
        share = weights / weights.sum()
        one, two = self.pairs
        seen = self.second.of(codes)
        return np.concatenate([share @ self.first.of(codes), (seen.T @ (share[:, None] * seen))[one, two]])


class ModelMoments:
    """A set's moments for item curves (items, codes, nodes) over a distribution on the nodes."""

    def __init__(self, moments: MomentSet, probability: FloatArray, weights: FloatArray) -> None:
        self._set, self._probability, self._weights = moments, probability, weights
        self._one, self._two = moments.pairs
        self._single = self._conditional(moments.second, probability)
        first = self._conditional(moments.first, probability)
        self.conditional = np.concatenate([first, self._single[self._one] * self._single[self._two]])
        self.expected = self.conditional @ weights

    @staticmethod
    def _conditional(functions: Functions, probability: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("fc,fcq->fq", functions.values, probability[functions.item]))

    def covariance(self) -> FloatArray:
        """Return the covariance matrix of one person's functions and products."""
        weighted = self.conditional * self._weights
        total = weighted @ self.conditional.T - np.outer(self.expected, self.expected)
        for item in range(len(self._probability)):
            self._add_item(total, item)
        for items in combinations(range(len(self._probability)), 2):
            self._add_pair(total, *items)
        return np.asarray(total)

    def _own(self, item: int) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return an item's functions, and of every moment it enters, its place, and what the item is multiplied by."""
        n_first = len(self._set.first.item)
        alone = np.flatnonzero(self._set.first.item == item)
        second = self._set.second.item
        left, right = np.flatnonzero(second[self._one] == item), np.flatnonzero(second[self._two] == item)
        values = np.concatenate(
            [self._set.first.values[alone], self._set.second.values[np.r_[self._one[left], self._two[right]]]]
        )
        rest = [np.ones((len(alone), len(self._weights))), self._single[np.r_[self._two[left], self._one[right]]]]
        return values, np.concatenate([alone, n_first + left, n_first + right]), np.concatenate(rest)

    def _add_item(self, total: FloatArray, item: int) -> None:
        """Add what one item's conditional covariances contribute, weighted by the other factors."""
        values, place, rest = self._own(item)
        kinds, kind = np.unique(values, axis=0, return_inverse=True)
        spread = _spread(kinds, self._probability[item])
        for a in range(len(kinds)):
            for b in range(len(kinds)):
                rows, columns = kind == a, kind == b
                block = (rest[rows] * (self._weights * spread[a, b])) @ rest[columns].T
                total[np.ix_(place[rows], place[columns])] += block

    def _add_pair(self, total: FloatArray, i: int, j: int) -> None:
        """Add, for products of the same two items, the product of both conditional covariances."""
        second = self._set.second
        at = np.flatnonzero((second.item[self._one] == i) & (second.item[self._two] == j))
        one = _spread(second.values[self._one[at]], self._probability[i])
        two = _spread(second.values[self._two[at]], self._probability[j])
        place = len(self._set.first.item) + at
        total[np.ix_(place, place)] += (one * two) @ self._weights

    def jacobian(self, slope: FloatArray, index: IntArray, size: int) -> FloatArray:
        """Return the derivatives of the moments by item parameters.

        ``slope`` (items, codes, nodes, local) are the derivatives of the curves, ``index`` (items, local) the places of
        the local parameters among all `size`, -1 where fixed.
        """
        first, second = self._set.first, self._set.second
        alone = np.einsum("fc,fcql,q->fl", first.values, slope[first.item], self._weights)
        single = np.einsum("fc,fcql->fql", second.values, slope[second.item])
        result = np.zeros((len(self.expected), size + 1))
        # What is fixed collects in a last column that is dropped.
        np.add.at(result, (np.arange(len(alone))[:, None], index[first.item]), alone)
        rows = len(alone) + np.arange(len(self._one))[:, None]
        for own, other in ((self._one, self._two), (self._two, self._one)):
            change = np.einsum("pql,pq->pl", single[own], self._single[other] * self._weights)
            np.add.at(result, (rows, index[second.item[own]]), change)
        return result[:, :size]


def _spread(values: FloatArray, probability: FloatArray) -> FloatArray:
    """Return the covariances of functions of one answer at each node, shape (functions, functions, nodes)."""
    mean = values @ probability
    together = np.einsum("ac,bc,cq->abq", values, values, probability, optimize=True)
    return np.asarray(together - mean[:, None] * mean[None])
