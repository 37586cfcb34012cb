"""What is left of answers when the curves at people's estimated traits are taken away: infit, outfit, Q3."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._codes import FloatArray, IntArray
from psychometrics.irt.calibration import Calibration
from psychometrics.irt.scores import TraitScores, eap_scores

_BLOCK = 2048
# The spread of a mean square is taken for no more than this: beyond it the cube root is no normal variable.
_WIDEST = np.sqrt(2.0)


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares, one entry per item or per person, with their cube-root transformations to about standard normal.

    ``outfit`` weighs all answers alike, ``infit`` those more at which the item discriminates. 1 is expected, less of
    answers that are too regular. ``n`` counts answers; nan without any.
    """

    outfit: FloatArray
    outfit_z: FloatArray
    infit: FloatArray
    infit_z: FloatArray
    n: IntArray
    trait: str


@dataclass(frozen=True)
class ResidualCorrelations:
    """Q3: correlations of residuals (items, items), with one on the diagonal; ``n`` people for each pair.

    ``adjusted`` is Q3 less the average of all pairs, ``average``, which is below 0 when nothing is wrong, because the
    trait is estimated from the same answers; ``largest`` is the largest adjusted value.
    """

    q3: FloatArray
    adjusted: FloatArray
    average: float
    largest: float
    n: IntArray
    trait: str


def item_mean_squares(model: Calibration, scores: TraitScores | None = None) -> MeanSquares:
    """Return infit and outfit of each item.

    Parameters
    ----------
    model : Calibration
        Of one or several groups.
    scores : TraitScores, optional
        Of the people the model was calibrated on. Default: `eap_scores`. People without a finite trait are left out.

    Returns
    -------
    MeanSquares
        Missing answers are left out.

    Notes
    -----
    Traits estimated with a prior are too alike, and those estimated from the very answers fit them too well: even under
    the model, outfit then lies below 1 (in a short test far below). Compare items with each other, or use `s_x2`.

    References
    ----------
    Wright & Masters (1982), chapter 5.
    """
    return _mean_squares(_residuals(model, scores), axis=0)


def person_mean_squares(model: Calibration, scores: TraitScores | None = None) -> MeanSquares:
    """Return infit and outfit of each person the model was calibrated on; parameters as `item_mean_squares`."""
    return _mean_squares(_residuals(model, scores), axis=1)


def residual_correlations(model: Calibration, scores: TraitScores | None = None) -> ResidualCorrelations:
    """Return Q3 for all pairs of items: are answers still related when the trait is held?

    Parameters
    ----------
    model, scores
        As in `item_mean_squares`.

    Returns
    -------
    ResidualCorrelations
        Correlations over the people who answered both items; nan for fewer than three.

    References
    ----------
    Yen (1984); Christensen, Makransky & Horton (2017) for the adjustment.
    """
    found = _residuals(model, scores)
    answered = ~np.isnan(found.residual)
    present = answered.astype(np.float64)
    value = np.where(answered, found.residual, 0.0)
    n, total, square = present.T @ present, value.T @ present, (value**2).T @ present
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = value.T @ value - total * total.T / n
        spread = square - total**2 / n
        q3 = np.where(n > 2, covariance / np.sqrt(spread * spread.T), np.nan)
    np.fill_diagonal(q3, 1.0)
    pairs = q3[np.tril_indices(len(q3), -1)]
    average = float(np.nanmean(pairs))
    adjusted = q3 - average
    np.fill_diagonal(adjusted, 1.0)
    largest = float(np.nanmax(pairs) - average)
    return ResidualCorrelations(q3, adjusted, average, largest, n.astype(np.intp), found.trait)


@dataclass(frozen=True)
class _Residuals:
    """Residuals and the second and fourth central moments of answers (people, items); nan where there is no answer."""

    residual: FloatArray
    variance: FloatArray
    fourth: FloatArray
    trait: str


def _residuals(model: Calibration, scores: TraitScores | None) -> _Residuals:
    scores = eap_scores(model) if scores is None else scores
    shape = (len(model.group_of_person), len(model.code_values))
    if len(scores.trait) != shape[0]:
        raise ValueError(f"the model was calibrated on {shape[0]} people; scores hold {len(scores.trait)}")
    residual, variance, fourth = (np.full(shape, np.nan) for _ in range(3))
    for g, pattern in enumerate(model.patterns):
        members = np.flatnonzero(model.group_of_person == g)
        codes = pattern.codes[pattern.of_person]
        for start in range(0, len(members), _BLOCK):
            block = slice(start, start + _BLOCK)
            people = members[block]
            # A placeholder stands in for a trait that is not finite; what it gives is made missing.
            finite = np.isfinite(scores.trait[people])
            moments = _moments(model, g, np.where(finite, scores.trait[people], 0.0))
            missing = (codes[block] < 0) | ~finite[:, None]
            for target, values in zip((residual, variance, fourth), (-moments[0], *moments[1:]), strict=True):
                target[people] = np.where(missing, np.nan, values)
            residual[people] += codes[block]
    return _Residuals(residual, variance, fourth, scores.method)


def _moments(model: Calibration, group: int, trait: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, variance and fourth central moment of the codes, shape (people, items)."""
    probability = model.layout.family.probabilities(model.state.beta[group], trait)
    code = np.arange(float(probability.shape[1]))[:, None]
    mean = (code * probability).sum(axis=1)
    square = (code - mean[:, None]) ** 2
    return mean.T, (probability * square).sum(axis=1).T, (probability * square**2).sum(axis=1).T


def _mean_squares(found: _Residuals, *, axis: int) -> MeanSquares:
    answered = ~np.isnan(found.residual)
    residual, variance, fourth = (
        np.where(answered, values, 0.0) for values in (found.residual, found.variance, found.fourth)
    )
    safe = np.where(answered, variance, 1.0)
    n = answered.sum(axis=axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        outfit = (residual**2 / safe).sum(axis=axis) / n
        outfit_spread = np.sqrt((fourth / safe**2).sum(axis=axis) / n**2 - 1.0 / n)
        total = variance.sum(axis=axis)
        infit = (residual**2).sum(axis=axis) / total
        infit_spread = np.sqrt((fourth - variance**2).sum(axis=axis)) / total
        z = [_cube_root(*pair) for pair in ((outfit, outfit_spread), (infit, infit_spread))]
    return MeanSquares(outfit, z[0], infit, z[1], n, found.trait)


def _cube_root(mean_square: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the mean square as a nearly standard normal variable (Wilson & Hilferty 1931)."""
    spread = np.minimum(spread, _WIDEST)
    return np.asarray((np.cbrt(mean_square) - 1) * 3 / spread + spread / 3)
