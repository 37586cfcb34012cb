"""
Thresholds and polychoric correlations of one group, with the sampling covariance of all of them.

Two-step estimates as in Muthen (1984), Psychometrika 49, 115-132: thresholds from each item alone, each correlation
from its table given them. What a person adds to the error of an estimate depends on the cell of that table alone, so
people with the same answers count once, and answers become errors by looking up, not by computing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from psychometrics._validation import Booleans, Floats, Integers
from psychometrics.irt._patterns import count_patterns
from psychometrics.polychoric import CategoryTables, at_edge, pair_influence, two_step_correlations

_BLOCK_BYTES = 1 << 23


@dataclass(frozen=True)
class OrdinalMoments:
    """
    Statistics of one group: thresholds item by item, ascending, then correlations of the lower triangle by row.

    Attributes
    ----------
    thresholds : ndarray of float, shape (n_items, n_codes - 1)
        nan where an item has fewer categories.
    correlation : ndarray of float, shape (n_items, n_items)
    covariance : ndarray of float, shape (n_statistics, n_statistics)
        Sampling covariance of the two-step estimates, whether or not the answers come from a normal distribution.
    n : int
        People with at least one answer.
    corrected : int
        Pairs of two-category items with an empty cell, into which half a person was moved.
    """

    thresholds: Floats
    correlation: Floats
    covariance: Floats
    n: int
    corrected: int

    @cached_property
    def used(self) -> Booleans:
        """Which thresholds there are, shape (n_items, n_codes - 1)."""
        return ~np.isnan(self.thresholds)

    @cached_property
    def statistics(self) -> Floats:
        """The vector that the covariance belongs to."""
        below = np.tril_indices(len(self.correlation), -1)
        return np.concatenate([self.thresholds[self.used], self.correlation[below]])


def ordinal_moments(codes: Integers, n_codes: Integers) -> OrdinalMoments:
    """
    Return the statistics of one group.

    Parameters
    ----------
    codes : ndarray of int, shape (n_people, n_items)
        From 0 to ``n_codes - 1``, each of them used; -1 where missing. A pair counts the people who answered both.
    n_codes : ndarray of int, shape (n_items,)

    Raises
    ------
    ValueError
        For a pair that nobody answered both of, or whose correlation runs up to 1 or -1.
    """
    answered = codes[(codes >= 0).any(axis=1)]
    tables, corrected = _filled(CategoryTables.of(np.where(answered < 0, np.nan, answered)), n_codes)
    first, second = np.tril_indices(len(n_codes), -1)
    rho = two_step_correlations(tables, first, second)
    if at_edge(rho).any():
        pair = int(np.argmax(at_edge(rho)))
        raise ValueError(
            f"the polychoric correlation of items {second[pair]} and {first[pair]} runs up to {np.sign(rho[pair]):.0f}:"
            " too few people for their categories; merge rare categories or leave one of the two out"
        )
    correlation = np.eye(len(n_codes))
    correlation[first, second] = correlation[second, first] = rho
    steps = np.arange(tables.thresholds.shape[1])
    thresholds = np.where(steps < n_codes[:, None] - 1, tables.thresholds, np.nan)
    lookup = _lookup(tables, n_codes, first, second, rho)
    return OrdinalMoments(thresholds, correlation, _covariance(answered, n_codes, lookup), len(answered), corrected)


def _filled(tables: CategoryTables, n_codes: Integers) -> tuple[CategoryTables, int]:
    """
    Move half a person into the empty cells of 2 x 2 tables, margins kept, and say into how many tables.

    Without it the correlation would run up to 1 or -1 (Brown & Benedetti, 1977, Psychometrika 42, 347-355).
    """
    binary = (n_codes == 2)[:, None] & (n_codes == 2) & ~np.eye(len(n_codes), dtype=bool)
    counts = tables.joint.transpose(0, 2, 1, 3)
    upper, lower = counts[:, :, [0, 1], [0, 1]].min(axis=2) == 0, counts[:, :, [0, 1], [1, 0]].min(axis=2) == 0
    sign = np.where(binary, upper.astype(float) - lower.astype(float), 0.0)
    if not sign.any():
        return tables, 0
    joint = tables.joint.copy()
    joint[:, :2, :, :2] += 0.5 * sign[:, None, :, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])[None, :, None, :]
    return replace(tables, joint=joint), int(np.count_nonzero(sign) // 2)


@dataclass(frozen=True)
class _Lookup:
    """
    What an answer adds to the error of each statistic.

    ``single`` (n_codes + 1 per item, thresholds): rows by item and code, the code -1 last; ``pairs`` (pairs,
    (n_codes + 1) ** 2): by the codes of both items.
    """

    single: list[Floats]
    pairs: Floats
    width: int


def _lookup(tables: CategoryTables, n_codes: Integers, first: Integers, second: Integers, rho: Floats) -> _Lookup:
    added = pair_influence(tables, first, second, rho)
    together = added.both + added.first[:, :, None] + added.second[:, None, :]
    width = together.shape[1] + 1
    pairs = np.zeros((len(rho), width, width))
    pairs[:, :-1, :-1] = together
    pairs[:, :-1, -1], pairs[:, -1, :-1] = added.first, added.second
    counts = np.einsum("iaia->ia", tables.joint)
    single = [_threshold_influence(tables, counts, item, int(n)) for item, n in enumerate(n_codes)]
    return _Lookup(single, pairs.reshape(len(rho), -1), width)


def _threshold_influence(tables: CategoryTables, counts: Floats, item: int, n_codes: int) -> Floats:
    """Return what an answer with each code (missing last) adds to the errors of an item's thresholds."""
    thresholds, n = tables.thresholds[item, : n_codes - 1], counts[item].sum()
    below = (np.cumsum(counts[item]) / n)[: n_codes - 1]
    indicator = np.arange(n_codes)[:, None] <= np.arange(n_codes - 1)[None, :]
    density = np.exp(-0.5 * thresholds**2) / np.sqrt(2.0 * np.pi)
    return np.vstack([(indicator - below) / (n * density), np.zeros((1, n_codes - 1))])


def _covariance(codes: Integers, n_codes: Integers, lookup: _Lookup) -> Floats:
    """Sum the products of what people add, over distinct answers, a bounded number at a time."""
    patterns = count_patterns(codes, n_codes)
    n_statistics = int((n_codes - 1).sum()) + len(lookup.pairs)
    total = np.zeros((n_statistics, n_statistics))
    root = np.sqrt(patterns.weights)
    for rows in _blocks(len(root), n_statistics):
        added = _added(patterns.codes[rows], lookup) * root[rows, None]
        total += added.T @ added
    return total


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // (8 * n_columns))
    return (slice(start, start + size) for start in range(0, n_rows, size))


def _added(codes: Integers, lookup: _Lookup) -> Floats:
    """Return what each person adds to the error of each statistic, shape (n_people, n_statistics)."""
    first, second = np.tril_indices(codes.shape[1], -1)
    coded = np.where(codes < 0, lookup.width - 1, codes)
    cell = coded[:, first] * lookup.width + coded[:, second] + np.arange(len(first)) * lookup.width**2
    # A missing answer has code -1, which reads the last row.
    single = [table[codes[:, item]] for item, table in enumerate(lookup.single)]
    return np.hstack([*single, lookup.pairs.ravel().take(cell)])
