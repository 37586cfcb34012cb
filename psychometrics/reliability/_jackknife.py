"""Coefficient alpha with each person left out in turn, for all persons at once."""

from __future__ import annotations

import math

import numpy as np

from psychometrics._moments import Moments, row_blocks
from psychometrics._validation import Floats


def jackknife_standard_error(responses: Floats, moments: Moments) -> float:
    """
    Return the jackknife standard error of pairwise alpha (Efron & Stein, 1981, Annals of Statistics 9, 586-596).

    Without a person who answered both items, with deviations d from the means, a covariance S of N people becomes
    S + S / (N - 2) - d d' N / ((N - 1)(N - 2)); with gaps the means over pairs are taken to be those over items.
    nan with fewer than four people, or where the total would not vary without one of them.
    """
    n, k = moments.n_people, len(moments.means)
    changes = _without_gaps if moments.n_complete == n else _with_gaps
    trace, total = np.concatenate([changes(block, moments) for block in row_blocks(responses)]).T
    trace, total = trace + np.trace(moments.covariance), total + moments.covariance.sum()
    if n < 4 or not (total > 1e-10 * moments.covariance.sum()).all():
        return math.nan
    alphas = k / (k - 1) * (1.0 - trace / total)
    return math.sqrt((n - 1) / n * float(np.sum((alphas - alphas.mean()) ** 2)))


def _without_gaps(block: Floats, moments: Moments) -> Floats:
    """Return how the trace and the sum of the covariances change without each person."""
    n, covariance = moments.n_people, moments.covariance
    deviation = block[~np.isnan(block[:, 0])] - moments.means
    lost = n / ((n - 1.0) * max(n - 2.0, 1.0))
    squares, total = np.einsum("ij,ij->i", deviation, deviation), deviation.sum(axis=1)
    whole = np.array([np.trace(covariance), covariance.sum()]) / max(n - 2.0, 1.0)
    return np.asarray(whole - lost * np.column_stack([squares, total**2]))


def _with_gaps(block: Floats, moments: Moments) -> Floats:
    counts = np.maximum(moments.counts, 3.0)
    kept, lost = moments.covariance / (counts - 2.0), counts / ((counts - 1.0) * (counts - 2.0))
    answered = ~np.isnan(block)
    mask, deviation = answered.astype(np.float64), np.where(answered, block - moments.means, 0.0)
    total = np.einsum("ij,ij->i", mask @ kept, mask) - np.einsum("ij,ij->i", deviation @ lost, deviation)
    trace = mask @ np.diag(kept) - deviation**2 @ np.diag(lost)
    return np.asarray(np.column_stack([trace, total])[answered.any(axis=1)])
