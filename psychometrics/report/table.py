"""Reading a file of comma-separated values: its header, the columns wanted, and on which line each row stands."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from psychometrics.report.faults import Fault, InputFaults, refuse_if, some_lines

_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class TextFile:
    """The text of a file, its header and delimiter, and the digest of its bytes."""

    name: str
    text: str
    header: tuple[str, ...]
    delimiter: str
    sha256: str


@dataclass(frozen=True)
class Columns:
    """Texts by column, and the line each row stands on."""

    texts: dict[str, tuple[str, ...]]
    lines: tuple[int, ...]


def open_table(path: Path) -> TextFile:
    """Read a CSV file, compressed or not; commas, semicolons or tabs stand between the cells."""
    content = _bytes(path)
    text = _text(path, content)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    header = tuple(cell.strip() for cell in next(csv.reader([first.rstrip("\r")], delimiter=delimiter), []))
    if not header or not any(header):
        raise InputFaults([Fault(f"{path}, line 1", "the file is empty", "its first line must name the columns")])
    return TextFile(path.name, text, header, delimiter, hashlib.sha256(content).hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except FileNotFoundError:
        others = sorted(other.name for other in path.parent.glob("*.csv*")) if path.parent.is_dir() else []
        remedy = f"in that folder there are: {', '.join(others[:8])}" if others else "check the name and the folder"
        raise InputFaults([Fault(str(path), "no such file", remedy)]) from None
    except (OSError, EOFError) as error:
        raise InputFaults([Fault(str(path), f"cannot be read: {getattr(error, 'strerror', '') or error}")]) from None


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        reason = "not a text in UTF-8" if b"\0" not in content[:4096] else "not a text, but a binary file"
        raise InputFaults([Fault(f"{path}, line {line}", reason, "save it as CSV UTF-8")]) from None


def read_columns(file: TextFile, wanted: Sequence[str]) -> Columns:
    """Read these columns; rows with more or fewer cells than the header are faults."""
    if not wanted:
        return Columns({}, ())
    places = [file.header.index(name) for name in wanted]
    rows, lines, uneven = list[tuple[str, ...]](), list[int](), list[tuple[int, int]]()
    reader = csv.reader(io.StringIO(file.text, newline=""), delimiter=file.delimiter)
    pick = itemgetter(*places, places[0])  # one more, so that it always gives a tuple
    try:
        for row in _after_header(reader):
            if len(row) != len(file.header):
                uneven.append((reader.line_num, len(row)))
                continue
            rows.append(pick(row))
            lines.append(reader.line_num)
    except csv.Error as error:
        raise InputFaults([Fault(f"{file.name}, line {reader.line_num}", str(error))]) from None
    refuse_if(_uneven(file, uneven))
    if not rows:
        raise InputFaults([Fault(f"{file.name}, line 2", "no row below the header", "one row per person is needed")])
    return Columns(dict(zip(wanted, zip(*rows, strict=True), strict=False)), tuple(lines))


def _after_header(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Skip blank lines and the header."""
    rows = (row for row in reader if row)
    next(rows, None)
    return rows


def _uneven(file: TextFile, uneven: Sequence[tuple[int, int]]) -> list[Fault]:
    found = []
    for count in sorted({cells for _, cells in uneven}):
        lines = [line for line, cells in uneven if cells == count]
        reason = f"{count} cells, where the header names {len(file.header)} columns"
        remedy = 'put cells that contain the delimiter between quotation marks, as in "a, b"'
        found.append(Fault(f"{file.name}, {some_lines(lines)}", reason, remedy))
    return found
