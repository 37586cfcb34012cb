"""Puts the item parameters of groups calibrated apart on the scale of the first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psychometrics._codes import BoolArray, FloatArray
from psychometrics.dif.item_parameters import ItemParameters


@dataclass(frozen=True)
class Linked:
    """Parameters of all groups on one scale, and the covariance (items, groups, codes, groups, codes) of each item."""

    parameters: ItemParameters
    covariance: FloatArray


def linked(parameters: ItemParameters, anchors: BoolArray, *, link_error: bool) -> Linked:
    """Return the parameters on the reference group's scale, linked by the difficulties of the anchors.

    1PL: equal means. 2PL: equal means and standard deviations (Marco 1977; Cook & Eignor 1991). With `link_error` the
    covariance counts the uncertainty of the link (delta method), without it the link is taken as known.
    """
    n_groups, n_items, width = parameters.vectors.shape
    vectors = np.nan_to_num(parameters.vectors).reshape(n_groups, -1)
    exists = np.isfinite(parameters.vectors[0])
    used = exists & anchors[:, None]
    used[:, 0] = False
    used = used.ravel()
    if used.sum() < 2:
        raise ValueError("linking needs at least two difficulties among the anchors")
    is_slope = np.arange(len(used)) % width == 0
    own, first = [np.eye(len(used))], [np.eye(len(used))]
    moved = parameters.vectors.copy()
    for g in range(1, n_groups):
        link = _Link(vectors[0], vectors[g], used, parameters.model)
        moved[g] = np.where(is_slope.reshape(n_items, width), moved[g] / link.scale, moved[g] * link.scale + link.shift)
        by_own, by_first = link.jacobians(vectors[g], is_slope, exists.ravel())
        own.append(by_own if link_error else np.diag(np.where(is_slope, 1 / link.scale, link.scale)))
        first.append(by_first if link_error else np.zeros_like(by_first))
    source = parameters.covariance.reshape(n_groups, len(used), len(used))
    joint = np.empty((n_items, n_groups, width, n_groups, width))
    for g in range(n_groups):
        for h in range(n_groups):
            block = first[g] @ source[0] @ first[h].T
            if g == h > 0:
                block = block + own[g] @ source[g] @ own[g].T
            joint[:, g, :, h] = np.einsum("iaib->iab", block.reshape(n_items, width, n_items, width))
    return Linked(replace(parameters, slopes=moved[:, :, 0], difficulties=moved[:, :, 1:]), joint)


class _Link:
    """The line that takes one group's difficulties to the reference group's, with its derivatives."""

    def __init__(self, reference: FloatArray, group: FloatArray, used: BoolArray, model: str) -> None:
        k = int(used.sum())
        mean, centre = group[used].mean(), reference[used].mean()
        spread, target = group[used].std(ddof=1), reference[used].std(ddof=1)
        self.scale, self._scale_by_own, self._scale_by_first = 1.0, np.zeros(len(used)), np.zeros(len(used))
        if model == "2PL":
            if min(spread, target) < 1e-9:
                raise ValueError("the anchors' difficulties are all equal in a group: their spread gives no scale")
            self.scale = float(target / spread)
            self._scale_by_own = np.where(used, -self.scale * (group - mean) / ((k - 1) * spread**2), 0.0)
            self._scale_by_first = np.where(used, self.scale * (reference - centre) / ((k - 1) * target**2), 0.0)
        self.shift = float(centre - self.scale * mean)
        self._shift_by_own = -mean * self._scale_by_own - self.scale * used / k
        self._shift_by_first = used / k - mean * self._scale_by_first

    def jacobians(self, group: FloatArray, is_slope: BoolArray, exists: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of the linked parameters by the group's own and by the reference group's."""
        by_scale = np.where(is_slope, -group / self.scale**2, group)
        by_shift = np.where(is_slope | ~exists, 0.0, 1.0)
        own = np.outer(by_scale, self._scale_by_own) + np.outer(by_shift, self._shift_by_own)
        own += np.diag(np.where(is_slope, 1 / self.scale, self.scale))
        return own, np.outer(by_scale, self._scale_by_first) + np.outer(by_shift, self._shift_by_first)
