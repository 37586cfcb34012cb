"""What is free in a factor model of ordered answers, and where its estimation starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._parameters import Layout, Matrices
from psychometrics.confirmatory._structure import FactorStructure, configural_layout, separated
from psychometrics.confirmatory.ordinal_data import OrdinalData
from psychometrics.confirmatory.ordinal_moments import OrdinalMoments

_LARGEST_COMMUNALITY = 0.9


def ordinal_layout(
    structure: FactorStructure, data: OrdinalData, *, identification: str, parameterisation: str
) -> Layout:
    """Return the layout in which every group has its own thresholds and loadings, and responses the scale 1."""
    n_groups, (n_items, n_thresholds) = len(data.moments), data.used.shape
    base = configural_layout(structure, n_groups, identification=identification, n_thresholds=n_thresholds)
    residuals = base.free.residual_covariance.copy()
    residuals[:, range(n_items), range(n_items)] = 0
    thresholds = np.broadcast_to(data.used.astype(np.int64), (n_groups, n_items, n_thresholds))
    free = replace(base.free, residual_covariance=residuals, thresholds=thresholds)
    return Layout(separated(free), _starts(base.values, structure, data, identification, parameterisation))


def _starts(
    fixed: Matrices[Floats], structure: FactorStructure, data: OrdinalData, identification: str, parameterisation: str
) -> Matrices[Floats]:
    """Return starts: for each factor the first principal axis of its items, its marker loading positively."""
    loadings, covariance, thresholds = fixed.loadings.copy(), fixed.factor_covariance.copy(), fixed.thresholds.copy()
    for group, moments in enumerate(data.moments):
        standard = _principal_loadings(moments, structure)
        communality = np.minimum((standard**2).sum(axis=1), _LARGEST_COMMUNALITY)
        spread = np.ones(len(standard)) if parameterisation == "delta" else 1.0 / np.sqrt(1.0 - communality)
        loadings[group] = standard * spread[:, None]
        thresholds[group] = np.where(moments.used, moments.thresholds * spread[:, None], 0.0)
        if identification == "marker":
            marker = loadings[group][structure.markers, range(len(structure.markers))]
            loadings[group] /= marker
            covariance[group] = np.diag(marker**2)
    return replace(fixed, loadings=loadings, factor_covariance=covariance, thresholds=thresholds)


def _principal_loadings(moments: OrdinalMoments, structure: FactorStructure) -> Floats:
    loadings = np.zeros(structure.pattern.shape)
    for factor, marker in enumerate(structure.markers):
        items = np.flatnonzero(structure.pattern[:, factor])
        among = moments.correlation[np.ix_(items, items)].copy()
        if len(items) > 1:
            np.fill_diagonal(among, np.abs(among - np.eye(len(items))).max(axis=0))
        values, vectors = np.linalg.eigh(among)
        axis = np.clip(vectors[:, -1] * np.sqrt(max(values[-1], 0.1)), -0.9, 0.9)
        # A marker that hardly loads would blow up the loadings it sets the scale for.
        own = float(axis[items == marker][0])
        axis[items == marker] = np.copysign(max(abs(own), 0.2), own)
        loadings[items, factor] = axis * np.copysign(1.0, own)
    return loadings
