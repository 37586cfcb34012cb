"""Confirmatory factor analysis of continuous items, in one or several groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Floats, Label, as_choice
from psychometrics.confirmatory._fit import ESTIMATORS, Fitted, fit_layout
from psychometrics.confirmatory._measures import Comparisons, fit_measures, residual_correlations
from psychometrics.confirmatory._parameters import Layout, Matrices, each
from psychometrics.confirmatory._sample import Grouped, Sample, grouped_samples
from psychometrics.confirmatory._standard_errors import parameter_covariance
from psychometrics.confirmatory._start import with_starts
from psychometrics.confirmatory._structure import (
    FactorStructure,
    configural_layout,
    equal_across_groups,
    factor_structure,
)
from psychometrics.confirmatory.fit_measures import FitMeasures


@dataclass(frozen=True)
class FactorModel:
    """
    A fitted confirmatory factor model.

    Attributes
    ----------
    structure : FactorStructure
        Names of factors and items, and which loads on which.
    groups : tuple
        Labels, sorted; ("all",) without groups.
    n : int
    n_by_group : tuple of int
    n_left_out : int
        People without a group, and for ``missing`` "listwise" with a gap, for "fiml" without any answer.
    estimator, missing : str
    mean_structure : bool
        Whether intercepts count as parameters.
    estimates, standard_errors : Matrices of float
        One array per kind of parameter, groups first; standard errors are 0 where a value is fixed, and nan for all
        when ``identified`` is false.
    parameters, covariance : ndarray of float, shape (n_parameters,) and (n_parameters, n_parameters)
        The free parameters in the order of ``layout``, and their sampling covariances.
    residual_correlations : ndarray of float, shape (n_groups, n_items, n_items)
        Observed minus implied covariances in units of the observed standard deviations.
    fit : FitMeasures
    layout : Layout
        Which elements are free, and which are equal.
    samples : tuple of Sample
    converged : bool
    proper : bool
        Whether every variance is positive and every covariance matrix possible; otherwise a Heywood case.
    identified : bool
        Whether the answers determine all free parameters.
    """

    structure: FactorStructure
    groups: tuple[Label, ...]
    n: int
    n_by_group: tuple[int, ...]
    n_left_out: int
    estimator: str
    missing: str
    mean_structure: bool
    estimates: Matrices[Floats]
    standard_errors: Matrices[Floats]
    parameters: Floats
    covariance: Floats
    residual_correlations: Floats
    fit: FitMeasures
    layout: Layout
    samples: tuple[Sample, ...]
    converged: bool
    proper: bool
    identified: bool


def confirmatory_factor_analysis(
    responses: ArrayLike,
    factors: Mapping[str, Sequence[int | str]],
    groups: ArrayLike | None = None,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    items: Sequence[str] | None = None,
    residual_covariances: Sequence[tuple[int | str, int | str]] = (),
    equal: Sequence[str] = (),
    identification: str = "marker",
    mean_structure: bool | None = None,
) -> FactorModel:
    """
    Fit a confirmatory factor model to continuous items.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing; more people than items in each group.
    factors : mapping of str to sequence of int or str
        The items of each factor, as columns from 0 or as names out of ``items``. An item may load on several factors.
    groups : array_like of labels, shape (n_people,), optional
        People without a label are left out.
    estimator : {"ML", "MLR", "MLM", "GLS", "ULS"}
        Maximum likelihood; the same with tests and standard errors that do not rest on normality, after Yuan & Bentler
        (MLR, also with gaps) or Satorra & Bentler (MLM); generalised and unweighted least squares.
    missing : {"listwise", "fiml"}
        Leave out people with gaps, or use every answer given by full-information maximum likelihood, which is right
        when missingness depends on nothing but the answers given. ML and MLR only.
    items : sequence of str, optional
        Names of the columns.
    residual_covariances : sequence of pairs of int or str
        Items whose residuals may covary.
    equal : sequence of {"loadings", "intercepts", "residual_covariance", "factor_covariance"}
        What is held equal across groups. See ``measurement_invariance`` for the usual ladder.
    identification : {"marker", "unit_variance"}
        The first item of each factor loads 1 on it, or factors have variance 1.
    mean_structure : bool, optional
        Whether intercepts are parameters. Left out: with several groups or gaps.

    Returns
    -------
    FactorModel

    Raises
    ------
    ValueError
        For an item that does not vary or that the others determine, two items that nobody answered both of, too few
        people, a group of one, an unknown item, more parameters than there are means, variances and covariances, or
        options that do not go together.

    Notes
    -----
    Newton's method with exact derivatives on sufficient statistics by answer pattern. Covariances are divided by n for
    likelihood estimators and by n - 1 for least squares. Standard errors: expected information (ML), observed
    information (gaps), sandwich (MLR: White, 1982; MLM: Satorra & Bentler, 1994; ULS: Browne, 1984, under normality).
    """
    as_choice(estimator, ESTIMATORS, "estimator")
    refuse_combination(estimator, missing)
    data = grouped_samples(responses, groups, missing)
    structure = factor_structure(
        factors, len(data.samples[0].means), items=items, residual_covariances=residual_covariances
    )
    means = (len(data.samples) > 1 or missing == "fiml") if mean_structure is None else mean_structure
    layout = configural_layout(structure, len(data.samples), identification=identification, mean_structure=means)
    for name in equal:
        as_choice(name, ("loadings", "intercepts", "residual_covariance", "factor_covariance"), "equal")
    layout = equal_across_groups(with_starts(layout, data.samples), *equal)
    compared = Comparisons(data.samples, estimator, means)
    compared.refuse_too_many(layout)
    fitted = fit_layout(layout, data.samples, estimator)
    return describe(fitted, structure, data, missing=missing, compared=compared)


def refuse_combination(estimator: str, missing: str) -> None:
    """Refuse an estimator that cannot use answers of people with gaps."""
    if missing == "fiml" and estimator not in ("ML", "MLR"):
        raise ValueError(f"missing='fiml' needs estimator 'ML' or 'MLR'; got {estimator!r}")


def describe(
    fitted: Fitted, structure: FactorStructure, data: Grouped, *, missing: str, compared: Comparisons
) -> FactorModel:
    """Return a fitted layout with everything that is said about a model."""
    matrices = fitted.matrices
    covariance, identified = parameter_covariance(fitted)
    padded = np.concatenate([[0.0], np.sqrt(np.diag(covariance))])
    return FactorModel(
        structure=structure,
        groups=data.labels,
        n=data.n,
        n_by_group=tuple(sample.n for sample in data.samples),
        n_left_out=data.n_left_out,
        estimator=fitted.estimator,
        missing=missing,
        mean_structure=compared.mean_structure,
        estimates=matrices,
        standard_errors=each(lambda free: padded[free], fitted.layout.free),
        parameters=fitted.parameters,
        covariance=covariance,
        residual_correlations=residual_correlations(fitted),
        fit=fit_measures(fitted, compared),
        layout=fitted.layout,
        samples=data.samples,
        converged=fitted.converged,
        proper=fitted.converged and _possible(matrices),
        identified=identified,
    )


def _possible(matrices: Matrices[Floats]) -> bool:
    parts = matrices.factor_covariance, matrices.residual_covariance
    return all(bool((np.linalg.eigvalsh(part) > 0).all()) for part in parts)
