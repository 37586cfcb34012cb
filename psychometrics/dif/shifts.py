"""How far apart each item, alone, puts two groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from psychometrics._codes import FloatArray
from psychometrics.dif.agreement import agreement_width, modal_positions, own_variances
from psychometrics.irt._curves import ABSENT, expected_score_gradient, expected_scores
from psychometrics.irt._em import prior
from psychometrics.irt.calibration import Calibration

_LARGEST_SHIFT, _LARGEST_LOG_SD = 6.0, 1.5


@dataclass(frozen=True)
class ItemShifts:
    """Where each item, alone, says that the focal group's trait lies on the reference group's scale.

    ``shift`` is the distance of the means in SDs of the reference group's trait when the focal group's SD is ``sd``;
    ``log_sd`` each item's own logarithm of that SD. Covariance and Jacobians (items, parameters) are by the delta
    method; own variances leave out what all items share; widths say how far an item may lie from a position and still
    agree with it.
    """

    shift: FloatArray
    covariance: FloatArray
    own_variance: FloatArray
    jacobian: FloatArray
    width: FloatArray
    log_sd: FloatArray
    log_sd_variance: FloatArray
    log_sd_jacobian: FloatArray
    log_sd_width: FloatArray
    sd: float


def item_shifts(model: Calibration) -> ItemShifts:
    """Return each item's own estimate of the distance between two separately calibrated groups.

    Parameters
    ----------
    model : Calibration
        Two groups without any equality between them (each trait standard normal), with covariance.

    Returns
    -------
    ItemShifts
        For each item, mean and SD of the focal group are found at which the reference curve gives the same mean score
        and the same regression of the score on the trait as the focal curve does. The SD that most items agree on is
        then held, and the shifts are found again with it.
    """
    if len(model.group_labels) != 2 or model.layout.free_mean.any() or model.layout.free_sd.any():
        raise ValueError("item_shifts needs two groups calibrated without equality between them")
    if model.model != "graded":
        raise ValueError(f"item shifts are computed for the graded model; this calibration is {model.model}")
    equations = _Equations(model)
    own_shift, log_sd = equations.solve(np.zeros(equations.n_items), free_sd=True)
    sd_jacobian = equations.jacobian(own_shift, log_sd, free_sd=True)[1]
    sd_covariance = sd_jacobian @ model.covariance @ sd_jacobian.T
    sd_width = agreement_width(log_sd, own_variances(sd_covariance))
    common = float(modal_positions(log_sd, sd_width))
    shift, _ = equations.solve(np.full(equations.n_items, common), free_sd=False)
    jacobian = equations.jacobian(shift, np.full(equations.n_items, common), free_sd=False)[0]
    covariance = jacobian @ model.covariance @ jacobian.T
    own_variance = own_variances(covariance)
    return ItemShifts(
        shift=shift,
        covariance=covariance,
        own_variance=own_variance,
        jacobian=jacobian,
        width=agreement_width(shift, own_variance),
        log_sd=log_sd,
        log_sd_variance=np.diag(sd_covariance),
        log_sd_jacobian=sd_jacobian,
        log_sd_width=sd_width,
        sd=float(np.exp(common)),
    )


class _Equations:
    """Mean score, and score times trait, of the focal group: equal under both curves at an item's own mean and SD."""

    def __init__(self, model: Calibration) -> None:
        self._model, self._beta, self._values = model, model.state.beta, model.code_values
        self._weights = prior(model.nodes, 0.0, 1.0)
        self._moments = np.stack([self._weights, self._weights * model.nodes])
        self._target = expected_scores(self._beta[1], model.nodes, self._values) @ self._moments.T
        self.n_items = len(self._values)

    def solve(self, log_sd: FloatArray, *, free_sd: bool) -> tuple[FloatArray, FloatArray]:
        """Return shift and log SD of each item by Newton's method; items without a solution end at the bounds."""
        shift = np.zeros(self.n_items)
        for _ in range(60):
            gap, slope = self._gap(shift, log_sd)
            if not free_sd:
                slope[:, 0, 1] = slope[:, 1, 0] = gap[:, 1] = 0.0
                slope[:, 1, 1] = 1.0
            step = np.clip(np.einsum("iab,ib->ia", np.linalg.pinv(slope, rcond=1e-6), gap), -0.5, 0.5)
            shift = np.clip(shift - step[:, 0], -_LARGEST_SHIFT, _LARGEST_SHIFT)
            log_sd = np.clip(log_sd - step[:, 1], -_LARGEST_LOG_SD, _LARGEST_LOG_SD)
            if np.abs(step).max() < 1e-10:
                break
        return shift, log_sd

    def _gap(self, shift: FloatArray, log_sd: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the two differences of each item and their derivatives by shift and log SD."""
        at = shift[:, None] + np.exp(log_sd)[:, None] * self._model.nodes
        beta = self._beta[0]
        above = expit(beta[:, :1, None] * at[:, None] + beta[:, 1:, None])
        steps = np.where(beta[:, 1:] > ABSENT / 2, np.diff(self._values, axis=1), 0.0)[:, :, None]
        score = self._values[:, :1] + (steps * above).sum(axis=1)
        speed = beta[:, :1] * (steps * above * (1 - above)).sum(axis=1)
        by_log_sd = speed * (at - shift[:, None])
        slope = np.stack([speed @ self._moments.T, by_log_sd @ self._moments.T], axis=2)
        return score @ self._moments.T - self._target, slope

    def jacobian(self, shift: FloatArray, log_sd: FloatArray, *, free_sd: bool) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of shift and log SD by the model's parameters (implicit function theorem)."""
        _, slope = self._gap(shift, log_sd)
        size, index = self._model.layout.n_parameters, self._model.layout.vector_index
        result = np.zeros((2, self.n_items, size))
        for item in range(self.n_items):
            at = shift[item] + np.exp(log_sd[item]) * self._model.nodes
            there = self._moments @ expected_score_gradient(self._beta[0, item], at, self._values[item])
            here = self._moments @ expected_score_gradient(self._beta[1, item], self._model.nodes, self._values[item])
            own = slope[item] if free_sd else np.diag([_away_from_zero(slope[item, 0, 0]), 0.0])
            inverse = np.linalg.pinv(own, rcond=1e-3)
            for group, gradient in ((0, -there), (1, here)):
                free = index[group, item] >= 0
                result[:, item, index[group, item][free]] += (inverse @ gradient)[:, free]
        return result[0], result[1]


def _away_from_zero(value: float) -> float:
    return float(np.copysign(max(abs(value), 1e-3), value))
