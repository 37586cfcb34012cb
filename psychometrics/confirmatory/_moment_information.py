"""
Curvature of the normal log-likelihood by unrestricted means and covariances, for many answer patterns at once.

With E the matrix T - n V / 2 of a pattern (n V / 2 for what is expected), the curvature along two covariances is the
sum over patterns of tr(E dS1 V dS2), which needs the products E_ij V_kl alone: one matrix product for all patterns,
however many elements a model moves.
"""

from __future__ import annotations

import numpy as np

from psychometrics._validation import Floats, Integers


class MomentCurvature:
    """
    Sums over patterns, and the curvature they make.

    Moments are the covariances of the lower triangle, row by row as ``numpy.tril_indices`` gives it, then the means.
    """

    def __init__(self, n_items: int) -> None:
        self._rows, self._columns = np.tril_indices(n_items)
        n_pairs = len(self._rows)
        self._pairs = np.zeros((n_pairs, n_pairs))
        self._crossed = np.zeros((n_items, n_pairs))
        self._means = np.zeros((n_items, n_items))

    def add(self, excess: Floats, inverse: Floats, sums: Floats, people: Floats) -> None:
        """Add patterns: E, V (each pattern by items by items), the sums of u (zero for what is expected), and n."""
        flat = inverse[:, self._rows, self._columns]
        self._pairs += excess[:, self._rows, self._columns].T @ flat
        self._crossed += sums.T @ flat
        self._means += np.tensordot(people, inverse, axes=1)

    def curvature(self) -> Floats:
        """Return minus the second derivatives by all moments."""
        rows, columns = self._rows, self._columns
        n_pairs, n_items = len(rows), len(self._means)
        place = _places(n_items)
        half = np.where(rows == columns, 0.5, 1.0)
        # Entry (E at one pair of items, V at another), each pair one of the first and one of the second moment.
        by_rows, by_columns = place[np.ix_(rows, rows)], place[np.ix_(columns, columns)]
        crossed = place[np.ix_(rows, columns)]
        pairs = self._pairs[crossed, crossed.T] + self._pairs[by_rows, by_columns]
        pairs += self._pairs[by_columns, by_rows] + self._pairs[crossed.T, crossed]
        item = np.arange(n_items)
        shift = self._crossed[rows[:, None], place[np.ix_(columns, item)]]
        shift += self._crossed[columns[:, None], place[np.ix_(rows, item)]]
        whole = np.empty((n_pairs + n_items,) * 2)
        whole[:n_pairs, :n_pairs] = pairs * np.outer(half, half)
        whole[:n_pairs, n_pairs:] = shift * half[:, None]
        whole[n_pairs:, :n_pairs] = whole[:n_pairs, n_pairs:].T
        whole[n_pairs:, n_pairs:] = self._means
        return whole


def _places(n_items: int) -> Integers:
    """Return where each pair of items, in any order, stands in the lower triangle."""
    place = np.zeros((n_items, n_items), dtype=np.int64)
    rows, columns = np.tril_indices(n_items)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    return place
