"""What is wrong with the input: where, why, and how to mend it. All faults are collected before anything is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault: the place (file, line, column, option), the reason, and what to do about it."""

    place: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return one line, or two with the remedy below."""
        remedy = f"\n    -> {self.remedy}" if self.remedy else ""
        return f"{self.place}: {self.reason}{remedy}"


class InputFaults(Exception):
    """The input cannot be used; `faults` are all that were found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def refuse_if(faults: Sequence[Fault]) -> None:
    """Raise all faults together, if there are any."""
    if faults:
        raise InputFaults(faults)


def similar(name: str, known: Iterable[str]) -> str:
    """Return a hint at the names that are most like this one, or at the first there are."""
    known = list(known)
    folded = {other.casefold(): other for other in known}
    close = [folded[other] for other in difflib.get_close_matches(name.casefold(), folded, n=3)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return f"there are: {shown}" if known else ""


def some_lines(lines: Sequence[int], most: int = 5) -> str:
    """Return line numbers in words, the first few of many."""
    if len(lines) == 1:
        return f"line {lines[0]}"
    shown = ", ".join(map(str, lines[:most]))
    return f"lines {shown}" + (f" and {len(lines) - most:,} more" if len(lines) > most else "")
