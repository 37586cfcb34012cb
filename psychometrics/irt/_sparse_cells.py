"""Puts together cells of a score-by-code table until enough people are expected in each for a chi-square test.

Any partition of the cells is valid. This one (neighbouring codes first, then neighbouring scores, until one person is
expected, as Kang & Chen 2008 advise) takes its steps in the order of R's mirt, so that figures can be compared.
"""

from __future__ import annotations

import numpy as np

from psychometrics._codes import FloatArray

_ENOUGH = 1.0
# A column of leftovers is kept when it has an expected person per ten scores, and stands in a twentieth of the rows.
_PER_ROW, _LEAST_ROWS = 0.1, 0.05


def collapse(observed: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return observed and expected counts of fewer cells; those with an expectation of 0 are no cells.

    Both tables hold one row per score, from the second lowest to the second highest, and one column per code.
    """
    rows = [(o.copy(), e.copy()) for o, e in zip(*_without_impossible(observed, expected), strict=True)]
    rows = [row for row in rows if row[0].sum() > 0]
    sparse = [bool((row[1] < _ENOUGH).any()) for row in rows]
    rows = _merge_single_people(rows)
    if observed.shape[1] > 2:
        # Which rows were sparse is remembered by their place before single people moved, as in mirt.
        rows = [_merge_codes(*row) if flag else row for row, flag in zip(rows, sparse, strict=False)]
        rows = _merge_columns(rows)
    rows = _merge_rows(rows)
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


_Row = tuple[FloatArray, FloatArray]


def _without_impossible(observed: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Add scores so low or high that some code cannot occur with them to the next score where all can."""
    extra = observed.shape[1] - 2
    if extra <= 0 or len(observed) <= 2 * extra:
        return observed, expected
    tables = []
    for table in (observed, expected):
        inner = table[extra : len(table) - extra].copy()
        inner[0] += table[:extra].sum(axis=0)
        inner[-1] += table[len(table) - extra :].sum(axis=0)
        tables.append(inner)
    return tables[0], tables[1]


def _added(first: _Row, second: _Row) -> _Row:
    return first[0] + second[0], first[1] + second[1]


def _merge_single_people(rows: list[_Row]) -> list[_Row]:
    """Add a score that one person has to the next one."""
    kept: list[_Row] = []
    carried: _Row | None = None
    for at, row in enumerate(rows):
        here = row if carried is None else _added(carried, row)
        alone = here[0].sum() == 1
        carried = here if alone and at < len(rows) - 1 else None
        if carried is None:
            kept.append(here)
    if len(kept) > 1 and kept[-1][0].sum() == 1:
        last = kept.pop()
        kept[-1] = _added(kept[-1], last)
    return kept


def _merge_codes(observed: FloatArray, expected: FloatArray) -> _Row:
    """Add the rarest code of a score to its rarer neighbour until all are expected often enough or two are left.

    What is left moves to the left; the row keeps its length, filled with zeros.
    """
    width = len(expected)
    while len(expected) > 2:
        rarest = int(np.flatnonzero(expected == expected.min())[-1])
        last = len(expected) - 1
        if rarest in (0, last):
            into = 1 if rarest == 0 else last - 1
        else:
            into = rarest - 1 if expected[rarest - 1] <= expected[rarest + 1] else rarest + 1
        expected[into] += expected[rarest]
        observed[into] += observed[rarest]
        expected, observed = np.delete(expected, rarest), np.delete(observed, rarest)
        if (expected >= _ENOUGH).all():
            break
    gap = width - len(expected)
    return np.pad(observed, (0, gap)), np.pad(expected, (0, gap))


def _merge_columns(rows: list[_Row]) -> list[_Row]:
    """Add columns that hold next to nothing to the one on their left."""
    observed, expected = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    least = _ENOUGH * np.ceil(len(rows) * _PER_ROW)
    while expected.shape[1] > 2 and expected[:, -1].sum() < least:
        expected[:, -2] += expected[:, -1]
        observed[:, -2] += observed[:, -1]
        expected, observed = expected[:, :-1], observed[:, :-1]
    keep = np.ones(expected.shape[1], dtype=bool)
    for column in range(expected.shape[1] - 1, 0, -1):
        if (expected[:, column] > 0).mean() < _LEAST_ROWS:
            keep[column] = False
            expected[:, column - 1] += expected[:, column]
            observed[:, column - 1] += observed[:, column]
    return list(zip(observed[:, keep], expected[:, keep], strict=True))


def _merge_rows(rows: list[_Row]) -> list[_Row]:
    """Add each score with a cell that is still too small to the neighbouring score that fewer people have."""
    while len(rows) > 1:
        small = [at for at, row in enumerate(rows) if ((row[1] < _ENOUGH) & (row[1] != 0)).any()]
        if not small:
            break
        at = small[0]
        beside = [place for place in (at - 1, at + 1) if 0 <= place < len(rows)]
        into = min(beside, key=lambda place: rows[place][0].sum())
        rows[into] = _added(rows[into], rows[at])
        del rows[at]
    return rows
