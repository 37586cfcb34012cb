"""
Score tests of models of ordered answers: what would be gained if something fixed were free, or equal were not.

Robust statistics: chi-squares whatever the weights (Satorra, 1989, Psychometrika 54, 131-151, for discrepancies that
are not asymptotically optimal).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from psychometrics._validation import Booleans, Floats, Label
from psychometrics.confirmatory._ladder import Place
from psychometrics.confirmatory._structure import FactorStructure
from psychometrics.confirmatory.modification import Element, EqualityTests, ModificationIndex, element_at, released
from psychometrics.confirmatory.ordinal import OrdinalFactorModel
from psychometrics.confirmatory.ordinal_estimation import Estimated
from psychometrics.confirmatory.ordinal_implied import statistics_jacobian
from psychometrics.confirmatory.ordinal_ladder import STEPS

MATRIX_OF = {
    "thresholds": "thresholds",
    "loadings": "loadings",
    "intercepts": "intercepts",
    "strict": "residual_covariance",
}


def ordinal_equality_tests(model: OrdinalFactorModel) -> EqualityTests:
    """
    Test what a model of ordered answers holds equal across groups.

    Parameters
    ----------
    model : OrdinalFactorModel
        Of several groups, with ``invariance`` beyond "configural".

    Returns
    -------
    EqualityTests
        Letting one element of one group go, everything else kept, in the order of the steps; with three groups or more
        also of the first. nan where the element could not be told from the others. All together, with as many degrees
        of freedom as can be told apart.

    Raises
    ------
    ValueError
        When nothing is held equal.
    """
    places = [place for step in STEPS[1 : STEPS.index(model.invariance) + 1] for place in held_equal(model, step)]
    if not places:
        raise ValueError("nothing is held equal across groups, so there is no equality to test")
    found = score_tests(model.estimated, places)
    told = np.flatnonzero(~np.isnan(found.chi2))
    variance = found.variance[np.ix_(told, told)]
    scale = 1.0 / np.sqrt(np.diag(variance))
    values, vectors = np.linalg.eigh(variance * np.outer(scale, scale))
    kept = values > 1e-8
    along = vectors[:, kept].T @ (scale * found.score[told])
    total, df = float(np.sum(along**2 / values[kept])), int(np.count_nonzero(kept))
    return EqualityTests(_described(model, places, found), total, df, float(chdtrc(df, total)) if df else np.nan)


def ordinal_modification_indices(model: OrdinalFactorModel) -> tuple[ModificationIndex, ...]:
    """
    Test every loading and residual covariance that a model of ordered answers fixes at 0, the largest first.

    Parameters
    ----------
    model : OrdinalFactorModel

    Returns
    -------
    tuple of ModificationIndex
        nan where a parameter could not be told from the others.
    """
    free = model.layout.free
    loadings = np.argwhere((free.loadings == 0) & ~model.structure.pattern)
    residuals = np.argwhere(np.tril(free.residual_covariance == 0, -1))
    places: list[Place] = [("loadings", tuple(at)) for at in loadings.tolist()]
    places += [("residual_covariance", tuple(at)) for at in residuals.tolist()]
    tests = _described(model, places, score_tests(model.estimated, places))
    return tuple(sorted(tests, key=lambda test: -np.nan_to_num(test.chi2)))


@dataclass(frozen=True)
class ScoreTests:
    """
    One statistic with one degree of freedom, and the expected change, for each element; nan where it cannot be told.

    ``score`` and its ``variance`` are what the statistics are made of.
    """

    chi2: Floats
    p_value: Floats
    expected_change: Floats
    score: Floats
    variance: Floats


def score_tests(model: Estimated, elements: list[Place]) -> ScoreTests:
    """Test letting each element go alone, everything else held as it is."""
    data, known = model.data, model.layout.n_parameters
    wide = released(model.layout, elements)
    own = statistics_jacobian(wide, model.matrices, data.used, model.parameterisation)[:, :, known:]
    share = data.share[:, None, None]
    weighted = data.weights[:, :, None] * own
    crossed = np.einsum("gsp,gsc->pc", model.jacobian, share * weighted, optimize=True)
    # What is left of an element's direction when the free parameters have followed it as far as they can.
    left = own - model.jacobian @ (model.bread @ crossed)
    weighted_left = data.weights[:, :, None] * left
    information = np.sum(share * left * weighted_left, axis=(0, 1))
    through = data.covariance @ weighted_left
    variance = np.einsum("gsc,gsd->cd", share * weighted_left, through, optimize=True) / data.n
    score = np.einsum("gsc,gs->c", share * weighted_left, model.residuals, optimize=True)
    told = information > 1e-8 * np.sum(share * own * weighted, axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        chi2 = np.where(told, score**2 / np.diag(variance), np.nan)
        change = np.where(told, score / information, np.nan)
    return ScoreTests(chi2, np.asarray(chdtrc(1, chi2)), change, score, variance)


def held_equal(model: OrdinalFactorModel, step: str) -> list[Place]:
    """
    Return the elements that a step holds equal to those of the first group, or fixed as they are.

    Of the first group itself only where two others or more go with it: it can then be the odd one out.
    """
    matrix = MATRIX_OF[step]
    held = tied(model, matrix)
    if matrix == "thresholds":
        held &= model.thresholds_used
    elif matrix == "loadings":
        held &= model.structure.pattern
    elif matrix == "residual_covariance":
        held &= np.eye(held.shape[1], dtype=bool)
    held[0] = held[1:].sum(axis=0) >= 2
    return [(matrix, tuple(at)) for at in np.argwhere(held).tolist()]


def tied(model: OrdinalFactorModel, matrix: str) -> Booleans:
    """Return where a group's element is that of the first group: the same parameter, or both fixed."""
    numbers = getattr(model.layout.free, matrix)
    return np.asarray(numbers == numbers[:1])


def ordinal_element(structure: FactorStructure, groups: tuple[Label, ...], place: Place) -> Element:
    """Return an element with its names; thresholds count from 1."""
    matrix, position = place
    if matrix != "thresholds":
        return element_at(structure, groups, matrix, position)
    group, item, threshold = position
    return Element(matrix, groups[group], structure.items[item], f"threshold {threshold + 1}", position)


def _described(model: OrdinalFactorModel, places: list[Place], found: ScoreTests) -> tuple[ModificationIndex, ...]:
    figures = zip(places, found.chi2.tolist(), found.p_value.tolist(), found.expected_change.tolist(), strict=True)
    return tuple(
        ModificationIndex(ordinal_element(model.structure, model.groups, place), chi2, p_value, change)
        for place, chi2, p_value, change in figures
    )
