"""Data-driven anchor items: which items may be held equal to put two groups on one scale.

Only differences between items can be seen. A shift shared by all items is indistinguishable from a difference in the
trait, so every method needs an assumption. Both strategies here assume that the items free of differential functioning
are the largest set of items that agree with each other: not that they are the majority, that shifts average out to zero
or that the total score is fair. They hold when up to nearly half of the items are shifted in one direction, where
matching on the total score or holding all other items equal does not; they cannot hold, and nothing can, when the
shifted items agree with each other in larger number than the fair ones. Where as many items agree elsewhere,
`select_rival` finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from psychometrics._codes import BoolArray, FloatArray
from psychometrics.dif.agreement import (
    GRID,
    half_of,
    may_be_one_set,
    modal_positions,
    narrowed,
    position_of,
    support_at,
)
from psychometrics.dif.shifts import ItemShifts

# Where no half agrees, so much of the chosen position's support makes another position its rival: 10 items against 11,
# but not 5 against 6.
_AS_MANY = 0.9
# Diffuse differences widen what counts as agreeing, and would hide a rival: no further than this, in SDs of the trait.
_RIVAL_TOLERANCE = 0.2


@dataclass(frozen=True)
class AnchorChoice:
    """Anchor items, the nearest first, and the position they stand for.

    ``mean`` and ``sd`` place the focal group's trait on the reference group's scale; ``support`` is the number of items
    that agree with that position (a kernel count).
    """

    strategy: str
    items: tuple[int, ...]
    ranking: tuple[int, ...]
    mean: float
    sd: float
    support: float


def median_positions(values: FloatArray, width: FloatArray) -> FloatArray:
    """Return the median of values (..., items), interpolated between the two middle ones; wide items weigh less."""
    order = np.argsort(values, axis=-1)
    weights = (1 / width**2)[order]
    middle = (np.cumsum(weights, axis=-1) - weights / 2) / weights.sum(axis=-1, keepdims=True)
    ordered = np.take_along_axis(values, order, axis=-1)
    rows = zip(middle.reshape(-1, len(width)), ordered.reshape(-1, len(width)), strict=True)
    return np.array([np.interp(0.5, m, v) for m, v in rows]).reshape(values.shape[:-1])


def anchor_count(n_items: int) -> int:
    """Return how many anchors are taken: a third of the items."""
    return (n_items + 2) // 3


def select_by_mode(shifts: ItemShifts) -> AnchorChoice:
    """Choose a third of the items around the position that most items agree on.

    The position ignores, rather than averages over, items that differ (in the spirit of the alignment loss of
    Asparouhov & Muthen 2014 and of the inequality criterion of Strobl, Kopf, Kohler, von Oertzen & Zeileis 2021).
    """
    return _chosen("mode", shifts, float(modal_positions(shifts.shift, shifts.width)))


def select_by_median(shifts: ItemShifts) -> AnchorChoice:
    """Choose a third of the items around the median shift.

    Half of the items lie on either side, so that a minority cannot carry the position away, though it moves it towards
    itself within the spread of the others: with 5 of 11 items shifted one way at 300 + 300 people the impact comes out
    about a fifth too small. A second choice that disagrees for that reason is a warning, which is its purpose.
    """
    return _chosen("median", shifts, float(median_positions(shifts.shift, shifts.width)))


def select_rival(shifts: ItemShifts, choice: AnchorChoice) -> AnchorChoice | None:
    """Return another position that as many items agree on as on the chosen one.

    Where half of the items stand at the chosen position, its rival is a hill of support at which half of them stand
    too. Where none do, differences are diffuse, there may be several positions, and the mode and the median both lie in
    the middle, where few items or none are: they agree, and stand for nothing. Then a rival is a hill as high. None
    where the chosen position belongs to the one hill of support, or to by far the highest.
    """
    support = support_at(shifts.shift, _narrow(shifts), GRID)
    around = np.concatenate([[np.inf], support, [np.inf]])
    peaks = np.flatnonzero((support > around[:-2]) & (support >= around[2:]))
    own = peaks[np.abs(GRID[peaks] - choice.mean).argmin()]
    others = peaks[peaks != own]
    if _half_near(shifts, choice.mean) is not None:
        halves = [_half_near(shifts, float(GRID[peak])) for peak in others]
        as_many = [
            half is not None and abs(half - GRID[peak]) < abs(half - choice.mean)
            for half, peak in zip(halves, others, strict=True)
        ]
    else:
        as_many = (support[others] >= _AS_MANY * np.interp(choice.mean, GRID, support)).tolist()
    best = max(others[as_many], key=lambda peak: float(support[peak]), default=None)
    return None if best is None else _chosen("rival", shifts, float(GRID[best]))


def _half_near(shifts: ItemShifts, position: float) -> float | None:
    """Return where the half of the items nearest to a position stands, None if those are not one set."""
    nearest = np.argsort(np.abs(shifts.shift - position))[: half_of(len(shifts.shift))]
    if not may_be_one_set(nearest, shifts.shift, shifts.own_variance):
        return None
    return position_of(nearest, shifts.shift, shifts.own_variance)


def _narrow(shifts: ItemShifts) -> FloatArray:
    return narrowed(shifts.width, shifts.own_variance, _RIVAL_TOLERANCE)


def positions(choice: AnchorChoice, shifts: ItemShifts, values: FloatArray) -> FloatArray:
    """Return where a choice's strategy puts the focal group for other values (..., items) of the shifts."""
    if choice.strategy == "rival":
        near = np.exp(-0.5 * ((shifts.shift - choice.mean) / _narrow(shifts)) ** 2)
        return np.asarray(choice.mean + (values - shifts.shift) @ near / near.sum())
    return _POSITIONS[choice.strategy](values, shifts.width)


def _chosen(strategy: str, shifts: ItemShifts, position: float) -> AnchorChoice:
    """Choose items near a position that together stand for it: the nearest, then exchanged while that helps."""
    variance = np.diag(shifts.covariance)
    away = shifts.shift - position
    steeper = shifts.log_sd - np.log(shifts.sd)
    # A slope that differs moves the curve by that much one SD from the item's centre, and not at all in the centre.
    distance = away**2 + variance + (steeper**2 + shifts.log_sd_variance) / 4
    weights = 1 / (variance + 0.01)
    ranking = np.argsort(distance, kind="stable")
    # Of each item: its weight, its weighted distance to either side, its distance; a choice is judged by their sums.
    parts = np.stack([weights, weights * away, distance])
    inside = np.arange(len(ranking)) < anchor_count(len(ranking))
    cost = float(_anchor_cost(parts[:, ranking[inside]].sum(axis=1), inside.sum()))
    while True:
        chosen, others = ranking[inside], ranking[~inside]
        exchanged = parts[:, chosen].sum(axis=1)[:, None, None] - parts[:, chosen, None] + parts[:, None, others]
        trials = _anchor_cost(exchanged, len(chosen))
        if trials.size == 0 or trials.min() >= cost - 1e-12:
            break
        out, new = np.unravel_index(trials.argmin(), trials.shape)
        cost = float(trials[out, new])
        inside[np.isin(ranking, (chosen[out], others[new]))] ^= True
    items = ranking[inside].tolist()
    items.sort(key=lambda item: float(distance[item]))
    support = float(support_at(shifts.shift, shifts.width, np.array([position]))[0])
    return AnchorChoice(strategy, tuple(items), tuple(ranking.tolist()), position, shifts.sd, support)


def _anchor_cost(sums: FloatArray, n_items: int) -> FloatArray:
    """Return how ill items stand for a position: how far away together, and apart, from sums over them."""
    weights, away, distance = sums
    return np.asarray((away / weights) ** 2 + distance / n_items / 4)


def differing_items(shifts: ItemShifts, choice: AnchorChoice, covariance: FloatArray) -> BoolArray:
    """Return which items lie apart from the chosen position, in shift or spread, by a Wald test at .05; anchors never.

    ``covariance`` is that of the parameters of the calibration behind the shifts.
    """
    away = np.stack([shifts.shift - choice.mean, shifts.log_sd - np.log(choice.sd)], axis=1)
    both = np.stack([shifts.jacobian, shifts.log_sd_jacobian], axis=1)
    spread = np.einsum("iap,pq,ibq->iab", both, covariance, both, optimize=True)
    statistic = np.einsum("ia,iab,ib->i", away, np.linalg.pinv(spread, hermitian=True), away)
    apart = np.asarray(chdtrc(2.0, np.maximum(statistic, 0.0)) < 0.05)
    apart[list(choice.items)] = False
    return apart


# How a strategy finds the focal group's position from shifts (..., items) and their widths.
_POSITIONS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "mode": modal_positions,
    "median": median_positions,
}
