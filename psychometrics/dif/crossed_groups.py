"""Groups that cross several characteristics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from psychometrics._codes import MISSING, IntArray
from psychometrics._validation import Label, as_choice, as_groups

Groupings = Mapping[str, npt.ArrayLike | Sequence[Any]]


@dataclass(frozen=True)
class Cells:
    """Crossed groups, the largest first: labels of each, people in each, and each person's (-1: none)."""

    labels: tuple[tuple[Label, ...], ...]
    levels: IntArray
    n: IntArray
    of_person: npt.NDArray[np.int16]


def cross(groupings: Groupings, n_people: int | None = None) -> Cells:
    """Return all crossed groups that hold anybody; ``levels`` (cells, groupings) are positions among the labels.

    ``n_people`` is how many labels each grouping must have, as many as the first one when None.
    """
    if len(groupings) < 2:
        raise ValueError("crossing needs at least two groupings")
    if n_people is None:
        n_people = len(np.asarray(next(iter(groupings.values())), dtype=object))
    made = [as_groups(labels, n_people) for labels in groupings.values()]
    codes = np.stack([codes for _, codes in made], axis=1)
    known = (codes >= 0).all(axis=1)
    if not known.any():
        raise ValueError("nobody has a label in every grouping")
    levels, place, n = np.unique(codes[known], axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-n, kind="stable")
    rank = np.empty(len(n), dtype=np.int16)
    rank[order] = np.arange(len(n))
    of_person = np.full(n_people, MISSING, dtype=np.int16)
    of_person[known] = rank[place.ravel()]
    labels = tuple(tuple(made[k][0][at] for k, at in enumerate(cell)) for cell in levels[order])
    return Cells(labels, levels[order].astype(np.intp), n[order].astype(np.intp), of_person)


@dataclass(frozen=True)
class CrossedGroups:
    """A label for each person, "" where there is none, ready for any method; and what became of small cells.

    ``labels`` and ``n`` of the groups kept, the largest first, merged ones last; ``small`` the cells with fewer people
    than `minimum`, ``small_n`` their sizes, ``merged`` the label they were given together, None when they were left
    out.
    """

    of_person: npt.NDArray[np.str_]
    labels: tuple[str, ...]
    n: IntArray
    small: tuple[str, ...]
    small_n: IntArray
    merged: str | None
    n_left_out: int


def crossed_groups(
    groupings: Groupings, *, minimum: int = 100, small: str = "leave_out", separator: str = " & "
) -> CrossedGroups:
    """Cross several groupings into one.

    Parameters
    ----------
    groupings : mapping of names to labels, shape (n_people,) each
        At least two; people without a label in any of them get none.
    minimum : int
        Smallest number of people in a group that is kept.
    small : {"leave_out", "merge"}
        Leave people of smaller cells out, or merge these cells into one group "other", which is left out too when it
        stays small.
    separator : str
        Between the labels of a crossed group.

    Raises
    ------
    ValueError
        For fewer than two groupings, lengths that differ, or fewer than two groups left.
    """
    as_choice(small, ("leave_out", "merge"), "small")
    cells = cross(groupings)
    names = np.array([separator.join(map(str, labels)) for labels in cells.labels])
    too_few = cells.n < minimum
    merged = "other" if small == "merge" and cells.n[too_few].sum() >= minimum else None
    kept = names[~too_few].tolist() + ([merged] if merged else [])
    if len(kept) < 2:
        raise ValueError(f"only {len(kept)} crossed group holds {minimum} people or more: take fewer groupings")
    given = np.append(np.where(too_few, merged or "", names), "")
    of_person = given[cells.of_person]
    return CrossedGroups(
        of_person=of_person,
        labels=tuple(kept),
        n=np.array([(of_person == label).sum() for label in kept], dtype=np.intp),
        small=tuple(names[too_few].tolist()),
        small_n=cells.n[too_few],
        merged=merged,
        n_left_out=int((of_person == "").sum()),
    )
