"""
Least squares on thresholds and polychoric correlations: estimates, robust covariance, scaled tests.

Diagonally weighted (Muthen, du Toit & Spisic, 1997) or unweighted least squares, with the covariance and the tests
that hold whatever the weights (Satorra & Bentler, 1994; Asparouhov & Muthen, 2010; Satorra, 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import null_space

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory._parameters import Layout, Matrices
from psychometrics.confirmatory.ordinal_implied import implied_statistics, statistics_jacobian
from psychometrics.confirmatory.ordinal_moments import OrdinalMoments

_MAX_ITERATIONS = 500


@dataclass(frozen=True)
class OrdinalData:
    """
    The statistics of all groups and their weights; the first axis of every array is the group.

    ``share`` is each group's part of the people; ``weights`` the diagonal of the weight matrix.
    """

    moments: tuple[OrdinalMoments, ...]
    estimator: str

    @property
    def used(self) -> Booleans:
        return self.moments[0].used

    @property
    def n(self) -> int:
        return sum(one.n for one in self.moments)

    @cached_property
    def share(self) -> Floats:
        return np.array([one.n for one in self.moments]) / self.n

    @cached_property
    def statistics(self) -> Floats:
        return np.array([one.statistics for one in self.moments])

    @cached_property
    def covariance(self) -> Floats:
        """Gamma: n times the sampling covariance, shape (n_groups, n_statistics, n_statistics)."""
        return np.array([one.n * one.covariance for one in self.moments])

    @cached_property
    def weights(self) -> Floats:
        if self.estimator == "ULSMV":
            return np.ones_like(self.statistics)
        return np.asarray(1.0 / np.einsum("gss->gs", self.covariance))

    @cached_property
    def criterion(self) -> Floats:
        """The weights of squared residuals in the chi-square, which counts n - 1 people in each group."""
        people = np.array([one.n - 1.0 for one in self.moments])
        return np.asarray(people[:, None] * self.weights)

    @cached_property
    def n_thresholds(self) -> int:
        """Thresholds per group, which lead the statistics."""
        return int(self.used.sum())


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
        information = _products(self.jacobian, self.data.share[:, None] * self.data.weights)
        scale = 1.0 / np.sqrt(np.diag(information))
        values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
        if values[0] < 1e-9:
            raise ValueError(
                "the model is not identified: some of its parameters can move without changing what it implies; "
                "free fewer parameters or give each factor more items"
            )
        root = scale[:, None] * vectors / np.sqrt(values)
        return np.asarray(root @ root.T)

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
    """Minimise the weighted squared residuals by damped Gauss-Newton steps (Levenberg-Marquardt)."""
    weights, parameters = data.criterion / data.n, layout.start()

    def residuals_at(values: Floats) -> Floats:
        return np.asarray(data.statistics - implied_statistics(layout.unpack(values), data.used, parameterisation))

    residuals = residuals_at(parameters)
    loss, damping, converged = float(np.sum(weights * residuals**2)), 1e-3, False
    jacobian = statistics_jacobian(layout, layout.unpack(parameters), data.used, parameterisation)
    for _ in range(_MAX_ITERATIONS):
        slope = np.einsum("gsp,gs->p", jacobian, weights * residuals, optimize=True)
        curvature = _products(jacobian, weights)
        step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature) + 1e-12), slope)
        candidate = residuals_at(parameters + step)
        new = float(np.sum(weights * candidate**2))
        if not new <= loss * (1.0 + 1e-14):
            damping *= 8.0
            if damping > 1e12:
                break
            continue
        small = float(slope @ step) < 1e-16 * max(1.0, loss) + 1e-15 and damping < 0.1
        parameters, residuals, loss = parameters + step, candidate, new
        damping = damping / 10.0 if damping > 1e-12 else 0.0
        jacobian = statistics_jacobian(layout, layout.unpack(parameters), data.used, parameterisation)
        if small:
            converged = True
            break
    return Estimated(data, layout, parameterisation, parameters, jacobian, residuals, converged)


def _products(jacobian: Floats, weights: Floats) -> Floats:
    """Return the sum over groups of J' diag(w) J."""
    root = (np.sqrt(weights)[:, :, None] * jacobian).reshape(-1, jacobian.shape[2])
    return np.asarray(root.T @ root)


@dataclass(frozen=True)
class ScaledTest:
    """
    A statistic made to have the mean and variance of its chi-square distribution.

    ``scaling`` divides the unadjusted statistic, then ``shift`` is added (Asparouhov & Muthen, 2010).
    """

    chi2: float
    df: int
    scaling: float
    shift: float

    @classmethod
    def of(cls, chi2: float, df: int, trace: float, trace_of_square: float) -> ScaledTest:
        if df < 1:
            return cls(chi2, df, float("nan"), float("nan"))
        factor = float(np.sqrt(df / trace_of_square))
        shift = df - factor * trace
        return cls(factor * chi2 + shift, df, 1.0 / factor, shift)


def scaled_test(model: Estimated) -> ScaledTest:
    """Return the scaled and shifted test of the model against unrestricted thresholds and correlations."""
    data, bread = model.data, model.bread
    weights, gamma = data.weights, data.covariance
    # U = W - W Delta bread Delta' W over all groups; the shares cancel but in what runs across groups.
    mixed = bread @ model.meat
    trace = float(np.sum(weights * np.einsum("gss->gs", gamma)) - np.trace(mixed))
    squared = float(np.einsum("gs,gt,gst->", weights, weights, gamma**2, optimize=True))
    through = np.sqrt(weights)[:, :, None] * (gamma @ model.weighted_jacobian)
    crossed = np.einsum("g,gsp,gsq->pq", data.share, through, through, optimize=True)
    trace_of_square = squared - 2.0 * float(np.sum(bread * crossed)) + float(np.sum(mixed * mixed.T))
    return ScaledTest.of(model.chi2, model.df, trace, trace_of_square)


def scaled_baseline_test(data: OrdinalData) -> ScaledTest:
    """Return the test of the model in which no two items correlate and thresholds are free."""
    start = data.n_thresholds
    weights, gamma = data.weights[:, start:], data.covariance[:, start:, start:]
    chi2 = float(np.sum(data.criterion[:, start:] * data.statistics[:, start:] ** 2))
    trace = float(np.sum(weights * np.einsum("gss->gs", gamma)))
    squared = float(np.einsum("gs,gt,gst->", weights, weights, gamma**2, optimize=True))
    return ScaledTest.of(chi2, weights.size, trace, squared)


def scaled_difference(general: Estimated, restricted: Estimated) -> ScaledTest:
    """
    Return the scaled and shifted difference test of nested models.

    Satorra (2000), equation 10, with the restrictions read from what the restricted model's parameters can reach of
    the general one's.
    """
    wide = general.jacobian.reshape(-1, general.layout.n_parameters)
    narrow = restricted.jacobian.reshape(-1, restricted.layout.n_parameters)
    df = restricted.df - general.df
    chi2 = restricted.chi2 - general.chi2
    if df < 1:
        return ScaledTest(chi2, df, float("nan"), float("nan"))
    reached = np.linalg.lstsq(wide, narrow, rcond=None)[0]
    restrictions = null_space(reached.T, rcond=1e-8)[:, -df:].T
    return restriction_test(general, restrictions, chi2)


def restriction_test(general: Estimated, restrictions: Floats, chi2: float) -> ScaledTest:
    """Scale a statistic for restrictions (n_restrictions, n_parameters) on the parameters of a model."""
    along = restrictions @ general.bread
    inverse = np.linalg.inv(along @ restrictions.T)
    mixed = inverse @ along @ general.meat @ along.T
    return ScaledTest.of(chi2, len(restrictions), float(np.trace(mixed)), float(np.sum(mixed * mixed.T)))
