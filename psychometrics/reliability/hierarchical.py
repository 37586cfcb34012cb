"""Omega hierarchical: how much of a total score is one general factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Floats, as_choice, as_responses
from psychometrics.factors import METHODS, factor_analysis
from psychometrics.reliability._covariances import MISSING, covariances_of
from psychometrics.reliability.least_squares import least_squares_loadings


@dataclass(frozen=True)
class HierarchicalOmega:
    """
    Variance of the sum of standardised items, by source.

    Attributes
    ----------
    hierarchical : float
        Share due to the general factor.
    total : float
        Share due to all common factors.
    limit : float
        ``hierarchical / total``: what ``hierarchical`` tends to as items are added.
    explained_common_variance : float
        Share of the common variance that is the general factor's.
    general_loadings : ndarray of float, shape (n_items,)
    group_loadings : ndarray of float, shape (n_items, n_factors)
        Of factors that the general factor leaves uncorrelated (Schmid-Leiman).
    uniquenesses : ndarray of float, shape (n_items,)
    second_order_loadings : ndarray of float, shape (n_factors,)
        Of the oblique factors on the general factor.
    reversed_items : tuple of int
        Items with a negative general loading; they were turned, loadings are those of the turned items.
    n, n_items : int
    missing : str
    notes : tuple of str
        "smoothed", "heywood" (a uniqueness stopped above 0, or a group factor without variance of its own).
    """

    hierarchical: float
    total: float
    limit: float
    explained_common_variance: float
    general_loadings: Floats
    group_loadings: Floats
    uniquenesses: Floats
    second_order_loadings: Floats
    reversed_items: tuple[int, ...]
    n: int
    n_items: int
    missing: str
    notes: tuple[str, ...]


def hierarchical_omega(
    responses: ArrayLike, n_factors: int = 3, *, method: str = "minres", missing: str = "pairwise"
) -> HierarchicalOmega:
    """
    Return omega hierarchical and total by the Schmid-Leiman transformation of an oblimin solution.

    It describes a sample; use a bootstrap over people where an interval is needed.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing.
    n_factors : int
        Oblique factors below the general one; three or more (two leave their shares undetermined).
    method : {"minres", "ml"}
        As for ``factor_analysis``.
    missing : {"pairwise", "listwise", "fiml"}
        As for ``cronbach_alpha``.

    Returns
    -------
    HierarchicalOmega

    Raises
    ------
    ValueError
        For unusable responses, an item without variance, no more people than items, or a number of factors that cannot
        be told.

    References
    ----------
    Schmid & Leiman (1957), Psychometrika 22, 53-61. Zinbarg, Revelle, Yovel & Li (2005), Psychometrika 70, 123-133.
    """
    as_choice(method, METHODS, "method")
    as_choice(missing, MISSING, "missing")
    if n_factors < 3:
        raise ValueError(f"a general factor needs three factors or more below it; got {n_factors}")
    of = covariances_of(as_responses(responses, min_items=2), missing)
    if np.isnan(of.correlation).any():
        raise ValueError(f"item {int(np.argmax(np.isnan(np.diag(of.correlation))))} does not vary")
    people, items = of.moments.n_people, len(of.correlation)
    if people <= items:
        raise ValueError(f"{people} people are too few for the factors of {items} items: more people are needed")
    solution = factor_analysis(of.correlation, n_factors, method=method, rotation="oblimin")
    second = _second_order(solution.factor_correlation)
    general = solution.loadings @ second
    sign = np.where(general < 0, -1.0, 1.0)
    group = solution.loadings * np.sqrt(1.0 - second**2) * sign[:, None]
    general = np.abs(general)
    uniquenesses = 1.0 - general**2 - (group**2).sum(axis=1)
    variance = float((of.correlation * np.outer(sign, sign)).sum())
    hierarchical, total = float(general.sum()) ** 2 / variance, 1.0 - float(uniquenesses.sum()) / variance
    heywood = solution.heywood or bool((second**2 >= 0.999).any())
    return HierarchicalOmega(
        hierarchical=hierarchical,
        total=total,
        limit=hierarchical / total,
        explained_common_variance=float(np.sum(general**2) / np.sum(1.0 - uniquenesses)),
        general_loadings=general,
        group_loadings=group,
        uniquenesses=uniquenesses,
        second_order_loadings=second,
        reversed_items=tuple(np.flatnonzero(sign < 0).tolist()),
        n=of.moments.n_people,
        n_items=len(general),
        missing=of.missing,
        notes=of.notes + (("heywood",) if heywood else ()),
    )


def _second_order(factor_correlation: Floats) -> Floats:
    """Return the loadings of the factors on the general factor, at most 1 in size."""
    loadings = least_squares_loadings(factor_correlation, 1.0 - np.eye(len(factor_correlation)))
    return np.asarray(np.clip(loadings, -1.0, 1.0))
