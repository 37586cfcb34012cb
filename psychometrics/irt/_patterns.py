"""Prepares answers for calibration: codes merged where too few people gave them, identical patterns counted once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray, IntArray


@dataclass(frozen=True)
class GroupPatterns:
    """Distinct answer patterns of one group; their indicators take a byte each, for a million people to fit."""

    codes: IntArray
    weights: FloatArray
    one_hot: npt.NDArray[np.int8]
    of_person: IntArray

    def part(self, size: int) -> GroupPatterns:
        """Return about `size` patterns, evenly taken, with which a first approximation can be found."""
        taken = slice(None, None, max(1, len(self.weights) // size))
        nobody = np.empty(0, dtype=np.intp)
        return GroupPatterns(self.codes[taken], self.weights[taken], self.one_hot[taken], nobody)


@dataclass(frozen=True)
class CodeMap:
    """How the codes of each item were merged.

    ``to[item, code]`` is the model's code, ``values`` its mean score, ``share[item, code]`` the part of the model's
    code that the original code makes up.
    """

    to: IntArray
    n_codes: IntArray
    values: FloatArray
    share: FloatArray


def merge_codes(codes: npt.NDArray[np.int16], group: npt.NDArray[np.int16], n_codes: int, minimum: int) -> CodeMap:
    """Merge codes that fewer than `minimum` people of some group gave with the rarer neighbour.

    A merged code scores the mean of what it holds, over all groups, so that expected scores stay in score points.

    Raises
    ------
    ValueError
        When an item keeps fewer than two codes: its curve cannot be estimated in that group.
    """
    n_items, n_groups = codes.shape[1], int(group.max()) + 1
    to = np.zeros((n_items, n_codes), dtype=np.intp)
    kept = np.zeros(n_items, dtype=np.intp)
    values, share = np.zeros((n_items, n_codes)), np.zeros((n_items, n_codes))
    for item in range(n_items):
        answered = (codes[:, item] >= 0) & (group >= 0)
        cell = group[answered].astype(np.intp) * n_codes + codes[answered, item]
        counts = np.bincount(cell, minlength=n_groups * n_codes).reshape(n_groups, n_codes)
        parts = _merged(counts, minimum)
        if len(parts) < 2:
            raise ValueError(
                f"item {item}: fewer than two codes were given often enough in every group; leave out the item, or a "
                "group that gave one code only"
            )
        kept[item] = len(parts)
        total = counts.sum(axis=0)
        for code, part in enumerate(parts):
            to[item, part] = code
            share[item, part] = total[part] / total[part].sum()
            values[item, code] = share[item, part] @ np.array(part)
    return CodeMap(to, kept, values[:, : int(kept.max())], share)


def _merged(counts: IntArray, minimum: int) -> list[list[int]]:
    parts = [[code] for code in range(counts.shape[1])]
    tables = [counts[:, code] for code in range(counts.shape[1])]
    while len(parts) > 1:
        rarest = min(range(len(parts)), key=lambda at: (tables[at].min(), tables[at].sum()))
        if tables[rarest].min() >= max(minimum, 1):
            break
        beside = [at for at in (rarest - 1, rarest + 1) if 0 <= at < len(parts)]
        low, high = sorted((rarest, min(beside, key=lambda at: tables[at].sum())))
        parts[low : high + 1] = [parts[low] + parts[high]]
        tables[low : high + 1] = [tables[low] + tables[high]]
    return parts if tables[0].min() > 0 else []


def count_patterns(codes: IntArray, n_codes: IntArray) -> GroupPatterns:
    """Return the distinct rows of codes (-1: missing), sorted by score, how often each occurs, and their indicators."""
    key: npt.NDArray[np.int64] = np.zeros(len(codes), dtype=np.int64)
    for item in range(codes.shape[1]):
        base = int(n_codes[item]) + 1
        if int(key.max(initial=0)) > 2**62 // (base + 1):
            key = np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)
        key = key * base + codes[:, item] + 1
    _, first, of_person, weights = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    order = _by_score(codes[first], n_codes)
    distinct, weights = codes[first[order]], weights[order]
    of_person = np.argsort(order)[of_person]
    offset = np.concatenate([[0], np.cumsum(n_codes)[:-1]])
    one_hot = np.zeros((len(distinct), int(n_codes.sum())), dtype=np.int8)
    row, column = np.nonzero(distinct >= 0)
    one_hot[row, offset[column] + distinct[row, column]] = 1
    return GroupPatterns(distinct, weights.astype(np.float64), one_hot, of_person)


def _by_score(codes: IntArray, n_codes: IntArray) -> IntArray:
    """Return the order of patterns by the mean of their codes, each as a share of its item's highest."""
    answered = codes >= 0
    total = np.where(answered, codes / np.maximum(n_codes - 1.0, 1.0), 0.0).sum(axis=1)
    return np.argsort(total / np.maximum(answered.sum(axis=1), 1), kind="stable")
