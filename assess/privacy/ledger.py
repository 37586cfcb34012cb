"""The destruction ledger: who was erased, kept beside the database, so that a restored one can be told again.

Two files of the data folder that only grow. People: a moment and an id. Copies without a name that went at the person's
wish: ids alone and apart, so that nothing ties them to anyone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from assess.vault import sync_folder

_PEOPLE, _COPIES = "erased-people.log", "erased-copies.log"
_LINE = re.compile(r"(?:\S+ )?([\w-]{16})")


def enter_person(data: Path, person_id: str, *, at: datetime) -> None:
    """Enter a person; entering them again changes nothing that matters."""
    _append(data / _PEOPLE, [f"{at.isoformat(timespec='seconds')} {person_id}"])


def enter_copies(data: Path, copy_ids: Iterable[str]) -> None:
    """Enter copies without a name."""
    _append(data / _COPIES, sorted(copy_ids))


def people(data: Path) -> frozenset[str]:
    """Return everyone who was ever erased."""
    return _read(data / _PEOPLE)


def copies(data: Path) -> frozenset[str]:
    """Return every copy without a name that was ever deleted with its person."""
    return _read(data / _COPIES)


def _append(file: Path, lines: Iterable[str]) -> None:
    """Add whole lines, on the disk before this returns."""
    is_new = not file.exists()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, "".join(f"\n{line}\n" for line in lines).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(file.parent)


def _read(file: Path) -> frozenset[str]:
    # A line torn by a power cut spoils no other, since each begins on a new line; the next start enters it again.
    lines = file.read_text().splitlines() if file.exists() else []
    return frozenset(found[1] for line in lines if (found := _LINE.fullmatch(line)))
