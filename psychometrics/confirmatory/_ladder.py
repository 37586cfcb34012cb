"""The layouts of the ladder of measurement invariance: each step holds more equal across groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psychometrics._validation import Floats, Integers
from psychometrics.confirmatory._parameters import Layout, Matrices, each, renumbered

STEPS = ("configural", "metric", "scalar", "strict", "means")
# What each step adds to the equalities of the step before.
MATRIX_OF = {"metric": "loadings", "scalar": "intercepts", "strict": "residual_covariance"}

Place = tuple[str, tuple[int, ...]]


def step_layout(
    configural: Layout, step: str, freed: Sequence[Place] = (), *, start: Matrices[Floats] | None = None
) -> Layout:
    """
    Return the layout of a step, given that in which every group has its own parameters, starting from other estimates.

    Metric: loadings are equal, so factor variances are free after the first group. Scalar: intercepts are equal too,
    so factor means are free after the first group. Strict: residual variances are equal too. Means: so are factor
    means. ``freed`` elements, (matrix, (group, ...)), keep a parameter of their own.
    """
    height = STEPS.index(step)
    free = {name: array.copy() for name, array in vars(configural.free).items()}
    fresh = configural.n_parameters + 1
    if height >= 1:
        free["loadings"] = _shared(free["loadings"])
        fresh = _free_fixed_variances(free["factor_covariance"], fresh)
    if height >= 2:
        free["intercepts"] = _shared(free["intercepts"])
    if 2 <= height < 4:
        later = free["factor_means"][1:]
        later[:] = np.arange(later.size).reshape(later.shape) + fresh
        fresh += later.size
    if height >= 3:
        own = np.arange(free["residual_covariance"].shape[1])
        free["residual_covariance"][:, own, own] = _shared(free["residual_covariance"][:, own, own])
    for number, (name, place) in enumerate(freed, start=fresh):
        if free[name][place] > 0:
            free[name][place] = number
    numbers = renumbered(Matrices(**free))
    fixed, other = configural.values, configural.values if start is None else start
    return Layout(numbers, each(_where_free, numbers, fixed, other))


def _where_free(numbers: Integers, fixed: Floats, free: Floats) -> Floats:
    return np.where(numbers > 0, free, fixed)


def _shared(numbers: Integers) -> Integers:
    return np.where(numbers > 0, numbers[:1], 0)


def _free_fixed_variances(numbers: Integers, fresh: int) -> int:
    """Free the factor variances that were fixed after the first group; return the next unused number."""
    for group in range(1, len(numbers)):
        for factor in np.flatnonzero(np.diag(numbers[group]) == 0):
            numbers[group, factor, factor] = fresh
            fresh += 1
    return fresh
