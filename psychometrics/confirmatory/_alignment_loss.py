"""
The criterion of alignment and its minimum.

Asparouhov & Muthen (2014), Structural Equation Modeling 21, 495-508: with factor mean alpha_g and
standard deviation psi_g, the configural loadings and intercepts of group g become lambda / psi and nu - alpha lambda /
psi. Over pairs of groups their differences x are summed as (x^2 + epsilon)^(power / 2), which prefers a few large
differences to many small ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from psychometrics._validation import Floats

_STEP = 1e-5


@dataclass(frozen=True)
class Alignable:
    """
    Configural parameters (n_groups, n_items), the reference group first, and the weights of pairs of groups.

    ``weights`` (n_groups, n_groups) is symmetric with a zero diagonal; a pair's two entries together are its weight.
    """

    loadings: Floats
    intercepts: Floats
    weights: Floats
    power: float
    epsilon: float

    @classmethod
    def of(cls, loadings: Floats, intercepts: Floats, n: Floats, power: float, epsilon: float) -> Alignable:
        weights = np.sqrt(np.outer(n, n)) * (1.0 - np.eye(len(n)))
        return cls(loadings, intercepts, weights / weights.sum(), power, epsilon)

    @property
    def n_groups(self) -> int:
        return len(self.loadings)

    def unpack(self, free: Floats) -> tuple[Floats, Floats]:
        """Return factor means and standard deviations; those of the first group are 0 and 1."""
        means, log_sds = np.split(free, 2)
        return np.concatenate([[0.0], means]), np.exp(np.concatenate([[0.0], log_sds]))


def aligned(at: Alignable, free: Floats) -> tuple[Floats, Floats]:
    """Return aligned loadings and intercepts."""
    means, sds = at.unpack(free)
    loadings = at.loadings / sds[:, None]
    return loadings, at.intercepts - means[:, None] * loadings


def loss_and_gradient(free: Floats, at: Alignable, epsilon: float) -> tuple[float, Floats]:
    means, _ = at.unpack(free)
    loadings, intercepts = aligned(at, free)
    by_loading, loss_of_loadings = _pairwise(loadings, at, epsilon)
    by_intercept, loss_of_intercepts = _pairwise(intercepts, at, epsilon)
    by_mean = -(by_intercept * loadings).sum(axis=1)
    by_log_sd = (by_intercept * means[:, None] * loadings - by_loading * loadings).sum(axis=1)
    return loss_of_loadings + loss_of_intercepts, np.concatenate([by_mean[1:], by_log_sd[1:]])


def _pairwise(values: Floats, at: Alignable, epsilon: float) -> tuple[Floats, float]:
    """Return the derivative of a criterion by each value, and the criterion."""
    difference = values[:, None, :] - values[None, :, :]
    inside = difference**2 + epsilon
    weighted = at.weights[:, :, None] * inside ** (0.5 * at.power - 1.0)
    slope = 2.0 * at.power * (weighted * difference).sum(axis=1)
    return slope, float((weighted * inside).sum())


@dataclass(frozen=True)
class Minimum:
    free: Floats
    loss: float
    n_at_best: int


def minimise(at: Alignable, n_starts: int, rng: np.random.Generator) -> Minimum:
    """
    Descend from several starts and keep the lowest end.

    The first start has equal factors and goes along criteria that are smooth at first and become the one wanted, the
    others are random and go straight down, so that they may find what lies elsewhere.
    """
    size = 2 * (at.n_groups - 1)
    found = [_descend(at, np.zeros(size), (1.0, 0.1, 0.01, 0.001))]
    found += [_descend(at, start, ()) for start in rng.normal(0.0, 0.5, (n_starts - 1, size))]
    losses = np.array([loss for _, loss in found])
    best = int(np.argmin(losses))
    return Minimum(*found[best], int(np.sum(losses < losses[best] * (1.0 + 1e-6) + 1e-12)))


def _descend(at: Alignable, free: Floats, smoothing: tuple[float, ...]) -> tuple[Floats, float]:
    for epsilon in (*(value for value in smoothing if value > at.epsilon), at.epsilon):
        end = minimize(loss_and_gradient, free, (at, epsilon), jac=True, method="BFGS", options={"gtol": 1e-9})
        free = end.x
    return np.asarray(free), float(end.fun)


def solution_slopes(at: Alignable, free: Floats) -> Floats:
    """
    Return how the solution moves with each configural parameter: loadings, then intercepts, group by group.

    At the minimum the gradient stays 0, so dx = -H^-1 d(gradient); the second derivatives are differences of gradients.
    """
    hessian = np.array([_gradient_change(at, free, move, None) for move in np.eye(len(free))])
    n_parameters = 2 * at.loadings.size
    crossed = np.array([_gradient_change(at, free, None, position) for position in range(n_parameters)])
    return np.asarray(-np.linalg.solve(0.5 * (hessian + hessian.T), crossed.T))


def _gradient_change(at: Alignable, free: Floats, move: Floats | None, position: int | None) -> Floats:
    slopes = []
    for step in (_STEP, -_STEP):
        there = at if position is None else _moved(at, position, step)
        point = free if move is None else free + step * move
        slopes.append(loss_and_gradient(point, there, at.epsilon)[1])
    return np.asarray((slopes[0] - slopes[1]) / (2.0 * _STEP))


def aligned_slopes(at: Alignable, free: Floats, solution: Floats) -> tuple[Floats, Floats]:
    """Return how aligned loadings and intercepts (n_groups, n_items) move with each configural parameter."""
    means, sds = at.unpack(free)
    loadings, _ = aligned(at, free)
    zero = np.zeros((1, solution.shape[1]))
    by_mean, by_log_sd = (np.vstack([zero, part])[:, None, :] for part in np.split(solution, 2))
    own = np.eye(2 * loadings.size).reshape(2, *loadings.shape, -1)
    of_loadings = own[0] / sds[:, None, None] - loadings[:, :, None] * by_log_sd
    of_intercepts = own[1] - by_mean * loadings[:, :, None] - means[:, None, None] * of_loadings
    return of_loadings, of_intercepts


def _moved(at: Alignable, position: int, step: float) -> Alignable:
    """Return the same with one configural parameter changed."""
    flat = np.concatenate([at.loadings.ravel(), at.intercepts.ravel()])
    flat[position] += step
    loadings, intercepts = (part.reshape(at.loadings.shape) for part in np.split(flat, 2))
    return Alignable(loadings, intercepts, at.weights, at.power, at.epsilon)
