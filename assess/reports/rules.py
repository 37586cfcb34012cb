"""What comes next for a client, how precisely a score is shown, and which counts of skipped questions hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from assess.instruments.rules import Scale

OPEN_DAYS_BEFORE_DUE = 14
# In a short questionnaire the number of skipped questions nearly says which ones they were.
FEWEST_ITEMS_FOR_SKIP_COUNT = 20


class TaskState(StrEnum):
    """Where one questionnaire of one wave stands."""

    LATER = "later"
    OPEN = "open"
    BEGUN = "begun"
    SENT = "sent"
    DECLINED = "declined"


class ConsentState(StrEnum):
    """Where consent stands, as the client needs to know it."""

    MISSING = "missing"
    VALID = "valid"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """The one thing that comes next for a client."""

    STOPPED = "stopped"
    TIES = "ties"
    CONSENT = "consent"
    CONSENT_CHANGED = "consent_changed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONTINUE = "continue"
    BEGIN = "begin"
    LATER = "later"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Task:
    """One questionnaire of one wave, as the client sees it."""

    assignment_id: str
    wave: str
    name: str
    description: str
    minutes: tuple[int, int]
    state: TaskState
    due_on: date
    result_ready: bool = False
    withheld: tuple[str, ...] = ()

    @property
    def opens_on(self) -> date:
        """The first day on which it is offered."""
        return opens_on(self.due_on)


@dataclass(frozen=True, slots=True)
class Next:
    """The next step and what it is about."""

    step: Step
    task: Task | None = None


def opens_on(due: date) -> date:
    """Return the day from which a questionnaire is offered."""
    return due - timedelta(days=OPEN_DAYS_BEFORE_DUE)


def task_state(*, begun: bool, sent: bool, declined: bool, due: date, today: date) -> TaskState:
    """Say where a questionnaire stands."""
    if sent:
        return TaskState.SENT
    if declined:
        return TaskState.DECLINED
    if begun:
        return TaskState.BEGUN
    return TaskState.OPEN if opens_on(due) <= today else TaskState.LATER


def next_step(*, stopped: bool, over: bool, declared: bool, consent: ConsentState, tasks: Sequence[Task]) -> Next:
    """Return the one thing to do now; a coaching that ran out asks for nothing new but lets a client finish."""
    if stopped:
        return Next(Step.STOPPED)
    if not over and not declared:
        return Next(Step.TIES)
    if consent is ConsentState.WITHDRAWN:
        return Next(Step.CONSENT_WITHDRAWN)
    if consent is not ConsentState.VALID:
        waiting = any(task.state in (TaskState.OPEN, TaskState.BEGUN, TaskState.LATER) for task in tasks)
        if over or not waiting:
            return Next(Step.DONE)
        return Next(Step.CONSENT_CHANGED if consent is ConsentState.CHANGED else Step.CONSENT)
    for state, step in ((TaskState.BEGUN, Step.CONTINUE), (TaskState.OPEN, Step.BEGIN), (TaskState.LATER, Step.LATER)):
        for task in tasks:
            if task.state is state:
                return Next(step, task)
    return Next(Step.DONE)


def by_wave(tasks: Iterable[Task]) -> tuple[tuple[str, tuple[Task, ...]], ...]:
    """Return the tasks wave by wave, in the order given."""
    waves: dict[str, list[Task]] = {}
    for task in tasks:
        waves.setdefault(task.wave, []).append(task)
    return tuple((wave, tuple(entries)) for wave, entries in waves.items())


def digits(scale: Scale, value: float | None, *, coarse: bool = False) -> int:
    """Return how many decimals a score is shown with; `coarse` ones do not betray that an answer is missing."""
    if scale.method == "mean":
        return 1 if coarse else 2
    return 0 if coarse or value is None or value == int(value) else 1


def skip_count(n_skipped: int, n_items: int) -> int | None:
    """Return the number of skipped questions where it hides nothing; the rule must not depend on the number itself."""
    return n_skipped if n_items >= FEWEST_ITEMS_FOR_SKIP_COUNT else None
