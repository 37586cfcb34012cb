"""The covariance matrix that coefficients are computed from, by each treatment of missing answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._covariance_matrix import as_correlation, nearest_semidefinite
from psychometrics._moments import Moments, pairwise_moments
from psychometrics._saturated import saturated_moments
from psychometrics._validation import Floats

MISSING = ("pairwise", "listwise", "fiml")


@dataclass(frozen=True)
class Covariances:
    """A covariance matrix with the rows behind it."""

    rows: Floats
    moments: Moments
    covariance: Floats
    correlation: Floats
    missing: str
    notes: tuple[str, ...]


def covariances_of(matrix: Floats, missing: str) -> Covariances:
    if missing == "listwise":
        matrix = matrix[~np.isnan(matrix).any(axis=1)]
        if len(matrix) < 2:
            raise ValueError(f"only {len(matrix)} people answered every item; listwise alpha needs at least 2")
    moments = pairwise_moments(matrix)
    refuse_unlinked(moments)
    gaps = moments.n_complete < moments.n_people
    covariance, correlation, notes = moments.covariance, moments.correlation, tuple[str, ...]()
    if gaps and missing == "fiml":
        covariance = saturated_moments(matrix).covariance
        correlation = as_correlation(covariance)
    elif gaps and (smooth := nearest_semidefinite(covariance)) is not None:
        covariance, correlation, notes = smooth, as_correlation(smooth), ("smoothed",)
    if not covariance.sum() > 1e-12 * np.trace(covariance):
        raise ValueError("the total score does not vary, so it has no reliability")
    done = missing if gaps or missing == "listwise" else "none"
    return Covariances(matrix, moments, covariance, correlation, done, notes)


def refuse_unlinked(moments: Moments) -> None:
    """Refuse pairs of items whose covariance nobody's answers tell."""
    if np.diag(moments.counts).min() < 2:
        raise ValueError(f"item {int(np.argmin(np.diag(moments.counts)))} was answered by fewer than 2 people")
    if moments.counts.min() < 2:
        first, second = np.unravel_index(np.argmin(moments.counts), moments.counts.shape)
        raise ValueError(f"items {first} and {second} were both answered by fewer than 2 people")
