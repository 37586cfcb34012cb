"""Reliable change, standard errors and true scores against their closed formulas."""

import pytest

from psychometrics import (
    difference_reliability,
    kelley_true_score,
    minimal_detectable_change,
    reliable_change,
    standard_error_of_measurement,
    standard_error_of_prediction,
)
from tests.reference.reference_cases import cases


@pytest.mark.parametrize("case", cases("change"))
def test_change_equals_the_formulas(case):
    given, expected = case["data"]["inline"], case["result"]
    scale = {"sd": given["sd1"], "reliability": given["rxx"]}

    assert standard_error_of_measurement(**scale) == pytest.approx(expected["sem"], rel=1e-8)
    assert standard_error_of_prediction(**scale) == pytest.approx(expected["sep"], rel=1e-8)
    assert minimal_detectable_change(**scale) == pytest.approx(expected["mdc95"], rel=1e-8)
    assert difference_reliability(given["rxx"], given["rxx"], 0.5) == pytest.approx(
        expected["difference_reliability_equal_sd_r12_half"], rel=1e-8
    )
    for at, (before, after) in enumerate(zip(given["x1"], given["x2"], strict=True)):
        plain = reliable_change(before, after, **scale)
        regressed = reliable_change(before, after, **scale, mean=given["mean_pop"], method="edwards_nunnally")
        hsu = reliable_change(before, after, **scale, mean=given["mean_pop"], method="hsu")
        true = kelley_true_score(before, mean=given["mean_pop"], **scale)
        assert plain.standard_error == pytest.approx(expected["sdiff"], rel=1e-8)
        assert plain.z == pytest.approx(expected["rci_jt"][at], rel=1e-8)
        assert regressed.expected - regressed.threshold == pytest.approx(expected["speer_en_interval_low"][at])
        assert regressed.expected + regressed.threshold == pytest.approx(expected["speer_en_interval_high"][at])
        assert hsu.z == pytest.approx(expected["hsu"][at], rel=1e-8)
        assert true.estimate == pytest.approx(expected["kelley_true"][at], rel=1e-8)
        assert true.standard_error == pytest.approx(expected["see"], rel=1e-8)


@pytest.mark.parametrize("case", cases("reliability_formulas"))
def test_standard_errors_of_a_sum_score_equal_the_formulas(case):
    expected = case["result"]
    alpha, sd, mean = expected["alpha"], expected["sd_total"], expected["mean_total"]
    kelley, change = expected["kelley"], expected["rci"]
    observed, before, after = (next(iter(x.values())) for x in (kelley["observed"], change["x1"], change["x2"]))

    true = kelley_true_score(observed, mean=mean, sd=sd, reliability=alpha)
    changed = reliable_change(before, after, sd=sd, reliability=alpha)

    assert standard_error_of_measurement(sd, alpha) == pytest.approx(expected["sem"], rel=1e-8)
    assert true.estimate == pytest.approx(next(iter(kelley["true_score"].values())), rel=1e-8)
    assert true.standard_error == pytest.approx(kelley["see"], rel=1e-8)
    assert (true.lower, true.upper) == pytest.approx(kelley["ci95"], rel=1e-8)
    assert changed.z == pytest.approx(change["rci"], rel=1e-8)
    assert changed.standard_error == pytest.approx(change["s_diff"], rel=1e-8)
    assert changed.threshold == pytest.approx(change["smallest_detectable_change_95"], rel=1e-8)
