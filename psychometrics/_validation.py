"""Checks and conversions of input shared by all statistics: they say what is wrong and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Label = str | int | float | bool


def as_responses(responses: ArrayLike, *, min_people: int = 2, min_items: int = 1) -> Floats:
    """
    Return responses as a float matrix, people by items, nan where an answer is missing.

    Parameters
    ----------
    responses : array_like of numbers, shape (n_people, n_items)
        Numbers, booleans, None and nan; None, nan and masked entries mean missing.
    min_people, min_items : int
        Smallest acceptable number of rows and of columns.

    Returns
    -------
    ndarray of float64, shape (n_people, n_items)
        The input itself when it already has this form: callers must not write to it.

    Raises
    ------
    ValueError
        For text, infinite values, anything but two dimensions, too few rows or columns, or no answer at all.
    """
    matrix = _as_floats(responses)
    if matrix.ndim != 2:
        raise ValueError(f"responses must have two dimensions, people by items; got {matrix.ndim}")
    people, items = matrix.shape
    if people < min_people:
        raise ValueError(f"responses must hold at least {min_people} people (rows); got {people}")
    if items < min_items:
        raise ValueError(f"responses must hold at least {min_items} items (columns); got {items}")
    if not matrix.size:
        raise ValueError("responses must not be empty")
    _refuse_infinite(matrix)
    if np.isnan(matrix).all():
        raise ValueError("responses hold no answer at all: every entry is missing")
    return matrix


def _as_floats(responses: ArrayLike) -> Floats:
    """Convert to float64; text is refused even when it looks like a number, for a code may stand behind it."""
    if isinstance(responses, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(responses.astype(np.float64), np.nan), dtype=np.float64)
    try:
        array = np.asarray(responses)
    except ValueError as error:
        raise ValueError("responses must be a rectangle: every person needs an entry for every item") from error
    if array.dtype.kind in "bif":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "u":
        return array.astype(np.float64)
    if array.dtype.kind != "O":
        raise ValueError(f"responses must be numbers (nan where missing); got {_kind_name(array.dtype)}")
    return _objects_as_floats(array)


def _objects_as_floats(array: NDArray[Any]) -> Floats:
    for index, value in np.ndenumerate(array):
        if not (value is None or isinstance(value, int | float | np.number | np.bool_) or _is_missing(value)):
            place = ", ".join(f"{name} {at}" for name, at in zip(("row", "column"), index, strict=False))
            raise ValueError(f"responses must be numbers, None or nan; {place} holds {type(value).__name__}")
    return np.array([np.nan if _is_missing(value) else value for value in array.flat], dtype=np.float64).reshape(
        array.shape
    )


def _kind_name(dtype: np.dtype[Any]) -> str:
    return {"U": "text", "S": "bytes", "c": "complex numbers", "M": "dates", "m": "durations"}.get(
        dtype.kind, str(dtype)
    )


def _refuse_infinite(matrix: Floats) -> None:
    # The sum is finite only when every entry is; nan needs the closer look too, so this is a shortcut, no more.
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(matrix.sum()):
            return
    infinite = np.isinf(matrix)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise ValueError(f"responses must be finite or missing; row {row}, column {column} is infinite")


def as_groups(groups: ArrayLike | Sequence[Any], n: int, *, min_groups: int = 1) -> tuple[tuple[Label, ...], Integers]:
    """
    Return the sorted labels of a grouping and each person's group as an index into them.

    Parameters
    ----------
    groups : sequence of str, int, float or bool, length n
        None, nan, empty text and masked entries mean that the group is not known.
    n : int
        Number of people.
    min_groups : int
        Smallest acceptable number of groups.

    Returns
    -------
    labels : tuple
        The distinct known labels in ascending order.
    codes : ndarray of int, shape (n,)
        Index into ``labels``, -1 where the group is not known.

    Raises
    ------
    ValueError
        For a wrong length, labels that cannot be ordered, or fewer groups than needed.
    """
    array = _as_label_array(groups)
    if array.shape != (n,):
        raise ValueError(f"groups must be one label for each of the {n} people; got shape {array.shape}")
    missing = _missing_labels(array)
    codes = np.full(n, -1, dtype=np.int64)
    try:
        found, codes[~missing] = np.unique(array[~missing], return_inverse=True)
    except TypeError as error:
        raise ValueError("groups must be labels of one kind, all text or all numbers") from error
    labels: tuple[Label, ...] = tuple(found.tolist())
    if len(labels) < min_groups:
        shown = ", ".join(map(str, labels)) or "none"
        raise ValueError(f"groups must name at least {min_groups} different groups; found {len(labels)}: {shown}")
    return labels, codes


def _as_label_array(groups: ArrayLike | Sequence[Any]) -> NDArray[Any]:
    """Keep Python objects when types are mixed: numpy would turn None into the text 'None'."""
    if isinstance(groups, np.ma.MaskedArray):
        kept = groups.data.astype(object)
        kept[np.ma.getmaskarray(groups)] = None
        groups = kept
    array = groups if isinstance(groups, np.ndarray) else np.asarray(groups, dtype=object)
    if array.dtype.kind not in "OUibfu":
        raise ValueError(f"groups must be text or numbers; got {_kind_name(array.dtype)}")
    return array


def _missing_labels(array: NDArray[Any]) -> Booleans:
    if array.dtype.kind == "f":
        return np.asarray(np.isnan(array), dtype=bool)
    if array.dtype.kind == "U":
        return np.asarray(array == "", dtype=bool)
    if array.dtype.kind == "O":
        return np.array([_is_missing(value) or value == "" for value in array], dtype=bool)
    return np.zeros(array.shape, dtype=bool)


def _is_missing(value: object) -> bool:
    """None, nan, and the missing markers of data frames, which are the only values that differ from themselves."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA refuses to become a truth value
        return True


def as_shown(shown: ArrayLike | None, responses: Floats) -> Booleans:
    """
    Return which item was shown to whom, and refuse an answer to an item that was not shown.

    ``shown`` is None (everything was shown), one truth value per item, or one per person and item.
    """
    if shown is None:
        return np.ones(responses.shape, dtype=bool)
    mask = np.asarray(shown)
    if mask.dtype.kind != "b":
        raise ValueError("shown must hold truth values: True where the item was shown")
    if mask.shape not in {responses.shape, responses.shape[1:]}:
        raise ValueError(f"shown must have the shape of responses, {responses.shape}; got {mask.shape}")
    mask = np.broadcast_to(mask, responses.shape)
    contradiction = ~mask & ~np.isnan(responses)
    if contradiction.any():
        row, column = np.argwhere(contradiction)[0]
        raise ValueError(f"row {row}, column {column} holds an answer although shown says it was not shown")
    return mask


def as_keys(keys: ArrayLike | None, n_items: int) -> Integers:
    """Return the scoring direction of each item, +1 or -1 (+1 for all when ``keys`` is None)."""
    if keys is None:
        return np.ones(n_items, dtype=np.int64)
    directions = np.asarray(keys)
    if directions.shape != (n_items,) or not np.isin(directions, (-1, 1)).all():
        raise ValueError(f"keys must be +1 or -1 for each of the {n_items} items")
    return directions.astype(np.int64)


def as_proportion(value: float, name: str) -> float:
    """Return a number strictly between 0 and 1, such as a confidence level."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, both excluded; got {value}")
    return float(value)


def as_choice(value: str, choices: Sequence[str], name: str) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value
