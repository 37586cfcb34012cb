"""Skipped answers: how often, by whom, and whether groups differ in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtri

from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import (
    Booleans,
    Floats,
    Integers,
    Label,
    as_groups,
    as_proportion,
    as_responses,
    as_shown,
)


@dataclass(frozen=True)
class Proportions:
    """Shares of a whole with score intervals; arrays of one shape."""

    estimate: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class PersonSkips:
    """
    How much the people of each group skip, over all items; arrays by group.

    Attributes
    ----------
    n : ndarray of int
        People who were shown at least one item.
    mean, standard_deviation : ndarray of float
        Of the number of items a person skipped.
    any_skip : Proportions
        Share of the people who skipped at least one item.
    statistic, p_value : float
        Kruskal and Wallis' H, corrected for ties, of the share each person skipped of what they were shown.
    df : int
    """

    n: Integers
    mean: Floats
    standard_deviation: Floats
    any_skip: Proportions
    statistic: float
    p_value: float
    df: int


@dataclass(frozen=True)
class SkipDifference:
    """Share of people shown an item who did not answer it: in two groups, and focal minus reference (Newcombe)."""

    reference_rate: float
    focal_rate: float
    difference: float
    lower: float
    upper: float
    p: float


@dataclass(frozen=True)
class DifferentialSkipping:
    """
    Skipping per item and group; arrays are (n_items, n_groups) unless said otherwise.

    Attributes
    ----------
    labels : tuple
        Groups in ascending order; people without a known group are left out.
    reference : label
        The group the others are compared with.
    n_shown, n_skipped : ndarray of int
    rate : Proportions
        Share of those shown the item who skipped it (Wilson's interval); nan where nobody was shown it.
    difference : Proportions
        Rate minus the reference group's (Newcombe's interval, method 10); 0 for the reference group.
    odds_ratio : Proportions
        Odds of skipping against the reference group (Woolf's interval; a half is added to every count where one is 0).
    statistic, p_value, p_adjusted : ndarray of float, shape (n_items,)
        Pearson's chi-square times (N - 1) / N against "the same rate in every group", and p by Benjamini and Hochberg
        over items; nan where nobody or everybody skipped, or one group only was shown the item.
    df : ndarray of int, shape (n_items,)
    people : PersonSkips
    confidence : float
    """

    labels: tuple[Label, ...]
    reference: Label
    n_shown: Integers
    n_skipped: Integers
    rate: Proportions
    difference: Proportions
    odds_ratio: Proportions
    statistic: Floats
    df: Integers
    p_value: Floats
    p_adjusted: Floats
    people: PersonSkips
    confidence: float

    def differences(self, focal: Label) -> tuple[SkipDifference, ...]:
        """Return each item's difference between one group and the reference group; p is that of all groups."""
        at, base = self.labels.index(focal), self.labels.index(self.reference)
        columns = (
            self.rate.estimate[:, base],
            self.rate.estimate[:, at],
            self.difference.estimate[:, at],
            self.difference.lower[:, at],
            self.difference.upper[:, at],
            self.p_value,
        )
        return tuple(SkipDifference(*map(float, row)) for row in np.column_stack(columns))


def differential_skipping(
    responses: ArrayLike,
    groups: ArrayLike,
    *,
    shown: ArrayLike | None = None,
    reference: Label | None = None,
    confidence: float = 0.95,
) -> DifferentialSkipping:
    """
    Compare how often groups skip each item.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where there is no answer.
    groups : array_like of labels, shape (n_people,)
        None, nan and empty text: not known.
    shown : array_like of bool, shape (n_people, n_items) or (n_items,), optional
        False where an item was not shown: no answer there is not a skip. Everything was shown if not given.
    reference : label, optional
        Group to compare with; the largest if not given.
    confidence : float
        Level of the intervals, 0 to 1.

    Returns
    -------
    DifferentialSkipping

    Raises
    ------
    ValueError
        For fewer than two groups, an unknown reference group, or an answer to an item that was not shown.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212. Newcombe (1998), Statistics in Medicine
    17, 873-890. Campbell (2007), Statistics in Medicine 26, 3661-3675 (the N - 1 correction).
    """
    matrix = as_responses(responses)
    labels, codes = as_groups(groups, len(matrix), min_groups=2)
    visible = as_shown(shown, matrix)
    z = float(ndtri(0.5 + as_proportion(confidence, "confidence") / 2.0))
    base = _reference(labels, codes, reference)
    skipped = visible & np.isnan(matrix)
    member = (codes[:, None] == np.arange(len(labels))).astype(np.float64)
    n_shown, n_skipped = visible.T @ member, skipped.T @ member
    rate = _wilson(n_skipped, n_shown, z)
    statistic, df, p_value = _homogeneity(n_skipped, n_shown)
    return DifferentialSkipping(
        labels=labels,
        reference=labels[base],
        n_shown=n_shown.astype(np.int64),
        n_skipped=n_skipped.astype(np.int64),
        rate=rate,
        difference=_newcombe(rate, base),
        odds_ratio=_odds_ratio(n_skipped, n_shown, base, z),
        statistic=statistic,
        df=df,
        p_value=p_value,
        p_adjusted=benjamini_hochberg(p_value),
        people=_person_skips(skipped, visible, codes, len(labels), z),
        confidence=confidence,
    )


def _reference(labels: tuple[Label, ...], codes: Integers, reference: Label | None) -> int:
    if reference is None:
        return int(np.argmax(np.bincount(codes[codes >= 0])))
    if reference not in labels:
        raise ValueError(f"reference {reference!r} is none of the groups {', '.join(map(str, labels))}")
    return labels.index(reference)


def _wilson(count: Floats, total: Floats, z: float) -> Proportions:
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(total > 0, count / total, np.nan)
        centre = (count + z**2 / 2.0) / (total + z**2)
        half = z / (total + z**2) * np.sqrt(rate * (1.0 - rate) * total + z**2 / 4.0)
    return Proportions(rate, np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0))


def _newcombe(rate: Proportions, base: int) -> Proportions:
    at = slice(base, base + 1)
    difference = rate.estimate - rate.estimate[:, at]
    lower = difference - np.hypot(rate.estimate - rate.lower, rate.upper[:, at] - rate.estimate[:, at])
    upper = difference + np.hypot(rate.upper - rate.estimate, rate.estimate[:, at] - rate.lower[:, at])
    lower[:, base] = upper[:, base] = difference[:, base]
    return Proportions(difference, lower, upper)


def _odds_ratio(n_skipped: Floats, n_shown: Floats, base: int, z: float) -> Proportions:
    at = slice(base, base + 1)
    answered = n_shown - n_skipped
    cells = np.broadcast_arrays(n_skipped, answered, n_skipped[:, at], answered[:, at])
    empty = np.any([cell == 0 for cell in cells], axis=0)
    skip, answer, skip_base, answer_base = (cell + 0.5 * empty for cell in cells)
    log_ratio = np.log(skip / answer) - np.log(skip_base / answer_base)
    half = z * np.sqrt(1.0 / skip + 1.0 / answer + 1.0 / skip_base + 1.0 / answer_base)
    unseen = (n_shown == 0) | (n_shown[:, at] == 0)
    log_ratio[unseen], half[:, base] = np.nan, 0.0
    return Proportions(np.exp(log_ratio), np.exp(log_ratio - half), np.exp(log_ratio + half))


def _homogeneity(n_skipped: Floats, n_shown: Floats) -> tuple[Floats, Integers, Floats]:
    """Return the test of one rate in all groups that were shown the item."""
    total, skipped = n_shown.sum(axis=1), n_skipped.sum(axis=1)
    df = np.maximum((n_shown > 0).sum(axis=1) - 1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = n_shown * (skipped / total)[:, None]
        variance = expected * (1.0 - skipped / total)[:, None]
        parts = np.where(n_shown > 0, (n_skipped - expected) ** 2 / variance, 0.0)
        statistic = parts.sum(axis=1) * (total - 1.0) / total
    undefined = (df == 0) | (skipped == 0) | (skipped == total)
    statistic = np.where(undefined, np.nan, statistic)
    return statistic, df.astype(np.int64), np.where(undefined, np.nan, chdtrc(np.maximum(df, 1), statistic))


def _person_skips(skipped: Booleans, visible: Booleans, codes: Integers, n_groups: int, z: float) -> PersonSkips:
    seen = visible.sum(axis=1)
    used = (codes >= 0) & (seen > 0)
    count, group = skipped[used].sum(axis=1).astype(np.float64), codes[used]
    n = np.bincount(group, minlength=n_groups).astype(np.float64)
    total, square = (np.bincount(group, count**power, minlength=n_groups) for power in (1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        spread = np.sqrt(np.where(n > 1, np.maximum(square - n * mean**2, 0.0) / (n - 1.0), np.nan))
    any_skip = _wilson(np.bincount(group, count > 0, minlength=n_groups).astype(np.float64), n, z)
    statistic, df, p_value = _kruskal_wallis(count / seen[used], group, n)
    return PersonSkips(n.astype(np.int64), mean, spread, any_skip, statistic, p_value, df)


def _kruskal_wallis(values: Floats, group: Integers, n: Floats) -> tuple[float, int, float]:
    """Compare mean ranks: Kruskal & Wallis (1952), Journal of the American Statistical Association 47, 583-621."""
    _, at, ties = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2.0)[at]
    total, df = float(n.sum()), int((n > 0).sum()) - 1
    untied = 1.0 - float(np.sum(ties.astype(np.float64) ** 3 - ties)) / (total**3 - total)
    if df < 1 or untied <= 0.0:
        return float("nan"), df, float("nan")
    sums = np.bincount(group, ranks, minlength=len(n))[n > 0]
    statistic = (12.0 / (total * (total + 1.0)) * float(np.sum(sums**2 / n[n > 0])) - 3.0 * (total + 1.0)) / untied
    return statistic, df, float(chdtrc(df, statistic))
