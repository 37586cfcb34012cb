"""Reading instrument folders: TOML, then shape, then meaning; every fault of every file at once."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from assess.instruments.build import build_instrument
from assess.instruments.lint import lint
from assess.instruments.rules import Instrument
from assess.instruments.shape import InstrumentShape, LanguageShape, Shape

INSTRUMENT_FILE = "instrument.toml"
UNKNOWN_FILE = 'unknown file: expected "instrument.toml" or "text.<locale>.toml"'

_AnyShape = TypeVar("_AnyShape", bound=Shape)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one file: where, under which key, and why."""

    file: str
    key: str
    reason: str

    def __str__(self) -> str:
        """One line that says what to mend and where."""
        return ": ".join(part for part in (self.file, self.key, self.reason) if part)


def load_path(path: Path) -> tuple[tuple[Instrument, ...], tuple[Fault, ...]]:
    """Read one version folder, or every version folder below a folder of instruments."""
    if (path / INSTRUMENT_FILE).is_file():
        path = path.resolve()
        shown_as = "/".join(path.parts[-3:])
        instrument, faults = load_version(path, shown_as=shown_as)
        return ((instrument,) if instrument else ()), faults
    return load_folder(path)


def load_folder(path: Path) -> tuple[tuple[Instrument, ...], tuple[Fault, ...]]:
    """Read every `<id>/<version>` folder below `path`; instruments with a fault are left out, all faults are listed."""
    if not path.is_dir():
        return (), (Fault(str(path), "", "no such folder"),)
    instruments: list[Instrument] = []
    faults: list[Fault] = []
    for id_folder in _folders(path):
        for folder in _folders(id_folder):
            instrument, found = load_version(folder, shown_as=f"{path.name}/{id_folder.name}/{folder.name}")
            faults.extend(found)
            if instrument is not None and not found:
                instruments.append(instrument)
    return tuple(instruments), tuple(faults)


def load_version(folder: Path, *, shown_as: str) -> tuple[Instrument | None, tuple[Fault, ...]]:
    """Read one version folder; faults name its files as `shown_as/<file>`."""
    contents = {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if not file.name.startswith(".")}
    return load_files(contents, folder_names=(folder.parent.name, folder.name), shown_as=f"{shown_as}/")


def load_files(
    contents: dict[str, bytes], *, folder_names: tuple[str, str] | None = None, shown_as: str = ""
) -> tuple[Instrument | None, tuple[Fault, ...]]:
    """Read the files of one version, wherever they are kept; faults put `shown_as` before a file's name."""
    faults: list[Fault] = []
    definition: InstrumentShape | None = None
    texts: dict[str, LanguageShape] = {}
    if INSTRUMENT_FILE not in contents:
        faults.append(Fault(f"{shown_as}{INSTRUMENT_FILE}", "", "missing"))
    for name, content in contents.items():
        if name == INSTRUMENT_FILE:
            definition = _parse(content, InstrumentShape, f"{shown_as}{name}", faults)
        elif name.startswith("text.") and name.endswith(".toml"):
            text = _parse(content, LanguageShape, f"{shown_as}{name}", faults)
            if text is not None:
                texts[name] = text
        else:
            faults.append(Fault(f"{shown_as}{name}", "", UNKNOWN_FILE))
    if definition is None:
        return None, tuple(faults)
    findings = lint(definition, texts, folder_names=folder_names or (definition.id, definition.version))
    faults += [Fault(f"{shown_as}{file}", key, reason) for file, key, reason in findings]
    if faults:
        return None, tuple(faults)
    return build_instrument(definition, texts.values(), digest=_digest(contents)), ()


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith((".", "_")))


def _parse(content: bytes, shape: type[_AnyShape], file: str, faults: list[Fault]) -> _AnyShape | None:
    try:
        data = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        faults.append(Fault(file, "", f"not UTF-8 text (byte {error.start})"))
        return None
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault(file, "", f"not valid TOML: {error}"))
        return None
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        for problem in error.errors():
            faults.append(Fault(file, _key(data, problem["loc"]), _reason(problem["type"], problem["msg"])))
        return None


def _key(data: Any, location: tuple[int | str, ...]) -> str:
    """Name the place of a fault; entries of a list by their id where they have one."""
    parts: list[str] = []
    for step in location:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(step, int):
            identity = data.get("id") if isinstance(data, dict) else None
            parts.append(f'"{identity}"' if isinstance(identity, str) else f"number {step + 1}")
        else:
            parts.append(step)
    return " ".join(parts)


def _reason(kind: str, message: str) -> str:
    known = {"extra_forbidden": "unknown key", "missing": "missing"}
    return known.get(kind, message[:1].lower() + message[1:])


def _digest(contents: dict[str, bytes]) -> str:
    """SHA-256 over the names and bytes of all files of a version folder, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0".encode())
        digest.update(contents[name])
    return digest.hexdigest()
