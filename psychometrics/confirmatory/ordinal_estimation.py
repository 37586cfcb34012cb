"""
Least squares on thresholds and polychoric correlations: estimates and their robust covariance.

Diagonally weighted (Muthen, du Toit & Spisic, 1997) or unweighted; the covariance holds whatever the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._parameters import Layout, Matrices
from psychometrics.confirmatory.ordinal_data import OrdinalData
from psychometrics.confirmatory.ordinal_descent import NOT_IDENTIFIED, Descent, weighted_products
from psychometrics.confirmatory.ordinal_implied import implied_statistics, statistics_jacobian


@dataclass(frozen=True)
class Estimated:
    """A model at its estimates; ``jacobian`` (n_groups, n_statistics, n_parameters) is taken there."""

    data: OrdinalData
    layout: Layout
    parameterisation: str
    parameters: Floats
    jacobian: Floats
    residuals: Floats
    converged: bool

    @cached_property
    def matrices(self) -> Matrices[Floats]:
        return self.layout.unpack(self.parameters)

    @property
    def chi2(self) -> float:
        return float(np.sum(self.data.criterion * self.residuals**2))

    @property
    def df(self) -> int:
        return int(self.data.statistics.size - self.layout.n_parameters)

    @cached_property
    def bread(self) -> Floats:
        """The inverse of the information, Delta' W Delta."""
        information = weighted_products(self.jacobian, self.data.share[:, None] * self.data.weights)
        scale = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
        relative = information / np.outer(scale, scale)
        # A pivot is the share of a parameter's information that those before it leave.
        if _smallest_pivot(relative) < 1e-9:
            raise ValueError(NOT_IDENTIFIED)
        return np.asarray(np.linalg.inv(relative) / np.outer(scale, scale))

    @cached_property
    def weighted_jacobian(self) -> Floats:
        return np.asarray(self.data.weights[:, :, None] * self.jacobian)

    @cached_property
    def meat(self) -> Floats:
        """Delta' W Gamma W Delta."""
        through = self.data.covariance @ self.weighted_jacobian
        return np.asarray(np.einsum("g,gsp,gsq->pq", self.data.share, self.weighted_jacobian, through, optimize=True))

    @cached_property
    def covariance(self) -> Floats:
        """Robust sampling covariance of the free parameters."""
        return np.asarray(self.bread @ self.meat @ self.bread / (self.data.n - len(self.data.moments)))


def estimate(data: OrdinalData, layout: Layout, parameterisation: str) -> Estimated:
    """Minimise the weighted squared residuals."""
    matrices, converged = Descent.of(data, layout, parameterisation).run()
    parameters = layout.pack(matrices)
    residuals = data.statistics - implied_statistics(matrices, data.used, parameterisation)
    slopes = statistics_jacobian(layout, matrices, data.used, parameterisation)
    return Estimated(data, layout, parameterisation, parameters, slopes, residuals, converged)


def _smallest_pivot(matrix: Floats) -> float:
    """Return the smallest squared pivot of the Cholesky factor; 0 where there is no factor."""
    try:
        return float(np.diag(np.linalg.cholesky(matrix)).min() ** 2)
    except np.linalg.LinAlgError:
        return 0.0
