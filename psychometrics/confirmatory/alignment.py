"""Alignment: factor means of many groups when few or none of the items behave exactly alike in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Booleans, Floats, Label, as_choice, as_groups, as_responses
from psychometrics.confirmatory._alignment_errors import alignment_errors
from psychometrics.confirmatory._alignment_loss import Alignable, aligned, minimise
from psychometrics.factor_model import ESTIMATORS, OneFactorModel, one_factor_model


@dataclass(frozen=True)
class Alignment:
    """
    One factor in several groups on a common scale, found so that few item parameters differ much.

    Attributes
    ----------
    groups : tuple
        The reference group first.
    n : tuple of int
        People in each group.
    factor_means, factor_sds : ndarray of float, shape (n_groups,)
        0 and 1 in the reference group.
    factor_mean_errors, factor_sd_errors : ndarray of float, shape (n_groups,)
        Standard errors by the delta method through the optimum; 0 in the reference group, nan without ``covariances``.
    loadings, intercepts : ndarray of float, shape (n_groups, n_items)
        Aligned: as they would be if the factor had mean 0 and standard deviation 1 in the reference group's units.
    loadings_differ, intercepts_differ : ndarray of bool, shape (n_groups, n_items)
        Where a group does not belong to the groups that share an item's parameter; all False without ``covariances``.
    r2_loadings, r2_intercepts : float
        Share of the squared configural parameters reproduced by common parameters and the factor's means and spreads.
    r2_loadings_by_item, r2_intercepts_by_item : ndarray of float, shape (n_items,)
        Share of the variance of a configural parameter over groups that they explain; 1 where the item behaves alike
        in all groups, near 0 or negative where groups differ in no common way (Asparouhov & Muthen, 2014).
    mean_correlation_loadings, mean_correlation_intercepts : float
        Of the aligned parameters, over pairs of groups.
    loss : float
        The criterion at its minimum, a weighted mean over pairs of groups, summed over item parameters.
    n_starts, n_starts_at_best : int
        How many starts there were, and how many ended there; few say that the minimum is not well marked.
    power, epsilon : float
    """

    groups: tuple[Label, ...]
    n: tuple[int, ...]
    factor_means: Floats
    factor_sds: Floats
    factor_mean_errors: Floats
    factor_sd_errors: Floats
    loadings: Floats
    intercepts: Floats
    loadings_differ: Booleans
    intercepts_differ: Booleans
    r2_loadings: float
    r2_intercepts: float
    r2_loadings_by_item: Floats
    r2_intercepts_by_item: Floats
    mean_correlation_loadings: float
    mean_correlation_intercepts: float
    loss: float
    n_starts: int
    n_starts_at_best: int
    power: float
    epsilon: float


def alignment(
    responses: ArrayLike,
    groups: ArrayLike,
    *,
    reference: Label | None = None,
    estimator: str = "fiml",
    power: float = 0.5,
    epsilon: float = 0.01,
    n_starts: int = 20,
    rng: np.random.Generator,
) -> Alignment:
    """
    Fit one factor to each group and align the groups.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        The items of one factor, keyed in one direction; nan where missing.
    groups : array_like of labels, shape (n_people,)
        Two groups or more; people without a label are left out.
    reference : label, optional
        The group whose factor has mean 0 and variance 1; the first label in order when left out.
    estimator : {"fiml", "ml"}
        Every answer given, or only people without gaps.
    power, epsilon, n_starts, rng
        As for ``align_estimates``.

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        For fewer than two groups, an unknown reference, a group in which the factor cannot be fitted, and as for
        ``align_estimates``.
    """
    as_choice(estimator, ESTIMATORS, "estimator")
    matrix = as_responses(responses, min_items=3)
    labels, codes = as_groups(groups, len(matrix), min_groups=2)
    models = [_fit(matrix[codes == at], label, estimator) for at, label in enumerate(labels)]
    k = matrix.shape[1]
    wanted = np.concatenate([np.arange(k), np.arange(2 * k, 3 * k)])
    return align_estimates(
        np.array([model.loadings for model in models]),
        np.array([model.intercepts for model in models]),
        [model.n for model in models],
        covariances=np.array([model.observed_covariance[np.ix_(wanted, wanted)] for model in models]),
        groups=labels,
        reference=reference,
        power=power,
        epsilon=epsilon,
        n_starts=n_starts,
        rng=rng,
    )


def _fit(matrix: Floats, label: Label, estimator: str) -> OneFactorModel:
    try:
        model = one_factor_model(matrix, estimator=estimator)
    except ValueError as error:
        raise ValueError(f"group {label!r}: {error}") from None
    if not model.proper:
        raise ValueError(
            f"group {label!r}: the factor leaves an item no residual variance; leave out the item or group"
        )
    return model


def align_estimates(
    loadings: ArrayLike,
    intercepts: ArrayLike,
    n: Sequence[int],
    *,
    covariances: ArrayLike | None = None,
    groups: Sequence[Label] | None = None,
    reference: Label | None = None,
    power: float = 0.5,
    epsilon: float = 0.01,
    n_starts: int = 20,
    rng: np.random.Generator,
) -> Alignment:
    """
    Align groups from the estimates of a one-factor model fitted to each, with factor mean 0 and variance 1.

    Parameters
    ----------
    loadings, intercepts : array_like of float, shape (n_groups, n_items)
        In each group; the loadings of an item have the same sign in all groups where the factor means the same.
    n : sequence of int
        People in each group; a pair of groups weighs the root of the product.
    covariances : array_like of float, shape (n_groups, 2 n_items, 2 n_items), optional
        Sampling covariances of loadings and intercepts; needed for standard errors and for which parameters differ.
    groups : sequence of labels, optional
        0, 1, ... when left out.
    reference : label, optional
        The group whose factor has mean 0 and variance 1; the first when left out.
    power : float
        Of the absolute difference, above 0 and at most 1: 0.5 after Asparouhov & Muthen (2014), smaller is stricter.
    epsilon : float
        Keeps the criterion smooth at no difference; 0.01 or 0.001 for items scored 1 to 5.
    n_starts : int
        The first from equal factors, the others at random.
    rng : numpy.random.Generator

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        For fewer than two groups or items, shapes that do not agree, an unknown reference, or a power or epsilon
        outside its range.

    Notes
    -----
    Alignment presumes that most parameters are nearly alike in most groups; it does not test that. Check with
    ``r2_loadings_by_item``, ``loadings_differ`` and the like: with more than about a quarter of the parameters
    different, factor means should not be trusted (Muthen & Asparouhov, 2014, Frontiers in Psychology 5, 978).
    """
    lambdas, nus = np.asarray(loadings, dtype=np.float64), np.asarray(intercepts, dtype=np.float64)
    people = np.asarray(n, dtype=np.float64)
    labels = tuple(range(len(lambdas))) if groups is None else tuple(groups)
    _refuse(lambdas, nus, people, labels, power, epsilon, n_starts)
    order = _reference_first(labels, reference)
    problem = Alignable.of(lambdas[order], nus[order], people[order], power, epsilon)
    minimum = minimise(problem, n_starts, rng)
    means, sds = problem.unpack(minimum.free)
    own_loadings, own_intercepts = aligned(problem, minimum.free)
    common_loadings, common_intercepts = own_loadings.mean(axis=0), own_intercepts.mean(axis=0)
    left_loadings = problem.loadings - sds[:, None] * common_loadings
    left_intercepts = problem.intercepts - common_intercepts - means[:, None] * common_loadings
    errors = alignment_errors(problem, minimum.free, None if covariances is None else np.asarray(covariances)[order])
    return Alignment(
        groups=tuple(labels[at] for at in order),
        n=tuple(int(people[at]) for at in order),
        factor_means=means,
        factor_sds=sds,
        factor_mean_errors=errors.means,
        factor_sd_errors=errors.sds,
        loadings=own_loadings,
        intercepts=own_intercepts,
        loadings_differ=errors.loadings_differ,
        intercepts_differ=errors.intercepts_differ,
        r2_loadings=_explained(problem.loadings, left_loadings),
        r2_intercepts=_explained(problem.intercepts, left_intercepts),
        r2_loadings_by_item=_explained_by_item(problem.loadings, left_loadings),
        r2_intercepts_by_item=_explained_by_item(problem.intercepts, left_intercepts),
        mean_correlation_loadings=_mean_correlation(own_loadings),
        mean_correlation_intercepts=_mean_correlation(own_intercepts),
        loss=minimum.loss,
        n_starts=n_starts,
        n_starts_at_best=minimum.n_at_best,
        power=power,
        epsilon=epsilon,
    )


def _refuse(
    loadings: Floats,
    intercepts: Floats,
    n: Floats,
    labels: tuple[Label, ...],
    power: float,
    epsilon: float,
    n_starts: int,
) -> None:
    if loadings.ndim != 2 or loadings.shape != intercepts.shape or not {len(n), len(labels)} == {len(loadings)}:
        raise ValueError("loadings and intercepts must have one row per group and one column per item, n one per group")
    if len(loadings) < 2 or loadings.shape[1] < 2:
        raise ValueError(f"alignment needs two groups and two items; got {len(loadings)} and {loadings.shape[1]}")
    if not (np.isfinite(loadings).all() and np.isfinite(intercepts).all() and (n > 0).all()):
        raise ValueError("loadings and intercepts must be finite and every n positive")
    if not 0.0 < power <= 1.0 or not epsilon > 0.0:
        raise ValueError(f"power must be above 0 and at most 1 and epsilon above 0; got {power} and {epsilon}")
    if n_starts < 1:
        raise ValueError(f"n_starts must be at least 1; got {n_starts}")


def _reference_first(labels: tuple[Label, ...], reference: Label | None) -> list[int]:
    if reference is not None and reference not in labels:
        raise ValueError(f"reference group {reference!r} is not among the groups {', '.join(map(str, labels))}")
    first = 0 if reference is None else labels.index(reference)
    return [first, *(at for at in range(len(labels)) if at != first)]


def _explained(values: Floats, left: Floats) -> float:
    return float(1.0 - np.sum(left**2) / np.sum(values**2))


def _explained_by_item(values: Floats, left: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1.0 - left.var(axis=0) / values.var(axis=0))


def _mean_correlation(values: Floats) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.asarray(np.corrcoef(values))
    return float(correlation[np.triu_indices(len(values), 1)].mean())
