"""Item parameters of each group on its own, with their covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray, IntArray
from psychometrics._validation import Label, as_choice
from psychometrics.irt._covariance import information
from psychometrics.irt._em import maximize
from psychometrics.irt._parameters import State, pack
from psychometrics.irt.calibration import Calibration, calibrate


@dataclass(frozen=True)
class ItemParameters:
    """Slopes and difficulties of each group, each on a scale of its own; the reference group comes first.

    ``slopes`` (groups, items), ``difficulties`` (groups, items, codes - 1), nan where an item has fewer codes,
    ``covariance`` (groups, items, codes, items, codes) of all slopes and difficulties, in this order within an item,
    zero for what is fixed. P(code >= k) = logistic(slope (trait - difficulty_k)).
    """

    group_labels: tuple[Label, ...]
    n: IntArray
    slopes: FloatArray
    difficulties: FloatArray
    covariance: FloatArray
    model: str
    converged: bool

    @property
    def vectors(self) -> FloatArray:
        """Slope, then difficulties, of each group and item."""
        return np.concatenate([self.slopes[:, :, None], self.difficulties], axis=2)


def group_item_parameters(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    reference: Label,
    model: str = "2PL",
    trait_sd: float | None = None,
    minimum_count: int = 1,
    tolerance: float = 1e-6,
) -> ItemParameters:
    """Calibrate each group on its own.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: the person's other answers are used (right when answers are missing at random).
    groups : array_like, shape (n_people,)
        Two or more labels; people without one are left out.
    reference : label
        The group whose scale the others are put on.
    model : {"2PL", "1PL"}
        With more than two codes the graded model. ``2PL``: each item its slope, the trait standard normal in each
        group. ``1PL``: all slopes 1, for items with two codes.
    trait_sd : float, optional
        With ``1PL``: standard deviation of the trait in every group. Default: estimated in each. Fixing it is wrong
        unless items discriminate like this; difR fixes it at 1.
    minimum_count : int
        Codes that fewer people of some group gave are merged with a neighbour.
    tolerance : float
        Largest movement of a parameter in one cycle at convergence.

    Returns
    -------
    ItemParameters
        Covariances from the observed information (2PL: by the delta method, as difficulty is -intercept / slope).

    Raises
    ------
    ValueError
        As `calibrate`; for an unknown model, or `trait_sd` with the 2PL.

    References
    ----------
    Lord (1980), Applications of Item Response Theory to Practical Testing Problems, chapter 14.
    """
    as_choice(model, ("2PL", "1PL"), "model")
    if trait_sd is not None and (model == "2PL" or trait_sd <= 0):
        raise ValueError("trait_sd is a positive number, for model='1PL' only: the 2PL has unit variance in each group")
    calibrated = calibrate(
        responses, groups, reference=reference, model="rasch" if model == "1PL" else "graded",
        covariance="none" if trait_sd else "observed", minimum_count=minimum_count, tolerance=tolerance,
    )  # fmt: skip
    if trait_sd is not None:
        calibrated = _with_fixed_spread(calibrated, trait_sd, tolerance)
    slopes, intercepts = calibrated.slopes, calibrated.intercepts
    difficulties = -intercepts / slopes[:, :, None]
    return ItemParameters(
        calibrated.group_labels, calibrated.n, slopes, difficulties, _covariance(calibrated, difficulties), model,
        calibrated.converged,
    )  # fmt: skip


def _with_fixed_spread(start: Calibration, sd: float, tolerance: float) -> Calibration:
    """Return the calibration in which every group's trait has this standard deviation."""
    layout = replace(start.layout, free_sd=np.zeros_like(start.layout.free_sd))
    state = State(start.state.beta, start.means, np.full(len(start.sds), sd))
    setting = (layout, start.patterns, start.nodes, start.codes.n_codes)
    found = maximize(state, *setting, tolerance=tolerance, max_iterations=500)
    beta = found.state.beta
    return replace(
        start,
        intercepts=np.where(np.isnan(start.intercepts), np.nan, beta[:, :, 1:]),
        sds=found.state.sds,
        covariance=np.asarray(np.linalg.inv(information(found.state, *setting, kind="observed"))),
        converged=found.converged,
        layout=layout,
        estimate=pack(found.state, layout),
    )


def _covariance(calibrated: Calibration, difficulties: FloatArray) -> FloatArray:
    """Return the covariance of slopes and difficulties, from that of slopes and intercepts by the delta method."""
    n_groups, n_items, width = calibrated.layout.vector_index.shape
    index = calibrated.layout.vector_index.reshape(n_groups, n_items * width)
    free = index >= 0
    cross = calibrated.covariance[index[:, :, None], index[:, None, :]]
    cross = np.where(free[:, :, None] & free[:, None, :], cross, 0.0)
    local = np.zeros((n_groups, n_items, width, width))
    local[..., 0, 0] = 1.0
    slopes = calibrated.slopes[:, :, None]
    local[..., 1:, 0] = np.nan_to_num(-difficulties / slopes)
    at = np.arange(1, width)
    local[..., at, at] = -1 / slopes
    jacobian = np.einsum("ij,giab->giajb", np.eye(n_items), local).reshape(cross.shape)
    covariance = jacobian @ cross @ np.swapaxes(jacobian, 1, 2)
    return np.asarray(covariance.reshape(n_groups, n_items, width, n_items, width))
