"""
The steps of invariance for ordered answers: what each holds equal across groups, and what it frees in return.

Wu & Estabrook (2016), Psychometrika 81, 1014-1045. Equal thresholds give the response behind an item an origin and a
unit in every group, so its intercept and its scale become free in all groups but the first; equal loadings do so for
the factors' variances, equal intercepts for their means. An item with two categories has one threshold, which gives no
unit: nothing about it can be tested before loadings and intercepts are equal too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psychometrics._validation import Booleans, Integers
from psychometrics.confirmatory._parameters import Layout, renumbered

STEPS = ("configural", "thresholds", "loadings", "intercepts", "strict")


def step_layout(configural: Layout, used: Booleans, step: str, parameterisation: str) -> Layout:
    """
    Return the layout of a step from the one in which groups share nothing and responses have the scale 1.

    ``used`` (n_items, n_thresholds) says which thresholds there are. The step "strict" needs the theta
    parameterisation: under delta residual variances are no parameters.
    """
    level = STEPS.index(step)
    if level == 0:
        return configural
    free = {name: array.copy() for name, array in vars(configural.free).items()}
    binary = used.sum(axis=1) == 1
    free["thresholds"][1:] = free["thresholds"][:1]
    if level >= STEPS.index("loadings"):
        free["loadings"][1:] = free["loadings"][:1]
        for factor in _factors_with_unit(free["loadings"][0] > 0, binary, step):
            _release(free["factor_covariance"], free, (factor, factor))
    if step != "strict":
        name = "scales" if parameterisation == "delta" else "residual_covariance"
        for item in np.flatnonzero(~binary | (level >= STEPS.index("loadings"))).tolist():
            _release(free[name], free, (item,) if parameterisation == "delta" else (item, item))
    origin = "factor_means" if level >= STEPS.index("intercepts") else "intercepts"
    for at in range(free[origin].shape[1]):
        _release(free[origin], free, (at,))
    return Layout(renumbered(replace(configural.free, **free)), configural.values)


def _factors_with_unit(pattern: Booleans, binary: Booleans, step: str) -> list[int]:
    """Return the factors whose variance equal loadings tell: not those behind two-category items alone, at first."""
    if step == "loadings":
        return list(np.flatnonzero((pattern & ~binary[:, None]).any(axis=0)))
    return list(range(pattern.shape[1]))


def _release(numbers: Integers, free: dict[str, Integers], place: tuple[int, ...]) -> None:
    """Give an element its own number in every group but the first."""
    used = max(int(array.max(initial=0)) for array in free.values())
    for group in range(1, len(numbers)):
        numbers[(group, *place)] = used + group
