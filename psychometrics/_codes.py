"""Answers as small integer codes and groups as indices: what count tables and calibrations start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from psychometrics._validation import Label, as_groups, as_responses

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

MISSING = -1


@dataclass(frozen=True)
class CodedResponses:
    """Answers as codes from 0; `MISSING` (-1) where there is no answer."""

    codes: npt.NDArray[np.int16]
    minimum: int
    n_codes: int

    @property
    def n_items(self) -> int:
        return int(self.codes.shape[1])


def as_codes(responses: npt.ArrayLike, *, min_people: int = 2) -> CodedResponses:
    """Return integer codes that start at 0; integer input is never widened, so a million people fit in memory."""
    integers = _integers(responses)
    if integers is not None and len(integers) >= min_people:
        return _coded(integers, None)
    values = as_responses(responses, min_people=min_people)
    missing = np.isnan(values)
    if (values != np.rint(values))[~missing].any():
        row, column = np.argwhere((values != np.rint(values)) & ~missing)[0]
        raise ValueError(
            f"responses must be whole-number codes; row {row}, column {column} holds {values[row, column]}"
        )
    return _coded(values, missing if missing.any() else None)


def _integers(responses: npt.ArrayLike) -> npt.NDArray[Any] | None:
    """Return a table of integers without gaps as it is, None for anything else."""
    try:
        array = np.asarray(responses)
    except ValueError:  # no rectangle, as `as_responses` will say
        return None
    whole = array.ndim == 2 and array.size and array.dtype.kind in "iu" and not np.ma.is_masked(responses)
    return array if whole else None


def _coded(array: npt.NDArray[Any], missing: BoolArray | None) -> CodedResponses:
    minimum, maximum = int(np.nanmin(array)), int(np.nanmax(array))
    if maximum - minimum > 1000:
        raise ValueError(f"responses span {minimum} to {maximum}: these look like scores, not like answer codes")
    # Column-major, because everything that follows walks item by item.
    codes = np.empty(array.shape, dtype=np.int16, order="F")
    for item in range(array.shape[1]):
        # Wide enough for the distance between two codes, which those of one byte may not hold.
        column = np.subtract(array[:, item], minimum, dtype=np.float64)
        codes[:, item] = column if missing is None else np.where(missing[:, item], MISSING, column)
    return CodedResponses(codes, minimum, maximum - minimum + 1)


def focal_indicator(groups: npt.ArrayLike, n: int, focal: Label) -> npt.NDArray[np.int16]:
    """Return 0 for the reference group, 1 for the focal group, -1 for people whose group is not known."""
    labels, codes = _compared(groups, n, smallest=2)
    if len(labels) > 2:
        raise ValueError(f"this method compares two groups; the labels name {len(labels)}: {_listed(labels)}")
    if focal not in labels:
        raise ValueError(f"focal group {focal!r} is not among the labels {_listed(labels)}")
    return np.where(codes >= 0, codes == labels.index(focal), MISSING).astype(np.int16)


def group_codes(
    groups: npt.ArrayLike, n: int, reference: Label | None, *, smallest: int = 1
) -> tuple[npt.NDArray[np.int16], tuple[Label, ...]]:
    """Return group codes with the reference group as 0 (-1: unknown), and the labels in that order."""
    labels, codes = _compared(groups, n, smallest)
    if reference is not None and reference not in labels:
        raise ValueError(f"reference group {reference!r} is not among the labels {_listed(labels)}")
    first = 0 if reference is None else labels.index(reference)
    order = [first, *(i for i in range(len(labels)) if i != first)]
    rank = np.empty(len(labels) + 1, dtype=np.int16)
    rank[order] = np.arange(len(labels))
    rank[MISSING] = MISSING
    return rank[codes], tuple(labels[i] for i in order)


def _compared(groups: npt.ArrayLike, n: int, smallest: int) -> tuple[tuple[Label, ...], npt.NDArray[np.int64]]:
    """Return two groups or more, each of `smallest` people or more: one person is no sample of a group."""
    labels, codes = as_groups(groups, n, min_groups=2)
    size = np.bincount(codes[codes >= 0], minlength=len(labels))
    if size.min() < smallest:
        raise ValueError(
            f"group {labels[int(size.argmin())]!r} holds {size.min()} of the {smallest} people that a comparison needs"
            " at least: leave it out or merge it"
        )
    return labels, codes


def _listed(labels: tuple[Label, ...]) -> str:
    return ", ".join(map(repr, labels[:6])) + (", ..." if len(labels) > 6 else "")
