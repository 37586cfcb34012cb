"""What differences in measurement do to who is selected at a cut on the sum of the items."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Floats, Label, as_proportion
from psychometrics.confirmatory._composite import Composite
from psychometrics.confirmatory._delta import refuse_untied, with_standard_errors
from psychometrics.confirmatory._parameters import Matrices
from psychometrics.confirmatory.model import FactorModel


@dataclass(frozen=True)
class GroupSelection:
    """
    Who is selected in one group; proportions of its people, each with a standard error in ``standard_errors``.

    Attributes
    ----------
    group : label
    selected : float
        Above the cut on the observed sum.
    deserving : float
        Above the cut on the factor that as many people of all groups together exceed.
    true_positive, false_positive, true_negative, false_negative : float
        Selected and deserving, selected and not deserving, and so on; they add up to 1.
    sensitivity, specificity, success_ratio : float
        Selected among the deserving, not selected among the others, deserving among the selected.
    standard_errors : dict of str to float
        By the names of these proportions.
    """

    group: Label
    selected: float
    deserving: float
    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float
    sensitivity: float
    specificity: float
    success_ratio: float
    standard_errors: dict[str, float]


@dataclass(frozen=True)
class SelectionAccuracy:
    """
    Selection by group under a model, and if the items measured alike in all groups.

    Attributes
    ----------
    groups : tuple of GroupSelection
        With the parameters of each group.
    if_invariant : tuple of GroupSelection
        With loadings, intercepts and residuals that are the mean over groups, weighted by ``shares``; the distributions
        of the factors stay.
    cut : float
        On the weighted sum of the items.
    share : float
        Selected of all groups together.
    shares : ndarray of float, shape (n_groups,)
        Of each group among all people.
    n_by_group : tuple of int
    missing : str
        What the model did about missing answers.
    """

    groups: tuple[GroupSelection, ...]
    if_invariant: tuple[GroupSelection, ...]
    cut: float
    share: float
    shares: Floats
    n_by_group: tuple[int, ...]
    missing: str


_NAMES = (
    "selected",
    "deserving",
    "true_positive",
    "false_positive",
    "true_negative",
    "false_negative",
    "sensitivity",
    "specificity",
    "success_ratio",
)


def selection_accuracy(
    model: FactorModel,
    *,
    share: float | None = None,
    cut: float | None = None,
    weights: ArrayLike | None = None,
    shares: ArrayLike | None = None,
) -> SelectionAccuracy:
    """
    Return how accurately a cut on the sum of the items selects people of each group.

    Parameters
    ----------
    model : FactorModel
        Of several groups, scalar or partially scalar.
    share : float, optional
        Proportion of all people to select, between 0 and 1; or
    cut : float, optional
        Smallest sum that is selected. One of the two.
    weights : array_like of float, shape (n_items,), optional
        Of the items in the sum; 1 when left out, 0 for items that do not count, negative for reversed ones.
    shares : array_like of float, shape (n_groups,), optional
        Proportions of the groups among the people to select from; those of the sample when left out.

    Returns
    -------
    SelectionAccuracy
        Standard errors by the delta method, the shares of the groups taken as known.

    Raises
    ------
    ValueError
        For one group, a model that does not tie the groups' factors, both or neither of share and cut, or a cut that
        everyone or no one reaches.

    Notes
    -----
    Millsap & Kwok (2004), Psychological Methods 9, 93-115: sum and factor are bivariate normal in each group, and the
    cut on the factor is the one that as many people of all groups exceed as are selected. With several factors the
    factor score that counts is their sum weighted by what each contributes to the sum of the items in the first group
    (as Lai & Zhang, 2022, Psychological Methods, do with weights that the user chooses).
    """
    refuse_untied(model)
    if (share is None) == (cut is None):
        raise ValueError("give either the share of people to select or the cut on the sum, and not both")
    weight = _weights(weights, model)
    mixture = _shares(shares, model)
    fixed = None if share is None else as_proportion(share, "share")
    at_estimates = Composite.of(model.estimates, weight, mixture)
    limit = at_estimates.cut_for(fixed) if fixed is not None else float(cut or 0.0)
    chosen = at_estimates.share_above(limit)
    if not 1e-12 < chosen < 1.0 - 1e-12:
        raise ValueError(f"a cut of {limit} is {'reached by no one' if chosen < 0.5 else 'passed by everyone'}")

    def proportions(at: Matrices[Floats]) -> Floats:
        sums = Composite.of(at, weight, mixture)
        return sums.proportions(limit if fixed is None else sums.cut_for(fixed))

    def proportions_if_invariant(at: Matrices[Floats]) -> Floats:
        return proportions(_averaged(at, mixture))

    return SelectionAccuracy(
        groups=_described(model, *with_standard_errors(proportions, model)),
        if_invariant=_described(model, *with_standard_errors(proportions_if_invariant, model)),
        cut=limit,
        share=chosen,
        shares=mixture,
        n_by_group=model.n_by_group,
        missing=model.missing,
    )


def _weights(weights: ArrayLike | None, model: FactorModel) -> Floats:
    n_items = len(model.structure.items)
    found = np.ones(n_items) if weights is None else np.asarray(weights, dtype=np.float64)
    if found.shape != (n_items,) or not np.isfinite(found).all() or not found.any():
        raise ValueError(f"weights must be one finite number for each of the {n_items} items, not all 0")
    return found


def _shares(shares: ArrayLike | None, model: FactorModel) -> Floats:
    found = np.asarray(model.n_by_group if shares is None else shares, dtype=np.float64)
    if found.shape != (len(model.groups),) or not (found > 0).all():
        raise ValueError(f"shares must be one positive number for each of the {len(model.groups)} groups")
    return np.asarray(found / found.sum())


def _averaged(at: Matrices[Floats], shares: Floats) -> Matrices[Floats]:
    """Return the matrices with measurement parameters that are the same in all groups."""

    def mean(array: Floats) -> Floats:
        return np.broadcast_to(np.tensordot(shares, array, axes=1), array.shape)

    return replace(
        at,
        loadings=mean(at.loadings),
        intercepts=mean(at.intercepts),
        residual_covariance=mean(at.residual_covariance),
    )


def _described(model: FactorModel, values: Floats, errors: Floats) -> tuple[GroupSelection, ...]:
    return tuple(
        GroupSelection(
            group=label, **dict(zip(_NAMES, row, strict=True)), standard_errors=dict(zip(_NAMES, wrong, strict=True))
        )
        for label, row, wrong in zip(model.groups, values.tolist(), errors.tolist(), strict=True)
    )
