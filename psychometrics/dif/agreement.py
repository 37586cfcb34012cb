"""Which positions of the focal group items agree on: alone, as the mode of them all, and half of them at a time.

An item's shift errs for two reasons: the sample of people, whom all items share, and the item's own sampling error. How
far items lie apart is told by the second alone (`own_variances`).
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from psychometrics._codes import FloatArray, IntArray

# Shifts this close, in SDs of the trait, are practically alike however many people were asked. Half of the items
# shifted alike by so much move the score by about .02 SD, a fifth of the smallest difference that matters (.1).
_ALIKE = 0.05
# An item agrees with a position within so many of its own standard errors; a kernel this wide wastes a twentieth of
# the information when all items are alike (efficiency of Welsch's M-estimator at twice the SD).
_STANDARD_ERRORS = 2.0
# How many times their own spread the densest half of the items may lie apart and still count as one set.
_DIFFUSE = 1.5
# Beyond half an SD even items that differ a lot would be averaged in.
_WIDEST = 0.5
# Spread of the middle half of a normal distribution, in its SD.
_HALF_NORMAL_SPREAD = 0.378
# Half of the items are no set when chance moves them so far apart in one sample of a hundred only.
_ONE_SET = 0.01
_STEP = 0.01
GRID = np.linspace(-6.0, 6.0, 1201)


def half_of(n_items: int) -> int:
    """Return how many items have to agree: half of them; of three two, of four three, as two may agree by chance."""
    return max((n_items + 1) // 2, min(n_items - 1, 3))


def own_variances(covariance: FloatArray) -> FloatArray:
    """Return the sampling variance of each item's value apart from what all items share."""
    shared = np.median(covariance[~np.eye(len(covariance), dtype=bool)])
    return np.maximum(np.diag(covariance) - max(float(shared), 0.0), 1e-6)


def agreement_width(values: FloatArray, variances: FloatArray) -> FloatArray:
    """Return how far each value may lie from a position and still agree with it, given its own sampling variance.

    Two standard errors, so that the width shrinks as more people answer and small differences come apart. That some
    items are alike at all is an assumption which the densest half can refute: when even its values lie further apart
    than chance explains, there is no clean set, differences are diffuse, and the position is where they balance, for
    which the tolerance grows with their spread.
    """
    windows = _windows(values)
    densest = min(windows, key=lambda window: float(np.ptp(values[window])))
    # Twice the sampling variance, because six values often vary that much by chance alone.
    excess = max(float(values[densest].var() - 2 * variances[densest].mean()), 0.0) if len(densest) > 2 else 0.0
    diffuse = min(_DIFFUSE * np.sqrt(excess) / _HALF_NORMAL_SPREAD, _WIDEST)
    return np.asarray(np.sqrt(_STANDARD_ERRORS**2 * variances + max(_ALIKE, diffuse) ** 2))


def narrowed(width: FloatArray, variances: FloatArray, tolerance: float) -> FloatArray:
    """Return widths whose part beyond sampling error is at most a tolerance."""
    return np.asarray(np.minimum(width, np.sqrt(_STANDARD_ERRORS**2 * variances + tolerance**2)))


def support_at(values: FloatArray, width: FloatArray, at: FloatArray) -> FloatArray:
    """Return, for each position, how many values agree with it: each counts as a Gaussian kernel of its width."""
    support = np.zeros((*values.shape[:-1], len(at)))
    for item in range(values.shape[-1]):
        support += np.exp(-0.5 * ((values[..., item, None] - at) / width[item]) ** 2)
    return support


def modal_positions(values: FloatArray, width: FloatArray) -> FloatArray:
    """Return the position that most values (..., items) agree on, to a hundredth of an SD."""
    values = np.clip(values, GRID[0], GRID[-1])
    # No kernel pulls beyond the outermost values.
    near = GRID[(values.min() - _STEP <= GRID) & (values.max() + _STEP >= GRID)]
    return np.asarray(near[support_at(values, width, near).argmax(axis=-1)])


def agreeing_halves(values: FloatArray, variances: FloatArray) -> FloatArray:
    """Return, for every half of the items that may be one set, the weights (sets, items) that give its position.

    A set may be one when its values differ by no more than chance explains (Cochran 1954, test of homogeneity). If half
    of the items are free of differential functioning, the true position is that of one of these sets, as a rule: the
    union of their intervals covers it whatever the other items do (as Kang, Lee, Cai & Small 2022 do for instruments of
    which half are valid). Nothing is returned when no half agrees.
    """
    sets = [_weights(window, variances) for window in _windows(values) if may_be_one_set(window, values, variances)]
    return np.array(sets).reshape(len(sets), len(values))


def may_be_one_set(items: IntArray, values: FloatArray, variances: FloatArray) -> bool:
    """Tell whether chance explains how far apart the values of some items lie."""
    position = position_of(items, values, variances)
    return bool(chdtrc(len(items) - 1.0, float(((values[items] - position) ** 2 / variances[items]).sum())) >= _ONE_SET)


def position_of(items: IntArray, values: FloatArray, variances: FloatArray) -> float:
    """Return the position that some items put together, each weighing by its precision."""
    return float(_weights(items, variances) @ values)


def _weights(items: IntArray, variances: FloatArray) -> FloatArray:
    weights = np.zeros(len(variances))
    weights[items] = 1 / variances[items]
    return np.asarray(weights / weights.sum())


def _windows(values: FloatArray) -> list[IntArray]:
    """Return every half of the items whose values lie next to each other."""
    ordered, half = np.argsort(values), half_of(len(values))
    return [ordered[at : at + half] for at in range(len(values) - half + 1)]
