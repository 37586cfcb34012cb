"""Coefficient alpha of resampled people, many resamples at once."""

from __future__ import annotations

from functools import partial

import numpy as np

from psychometrics._moments import Moments
from psychometrics._validation import Floats
from psychometrics.engines import map_tasks

# Resampled counts held in memory at a time (people times resamples): the part that one task computes.
_CHUNK = 1 << 20


def resampled_alphas(
    responses: Floats, moments: Moments, n_resamples: int, rng: np.random.Generator, engine: str | int = "serial"
) -> Floats:
    """
    Return alpha for resamples of people with replacement; each pair of items uses who answered both.

    A resample enters through how often each person was drawn, so that all sums are one matrix product. Resamples are
    computed on an engine of `map_tasks`, in parts whose size depends on the number of people alone.
    """
    responses = responses[~np.isnan(responses).all(axis=1)]
    centred = responses - moments.means
    without_gaps = moments.n_complete == moments.n_people
    features = _total_features(centred) if without_gaps else _pair_features(centred)
    size = max(1, _CHUNK // len(responses))
    sizes = [min(size, n_resamples - start) for start in range(0, n_resamples, size)]
    alphas = partial(_alphas, features, responses.shape[1], without_gaps)
    return np.concatenate(map_tasks(alphas, sizes, engine=engine, seed=rng))


def _alphas(features: Floats, n_items: int, without_gaps: bool, size: int, rng: np.random.Generator) -> Floats:
    n = len(features)
    sums = _times_drawn(n, size, rng) @ features
    variances, total = _from_totals(sums, n) if without_gaps else _from_pairs(sums, n_items)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(n_items / (n_items - 1) * (1.0 - variances / total))


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
    """For every pair of items: answered both, the product; for every ordered pair of items: the first answer."""
    mask = (~np.isnan(centred)).astype(np.float64)
    values = np.where(mask > 0, centred, 0.0)
    n, k = values.shape
    i, j = np.triu_indices(k)
    firsts = (values[:, :, None] * mask[:, None, :]).reshape(n, k * k)
    return np.concatenate([mask[:, i] * mask[:, j], values[:, i] * values[:, j], firsts], axis=1)


def _from_pairs(sums: Floats, k: int) -> tuple[Floats, Floats]:
    i, j = np.triu_indices(k)
    counts, products, firsts = np.split(sums, [len(i), 2 * len(i)], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (products - firsts[:, i * k + j] * firsts[:, j * k + i] / counts) / (counts - 1.0)
    variances = covariance[:, i == j].sum(axis=1)
    return variances, 2.0 * covariance.sum(axis=1) - variances
