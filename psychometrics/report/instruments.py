"""Scales from an instrument file, and columns from a mapping file; both are TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from psychometrics.report.faults import Fault, InputFaults, similar
from psychometrics.report.scales import Grouping, Scale, scale_of

_DEFINITION = "instrument.toml"


@dataclass(frozen=True)
class ColumnMapping:
    """What a mapping file says: columns of items, scales by their columns, groupings, texts that mean no answer."""

    items: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Grouping] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    codes: tuple[int, int] | None = None


def find_instrument(wanted: str, folders: Iterable[Path]) -> Path:
    """Return the definition file for a path, or for a name in one of the folders (``name`` or ``name/version``)."""
    folders = list(folders)
    candidates = [Path(wanted), *(folder / wanted for folder in folders)]
    for path in candidates:
        if path.is_file():
            return path
        # Without a version the newest.
        found = sorted([*path.glob(_DEFINITION), *path.glob(f"*/{_DEFINITION}")], key=lambda p: _natural(p.parent.name))
        if found:
            return found[-1]
    known = sorted({file.parent.parent.name for folder in folders for file in folder.glob(f"*/*/{_DEFINITION}")})
    raise InputFaults([Fault(f"--instrument {wanted}", "no such file or instrument", similar(wanted, known))])


def _natural(version: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.\-]", version)]


def read_toml(path: Path, option: str) -> dict[str, Any]:
    """Read a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFaults([Fault(f"{option} {path}", f"cannot be read: {error.strerror}")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputFaults([Fault(str(path), f"not valid TOML: {error}")]) from None


def scales_of_instrument(
    path: Path, columns: Mapping[str, str], header: Sequence[str]
) -> tuple[list[Scale], list[str], list[Fault]]:
    """Return the scales all of whose items have a column, notes on the others, and faults."""
    data = read_toml(path, "--instrument")
    try:
        drafts = _drafts(data)
        words, titles = _wording(path, data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = f"not an instrument file: {type(error).__name__} {error}"
        return [], [], [Fault(str(path), reason, "compare it with a file of the instruments folder")]
    known = {item for draft in drafts for item in draft.items}
    faults = [
        Fault("[items] of the mapping", f'"{item}" is no item of {path}', similar(item, known))
        for item in columns
        if item not in known
    ]
    place = {item: columns.get(item) or _like(item, header) for item in known}
    scales, notes, absent = list[Scale](), list[str](), list[str]()
    for draft in drafts:
        gaps = [item for item in draft.items if place[item] is None or place[item] not in header]
        if gaps:
            notes.append(f"Scale {draft.name} is left out: no column for {', '.join(gaps)}.")
            absent += gaps
            continue
        own = tuple(str(place[item]) for item in draft.items)
        wording = {item: words[item] for item in draft.items if item in words}
        origin = f"{data.get('id', path.stem)} {data.get('version', '')}".strip()
        title = titles.get(draft.name, "")
        scales.append(replace(draft, columns=own, wording=wording, origin=origin, title=title))
    if not scales:
        faults += _no_columns(path, dict.fromkeys(absent), columns, header)
    return scales, notes, faults


def _no_columns(
    path: Path, absent: Iterable[str], columns: Mapping[str, str], header: Sequence[str]
) -> Iterable[Fault]:
    for item in absent:
        wanted = columns.get(item, item)
        reason = f'no column "{wanted}" for item {item} of {path}'
        yield Fault("the file", reason, similar(wanted, header))
    yield Fault(
        "--instrument", "no scale is complete", 'give --mapping FILE with lines such as  b01 = "Q1"  under [items]'
    )


def _drafts(data: Mapping[str, Any]) -> list[Scale]:
    """Return the scales with keys of their own; those that gather facets have the items of these."""
    options = {entry["id"]: [int(option["code"]) for option in entry["options"]] for entry in data["response_scales"]}
    only = next(iter(options))
    codes = {item["id"]: options[item.get("response_scale", only)] for item in data["items"]}
    keys = {scale["id"]: dict(scale.get("keys", {})) for scale in data["scales"]}
    drafts = []
    for scale in data["scales"]:
        own = keys[scale["id"]] or {k: v for facet in scale.get("facets", ()) for k, v in keys[facet].items()}
        answers = [code for item in own for code in codes[item]]
        whole = scale.get("method", "sum") == "sum"
        cuts = [float(band["lower"]) for band in scale.get("bands", ())][1:] if whole else []
        directions = tuple(int(key) for key in own.values())
        drafts.append(Scale(scale["id"], tuple(own), (), directions, (min(answers), max(answers)), tuple(cuts)))
    return drafts


def _wording(path: Path, data: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return items and names of scales in the instrument's own language, where these stand beside the definition."""
    file = path.parent / f"text.{data.get('source_language', 'en')}.toml"
    if not file.is_file():
        return {}, {}
    words = read_toml(file, "wording")
    items = {str(item): str(text) for item, text in words.get("items", {}).items()}
    return items, {str(scale): str(entry["name"]) for scale, entry in words.get("scales", {}).items()}


def _like(item: str, header: Sequence[str]) -> str | None:
    """Return the column of this name, whatever its capitals and underscores."""
    bare = {re.sub(r"[\W_]", "", name).casefold(): name for name in reversed(header)}
    return item if item in header else bare.get(re.sub(r"[\W_]", "", item).casefold())


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping file; every fault is named."""
    values = read_toml(path, "--mapping")
    known = ("items", "scales", "groups", "missing", "codes", "language")
    faults = [Fault(str(path), f'unknown key "{key}"', similar(key, known)) for key in values if key not in known]
    items, scales, groups = (_section(values, name, path, faults) for name in ("items", "scales", "groups"))
    for name, column in items.items():
        if not isinstance(column, str):
            faults.append(Fault(f"{path}, [items] {name}", "not a column", f'write  {name} = "Q1"'))
    for name, columns in scales.items():
        if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
            faults.append(Fault(f"{path}, [scales] {name}", "not a list", f'write  {name} = ["q1", "-q2", "q3:q9"]'))
    read = {name: _grouping(name, entry) for name, entry in groups.items()}
    for name in (name for name, grouping in read.items() if grouping is None):
        remedy = f'write  {name} = "column"  or  {{ column = "c", labels = {{ F = "women" }} }}  or  bounds = [30, 50]'
        faults.append(Fault(f"{path}, [groups] {name}", "not understood", remedy))
    missing, codes = values.get("missing", []), values.get("codes")
    if not isinstance(missing, list):
        faults.append(Fault(f"{path}, missing", "not a list", 'write  missing = ["NA", "-9"]'))
    if codes is not None and not _is_range(codes):
        faults.append(Fault(f"{path}, codes", "not a range", "write  codes = [1, 5]"))
    if faults:
        raise InputFaults(faults)
    found = {name: grouping for name, grouping in read.items() if grouping}
    return ColumnMapping(items, scales, found, tuple(map(str, missing)), tuple(codes) if codes else None)


def _section(values: Mapping[str, Any], name: str, path: Path, faults: list[Fault]) -> dict[str, Any]:
    section = values.get(name, {})
    if isinstance(section, dict):
        return section
    faults.append(Fault(f"{path}, {name}", "not a section", f"write [{name}] on a line of its own"))
    return {}


def _is_range(codes: Any) -> bool:
    return (
        isinstance(codes, list) and len(codes) == 2 and all(isinstance(c, int) for c in codes) and codes[0] < codes[1]
    )


def _grouping(name: str, entry: Any) -> Grouping | None:
    if isinstance(entry, str):
        return Grouping(name, entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("column"), str):
        return None
    labels, bounds = entry.get("labels", {}), entry.get("bounds", [])
    if not isinstance(labels, dict) or not isinstance(bounds, list) or set(entry) - {"column", "labels", "bounds"}:
        return None
    if not all(isinstance(bound, int | float) for bound in bounds):
        return None
    return Grouping(name, entry["column"], {str(k): str(v) for k, v in labels.items()}, tuple(sorted(bounds)))


def mapped_scales(mapping: ColumnMapping, path: Path, header: Sequence[str]) -> tuple[list[Scale], list[Fault]]:
    """Return the scales of a mapping file, with the faults of their columns."""
    made = [
        scale_of(name, columns, header, place=f"{path}, [scales] {name}") for name, columns in mapping.scales.items()
    ]
    return [scale for scale, _ in made], [fault for _, faults in made for fault in faults]
