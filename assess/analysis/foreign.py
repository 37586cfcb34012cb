"""Instruments that are not installed: read from their own files, checked like any other, and kept with their answers.

Answers may be had where the wording may not be kept. A definition without any language file is therefore given one that
words every item by its id, and says so; an instrument known only from here can be audited but not handed to anybody.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assess.errors import AssessError
from assess.i18n import text_direction
from assess.instruments.catalogue import InstrumentFaults
from assess.instruments.load import INSTRUMENT_FILE, load_files
from assess.instruments.rules import Instrument

_UNWORDED = "The wording is not stored here; items carry their ids."


def read_instrument(path: Path) -> tuple[Instrument, dict[str, str]]:
    """Return the instrument of a definition file (or of its folder) and its files; every fault is listed."""
    definition = path / INSTRUMENT_FILE if path.is_dir() else path
    if not definition.is_file():
        raise AssessError(f"{definition}: no such file")
    contents = {INSTRUMENT_FILE: definition.read_bytes()}
    contents |= {file.name: file.read_bytes() for file in sorted(definition.parent.glob("text.*.toml"))}
    if len(contents) == 1:
        contents |= _unworded(contents[INSTRUMENT_FILE])
    instrument, faults = load_files(contents, shown_as=f"{definition.parent.name}/")
    if instrument is None:
        raise InstrumentFaults(faults)
    return instrument, {name: content.decode() for name, content in contents.items()}


def _unworded(definition: bytes) -> dict[str, bytes]:
    """Return a language file that words everything by its id; nothing for a definition that cannot be read."""
    try:
        data = tomllib.loads(definition.decode())
        locale = str(data["source_language"])
        return {f"text.{locale}.toml": "\n".join(_lines(data, locale)).encode()}
    except (KeyError, TypeError, ValueError):
        return {}  # the linter says what is wrong with the definition


def _lines(data: Mapping[str, Any], locale: str) -> Iterable[str]:
    yield from _table("", {
        "locale": locale, "direction": text_direction(locale), "answerable": True, "reportable": True,
        "state": "draft", "translator": _UNWORDED, "method": _UNWORDED, "source": _UNWORDED,
        "options_source": _UNWORDED, "instructions_source": _UNWORDED, "name": data["id"],
        "short_description": _UNWORDED, "instructions": _UNWORDED,
    })  # fmt: skip
    yield from _table("items", _by_id(item["id"] for item in data["items"]))
    for scale in data["response_scales"]:
        yield from _table(f"options.{scale['id']}", _by_id(option["id"] for option in scale["options"]))
    for scale in data["scales"]:
        yield from _table(f"scales.{scale['id']}", {"name": scale["id"], "low": "–", "high": "–"})
        if scale.get("bands"):
            yield from _table(f"bands.{scale['id']}", _by_id(band["id"] for band in scale["bands"]))
    yield from _table("groups", _by_id(scale["group"] for scale in data["scales"] if scale.get("group")))
    yield from _table("safety", _by_id(rule["text_key"] for rule in data.get("safety", ())))


def _by_id(ids: Iterable[str]) -> dict[str, str]:
    return {name: name for name in ids}


def _table(name: str, values: Mapping[str, Any]) -> Iterable[str]:
    if name and values:
        yield f"[{name}]"
    yield from (f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
