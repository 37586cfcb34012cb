"""From answers and groups to the statistics that models of ordered answers are fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics._codes import as_codes, group_codes
from psychometrics._validation import Booleans, Integers, Label, as_choice, as_responses
from psychometrics.confirmatory.ordinal_data import OrdinalData
from psychometrics.confirmatory.ordinal_moments import OrdinalMoments, ordinal_moments
from psychometrics.irt._patterns import merge_codes

ESTIMATORS = ("WLSMV", "ULSMV")
MISSING = ("listwise", "pairwise")
UNEQUAL_CATEGORIES = ("error", "merge")

MergedCategories = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class OrdinalSample:
    """
    The statistics of all groups and where they come from.

    ``merged`` holds, for each item of which categories were put together, its codes category by category.
    """

    data: OrdinalData
    labels: tuple[Label, ...]
    n_left_out: int
    missing: str
    merged: dict[int, MergedCategories]


def ordinal_sample(
    responses: ArrayLike,
    groups: ArrayLike | None,
    *,
    reference: Label | None,
    estimator: str,
    missing: str,
    unequal_categories: str,
) -> OrdinalSample:
    """Check answers, make the categories of every item the same in all groups, and summarise each group."""
    as_choice(estimator, ESTIMATORS, "estimator")
    as_choice(missing, MISSING, "missing")
    as_choice(unequal_categories, UNEQUAL_CATEGORIES, "unequal_categories")
    matrix = as_responses(responses, min_items=2)
    labels, group = _groups_of(groups, len(matrix), reference)
    gaps = np.isnan(matrix)
    usable = (group >= 0) & ~(gaps.any(axis=1) if missing == "listwise" else gaps.all(axis=1))
    names = [f"group {label!r}: " if groups is not None else "" for label in labels]
    _refuse_few(matrix[usable].shape[1], np.bincount(group[usable], minlength=len(labels)), names, missing)
    coded = as_codes(matrix[usable])
    given = _counts(coded.codes, group[usable], len(labels), coded.n_codes) > 0
    _refuse_constant(given, names)
    if unequal_categories == "error":
        _refuse_unequal(given, coded.minimum, labels)
    mapping = merge_codes(coded.codes, group[usable].astype(np.int16), coded.n_codes, 1)
    codes = np.where(coded.codes >= 0, mapping.to[np.arange(coded.n_items), coded.codes], -1)
    return OrdinalSample(
        OrdinalData(_moments_by_group(codes, mapping.n_codes, group[usable], names), estimator),
        labels,
        len(matrix) - int(usable.sum()),
        missing if gaps.any() else "none",
        _merged(np.asarray(given.any(axis=0)), mapping.to, coded.minimum),
    )


def _moments_by_group(
    codes: Integers, n_codes: Integers, group: Integers, names: list[str]
) -> tuple[OrdinalMoments, ...]:
    moments = []
    for at, name in enumerate(names):
        try:
            moments.append(ordinal_moments(codes[group == at], n_codes))
        except ValueError as error:
            raise ValueError(f"{name}{error}") from None
    return tuple(moments)


def _groups_of(groups: ArrayLike | None, n: int, reference: Label | None) -> tuple[tuple[Label, ...], Integers]:
    """Return group labels, the reference first, and each person's group; one group of all without groups."""
    if groups is None:
        return ("all",), np.zeros(n, dtype=np.int64)
    codes, labels = group_codes(groups, n, reference)
    return labels, codes.astype(np.int64)


def _refuse_few(n_items: int, people: Integers, names: list[str], missing: str) -> None:
    for count, name in zip(people, names, strict=True):
        if count <= n_items:
            advice = "; missing='pairwise' would use everyone with an answer" if missing == "listwise" else ""
            raise ValueError(f"{name}{count} people are too few for a factor model of {n_items} items{advice}")


def _counts(codes: NDArray[np.int16], group: Integers, n_groups: int, n_codes: int) -> Integers:
    """Return how many people of each group gave each code, shape (n_groups, n_items, n_codes)."""
    n_items = codes.shape[1]
    person, item = np.nonzero(codes >= 0)
    cell = (group[person] * n_items + item) * n_codes + codes[person, item]
    return np.bincount(cell, minlength=n_groups * n_items * n_codes).reshape(n_groups, n_items, n_codes)


def _refuse_constant(given: Booleans, names: list[str]) -> None:
    if (given.sum(axis=2) < 2).any():
        at, item = np.argwhere(given.sum(axis=2) < 2)[0]
        raise ValueError(f"{names[at]}item {item} does not vary, so no factor can explain it; leave it out")


def _refuse_unequal(given: Booleans, minimum: int, labels: tuple[Label, ...]) -> None:
    lacking = given.any(axis=0) & ~given
    if lacking.any():
        at, item, code = np.argwhere(lacking)[0]
        raise ValueError(
            f"item {item}: nobody in group {labels[at]!r} answered {code + minimum}, which others did, so its "
            "thresholds cannot be compared; unequal_categories='merge' puts it together with its rarer neighbour"
        )


def _merged(given: Booleans, to: NDArray[np.intp], minimum: int) -> dict[int, MergedCategories]:
    """Return the codes of each category of the items where two codes that were given became one."""
    found = {}
    for item, (used, target) in enumerate(zip(given, to, strict=True)):
        parts = tuple(
            tuple(int(code) + minimum for code in np.flatnonzero(used & (target == category)))
            for category in range(int(target.max()) + 1)
        )
        if any(len(part) > 1 for part in parts):
            found[item] = parts
    return found
