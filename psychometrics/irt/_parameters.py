"""The parameters of a calibration: curve by curve and group by group, and as one vector of what is free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.irt._family import Family


@dataclass(frozen=True)
class Layout:
    """The family of curves, which parameters are free and which are equal across groups.

    ``slot`` (groups, items, 1 + K) is the place of each slope and intercept among its item's free parameters, -1 where
    it is fixed or does not exist; equal places within an item are one parameter.
    """

    family: Family
    slot: IntArray
    free_mean: BoolArray
    free_sd: BoolArray

    @property
    def per_item(self) -> IntArray:
        """The number of free parameters of each item."""
        return np.asarray(self.slot.max(axis=(0, 2)) + 1, dtype=np.intp)

    @property
    def vector_index(self) -> IntArray:
        """The place of each slope and intercept in the vector of all free parameters, -1 where fixed."""
        start = np.concatenate([[0], np.cumsum(self.per_item)[:-1]])
        return np.where(self.slot >= 0, self.slot + start[None, :, None], -1)

    @property
    def n_parameters(self) -> int:
        """The number of free parameters, those of the trait distributions included."""
        return int(self.per_item.sum() + self.free_mean.sum() + self.free_sd.sum())


@dataclass
class State:
    """Parameters during estimation; beta (groups, items, 1 + K), means and sds (groups,)."""

    beta: FloatArray
    means: FloatArray
    sds: FloatArray


def pack(state: State, layout: Layout) -> FloatArray:
    """Return the vector of free parameters: items, then means, then logarithms of standard deviations."""
    index = layout.vector_index
    vector = np.empty(layout.n_parameters)
    vector[index[index >= 0]] = state.beta[index >= 0]
    n_means = int(layout.free_mean.sum())
    tail = len(vector) - n_means - int(layout.free_sd.sum())
    vector[tail : tail + n_means] = state.means[layout.free_mean]
    vector[tail + n_means :] = np.log(state.sds[layout.free_sd])
    return vector


def unpack(vector: FloatArray, layout: Layout, template: State) -> State:
    """Return the state of a vector of free parameters; what is fixed comes from `template`."""
    index = layout.vector_index
    beta, means, sds = template.beta.copy(), template.means.copy(), template.sds.copy()
    beta[index >= 0] = vector[index[index >= 0]]
    n_means = int(layout.free_mean.sum())
    tail = len(vector) - n_means - int(layout.free_sd.sum())
    means[layout.free_mean] = vector[tail : tail + n_means]
    sds[layout.free_sd] = np.exp(vector[tail + n_means :])
    return State(beta, means, sds)
