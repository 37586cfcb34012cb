"""What every observed-score method shares: integer codes, matching levels, count tables, purification.

All methods work on the counts level x group x code of one item, never on people, so their cost hardly grows with the
number of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from psychometrics._codes import MISSING, BoolArray, CodedResponses, FloatArray

# Bins of a continuous match. Strata need both groups in each, a regression does not; with 30 bins over six SDs, groups
# half an SD apart still differ by less than .002 SD within a bin.
STRATA, REGRESSION_LEVELS = 30, 100
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Levels:
    """A matching level for each person (-1: none, the person is left out) and the score each level stands for."""

    level: npt.NDArray[np.int32]
    score: FloatArray


def supplied_levels(matching: npt.ArrayLike, n: int, *, max_levels: int | None) -> Levels:
    """Return levels of a supplied matching variable: its own values, or equal-width bins when it has too many.

    Each bin stands for the mean of its members.
    """
    values = np.asarray(matching, dtype=np.float64)
    if values.shape != (n,):
        raise ValueError(f"matching must hold one value per person ({n}); got shape {values.shape}")
    known = np.isfinite(values)
    if not known.any():
        raise ValueError("matching holds no value at all")
    distinct = np.unique(values[known])
    level = np.full(n, MISSING, dtype=np.int32)
    if max_levels is None or len(distinct) <= max_levels:
        level[known] = np.searchsorted(distinct, values[known])
        return Levels(level, distinct)
    low, high = distinct[0], distinct[-1]
    raw = np.minimum(((values[known] - low) / (high - low) * max_levels).astype(np.intp), max_levels - 1)
    occupied, level[known] = np.unique(raw, return_inverse=True)
    total = np.bincount(level[known], weights=values[known])
    return Levels(level, total / np.bincount(level[known], minlength=len(occupied)))


class SumScoreTables:
    """Count tables of each item against the sum of the anchor items plus the item itself.

    The studied item is part of its own matching score (Holland & Thayer 1988), also when purification removed it from
    the anchors, but of a rest score it never is. A person with a gap among the items summed has no comparable sum and
    is left out for that item.
    """

    def __init__(
        self, coded: CodedResponses, group: npt.NDArray[np.int16], n_groups: int, *, rest: bool = False
    ) -> None:
        self._coded, self._n_groups, self._rest = coded, n_groups, rest
        self._in_group = group >= 0
        self._has_gaps = bool((coded.codes < 0).any()) or not self._in_group.all()
        self._group = np.where(self._in_group, group, 0).astype(np.int32)

    def tables(self, anchors: BoolArray) -> Iterator[tuple[int, FloatArray, FloatArray]]:
        """Yield item, counts (levels, groups, codes) and level scores, one item after the other."""
        coded, n_codes = self._coded, self._coded.n_codes
        chosen = np.flatnonzero(anchors)
        total = np.zeros(len(coded.codes), dtype=np.int32)
        for item in chosen.tolist():
            total += coded.codes[:, item]
        usable = self._in_group & (coded.codes[:, chosen] >= 0).all(axis=1) if self._has_gaps else None
        for item in range(coded.n_items):
            code = coded.codes[:, item]
            change = -int(anchors[item]) if self._rest else int(not anchors[item])
            level, n_summed = total + change * code, len(chosen) + change
            n_levels = n_summed * (n_codes - 1) + 1
            keep = None if usable is None else usable & (code >= 0)
            counts = count_table(level, self._group, code, (n_levels, self._n_groups, n_codes), keep)
            yield item, counts, np.arange(n_levels, dtype=np.float64) + n_summed * coded.minimum


class SuppliedTables:
    """Count tables of each item against a supplied matching variable, one for all or one for each; no anchors."""

    def __init__(
        self, coded: CodedResponses, group: npt.NDArray[np.int16], n_groups: int, levels: Sequence[Levels]
    ) -> None:
        self._coded, self._group, self._n_groups, self._levels = coded, group, n_groups, levels

    def tables(self, anchors: BoolArray) -> Iterator[tuple[int, FloatArray, FloatArray]]:
        """Yield item, counts (levels, groups, codes) and level scores, one item after the other."""
        for item in range(len(anchors)):
            code, levels = self._coded.codes[:, item], self._levels[item]
            shape = (len(levels.score), self._n_groups, self._coded.n_codes)
            usable = (self._group >= 0) & (levels.level >= 0) & (code >= 0)
            yield item, count_table(levels.level, self._group, code, shape, usable), levels.score


def make_tables(
    coded: CodedResponses,
    group: npt.NDArray[np.int16],
    n_groups: int,
    matching: npt.ArrayLike | str | None,
    *,
    max_levels: int | None = STRATA,
) -> SumScoreTables | SuppliedTables:
    """Return the source of count tables: by the sum or the rest score, or by a supplied matching variable."""
    if matching is None or isinstance(matching, str):
        if matching not in (None, "rest"):
            raise ValueError(f"matching must be 'rest', numbers, or absent for the sum score; got {matching!r}")
        return SumScoreTables(coded, group, n_groups, rest=matching == "rest")
    values = np.asarray(matching, dtype=np.float64)
    if values.ndim < 2:
        levels = [supplied_levels(values, len(group), max_levels=max_levels)] * coded.n_items
    elif values.shape == coded.codes.shape:
        levels = [supplied_levels(column, len(group), max_levels=max_levels) for column in values.T]
    else:
        raise ValueError(f"matching must hold one value per person or per person and item; got shape {values.shape}")
    return SuppliedTables(coded, group, n_groups, levels)


def count_table(
    level: npt.NDArray[Any],
    group: npt.NDArray[Any],
    code: npt.NDArray[Any],
    shape: tuple[int, int, int],
    keep: BoolArray | None,
) -> FloatArray:
    """Return how many people there are for each level, group and code."""
    cell = (level.astype(np.int64) * shape[1] + group) * shape[2] + code
    counts = np.bincount(cell if keep is None else cell[keep], minlength=shape[0] * shape[1] * shape[2])
    return counts.reshape(shape).astype(np.float64)


def stacked_tables(source: SumScoreTables | SuppliedTables, anchors: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return counts (items, levels, groups, codes) and scores (items, levels), padded with empty levels."""
    made = list(source.tables(anchors))
    n_levels = max(counts.shape[0] for _, counts, _ in made)
    counts = np.zeros((len(made), n_levels, *made[0][1].shape[1:]))
    scores = np.zeros((len(made), n_levels))
    for item, table, score in made:
        counts[item, : len(table)], scores[item, : len(score)] = table, score
    return counts, scores


@dataclass(frozen=True)
class Purified(Generic[_Result]):
    """What purification ended with."""

    result: _Result
    anchors: BoolArray
    iterations: int
    converged: bool


def purify(
    test: Callable[[BoolArray], tuple[_Result, BoolArray]],
    n_items: int,
    *,
    enabled: bool,
    max_iterations: int,
    start: BoolArray | None = None,
) -> Purified[_Result]:
    """Repeat a test with the flagged items taken out of the matching score until the flags repeat.

    It ends when the flags equal those of the step before (converged), when fewer than two anchors would be left, or
    after `max_iterations` re-matches (both: not converged). Order as in Candell & Drasgow (1988).
    """
    if enabled and start is not None:
        raise ValueError("purification chooses the anchors itself: give anchors or ask for purification, not both")
    anchors = np.ones(n_items, dtype=bool) if start is None else start
    result, flagged = test(anchors)
    if not enabled:
        return Purified(result, anchors, 0, True)
    tried: list[BoolArray] = []
    for iteration in range(max_iterations):
        if (flagged == ~anchors).all():
            return Purified(result, anchors, iteration, True)
        if n_items - flagged.sum() < 2:
            return Purified(result, anchors, iteration, False)
        tried.append(anchors)
        anchors = ~flagged
        again = [step for step, before in enumerate(tried) if (before == anchors).all()]
        if again:
            # The steps go round: the last one is known without making those in between.
            anchors = tried[again[0] + (max_iterations - again[0]) % (len(tried) - again[0])]
            return Purified(test(anchors)[0], anchors, max_iterations, False)
        result, flagged = test(anchors)
    return Purified(result, anchors, max_iterations, bool((flagged == ~anchors).all()))


def checked_anchors(anchors: npt.ArrayLike | None, n_items: int) -> BoolArray | None:
    """Return anchors as a mask, or None when none were named."""
    if anchors is None:
        return None
    given = np.asarray(anchors)
    mask = np.zeros(n_items, dtype=bool)
    if (given.dtype == bool and given.shape != (n_items,)) or given.size == 0:
        raise ValueError(f"anchors must name items by position or be one true/false per item ({n_items})")
    if given.dtype.kind not in "biu" or (given.dtype != bool and not ((given >= 0) & (given < n_items)).all()):
        raise ValueError(f"anchors must be positions from 0 to {n_items - 1}; got {anchors!r}")
    mask[given] = True
    return mask
