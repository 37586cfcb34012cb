"""Statistics of single items: how they are answered, skipped, and how they go with the rest of their scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._moments import pairwise_moments, row_blocks
from psychometrics._validation import Booleans, Floats, Integers, as_keys, as_responses


@dataclass(frozen=True)
class ItemStatistics:
    """
    One entry per item, in the order of the columns; everything in the scored direction.

    Attributes
    ----------
    n : ndarray of int
        People who answered the item.
    n_people : int
        People with at least one answer to any of the items; the base of ``missing_rate``.
    missing_rate : ndarray of float
        Share of ``n_people`` who did not answer the item, 0 to 1.
    mean, standard_deviation : ndarray of float
        In units of the response codes; the standard deviation with n - 1.
    item_total_correlation : ndarray of float
        With the person mean over the answered items, the item itself included; too high for short scales.
    item_rest_correlation : ndarray of float
        With the sum of the other items, from pairwise covariances.
    item_total_correlation_corrected : ndarray of float
        With the total, the item's own part replaced by what the others predict of it (squared multiple correlation),
        and corrected for unreliability. nan where the correlations have no inverse.
    floor_rate, ceiling_rate : ndarray of float
        Share of the answers at the lowest and at the highest score.
    alpha_if_deleted : ndarray of float
        Coefficient alpha of the other items; nan with fewer than three items.
    minimum, maximum : ndarray of float
        The lowest and highest possible score, as given, else the extremes observed over all items.
    """

    n: Integers
    n_people: int
    missing_rate: Floats
    mean: Floats
    standard_deviation: Floats
    item_total_correlation: Floats
    item_rest_correlation: Floats
    item_total_correlation_corrected: Floats
    floor_rate: Floats
    ceiling_rate: Floats
    alpha_if_deleted: Floats
    minimum: Floats
    maximum: Floats


def item_statistics(
    responses: ArrayLike,
    *,
    keys: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> ItemStatistics:
    """
    Return the classical statistics of each item.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing. Every pair of items uses everyone who answered both; nothing is filled in.
    keys : array_like of {-1, 1}, shape (n_items,), optional
        An item with -1 is scored ``minimum + maximum - answer`` first.
    minimum, maximum : float or array_like, shape (n_items,), optional
        The response scale; the extremes observed over all items if not given.

    Returns
    -------
    ItemStatistics

    Raises
    ------
    ValueError
        For unusable responses or keys, or an answer outside the response scale.

    Notes
    -----
    Corrected correlations: Cureton (1966), Psychometrika 31, 93-96; alpha: Cronbach (1951), Psychometrika 16, 297-334.
    Statistics of items without spread or with fewer than two answers are nan.
    """
    matrix = as_responses(responses)
    directions = as_keys(keys, matrix.shape[1])
    low, high = _response_scale(matrix, minimum, maximum)
    if (directions < 0).any():
        matrix = np.where(directions > 0, matrix, low + high - matrix)
    moments = pairwise_moments(matrix)
    answered = np.diag(moments.counts)
    floor, ceiling = _at_extremes(matrix, low, high)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ItemStatistics(
            n=answered.astype(np.int64),
            n_people=moments.n_people,
            missing_rate=1.0 - answered / moments.n_people,
            mean=moments.means,
            standard_deviation=np.sqrt(np.diag(moments.covariance)),
            item_total_correlation=moments.item_total,
            item_rest_correlation=_among(answered > 0, moments.covariance, _item_rest),
            item_total_correlation_corrected=_among(
                np.diag(moments.covariance) > 0, moments.correlation, _item_total_corrected
            ),
            floor_rate=floor / answered,
            ceiling_rate=ceiling / answered,
            alpha_if_deleted=_among(answered > 0, moments.covariance, _alpha_if_deleted),
            minimum=low,
            maximum=high,
        )


def _response_scale(matrix: Floats, minimum: ArrayLike | None, maximum: ArrayLike | None) -> tuple[Floats, Floats]:
    lowest, highest = np.fmin.reduce(matrix, axis=0), np.fmax.reduce(matrix, axis=0)
    items = matrix.shape[1]
    low = _bound(np.fmin.reduce(lowest) if minimum is None else minimum, items, "minimum")
    high = _bound(np.fmax.reduce(highest) if maximum is None else maximum, items, "maximum")
    outside = (lowest < low) | (highest > high)
    if outside.any():
        item = int(np.argmax(outside))
        raise ValueError(
            f"item {item} holds answers from {lowest[item]:g} to {highest[item]:g}, "
            f"outside its response scale from {low[item]:g} to {high[item]:g}"
        )
    return low, high


def _bound(value: ArrayLike, n_items: int, name: str) -> Floats:
    bound = np.asarray(value, dtype=np.float64)
    if bound.shape not in {(), (n_items,)} or not np.isfinite(bound).all():
        raise ValueError(f"{name} must be one number or one for each of the {n_items} items")
    return np.broadcast_to(bound, (n_items,)).copy()


def _at_extremes(matrix: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    floor, ceiling = np.zeros(len(low)), np.zeros(len(low))
    for block in row_blocks(matrix):
        floor += np.count_nonzero(block == low, axis=0)
        ceiling += np.count_nonzero(block == high, axis=0)
    return floor, ceiling


def _among(usable: Booleans, matrix: Floats, statistic: Callable[[Floats], Floats]) -> Floats:
    """Apply a statistic to the usable items, as if the others were not there; nan for those."""
    result = np.full(len(matrix), np.nan)
    if usable.any():
        result[usable] = statistic(matrix[np.ix_(usable, usable)])
    return result


def _item_rest(covariance: Floats) -> Floats:
    variance = np.diag(covariance)
    with_all = covariance.sum(axis=0)
    rest_variance = covariance.sum() - 2 * with_all + variance
    spread = np.sqrt(np.where(variance * rest_variance > 0, variance * rest_variance, np.nan))
    return np.asarray((with_all - variance) / spread)


def _alpha_if_deleted(covariance: Floats) -> Floats:
    k = len(covariance) - 1
    if k < 2:
        return np.full(len(covariance), np.nan)
    variance = np.diag(covariance)
    total = covariance.sum() - 2 * covariance.sum(axis=0) + variance
    return np.asarray(k / (k - 1) * (1 - (variance.sum() - variance) / np.where(total > 0, total, np.nan)))


def _item_total_corrected(correlation: Floats) -> Floats:
    if np.isnan(correlation).any() or np.linalg.matrix_rank(correlation) < len(correlation):
        return np.full(len(correlation), np.nan)
    unexplained = 1.0 / np.diag(np.linalg.inv(correlation))
    shared = correlation - np.diag(unexplained)
    return np.asarray(shared.sum(axis=0) / np.sqrt(shared.sum()))
