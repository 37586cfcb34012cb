"""How surely cuts on a score sort people: the same class again, and the right class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, betaln, ndtr, roots_legendre

from psychometrics._validation import Floats


@dataclass(frozen=True)
class Classification:
    """
    Quality of a classification by cuts.

    Attributes
    ----------
    consistency : float
        Chance that two parallel measurements put a person into the same class.
    accuracy : float
        Chance that a measurement puts a person into the class of the true score.
    kappa : float
        Consistency beyond what the class sizes alone would give.
    n : int
    method : str
    """

    consistency: float
    accuracy: float
    kappa: float
    n: int
    method: str


def classification_by_errors(scores: ArrayLike, standard_errors: ArrayLike, cuts: ArrayLike) -> Classification:
    """
    Return consistency and accuracy from each person's score and standard error, errors taken as normal.

    Rudner (2005), Practical Assessment, Research & Evaluation 10(13).

    Parameters
    ----------
    scores : array_like of float, shape (n_people,)
        nan where there is no score: left out.
    standard_errors : float or array_like, shape (n_people,)
        Above 0.
    cuts : array_like of float
        Ascending; a score at a cut belongs to the upper class.
    """
    values = np.asarray(scores, dtype=np.float64)
    errors = np.broadcast_to(np.asarray(standard_errors, dtype=np.float64), values.shape)
    limits = checked_cuts(cuts)
    known = ~np.isnan(values)
    values, errors = values[known], errors[known]
    if not len(values) or not (errors > 0).all():
        raise ValueError("there must be at least one score, each with a standard error above 0")
    below = ndtr((limits - values[:, None]) / errors[:, None])
    chances = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), axis=1)
    observed = np.searchsorted(limits, values, side="right")
    accuracy = float(chances[np.arange(len(values)), observed].mean())
    return classification(chances, np.full(len(values), 1.0 / len(values)), accuracy, len(values), "rudner")


def classification_by_reliability(
    scores: ArrayLike, *, reliability: float, minimum: float, maximum: float, cuts: ArrayLike
) -> Classification:
    """
    Return consistency and accuracy from the scores' distribution and their reliability.

    Livingston & Lewis (1995), Journal of Educational Measurement 32, 179-197: scores behave like those of so many
    right-or-wrong items as give this mean, variance and reliability; true scores follow a beta distribution, here with
    two parameters.

    Parameters
    ----------
    scores : array_like of float, shape (n_people,)
        nan where there is no score: left out.
    reliability : float
        Above 0 and below 1.
    minimum, maximum : float
        Lowest and highest possible score.
    cuts : array_like of float
        Ascending; a score at a cut belongs to the upper class.
    """
    values = np.asarray(scores, dtype=np.float64)
    values, limits = values[~np.isnan(values)], checked_cuts(cuts)
    if not 0.0 < reliability < 1.0:
        raise ValueError(f"reliability must lie between 0 and 1, both excluded; got {reliability}")
    if len(values) < 2 or values.min() < minimum or values.max() > maximum or values.min() == values.max():
        raise ValueError(f"scores must vary, between {minimum:g} and {maximum:g}")
    share = (values - minimum) / (maximum - minimum)
    mean, variance = float(share.mean()), float(share.var(ddof=1))
    length = max(1, round((mean * (1.0 - mean) - reliability * variance) / (variance * (1.0 - reliability))))
    true, weight = _beta_nodes(mean, reliability * variance)
    passing = (limits - minimum) / (maximum - minimum)
    # A score below the cut is one of at most so many right answers; rounding must not move a cut that falls on one.
    most = np.ceil(length * passing - 1e-9) - 1.0
    below = np.where(most < 0, 0.0, bdtr(np.maximum(most, 0.0)[None, :], length, true[:, None]))
    chances = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), axis=1)
    own = np.searchsorted(passing, true, side="right")
    accuracy = float(weight @ chances[np.arange(len(true)), own])
    return classification(chances, weight, accuracy, len(values), "livingston-lewis")


def checked_cuts(cuts: ArrayLike) -> Floats:
    """Return cuts as an array; they must ascend."""
    limits = np.atleast_1d(np.asarray(cuts, dtype=np.float64))
    if not len(limits) or not np.isfinite(limits).all() or not (np.diff(limits) > 0).all():
        raise ValueError("cuts must be one number or more, ascending")
    return limits


def _beta_nodes(mean: float, variance: float) -> tuple[Floats, Floats]:
    """Return points between 0 and 1 and their share under the beta distribution with this mean and variance."""
    size = mean * (1.0 - mean) / variance - 1.0
    if size <= 0.0:
        raise ValueError("the scores spread further than true scores between minimum and maximum can")
    first, second = mean * size, (1.0 - mean) * size
    nodes, weights = roots_legendre(800)
    # A sine spreads the points toward the ends, where the density of a skewed scale piles up.
    true = 0.5 * (1.0 + np.sin(0.5 * math.pi * nodes))
    log_density = (first - 1.0) * np.log(true) + (second - 1.0) * np.log1p(-true) - betaln(first, second)
    share = weights * np.cos(0.5 * math.pi * nodes) * np.exp(log_density)
    return np.asarray(true), np.asarray(share / share.sum())


def classification(chances: Floats, weight: Floats, accuracy: float, n: int, method: str) -> Classification:
    """Return the result from chances of each class (levels, classes) and the share of people at each level."""
    consistency = float(weight @ (chances**2).sum(axis=1))
    by_chance = float(np.sum((weight @ chances) ** 2))
    kappa = (consistency - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else math.nan
    return Classification(consistency, accuracy, kappa, n, method)
