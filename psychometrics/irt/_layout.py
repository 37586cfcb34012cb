"""What a calibration estimates and where it starts: the models, equality across groups, first values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from psychometrics._codes import IntArray
from psychometrics.irt._curves import ABSENT
from psychometrics.irt._family import GRADED, PARTIAL_CREDIT, Family
from psychometrics.irt._parameters import Layout, State
from psychometrics.irt._patterns import CodeMap, GroupPatterns

# The family of each model, and whether all its slopes are 1.
MODELS: dict[str, tuple[Family, bool]] = {
    "graded": (GRADED, False),
    "generalized_partial_credit": (PARTIAL_CREDIT, False),
    "partial_credit": (PARTIAL_CREDIT, True),
    "rasch": (PARTIAL_CREDIT, True),
}


def equality_sets(equal: npt.ArrayLike | bool, n_groups: int, n_items: int, name: str) -> IntArray:
    """Return, per group and item, a number that is the same where parameters are equal."""
    given = np.asarray(equal)
    if given.dtype.kind == "i" and given.shape == (n_groups, n_items):
        return given.astype(np.intp)
    if given.dtype != bool or given.shape not in ((), (n_items,)):
        raise ValueError(f"{name} must be true or false, a mask of the {n_items} items, or numbers (groups, items)")
    return np.where(np.broadcast_to(given, (n_items,)), 0, np.arange(n_groups)[:, None]).astype(np.intp)


def build_layout(slope_sets: IntArray, intercept_sets: IntArray, n_codes: IntArray, model: str) -> Layout:
    """Return which parameters are free and equal, and which trait distributions equality makes estimable."""
    family, one_slope = MODELS[model]
    n_groups, n_items = slope_sets.shape
    slot = np.full((n_groups, n_items, int(n_codes.max())), -1, dtype=np.intp)
    for item in range(n_items):
        place: dict[tuple[int, int], int] = {}
        for g in range(n_groups):
            if not one_slope:
                slot[g, item, 0] = place.setdefault((0, int(slope_sets[g, item])), len(place))
            for k in range(1, int(n_codes[item])):
                slot[g, item, k] = place.setdefault((k, int(intercept_sets[g, item])), len(place))
    free_mean, free_sd = np.zeros(n_groups, dtype=bool), np.zeros(n_groups, dtype=bool)
    free_mean[1:] = (intercept_sets[1:] == intercept_sets[0]).any()
    free_sd[1:] = (slope_sets[1:] == slope_sets[0]).any() or one_slope
    free_sd[0] = one_slope
    return Layout(family, slot, free_mean, free_sd)


def start_values(patterns: tuple[GroupPatterns, ...], code_map: CodeMap, model: str) -> State:
    """Return equal moderate slopes and intercepts that reproduce the proportions of codes over all groups."""
    family, one_slope = MODELS[model]
    counts = sum(pattern.one_hot.T @ pattern.weights for pattern in patterns)
    n_items, width = code_map.values.shape
    table = np.zeros((n_items, width))
    table[np.arange(width) < code_map.n_codes[:, None]] = counts
    exists = np.arange(1, width) < code_map.n_codes[:, None]
    slope = np.full(n_items, 1.0 if one_slope else 1.5)
    if family is GRADED:
        share = np.cumsum(table[:, ::-1], axis=1)[:, ::-1][:, 1:] / table.sum(axis=1, keepdims=True)
        # A logistic curve averaged over a normal trait is flatter by this factor (Demidenko 2004).
        intercepts = np.sqrt(1 + 0.346 * slope[:, None] ** 2) * logit(np.where(exists, share, 0.5))
    else:
        # A slope acts once per code here, so that many codes need a small one.
        slope = slope if one_slope else slope / (code_map.n_codes - 1)
        intercepts = np.log(np.where(exists, table[:, 1:], 1.0) / table[:, :1])
    beta = np.concatenate([slope[:, None], np.where(exists, intercepts, ABSENT)], axis=1)
    n_groups = len(patterns)
    return State(np.repeat(beta[None], n_groups, axis=0), np.zeros(n_groups), np.ones(n_groups))
