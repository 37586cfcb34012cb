"""Covariance of the estimates: observed information (Louis 1982), or cross-products where that would be slow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psychometrics._codes import FloatArray, IntArray
from psychometrics.irt._em import posterior, prior
from psychometrics.irt._parameters import Layout, State
from psychometrics.irt._patterns import GroupPatterns

_BLOCK = 1024
# Root of the share of a posterior at a node below which a person adds nothing that shows in a standard error.
_NEGLIGIBLE = 1e-6


def information(
    state: State,
    layout: Layout,
    patterns: Sequence[GroupPatterns],
    nodes: FloatArray,
    n_codes: IntArray,
    *,
    kind: str,
) -> FloatArray:
    """Return the information matrix of all free parameters.

    ``observed`` is Louis' identity: expected complete-data information less the variance of the complete-data score
    given the answers, which equals the matrix of Oakes (1999). ``cross_product`` sums the outer products of people's
    scores; both agree in large samples when the model holds.
    """
    size = layout.n_parameters
    total = np.zeros((size, size))
    for g, pattern in enumerate(patterns):
        scores = _CellScores(state, layout, nodes, n_codes, g)
        log_curves = layout.family.log_curves(state.beta[g], nodes, n_codes)
        share, _ = posterior(pattern.one_hot, log_curves, scores.weights)
        for start in range(0, len(share), _BLOCK):
            block = slice(start, start + _BLOCK)
            persons = scores.of_persons(pattern.codes[block], share[block])
            total += persons.T @ (pattern.weights[block, None] * persons)
        if kind == "observed":
            weighted = share * pattern.weights[:, None]
            total += _expected_information(
                state, layout, nodes, n_codes, g, pattern.one_hot.T.astype(np.float64) @ weighted
            )
            total += scores.prior_information(weighted.sum(axis=0))
            total -= scores.squared(pattern, weighted)
    return total


class _CellScores:
    """Complete-data scores of one group: one per answer cell (item, code) and node, one of the prior per node."""

    def __init__(self, state: State, layout: Layout, nodes: FloatArray, n_codes: IntArray, group: int) -> None:
        index = layout.vector_index[group]
        width = index.shape[1]
        used = np.arange(width) < n_codes[:, None]
        self._size, self._nodes = layout.n_parameters, nodes
        local = layout.family.score_vectors(state.beta[group], nodes)[used]
        item = np.repeat(np.arange(len(n_codes)), n_codes)
        self._cell = np.zeros((len(item), len(nodes), self._size))
        for column in range(width):
            target = index[item, column]
            free = np.flatnonzero(target >= 0)
            self._cell[free, :, target[free]] += local[free, :, column]
        self._start = np.concatenate([[0], np.cumsum(n_codes)])
        self._columns = [np.unique(row[row >= 0]) for row in index]
        mean, sd = float(state.means[group]), float(state.sds[group])
        self.weights = prior(nodes, mean, sd)
        self._prior = np.zeros((len(nodes), self._size))
        self._second = np.zeros((self._size, self._size, len(nodes)))
        self._add_prior(layout, group, mean, sd)

    def _add_prior(self, layout: Layout, group: int, mean: float, sd: float) -> None:
        """Scores of mean and log sd; on a grid the normalising constant depends on them too."""
        z = (self._nodes - mean) / sd
        n_means = int(layout.free_mean.sum())
        tail = self._size - n_means - int(layout.free_sd.sum())
        at_mean = tail + int(layout.free_mean[:group].sum())
        at_sd = tail + n_means + int(layout.free_sd[:group].sum())
        first, second = z / sd, z**2
        centred = {at_mean: first} if layout.free_mean[group] else {}
        if layout.free_sd[group]:
            centred[at_sd] = second
        for place, values in centred.items():
            self._prior[:, place] = values - self.weights @ values
        # Exponential family in (mean, log sd): minus the second derivative is the prior's own covariance of these
        # scores, plus terms that vanish with the score's expectation and are kept for exactness.
        if layout.free_mean[group]:
            self._second[at_mean, at_mean] = self._variance(first, first)
        if layout.free_sd[group]:
            self._second[at_sd, at_sd] = self._variance(second, second) + 2 * (second - self.weights @ second)
        if layout.free_mean[group] and layout.free_sd[group]:
            cross = self._variance(first, second) + 2 * (first - self.weights @ first)
            self._second[at_mean, at_sd] = self._second[at_sd, at_mean] = cross

    def _variance(self, a: FloatArray, b: FloatArray) -> FloatArray:
        moment = self.weights @ (a * b) - (self.weights @ a) * (self.weights @ b)
        return np.full(len(self._nodes), moment)

    def prior_information(self, mass: FloatArray) -> FloatArray:
        return self._second @ mass

    def of_persons(self, codes: IntArray, share: FloatArray) -> FloatArray:
        """Return each pattern's expected score, the gradient of its marginal log-likelihood."""
        persons = share @ self._prior
        for item, columns in enumerate(self._columns):
            own = self._cell[self._start[item] : self._start[item + 1]][:, :, columns]
            expected = share @ own.transpose(1, 0, 2).reshape(len(self._nodes), -1)
            expected = expected.reshape(len(share), -1, len(columns))
            given = expected[np.arange(len(share)), codes[:, item]]
            persons[:, columns] += np.where(codes[:, item, None] >= 0, given, 0.0)
        return persons

    def squared(self, pattern: GroupPatterns, weighted: FloatArray) -> FloatArray:
        """Return the sum over people of the expected outer product of the complete-data score."""
        total = np.zeros((self._size, self._size))
        # Patterns are sorted by score: those that matter at a node stand together, and the others are left out.
        root = np.sqrt(weighted)
        for q in range(len(self._nodes)):
            active = np.flatnonzero(root[:, q] > _NEGLIGIBLE)
            if len(active) == 0:
                continue
            near = slice(int(active[0]), int(active[-1]) + 1)
            rooted = pattern.one_hot[near] * root[near, q, None]
            together = rooted.T @ rooted
            cell, own, mass = self._cell[:, q], self._prior[q], root[near, q] @ root[near, q]
            alone = np.outer(np.diag(together) @ cell, own)
            total += cell.T @ together @ cell + alone + alone.T + mass * np.outer(own, own)
        return total


def _expected_information(
    state: State, layout: Layout, nodes: FloatArray, n_codes: IntArray, group: int, counts: FloatArray
) -> FloatArray:
    """Return the expected complete-data information of the item parameters of one group."""
    index = layout.vector_index[group]
    width = index.shape[1]
    expected = np.zeros((len(n_codes), width, len(nodes)))
    expected[np.arange(width) < n_codes[:, None]] = counts
    local = layout.family.observed_information(state.beta[group], nodes, expected)
    total = np.zeros((layout.n_parameters,) * 2)
    for item in range(len(n_codes)):
        free = index[item] >= 0
        at = index[item][free]
        np.add.at(total, (at[:, None], at[None, :]), local[item][np.ix_(free, free)])
    return total
