"""What skipping does to scores that are made up from the answers given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from psychometrics._validation import Booleans, Floats, as_proportion, as_responses, as_shown
from psychometrics.dif.impact import Interval


@dataclass(frozen=True)
class SkippingImpact:
    """
    How far skipping moves prorated scores of two groups apart, and whether it goes with the trait.

    Attributes
    ----------
    reference_rate, focal_rate : float
        Share of the items shown to people of a group that they left unanswered.
    reference_n, focal_n : int
        People with enough answers for a score.
    impact : Interval
        Difference of prorated scores between groups of equal trait, in points, focal minus reference: what the items
        that a group leaves out would have added less, or more, than those it answers.
    impact_sd : Interval
        The same in SDs of the scale.
    reference_correlation, focal_correlation : Interval
        Correlation of the share a person skipped with the trait; nan where nobody skipped. Away from 0 the trait, and
        perhaps the very answer that is not given, has to do with skipping.
    """

    reference_rate: float
    focal_rate: float
    reference_n: int
    focal_n: int
    impact: Interval
    impact_sd: Interval
    reference_correlation: Interval
    focal_correlation: Interval


def skipping_impact(
    responses: ArrayLike,
    focal: ArrayLike,
    trait: ArrayLike,
    expected: ArrayLike,
    *,
    scale_sd: float,
    shown: ArrayLike | None = None,
    least_answered: float = 0.75,
    confidence: float = 0.95,
) -> SkippingImpact:
    """
    Return what skipping does to the difference of two groups in prorated scores.

    A person's score is often the mean of the answers given times the number of items. It is too high where hard items
    were left out. With the expected scores of a model in which items are equal in both groups, that error is known for
    each person; groups that skip alike have it alike.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where there is no answer.
    focal : array_like of bool, shape (n_people,)
        Whether a person belongs to the focal group; the others are the reference group.
    trait : array_like of float, shape (n_people,)
        Estimates; nan for people without an answer.
    expected : array_like of float, shape (n_people, n_items)
        Expected item scores at each person's trait, from curves equal in both groups.
    scale_sd : float
        Standard deviation of the scale's score.
    shown : array_like of bool, shape (n_people, n_items) or (n_items,), optional
        False where an item was not shown: no answer there is not a skip.
    least_answered : float
        Share of the items a person must have answered to have a score.
    confidence : float
        Level of the intervals, which take people's traits as known.

    Raises
    ------
    ValueError
        For arrays that do not fit together.

    Notes
    -----
    Right when skipping depends on the trait, the group and the item, not on the answer withheld itself, which no
    analysis of the answers given can tell.
    """
    matrix, curves = as_responses(responses), np.asarray(expected, dtype=np.float64)
    member, level = np.asarray(focal, dtype=bool), np.asarray(trait, dtype=np.float64)
    if curves.shape != matrix.shape or member.shape != (len(matrix),) or level.shape != member.shape:
        raise ValueError("focal and trait need one entry, expected one row, for each row of responses")
    z = float(ndtri(0.5 + as_proportion(confidence, "confidence") / 2.0))
    answered = ~np.isnan(matrix)
    visible = as_shown(shown, matrix)
    error = _prorating_error(curves, answered)
    scored = answered.mean(axis=1) >= as_proportion(least_answered, "least_answered")
    parts = [error[scored & ~np.isnan(level) & (member == of)] for of in (False, True)]
    means = [float(part.mean()) if len(part) else np.nan for part in parts]
    spread = sum(float(part.var(ddof=1)) / len(part) if len(part) > 1 else np.nan for part in parts)
    impact = _around(means[1] - means[0], z * float(np.sqrt(spread)))
    share = _share_skipped(visible, answered)
    correlations = [_correlation(share[member == of], level[member == of], z) for of in (False, True)]
    rates = [_rate(visible[member == of], answered[member == of]) for of in (False, True)]
    return SkippingImpact(
        reference_rate=rates[0],
        focal_rate=rates[1],
        reference_n=len(parts[0]),
        focal_n=len(parts[1]),
        impact=impact,
        impact_sd=Interval(impact.value / scale_sd, impact.lower / scale_sd, impact.upper / scale_sd),
        reference_correlation=correlations[0],
        focal_correlation=correlations[1],
    )


def _prorating_error(expected: Floats, answered: Booleans) -> Floats:
    """Return, for each person, the expected prorated score minus the expected score on all items."""
    with np.errstate(invalid="ignore", divide="ignore"):
        given = np.where(answered, expected, 0.0).sum(axis=1) / answered.sum(axis=1)
    return np.asarray(expected.shape[1] * given - expected.sum(axis=1))


def _share_skipped(visible: Booleans, answered: Booleans) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((visible & ~answered).sum(axis=1) / visible.sum(axis=1))


def _rate(visible: Booleans, answered: Booleans) -> float:
    return float((visible & ~answered).sum() / visible.sum()) if visible.any() else float("nan")


def _correlation(share: Floats, trait: Floats, z: float) -> Interval:
    """Return Pearson's correlation with Fisher's (1921) interval."""
    known = ~np.isnan(share) & ~np.isnan(trait)
    x, y = share[known], trait[known]
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    r = float(np.corrcoef(x, y)[0, 1])
    centre, half = np.arctanh(r), z / np.sqrt(len(x) - 3.0)
    return Interval(r, float(np.tanh(centre - half)), float(np.tanh(centre + half)))


def _around(value: float, half: float) -> Interval:
    return Interval(value, value - half, value + half)
