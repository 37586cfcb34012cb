"""The statistics of all groups and their weights: what models of ordered answers are fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory.ordinal_moments import OrdinalMoments


@dataclass(frozen=True)
class OrdinalData:
    """
    The statistics of all groups and their weights; the first axis of every array is the group.

    ``share`` is each group's part of the people; ``weights`` the diagonal of the weight matrix.
    """

    moments: tuple[OrdinalMoments, ...]
    estimator: str

    @property
    def used(self) -> Booleans:
        return self.moments[0].used

    @property
    def n(self) -> int:
        return sum(one.n for one in self.moments)

    @cached_property
    def share(self) -> Floats:
        return np.array([one.n for one in self.moments]) / self.n

    @cached_property
    def statistics(self) -> Floats:
        return np.array([one.statistics for one in self.moments])

    @cached_property
    def covariance(self) -> Floats:
        """Gamma: n times the sampling covariance, shape (n_groups, n_statistics, n_statistics)."""
        return np.array([one.n * one.covariance for one in self.moments])

    @cached_property
    def weights(self) -> Floats:
        if self.estimator == "ULSMV":
            return np.ones_like(self.statistics)
        return np.asarray(1.0 / np.einsum("gss->gs", self.covariance))

    @cached_property
    def criterion(self) -> Floats:
        """The weights of squared residuals in the chi-square, which counts n - 1 people in each group."""
        people = np.array([one.n - 1.0 for one in self.moments])
        return np.asarray(people[:, None] * self.weights)

    @cached_property
    def n_thresholds(self) -> int:
        """Thresholds per group, which lead the statistics."""
        return int(self.used.sum())
