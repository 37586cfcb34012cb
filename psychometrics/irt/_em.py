"""Marginal maximum likelihood by EM (Bock & Aitkin 1981), one Fisher-scoring step per cycle, Anderson-accelerated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.irt._family import Family
from psychometrics.irt._parameters import Layout, State, pack, unpack
from psychometrics.irt._patterns import GroupPatterns

_MEMORY = 6
_MIN_SD, _MAX_SD, _MAX_MEAN, _NEWTON_STEPS = 0.05, 5.0, 5.0, 8
# People are taken in blocks of this size, so that what passes between two matrix products stays in the cache.
_BLOCK = 512
# Nodes that hold less of a block's people than this are left out of its next cycle, with some to spare.
_NEGLIGIBLE, _SPARE = 1e-8, 2
# Above this many patterns the first cycles run on a part of them: it says all but the last digits.
_LARGE, _ENOUGH = 10_000, 10


def prior(nodes: FloatArray, mean: float, sd: float) -> FloatArray:
    """Return normal weights of the nodes, summing to one."""
    exponent = -0.5 * ((nodes - mean) / sd) ** 2
    weight = np.exp(exponent - exponent.max())
    return np.asarray(weight / weight.sum())


def posterior(one_hot: npt.NDArray[Any], log_curves: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each pattern's posterior over the nodes and its marginal log-likelihood."""
    log_likelihood = one_hot.astype(np.float64, copy=False) @ log_curves
    with np.errstate(divide="ignore"):
        log_likelihood += np.log(weights)
    top = log_likelihood.max(axis=1, keepdims=True)
    log_likelihood -= top
    np.exp(log_likelihood, out=log_likelihood)
    total = log_likelihood.sum(axis=1, keepdims=True)
    log_likelihood /= total
    return log_likelihood, np.log(total[:, 0]) + top[:, 0]


@dataclass(frozen=True)
class Expectation:
    """Expected numbers of people per cell and node and per node, the log-likelihood, each block's nodes that matter."""

    cells: FloatArray
    mass: FloatArray
    log_likelihood: float
    windows: list[slice]


def expectation(
    pattern: GroupPatterns, log_curves: FloatArray, weights: FloatArray, windows: Sequence[slice]
) -> Expectation:
    """Run the expectation step of one group.

    Patterns are sorted by score, so that each block of them needs only the nodes near it: those of `windows`, which the
    last cycle found, or all nodes where it is empty. What is left out sums to less than a millionth of a person.
    """
    cells, mass, total, found = np.zeros_like(log_curves), np.zeros(len(weights)), 0.0, []
    for at, start in enumerate(range(0, len(pattern.weights), _BLOCK)):
        block = slice(start, start + _BLOCK)
        window = windows[at] if windows else slice(0, len(weights))
        one_hot = pattern.one_hot[block].astype(np.float64)
        share, log_likelihood = posterior(one_hot, log_curves[:, window], weights[window])
        share *= pattern.weights[block, None]
        cells[:, window] += one_hot.T @ share
        here = share.sum(axis=0)
        mass[window] += here
        total += float(pattern.weights[block] @ log_likelihood)
        matter = window.start + np.flatnonzero(here > _NEGLIGIBLE)
        found.append(slice(max(int(matter[0]) - _SPARE, 0), int(matter[-1]) + _SPARE + 1))
    return Expectation(cells, mass, total, found)


@dataclass(frozen=True)
class Cycle:
    """What one expectation step gives: the log-likelihood at the old and the parameters of the new."""

    log_likelihood: float
    state: State
    windows: list[list[slice]]


def em_cycle(
    state: State,
    layout: Layout,
    patterns: Sequence[GroupPatterns],
    nodes: FloatArray,
    n_codes: IntArray,
    windows: Sequence[Sequence[slice]],
) -> Cycle:
    """Run one expectation step and one maximisation step."""
    width = state.beta.shape[2]
    used = np.arange(width) < n_codes[:, None]
    expected = np.zeros((len(patterns), len(n_codes), width, len(nodes)))
    means, sds, total = state.means.copy(), state.sds.copy(), 0.0
    found = []
    for g, pattern in enumerate(patterns):
        weights = prior(nodes, float(state.means[g]), float(state.sds[g]))
        log_curves = layout.family.log_curves(state.beta[g], nodes, n_codes)
        step = expectation(pattern, log_curves, weights, windows[g])
        expected[g][used] = step.cells
        total += step.log_likelihood
        found.append(step.windows)
        mass = step.mass / pattern.weights.sum()
        free = np.array([layout.free_mean[g], layout.free_sd[g]])
        if free.any():
            means[g], sds[g] = _distribution_step(nodes, mass, float(means[g]), float(sds[g]), free)
    return Cycle(total, State(_item_step(state.beta, layout, nodes, expected), means, sds), found)


def _distribution_step(
    nodes: FloatArray, mass: FloatArray, mean: float, sd: float, free: BoolArray
) -> tuple[float, float]:
    """Return the mean and SD under which nodes are expected to hold what they do, by Newton's method.

    On a grid of nodes they are not quite the mean and SD of what the nodes hold: with those the likelihood could fall.
    """
    for _ in range(_NEWTON_STEPS):
        weights, z = prior(nodes, mean, sd), (nodes - mean) / sd
        terms = np.array([z / sd, z**2])[free]
        centred = terms - (terms @ weights)[:, None]
        information = (centred * weights) @ centred.T + 1e-9 * np.eye(len(terms))
        step = np.zeros(2)
        step[free] = np.clip(np.linalg.solve(information, terms @ (mass - weights)), -0.5, 0.5)
        mean = float(np.clip(mean + step[0], -_MAX_MEAN, _MAX_MEAN))
        sd = float(np.clip(sd * np.exp(step[1]), _MIN_SD, _MAX_SD))
        if np.abs(step).max() < 1e-9:
            break
    return mean, sd


def _item_step(beta: FloatArray, layout: Layout, nodes: FloatArray, expected: FloatArray) -> FloatArray:
    """Return slopes and intercepts after one Fisher-scoring step, shortened where it would leave what curves allow."""
    gradient, information = layout.family.expected_step(beta, nodes, expected)
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
    return _admissible_step(beta, move, layout.family)


def _admissible_step(beta: FloatArray, move: FloatArray, family: Family) -> FloatArray:
    share = np.ones(beta.shape[1])
    for _ in range(20):
        moved = beta + share[None, :, None] * move
        broken = ~family.admissible_items(moved)
        if not broken.any():
            return moved
        share[broken] /= 2
    share[broken] = 0.0
    return np.asarray(beta + share[None, :, None] * move)


def admissible(state: State, family: Family) -> bool:
    """Return whether all parameters are within what the curves allow."""
    sds_ok = bool(((state.sds >= _MIN_SD) & (state.sds <= _MAX_SD)).all())
    return sds_ok and bool((np.abs(state.means) <= _MAX_MEAN).all()) and bool(family.admissible_items(state.beta).all())


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
    part = _part(patterns)
    if part:
        start = maximize(start, layout, part, nodes, n_codes, tolerance=1e-2, max_iterations=20).state
    x = pack(start, layout)
    history: list[tuple[FloatArray, FloatArray]] = []
    safe: FloatArray | None = None
    best = -np.inf
    windows: list[list[slice]] = [[] for _ in patterns]
    for iteration in range(1, max_iterations + 1):
        cycle = em_cycle(unpack(x, layout, start), layout, patterns, nodes, n_codes, windows)
        if safe is not None and not cycle.log_likelihood >= best - 1e-9 * abs(best):
            x, safe, history = safe, None, []
            continue
        best, windows = max(best, cycle.log_likelihood), cycle.windows
        mapped = pack(cycle.state, layout)
        if np.abs(mapped - x).max(initial=0.0) < tolerance:
            return Estimate(cycle.state, cycle.log_likelihood, iteration, True)
        history = [*history[-_MEMORY:], (x, mapped)]
        trial = _extrapolated(history)
        usable = len(history) > 2 and admissible(unpack(trial, layout, start), layout.family)
        x, safe = (trial, mapped) if usable else (mapped, None)
    return Estimate(unpack(x, layout, start), best, max_iterations, False)


def _part(patterns: Sequence[GroupPatterns]) -> list[GroupPatterns]:
    """Return a few thousand patterns for the first cycles; none where that is not worth it or loses a rare code."""
    if sum(len(pattern.weights) for pattern in patterns) <= _LARGE:
        return []
    part = [pattern.part(_LARGE // (2 * len(patterns))) for pattern in patterns]
    return part if all(pattern.one_hot.sum(axis=0).min() >= _ENOUGH for pattern in part) else []


def _extrapolated(history: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return Anderson's combination of the last mapped points (Walker & Ni 2011)."""
    points, mapped = np.array([x for x, _ in history]), np.array([m for _, m in history])
    residuals = mapped - points
    if len(history) < 2:
        return np.asarray(mapped[-1])
    weights = np.linalg.lstsq(np.diff(residuals, axis=0).T, residuals[-1], rcond=1e-10)[0]
    return np.asarray(mapped[-1] - weights @ np.diff(mapped, axis=0))
