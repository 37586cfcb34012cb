"""Whom a client can ask about a result, and by when an answer is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ANSWER_WITHIN_DAYS = 7


class Owner(StrEnum):
    """Who reads a question and answers it; the client chooses."""

    COACH = "coach"
    LEAD = "lead"


class Kind(StrEnum):
    """What a concern is about."""

    RESULT_QUESTION = "result_question"


class Standing(StrEnum):
    """Where a question stands, for the one who asked. `unread`: the coach can no longer read it, nobody else may."""

    OPEN = "open"
    ANSWERED = "answered"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what its reader may see of it."""

    id: str
    assignment_id: str | None
    owner: Owner
    standing: Standing
    text: str
    reply: str
    raised_on: date
    due_on: date
    closed_on: date | None


def due_on(today: date) -> date:
    """Return the day by which an answer is promised."""
    return today + timedelta(days=ANSWER_WITHIN_DAYS)


def standing(owner: Owner, *, closed: bool, coach_has_access: bool) -> Standing:
    """Say where a question stands; what was asked of a coach is never passed on to anyone else."""
    if closed:
        return Standing.ANSWERED
    return Standing.UNREAD if owner is Owner.COACH and not coach_has_access else Standing.OPEN
