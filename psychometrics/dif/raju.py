"""Raju's areas between the curves of an item in two groups calibrated apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import as_choice, as_proportion
from psychometrics.dif._linking import Linked, linked
from psychometrics.dif._matching import checked_anchors, purify
from psychometrics.dif.item_parameters import ItemParameters

# Below this a variance, in squared units of the trait, is a rounding error.
_NO_VARIANCE = 1e-14


@dataclass(frozen=True)
class RajuAreas:
    """Areas in units of the reference group's trait, one entry per item; `p` and `flagged` are those of `kind`."""

    n: IntArray
    kind: str
    signed_area: FloatArray
    signed_se: FloatArray
    signed_z: FloatArray
    unsigned_area: FloatArray
    unsigned_se: FloatArray
    unsigned_z: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    flagged: BoolArray
    parameters: ItemParameters
    anchors: BoolArray
    iterations: int
    converged: bool


def raju_areas(
    parameters: ItemParameters,
    *,
    kind: str = "unsigned",
    link_error: bool = True,
    anchors: npt.ArrayLike | None = None,
    purified: bool = False,
    significance: float = 0.05,
    max_iterations: int = 50,
) -> RajuAreas:
    """Measure and test the area between the curves of the two groups, for items with two codes.

    Parameters
    ----------
    parameters : ItemParameters
        Of two groups, from `group_item_parameters`.
    kind : {"unsigned", "signed"}
        The area that flags items and steers purification. Where curves cross, parts of the signed area cancel.
    link_error, anchors, purified, significance, max_iterations
        As in `lord_dif`.

    Returns
    -------
    RajuAreas
        ``signed_area``: focal difficulty minus reference difficulty; above 0, the item is harder for the focal group.
        ``unsigned_z`` keeps the sign of Raju's H, of which the unsigned area is the absolute value. With equal slopes
        (1PL) both areas are the same but for the sign. Tests are normal and two-sided.

    Raises
    ------
    ValueError
        For other than two groups, or items with more than two codes (see `response_function_differences`).

    Notes
    -----
    At .05 the signed area rejects 4.5 to 5 % of fair items (20 of two codes, 400 + 400 people, means equal or half an
    SD apart), the unsigned one 8 to 10 %, for near zero it is not normal: `lord_dif` holds its level.

    References
    ----------
    Raju (1988), Psychometrika, 53, 495-502; Raju (1990), Applied Psychological Measurement, 14, 197-207.
    """
    as_choice(kind, ("unsigned", "signed"), "kind")
    as_proportion(significance, "significance")
    if len(parameters.n) != 2:
        raise ValueError(f"areas lie between two groups; the parameters are of {len(parameters.n)}")
    if parameters.difficulties.shape[2] != 1:
        raise ValueError("raju_areas needs items with two codes (see response_function_differences for more)")
    n_items = parameters.slopes.shape[1]

    def test(chosen: BoolArray) -> tuple[Linked, BoolArray]:
        placed = linked(parameters, chosen, link_error=link_error)
        area, se = _area(placed, kind)
        return placed, _p_value(area / se) < significance

    fixed = checked_anchors(anchors, n_items)
    final = purify(test, n_items, enabled=purified, max_iterations=max_iterations, start=fixed)
    signed, signed_se = _area(final.result, "signed")
    unsigned, unsigned_se = _area(final.result, "unsigned")
    z = {"signed": signed / signed_se, "unsigned": unsigned / unsigned_se}
    p = _p_value(z[kind])
    return RajuAreas(
        n=parameters.n,
        kind=kind,
        signed_area=signed,
        signed_se=signed_se,
        signed_z=z["signed"],
        unsigned_area=np.abs(unsigned),
        unsigned_se=unsigned_se,
        unsigned_z=z["unsigned"],
        p=p,
        p_adjusted=benjamini_hochberg(p),
        flagged=p < significance,
        parameters=final.result.parameters,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged and parameters.converged,
    )


def _p_value(z: FloatArray) -> FloatArray:
    return np.asarray(2 * ndtr(-np.abs(z)))


def _area(placed: Linked, kind: str) -> tuple[FloatArray, FloatArray]:
    """Return the signed area, or Raju's H, and its standard error by the delta method."""
    (a0, a1), (b0, b1) = placed.parameters.slopes, placed.parameters.difficulties[:, :, 0]
    shift, flatter = b1 - b0, 1 / a0 - 1 / a1
    if kind == "signed" or np.allclose(flatter, 0):
        value, by_slope, by_shift = shift, (np.zeros_like(a0), np.zeros_like(a1)), np.ones_like(shift)
    else:
        # Raju (1988), equation 11, and its derivatives (1990); where slopes are equal y is infinite, H its limit.
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.where(flatter == 0, np.inf, shift / flatter)
            softplus, share = np.logaddexp(0, y), expit(y)
            value = np.where(np.isinf(y), shift, 2 * flatter * softplus - shift)
            curvature = np.where(np.isinf(y), 0.0, 2 * (softplus - y * share))
        by_slope, by_shift = (-curvature / a0**2, curvature / a1**2), 2 * share - 1
    gradient = np.stack([by_slope[0], -by_shift, by_slope[1], by_shift], axis=-1)
    covariance = placed.covariance.reshape(len(gradient), 4, 4)
    variance = np.einsum("ia,iab,ib->i", gradient, covariance, gradient)
    # The link sets where two anchors lie, however they were estimated: their distance has no error and no test.
    return value, np.sqrt(np.where(variance > _NO_VARIANCE, variance, np.nan))
