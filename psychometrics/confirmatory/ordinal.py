"""Confirmatory factor analysis of ordered answers, in one or several groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Booleans, Floats, Label, as_choice
from psychometrics.confirmatory._parameters import Layout, Matrices, each
from psychometrics.confirmatory._structure import FactorStructure, factor_structure
from psychometrics.confirmatory.fit_measures import FitMeasures
from psychometrics.confirmatory.ordinal_estimation import Estimated, estimate
from psychometrics.confirmatory.ordinal_fit import ordinal_fit
from psychometrics.confirmatory.ordinal_implied import PARAMETERISATIONS, residual_variances, scales_of
from psychometrics.confirmatory.ordinal_ladder import STEPS, step_layout
from psychometrics.confirmatory.ordinal_layout import ordinal_layout
from psychometrics.confirmatory.ordinal_sample import MergedCategories, OrdinalSample, ordinal_sample


@dataclass(frozen=True)
class OrdinalFactorModel:
    """
    A fitted confirmatory factor model of ordered answers: normal responses behind the items, cut at thresholds.

    Attributes
    ----------
    structure : FactorStructure
        Names of factors and items, and which loads on which.
    groups : tuple
        Labels, the reference group first; ("all",) without groups.
    n : int
    n_by_group : tuple of int
    n_left_out : int
        People without a group, and for ``missing`` "listwise" with a gap, for "pairwise" without any answer.
    estimator, parameterisation, missing, invariance : str
    estimates, standard_errors : Matrices of float
        One array per kind of parameter, groups first; scales are one over the standard deviations of the responses
        behind the items. Standard errors are 0 where a value is fixed, and where it follows from others: residual
        variances under delta, scales under theta.
    thresholds_used : ndarray of bool, shape (n_items, n_thresholds)
        Items with fewer categories leave the last thresholds unused, at 0.
    parameters, covariance : ndarray of float, shape (n_parameters,) and (n_parameters, n_parameters)
        The free parameters in the order of ``layout``, and their robust sampling covariances.
    residual_correlations : ndarray of float, shape (n_groups, n_items, n_items)
        Polychoric minus implied correlations.
    fit : FitMeasures
        ``scaled`` holds the scaled and shifted test, chi2 / scaling_factor plus a shift, and what follows from it. The
        plain statistics have no known distribution. Robust indices (Savalei, 2021) are nan where thresholds are equal
        across groups, for which they are not defined; with several groups their CFI and TLI use lavaan's baseline.
        Cut-offs made for continuous items do not hold for the plain and scaled indices (Xia & Yang, 2019, Behavior
        Research Methods 51, 409-428).
    merged : mapping of str to tuple of tuple of int
        The codes in each category of the items of which categories were put together.
    n_corrected_tables : int
        Tables of two items with two categories each and an empty cell, into which half a person was moved.
    layout : Layout
        Which elements are free, and which are equal.
    estimated : Estimated
        What difference and score tests start from.
    converged : bool
    proper : bool
        Whether every residual variance is positive and every covariance matrix possible; otherwise a Heywood case.
    """

    structure: FactorStructure
    groups: tuple[Label, ...]
    n: int
    n_by_group: tuple[int, ...]
    n_left_out: int
    estimator: str
    parameterisation: str
    missing: str
    invariance: str
    estimates: Matrices[Floats]
    standard_errors: Matrices[Floats]
    thresholds_used: Booleans
    parameters: Floats
    covariance: Floats
    residual_correlations: Floats
    fit: FitMeasures
    merged: Mapping[str, MergedCategories]
    n_corrected_tables: int
    layout: Layout
    estimated: Estimated
    converged: bool
    proper: bool

    @property
    def identified(self) -> bool:
        """True: a model whose parameters the answers do not determine is refused."""
        return True


def ordinal_factor_analysis(
    responses: ArrayLike,
    factors: Mapping[str, Sequence[int | str]],
    groups: ArrayLike | None = None,
    *,
    estimator: str = "WLSMV",
    parameterisation: str = "delta",
    missing: str = "listwise",
    reference: Label | None = None,
    items: Sequence[str] | None = None,
    residual_covariances: Sequence[tuple[int | str, int | str]] = (),
    invariance: str = "configural",
    identification: str = "marker",
    unequal_categories: str = "error",
) -> OrdinalFactorModel:
    """
    Fit a confirmatory factor model to ordered answers by least squares on thresholds and polychoric correlations.

    Parameters
    ----------
    responses : array_like of int, shape (n_people, n_items)
        Whole-number codes, nan where missing; more people than items in each group.
    factors : mapping of str to sequence of int or str
        The items of each factor, as columns from 0 or as names out of ``items``. An item may load on several factors.
    groups : array_like of labels, shape (n_people,), optional
        People without a label are left out.
    estimator : {"WLSMV", "ULSMV"}
        Weights from the sampling variances of the statistics (diagonally weighted least squares), or none. Standard
        errors are robust and tests scaled and shifted for both.
    parameterisation : {"delta", "theta"}
        Whether the scales of the responses behind the items are parameters, or their residual variances. Fit and
        standardised results are the same.
    missing : {"listwise", "pairwise"}
        Leave out people with gaps; or take thresholds from everyone who answered the item and correlations from
        everyone who answered both. Either is right when answers are missing completely at random; neither, in general,
        when missingness depends on other answers.
    reference : label, optional
        The group that gives the others their origin and unit; the first label in order when left out.
    items : sequence of str, optional
        Names of the columns.
    residual_covariances : sequence of pairs of int or str
        Items whose residuals may covary.
    invariance : {"configural", "thresholds", "loadings", "intercepts", "strict"}
        What is held equal across groups: nothing, or everything up to the one named (Wu & Estabrook, 2016). "strict"
        also holds residual variances equal and needs theta.
    identification : {"marker", "unit_variance"}
        The first item of each factor loads 1 on it, or factors have variance 1 (in the first group, once loadings are
        equal).
    unequal_categories : {"error", "merge"}
        When some group uses a category that another does not: refuse, or put it together with its rarer neighbour in
        all groups, which ``merged`` says.

    Returns
    -------
    OrdinalFactorModel

    Raises
    ------
    ValueError
        For codes that are no whole numbers, an item that does not vary, unequal categories, a correlation that runs up
        to 1, too few people, an unknown item, a model that is not identified, or options that do not go together.

    References
    ----------
    Muthen (1984), Psychometrika 49, 115-132. Muthen, du Toit & Spisic (1997). Asparouhov & Muthen (2010), Mplus
    technical appendix on the scaled and shifted test.
    """
    as_choice(parameterisation, PARAMETERISATIONS, "parameterisation")
    as_choice(invariance, STEPS, "invariance")
    if invariance != "configural" and groups is None:
        raise ValueError(f"invariance={invariance!r} compares groups; give groups")
    if invariance == "strict" and parameterisation == "delta":
        raise ValueError(
            "invariance='strict' needs parameterisation='theta': delta has no residual variances to equate"
        )
    sample = ordinal_sample(
        responses,
        groups,
        reference=reference,
        estimator=estimator,
        missing=missing,
        unequal_categories=unequal_categories,
    )
    structure = factor_structure(factors, len(sample.data.used), items=items, residual_covariances=residual_covariances)
    start = ordinal_layout(structure, sample.data, identification=identification, parameterisation=parameterisation)
    layout = step_layout(start, sample.data.used, invariance, parameterisation)
    return describe(estimate(sample.data, layout, parameterisation), structure, sample, invariance)


def describe(
    estimated: Estimated, structure: FactorStructure, sample: OrdinalSample, invariance: str
) -> OrdinalFactorModel:
    """Return an estimated layout with everything that is said about a model."""
    data, matrices = estimated.data, _completed(estimated)
    padded = np.concatenate([[0.0], np.sqrt(np.diag(estimated.covariance))])
    return OrdinalFactorModel(
        structure=structure,
        groups=sample.labels,
        n=data.n,
        n_by_group=tuple(one.n for one in data.moments),
        n_left_out=sample.n_left_out,
        estimator=data.estimator,
        parameterisation=estimated.parameterisation,
        missing=sample.missing,
        invariance=invariance,
        estimates=matrices,
        standard_errors=each(lambda free: padded[free], estimated.layout.free),
        thresholds_used=data.used,
        parameters=estimated.parameters,
        covariance=estimated.covariance,
        residual_correlations=_residual_correlations(estimated),
        fit=ordinal_fit(estimated),
        merged={structure.items[item]: categories for item, categories in sample.merged.items()},
        n_corrected_tables=sum(one.corrected for one in data.moments),
        layout=estimated.layout,
        estimated=estimated,
        converged=estimated.converged,
        proper=estimated.converged and _possible(matrices),
    )


def _completed(estimated: Estimated) -> Matrices[Floats]:
    """Return the matrices with what follows from the others: residual variances under delta, scales under theta."""
    matrices = estimated.matrices
    residual = matrices.residual_covariance.copy()
    diagonal = np.arange(residual.shape[1])
    residual[:, diagonal, diagonal] = residual_variances(matrices, estimated.parameterisation)
    return replace(matrices, residual_covariance=residual, scales=scales_of(matrices, estimated.parameterisation))


def _possible(matrices: Matrices[Floats]) -> bool:
    parts = matrices.factor_covariance, matrices.residual_covariance
    return all(bool((np.linalg.eigvalsh(part) > 0).all()) for part in parts)


def _residual_correlations(estimated: Estimated) -> Floats:
    n_items = len(estimated.data.used)
    row, column = np.tril_indices(n_items, -1)
    found = np.zeros((len(estimated.data.moments), n_items, n_items))
    found[:, row, column] = found[:, column, row] = estimated.residuals[:, estimated.data.n_thresholds :]
    return found
