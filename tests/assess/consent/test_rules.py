"""When a record holds, what is asked again, and what comes next: plain calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.consent import rules
from assess.consent.rules import Gap, Question, Scope, Standing, Step, Text

SOUND = Standing(
    withdrawn=False,
    superseded=False,
    eligible=True,
    comprehension_rounds=1,
    granted=frozenset({Scope.STORE}),
    text_in_force=True,
    unaltered=True,
)

BROKEN = {
    Gap.WITHDRAWN: {"withdrawn": True},
    Gap.SUPERSEDED: {"superseded": True},
    Gap.NOT_ELIGIBLE: {"eligible": False},
    Gap.NOT_UNDERSTOOD: {"comprehension_rounds": 0},
    Gap.STORE_NOT_GRANTED: {"granted": frozenset({Scope.COACH_READS})},
    Gap.TEXT_CHANGED: {"text_in_force": False},
    Gap.ALTERED: {"unaltered": False},
}


def make_text(version: str, day: int, *, material: bool = False, supersedes: str | None = None) -> Text:
    return Text("en", version, date(2026, 1, day), material, supersedes, "", (), (), (), version)


def make_questions(*names: str) -> tuple[Question, ...]:
    return tuple(Question(name, "?", {"yes": "Yes", "no": "No"}, "yes", "Because.") for name in names)


def test_a_sound_record_has_no_gap() -> None:
    assert rules.gaps(SOUND) == ()


def test_every_gap_has_a_case_here() -> None:
    assert set(BROKEN) == set(Gap)


@pytest.mark.parametrize("gap", Gap)
def test_a_record_broken_in_one_piece_names_exactly_that_piece(gap: Gap) -> None:
    assert rules.gaps(replace(SOUND, **BROKEN[gap])) == (gap,)


@given(st.sets(st.sampled_from(list(Gap))))
def test_every_broken_piece_is_named_not_only_the_first(broken: set[Gap]) -> None:
    standing = SOUND
    for gap in broken:
        standing = replace(standing, **BROKEN[gap])

    assert set(rules.gaps(standing)) == broken


def test_a_text_is_in_force_from_its_first_day() -> None:
    texts = [make_text("1", 1), make_text("2", 20, supersedes="1")]

    assert rules.text_in_force(texts, date(2025, 12, 31)) is None
    assert rules.text_in_force(texts, date(2026, 1, 19)) == texts[0]
    assert rules.text_in_force(texts, date(2026, 1, 20)) == texts[1]


@pytest.mark.parametrize(
    ("second", "third", "holds"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_material_change_anywhere_since_ends_an_agreement(second: bool, third: bool, holds: bool) -> None:
    texts = [
        make_text("1", 1, material=True),
        make_text("2", 2, material=second, supersedes="1"),
        make_text("3", 3, material=third, supersedes="2"),
    ]

    assert rules.still_holds("1", texts, date(2026, 1, 9)) is holds
    assert rules.still_holds("3", texts, date(2026, 1, 9))


def test_a_coming_text_changes_nothing_before_its_day() -> None:
    texts = [make_text("1", 1, material=True), make_text("2", 20, material=True, supersedes="1")]

    assert rules.still_holds("1", texts, date(2026, 1, 19))
    assert not rules.still_holds("1", texts, date(2026, 1, 20))


def test_an_unknown_version_does_not_hold() -> None:
    assert not rules.still_holds("0", [make_text("1", 1)], date(2026, 1, 9))
    assert not rules.still_holds("1", [], date(2026, 1, 9))


def test_only_what_was_never_right_is_asked_again() -> None:
    questions = make_questions("a", "b", "c")

    state = rules.comprehension(questions, [{"a": True, "b": False, "c": False}, {"b": True, "c": False}])

    assert [question.id for question in state.open] == ["c"]
    assert state.explain == {"c"}
    assert not state.passed


def test_a_person_is_offered_after_three_rounds_and_not_before() -> None:
    questions = make_questions("a")

    offered = [rules.comprehension(questions, [{"a": False}] * n).offers_help for n in range(5)]

    assert offered == [False, False, False, True, True]


@given(st.lists(st.dictionaries(st.sampled_from("abcde"), st.booleans()), max_size=8))
def test_a_question_stays_right_once_it_was_right(rounds: list[dict[str, bool]]) -> None:
    questions = make_questions(*"abcde")

    still_open = [len(rules.comprehension(questions, rounds[:n]).open) for n in range(len(rounds) + 1)]

    assert still_open == sorted(still_open, reverse=True)
    assert rules.comprehension(questions, rounds).passed == all(
        any(marks.get(question.id) for marks in rounds) for question in questions
    )


def test_an_answer_that_was_not_given_is_not_right() -> None:
    assert rules.mark(make_questions("a", "b"), {"a": "yes"}) == {"a": True, "b": False}


@pytest.mark.parametrize(
    ("eligible", "read", "understood", "chosen", "step"),
    [
        (None, True, True, True, Step.ELIGIBILITY),
        (False, True, True, True, Step.NOT_ELIGIBLE),
        (True, False, True, True, Step.TEXT),
        (True, True, False, True, Step.CHECK),
        (True, True, True, False, Step.CHOICES),
        (True, True, True, True, Step.CONFIRM),
    ],
)
def test_the_first_open_step_comes_next(
    eligible: bool | None, read: bool, understood: bool, chosen: bool, step: Step
) -> None:
    assert rules.next_step(eligible=eligible, text_is_read=read, understood=understood, has_chosen=chosen) is step


def test_ages_fit_every_questionnaire_and_are_never_below_the_age_of_consent() -> None:
    assert rules.age_range([]) == (18, None)
    assert rules.age_range([(14, None), (16, 99)]) == (18, 99)
    assert rules.age_range([(21, 65), (18, 80)]) == (21, 65)


def test_equal_values_have_equal_digests_whatever_their_order() -> None:
    assert rules.digest(rules.canonical({"a": 1, "b": "é"})) == rules.digest(rules.canonical({"b": "é", "a": 1}))
