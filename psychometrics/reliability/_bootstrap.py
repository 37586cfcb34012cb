"""Coefficient alpha of resampled people, many resamples at once."""

from __future__ import annotations

import numpy as np

from psychometrics._moments import Moments
from psychometrics._validation import Floats

# Resampled counts held in memory at a time (people times resamples).
_CHUNK = 1 << 22


def resampled_alphas(responses: Floats, moments: Moments, n_resamples: int, rng: np.random.Generator) -> Floats:
    """
    Return alpha for resamples of people with replacement; each pair of items uses who answered both.

    A resample enters through how often each person was drawn, so that all sums are one matrix product.
    """
    responses = responses[~np.isnan(responses).all(axis=1)]
    n, n_items = responses.shape
    centred = responses - moments.means
    without_gaps = moments.n_complete == moments.n_people
    features = _total_features(centred) if without_gaps else _pair_features(centred)
    alphas = []
    for start in range(0, n_resamples, max(1, _CHUNK // n)):
        size = min(max(1, _CHUNK // n), n_resamples - start)
        sums = _times_drawn(n, size, rng) @ features
        variances, total = _from_totals(sums, n) if without_gaps else _from_pairs(sums, n_items)
        with np.errstate(invalid="ignore", divide="ignore"):
            alphas.append(n_items / (n_items - 1) * (1.0 - variances / total))
    return np.concatenate(alphas)


def _times_drawn(n: int, size: int, rng: np.random.Generator) -> Floats:
    drawn = rng.integers(0, n, size=(size, n), dtype=np.int32)
    drawn += (np.arange(size, dtype=np.int32) * n)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def _total_features(centred: Floats) -> Floats:
    """Without gaps alpha needs the item sums, the sum of all squares and the square of the total, no more."""
    total = centred.sum(axis=1)
    return np.column_stack([centred, (centred**2).sum(axis=1), total**2])


def _from_totals(sums: Floats, n: int) -> tuple[Floats, Floats]:
    items, squares, total_square = sums[:, :-2], sums[:, -2], sums[:, -1]
    variances = squares - (items**2).sum(axis=1) / n
    return variances, total_square - items.sum(axis=1) ** 2 / n


def _pair_features(centred: Floats) -> Floats:
    """For every ordered pair of items: answered both, the first answer, the product."""
    mask = (~np.isnan(centred)).astype(np.float64)
    values = np.where(mask > 0, centred, 0.0)
    n, k = values.shape
    pairs = (mask, mask), (values, mask), (values, values)
    return np.concatenate([(a[:, :, None] * b[:, None, :]).reshape(n, k * k) for a, b in pairs], axis=1)


def _from_pairs(sums: Floats, k: int) -> tuple[Floats, Floats]:
    counts, firsts, products = sums.reshape(-1, 3, k, k).transpose(1, 0, 2, 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (products - firsts * firsts.transpose(0, 2, 1) / counts) / (counts - 1.0)
    return np.einsum("rii->r", covariance), covariance.sum(axis=(1, 2))
