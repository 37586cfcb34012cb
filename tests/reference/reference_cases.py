"""Reads the reference results that R packages gave, and the data behind each, as their README describes."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

_SPECIAL = {"NA": np.nan, "NaN": np.nan, "Inf": np.inf, "-Inf": -np.inf}


def cases(topic: str) -> list[Any]:
    """Return the cases of a topic as pytest parameters, or one that skips saying what is absent."""
    path = SHARED / "reference" / "expected" / f"{topic}.json"
    if not path.exists():
        reason = "the reference results stand beside the repository, in ../shared/reference, and are not there"
        return [pytest.param({}, id=topic, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(case, id=case["id"]) for case in json.loads(path.read_text())["cases"]]


@cache
def _table(name: str) -> dict[str, list[str]]:
    with (SHARED.parent / name).open(newline="") as file:
        rows = list(csv.reader(file))
    return {column: list(values) for column, values in zip(rows[0], zip(*rows[1:], strict=True), strict=True)}


def _number(text: str) -> float:
    return np.nan if text in ("", "NA") else float(text)


def read(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the responses of a case (nan = missing) and the group labels, if it has groups."""
    data = case["data"]
    table = _table(data["file"])
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    if "rows" in data:
        first, last = data["rows"]
        keep[: first - 1] = keep[last:] = False
    for column, value in data.get("where", {}).items():
        keep &= np.array(table[column]) == str(value)
    responses = np.array([[_number(x) for x in table[column]] for column in data["columns"]]).T
    groups = np.array([_number(x) for x in table[data["group"]]]) if data.get("group") else None
    if data.get("listwise"):
        keep &= ~np.isnan(responses).any(axis=1)
        keep &= True if groups is None else ~np.isnan(groups)
    for column in data.get("reverse", ()):
        at = data["columns"].index(column)
        responses[:, at] = data["reverse_sum"] - responses[:, at]
    return responses[keep], None if groups is None else groups[keep]


def vector(value: Any) -> np.ndarray:
    """Return a result vector, list or dictionary, as floats; null becomes nan."""
    values = value.values() if isinstance(value, dict) else value
    return np.array([_SPECIAL.get(x, x) if isinstance(x, str) else np.nan if x is None else x for x in values], float)


def matrix(value: dict[str, Any]) -> np.ndarray:
    """Return a result matrix as floats."""
    return np.array([vector(row) for row in value["values"]])


def positions(value: Any) -> list[int]:
    """Return item positions from 0 from difR's list of flagged items, which is a sentence when there are none."""
    if isinstance(value, str):
        return []
    return [x - 1 for x in (value if isinstance(value, list) else [value])]
