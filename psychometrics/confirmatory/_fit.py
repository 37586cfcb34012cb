"""Fits a layout to samples by one of the estimators, and the two models every fit is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._least_squares import least_squares_point, least_squares_weights
from psychometrics.confirmatory._likelihood import Point, likelihood_point
from psychometrics.confirmatory._maximise import Maximum, maximise
from psychometrics.confirmatory._parameters import Layout, Matrices
from psychometrics.confirmatory._sample import Sample
from psychometrics.confirmatory._structure import separated

# Robust estimators (MLR, MLM) give the estimates of ML and differ in tests and standard errors.
ESTIMATORS = ("ML", "MLR", "MLM", "GLS", "ULS")
LEAST_SQUARES = ("GLS", "ULS")

Samples = tuple[Sample, ...]
# Smallest variance of a factor, as a share of where it starts, once variances are bounded.
_SMALLEST_FACTOR = 0.01


@dataclass(frozen=True)
class Fitted:
    """
    A layout at its best parameters.

    ``point`` holds the criterion there (the log-likelihood, or minus half the weighted squares), its gradient and
    minus its curvature: exact for a likelihood, of Gauss and Newton for least squares.
    """

    layout: Layout
    samples: Samples
    estimator: str
    parameters: Floats
    point: Point
    converged: bool

    @property
    def matrices(self) -> Matrices[Floats]:
        return self.layout.unpack(self.parameters)

    @property
    def complete(self) -> bool:
        return all(sample.complete for sample in self.samples)

    @property
    def n(self) -> int:
        return sum(sample.n for sample in self.samples)

    @property
    def observed_covariances(self) -> Floats:
        """Divided by n for a likelihood, by n - 1 for least squares; shape (n_groups, n_items, n_items)."""
        unbiased = self.estimator in LEAST_SQUARES
        return np.array([one.covariance * (one.n / (one.n - 1) if unbiased else 1.0) for one in self.samples])

    @property
    def chi2(self) -> float:
        """Twice the likelihood lost against unrestricted moments, or the weighted squares."""
        if self.estimator in LEAST_SQUARES:
            return max(-2.0 * self.point.value, 0.0)
        return max(2.0 * (sum(sample.log_likelihood for sample in self.samples) - self.point.value), 0.0)

    def information(self, *, expected: bool) -> Floats:
        """Return the normal information about the free parameters, over all people."""
        if not expected and self.estimator not in LEAST_SQUARES:
            return self.point.information
        found = likelihood_point(self.layout, self.parameters, self.samples, expected=expected)
        if found is None:
            raise ValueError("the estimates imply a covariance matrix that is not positive definite")
        return found.information


def fit_layout(layout: Layout, samples: Samples, estimator: str) -> Fitted:
    """
    Fit by maximum likelihood or least squares, from the starts of the layout.

    Residual variances may be negative, down to minus the item's variance, for that tells of a wrong model. Where that
    has no end, as when hardly anything loads on a factor, no variance is let below zero.
    """
    best = _best(layout, samples, estimator, _floor(layout, samples, lowest=-1.0))
    if best.bounded or not best.converged:
        best = _best(layout, samples, estimator, _floor(layout, samples, lowest=0.0))
    return Fitted(layout, samples, estimator, best.parameters, best.point, best.converged)


def _best(layout: Layout, samples: Samples, estimator: str, floor: Floats) -> Maximum:
    start = layout.start()
    if estimator in LEAST_SQUARES:
        weights = least_squares_weights(estimator, samples)

        def squares(parameters: Floats) -> Point:
            return least_squares_point(layout, parameters, samples, weights)

        return maximise(start, squares, squares, floor)
    if not all(sample.complete for sample in samples):
        # A fit to the unrestricted moments is quick and ends near the top of the full-information likelihood.
        complete = tuple(sample.as_if_complete() for sample in samples)
        start = maximise(start, *_likelihoods(layout, complete), floor).parameters
    return maximise(start, *_likelihoods(layout, samples), floor)


def _floor(layout: Layout, samples: Samples, *, lowest: float) -> Floats:
    """Return the smallest value of each parameter; ``lowest`` is that of residual variances, in item variances."""
    floor = np.full(layout.n_parameters + 1, -np.inf)
    for group, sample in enumerate(samples):
        residual = np.diag(layout.free.residual_covariance[group])
        floor[residual] = np.maximum(floor[residual], lowest * np.diag(sample.covariance))
        if lowest == 0.0:
            factor = np.diag(layout.free.factor_covariance[group])
            start = np.diag(layout.values.factor_covariance[group])
            floor[factor] = np.maximum(floor[factor], _SMALLEST_FACTOR * np.maximum(start, 0.0))
    return floor[1:]


def _likelihoods(
    layout: Layout, samples: Samples
) -> tuple[Callable[[Floats], Point | None], Callable[[Floats], Point | None]]:
    def observed(parameters: Floats) -> Point | None:
        return likelihood_point(layout, parameters, samples)

    def expected(parameters: Floats) -> Point | None:
        return likelihood_point(layout, parameters, samples, expected=True)

    return observed, expected


def saturated_layout(samples: Samples, *, mean_structure: bool) -> Layout:
    """Return the layout without a model; its starts are the unrestricted moments, which are its solution."""
    return _unfactored(samples, np.ones_like(samples[0].covariance), mean_structure)


def independence_layout(samples: Samples, *, mean_structure: bool) -> Layout:
    """Return the baseline layout: items do not covary; starts are their own variances and means."""
    return _unfactored(samples, np.eye(len(samples[0].means)), mean_structure)


def _unfactored(samples: Samples, pattern: Floats, mean_structure: bool) -> Layout:
    n_groups, n_items = len(samples), len(samples[0].means)
    none = np.zeros((n_groups, n_items, 0))
    values = Matrices(
        loadings=none,
        factor_covariance=np.zeros((n_groups, 0, 0)),
        residual_covariance=np.array([sample.covariance * pattern for sample in samples]),
        intercepts=np.array([sample.means for sample in samples]),
        factor_means=np.zeros((n_groups, 0)),
        thresholds=none,
        scales=np.ones((n_groups, n_items)),
    )
    free = Matrices(
        loadings=none.astype(np.int64),
        factor_covariance=np.zeros((n_groups, 0, 0), dtype=np.int64),
        residual_covariance=np.repeat(pattern[None].astype(np.int64), n_groups, axis=0),
        intercepts=np.full((n_groups, n_items), int(mean_structure)),
        factor_means=np.zeros((n_groups, 0), dtype=np.int64),
        thresholds=none.astype(np.int64),
        scales=np.zeros((n_groups, n_items), dtype=np.int64),
    )
    return Layout(separated(free), values)
