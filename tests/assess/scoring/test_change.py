"""Change between two waves of one person."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.scoring.change import reliable_change
from assess.scoring.rules import Score, score_scale
from tests.assess.scoring.instruments import answers_of, make_instrument, make_reliability


def make_score(value: int, *, error: float | None = 2.0, locale: str = "en", mode: str = "web") -> Score:
    """Return a score of one item from 0 to 40 with this standard error."""
    instrument = make_instrument([1], codes=range(41))
    evidence = None if error is None else make_reliability(coefficient=0.0, sd=error)
    return score_scale(
        instrument, instrument.scales[0], answers_of(instrument, [value]), evidence, locale=locale, mode=mode
    )


def test_a_difference_beyond_the_threshold_is_a_reliable_change() -> None:
    change = reliable_change(make_score(10), make_score(16))

    assert (change.difference, change.verdict, change.refusals) == (6, "increased", ())
    assert change.threshold == pytest.approx(1.959964 * math.sqrt(8), abs=1e-5)  # 5.54


def test_a_difference_below_the_threshold_is_within_error() -> None:
    change = reliable_change(make_score(16), make_score(11))

    assert (change.difference, change.verdict) == (-5, "not_shown")


def test_each_score_brings_its_own_error() -> None:
    change = reliable_change(make_score(10, error=3), make_score(16, error=4))

    assert change.standard_error == pytest.approx(5)
    assert change.verdict == "not_shown"


# Formula: JT = (x2 - x1) / (√2 · sd · √(1 - r)); sd 7.5, r .8; x1 32.5, 20, 44; x2 25, 21.5, 30
@pytest.mark.parametrize(("before", "after", "index"), [(32, 25, -1.475730), (20, 21, 0.210819), (40, 26, -2.951459)])
def test_the_verdict_agrees_with_the_reliable_change_index(before: int, after: int, index: float) -> None:
    error = 7.5 * math.sqrt(1 - 0.8)

    change = reliable_change(make_score(before, error=error), make_score(after, error=error))

    assert change.difference / change.standard_error == pytest.approx(index, abs=1e-6)
    assert (change.verdict != "not_shown") == (abs(index) > 1.959964)


@pytest.mark.parametrize(
    ("after", "refusal"),
    [
        (make_score(20, locale="de"), "other_language"),
        (make_score(20, mode="paper"), "other_mode"),
        (make_score(20, error=None), "no_standard_error"),
    ],
)
def test_nothing_is_said_across_languages_and_modes_or_without_an_error(after: Score, refusal: str) -> None:
    change = reliable_change(make_score(10), after)

    assert (change.refusals, change.difference, change.verdict) == ((refusal,), None, None)


def test_nothing_is_said_across_versions_of_an_instrument() -> None:
    before, after = make_score(10), make_score(20)
    after = replace(after, trace=replace(after.trace, instrument_version="2"))

    assert reliable_change(before, after).refusals == ("other_version",)


def test_an_edited_version_is_another_version() -> None:
    before, after = make_score(10), make_score(20)
    after = replace(after, trace=replace(after.trace, instrument_digest="0" * 64))

    assert reliable_change(before, after).refusals == ("other_version",)


def test_every_reason_is_given_not_only_the_first() -> None:
    change = reliable_change(make_score(10), make_score(20, locale="de", mode="paper"))

    assert change.refusals == ("other_language", "other_mode")


def test_comparing_two_scales_is_a_mistake_of_the_caller() -> None:
    other = replace(make_score(10), scale="t")

    with pytest.raises(ValueError, match="different things"):
        reliable_change(make_score(10), other)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.1, 10))
def test_turning_the_waves_round_turns_the_verdict_round(first: int, second: int, error: float) -> None:
    forth = reliable_change(make_score(first, error=error), make_score(second, error=error))
    back = reliable_change(make_score(second, error=error), make_score(first, error=error))

    assert forth.difference == -back.difference
    assert {"increased": "decreased", "decreased": "increased", "not_shown": "not_shown"}[forth.verdict] == back.verdict
