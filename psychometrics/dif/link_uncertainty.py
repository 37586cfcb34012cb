"""What remains open about where the focal group lies, and with it about the impact of differential functioning.

Sampling error around the chosen position is not all: other positions may be borne out as well. Where half of the items
may be free of differential functioning at several places, each of these is possible. Where no half of them agrees, the
position is a balance of items that all differ, and another set of such items would balance elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import ndtri, stdtrit

from psychometrics._codes import FloatArray
from psychometrics.dif.agreement import agreeing_halves
from psychometrics.dif.anchors import AnchorChoice
from psychometrics.dif.impact import Interval, ScoreImpact, moved
from psychometrics.dif.shifts import ItemShifts
from psychometrics.irt._curves import expected_scores
from psychometrics.irt._em import prior
from psychometrics.irt.calibration import Calibration

_STEP = 0.01


def with_link_uncertainty(
    impact: ScoreImpact, model: Calibration, shifts: ItemShifts, choice: AnchorChoice
) -> ScoreImpact:
    """Return an impact whose signed intervals contain what the choice of a position leaves open.

    Parameters
    ----------
    impact : ScoreImpact
        From a comparison linked by `choice`; its interval contains sampling error alone.
    model : Calibration
        The separate calibrations behind `shifts`.
    shifts : ItemShifts
    choice : AnchorChoice

    Returns
    -------
    ScoreImpact
        The signed interval is the union of the given one with the intervals (delta method) at the position of every
        half of the items that may be one set (`agreement.agreeing_halves`): it covers the truth if half of the items
        are free of differential functioning, also where differences are too small to be told from chance. If no half
        agrees, the union is with the position plus or minus its linking error, the spread of the shifts over the root
        of their number (Monseur & Berezner 2007), by Student's t: differences are taken as drawn from many items.
    """
    z = float(ndtri(0.5 + impact.confidence / 2))
    halves = agreeing_halves(shifts.shift, shifts.own_variance)
    if len(halves):
        ends = np.array([_at_half(weights, model, shifts, z) for weights in halves])
    else:
        n_items = len(shifts.shift)
        error = float(
            np.std(shifts.shift, ddof=1) / np.sqrt(n_items) * stdtrit(n_items - 1, 0.5 + impact.confidence / 2)
        )
        ends = np.array([_item_impacts(model, choice.mean + end, shifts.sd).sum() for end in (-error, error)])
    signed = _widened(impact.signed, ends)
    return replace(impact, signed=signed, signed_sd=_per(signed, impact.scale_sd))


def _at_half(weights: FloatArray, model: Calibration, shifts: ItemShifts, z: float) -> tuple[float, float]:
    """Return the interval of the impact when the position is a weighted mean of the shifts."""
    position = float(weights @ shifts.shift)
    below, above = (_item_impacts(model, position + step, shifts.sd) for step in (-_STEP, _STEP))
    slopes = (above - below) / (2 * _STEP)
    # An item's score moves with the position, and with its own shift the other way.
    gradient = slopes.sum() * weights - slopes
    half = z * float(np.sqrt(gradient @ shifts.covariance @ gradient))
    centre = float((above + below).sum() / 2)
    return centre - half, centre + half


def _item_impacts(model: Calibration, position: float, sd: float) -> FloatArray:
    """Return the signed impact of each item when the focal group lies at a position."""
    state = moved(model.state, position, sd)
    curves = expected_scores(state.beta, model.nodes, model.code_values)
    return np.asarray((curves[1] - curves[0]) @ prior(model.nodes, position, sd))


def _widened(interval: Interval, ends: FloatArray) -> Interval:
    return Interval(interval.value, min(interval.lower, float(ends.min())), max(interval.upper, float(ends.max())))


def _per(interval: Interval, unit: float) -> Interval:
    return Interval(interval.value / unit, interval.lower / unit, interval.upper / unit)
