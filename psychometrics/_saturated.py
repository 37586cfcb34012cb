"""Means and covariances by full-information maximum likelihood: every answer given counts, none is filled in."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from psychometrics._moments import pairwise_moments
from psychometrics._patterns import Collapsed, collapse
from psychometrics._validation import Floats, Integers

# Patterns inverted at a time: bounds the memory of the batch.
_BATCH = 1 << 21
_TOLERANCE = 1e-9
# Below this ratio of eigenvalues the whole inverse is too rough to take parts of.
_ILL_CONDITIONED = 1e-7
_MAX_ITERATIONS = 2000


@dataclass(frozen=True)
class SaturatedMoments:
    """Maximum-likelihood means and covariances (divided by n) of multivariate normal answers with gaps."""

    means: Floats
    covariance: Floats
    log_likelihood: float


def saturated_moments(responses: Floats) -> SaturatedMoments:
    """
    Return the moments that make the answers given most likely.

    The EM algorithm (Dempster, Laird & Rubin, 1977), written as a step along the gradient: with V the inverse of the
    covariance matrix S of the answered items, padded by zeros, and u = V d for a person's deviation d, the next S is
    S + S mean(u u' - V) S and the next mean is larger by S mean(u).
    """
    rows = collapse(responses, pairwise_moments(responses).means)
    means, covariance, log_likelihood = _climb(rows)
    return SaturatedMoments(means + rows.shift, covariance, log_likelihood)


def saturated_log_likelihood(rows: Collapsed) -> float:
    """Return the highest log-likelihood that any means and covariances reach."""
    return _climb(rows)[2]


def _climb(rows: Collapsed) -> tuple[Floats, Floats, float]:
    """
    Repeat EM steps until no correlation and no standardised mean changes.

    Every two steps are extrapolated (SQUAREM: Varadhan & Roland, 2008, Scandinavian Journal of Statistics 35, 335-353).
    """
    variances = rows.weights @ rows.values**2 / (rows.weights @ rows.patterns[rows.pattern])
    state, log_likelihood = np.vstack([np.zeros(len(variances)), np.diag(variances)]), -math.inf
    for _ in range(_MAX_ITERATIONS):
        first, value = _em_step(rows, state)
        if _largest_change(state, first) < _TOLERANCE:
            return first[0], first[1:], value
        second, _ = _em_step(rows, first)
        state, log_likelihood = _extrapolated(state, first, second), value
    warnings.warn("full-information moments did not converge: too few people share items", stacklevel=3)
    return state[0], state[1:], log_likelihood


def _em_step(rows: Collapsed, state: Floats) -> tuple[Floats, float]:
    """Return the next means (first row) and covariances, and the log-likelihood of those given."""
    means, covariance = state[0], state[1:]
    slope, curvature, log_likelihood = _gradient(rows, means, covariance)
    step = covariance @ slope
    # The cross-products are taken about the old means; the step of the means is taken out of them.
    change = covariance @ curvature @ covariance - np.outer(step, step)
    # Rounding makes the change a little asymmetric, and further steps would make that grow.
    return state + np.vstack([step, 0.5 * (change + change.T)]), log_likelihood


def _largest_change(old: Floats, new: Floats) -> float:
    spread = np.sqrt(np.diag(new[1:]))
    change = np.abs(new - old) / spread
    return float(max(change[0].max(), (change[1:] / spread[:, None]).max()))


def _extrapolated(start: Floats, first: Floats, second: Floats) -> Floats:
    """Go on in the direction of two steps, as far as the covariance matrix stays positive definite."""
    step, bend = first - start, second - 2.0 * first + start
    size = float(np.sum(bend**2))
    length = math.sqrt(float(np.sum(step**2)) / size) if size > 0 else 1.0
    while length > 1.0:
        state = start + 2.0 * length * step + length**2 * bend
        if np.linalg.eigvalsh(state[1:])[0] > 0:
            return state
        length = 0.5 * (length + 1.0) - 1e-3
    return second


def _gradient(rows: Collapsed, means: Floats, covariance: Floats) -> tuple[Floats, Floats, float]:
    """Return the mean of u, the mean of u u' - V, and the log-likelihood."""
    n_items = len(means)
    slope, curvature, log_likelihood = np.zeros(n_items), np.zeros((n_items, n_items)), 0.0
    step = max(1, _BATCH // n_items**2)
    for start in range(0, len(rows.patterns), step):
        patterns = rows.patterns[start : start + step]
        first, last = np.searchsorted(rows.pattern, [start, start + len(patterns)])
        weights, which = rows.weights[first:last], rows.pattern[first:last] - start
        inverse, log_determinant = _padded_inverses(covariance, patterns)
        deviations = (rows.values[first:last] - means) * patterns[which]
        scaled = _times(inverse, deviations, which)
        people = np.bincount(which, weights, minlength=len(patterns))
        slope += weights @ scaled
        curvature += (scaled * weights[:, None]).T @ scaled - np.tensordot(people, inverse, axes=1)
        quadratic = weights @ (scaled * deviations).sum(axis=1)
        answers = people @ patterns.sum(axis=1)
        log_likelihood -= 0.5 * float(answers * math.log(2 * math.pi) + people @ log_determinant + quadratic)
    return slope / rows.n_people, curvature / rows.n_people, log_likelihood


def _padded_inverses(covariance: Floats, patterns: Floats) -> tuple[Floats, Floats]:
    """Return for each pattern the inverse of the answered part, zero elsewhere, and its log-determinant."""
    n_items = len(covariance)
    gaps = patterns == 0
    sizes = gaps.sum(axis=1)
    values = np.linalg.eigvalsh(covariance)
    few = sizes <= (n_items // 2 if values[0] > _ILL_CONDITIONED * values[-1] else -1)
    inverses, log_determinants = np.empty((len(patterns), n_items, n_items)), np.empty(len(patterns))
    inverses[~few], log_determinants[~few] = _inverted_alone(covariance, patterns[~few])
    whole = np.asarray(np.linalg.inv(covariance)) if few.any() else covariance
    log_whole = np.log(values).sum() if few.any() else 0.0
    for size in np.unique(sizes[few]):
        rows = np.flatnonzero(few & (sizes == size))
        missing = np.nonzero(gaps[rows])[1].reshape(len(rows), size)
        inverses[rows], log_determinants[rows] = _without(whole, missing)
        log_determinants[rows] += log_whole
    return inverses, log_determinants


def _without(whole: Floats, missing: Integers) -> tuple[Floats, Floats]:
    """
    Return inverses of the parts of a matrix without some items, and how their log-determinants differ from its own.

    From the whole inverse W, with m the missing items: W - W_.m (W_mm)^-1 W_m. and log|W_mm|. The system is as small as
    the gaps are few.
    """
    block = whole[missing[:, :, None], missing[:, None, :]]
    across = whole[missing]
    inverses = whole - across.transpose(0, 2, 1) @ np.linalg.solve(block, across)
    at = np.arange(len(missing))[:, None]
    # What is zero should not be a rounding error.
    inverses[at, missing] = 0.0
    inverses[at, :, missing] = 0.0
    return inverses, np.linalg.slogdet(block)[1]


def _inverted_alone(covariance: Floats, patterns: Floats) -> tuple[Floats, Floats]:
    both = patterns[:, :, None] * patterns[:, None, :]
    gaps = np.zeros_like(both)
    at = np.arange(patterns.shape[1])
    gaps[:, at, at] = 1.0 - patterns
    padded = covariance * both + gaps
    return np.linalg.inv(padded) - gaps, np.linalg.slogdet(padded)[1]


def _times(inverse: Floats, deviations: Floats, which: Integers) -> Floats:
    """Multiply each row by the inverse of its pattern; one product per pattern where many rows share it."""
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    if 4 * len(starts) > len(which):
        return np.asarray(np.einsum("rij,rj->ri", inverse[which], deviations))
    parts = np.split(deviations, starts[1:])
    return np.concatenate([part @ inverse[index] for index, part in zip(which[starts], parts, strict=True)])
