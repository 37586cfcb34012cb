"""How large a difference in measurement is: the dMACS effect sizes of items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Floats, Label
from psychometrics.confirmatory._delta import refuse_untied, with_standard_errors
from psychometrics.confirmatory._parameters import Matrices
from psychometrics.confirmatory.model import FactorModel
from psychometrics.confirmatory.ordinal import OrdinalFactorModel
from psychometrics.confirmatory.ordinal_responses import answer_variances, expected_answer_differences


@dataclass(frozen=True)
class MacsEffectSizes:
    """
    Differences between the expected answers of a reference group and of other groups at the same factor scores.

    Attributes
    ----------
    reference : label
    groups : tuple
        The other groups.
    dmacs, dmacs_standard_errors : ndarray of float, shape (n_groups, n_items)
        Root mean square of the difference over the factor scores of the other group, in pooled standard deviations of
        the item. About 0.4, 0.6 and 0.8 or more are small, medium and large (Nye, Bradburn, Olenick, Bialko & Drasgow,
        2019, Organizational Research Methods 22, 678-709). Where an item is held equal both are 0.
    signed, signed_standard_errors : ndarray of float, shape (n_groups, n_items)
        Mean of the difference in the same unit; positive where the other group answers higher.
    mean_difference, mean_difference_standard_errors : ndarray of float, shape (n_groups, n_items)
        Mean of the difference in response units.
    sum_difference, sum_difference_standard_errors : ndarray of float, shape (n_groups,)
        The same for the sum of all items: how many points of the groups' difference in raw means are measurement.
    n_by_group : tuple of int
        The reference group first.
    missing : str
        What the model did about missing answers.
    """

    reference: Label
    groups: tuple[Label, ...]
    dmacs: Floats
    dmacs_standard_errors: Floats
    signed: Floats
    signed_standard_errors: Floats
    mean_difference: Floats
    mean_difference_standard_errors: Floats
    sum_difference: Floats
    sum_difference_standard_errors: Floats
    n_by_group: tuple[int, ...]
    missing: str


def macs_effect_sizes(model: FactorModel | OrdinalFactorModel) -> MacsEffectSizes:
    """
    Return how much each item differs between groups, from a scalar or partially scalar model.

    Parameters
    ----------
    model : FactorModel or OrdinalFactorModel
        Of several groups, the first being the reference; from ``measurement_invariance(..., partial=True)``,
        ``ordinal_invariance(..., partial=True)`` or the functions that fit one model.

    Returns
    -------
    MacsEffectSizes

    Raises
    ------
    ValueError
        For one group, or when no item ties a factor of one group to that of the reference.

    Notes
    -----
    Nye & Drasgow (2011), Journal of Applied Psychology 96, 966-980, with the integral solved exactly: for
    d = difference of intercepts + difference of loadings times the factor scores, normal with means a and covariances P
    in the other group, the mean of d is dn + dl'a and its mean square that squared plus dl'P dl. Items on several
    factors take all of them. Standard deviations are pooled as there and taken as known. Ordered answers: the curves
    of expected answers, in steps above the lowest category, take the place of the lines (as Meade, 2010,
    Journal of Applied Psychology 95, 728-743, compares them), integrated by Gauss-Hermite quadrature.
    """
    refuse_untied(model)
    spread = _pooled_deviations(model)

    def sizes(at: Matrices[Floats]) -> Floats:
        mean, square = _differences(at, model)
        return np.array([np.sqrt(square) / spread, mean / spread, mean])

    (dmacs, signed, plain), (dmacs_errors, signed_errors, plain_errors) = with_standard_errors(sizes, model)
    total, total_errors = with_standard_errors(lambda at: np.asarray(_differences(at, model)[0].sum(axis=1)), model)
    return MacsEffectSizes(
        reference=model.groups[0],
        groups=model.groups[1:],
        dmacs=dmacs,
        dmacs_standard_errors=dmacs_errors,
        signed=signed,
        signed_standard_errors=signed_errors,
        mean_difference=plain,
        mean_difference_standard_errors=plain_errors,
        sum_difference=total,
        sum_difference_standard_errors=total_errors,
        n_by_group=model.n_by_group,
        missing=model.missing,
    )


def _differences(at: Matrices[Floats], model: FactorModel | OrdinalFactorModel) -> tuple[Floats, Floats]:
    """Return mean and mean square of each item's difference to the reference group, groups first."""
    if isinstance(model, OrdinalFactorModel):
        return expected_answer_differences(at, model.thresholds_used, model.parameterisation)
    loadings = at.loadings[1:] - at.loadings[0]
    mean = at.intercepts[1:] - at.intercepts[0] + (loadings @ at.factor_means[1:, :, None])[:, :, 0]
    variance = ((loadings @ at.factor_covariance[1:]) * loadings).sum(axis=2)
    return np.asarray(mean), np.asarray(mean**2 + variance)


def _pooled_deviations(model: FactorModel | OrdinalFactorModel) -> Floats:
    """Return the average standard deviation of each item in the reference and each other group, weighted by n - 1."""
    degrees = np.array(model.n_by_group, dtype=np.float64) - 1.0
    if isinstance(model, OrdinalFactorModel):
        variances = np.array([answer_variances(one.thresholds) for one in model.estimated.data.moments])
    else:
        variances = np.array([np.diag(one.covariance) for one in model.samples])
    spread = np.sqrt(variances * (1.0 + 1.0 / degrees)[:, None])
    weighted = degrees[:, None] * spread
    return np.asarray((weighted[0] + weighted[1:]) / (degrees[0] + degrees[1:])[:, None])
