"""Least-squares discrepancies of complete answers: generalised (weighted by observed covariances) and unweighted."""

from __future__ import annotations

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._likelihood import Point, by_parameter, normal_information
from psychometrics.confirmatory._parameters import Layout, implied_covariances, implied_means, moves
from psychometrics.confirmatory._sample import Sample


def least_squares_weights(estimator: str, samples: tuple[Sample, ...]) -> tuple[Floats, ...]:
    """Return each group's weight matrix: the inverse covariances (GLS) or the identity (ULS)."""
    if estimator == "ULS":
        return tuple(np.eye(len(sample.means)) for sample in samples)
    return tuple(np.asarray(np.linalg.inv(sample.covariance * sample.n / (sample.n - 1))) for sample in samples)


def least_squares_point(
    layout: Layout, parameters: Floats, samples: tuple[Sample, ...], weights: tuple[Floats, ...]
) -> Point:
    """
    Return minus half the weighted squares, gradient and Gauss-Newton information.

    The squares are (n - 1) (tr((V (S - Sigma))^2) / 2 + d' V d) for weight V, unbiased covariances S and residual
    means d (Browne, 1974, South African Statistical Journal 8, 1-24).
    """
    matrices = layout.unpack(parameters)
    means, covariances = implied_means(matrices), implied_covariances(matrices)
    value, size = 0.0, layout.n_parameters
    gradient, information = np.zeros(size), np.zeros((size, size))
    for group, (sample, weight) in enumerate(zip(samples, weights, strict=True)):
        along = moves(layout.free, matrices, group)
        degrees = sample.n - 1
        residual = weight @ (sample.covariance * sample.n / degrees - covariances[group])
        shift = sample.means - means[group]
        value -= degrees * (0.25 * float(np.sum(residual * residual.T)) + 0.5 * float(shift @ weight @ shift))
        push = residual @ weight
        rise = ((along.first @ push) * along.second).sum(axis=1) + along.means @ (weight @ shift)
        gradient += degrees * np.bincount(along.parameter, rise, minlength=size)
        information += degrees * by_parameter(along, normal_information(along, weight), size)
    return Point(value, gradient, information)


def unweighted_variance(layout: Layout, parameters: Floats, samples: tuple[Sample, ...]) -> Floats:
    """
    Return the variance of the gradient of unweighted least squares under normality.

    With identity weights and residuals S - Sigma the gradient along u v' + v u' is u'(S - Sigma) v, and for normal
    answers n cov(u'S v, a'S b) = (u'Sigma a)(v'Sigma b) + (u'Sigma b)(v'Sigma a): the normal information with Sigma in
    the place of its inverse (Browne, 1984, British Journal of Mathematical and Statistical Psychology 37, 62-83).
    """
    matrices, size = layout.unpack(parameters), layout.n_parameters
    total = np.zeros((size, size))
    for group, (sample, covariance) in enumerate(zip(samples, implied_covariances(matrices), strict=True)):
        along = moves(layout.free, matrices, group)
        total += (sample.n - 1) * by_parameter(along, normal_information(along, covariance), size)
    return total
