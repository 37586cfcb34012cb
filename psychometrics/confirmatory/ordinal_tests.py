"""
Scaled tests of models fitted by least squares to ordered answers.

Satorra & Bentler (1994); scaled and shifted as Asparouhov & Muthen (2010); differences of nested models as Satorra
(2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import null_space

from psychometrics._validation import Floats
from psychometrics.confirmatory.ordinal_data import OrdinalData
from psychometrics.confirmatory.ordinal_estimation import Estimated


@dataclass(frozen=True)
class ScaledTest:
    """
    A statistic made to have the mean and variance of its chi-square distribution.

    ``scaling`` divides the unadjusted statistic, then ``shift`` is added (Asparouhov & Muthen, 2010).
    """

    chi2: float
    df: int
    scaling: float
    shift: float

    @classmethod
    def of(cls, chi2: float, df: int, trace: float, trace_of_square: float) -> ScaledTest:
        if df < 1:
            return cls(chi2, df, float("nan"), float("nan"))
        factor = float(np.sqrt(df / trace_of_square))
        shift = df - factor * trace
        return cls(factor * chi2 + shift, df, 1.0 / factor, shift)


def scaled_test(model: Estimated) -> ScaledTest:
    """Return the scaled and shifted test of the model against unrestricted thresholds and correlations."""
    data, bread = model.data, model.bread
    weights, gamma = data.weights, data.covariance
    # U = W - W Delta bread Delta' W over all groups; the shares cancel but in what runs across groups.
    mixed = bread @ model.meat
    trace = float(np.sum(weights * np.einsum("gss->gs", gamma)) - np.trace(mixed))
    squared = float(np.einsum("gs,gt,gst->", weights, weights, gamma**2, optimize=True))
    through = np.sqrt(weights)[:, :, None] * (gamma @ model.weighted_jacobian)
    crossed = np.einsum("g,gsp,gsq->pq", data.share, through, through, optimize=True)
    trace_of_square = squared - 2.0 * float(np.sum(bread * crossed)) + float(np.sum(mixed * mixed.T))
    return ScaledTest.of(model.chi2, model.df, trace, trace_of_square)


def scaled_baseline_test(data: OrdinalData) -> ScaledTest:
    """Return the test of the model in which no two items correlate and thresholds are free."""
    start = data.n_thresholds
    weights, gamma = data.weights[:, start:], data.covariance[:, start:, start:]
    chi2 = float(np.sum(data.criterion[:, start:] * data.statistics[:, start:] ** 2))
    trace = float(np.sum(weights * np.einsum("gss->gs", gamma)))
    squared = float(np.einsum("gs,gt,gst->", weights, weights, gamma**2, optimize=True))
    return ScaledTest.of(chi2, weights.size, trace, squared)


def scaled_difference(general: Estimated, restricted: Estimated) -> ScaledTest:
    """
    Return the scaled and shifted difference test of nested models.

    Satorra (2000), equation 10, with the restrictions read from what the restricted model's parameters can reach of
    the general one's.
    """
    wide = general.jacobian.reshape(-1, general.layout.n_parameters)
    narrow = restricted.jacobian.reshape(-1, restricted.layout.n_parameters)
    df = restricted.df - general.df
    chi2 = restricted.chi2 - general.chi2
    if df < 1:
        return ScaledTest(chi2, df, float("nan"), float("nan"))
    reached = np.linalg.solve(wide.T @ wide, wide.T @ narrow)
    restrictions = null_space(reached.T, rcond=1e-8)[:, -df:].T
    return restriction_test(general, restrictions, chi2)


def restriction_test(general: Estimated, restrictions: Floats, chi2: float) -> ScaledTest:
    """Scale a statistic for restrictions (n_restrictions, n_parameters) on the parameters of a model."""
    along = restrictions @ general.bread
    inverse = np.linalg.inv(along @ restrictions.T)
    mixed = inverse @ along @ general.meat @ along.T
    return ScaledTest.of(chi2, len(restrictions), float(np.trace(mixed)), float(np.sum(mixed * mixed.T)))
