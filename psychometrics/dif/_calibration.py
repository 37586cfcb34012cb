"""Conditional calibration of some of the people, who need not have used all items and codes that others did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import MISSING, FloatArray
from psychometrics.irt.conditional import covariance_of, maximize, parameter_basis, threshold_matrix
from psychometrics.irt.conditional_likelihood import ScoreGroups, person_scores, score_groups


@dataclass(frozen=True)
class PartCalibration:
    """Items of one group of people; nan where the group gave too few codes to place a threshold."""

    thresholds: FloatArray
    thresholds_se: FloatArray
    log_likelihood: float
    groups: ScoreGroups | None
    easiness: FloatArray
    basis: FloatArray

    def scores(self) -> FloatArray:
        """Return each person's gradient of the log-likelihood with respect to the free parameters."""
        if self.groups is None:
            return np.zeros((0, 0))
        return person_scores(self.groups, self.easiness) @ self.basis


def calibrate_part(codes: npt.NDArray[np.int16], n_thresholds: int) -> PartCalibration:
    """Calibrate answers (from 0, -1 where missing) by conditional maximum likelihood.

    An item answered alike by everybody says nothing about the others and is left out; a code nobody gave has easiness
    -inf. Neither changes the likelihood's maximum.
    """
    lowest = np.where(codes == MISSING, np.iinfo(np.int16).max, codes).min(axis=0)
    kept = np.flatnonzero(codes.max(axis=0) > lowest)
    shape = (codes.shape[1], n_thresholds)
    thresholds, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    if len(kept) < 2:
        return PartCalibration(thresholds, errors, 0.0, None, np.zeros(0), np.zeros((0, 0)))
    own = codes[:, kept]
    groups = score_groups(np.where(own == MISSING, own, own - lowest[kept]).astype(np.int16))
    given = groups.counts > 0
    basis = np.zeros((len(given), int(given.sum()) - 1))
    basis[given] = parameter_basis(np.array([given.sum()]), "partial_credit")
    found = maximize(groups, basis)
    to_thresholds = threshold_matrix(groups)
    sound = ~(to_thresholds[:, ~given] != 0).any(axis=1)
    item = np.repeat(kept, groups.highest)[sound]
    step = (np.arange(len(given)) - np.repeat(groups.first - lowest[kept], groups.highest))[sound]
    thresholds[item, step] = to_thresholds[sound] @ np.where(given, found.easiness, 0.0)
    if found.converged:
        spread = to_thresholds[sound] @ covariance_of(found.information, basis) @ to_thresholds[sound].T
        errors[item, step] = np.sqrt(np.diag(spread))
    return PartCalibration(thresholds, errors, found.log_likelihood, groups, found.easiness, basis)
