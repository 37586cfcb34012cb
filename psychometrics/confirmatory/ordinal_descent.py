"""
The minimum of the weighted squares of a model of ordered answers.

Given everything else, the best thresholds are weighted means, so the search goes over the other parameters alone
(Golub & Pereyra, 1973, SIAM Journal on Numerical Analysis 10, 413-432, variable projection).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psychometrics._validation import Floats, Integers
from psychometrics.confirmatory._parameters import Layout, Matrices, implied_means, renumbered
from psychometrics.confirmatory.ordinal_data import OrdinalData
from psychometrics.confirmatory.ordinal_implied import implied_statistics, scales_of, statistics_jacobian

_MAX_ITERATIONS = 500
# The fall of the chi-square that a step promises, below which it was the last.
_TOLERANCE = 1e-9
_MOST_DAMPING = 1e12
NOT_IDENTIFIED = (
    "the model is not identified by these answers: some of its parameters can move without changing what it implies, "
    "as when hardly anything loads on a factor; free fewer parameters or give each factor more items"
)


@dataclass(frozen=True)
class _Point:
    """A place of the search: the matrices with their best thresholds, what is left, and its weighted squares."""

    matrices: Matrices[Floats]
    residuals: Floats
    loss: float


@dataclass(frozen=True)
class Descent:
    """
    A search for the minimum.

    ``rest`` is the layout without thresholds, ``owner`` (n_groups, n_thresholds) the threshold parameter, from 0, that
    each threshold statistic depends on.
    """

    data: OrdinalData
    rest: Layout
    owner: Integers
    parameterisation: str

    @classmethod
    def of(cls, data: OrdinalData, layout: Layout, parameterisation: str) -> Descent:
        without = replace(layout.free, thresholds=np.zeros_like(layout.free.thresholds))
        numbers = layout.free.thresholds[:, data.used]
        owner = np.searchsorted(np.unique(numbers), numbers)
        return cls(data, Layout(renumbered(without), layout.values), owner, parameterisation)

    def run(self) -> tuple[Matrices[Floats], bool]:
        """Take damped Gauss-Newton steps (Levenberg-Marquardt); return the matrices and whether they converged."""
        weights = self.data.criterion / self.data.n
        parameters = self.rest.start()
        point, damping = self._point(parameters), 1e-3
        slopes = self._slopes(point.matrices)
        for _ in range(_MAX_ITERATIONS):
            slope = np.einsum("gsp,gs->p", slopes, weights * point.residuals, optimize=True)
            curvature = weighted_products(slopes, weights)
            try:
                step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature) + 1e-12), slope)
            except np.linalg.LinAlgError as error:
                raise ValueError(NOT_IDENTIFIED) from error
            candidate = self._point(parameters + step)
            if not candidate.loss <= point.loss * (1.0 + 1e-14):
                damping *= 8.0
                if damping > _MOST_DAMPING:
                    break
                continue
            # A heavily damped step promises little because it is short, not because the minimum is near.
            done = self.data.n * float(slope @ step) < _TOLERANCE and damping < 0.1
            parameters, point = parameters + step, candidate
            if done:
                return point.matrices, True
            damping = damping / 10.0 if damping > 1e-12 else 0.0
            slopes = self._slopes(point.matrices)
        return point.matrices, False

    def _point(self, parameters: Floats) -> _Point:
        matrices = self._with_thresholds(self.rest.unpack(parameters))
        residuals = self.data.statistics - implied_statistics(matrices, self.data.used, self.parameterisation)
        return _Point(matrices, residuals, float(np.sum(self.data.criterion * residuals**2)) / self.data.n)

    def _with_thresholds(self, matrices: Matrices[Floats]) -> Matrices[Floats]:
        data = self.data
        item, count = np.nonzero(data.used)[0], data.n_thresholds
        scales, weights = scales_of(matrices, self.parameterisation)[:, item], data.criterion[:, :count]
        wanted = data.statistics[:, :count] + scales * implied_means(matrices)[:, item]
        size = self.owner.max() + 1
        best = np.bincount(self.owner.ravel(), (weights * scales * wanted).ravel(), size) / np.bincount(
            self.owner.ravel(), (weights * scales**2).ravel(), size
        )
        thresholds = matrices.thresholds.copy()
        thresholds[:, data.used] = best[self.owner]
        return replace(matrices, thresholds=thresholds)

    def _slopes(self, matrices: Matrices[Floats]) -> Floats:
        """Return the derivatives of the statistics when thresholds follow the other parameters."""
        data, count = self.data, self.data.n_thresholds
        slopes = statistics_jacobian(self.rest, matrices, data.used, self.parameterisation)
        if len(np.unique(self.owner)) == self.owner.size:
            slopes[:, :count] = 0.0
            return slopes
        scales = scales_of(matrices, self.parameterisation)[:, np.nonzero(data.used)[0]]
        weighted = data.criterion[:, :count] * scales
        followed = np.zeros((self.owner.max() + 1, slopes.shape[2]))
        np.add.at(followed, self.owner, weighted[:, :, None] * slopes[:, :count])
        followed /= np.bincount(self.owner.ravel(), (weighted * scales).ravel())[:, None]
        slopes[:, :count] -= scales[:, :, None] * followed[self.owner]
        return slopes


def weighted_products(slopes: Floats, weights: Floats) -> Floats:
    """Return the sum over groups of J' diag(w) J."""
    root = (np.sqrt(weights)[:, :, None] * slopes).reshape(-1, slopes.shape[2])
    return np.asarray(root.T @ root)
