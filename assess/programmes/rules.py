"""When an engagement is live, which ties block it, and how large a battery should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

# Ties that either side can declare. A blocking one stops the engagement: who evaluates, employs, treats or loves the
# client cannot be the coach they speak to in confidence.
TIES = ("manager", "evaluator", "relative", "romantic", "therapist", "business", "friend", "colleague", "other")
BLOCKING_TIES = frozenset({"manager", "evaluator", "relative", "romantic", "therapist"})


class Declared(Protocol):
    """What the rules need of a declaration."""

    @property
    def person_id(self) -> str:
        """Who declared."""


class Term(Protocol):
    """What the rules need of an engagement: the entity, or a row with as much of it."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def programme_id(self) -> str:
        """The programme it belongs to."""

    @property
    def client_id(self) -> str:
        """The client."""

    @property
    def coach_id(self) -> str:
        """The coach."""

    @property
    def starts_on(self) -> date:
        """The first day."""

    @property
    def ends_on(self) -> date:
        """The last day."""

    @property
    def stopped_at(self) -> datetime | None:
        """When a tie or a person ended it."""

    @property
    def coach_has_declared(self) -> bool:
        """Whether the coach has said what ties they have to the client."""


class Declaring(Protocol):
    """An engagement with what was declared in it."""

    @property
    def declarations(self) -> Sequence[Declared]:
        """What each side said about ties."""


def is_live(engagement: Term, today: date) -> bool:
    """Return whether the engagement runs today; both end days count."""
    return engagement.stopped_at is None and engagement.starts_on <= today <= engagement.ends_on


def is_over(engagement: Term, today: date) -> bool:
    """Return whether the engagement was stopped or has run out."""
    return engagement.stopped_at is not None or today > engagement.ends_on


def has_declared(engagement: Declaring, person_id: str) -> bool:
    """Return whether this side has said what ties it has to the other."""
    return any(declaration.person_id == person_id for declaration in engagement.declarations)


def is_open_to_coach(engagement: Term, today: date) -> bool:
    """Return whether the coach may read what the client shares: it is live and the coach has declared ties."""
    return is_live(engagement, today) and engagement.coach_has_declared


def blocks(ties: Iterable[str]) -> bool:
    """Return whether any of the declared ties stops an engagement."""
    return not BLOCKING_TIES.isdisjoint(ties)


_MOST_YEARS_AWAY = 50


def is_plausible(day: date, today: date) -> bool:
    """Return whether an engagement can begin or end on this day: a mistyped year is centuries away."""
    return abs(day.year - today.year) <= _MOST_YEARS_AWAY


@dataclass(frozen=True, slots=True)
class BatteryAdvice:
    """Whether a battery is of a size that clients finish and coaches can use."""

    count: int
    too_few: bool
    too_many: bool


def advise_on_battery(count: int) -> BatteryAdvice:
    """Warn outside two to four instruments."""
    return BatteryAdvice(count, too_few=count < 2, too_many=count > 4)


# How far into an engagement each wave is due, as a share of its length.
_WAVE_SHARES = {"baseline": 0.0, "midpoint": 0.5, "end": 1.0, "follow_up": 1.5}
_BASELINE_DAYS = 14


def plan_waves(kinds: Iterable[str], *, days: int) -> tuple[tuple[str, int], ...]:
    """Return each wave with the days after the start at which it is due, in the order of time."""
    chosen = set(kinds)
    return tuple(
        (kind, _BASELINE_DAYS if kind == "baseline" else round(share * days))
        for kind, share in _WAVE_SHARES.items()
        if kind in chosen
    )
