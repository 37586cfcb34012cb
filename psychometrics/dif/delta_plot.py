"""Angoff's delta plot: transformed item difficulties of two groups and their distance from the major axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from psychometrics._codes import BoolArray, FloatArray, as_codes, focal_indicator
from psychometrics._validation import Label, as_choice, as_proportion
from psychometrics.dif._matching import purify


@dataclass(frozen=True)
class DeltaPlot:
    """Delta-plot results; arrays of pairs hold the reference group first."""

    proportions: FloatArray
    deltas: FloatArray
    distance: FloatArray
    intercept: float
    slope: float
    threshold: float
    flagged: BoolArray
    anchors: BoolArray
    iterations: int
    converged: bool


def delta_plot(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    focal: Label,
    threshold: float | str = 1.5,
    significance: float = 0.05,
    purified: bool = False,
    max_iterations: int = 50,
) -> DeltaPlot:
    """Compare item difficulties of two groups without matching people.

    Parameters
    ----------
    responses : array_like of two consecutive codes, shape (n_people, n_items)
        nan where an answer is missing; each item uses everyone who answered it.
    groups, focal
        As in `mantel_haenszel`.
    threshold : float or "normal"
        Distance from which an item is flagged: 1.5 (Angoff & Ford 1973), or the normal quantile of the distances'
        spread at `significance` (Magis & Facon 2012).
    significance : float
        For ``threshold="normal"``.
    purified, max_iterations
        Fit the axis again without the flagged items.

    Returns
    -------
    DeltaPlot
        ``deltas``: 4 z + 13 of the proportion of the lower code; ``distance``: perpendicular, below 0 when the item is
        relatively harder for the focal group. A description: it takes items of different slopes for differing ones.

    Raises
    ------
    ValueError
        For more than two codes or groups, fewer than three items, an item that a group answered alike, or items that
        are all equally hard in a group.
    """
    if isinstance(threshold, str):
        as_choice(threshold, ("normal",), "threshold")
    coded = as_codes(responses)
    if coded.n_codes != 2:
        raise ValueError(f"delta_plot needs items with two codes; these have {coded.n_codes}")
    if coded.n_items < 3:
        raise ValueError(f"a line through {coded.n_items} items says nothing about them: give at least 3")
    group = focal_indicator(groups, len(coded.codes), focal)
    proportions = np.column_stack([_proportions(coded.codes[group == g]) for g in (0, 1)])
    if not ((proportions > 0) & (proportions < 1)).all():
        item = int(np.argmin(((proportions > 0) & (proportions < 1)).all(axis=1)))
        raise ValueError(f"item {item}: everybody in a group gave the same answer; its delta is infinite")
    deltas = 4 * ndtri(1 - proportions) + 13
    quantile = float(ndtri(1 - as_proportion(significance, "significance") / 2))

    def test(chosen: BoolArray) -> tuple[tuple[FloatArray, float, float, float], BoolArray]:
        intercept, slope = _major_axis(deltas[chosen])
        distance = (slope * deltas[:, 0] + intercept - deltas[:, 1]) / np.sqrt(slope**2 + 1)
        limit = threshold
        if isinstance(limit, str):
            limit = _spread(deltas[chosen], slope) * quantile
        return (distance, intercept, slope, limit), np.abs(distance) > limit

    final = purify(test, coded.n_items, enabled=purified, max_iterations=max_iterations)
    distance, intercept, slope, limit = final.result
    return DeltaPlot(
        proportions=proportions,
        deltas=deltas,
        distance=distance,
        intercept=intercept,
        slope=slope,
        threshold=limit,
        flagged=np.abs(distance) > limit,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged,
    )


def _proportions(codes: npt.NDArray[np.int16]) -> FloatArray:
    return np.asarray((codes == 1).sum(axis=0) / np.maximum((codes >= 0).sum(axis=0), 1))


def _major_axis(deltas: FloatArray) -> tuple[float, float]:
    (s0, cross), (_, s1) = np.cov(deltas.T)
    if abs(cross) < 1e-12:
        raise ValueError("the items' deltas do not vary together in the two groups, so no line lies along them")
    slope = (s1 - s0 + np.sqrt((s1 - s0) ** 2 + 4 * cross**2)) / (2 * cross)
    means = deltas.mean(axis=0)
    return float(means[1] - slope * means[0]), float(slope)


def _spread(deltas: FloatArray, slope: float) -> float:
    """Return the standard deviation of the perpendicular distances under normal deltas."""
    (s0, cross), (_, s1) = np.cov(deltas.T)
    return float(np.sqrt((slope**2 * s0 - 2 * slope * cross + s1) / (slope**2 + 1)))
