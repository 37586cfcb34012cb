"""Starting values: one principal axis per factor, and the correlations of the sums of the items of each factor."""

from __future__ import annotations

import numpy as np

from psychometrics._covariance_matrix import as_correlation
from psychometrics._validation import Floats
from psychometrics.confirmatory._parameters import Layout, Matrices
from psychometrics.confirmatory._sample import Sample


def with_starts(layout: Layout, samples: tuple[Sample, ...]) -> Layout:
    """Return the layout with starts from the samples; fixed loadings of 1 give factors their scale."""
    standard = _standard_loadings(layout, samples)
    parts = [_starts(layout, group, sample, standard[group]) for group, sample in enumerate(samples)]
    loadings, covariance, residual, means = (np.array(part) for part in zip(*parts, strict=True))
    old, free = layout.values, layout.free
    values = Matrices(
        loadings=np.where(free.loadings > 0, loadings, old.loadings),
        factor_covariance=np.where(free.factor_covariance > 0, covariance, old.factor_covariance),
        residual_covariance=np.where(free.residual_covariance > 0, residual, old.residual_covariance),
        # Without a mean structure the observed means are the fixed values, so that they leave nothing to explain.
        intercepts=means,
        factor_means=old.factor_means,
        thresholds=old.thresholds,
        scales=old.scales,
    )
    return Layout(free, values)


def _standard_loadings(layout: Layout, samples: tuple[Sample, ...]) -> Floats:
    """Return standardised loadings; factors point the same way in every group."""
    standard = np.zeros(layout.values.loadings.shape)
    for group, sample in enumerate(samples):
        correlation = as_correlation(sample.covariance)
        for factor, items in enumerate(layout.values.loadings[group].T != 0):
            axis = _axis(correlation[np.ix_(items, items)])
            standard[group, items, factor] = axis if axis @ standard[0, items, factor] >= 0 else -axis
    return standard


def _starts(layout: Layout, group: int, sample: Sample, standard: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return loadings, factor covariances, residual covariances and means of one group."""
    spread, correlation = np.sqrt(np.diag(sample.covariance)), as_correlation(sample.covariance)
    member = layout.values.loadings[group] != 0
    shared = np.clip((standard**2).sum(axis=1), 0.1, 0.9)
    sums = standard.T @ (correlation - np.diag(1.0 - shared)) @ standard
    size = np.sqrt(np.diag(sums))
    between = np.clip(sums / np.outer(size, size), -0.8, 0.8)
    np.fill_diagonal(between, 1.0)
    loadings = standard * spread[:, None]
    fixed = (layout.free.loadings[group] == 0) & member
    scale = np.array(
        [loadings[fixed[:, factor], factor][0] if fixed[:, factor].any() else 1.0 for factor in range(member.shape[1])]
    )
    residual = np.diag((1.0 - shared) * spread**2)
    return loadings / scale, between * np.outer(scale, scale), residual, sample.means


def _axis(correlation: Floats) -> Floats:
    """Return loadings on the first principal axis with communalities from the largest correlations."""
    if len(correlation) == 1:
        return np.array([0.7])
    reduced = correlation.copy()
    np.fill_diagonal(reduced, 0.0)
    np.fill_diagonal(reduced, np.abs(reduced).max(axis=0))
    values, vectors = np.linalg.eigh(reduced)
    axis = np.clip(vectors[:, -1] * np.sqrt(max(values[-1], 0.05)), -0.9, 0.9)
    axis = np.where(np.abs(axis) < 0.1, np.where(axis < 0, -0.1, 0.1), axis)
    return axis if axis.sum() >= 0 else -axis
