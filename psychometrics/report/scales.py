"""What is audited: scales (which columns, which of them reversed, which codes) and groupings, as a person gave them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from psychometrics.report.faults import Fault, similar


@dataclass(frozen=True)
class Scale:
    """Items by name, the column that holds each, and its direction (+1 or -1); `codes` None: those in the data.

    `title` is how a report calls the scale, `wording` what the items say, where that is known.
    """

    name: str
    items: tuple[str, ...]
    columns: tuple[str, ...]
    keys: tuple[int, ...]
    codes: tuple[int, int] | None = None
    cuts: tuple[float, ...] = ()
    wording: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    title: str = ""

    @property
    def shown(self) -> str:
        """Return what to call the scale."""
        return f"{self.title} ({self.name})" if self.title else self.name


@dataclass(frozen=True)
class Grouping:
    """A column of labels; `labels` renames them, `bounds` turns numbers such as ages into bands."""

    name: str
    column: str
    labels: Mapping[str, str] = field(default_factory=dict)
    bounds: tuple[float, ...] = ()


def scale_of(name: str, entries: Sequence[str], header: Sequence[str], *, place: str) -> tuple[Scale, list[Fault]]:
    """Read columns such as ``q1``, ``-q2`` (reversed) and ``q3:q9`` (from one to the other, as in the file)."""
    columns, keys, faults = list[str](), list[int](), list[Fault]()
    for entry in entries:
        text = entry.strip()
        known = text in header
        key = -1 if text.startswith("-") and not known else 1
        text = text[1:].strip() if key < 0 else text
        found = [text] if text in header else _span(text, header)
        if not found:
            faults.append(Fault(place, f'no column "{text}" in the file', similar(text, header)))
        columns += found
        keys += [key] * len(found)
    faults += [
        Fault(place, f'column "{column}" is named twice', "name every column once")
        for column in dict.fromkeys(columns)
        if columns.count(column) > 1
    ]
    if not faults and len(columns) < 2:
        faults.append(Fault(place, f'scale "{name}" has {len(columns)} column', "a scale needs two items or more"))
    return Scale(name, tuple(columns), tuple(columns), tuple(keys), origin="columns named by hand"), faults


def _span(text: str, header: Sequence[str]) -> list[str]:
    first, colon, last = (part.strip() for part in text.partition(":"))
    if not colon or first not in header or last not in header:
        return []
    start, end = header.index(first), header.index(last)
    return list(header[start : end + 1])


def scales_from_options(
    wanted: Sequence[str], reverse: Sequence[str], header: Sequence[str]
) -> tuple[list[Scale], list[Fault]]:
    """Read ``--scale NAME=columns`` and ``--reverse columns``."""
    scales, faults = list[Scale](), list[Fault]()
    for text in wanted:
        name, equals, columns = text.partition("=")
        place = f"--scale {name.strip()}"
        if not equals or not name.strip() or not columns.strip():
            faults.append(Fault(f"--scale {text}", "not understood", "write NAME=column,column,-reversed_column"))
            continue
        scale, wrong = scale_of(name.strip(), columns.split(","), header, place=place)
        faults += wrong
        if scale.name in {other.name for other in scales}:
            faults.append(Fault(place, "a scale of this name was given already", "give each scale a name of its own"))
        scales.append(scale)
    reversed_columns = [column.strip() for text in reverse for column in text.split(",") if column.strip()]
    faults += _unknown_reversed(reversed_columns, scales, bool(wanted))
    return [_with_reversed(scale, reversed_columns) for scale in scales], faults


def _unknown_reversed(columns: Sequence[str], scales: Sequence[Scale], given: bool) -> list[Fault]:
    used = [column for scale in scales for column in scale.columns]
    if columns and not given:
        return [Fault("--reverse", "no --scale is given to reverse items of", "an instrument file has its own keys")]
    return [
        Fault(f"--reverse {column}", "no scale has this column", similar(column, used))
        for column in columns
        if column not in used
    ]


def _with_reversed(scale: Scale, reversed_columns: Sequence[str]) -> Scale:
    keys = tuple(
        -1 if column in reversed_columns else key for column, key in zip(scale.columns, scale.keys, strict=True)
    )
    return replace(scale, keys=keys)


def grouping_of(text: str, header: Sequence[str]) -> tuple[Grouping | None, list[Fault]]:
    """Read ``--group column`` or ``--group age:30,50`` (below 30, 30 to below 50, 50 and above)."""
    place = f"--group {text}"
    name, colon, numbers = text.partition(":")
    if text in header:
        name, colon = text, ""
    if name.strip() not in header:
        return None, [Fault(place, f'no column "{name.strip()}" in the file', similar(name, header))]
    parts = [part.strip() for part in numbers.split(",")] if colon else []
    if not all(re.fullmatch(r"-?\d+(\.\d+)?", part) for part in parts):
        return None, [Fault(place, "bounds must be numbers", f"write --group {name}:30,50")]
    bounds = tuple(sorted(map(float, parts)))
    return Grouping(name.strip(), name.strip(), bounds=bounds), []
