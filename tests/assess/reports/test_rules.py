"""What comes next for a client, and what a page shows of a score."""

from __future__ import annotations

from datetime import date

import pytest

from assess.reports import rules
from assess.reports.rules import ConsentState, Step, Task, TaskState
from tests.assess.scoring.instruments import make_instrument

TODAY = date(2026, 11, 22)


def make_task(state: TaskState, *, wave: str = "baseline", name: str = "PHQ-8") -> Task:
    return Task("a1", wave, name, "Eight questions.", (1, 2), state, due_on=TODAY)


def step(*tasks: Task, **changes: object) -> Step:
    """Return the next step of a client who has declared ties and consented, unless changed."""
    usual = {"stopped": False, "over": False, "declared": True, "consent": ConsentState.VALID}
    return rules.next_step(**usual | changes, tasks=tasks).step


OPEN = make_task(TaskState.OPEN)


def test_ties_come_before_consent_and_consent_before_any_question() -> None:
    assert step(OPEN, declared=False, consent=ConsentState.MISSING) is Step.TIES
    assert step(OPEN, consent=ConsentState.MISSING) is Step.CONSENT
    assert step(OPEN) is Step.BEGIN


def test_what_was_begun_comes_before_what_is_new() -> None:
    found = rules.next_step(
        stopped=False, over=False, declared=True, consent=ConsentState.VALID,
        tasks=[OPEN, make_task(TaskState.BEGUN, name="GAD-7")],
    )  # fmt: skip

    assert (found.step, found.task.name) == (Step.CONTINUE, "GAD-7")


def test_changed_terms_are_read_again_before_going_on() -> None:
    assert step(OPEN, consent=ConsentState.CHANGED) is Step.CONSENT_CHANGED


def test_nobody_who_withdrew_is_asked_for_anything() -> None:
    assert step(OPEN, consent=ConsentState.WITHDRAWN) is Step.CONSENT_WITHDRAWN
    assert step(OPEN, consent=ConsentState.WITHDRAWN, over=True) is Step.CONSENT_WITHDRAWN


def test_a_stopped_coaching_asks_for_nothing() -> None:
    assert step(OPEN, stopped=True, over=True, declared=False) is Step.STOPPED


def test_a_coaching_that_ran_out_lets_a_client_finish_but_asks_for_no_consent() -> None:
    assert step(OPEN, over=True) is Step.BEGIN
    assert step(OPEN, over=True, consent=ConsentState.MISSING) is Step.DONE


def test_a_questionnaire_that_opens_later_is_announced() -> None:
    assert step(make_task(TaskState.SENT), make_task(TaskState.LATER)) is Step.LATER


@pytest.mark.parametrize("state", [TaskState.SENT, TaskState.DECLINED])
def test_when_everything_is_sent_or_declined_all_is_done(state: TaskState) -> None:
    assert step(make_task(state)) is Step.DONE
    assert step(make_task(state), consent=ConsentState.MISSING) is Step.DONE


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, TaskState.OPEN),
        ({"due": date(2026, 12, 6)}, TaskState.OPEN),
        ({"due": date(2026, 12, 7)}, TaskState.LATER),
        ({"due": date(2026, 1, 1)}, TaskState.OPEN),
        ({"begun": True, "due": date(2027, 1, 1)}, TaskState.BEGUN),
        ({"begun": True, "sent": True}, TaskState.SENT),
        ({"declined": True}, TaskState.DECLINED),
        ({"begun": True, "sent": True, "declined": True}, TaskState.SENT),
    ],
)
def test_a_questionnaire_opens_two_weeks_before_it_is_due(facts: dict[str, object], state: TaskState) -> None:
    usual = {"begun": False, "sent": False, "declined": False, "due": TODAY, "today": TODAY}

    assert rules.task_state(**usual | facts) is state


def test_tasks_are_put_together_by_wave_in_their_order() -> None:
    first, second, end = make_task(TaskState.SENT), make_task(TaskState.OPEN), make_task(TaskState.LATER, wave="end")

    assert rules.by_wave([first, second, end]) == (("baseline", (first, second)), ("end", (end,)))


def test_a_sum_is_shown_whole_unless_it_is_not() -> None:
    scale = make_instrument([1, 1]).scales[0]

    assert (rules.digits(scale, 7.0), rules.digits(scale, 7.5), rules.digits(scale, None)) == (0, 1, 0)


def test_a_coach_reads_whole_points_so_that_no_fraction_betrays_a_skip() -> None:
    assert rules.digits(make_instrument([1, 1]).scales[0], 7.5, coarse=True) == 0


def test_a_mean_is_shown_with_decimals() -> None:
    scale = make_instrument([1, 1], method="mean").scales[0]

    assert (rules.digits(scale, 2.0), rules.digits(scale, 2.0, coarse=True)) == (2, 1)


@pytest.mark.parametrize("n_skipped", [0, 1, 5, 8])
def test_the_count_of_skips_is_hidden_in_a_short_questionnaire_whatever_it_is(n_skipped: int) -> None:
    assert rules.skip_count(n_skipped, 8) is None


def test_the_count_of_skips_is_shown_in_a_long_one() -> None:
    assert rules.skip_count(3, 44) == 3
