"""Means, covariances and correlations under skipping, in one pass over the responses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Floats

# A block of this many numbers stays in the processor's cache while it is read several times.
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Moments:
    """
    Pairwise moments of responses: each pair of items uses everyone who answered both.

    Attributes
    ----------
    n_people : int
        People with at least one answer.
    n_complete : int
        People who answered every item.
    counts : ndarray of float, shape (n_items, n_items)
        Number of people behind each covariance; the diagonal holds the answers per item.
    means : ndarray of float, shape (n_items,)
    covariance, correlation : ndarray of float, shape (n_items, n_items)
        With n - 1; nan where fewer than two people answered both items. A correlation uses the spread of exactly the
        people behind it, so it may differ from the ratio of the entries of ``covariance``.
    item_total : ndarray of float, shape (n_items,)
        Correlation of each item with the person mean over the answered items, the item itself included.
    """

    n_people: int
    n_complete: int
    counts: Floats
    means: Floats
    covariance: Floats
    correlation: Floats
    item_total: Floats


@dataclass
class _Sums:
    """Running sums over people; ``shift`` is a constant near the means, subtracted so that no digits cancel."""

    shift: Floats
    people: int
    complete: int
    counts: Floats  # people who answered both
    firsts: Floats  # sum of the row item over people who answered both
    squares: Floats  # sum of its square
    products: Floats
    person_mean: Floats  # (4, n_items): over who answered the item: its count, mean, mean squared, mean times item


def pairwise_moments(responses: Floats) -> Moments:
    """Return the pairwise moments of validated responses (people by items, nan where missing)."""
    sums = _accumulate(responses)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Moments(
            n_people=sums.people,
            n_complete=sums.complete,
            counts=sums.counts,
            means=sums.shift + np.diag(sums.firsts) / np.diag(sums.counts),
            covariance=_covariance(sums),
            correlation=_correlation(sums),
            item_total=_item_total(sums),
        )


def row_blocks(responses: Floats) -> Iterator[Floats]:
    """Yield the rows in blocks small enough for the cache."""
    step = max(1, _BLOCK // responses.shape[1])
    for start in range(0, len(responses), step):
        yield responses[start : start + step]


def _accumulate(responses: Floats) -> _Sums:
    n_items = responses.shape[1]
    square = (n_items, n_items)
    sums = _Sums(
        shift=_shift(responses),
        people=0,
        complete=0,
        counts=np.zeros(square),
        firsts=np.zeros(square),
        squares=np.zeros(square),
        products=np.zeros(square),
        person_mean=np.zeros((4, n_items)),
    )
    ones = np.ones(n_items)
    # Complete rows need one sum and one product only; what follows from those is worked out once at the end.
    total, cross = np.zeros(n_items), np.zeros(square)
    for block in row_blocks(responses):
        centred = block - sums.shift
        incomplete = np.isnan(centred @ ones)
        if incomplete.any():
            _add_incomplete(sums, centred[incomplete])
            centred = centred[~incomplete]
        sums.complete += len(centred)
        total += centred.sum(axis=0)
        cross += centred.T @ centred
    _add_complete(sums, total, cross)
    return sums


def _shift(responses: Floats) -> Floats:
    """Return a number near each item's mean, from the first answers."""
    head = responses[: max(1, _BLOCK // responses.shape[1])]
    answered = ~np.isnan(head)
    sums = np.where(answered, head, 0.0).sum(axis=0)
    return np.asarray(sums / np.maximum(answered.sum(axis=0), 1))


def _add_complete(sums: _Sums, total: Floats, cross: Floats) -> None:
    n, n_items = sums.complete, len(total)
    sums.people += n
    sums.counts += n
    sums.firsts += total[:, None]
    sums.squares += np.diag(cross)[:, None]
    sums.products += cross
    shift = sums.shift.mean()
    total_sum, total_square = total.sum() / n_items, cross.sum() / n_items**2
    sums.person_mean += np.stack(
        [
            np.full(n_items, n),
            np.full(n_items, total_sum + n * shift),
            np.full(n_items, total_square + 2 * shift * total_sum + n * shift**2),
            cross.sum(axis=0) / n_items + shift * total,
        ]
    )


def _add_incomplete(sums: _Sums, centred: Floats) -> None:
    answered = ~np.isnan(centred)
    anyone = answered.any(axis=1)
    if not anyone.all():
        centred, answered = centred[anyone], answered[anyone]
    mask = answered.astype(np.float64)
    values = np.where(answered, centred, 0.0)
    sums.people += len(values)
    sums.counts += mask.T @ mask
    sums.firsts += values.T @ mask
    sums.squares += (values * values).T @ mask
    sums.products += values.T @ values
    mean = (values.sum(axis=1) + mask @ sums.shift) / mask.sum(axis=1)
    sums.person_mean += np.stack([mask.sum(axis=0), mean @ mask, (mean * mean) @ mask, mean @ values])


def _covariance(sums: _Sums) -> Floats:
    counts = np.where(sums.counts >= 2, sums.counts, np.nan)
    return np.asarray((sums.products - sums.firsts * sums.firsts.T / counts) / (counts - 1))


def _correlation(sums: _Sums) -> Floats:
    counts = np.where(sums.counts >= 2, sums.counts, np.nan)
    squares = np.maximum(sums.squares - sums.firsts**2 / counts, 0.0)
    products = sums.products - sums.firsts * sums.firsts.T / counts
    spread = np.sqrt(squares * squares.T)
    # Rounding leaves a trace of spread in a constant item.
    tiny = 1e-12 * np.sqrt(np.maximum(sums.squares * sums.squares.T, np.finfo(float).tiny))
    correlation = np.where(spread > tiny, products / spread, np.nan)
    return np.asarray(np.clip(correlation, -1.0, 1.0))


def _item_total(sums: _Sums) -> Floats:
    counts, means, squares, products = sums.person_mean
    item, item_square = np.diag(sums.firsts), np.diag(sums.squares)
    spread = np.sqrt((item_square - item**2 / counts) * np.maximum(squares - means**2 / counts, 0.0))
    return np.asarray(np.where(spread > 0, (products - item * means / counts) / spread, np.nan))
