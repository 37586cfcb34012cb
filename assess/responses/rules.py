"""What an answer is, how items fall into pages, and what happens when two tabs disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assess.instruments.rules import Instrument, Item


class Missing(StrEnum):
    """Why there is no answer; never a blank, never a zero."""

    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"
    NOT_SHOWN = "not_shown"
    NOT_IN_FORM = "not_in_form"
    ERASED = "erased"
    ERROR = "error"


Answer = int | Missing


class Remark(StrEnum):
    """What a client can say about an item."""

    UNCLEAR = "unclear"
    INTRUSIVE = "intrusive"
    CULTURE = "culture"
    OTHER = "other"


class Step(StrEnum):
    """What a newly given answer does to what is stored."""

    WRITE = "write"
    KEEP = "keep"
    CLASH = "clash"


@dataclass(frozen=True, slots=True)
class Clash:
    """An older tab gave another answer than the one stored meanwhile; the stored one stays until someone chooses."""

    item_id: str
    revision: int
    stored: Answer
    given: Answer


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did: the revision now in force of every item given, and where an older tab disagreed."""

    revisions: Mapping[str, int]
    clashes: tuple[Clash, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What a page sent: answers by item (`None` clears), the revision each was given upon, and items it cannot mean."""

    answers: Mapping[str, Answer | None]
    seen: Mapping[str, int]
    faults: Mapping[str, str]


NOTHING_SAVED = Saved({})
NOTHING_GIVEN = Given({}, {}, {})


def decide(history: Sequence[Answer], answer: Answer, *, seen: int) -> Step:
    """Say what an answer given upon revision `seen` does; `history[r - 1]` is what revision r holds.

    A tab that only repeats what it was shown did not change anything, so it neither overwrites nor disagrees.
    """
    stored = history[-1] if history else Missing.NOT_REACHED
    if answer == stored:
        return Step.KEEP
    if seen >= len(history):
        return Step.WRITE
    shown = history[seen - 1] if seen > 0 else Missing.NOT_REACHED
    return Step.KEEP if answer == shown else Step.CLASH


def written(answer: Answer) -> str:
    """Return an answer as the text that is sealed."""
    return str(answer) if isinstance(answer, int) else answer.value


def read(text: str) -> Answer:
    """Return the answer that `written` wrote."""
    return int(text) if text.lstrip("-").isdigit() else Missing(text)


def pages_of(instrument: Instrument) -> tuple[tuple[Item, ...], ...]:
    """Return the items page by page."""
    size = instrument.items_per_page
    return tuple(instrument.items[start : start + size] for start in range(0, len(instrument.items), size))


def page_of(instrument: Instrument, item_id: str) -> int:
    """Return the number of the page an item is on, from 1."""
    position = next(index for index, item in enumerate(instrument.items) if item.id == item_id)
    return position // instrument.items_per_page + 1


def resume_at(instrument: Instrument, touched: Collection[str]) -> int | None:
    """Return the first page with something unseen, from 1; None when the last item was reached.

    Whatever stands before the last item someone touched was seen: they left it open, and are not led back to it.
    """
    positions = [position for position, item in enumerate(instrument.items) if item.id in touched]
    unseen = max(positions, default=-1) + 1
    return unseen // instrument.items_per_page + 1 if unseen < len(instrument.items) else None


def field_name(item_id: str, revision: int) -> str:
    """Return the name of an item's form field.

    It carries the revision shown: a browser that restores an old form never puts an old choice upon a newer answer.
    """
    return f"{item_id}@{revision}"


def read_fields(instrument: Instrument, fields: Iterable[tuple[str, str]]) -> Given:
    """Return what a page sent; fields without an @ are not answers."""
    answers: dict[str, Answer | None] = {}
    seen: dict[str, int] = {}
    faults: dict[str, str] = {}
    for name, value in fields:
        item_id, at, revision = name.partition("@")
        if not at:
            continue
        try:
            answer, shown = _answer(instrument, item_id, value), max(int(revision), 0)
        except ValueError:
            faults[item_id] = value
        else:
            answers[item_id], seen[item_id] = answer, shown
    return Given(answers, seen, faults)


def _answer(instrument: Instrument, item_id: str, value: str) -> Answer | None:
    """Return what a field's value means: a code, a skip, or None for a cleared answer."""
    answer: Answer | None
    if not value:
        answer = None
    elif value == Missing.SKIPPED:
        answer = Missing.SKIPPED
    else:
        answer = int(value)
    if not is_offered(instrument, item_id, answer):
        raise ValueError("no such option")
    return answer


def is_offered(instrument: Instrument, item_id: str, answer: Answer | None) -> bool:
    """Return whether an instrument has the item and, where a code is given, the option."""
    try:
        options = instrument.options_of(item_id)
    except KeyError:
        return False
    return answer is None or isinstance(answer, Missing) or answer in options.codes


def largest_wave(waves: Iterable[str]) -> str | None:
    """Return the wave that occurs most often; of equal ones the baseline, being first."""
    sizes = Counter(waves)
    return max(sizes, key=lambda kind: (sizes[kind], kind == "baseline", kind), default=None)
