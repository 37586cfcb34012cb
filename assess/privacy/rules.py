"""Until when data is kept, and what stands against erasing someone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum


class Obstacle(StrEnum):
    """Why somebody cannot be erased yet: others depend on them."""

    COACHES = "coaches"
    LEADS = "leads"
    ONLY_ADMINISTRATOR = "only_administrator"


def ended_on(ends_on: date, stopped_at: datetime | None) -> date:
    """Return the day an engagement ended: its last day, or the day it was stopped if that came first."""
    return min(ends_on, stopped_at.date()) if stopped_at else ends_on


def keep_until(ends_on: date, months: int) -> date:
    """Return the last day on which the data of an engagement is kept: so many months after it ends."""
    year, month = divmod(ends_on.year * 12 + ends_on.month - 1 + months, 12)
    return date(year, month + 1, min(ends_on.day, monthrange(year, month + 1)[1]))


def obstacles(
    *, live_engagements_coached: int, programmes_led: int, is_only_administrator: bool = False
) -> tuple[Obstacle, ...]:
    """Return what has to be handed over before a person can be erased."""
    found = {
        Obstacle.COACHES: live_engagements_coached > 0,
        Obstacle.LEADS: programmes_led > 0,
        Obstacle.ONLY_ADMINISTRATOR: is_only_administrator,
    }
    return tuple(obstacle for obstacle, stands in found.items() if stands)


def last_day(days: Iterable[date]) -> date | None:
    """Return the latest of several days."""
    return max(days, default=None)


# What a spreadsheet would take for a formula (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_safe(cell: str) -> str:
    """Return a text cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
