"""Reliable change: published example, verdicts, properties, refusals, and that it needs no numpy."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics.change import (
    kelley_true_score,
    minimal_detectable_change,
    reliable_change,
    standard_error_of_difference,
    standard_error_of_measurement,
)

scores = st.floats(-100, 100)
reliabilities = st.floats(0.0, 0.99)


def test_the_example_of_jacobson_and_truax_is_reproduced():
    # Jacobson & Truax (1991), p. 14: 32.5 before, 47.5 after, s = 7.5, r = .80: S_diff = 4.74, RC = 3.16.
    found = reliable_change(32.5, 47.5, sd=7.5, reliability=0.80)

    assert round(found.standard_error, 2) == 4.74
    assert round(found.z, 2) == 3.16
    assert found.verdict == "increased"


@given(before=scores, after=scores, sd=st.floats(0.1, 50), reliability=reliabilities)
def test_the_verdict_agrees_with_the_interval_and_turns_with_the_direction(before, after, sd, reliability):
    found = reliable_change(before, after, sd=sd, reliability=reliability)
    back = reliable_change(after, before, sd=sd, reliability=reliability)

    assert (found.verdict == "not_shown") == (found.lower <= 0 <= found.upper)
    assert back.z == pytest.approx(-found.z)
    opposite = {"increased": "decreased", "decreased": "increased", "not_shown": "not_shown"}
    assert back.verdict == opposite[found.verdict]


@given(sd=st.floats(0.1, 50), reliability=reliabilities)
def test_two_equal_standard_errors_are_the_same_as_sd_and_reliability(sd, reliability):
    error = standard_error_of_measurement(sd, reliability)

    by_errors = reliable_change(10, 12, standard_error_before=error, standard_error_after=error)

    assert by_errors.z == pytest.approx(reliable_change(10, 12, sd=sd, reliability=reliability).z)
    assert by_errors.threshold == pytest.approx(minimal_detectable_change(sd, reliability))


def test_a_change_just_below_the_threshold_is_not_shown():
    threshold = minimal_detectable_change(10, 0.84)

    assert reliable_change(20, 20 + threshold * 0.999, sd=10, reliability=0.84).verdict == "not_shown"
    assert reliable_change(20, 20 - threshold * 1.001, sd=10, reliability=0.84).verdict == "decreased"


def test_a_practice_effect_is_not_taken_for_change():
    assert reliable_change(20, 32, sd=10, reliability=0.84).verdict == "increased"
    assert reliable_change(20, 32, sd=10, reliability=0.84, expected_change=5).verdict == "not_shown"


def test_a_wider_error_of_one_score_widens_the_difference():
    assert standard_error_of_difference(3, 4) == 5
    found = reliable_change(1, 11, standard_error_before=3, standard_error_after=4)

    assert found.z == pytest.approx(2)


@given(score=scores, mean=scores, reliability=reliabilities)
def test_the_true_score_lies_between_the_score_and_the_mean(score, mean, reliability):
    found = kelley_true_score(score, mean=mean, sd=5, reliability=reliability)

    assert min(score, mean) - 1e-9 <= found.estimate <= max(score, mean) + 1e-9
    assert found.lower <= found.estimate <= found.upper


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sd": 5}, "pass sd and reliability, or the standard errors of both"),
        ({"standard_error_before": 1}, "standard errors of both scores"),
        ({"sd": 5, "reliability": 1.2}, "reliability must lie between 0 and 1; got 1.2"),
        ({"sd": 5, "reliability": -0.1}, "reliability must lie between"),
        ({"sd": 0, "reliability": 0.8}, "sd must be above 0"),
        ({"sd": 5, "reliability": 1.0}, "no score is measured without error"),
        ({"sd": 5, "reliability": 0.8, "method": "rci"}, "method must be one of jacobson_truax, "),
        ({"sd": 5, "reliability": 0.8, "method": "hsu"}, "needs the mean of the population"),
        ({"standard_error_before": 1, "standard_error_after": 1, "method": "hsu"}, "needs sd, reliability and mean"),
        ({"standard_error_before": 1, "standard_error_after": -1}, "after must not be negative"),
        ({"sd": 5, "reliability": 0.8, "confidence": 95}, "confidence must lie between"),
    ],
)
def test_impossible_figures_are_refused_with_their_reason(arguments, message):
    with pytest.raises(ValueError, match=message):
        reliable_change(10, 12, **arguments)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_missing_score_is_never_a_number(missing):
    with pytest.raises(ValueError, match="after must be a number"):
        reliable_change(10, missing, sd=5, reliability=0.8)


def test_change_needs_nothing_but_the_standard_library():
    code = "import sys, psychometrics.change; print(sorted({'numpy', 'scipy', 'pingouin'} & set(sys.modules)))"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.strip() == "[]"
