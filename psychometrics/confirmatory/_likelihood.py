"""
Normal log-likelihood of a factor model on answers with gaps, its exact derivatives and its information.

For an answer pattern let V be the inverse of the covariance matrix of the answered items, padded by zeros, n its
people, s the sum of u = V d over their deviations d, and T the sum of u u'. Along dm and dS the log-likelihood rises by
s'dm + tr((T - n V) dS) / 2, and its curvature in two directions is

    -tr(T dS1 V dS2) + n tr(V dS1 V dS2) / 2 - s' dS1 V dm2 - s' dS2 V dm1 - n dm1' V dm2,

plus what the second derivatives of m and S add (Magnus & Neudecker, 1988). Without gaps there is one pattern.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from psychometrics._patterns import Collapsed
from psychometrics._saturated import _BATCH, _padded_inverses, _times
from psychometrics._validation import Floats, Integers
from psychometrics.confirmatory._moment_information import MomentCurvature
from psychometrics.confirmatory._parameters import (
    Layout,
    Matrices,
    Moves,
    implied_covariances,
    implied_means,
    moves,
)
from psychometrics.confirmatory._sample import Sample


@dataclass(frozen=True)
class Point:
    """A criterion at some parameters (the larger the better), its gradient, and minus its curvature."""

    value: float
    gradient: Floats
    information: Floats


@dataclass(frozen=True)
class _Patterns:
    """The quantities of the module's text for some patterns, and their part of the log-likelihood."""

    inverse: Floats
    people: Floats
    first: Floats
    second: Floats
    log_likelihood: float


def _patterns(rows: Collapsed, means: Floats, covariance: Floats) -> Iterator[_Patterns]:
    n_items = len(means)
    step = max(1, _BATCH // (4 * n_items**2))
    for start in range(0, len(rows.patterns), step):
        patterns = rows.patterns[start : start + step]
        begin, end = np.searchsorted(rows.pattern, [start, start + len(patterns)])
        weights, which = rows.weights[begin:end], rows.pattern[begin:end] - start
        inverse, log_determinant = _padded_inverses(covariance, patterns)
        deviations = (rows.values[begin:end] + rows.shift - means) * patterns[which]
        scaled = _times(inverse, deviations, which)
        people = np.bincount(which, weights, minlength=len(patterns)).astype(np.float64)
        answers = people @ patterns.sum(axis=1)
        quadratic = weights @ (scaled * deviations).sum(axis=1)
        value = -0.5 * float(answers * math.log(2 * math.pi) + people @ log_determinant + quadratic)
        yield _Patterns(inverse, people, *_sums(scaled, weights, which), value)


def _sums(scaled: Floats, weights: Floats, which: Integers) -> tuple[Floats, Floats]:
    """Return the weighted sums of rows and of their outer products, by pattern."""
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    weighted = scaled * weights[:, None]
    parts = zip(np.split(weighted, starts[1:]), np.split(scaled, starts[1:]), strict=True)
    return np.add.reduceat(weighted, starts), np.array([left.T @ right for left, right in parts])


def likelihood_point(
    layout: Layout, parameters: Floats, samples: tuple[Sample, ...], *, expected: bool = False
) -> Point | None:
    """
    Return log-likelihood, gradient and information, observed or expected; None where a covariance is not definite.

    Expected information takes the gaps as they are.
    """
    matrices = layout.unpack(parameters)
    means, covariances = implied_means(matrices), implied_covariances(matrices)
    if not positive_definite(covariances):
        return None
    value, size = 0.0, layout.n_parameters
    gradient, information = np.zeros(size), np.zeros((size, size))
    for group, sample in enumerate(samples):
        along = moves(layout.free, matrices, group)
        slope, push = np.zeros(len(means[group])), np.zeros_like(covariances[group])
        total = _OnePattern(along) if sample.complete else _ManyPatterns(along)
        for part in _patterns(sample.rows, means[group], covariances[group]):
            value += part.log_likelihood
            slope = slope + part.first.sum(axis=0)
            push = push + part.second.sum(axis=0) - np.tensordot(part.people, part.inverse, axes=1)
            total.add(part, expected)
        curvature = total.curvature()
        if not expected:
            curvature = curvature - _bend(layout.free, matrices, group, slope, push)
        gradient += _gradient(along, slope, push, size)
        information += by_parameter(along, curvature, size)
    return Point(value, gradient, information)


def positive_definite(covariances: Floats) -> bool:
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        return False
    return True


def _gradient(along: Moves, slope: Floats, push: Floats, size: int) -> Floats:
    rise = ((along.first @ push) * along.second).sum(axis=1) + along.means @ slope
    return np.bincount(along.parameter, rise, minlength=size).astype(np.float64)


def by_parameter(along: Moves, curvature: Floats, size: int) -> Floats:
    """Add up the elements that are one parameter."""
    belongs = np.zeros((len(along.parameter), size))
    belongs[np.arange(len(along.parameter)), along.parameter] = 1.0
    return np.asarray(belongs.T @ curvature @ belongs)


def normal_information(along: Moves, inverse: Floats) -> Floats:
    """Return tr(V dS1 V dS2) / 2 + dm1' V dm2 for all pairs of elements."""
    left, right = along.first @ inverse, along.second @ inverse
    mixed = left @ along.second.T
    shape = (left @ along.first.T) * (right @ along.second.T) + mixed * mixed.T
    return np.asarray(shape + along.means @ inverse @ along.means.T)


class _OnePattern:
    """Curvature along straight lines for all pairs of elements, without any matrix of moments."""

    def __init__(self, along: Moves) -> None:
        self._along = along
        self._total = np.zeros((len(along.parameter),) * 2)

    def add(self, part: _Patterns, expected: bool) -> None:
        along, inverse, people = self._along, part.inverse[0], part.people[0]
        if expected:
            self._total += people * normal_information(along, inverse)
            return
        first, second, means = along.first, along.second, along.means
        excess, sums = part.second[0] - 0.5 * people * inverse, part.first[0]
        left, right = first @ inverse, second @ inverse
        crossed = (left @ second.T).T * (first @ excess @ second.T)
        shape = (left @ first.T) * (second @ excess @ second.T) + (right @ second.T) * (first @ excess @ first.T)
        shift = (first @ sums)[:, None] * (right @ means.T) + (second @ sums)[:, None] * (left @ means.T)
        halves = crossed + shift
        self._total += shape + halves + halves.T + people * (means @ inverse @ means.T)

    def curvature(self) -> Floats:
        return self._total


class _ManyPatterns:
    """The same through the moments, whose cost hardly grows with the number of patterns."""

    def __init__(self, along: Moves) -> None:
        self._along = along
        self._moments = MomentCurvature(along.means.shape[1])

    def add(self, part: _Patterns, expected: bool) -> None:
        half = 0.5 * part.people[:, None, None] * part.inverse
        excess = half if expected else part.second - half
        sums = np.zeros_like(part.first) if expected else part.first
        self._moments.add(excess, part.inverse, sums, part.people)

    def curvature(self) -> Floats:
        along = self._along
        row, column = np.tril_indices(along.means.shape[1])
        first, second = along.first, along.second
        slopes = first[:, row] * second[:, column] + second[:, row] * first[:, column]
        slopes = np.hstack([slopes, along.means])
        return np.asarray(slopes @ self._moments.curvature() @ slopes.T)


def _bend(free: Matrices[Integers], matrices: Matrices[Floats], group: int, slope: Floats, push: Floats) -> Floats:
    """Return what the second derivatives of means and covariances add to the curvature, for all pairs of elements."""
    loadings, covariance = matrices.loadings[group], matrices.factor_covariance[group]
    item, factor = np.nonzero(free.loadings[group])
    row, column = np.nonzero(np.tril(free.factor_covariance[group]))
    n_residual = np.count_nonzero(np.tril(free.residual_covariance[group]))
    n_intercepts = np.count_nonzero(free.intercepts[group])
    mean = np.flatnonzero(free.factor_means[group])
    n_loadings, n_covariances = len(item), len(row)
    at_means = n_loadings + n_covariances + n_residual + n_intercepts
    bend = np.zeros((at_means + len(mean),) * 2)
    bend[:n_loadings, :n_loadings] = covariance[np.ix_(factor, factor)] * push[np.ix_(item, item)]
    pull = (push @ loadings)[item]
    cross = (factor[:, None] == row) * pull[:, column] + (factor[:, None] == column) * pull[:, row]
    cross = cross * np.where(row == column, 0.5, 1.0)
    bend[:n_loadings, n_loadings : n_loadings + n_covariances] = cross
    bend[n_loadings : n_loadings + n_covariances, :n_loadings] = cross.T
    shift = (factor[:, None] == mean) * slope[item][:, None]
    bend[:n_loadings, at_means:], bend[at_means:, :n_loadings] = shift, shift.T
    return bend
