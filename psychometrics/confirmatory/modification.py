"""Score tests: how much better a model would fit if a fixed parameter were free, or an equal one were not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc

from psychometrics._validation import Floats, Integers, Label
from psychometrics.confirmatory._fit import LEAST_SQUARES
from psychometrics.confirmatory._least_squares import least_squares_point, least_squares_weights, unweighted_variance
from psychometrics.confirmatory._likelihood import Point, likelihood_point
from psychometrics.confirmatory._parameters import Layout, Matrices
from psychometrics.confirmatory._structure import FactorStructure
from psychometrics.confirmatory.model import FactorModel


@dataclass(frozen=True)
class Element:
    """
    One element of the matrices of a model.

    Attributes
    ----------
    matrix : str
        The kind of parameter, as ``Matrices`` names it.
    group : label
    row, column : str
        Item and factor of a loading, the two items or factors of a covariance; ``column`` is empty for means.
    position : tuple of int
        Index into the matrix, the group first.
    """

    matrix: str
    group: Label
    row: str
    column: str
    position: tuple[int, ...]


@dataclass(frozen=True)
class ModificationIndex:
    """
    The score test of one element.

    Attributes
    ----------
    element : Element
    chi2, p_value : float
        With one degree of freedom: about how much the chi-square would fall.
    expected_change : float
        About how much the element would change if it were free, in its own unit; from the common value where equality
        is tested.
    """

    element: Element
    chi2: float
    p_value: float
    expected_change: float


@dataclass(frozen=True)
class EqualityTests:
    """
    Score tests of the equalities across groups.

    Attributes
    ----------
    tests : tuple of ModificationIndex
        Letting one element of one group go, every other equality kept; the first group that shares a value is what the
        others are let go from.
    chi2, p_value : float
    df : int
        Of all equalities together.
    """

    tests: tuple[ModificationIndex, ...]
    chi2: float
    df: int
    p_value: float


def modification_indices(model: FactorModel) -> tuple[ModificationIndex, ...]:
    """
    Test every loading and residual covariance that the model fixes at 0, the largest first.

    Parameters
    ----------
    model : FactorModel

    Returns
    -------
    tuple of ModificationIndex
        The statistics take normal answers; nan where a parameter could not be told from the others.

    Notes
    -----
    Score over expected information, with what the free parameters would take up removed. Soerbom (1989),
    Psychometrika 54, 371-384; Saris, Satorra & Soerbom (1987), Sociological Methodology 17, 105-129.
    """
    free = model.layout.free
    loadings = np.argwhere((free.loadings == 0) & (model.layout.values.loadings == 0))
    residuals = np.argwhere(np.tril(free.residual_covariance == 0, -1))
    candidates = [("loadings", tuple(at)) for at in loadings.tolist()]
    candidates += [("residual_covariance", tuple(at)) for at in residuals.tolist()]
    tests, _ = _score_tests(model, candidates)
    return tuple(sorted(tests, key=lambda test: -np.nan_to_num(test.chi2)))


def equality_tests(model: FactorModel) -> EqualityTests:
    """
    Test every equality across groups of a fitted model.

    Parameters
    ----------
    model : FactorModel
        Of several groups with something held equal.

    Returns
    -------
    EqualityTests
        In the order of the matrices; the statistics take normal answers.

    Raises
    ------
    ValueError
        When nothing is held equal.
    """
    candidates = list(_equalities(model.layout.free))
    if not candidates:
        raise ValueError("nothing is held equal across groups, so there is no equality to test")
    tests, total = _score_tests(model, candidates)
    return EqualityTests(tests, total, len(candidates), float(chdtrc(len(candidates), total)))


def release_tests(model: FactorModel, matrix: str) -> tuple[ModificationIndex, ...]:
    """
    Test letting one element of one group go from all that share it, for one kind of parameter.

    Of more than two groups the first can be the odd one out too, which no single test of ``equality_tests`` says.
    """
    candidates = [place for place in _equalities(model.layout.free) if place[0] == matrix]
    numbers, firsts = getattr(model.layout.free, matrix), set()
    if len(model.groups) > 2:
        firsts = {(matrix, (0, *at[1:])) for _, at in candidates if numbers[at] == numbers[(0, *at[1:])]}
    # Apart, so that some group keeps each common value.
    return tuple(test for some in (candidates, sorted(firsts)) if some for test in _score_tests(model, some)[0])


def _equalities(free: Matrices[Integers]) -> Iterable[tuple[str, tuple[int, ...]]]:
    """Yield the elements whose parameter an earlier group has at the same place, by place and then by group."""
    for name, numbers in vars(free).items():
        symmetric = name in ("factor_covariance", "residual_covariance")
        for place in np.ndindex(numbers.shape[1:]):
            if symmetric and place[1] > place[0]:
                continue
            column = numbers[(slice(None), *place)]
            for group in range(1, len(column)):
                if column[group] > 0 and column[group] in column[:group]:
                    yield name, (group, *place)


def released(layout: Layout, candidates: Iterable[tuple[str, tuple[int, ...]]]) -> Layout:
    """Return the layout in which each of some elements is a parameter of its own, numbered after the others."""
    arrays = {name: array.copy() for name, array in vars(layout.free).items()}
    for number, (name, position) in enumerate(candidates, start=layout.n_parameters + 1):
        arrays[name][position] = number
        if name in ("factor_covariance", "residual_covariance"):
            group, row, column = position
            arrays[name][group, column, row] = number
    return replace(layout, free=Matrices(**arrays))


def _score_tests(
    model: FactorModel, candidates: list[tuple[str, tuple[int, ...]]]
) -> tuple[tuple[ModificationIndex, ...], float]:
    """Return the test of each candidate alone, and the statistic of all together."""
    score, information, variance = _efficient_scores(model, candidates)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = score / np.diag(information)
        chi2 = score**2 / np.diag(variance)
    tests = tuple(
        ModificationIndex(
            element_at(model.structure, model.groups, name, at), float(value), float(chdtrc(1, value)), float(by)
        )
        for (name, at), value, by in zip(candidates, chi2, change, strict=True)
    )
    known = np.flatnonzero(~np.isnan(chi2))
    together = _solved(variance[np.ix_(known, known)], score[known])
    return tests, float(score[known] @ together)


def _efficient_scores(
    model: FactorModel, candidates: list[tuple[str, tuple[int, ...]]]
) -> tuple[Floats, Floats, Floats]:
    """Return the gradient by the candidates, their information given the free parameters, and its variance."""
    wide = released(model.layout, candidates)
    point, variance = _criterion(model, wide, wide.pack(model.estimates))
    known = model.layout.n_parameters
    # A free parameter still moves the candidates that are held equal to it.
    moved = np.vstack([np.eye(known), np.zeros((len(candidates), known))])
    for row, (name, at) in enumerate(candidates, start=known):
        number = int(getattr(model.layout.free, name)[at])
        moved[row, number - 1] = float(number > 0)
    crossed = point.information[known:] @ moved
    weights = _solved(moved.T @ point.information @ moved, crossed.T).T
    left = point.information[known:, known:] - weights @ crossed.T
    # What the free parameters take up wholly cannot be told from them.
    unknown = np.diag(left) < 1e-8 * np.diag(point.information)[known:]
    left[unknown, unknown] = np.nan
    without = np.hstack([np.zeros((len(candidates), known)), np.eye(len(candidates))]) - weights @ moved.T
    return without @ point.gradient, left, left if variance is None else without @ variance @ without.T


def _solved(matrix: Floats, right: Floats) -> Floats:
    """Solve a system that may be singular, in units that make its diagonal 1: those of the items must not tell."""
    scale = np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    across = scale.reshape(-1, *[1] * (right.ndim - 1))
    return np.asarray(np.linalg.lstsq(matrix / np.outer(scale, scale), right / across, rcond=1e-10)[0] / across)


def _criterion(model: FactorModel, wide: Layout, at: Floats) -> tuple[Point, Floats | None]:
    """Return the fitted criterion by more parameters, and its gradient's variance unless that is the information."""
    if model.estimator in LEAST_SQUARES:
        weights = least_squares_weights(model.estimator, model.samples)
        point = least_squares_point(wide, at, model.samples, weights)
        return point, unweighted_variance(wide, at, model.samples) if model.estimator == "ULS" else None
    # Observed information would be far off just where the model is wrong, which is where these tests matter.
    likelihood = likelihood_point(wide, at, model.samples, expected=True)
    if likelihood is None:
        raise ValueError("the estimates imply a covariance matrix that is not positive definite")
    return likelihood, None


def element_at(structure: FactorStructure, groups: tuple[Label, ...], name: str, position: tuple[int, ...]) -> Element:
    """Return an element with the names of its group, items and factors."""
    items, factors = structure.items, structure.factors
    rows = factors if name.startswith("factor") else items
    columns = factors if name in ("loadings", "factor_covariance") else items
    column = columns[position[2]] if len(position) > 2 else ""
    return Element(name, groups[position[0]], rows[position[1]], column, position)
