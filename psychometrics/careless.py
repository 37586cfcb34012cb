"""
Signs of careless answering, one figure per person; none of them convicts on its own.

Curran (2016), Journal of Experimental Social Psychology 66, 4-19, and Meade & Craig (2012), Psychological Methods 17,
437-455, compare them. Responses are as given, not turned around, unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from psychometrics._moments import pairwise_moments
from psychometrics._validation import Floats, Integers, as_choice, as_responses


@dataclass(frozen=True)
class LongString:
    """Longest and mean run of identical answers in the order of the items; a gap ends a run and is one of its own."""

    longest: Integers
    average: Floats


@dataclass(frozen=True)
class SynonymConsistency:
    """Within-person correlation over pairs of items that go together (or apart), and the pairs."""

    correlation: Floats
    pairs: Integers


@dataclass(frozen=True)
class MahalanobisDistance:
    """Squared distance of each person from the mean of all, and its upper chi-square tail; nan without any answer."""

    squared: Floats
    df: Integers
    p_value: Floats


def longstring(responses: ArrayLike) -> LongString:
    """Return the runs of identical answers: Johnson (2005), Journal of Research in Personality 39, 103-129."""
    matrix = as_responses(responses, min_people=1, min_items=2)
    people, items = matrix.shape
    # nan differs from itself, so a gap starts a run and so does what follows it.
    starts = np.hstack([np.ones((people, 1), dtype=bool), matrix[:, 1:] != matrix[:, :-1]])
    begin = np.where(starts, np.arange(items), 0)
    length = np.arange(items) - np.maximum.accumulate(begin, axis=1) + 1
    return LongString(length.max(axis=1).astype(np.int64), items / starts.sum(axis=1))


def intra_individual_variability(responses: ArrayLike, *, parts: int = 1) -> Floats:
    """
    Return the standard deviation of each person's answers, over all items or each of so many stretches of them.

    Dunn, Heggestad, Shanock & Theilgard (2018), Journal of Business and Psychology 33, 105-121.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing: left out.
    parts : int
        Stretches of items that follow one another, as equal in length as can be.

    Returns
    -------
    ndarray of float, shape (n_people, parts)
        With n - 1; nan for fewer than two answers.
    """
    matrix = as_responses(responses, min_people=1, min_items=2)
    if not 1 <= parts <= matrix.shape[1] // 2:
        raise ValueError(f"parts must lie between 1 and half the number of items, {matrix.shape[1] // 2}; got {parts}")
    return np.column_stack([_spread(part) for part in np.array_split(matrix, parts, axis=1)])


def even_odd_consistency(responses: ArrayLike, scales: Sequence[ArrayLike]) -> Floats:
    """
    Return how far the halves of a person's scales agree: 1 consistent, -1 not at all.

    The means of the items at odd and at even places of each scale are correlated over scales and stepped up by Spearman
    and Brown; what falls below -1 then is set to -1 (Jackson, 1977; Johnson, 2005).

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        Best in the scored direction; nan where missing.
    scales : sequence of integer arrays
        Positions of the items of each scale, two or more; three scales or more.

    Returns
    -------
    ndarray of float, shape (n_people,)
        nan where too few scales have both halves or they do not differ.
    """
    matrix = as_responses(responses, min_people=1, min_items=2)
    members = [np.asarray(scale, dtype=np.intp) for scale in scales]
    if len(members) < 3 or min(map(len, members)) < 2:
        raise ValueError("even-odd consistency needs three scales or more, each of two items or more")
    odd, even = (np.column_stack([_mean(matrix[:, items[at::2]]) for items in members]) for at in (0, 1))
    correlation = _row_correlation(odd, even)
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(2.0 * correlation / (1.0 + correlation), -1.0, 1.0))


def psychometric_synonyms(responses: ArrayLike, *, critical: float = 0.60) -> SynonymConsistency:
    """
    Return each person's correlation over pairs of items that correlate above ``critical`` in everyone's answers.

    Low for careless people. Meade & Craig (2012). ``correlation`` is 0 where one side of the pairs varies and
    the other does not, nan where neither does or fewer than two pairs were answered.
    """
    return _consistency(responses, 1.0, critical)


def psychometric_antonyms(responses: ArrayLike, *, critical: float = -0.60) -> SynonymConsistency:
    """
    Return each person's correlation over pairs of items that correlate below ``critical`` in everyone's answers.

    High (less negative) for careless people. Johnson (2005).
    """
    return _consistency(responses, -1.0, critical)


def person_total_correlation(responses: ArrayLike, *, exclude_self: bool = True) -> Floats:
    """
    Return the correlation of each person's answers with the item means, of the others or of everyone.

    Donlon & Fischer (1968). nan where fewer than two answers were given or they do not vary.
    """
    matrix = as_responses(responses, min_items=2)
    answered = ~np.isnan(matrix)
    total, count = np.where(answered, matrix, 0.0).sum(axis=0), answered.sum(axis=0).astype(np.float64)
    means = np.broadcast_to(total / np.maximum(count, 1.0), matrix.shape)
    if exclude_self:
        with np.errstate(invalid="ignore", divide="ignore"):
            means = (total - np.where(answered, matrix, 0.0)) / (count - answered)
    return _row_correlation(matrix, means)


def mahalanobis_distance(responses: ArrayLike, *, gaps: str = "answered") -> MahalanobisDistance:
    """
    Return how far each person's answers lie from the mean, given how items go together.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing; covariances are pairwise.
    gaps : {"answered", "mean"}
        Distance among the items a person answered, with as many degrees of freedom; or gaps filled with the item mean
        (as the R package psych does), which makes people with gaps look ordinary.

    Raises
    ------
    ValueError
        For items without variance or that follow from the others.

    References
    ----------
    Mahalanobis (1936), Proceedings of the National Institute of Sciences of India 2, 49-55.
    """
    as_choice(gaps, ("answered", "mean"), "gaps")
    matrix = as_responses(responses, min_items=2)
    moments = pairwise_moments(matrix)
    covariance = moments.covariance
    if np.isnan(covariance).any() or np.linalg.matrix_rank(covariance) < len(covariance):
        raise ValueError("the covariances have no inverse: an item does not vary or follows from the others")
    answered = ~np.isnan(matrix)
    centred = np.where(answered, matrix - moments.means, 0.0)
    squared = ((centred @ np.linalg.inv(covariance)) * centred).sum(axis=1)
    df = np.full(len(matrix), len(covariance))
    if gaps == "answered":
        df = answered.sum(axis=1)
        for row in np.flatnonzero(df < len(covariance)):
            seen = answered[row]
            part = np.linalg.solve(covariance[np.ix_(seen, seen)], centred[row, seen])
            squared[row] = part @ centred[row, seen]
    squared[~answered.any(axis=1)] = np.nan
    return MahalanobisDistance(squared, df.astype(np.int64), np.asarray(chdtrc(np.maximum(df, 1), squared)))


def rapid_answers(seconds: ArrayLike, *, fastest: float = 2.0) -> Floats:
    """
    Return the share of items each person answered faster than anyone reads them.

    Parameters
    ----------
    seconds : array_like of float, shape (n_people, n_items)
        Time on each item; nan where not known.
    fastest : float
        Seconds per item; two by Huang, Curran, Keeney, Poposki & DeShon (2012, Journal of Business and Psychology 27,
        99-114).

    Returns
    -------
    ndarray of float, shape (n_people,)
        nan where no time is known.
    """
    matrix = as_responses(seconds, min_people=1)
    if np.nanmin(matrix) < 0:
        raise ValueError("seconds must not be negative")
    known = ~np.isnan(matrix)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((matrix < fastest).sum(axis=1) / known.sum(axis=1))


def _consistency(responses: ArrayLike, sign: float, critical: float) -> SynonymConsistency:
    matrix = as_responses(responses, min_items=2)
    correlation = pairwise_moments(matrix).correlation
    pairs = np.argwhere(np.triu(sign * np.nan_to_num(correlation) > sign * critical, 1))
    if len(pairs) < 2:
        side = "above" if sign > 0 else "below"
        raise ValueError(f"{len(pairs)} pairs of items correlate {side} {critical:g}; two or more are needed")
    first, second = matrix[:, pairs[:, 0]], matrix[:, pairs[:, 1]]
    both = ~np.isnan(first) & ~np.isnan(second)
    spreads = np.stack([_spread(np.where(both, side, np.nan)) for side in (first, second)])
    # Answers that stay the same while their counterparts move follow nothing; when neither moves nothing is known.
    one_sided = (spreads.min(axis=0) == 0) & (spreads.max(axis=0) > 0)
    return SynonymConsistency(np.where(one_sided, 0.0, _row_correlation(first, second)), pairs.astype(np.int64))


def _spread(matrix: Floats) -> Floats:
    answered = ~np.isnan(matrix)
    n = answered.sum(axis=1)
    centred = np.where(answered, matrix - _mean(matrix)[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, np.sqrt((centred**2).sum(axis=1) / (n - 1.0)), np.nan)


def _mean(matrix: Floats) -> Floats:
    answered = ~np.isnan(matrix)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(answered, matrix, 0.0).sum(axis=1) / answered.sum(axis=1))


def _row_correlation(first: Floats, second: Floats) -> Floats:
    """Return the correlation of two matrices row by row, over entries that both have."""
    both = ~np.isnan(first) & ~np.isnan(second)
    a, b = (np.where(both, x, np.nan) for x in (first, second))
    a, b = (np.where(both, x - _mean(x)[:, None], 0.0) for x in (a, b))
    spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    scale = np.abs(np.where(both, first, 0.0)).max(axis=1) * np.abs(np.where(both, second, 0.0)).max(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Rounding leaves a trace of spread in equal answers.
        return np.where(spread > 1e-12 * scale, (a * b).sum(axis=1) / spread, np.nan)
