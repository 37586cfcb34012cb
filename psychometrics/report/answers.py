"""From the texts of a file to scored answers and group labels; what cannot be read is a fault with its lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from psychometrics._codes import FloatArray
from psychometrics.report.faults import Fault, refuse_if, some_lines
from psychometrics.report.scales import Grouping, Scale
from psychometrics.report.table import Columns

# More labels than this are no groups but names, dates or numbers.
MOST_GROUPS = 30
# More codes than this are a measurement, not answers to choose from.
MOST_CODES = 30
_USUAL_MISSING = {"na", "n/a", "nan", "null", "none", ".", "-", "missing", "-9", "-99", "-999", "99", "999"}


@dataclass(frozen=True)
class Answers:
    """Scales with their codes, the scored answers of each (people by items, nan missing), labels of each grouping."""

    scales: tuple[Scale, ...]
    responses: tuple[FloatArray, ...]
    groups: dict[str, list[str]]
    n_rows: int


def read_answers(
    file: str, columns: Columns, scales: Sequence[Scale], groupings: Sequence[Grouping], missing: Sequence[str]
) -> Answers:
    """Return everything as arrays; every fault of every column is told."""
    faults: list[Fault] = []
    used = dict.fromkeys(column for scale in scales for column in scale.columns)
    numbers = {column: _numbers(file, column, columns, missing, faults) for column in used}
    ready = [_with_codes(scale, numbers) for scale in scales]
    for scale in ready:
        faults += _outside(file, scale, numbers, columns)
    groups = {grouping.name: _labels(file, grouping, columns, missing, faults) for grouping in groupings}
    refuse_if(list(dict.fromkeys(faults)))
    responses = tuple(_scored(scale, numbers) for scale in ready)
    return Answers(tuple(ready), responses, groups, len(columns.lines))


def _numbers(file: str, column: str, columns: Columns, missing: Sequence[str], faults: list[Fault]) -> FloatArray:
    texts = columns.texts[column]
    value_of = {text: _number(text.strip(), missing) for text in set(texts)}
    for text in sorted(text for text, value in value_of.items() if value is None):
        lines = [line for line, other in zip(columns.lines, texts, strict=True) if other == text]
        faults.append(_not_a_code(file, column, text.strip(), lines))
    values = np.array([value_of[text] for text in texts], dtype=np.float64)
    if not faults and np.isnan(values).all():
        faults.append(Fault(f'{file}, column "{column}"', "no answer in any line", "leave the item out of the scale"))
    return values


def _number(text: str, missing: Sequence[str]) -> float | None:
    """Return a whole number, nan where there is no answer, None for anything else."""
    if not text or text in missing:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value.is_integer() else None


def _not_a_code(file: str, column: str, text: str, lines: Sequence[int]) -> Fault:
    place = f'{file}, {some_lines(lines)}, column "{column}"'
    if text.casefold() in _USUAL_MISSING:
        return Fault(place, f'"{text}" is not a number', f"if it means no answer, add  --missing={text}")
    try:
        float(text.replace(",", "."))
    except ValueError:
        return Fault(place, f'"{text}" is not a number', "answers are whole numbers; an empty cell means no answer")
    return Fault(place, f"{text} is not a whole number", "an audit needs the codes of answers, such as 1 to 5")


def _with_codes(scale: Scale, numbers: dict[str, FloatArray]) -> Scale:
    """Take the range of codes from the data where none is given."""
    if scale.codes is not None:
        return scale
    known = [values[~np.isnan(values)] for values in (numbers[column] for column in scale.columns)]
    answers = np.concatenate(known)
    codes = (int(answers.min()), int(answers.max())) if len(answers) else (0, 1)
    return replace(scale, codes=codes, origin=f"{scale.origin}; codes {codes[0]} to {codes[1]} as found in the data")


def _outside(file: str, scale: Scale, numbers: dict[str, FloatArray], columns: Columns) -> Iterable[Fault]:
    assert scale.codes is not None  # given above; this tells the type checker
    low, high = scale.codes
    for column in scale.columns:
        values = numbers[column]
        for code in np.unique(values[(values < low) | (values > high)]):
            lines = [columns.lines[at] for at in np.flatnonzero(values == code)]
            remedy = f"if it means no answer, add  --missing={code:g}; if the scale is longer, give  --codes"
            reason = f"{code:g} is no answer of the scale {scale.name}, which goes from {low} to {high}"
            yield Fault(f'{file}, {some_lines(lines)}, column "{column}"', reason, remedy)
    if high - low >= MOST_CODES:
        reason = f"answers go from {low} to {high}: an audit is for at most {MOST_CODES} ordered answers"
        yield Fault(f"scale {scale.name}", reason, "leave out what is no item, or group the answers first")
    if low == high:
        yield Fault(
            f"scale {scale.name}", f"every answer is {low}", "items that nobody answers differently tell nothing"
        )


def _scored(scale: Scale, numbers: dict[str, FloatArray]) -> FloatArray:
    assert scale.codes is not None
    answers = np.column_stack([numbers[column] for column in scale.columns])
    return np.where(np.array(scale.keys) > 0, answers, sum(scale.codes) - answers)


def _labels(file: str, grouping: Grouping, columns: Columns, missing: Sequence[str], faults: list[Fault]) -> list[str]:
    place = f'{file}, column "{grouping.column}"'
    texts = [text.strip() for text in columns.texts[grouping.column]]
    texts = ["" if text in missing else text for text in texts]
    if grouping.bounds:
        return _banded(grouping, texts, columns, file, faults)
    known = set(texts) - {""}
    unnamed = sorted(known - set(grouping.labels)) if grouping.labels else []
    if unnamed:
        faults.append(
            Fault(place, f"no label is given for {', '.join(unnamed[:8])}", f"add it to [groups] {grouping.name}")
        )
    if len(known) > MOST_GROUPS:
        remedy = f"for numbers such as ages give bounds:  --group {grouping.column}:30,50"
        faults.append(Fault(place, f"{len(known)} different values; groups are at most {MOST_GROUPS}", remedy))
    elif len(known) < 2:
        faults.append(Fault(place, f"{len(known)} group, so there is nothing to compare", "leave this --group out"))
    return [grouping.labels.get(text, text) for text in texts]


def _banded(grouping: Grouping, texts: Sequence[str], columns: Columns, file: str, faults: list[Fault]) -> list[str]:
    names = band_names(grouping.bounds)
    label_of = {}
    for text in set(texts):
        try:
            label_of[text] = names[int(np.searchsorted(grouping.bounds, float(text), side="right"))] if text else ""
        except ValueError:
            lines = [line for line, other in zip(columns.lines, texts, strict=True) if other == text]
            place = f'{file}, {some_lines(lines)}, column "{grouping.column}"'
            faults.append(Fault(place, f'"{text}" is not a number', f"if it means not known, add  --missing={text}"))
            label_of[text] = ""
    return [label_of[text] for text in texts]


def band_names(bounds: Sequence[float]) -> list[str]:
    """Return names such as "below 30", "30 to below 50", "50 and above"."""
    between = [f"{low:g} to below {high:g}" for low, high in pairwise(bounds)]
    return [f"below {bounds[0]:g}", *between, f"{bounds[-1]:g} and above"]
