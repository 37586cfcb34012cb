"""Marginal maximum likelihood by EM (Bock & Aitkin 1981), one Fisher-scoring step per cycle, Anderson-accelerated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.irt._curves import ABSENT, category_probabilities, expected_step
from psychometrics.irt._patterns import GroupPatterns

_MEMORY = 6
# Beyond these a curve is a step or a constant for any sample; they only keep a degenerate item finite.
_MAX_SLOPE, _MAX_INTERCEPT, _MIN_GAP = 12.0, 40.0, 1e-4
_MIN_SD, _MAX_SD, _MAX_MEAN = 0.05, 5.0, 5.0


@dataclass(frozen=True)
class Layout:
    """Which parameters are free and which are equal across groups.

    ``slot`` (groups, items, 1 + K) is the place of each slope and intercept among its item's free parameters, -1 where
    it is fixed or does not exist; equal places within an item are one parameter.
    """

    slot: IntArray
    free_mean: BoolArray
    free_sd: BoolArray

    @property
    def per_item(self) -> IntArray:
        """The number of free parameters of each item."""
        return np.asarray(self.slot.max(axis=(0, 2)) + 1, dtype=np.intp)

    @property
    def vector_index(self) -> IntArray:
        """The place of each slope and intercept in the vector of all free parameters, -1 where fixed."""
        start = np.concatenate([[0], np.cumsum(self.per_item)[:-1]])
        return np.where(self.slot >= 0, self.slot + start[None, :, None], -1)

    @property
    def n_parameters(self) -> int:
        """The number of free parameters, those of the trait distributions included."""
        return int(self.per_item.sum() + self.free_mean.sum() + self.free_sd.sum())


@dataclass
class State:
    """Parameters during estimation; beta (groups, items, 1 + K), means and sds (groups,)."""

    beta: FloatArray
    means: FloatArray
    sds: FloatArray


def pack(state: State, layout: Layout) -> FloatArray:
    """Return the vector of free parameters: items, then means, then logarithms of standard deviations."""
    index = layout.vector_index
    vector = np.empty(layout.n_parameters)
    vector[index[index >= 0]] = state.beta[index >= 0]
    n_means = int(layout.free_mean.sum())
    tail = len(vector) - n_means - int(layout.free_sd.sum())
    vector[tail : tail + n_means] = state.means[layout.free_mean]
    vector[tail + n_means :] = np.log(state.sds[layout.free_sd])
    return vector


def unpack(vector: FloatArray, layout: Layout, template: State) -> State:
    """Return the state of a vector of free parameters; what is fixed comes from `template`."""
    index = layout.vector_index
    beta, means, sds = template.beta.copy(), template.means.copy(), template.sds.copy()
    beta[index >= 0] = vector[index[index >= 0]]
    n_means = int(layout.free_mean.sum())
    tail = len(vector) - n_means - int(layout.free_sd.sum())
    means[layout.free_mean] = vector[tail : tail + n_means]
    sds[layout.free_sd] = np.exp(vector[tail + n_means :])
    return State(beta, means, sds)


def prior(nodes: FloatArray, mean: float, sd: float) -> FloatArray:
    """Return normal weights of the nodes, summing to one."""
    exponent = -0.5 * ((nodes - mean) / sd) ** 2
    weight = np.exp(exponent - exponent.max())
    return np.asarray(weight / weight.sum())


def posterior(
    pattern: GroupPatterns, beta: FloatArray, nodes: FloatArray, weights: FloatArray, n_codes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return each pattern's posterior over the nodes and its marginal log-likelihood."""
    _, probability = category_probabilities(beta, nodes)
    used = np.arange(probability.shape[1]) < n_codes[:, None]
    log_likelihood = pattern.one_hot @ np.log(probability[used])
    with np.errstate(divide="ignore"):
        log_likelihood += np.log(weights)
    top = log_likelihood.max(axis=1, keepdims=True)
    np.exp(log_likelihood - top, out=log_likelihood)
    total = log_likelihood.sum(axis=1, keepdims=True)
    log_likelihood /= total
    return log_likelihood, np.log(total[:, 0]) + top[:, 0]


@dataclass(frozen=True)
class Cycle:
    """What one expectation step gives: the log-likelihood at the old and the parameters of the new."""

    log_likelihood: float
    state: State


def em_cycle(
    state: State, layout: Layout, patterns: Sequence[GroupPatterns], nodes: FloatArray, n_codes: IntArray
) -> Cycle:
    """Run one expectation step and one maximisation step."""
    width = state.beta.shape[2]
    used = np.arange(width) < n_codes[:, None]
    expected = np.zeros((len(patterns), len(n_codes), width, len(nodes)))
    means, sds, total = state.means.copy(), state.sds.copy(), 0.0
    for g, pattern in enumerate(patterns):
        weights = prior(nodes, float(state.means[g]), float(state.sds[g]))
        share, loglik = posterior(pattern, state.beta[g], nodes, weights, n_codes)
        total += float(pattern.weights @ loglik)
        weighted = share * pattern.weights[:, None]
        expected[g][used] = pattern.one_hot.T @ weighted
        mass = weighted.sum(axis=0) / pattern.weights.sum()
        if layout.free_mean[g]:
            means[g] = np.clip(mass @ nodes, -_MAX_MEAN, _MAX_MEAN)
        if layout.free_sd[g]:
            sds[g] = np.clip(np.sqrt(mass @ (nodes - means[g]) ** 2), _MIN_SD, _MAX_SD)
    return Cycle(total, State(_item_step(state.beta, layout, nodes, expected), means, sds))


def _item_step(beta: FloatArray, layout: Layout, nodes: FloatArray, expected: FloatArray) -> FloatArray:
    """Return slopes and intercepts after one Fisher-scoring step, shortened where intercepts would change order."""
    gradient, information = expected_step(beta, nodes, expected)
    n_groups, n_items = beta.shape[:2]
    size = int(layout.per_item.max())
    # One slot more collects what is fixed or absent.
    slot = np.where(layout.slot >= 0, layout.slot, size)
    g, h = np.zeros((n_items, size + 1)), np.zeros((n_items, size + 1, size + 1))
    items = np.arange(n_items)[:, None]
    for group in range(n_groups):
        at = slot[group]
        np.add.at(g, (items, at), gradient[group])
        np.add.at(h, (items[:, :, None], at[:, :, None], at[:, None, :]), information[group])
    idle = np.arange(size)[None, :] >= layout.per_item[:, None]
    diagonal = np.arange(size)
    h[:, diagonal, diagonal] += np.where(idle, 1.0, 1e-8)
    step = np.zeros((n_items, size + 1))
    step[:, :size] = np.linalg.solve(h[:, :size, :size], g[:, :size, None])[:, :, 0]
    step[:, size] = 0.0
    step = np.clip(step, -2.0, 2.0)
    move = np.stack([step[items, slot[group]] for group in range(n_groups)])
    return _ordered_step(beta, move)


def _ordered_step(beta: FloatArray, move: FloatArray) -> FloatArray:
    share = np.ones(beta.shape[1])
    for _ in range(20):
        moved = beta + share[None, :, None] * move
        broken = ~admissible_items(moved)
        if not broken.any():
            return moved
        share[broken] /= 2
    share[broken] = 0.0
    return np.asarray(beta + share[None, :, None] * move)


def admissible_items(beta: FloatArray) -> BoolArray:
    """Return which items have intercepts in descending order and finite curves in every group."""
    intercepts = beta[..., 1:]
    exists = intercepts > ABSENT / 2
    gap_ok = (intercepts[..., :-1] - intercepts[..., 1:] > _MIN_GAP) | ~exists[..., 1:]
    bounded = (np.abs(intercepts) < _MAX_INTERCEPT) | ~exists
    return np.asarray((gap_ok.all(axis=-1) & bounded.all(axis=-1) & (np.abs(beta[..., 0]) < _MAX_SLOPE)).all(axis=0))


def admissible(state: State) -> bool:
    """Return whether all parameters are within what the curves allow."""
    sds_ok = bool(((state.sds >= _MIN_SD) & (state.sds <= _MAX_SD)).all())
    return sds_ok and bool((np.abs(state.means) <= _MAX_MEAN).all()) and bool(admissible_items(state.beta).all())


@dataclass(frozen=True)
class Estimate:
    """Where the iterations ended."""

    state: State
    log_likelihood: float
    iterations: int
    converged: bool


def maximize(
    start: State,
    layout: Layout,
    patterns: Sequence[GroupPatterns],
    nodes: FloatArray,
    n_codes: IntArray,
    *,
    tolerance: float,
    max_iterations: int,
) -> Estimate:
    """Iterate until no parameter moves by more than `tolerance` in one EM cycle.

    Anderson's method extrapolates from the last cycles; a step that lowers the likelihood is taken back.
    """
    x = pack(start, layout)
    history: list[tuple[FloatArray, FloatArray]] = []
    safe: FloatArray | None = None
    best = -np.inf
    for iteration in range(1, max_iterations + 1):
        cycle = em_cycle(unpack(x, layout, start), layout, patterns, nodes, n_codes)
        if safe is not None and not cycle.log_likelihood >= best - 1e-9 * abs(best):
            x, safe, history = safe, None, []
            continue
        best = max(best, cycle.log_likelihood)
        mapped = pack(cycle.state, layout)
        if np.abs(mapped - x).max(initial=0.0) < tolerance:
            return Estimate(cycle.state, cycle.log_likelihood, iteration, True)
        history = [*history[-_MEMORY:], (x, mapped)]
        trial = _extrapolated(history)
        usable = len(history) > 2 and admissible(unpack(trial, layout, start))
        x, safe = (trial, mapped) if usable else (mapped, None)
    return Estimate(unpack(x, layout, start), best, max_iterations, False)


def _extrapolated(history: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return Anderson's combination of the last mapped points (Walker & Ni 2011)."""
    points, mapped = np.array([x for x, _ in history]), np.array([m for _, m in history])
    residuals = mapped - points
    if len(history) < 2:
        return np.asarray(mapped[-1])
    weights = np.linalg.lstsq(np.diff(residuals, axis=0).T, residuals[-1], rcond=1e-10)[0]
    return np.asarray(mapped[-1] - weights @ np.diff(mapped, axis=0))
