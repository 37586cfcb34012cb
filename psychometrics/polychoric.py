"""Polychoric and tetrachoric correlations: the correlations of the normal variables behind ordered answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from psychometrics._bivariate_normal import bivariate_normal_density
from psychometrics._codes import as_codes
from psychometrics._covariance_matrix import nearest_semidefinite
from psychometrics._polychoric_search import LARGEST, cells, climb, probabilities
from psychometrics._validation import Floats, Integers, as_choice, as_responses

_MOST_CATEGORIES = 20
_BLOCK = 1 << 14
# Below this the probability of a cell, a difference of distribution functions, is rounding.
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Polychoric:
    """
    Polychoric correlations of all pairs of items.

    Attributes
    ----------
    correlation : ndarray of float, shape (n_items, n_items)
    standard_errors : ndarray of float, shape (n_items, n_items)
        Of the two-step estimates, thresholds included, whatever the fit of the normal model; 0 on the diagonal, nan
        for a correlation at the edge.
    thresholds : tuple of ndarray of float
        Per item, ascending, between the categories that were used.
    counts : ndarray of int, shape (n_items, n_items)
        People behind each correlation.
    n : int
        People with at least one answer.
    at_edge : ndarray of bool, shape (n_items, n_items)
        Pairs whose likelihood rises up to a correlation of 1 or -1 (an empty cell may do that); they were stopped
        at 0.9999.
    missing : str
        "none", "pairwise" or "listwise".
    notes : tuple of str
        "at_edge"; "smoothed" where the correlations did not fit together and were brought to the nearest that do.
    """

    correlation: Floats
    standard_errors: Floats
    thresholds: tuple[Floats, ...]
    counts: Integers
    n: int
    at_edge: NDArray[np.bool_]
    missing: str
    notes: tuple[str, ...]


def polychoric_correlations(
    responses: ArrayLike, *, missing: str = "pairwise", zero_cell: float = 0.0, smooth: bool = False
) -> Polychoric:
    """
    Estimate all polychoric correlations by two-step maximum likelihood.

    Parameters
    ----------
    responses : array_like of int, shape (n_people, n_items)
        Whole-number codes, nan where missing; two categories give tetrachoric correlations.
    missing : {"pairwise", "listwise"}
        Thresholds from everyone who answered the item and correlations from everyone who answered both; or only
        people without gaps.
    zero_cell : float
        Added to cells that nobody is in, between categories that were used; 0.5 is customary for 2 x 2 tables.
    smooth : bool
        Bring correlations that do not fit together to the nearest positive semi-definite matrix, and say so.

    Returns
    -------
    Polychoric

    Raises
    ------
    ValueError
        For codes that are no whole numbers, more than 20 categories, an item without variance, a pair that nobody
        answered both of, or a negative ``zero_cell``.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460. Joereskog (1994), Psychometrika 59, 381-389 (standard errors).
    """
    as_choice(missing, ("pairwise", "listwise"), "missing")
    if not zero_cell >= 0.0:
        raise ValueError(f"zero_cell must be 0 or more; got {zero_cell}")
    matrix = as_responses(responses, min_items=2)
    gaps = bool(np.isnan(matrix).any())
    if missing == "listwise" and gaps:
        matrix = as_responses(matrix[~np.isnan(matrix).any(axis=1)], min_items=2)
    tables = CategoryTables.of(matrix)
    first, second = np.triu_indices(tables.n_items, 1)
    fit = _fit(tables, first, second, zero_cell)
    correlation, errors, edge = np.eye(tables.n_items), np.zeros((tables.n_items,) * 2), np.zeros((tables.n_items,) * 2)
    for target, values in ((correlation, fit.rho), (errors, fit.standard_errors), (edge, fit.at_edge)):
        target[first, second] = target[second, first] = values
    notes = ("at_edge",) if fit.at_edge.any() else ()
    smoothed = nearest_semidefinite(correlation) if smooth else None
    return Polychoric(
        correlation=correlation if smoothed is None else smoothed,
        standard_errors=errors,
        thresholds=tuple(row[np.isfinite(row)] for row in tables.used_thresholds()),
        counts=tables.pair_counts(),
        n=int((~np.isnan(matrix)).any(axis=1).sum()),
        at_edge=edge.astype(bool),
        missing=missing if gaps else "none",
        notes=notes if smoothed is None else (*notes, "smoothed"),
    )


@dataclass(frozen=True)
class CategoryTables:
    """Counts of every pair of categories of every pair of items, and the thresholds of each item."""

    joint: Floats  # (n_items, n_codes, n_items, n_codes)
    thresholds: Floats  # (n_items, n_codes - 1), infinite beyond the outermost used category

    @property
    def n_items(self) -> int:
        return len(self.thresholds)

    @classmethod
    def of(cls, matrix: Floats) -> CategoryTables:
        coded = as_codes(matrix)
        n_items, n_codes = coded.n_items, coded.n_codes
        if n_codes > _MOST_CATEGORIES:
            raise ValueError(
                f"responses use codes over a range of {n_codes}; polychoric correlations are for at most 20"
            )
        joint = np.zeros((n_items * n_codes,) * 2)
        for start in range(0, len(matrix), _BLOCK):
            block = coded.codes[start : start + _BLOCK]
            indicator = (block[:, :, None] == np.arange(n_codes)).reshape(len(block), -1).astype(np.float32)
            joint += indicator.T @ indicator
        tables = joint.reshape(n_items, n_codes, n_items, n_codes)
        margins = np.einsum("iaia->ia", tables)
        if ((margins > 0).sum(axis=1) < 2).any():
            raise ValueError(f"item {int(np.argmax((margins > 0).sum(axis=1) < 2))} does not vary")
        cumulated = np.cumsum(margins, axis=1)
        return cls(tables, np.asarray(ndtri(cumulated[:, :-1] / cumulated[:, -1:])))

    def pair_counts(self) -> Integers:
        counts: Integers = self.joint.sum(axis=(1, 3)).astype(np.int64)
        if (counts < 1).any():
            first, second = np.argwhere(counts < 1)[0]
            raise ValueError(f"nobody answered both item {first} and item {second}")
        return counts

    def used_thresholds(self) -> Floats:
        """Return thresholds with those before and after an unused category made one."""
        before = np.pad(self.thresholds, ((0, 0), (1, 0)), constant_values=-np.inf)[:, :-1]
        return np.where(self.thresholds == before, np.nan, self.thresholds)

    def tables(self, first: Integers, second: Integers) -> Floats:
        """Return the counts of the pairs, shape (n_pairs, n_codes, n_codes)."""
        return self.joint[first, :, second, :]


@dataclass(frozen=True)
class _Pairs:
    rho: Floats
    standard_errors: Floats
    at_edge: NDArray[np.bool_]


def _fit(tables: CategoryTables, first: Integers, second: Integers, zero_cell: float) -> _Pairs:
    rho = two_step_correlations(tables, first, second, zero_cell)
    edge = at_edge(rho)
    errors = np.where(edge, np.nan, _two_step_errors(tables, first, second, rho))
    return _Pairs(rho, errors, edge)


def two_step_correlations(tables: CategoryTables, first: Integers, second: Integers, zero_cell: float = 0.0) -> Floats:
    """Return the correlations of the pairs given the thresholds, at most 0.9999 in size."""
    tables.pair_counts()
    counts = tables.tables(first, second)
    h, k = tables.thresholds[first][:, :, None], tables.thresholds[second][:, None, :]
    used = (counts.sum(axis=2) > 0)[:, :, None] & (counts.sum(axis=1) > 0)[:, None, :]
    filled = np.where(used & (counts == 0), zero_cell, counts)
    return climb(filled, h, k, _start(filled))


def at_edge(rho: Floats) -> NDArray[np.bool_]:
    """Return which correlations were stopped short of 1 or -1."""
    return np.abs(rho) >= LARGEST


def _start(counts: Floats) -> Floats:
    """Return the correlation of the codes, a little further out."""
    code = np.arange(counts.shape[1], dtype=np.float64)
    n = counts.sum(axis=(1, 2))
    row, column = counts.sum(axis=2), counts.sum(axis=1)
    mean_row, mean_column = row @ code / n, column @ code / n
    product = np.einsum("pab,a,b->p", counts, code, code) / n - mean_row * mean_column
    spread = np.sqrt((row @ code**2 / n - mean_row**2) * (column @ code**2 / n - mean_column**2))
    return np.asarray(np.clip(1.15 * product / np.maximum(spread, 1e-12), -0.9, 0.9))


@dataclass(frozen=True)
class PairInfluence:
    """
    What each answer adds to the estimation error of a correlation, so that errors follow from counts alone.

    A person who answered both items with codes a and b adds ``both[a, b] + first[a] + second[b]``; who answered one
    item only adds ``first[a]`` or ``second[b]``. Arrays lead with the pair.
    """

    both: Floats
    first: Floats
    second: Floats


def pair_influence(tables: CategoryTables, first: Integers, second: Integers, rho: Floats) -> PairInfluence:
    """Return the influence of answers on two-step estimates: their own score, and the thresholds' errors."""
    counts = tables.tables(first, second)
    h, k, at = tables.thresholds[first][:, :, None], tables.thresholds[second][:, None, :], rho[:, None, None]
    cell = np.maximum(probabilities(h, k, at), _ROUNDING)
    score = np.where(counts > 0, cells(bivariate_normal_density(h, k, at)) / cell, 0.0)
    information = (counts * score**2).sum(axis=(1, 2))[:, None]
    weighted = counts * score / cell
    by_first = _threshold_slope(weighted, h, k, at)
    by_second = _threshold_slope(weighted.transpose(0, 2, 1), k.transpose(0, 2, 1), h.transpose(0, 2, 1), at)
    shares = np.einsum("iaia->ia", tables.joint)
    return PairInfluence(
        score / information[:, :, None],
        _through_thresholds(by_first, shares[first]) / information,
        _through_thresholds(by_second, shares[second]) / information,
    )


def _threshold_slope(weighted: Floats, h: Floats, k: Floats, rho: Floats) -> Floats:
    """Return how the score changes with each row threshold, over the normal density there."""
    h, k = np.clip(h, -40.0, 40.0), np.clip(k, -40.0, 40.0)
    conditional = ndtr((k - rho * h) / np.sqrt(1.0 - rho**2))
    strip = np.diff(np.pad(conditional, ((0, 0), (0, 0), (1, 1)), constant_values=((0, 0), (0, 0), (0, 1))), axis=2)
    return np.asarray(-((weighted[:, :-1] - weighted[:, 1:]) * strip).sum(axis=2))


def _through_thresholds(slope: Floats, counts: Floats) -> Floats:
    """Return what an answer in each category adds through the thresholds of its item, (pairs, codes)."""
    n = counts.sum(axis=1, keepdims=True)
    below = (np.cumsum(counts, axis=1) / n)[:, :-1]
    codes = np.arange(counts.shape[1])
    indicator = (codes[:, None] <= codes[None, :-1])[None, :, :] - below[:, None, :]
    return np.asarray(np.einsum("pct,pt->pc", indicator, slope) / n)


def _two_step_errors(tables: CategoryTables, first: Integers, second: Integers, rho: Floats) -> Floats:
    counts, added = tables.tables(first, second), pair_influence(tables, first, second, rho)
    together = added.both + added.first[:, :, None] + added.second[:, None, :]
    margins = np.einsum("iaia->ia", tables.joint)
    only_first, only_second = margins[first] - counts.sum(axis=2), margins[second] - counts.sum(axis=1)
    variance = (counts * together**2).sum(axis=(1, 2))
    variance += (only_first * added.first**2).sum(axis=1) + (only_second * added.second**2).sum(axis=1)
    return np.asarray(np.sqrt(variance))
