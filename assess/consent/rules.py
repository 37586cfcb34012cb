"""What can be consented to, when a record is valid, which step comes next, and what a text must hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

ROUNDS_BEFORE_HELP = 3

# Consent of someone younger needs a guardian's as well, which this product has no way to ask for.
LOWEST_AGE = 18


class Scope(StrEnum):
    """What a client can allow, each by itself. `store` is needed to take part."""

    STORE = "store"
    COACH_READS = "coach_reads"
    INSTRUMENT_QUALITY = "instrument_quality"
    SPONSOR_AGGREGATES = "sponsor_aggregates"
    RESEARCH = "research"


class Gap(StrEnum):
    """Why a record does not allow answering."""

    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    NOT_ELIGIBLE = "not_eligible"
    NOT_UNDERSTOOD = "not_understood"
    STORE_NOT_GRANTED = "store_not_granted"
    TEXT_CHANGED = "text_changed"
    ALTERED = "altered"


class Step(StrEnum):
    """The screens of consenting, in their order; `not_eligible` is where the way ends for now."""

    ELIGIBILITY = "eligibility"
    NOT_ELIGIBLE = "not_eligible"
    TEXT = "text"
    CHECK = "check"
    CHOICES = "choices"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a consent text."""

    id: str
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeText:
    """How a text words one scope: what is ticked, and what it means."""

    scope: Scope
    label: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the comprehension check; options are id → words, `right` is the id of the right one."""

    id: str
    question: str
    options: Mapping[str, str]
    right: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Text:
    """One version of the consent text in one language. `material`: who agreed to an earlier one must be asked again."""

    locale: str
    version: str
    valid_from: date
    material: bool
    supersedes: str | None
    changes: str
    sections: tuple[Section, ...]
    scopes: tuple[ScopeText, ...]
    questions: tuple[Question, ...]
    content: str

    @property
    def digest(self) -> str:
        """SHA-256 of the whole text as it is stored."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    def scope(self, scope: Scope) -> ScopeText:
        """Return how this text words a scope."""
        return next(words for words in self.scopes if words.scope == scope)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a record when it is asked whether it still holds."""

    withdrawn: bool
    superseded: bool
    eligible: bool
    comprehension_rounds: int
    granted: frozenset[str]
    text_in_force: bool
    unaltered: bool


def gaps(standing: Standing) -> tuple[Gap, ...]:
    """Return every reason why a record does not allow answering; none means that it is valid."""
    broken = {
        Gap.WITHDRAWN: standing.withdrawn,
        Gap.SUPERSEDED: standing.superseded,
        Gap.NOT_ELIGIBLE: not standing.eligible,
        Gap.NOT_UNDERSTOOD: standing.comprehension_rounds < 1,
        Gap.STORE_NOT_GRANTED: Scope.STORE not in standing.granted,
        Gap.TEXT_CHANGED: not standing.text_in_force,
        Gap.ALTERED: not standing.unaltered,
    }
    return tuple(gap for gap, is_broken in broken.items() if is_broken)


def text_in_force(texts: Iterable[Text], today: date) -> Text | None:
    """Return the text of one language that is shown today: the newest that is valid already."""
    valid = [text for text in texts if text.valid_from <= today]
    return max(valid, key=lambda text: text.valid_from, default=None)


def still_holds(version: str, texts: Iterable[Text], today: date) -> bool:
    """Return whether agreeing to `version` still counts: nothing since then was a material change."""
    by_version = {text.version: text for text in texts}
    text = text_in_force(by_version.values(), today)
    while text is not None and text.version != version:
        text = None if text.material or text.supersedes is None else by_version.get(text.supersedes)
    return text is not None


def next_step(*, eligible: bool | None, text_is_read: bool, understood: bool, has_chosen: bool) -> Step:
    """Return the first screen that is still to be done."""
    if eligible is None:
        return Step.ELIGIBILITY
    if not eligible:
        return Step.NOT_ELIGIBLE
    if not text_is_read:
        return Step.TEXT
    if not understood:
        return Step.CHECK
    return Step.CONFIRM if has_chosen else Step.CHOICES


@dataclass(frozen=True, slots=True)
class Comprehension:
    """Where a person stands in the comprehension check after the rounds so far."""

    rounds: int
    open: tuple[Question, ...]
    explain: frozenset[str]

    @property
    def passed(self) -> bool:
        """Whether every question was answered rightly at some round."""
        return not self.open

    @property
    def offers_help(self) -> bool:
        """Whether a person should be offered a talk with a human by now."""
        return not self.passed and self.rounds >= ROUNDS_BEFORE_HELP


def comprehension(questions: Sequence[Question], rounds: Sequence[Mapping[str, bool]]) -> Comprehension:
    """Return what is still to be asked (only what was never right), and which of it the last round got wrong."""
    right = {question for marks in rounds for question, is_right in marks.items() if is_right}
    last = rounds[-1] if rounds else {}
    return Comprehension(
        rounds=len(rounds),
        open=tuple(question for question in questions if question.id not in right),
        explain=frozenset(question for question, is_right in last.items() if not is_right),
    )


def mark(questions: Iterable[Question], answers: Mapping[str, str]) -> Mapping[str, bool]:
    """Return for each question whether its answer is the right one."""
    return {question.id: answers.get(question.id) == question.right for question in questions}


def age_range(battery: Iterable[tuple[int, int | None]]) -> tuple[int, int | None]:
    """Return the ages that every questionnaire of a battery and this product are meant for, both ends included."""
    ranges = list(battery)
    highest = [upper for _, upper in ranges if upper is not None]
    return max([LOWEST_AGE, *(lower for lower, _ in ranges)]), min(highest, default=None)


def canonical(value: object) -> str:
    """Return the one way in which a value is written as JSON, so that equal values have equal digests."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
