"""Which column of a response file is which item and which group: from a TOML file, from options, or guessed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assess.errors import AssessError
from assess.instruments.rules import Instrument

# Columns that usually say which group a person belongs to, for the guess only.
_USUAL_GROUPS = ("language", "gender", "sex", "ageband", "country", "education", "firstlanguage", "ethnicity", "locale")

# Columns that usually say who a person is.
_USUAL_PERSONS = ("id", "person", "personid", "respondent", "respondentid", "participant", "participantid", "seqn")

_KEYS = ("items", "groups", "language", "missing", "person")


class MappingFault(AssessError):
    """The mapping of columns does not fit the file or the instrument; all that is wrong is listed."""


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """A column that holds group labels; `labels` renames them, and then no other label may occur."""

    column: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Items and groups by the column that holds them.

    `language` is that of all rows; rows of several languages have a group named "language" with locale codes as labels.
    `missing` are texts that stand for "not answered" besides an empty cell. `person` is the column that says who is
    who: nobody may stand there twice; it is looked at and not kept.
    """

    items: Mapping[str, str]
    groups: Mapping[str, GroupColumn] = field(default_factory=dict)
    language: str = ""
    missing: tuple[str, ...] = ()
    person: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as a mapping file would say it."""
        groups = {name: {"column": group.column, "labels": dict(group.labels)} for name, group in self.groups.items()}
        return {
            "items": dict(self.items),
            "groups": groups,
            "language": self.language,
            "missing": list(self.missing),
            "person": self.person,
        }


def mapping_of(values: Mapping[str, Any]) -> ColumnMapping:
    """Return the mapping that a TOML file (or a kept mapping) says; every fault is named."""
    faults = [f'unknown key "{key}"' for key in values if key not in _KEYS]
    items, groups, missing = values.get("items", {}), values.get("groups", {}), values.get("missing", [])
    if not isinstance(items, dict) or not all(isinstance(column, str) for column in items.values()):
        faults.append('[items] must hold lines such as  phq1 = "DPQ010"')
    if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
        faults.append('missing must be a list of texts, such as ["NA"]')
    if not isinstance(values.get("language", ""), str):
        faults.append('language must be a text such as "en"')
    if not isinstance(values.get("person", ""), str):
        faults.append("person must name a column")
    read = {}
    for name, entry in groups.items() if isinstance(groups, dict) else ():
        group = _group(entry)
        if group is None:
            faults.append(f'groups {name}: give a column, or {{ column = "…", labels = {{ English = "en" }} }}')
        else:
            read[name] = group
    if faults:
        raise MappingFault("The mapping needs mending:\n  " + "\n  ".join(faults))
    return ColumnMapping(dict(items), read, values.get("language", ""), tuple(missing), values.get("person", ""))


def _group(entry: Any) -> GroupColumn | None:
    if isinstance(entry, str):
        return GroupColumn(entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("column"), str) or set(entry) - {"column", "labels"}:
        return None
    labels = entry.get("labels", {})
    if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels.values()):
        return None
    return GroupColumn(entry["column"], labels)


def read_mapping(content: bytes) -> ColumnMapping:
    """Read a mapping file."""
    try:
        return mapping_of(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingFault(f"The mapping is not valid TOML: {error}") from None


def guess_mapping(header: Sequence[str], instrument: Instrument) -> ColumnMapping:
    """Return a first guess for a person to check: columns named like items, and columns named like usual groups."""
    named = {_bare(column): column for column in header}
    items = {item.id: named[_bare(item.id)] for item in instrument.items if _bare(item.id) in named}
    if not items:
        items = _guess_by_order(header, instrument)
    groups = {column: GroupColumn(column) for column in header if _bare(column) in _USUAL_GROUPS}
    person = next((named[name] for name in _USUAL_PERSONS if name in named), "")
    return ColumnMapping(items, groups, person="" if person in items.values() else person)


def _guess_by_order(header: Sequence[str], instrument: Instrument) -> dict[str, str]:
    """Take the one family of numbered columns that has exactly as many members as the instrument has items."""
    families: dict[str, list[str]] = {}
    for column in header:
        if re.search(r"\d", column):
            families.setdefault(re.split(r"\d", column)[0], []).append(column)
    fitting = [family for family in families.values() if len(family) == len(instrument.items)]
    if len(fitting) != 1:
        return {}
    return {item.id: column for item, column in zip(instrument.items, fitting[0], strict=True)}


def check_mapping(mapping: ColumnMapping, header: Sequence[str], instrument: Instrument) -> None:
    """Refuse a mapping that names what does not exist, uses a column twice, or completes no scale."""
    faults = [f'no item named "{item}" in {instrument.id}' for item in mapping.items if not _has(instrument, item)]
    used = [*mapping.items.values(), *(group.column for group in mapping.groups.values())]
    used += [mapping.person] if mapping.person else []
    faults += [f'the file has no column "{column}"' for column in used if column not in header]
    columns = list(mapping.items.values())
    faults += [
        f'column "{column}" stands for two items' for column in sorted(set(columns)) if columns.count(column) > 1
    ]
    faults += [f'the header has two columns "{name}"' for name in sorted(set(used)) if list(header).count(name) > 1]
    if mapping.language and mapping.language not in instrument.languages:
        spoken = ", ".join(sorted(instrument.languages))
        faults.append(f'language "{mapping.language}": {instrument.id} exists in {spoken}')
    if not complete_scales(instrument, mapping.items):
        missing = [item.id for item in instrument.items if item.id not in mapping.items]
        faults.append(f"no scale of {instrument.id} is complete; no column is given for {', '.join(missing)}")
    if faults:
        raise MappingFault("The mapping needs mending:\n  " + "\n  ".join(faults))


def complete_scales(instrument: Instrument, items: Mapping[str, str] | Sequence[str]) -> tuple[str, ...]:
    """Return the scales all of whose items are there."""
    return tuple(scale.id for scale in instrument.scales if all(item in items for item in scale.item_ids))


def _has(instrument: Instrument, item_id: str) -> bool:
    return any(item.id == item_id for item in instrument.items)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
