"""Person fit without a model: do a person's answers follow the order of the items' popularity?

Each answer above the lowest code is a step taken; a step's popularity is the share of people who took it, among those
who answered the item. Someone who takes unpopular steps and leaves popular ones answers against the order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from psychometrics._codes import MISSING, FloatArray, IntArray, as_codes
from psychometrics.irt.conditional_likelihood import ScoreGroups, batches, score_groups

# People compared with everybody else at a time, where answers are missing.
_BLOCK = 512


@dataclass(frozen=True)
class GuttmanFit:
    """Departures from the order of popularity, one entry per person, judged on the items that the person answered.

    Attributes
    ----------
    n_answered, score : ndarray of int
        Items answered; steps taken on them.
    errors : ndarray of float
        Guttman errors, pairs of a step left and a less popular step taken. Of equally popular steps the first item's
        counts as the more popular one.
    normed_errors : ndarray of float
        Errors as a share of the most that the score admits, 0 to 1.
    u3 : ndarray of float
        The same share with log odds of popularity in place of ranks, 0 to 1.
    """

    n_answered: IntArray
    score: IntArray
    errors: FloatArray
    normed_errors: FloatArray
    u3: FloatArray


@dataclass(frozen=True)
class CautionIndices:
    """Further indices for two codes, one entry per person, judged on the items that the person answered.

    Attributes
    ----------
    caution : ndarray of float
        Sato's C: 1 minus the covariance with the popularities, relative to that of the ideal pattern of the same score.
    modified_caution : ndarray of float
        C*, 0 to 1: between the ideal and the reversed ideal pattern (Harnisch & Linn 1981).
    norm_conformity : ndarray of float
        NCI, 1 minus twice the normed Guttman errors (Tatsuoka & Tatsuoka 1983).
    agreement, disagreement, dependability : ndarray of float
        A, D and E of Kane & Brennan (1980): sum of the popularities of the steps taken, what it lacks to the highest
        for the score, its share of that.
    standardized_u3 : ndarray of float
        U3 given the score, about standard normal under the order (van der Flier 1982).
    point_biserial : ndarray of float
        Correlation of the answers with the popularities (Donlon & Fischer 1968).
    scalability : ndarray of float
        H^T: covariances with all other people's answers, relative to their highest for the scores (Sijtsma 1986).
    """

    caution: FloatArray
    modified_caution: FloatArray
    norm_conformity: FloatArray
    agreement: FloatArray
    disagreement: FloatArray
    dependability: FloatArray
    standardized_u3: FloatArray
    point_biserial: FloatArray
    scalability: FloatArray


def guttman_fit(responses: npt.ArrayLike) -> GuttmanFit:
    """Count each person's departures from the order of the items' popularity.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        Two or more codes, all scored in one direction. nan where an answer is missing: a person is judged on the items
        answered, whose popularity is that among all who answered them. A step that everybody took is none.

    Returns
    -------
    GuttmanFit
        nan for the lowest and highest possible score, which leave no room for an order (errors: 0), and for people
        without an answer.

    Raises
    ------
    ValueError
        For an item that everybody answered alike.

    References
    ----------
    Meijer & Sijtsma (2001), Applied Psychological Measurement 25, 107-135; van der Flier (1982); for more than two
    codes Molenaar (1991) and Emons (2008), Applied Psychological Measurement 32, 224-247.
    """
    groups, popularity = _popularity(responses)
    ranks, log_odds = _ranks(groups, popularity), np.broadcast_to(logit(popularity), _shape(groups))
    triangle = groups.score * (groups.score + 1) / 2
    taken = _sum_taken(groups, ranks)
    errors = taken - triangle
    return GuttmanFit(
        n_answered=(groups.codes >= 0).sum(axis=1),
        score=groups.score,
        errors=np.where((groups.codes >= 0).any(axis=1), errors, np.nan),
        normed_errors=_share(-taken, *_extremes(groups, -ranks)),
        u3=_share(_sum_taken(groups, log_odds), *_extremes(groups, log_odds)),
    )


def caution_indices(responses: npt.ArrayLike) -> CautionIndices:
    """Return person-fit indices for items of two codes.

    Parameters
    ----------
    responses : array_like of two codes, shape (n_people, n_items)
        nan where an answer is missing: a person is judged on the items answered, in `scalability` on those that both
        people answered, with the popularities among all who answered an item. With a gap anywhere `scalability`
        compares all pairs of people, which takes a second for 5,000 of them and four times that for twice as many.

    Returns
    -------
    CautionIndices
        nan for people who gave one code only, or no answer.

    Raises
    ------
    ValueError
        For more than two codes, and for an item that everybody answered alike.

    References
    ----------
    Meijer & Sijtsma (2001), Applied Psychological Measurement 25, 107-135, and the sources of the single indices there.
    """
    groups, p = _popularity(responses)
    if (groups.highest > 1).any():
        raise ValueError("these indices take two codes per item; guttman_fit takes more")
    odds = logit(p)
    size = groups.patterns.sum(axis=1)[groups.pattern].astype(np.float64)

    def over_answered(values: FloatArray) -> FloatArray:
        return np.asarray((groups.patterns @ values)[groups.pattern])

    with np.errstate(invalid="ignore", divide="ignore"):
        taken, mean = _sum_taken(groups, np.broadcast_to(p, _shape(groups))), over_answered(p) / size
        best, worst = _extremes(groups, np.broadcast_to(p, _shape(groups)))
        away, most = taken - groups.score * mean, best - groups.score * mean
        weight = over_answered(p * (1 - p))
        slope = over_answered(p * (1 - p) * odds) / weight
        expected = over_answered(p * odds) + slope * (groups.score - over_answered(p))
        variance = over_answered(p * (1 - p) * odds**2) - slope**2 * weight
        u3_sum = _sum_taken(groups, np.broadcast_to(odds, _shape(groups)))
        spread = groups.score * (1 - groups.score / size) * (over_answered(p**2) - size * mean**2)
        inside = groups.informative
        columns = [
            1 - away / most,
            _share(taken, best, worst),
            1 - 2 * guttman_fit(responses).normed_errors,
            taken,
            best - taken,
            taken / best,
            (expected - u3_sum) / np.sqrt(variance),
            away / np.sqrt(spread),
            _scalability(groups),
        ]
    return CautionIndices(*(np.where(inside, column, np.nan) for column in columns))


def _popularity(responses: npt.ArrayLike) -> tuple[ScoreGroups, FloatArray]:
    """Return the people by pattern and score, and the share who took each step, item by item."""
    coded = as_codes(responses)
    for item in range(coded.n_items):
        column = coded.codes[coded.codes[:, item] >= 0, item]
        if not len(column):
            raise ValueError(f"item {item}: nobody answered it; leave it out")
        if column.min() == column.max():
            raise ValueError(f"item {item}: everybody answered {column[0] + coded.minimum}; leave it out")
    lowest = np.where(coded.codes == MISSING, np.iinfo(np.int16).max, coded.codes).min(axis=0)
    groups = score_groups(np.where(coded.codes == MISSING, MISSING, coded.codes - lowest).astype(np.int16))
    at_least = [np.cumsum(part[::-1])[::-1] for part in np.split(groups.counts, groups.first[1:])]
    answered = np.repeat((groups.codes >= 0).sum(axis=0), groups.highest)
    return groups, np.concatenate(at_least) / answered


def _shape(groups: ScoreGroups) -> tuple[int, int]:
    return len(groups.patterns), len(groups.counts)


def _ranks(groups: ScoreGroups, popularity: FloatArray) -> FloatArray:
    """Return each step's rank among the answered items' steps, 1 for the most popular, (patterns, steps)."""
    order = np.argsort(-popularity, kind="stable")
    ranks = np.empty(_shape(groups))
    ranks[:, order] = np.cumsum(np.repeat(groups.patterns, groups.highest, axis=1)[:, order], axis=1)
    return ranks


def _sum_taken(groups: ScoreGroups, weights: FloatArray) -> FloatArray:
    """Return the sum of the weights (patterns, steps) of the steps each person took."""
    total = np.zeros(len(groups.score))
    for item, start in enumerate(groups.first):
        for code in range(1, groups.highest[item] + 1):
            total += (groups.codes[:, item] >= code) * weights[groups.pattern, start + code - 1]
    return total


def _extremes(groups: ScoreGroups, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest and the smallest sum of weights that any answers with the person's score could have.

    An item's steps are taken in order, so items are added one by one, keeping the best sum for each score so far.
    """
    width = groups.people.shape[1]
    best, worst = np.empty((len(groups.patterns), width)), np.empty((len(groups.patterns), width))
    for rows in batches(groups):
        highest, lowest = (
            np.full((rows.stop - rows.start, width), -np.inf),
            np.full((rows.stop - rows.start, width), np.inf),
        )
        highest[:, 0] = lowest[:, 0] = 0.0
        for item, start in enumerate(groups.first):
            sums = np.cumsum(weights[rows, start : start + groups.highest[item]], axis=1)
            sums[~groups.patterns[rows, item]] = np.nan
            more, less = highest.copy(), lowest.copy()
            for code in range(1, groups.highest[item] + 1):
                added = sums[:, code - 1 : code]
                np.fmax(more[:, code:], highest[:, :-code] + added, out=more[:, code:])
                np.fmin(less[:, code:], lowest[:, :-code] + added, out=less[:, code:])
            highest, lowest = more, less
        best[rows], worst[rows] = highest, lowest
    return best[groups.pattern, groups.score], worst[groups.pattern, groups.score]


def _share(value: FloatArray, best: FloatArray, worst: FloatArray) -> FloatArray:
    """Return how far a value lies from the best towards the worst; nan where these are the same."""
    room = best - worst
    possible = room > 1e-9 * np.maximum(np.abs(best), 1.0)
    return np.where(possible, np.clip((best - value) / np.where(possible, room, 1.0), 0.0, 1.0), np.nan)


def _scalability(groups: ScoreGroups) -> FloatArray:
    """Return H^T, from item totals and score counts if nobody skipped, otherwise from all pairs of people."""
    if groups.patterns.all():
        k = groups.codes.shape[1]
        share = groups.score / k
        together = groups.codes @ groups.counts / k - share * share.sum() - share * (1 - share)
        scores, counts = np.arange(k + 1), groups.people[0]
        lower, upper = np.minimum.outer(scores, scores), np.maximum.outer(scores, scores)
        highest = (lower * (k - upper)) @ counts / k**2
        return np.asarray(together / (highest[groups.score] - share * (1 - share)))
    taken, answered = (groups.codes > 0).astype(np.float64), (groups.codes >= 0).astype(np.float64)
    found = np.empty(len(taken))
    for start in range(0, len(taken), _BLOCK):
        rows = slice(start, start + _BLOCK)
        common = answered[rows] @ answered.T
        common[np.arange(len(common)), np.arange(start, start + len(common))] = 0.0
        seen = np.maximum(common, 1.0)
        own, other = taken[rows] @ answered.T / seen, answered[rows] @ taken.T / seen
        covariance = taken[rows] @ taken.T / seen - own * other
        highest = np.minimum(own, other) * (1 - np.maximum(own, other))
        found[rows] = (covariance * (common > 0)).sum(axis=1) / (highest * (common > 0)).sum(axis=1)
    return found
