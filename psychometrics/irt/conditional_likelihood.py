"""The likelihood of answers given people's raw scores, which depends on the items alone (Andersen 1972).

Items are polynomials whose coefficients are the exponentials of the category easinesses; the coefficient of x^r in
their product is the elementary symmetric function of order r. All sums here have positive terms only: products are
built from the left and met by sums of weights from the right, so that nothing is lost by subtraction or division,
however many items there are (the summation algorithm of Andersen 1972, as a forward and a backward pass).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._patterns import pattern_codes

# Patterns of missing answers are taken in batches of so many numbers, which stay in the processor's cache.
_BATCH = 300_000


@dataclass(frozen=True)
class ScoreGroups:
    """People reduced to what the conditional likelihood needs.

    Attributes
    ----------
    codes : ndarray of int, shape (n_people, n_items)
        Answers from 0, -1 where missing.
    highest : ndarray of int, shape (n_items,)
        The highest code of each item, at least 1.
    counts : ndarray of float, shape (highest.sum(),)
        How many people gave each code from 1 on, item by item.
    patterns : ndarray of bool, shape (n_patterns, n_items)
        The distinct sets of answered items.
    people : ndarray of float, shape (n_patterns, highest.sum() + 1)
        How many people have each pattern and raw score.
    pattern, score : ndarray of int, shape (n_people,)
        Each person's pattern and raw score on the answered items.
    """

    codes: npt.NDArray[np.int16]
    highest: IntArray
    counts: FloatArray
    patterns: BoolArray
    people: FloatArray
    pattern: IntArray
    score: IntArray

    @property
    def maximum(self) -> IntArray:
        """The highest possible raw score of each person."""
        return (self.patterns @ self.highest)[self.pattern]

    @property
    def informative(self) -> BoolArray:
        """Who neither gave the lowest nor the highest code throughout: the others' answers follow from the score."""
        return (self.score > 0) & (self.score < self.maximum)

    @property
    def first(self) -> IntArray:
        """Where each item's codes start in a flattened vector over items and codes from 1 on."""
        return np.concatenate([[0], np.cumsum(self.highest)[:-1]]).astype(np.intp)


def score_groups(codes: npt.NDArray[np.int16]) -> ScoreGroups:
    """Count answers (from 0, -1 where missing; every item has two codes or more) by pattern and raw score."""
    answered = codes >= 0
    highest = codes.max(axis=0).astype(np.intp)
    score = np.where(answered, codes, 0).sum(axis=1, dtype=np.intp)
    if answered.all():
        patterns, pattern = np.ones((1, len(highest)), dtype=bool), np.zeros(len(codes), dtype=np.intp)
    else:
        _, first, pattern = np.unique(pattern_codes(answered), return_index=True, return_inverse=True)
        patterns = answered[first]
    width = int(highest.sum()) + 1
    people = np.bincount(pattern * width + score, minlength=len(patterns) * width).reshape(len(patterns), width)
    given = [
        np.bincount(column[column > 0], minlength=top + 1)[1:] for column, top in zip(codes.T, highest, strict=True)
    ]
    counts = np.concatenate(given).astype(np.float64)
    return ScoreGroups(codes, highest, counts, patterns, people.astype(np.float64), pattern, score)


def gradient(groups: ScoreGroups, easiness: FloatArray) -> tuple[float, FloatArray]:
    """Return the conditional log-likelihood and its gradient.

    ``easiness`` (highest.sum(),) are the category easinesses, -inf where nobody gave a code.
    """
    given = groups.counts > 0
    log_likelihood = float(groups.counts[given] @ easiness[given])
    expected = np.zeros(len(easiness))
    for rows in batches(groups):
        items, people = _Items(groups, easiness, groups.patterns[rows]), groups.people[rows]
        left = items.forward()
        log_likelihood -= items.log_total(people, left[-1])
        expected += items.expected_codes(left, people / _positive(left[-1]))
    return log_likelihood, groups.counts - expected


def information(groups: ScoreGroups, easiness: FloatArray) -> FloatArray:
    """Return minus the second derivatives: covariances of who gives which code given the raw scores, over people."""
    width = len(easiness)
    total = np.zeros((width, width))
    for rows in batches(groups):
        items, people = _Items(groups, easiness, groups.patterns[rows]), groups.people[rows]
        left = items.forward()
        weights = people / _positive(left[-1])
        together, fixed = items.joint_codes(left, weights)
        share = (fixed / _positive(left[-1])).reshape(width, -1)
        total += together + together.T + np.diag(items.expected_codes(left, weights))
        total -= (share * people.ravel()) @ share.T
    return total


def _positive(values: FloatArray) -> FloatArray:
    """Replace zeros, where no score can be and nobody is, by ones."""
    return np.where(values > 0, values, 1.0)


def person_scores(groups: ScoreGroups, easiness: FloatArray) -> FloatArray:
    """Return each person's gradient of the log-likelihood, shape (n_people, highest.sum())."""
    codes = [np.arange(1, top + 1) for top in groups.highest]
    given = [groups.codes[:, item, None] == code for item, code in enumerate(codes)]
    scores = np.concatenate(given, axis=1).astype(np.float64)
    for rows in batches(groups):
        items = _Items(groups, easiness, groups.patterns[rows])
        left = items.forward()
        share = items.with_code(left) / _positive(left[-1])
        members = np.flatnonzero((groups.pattern >= rows.start) & (groups.pattern < rows.stop))
        scores[members] -= share[:, groups.pattern[members] - rows.start, groups.score[members]].T
    return scores


def batches(groups: ScoreGroups) -> Iterator[slice]:
    """Return slices of the patterns, small enough to be worked on together."""
    size = max(1, _BATCH // (len(groups.counts) * groups.people.shape[1]))
    for start in range(0, len(groups.patterns), size):
        yield slice(start, min(start + size, len(groups.patterns)))


class _Items:
    """The items' polynomials for some patterns; an item not answered is the polynomial 1."""

    def __init__(self, groups: ScoreGroups, easiness: FloatArray, patterns: BoolArray) -> None:
        self.first, self.highest, self.patterns = groups.first, groups.highest, patterns
        # Any tilt of the trait leaves everything given the score as it is; this one keeps the numbers near 1.
        ends = easiness[self.first + self.highest - 1] / self.highest
        self.tilt = -float(ends[np.isfinite(ends)].mean())
        self.factors, self.log_sums = [], np.zeros(len(self.highest))
        for item, (start, top) in enumerate(zip(self.first, self.highest, strict=True)):
            logs = np.concatenate([[0.0], easiness[start : start + top]]) + self.tilt * np.arange(top + 1)
            self.log_sums[item] = np.logaddexp.reduce(logs)
            factor = np.exp(logs - self.log_sums[item]) * patterns[:, item, None]
            factor[~patterns[:, item], 0] = 1.0
            self.factors.append(factor)

    def forward(self) -> list[FloatArray]:
        """Return the product of the first 0, 1, ... items, each (patterns, scores)."""
        left = [np.zeros((len(self.patterns), int(self.highest.sum()) + 1))]
        left[0][:, 0] = 1.0
        for factor in self.factors:
            left.append(_times(left[-1], factor))
        return left

    def log_total(self, people: FloatArray, symmetric: FloatArray) -> float:
        """Return the sum over people of the logarithm of their elementary symmetric function."""
        found = people > 0
        if (symmetric[found] <= 0).any():
            raise ValueError("the raw scores' probabilities are too small for floating point: take fewer items")
        scores = np.arange(people.shape[1])
        log_sums = self.patterns @ self.log_sums
        return float(
            people[found] @ np.log(symmetric[found]) + (people * (log_sums[:, None] - self.tilt * scores)).sum()
        )

    def with_code(self, left: list[FloatArray]) -> FloatArray:
        """Return the product of all items in which one code of one item is fixed, (codes, patterns, scores)."""
        fixed = np.zeros((int(self.highest.sum()), *left[0].shape))
        for item in range(len(self.factors)):
            self._take(fixed, item, left[item])
        return fixed

    def expected_codes(self, left: list[FloatArray], weights: FloatArray) -> FloatArray:
        """Return how many people are expected to give each code."""
        expected = np.zeros(int(self.highest.sum()))
        for item, right in enumerate(self._backward(weights)):
            for code in range(1, self.highest[item] + 1):
                reached = self._reached(item, code, right)
                expected[self.first[item] + code - 1] = left[item].ravel() @ reached
        return expected

    def joint_codes(self, left: list[FloatArray], weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how many people are expected to give each code with each code of a later item, and `with_code`.

        Products in which one code of an earlier item is fixed meet, at the next item's codes, the weight of the scores
        that can be reached from there.
        """
        fixed = np.zeros((int(self.highest.sum()), *weights.shape))
        together = np.zeros((len(fixed), len(fixed)))
        for item, right in enumerate(self._backward(weights)):
            before = self.first[item]
            for code in range(1, self.highest[item] + 1):
                reached = self._reached(item, code, right)
                together[:before, before + code - 1] = fixed[:before].reshape(before, reached.size) @ reached
            self._take(fixed, item, left[item])
        return together, fixed

    def _reached(self, item: int, code: int, right: FloatArray) -> FloatArray:
        return np.asarray((self.factors[item][:, code, None] * _down(right, code)).ravel())

    def _take(self, fixed: FloatArray, item: int, left: FloatArray) -> None:
        """Multiply what is fixed so far by an item, and fix each of its own codes."""
        start, factor = self.first[item], self.factors[item]
        # Beyond the scores that the items so far can reach there are only zeros.
        reach = slice(int(self.highest[: item + 1].sum()) + 1)
        fixed[:start, :, reach] = _times(fixed[:start, :, reach], factor)
        for code in range(1, self.highest[item] + 1):
            fixed[start + code - 1] = factor[:, code, None] * _up(left, code)

    def _backward(self, weights: FloatArray) -> list[FloatArray]:
        """Return, for each item, the weight of every score after it, summed over what the later items may add."""
        right = [weights]
        for factor in self.factors[:0:-1]:
            later = right[-1]
            total = factor[:, :1] * later
            for code in range(1, factor.shape[1]):
                total += factor[:, code, None] * _down(later, code)
            right.append(total)
        return right[::-1]


def _times(product: FloatArray, factor: FloatArray) -> FloatArray:
    """Return a product of polynomials (..., patterns, scores) times one more (patterns, codes)."""
    total = product * factor[:, :1]
    for code in range(1, factor.shape[1]):
        total[..., code:] += product[..., :-code] * factor[:, code, None]
    return np.asarray(total)


def _up(values: FloatArray, code: int) -> FloatArray:
    """Return what has been reached once `code` points are added."""
    moved = np.zeros_like(values)
    moved[..., code:] = values[..., :-code]
    return moved


def _down(values: FloatArray, code: int) -> FloatArray:
    """Return what can be reached once `code` points are added."""
    moved = np.zeros_like(values)
    moved[..., :-code] = values[..., code:]
    return moved
