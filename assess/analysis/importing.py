"""Response files: CSV, plain or gzipped, checked line by line; all of a file is taken, or nothing.

An empty cell is "not answered": a file does not tell whether someone skipped a question or never saw it.
Nothing here needs numpy, so that the web process can look at a file too.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import BinaryIO

from assess.analysis.cells import NOT_ANSWERED, Codes, Labels
from assess.analysis.faults import Fault, Figures
from assess.analysis.mapping import ColumnMapping, check_mapping
from assess.errors import AssessError
from assess.i18n import gettext as _
from assess.i18n import ngettext
from assess.instruments.rules import Instrument

MOST_FAULTS_LISTED = 100
_MOST_ROWS = 2_000_000  # blank ones count as well
_MOST_MEGABYTES = 512  # once unpacked: a small compressed file can hold any amount
_LONGEST_LINE = _LONGEST_ROW = 1 << 20
_ROWS_PER_REPORT = 4096
Progress = Callable[[float], None]


class FaultyFile(AssessError):
    """The file was not imported; the first faults are listed, all are counted."""

    def __init__(self, faults: tuple[Fault, ...], total: int) -> None:
        head = ngettext("Nothing was imported: %(num)s fault in the file",
                        "Nothing was imported: %(num)s faults in the file", total)  # fmt: skip
        more = "\n  … " + _("and %(n)s more", n=total - len(faults)) if total > len(faults) else ""
        super().__init__(f"{head}." + "".join(f"\n  {fault}" for fault in faults) + more)
        self.faults, self.total = faults, total


@dataclass(frozen=True, slots=True)
class Imported:
    """The answers of a file: people × items of signed bytes, people × groups of unsigned bytes, both row by row."""

    item_ids: tuple[str, ...]
    groups: dict[str, list[str]]
    answers: bytes
    labels: bytes
    n: int
    n_without_answer: int

    @property
    def digest(self) -> str:
        """SHA-256 of everything in it."""
        header = json.dumps([self.item_ids, self.groups, self.n], ensure_ascii=False).encode()
        return hashlib.sha256(header + b"\0" + self.answers + b"\0" + self.labels).hexdigest()


def read_header(stream: BinaryIO) -> list[str]:
    """Return the names of the columns."""
    return _rows(stream)[0]


def read_responses(
    stream: BinaryIO, mapping: ColumnMapping, instrument: Instrument, *, progress: Progress = lambda _: None
) -> Imported:
    """Read and check a whole file; raise FaultyFile with every fault found, or MappingFault."""
    size = stream.seek(0, io.SEEK_END)
    header, rows = _rows(stream)
    check_mapping(mapping, header, instrument)
    sheet = _Sheet(header, mapping, instrument)
    for number, (line, row) in enumerate(rows):
        if number >= _MOST_ROWS:
            raise FaultyFile((Fault(line, "", "", "too_many_rows", {"most": f"{_MOST_ROWS:,}"}),), 1)
        sheet.take(row, line)
        if number % _ROWS_PER_REPORT == 0:
            progress(stream.tell() / max(size, 1))
    return sheet.finished()


class _Sheet:
    """Takes rows, keeps what is right and lists what is wrong."""

    def __init__(self, header: list[str], mapping: ColumnMapping, instrument: Instrument) -> None:
        self._header, self._width = header, len(header)
        self._items = [item.id for item in instrument.items if item.id in mapping.items]
        self._groups = list(mapping.groups)
        columns = [mapping.items[item] for item in self._items]
        self._codes = [Codes(instrument.options_of(item).codes, mapping.missing) for item in self._items]
        self._labels = [Labels(dict(group.labels), mapping.missing) for group in mapping.groups.values()]
        group_columns = [group.column for group in mapping.groups.values()]
        self._item_cells = _picker([header.index(column) for column in columns])
        self._group_cells = _picker([header.index(column) for column in group_columns])
        self._names = columns + group_columns
        self._person = header.index(mapping.person) if mapping.person else None
        self._lines: dict[str, int] = {}  # the line each person stands in
        self._answers, self._group_codes = array("b"), array("B")
        self._faults: list[Fault] = []
        self._total = self._rows = self._without_answer = 0
        self._nothing = [NOT_ANSWERED] * len(columns)

    def take(self, row: list[str], line: int) -> None:
        """Add one row."""
        if not row:
            return
        self._rows += 1
        if len(row) != self._width:
            self.fault(line, "", "", "width", {"found": len(row), "expected": self._width})
            return
        if self._person is not None and not self._is_new(row[self._person].strip(), line):
            return
        try:
            answers = [codes[cell] for codes, cell in zip(self._codes, self._item_cells(row), strict=True)]
            labels = [known[cell] for known, cell in zip(self._labels, self._group_cells(row), strict=True)]
        except KeyError:
            self._explain(row, line)
            return
        self._without_answer += answers == self._nothing
        if not self._faults:
            self._answers.extend(answers)
            self._group_codes.extend(labels)

    def _is_new(self, person: str, line: int) -> bool:
        """Tell whether a person has not come yet. Twice the same answers would make every interval too narrow."""
        before = self._lines.setdefault(person, line) if person else line
        if before != line:
            self.fault(line, self._header[self._person or 0], person, "twice", {"before": before})
        return before == line

    def fault(self, line: int, column: str, value: str, code: str, figures: Figures | None = None) -> None:
        """Count a fault; the first ones are kept."""
        self._total += 1
        if len(self._faults) < MOST_FAULTS_LISTED:
            self._faults.append(Fault(line, column, value[:40], code, figures or {}))

    def _explain(self, row: list[str], line: int) -> None:
        tables: list[Codes | Labels] = [*self._codes, *self._labels]
        cells = [*self._item_cells(row), *self._group_cells(row)]
        for table, column, cell in zip(tables, self._names, cells, strict=True):
            try:
                table[cell]
            except KeyError:
                self.fault(line, column, cell, *table.refusal)

    def finished(self) -> Imported:
        """Return what was taken, if nothing was wrong."""
        if not self._rows:
            self.fault(1, "", "", "no_rows")
        if self._faults:
            raise FaultyFile(tuple(self._faults), self._total)
        return Imported(
            item_ids=tuple(self._items),
            groups={name: known.names for name, known in zip(self._groups, self._labels, strict=True)},
            answers=self._answers.tobytes(),
            labels=self._group_codes.tobytes(),
            n=self._rows,
            n_without_answer=self._without_answer,
        )


def _picker(columns: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Return what takes these cells out of a row."""
    if len(columns) > 1:
        return itemgetter(*columns)
    return lambda row: tuple(row[column] for column in columns)


def _rows(stream: BinaryIO) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the header and the rows under it, each with the line it ends on."""
    lines = _lines(stream)
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    length = 0

    def measured() -> Iterator[str]:
        nonlocal length
        for number, line in enumerate(chain([first], lines), start=1):
            length += len(line)
            if length > _LONGEST_ROW:
                raise FaultyFile((Fault(number, "", "", "long_row"),), 1)
            yield line

    reader = csv.reader(measured(), delimiter=delimiter, strict=True)

    def numbered() -> Iterator[tuple[int, list[str]]]:
        nonlocal length
        while True:
            length = 0
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise FaultyFile((Fault(reader.line_num, "", "", "not_csv", {"problem": str(error)}),), 1) from None
            yield reader.line_num, row

    rows = numbered()
    _, header = next(rows, (1, []))
    header = [name.strip() for name in header]
    if not any(header):
        raise FaultyFile((Fault(1, "", "", "no_header"),), 1)
    return header, rows


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines as text; what is no text, or no end of a line in sight, stops with its place."""
    stream.seek(0)
    zipped = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    source: BinaryIO = gzip.GzipFile(fileobj=stream) if zipped else stream  # type: ignore[assignment]
    number = unpacked = 0
    while True:
        number += 1
        try:
            line = source.readline(_LONGEST_LINE)
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise FaultyFile((Fault(number, "", "", "not_text", {"byte": error.start + 1}),), 1) from None
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise FaultyFile((Fault(number, "", "", "damaged"),), 1) from None
        unpacked += len(line)
        if unpacked > _MOST_MEGABYTES << 20:
            raise FaultyFile((Fault(number, "", "", "too_large", {"most": _MOST_MEGABYTES}),), 1)
        if "\0" in text:
            raise FaultyFile((Fault(number, "", "", "zero_byte"),), 1)
        if len(line) >= _LONGEST_LINE:
            raise FaultyFile((Fault(number, "", "", "long_line"),), 1)
        if not line:
            return
        yield text
