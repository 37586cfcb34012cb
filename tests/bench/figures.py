"""One measured figure beside the one to reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in which unit, and the most it may be; without a limit it only orients."""

    what: str
    value: float
    unit: str
    at_most: float | None = None

    def __str__(self) -> str:
        """Return one line of the table."""
        goal = "" if self.at_most is None else f"at most {self.at_most:g} {self.unit}"
        mark = "" if self.at_most is None else ("  reached" if self.value <= self.at_most else "  NOT REACHED")
        return f"  {self.what:<68}{self.value:>10.1f} {self.unit:<4} {goal:<16}{mark}"


Part = Callable[[], Iterable[object]]  # each is printed as one line
