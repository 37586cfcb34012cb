"""What skipping does to prorated scores of two groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, ttest_ind

from psychometrics.audit import audit
from psychometrics.prorating import skipping_impact
from tests.psychometrics.simulation import simulate


def made(rng, n=400, items=8):
    trait = rng.normal(size=n)
    expected = 1 + np.linspace(-1, 1, items) + 0.5 * trait[:, None]
    return trait, expected, rng.random(n) < 0.5, expected + rng.normal(size=expected.shape)


def test_a_hard_item_left_out_makes_prorated_scores_too_high_by_what_it_lacks():
    trait, expected, focal, responses = made(np.random.default_rng(0))
    responses[focal, 0] = np.nan

    found = skipping_impact(responses, focal, trait, expected, scale_sd=2.0)

    # The mean of the other seven, times eight, minus the sum of all eight: item 0 stands 8/7 below the others' mean.
    assert found.impact.value == pytest.approx(8 / 7, abs=1e-9)
    assert found.impact_sd.value == pytest.approx(4 / 7, abs=1e-9)
    assert (found.reference_rate, found.focal_rate) == (0, 1 / 8)
    assert found.impact.lower == pytest.approx(found.impact.upper)


def test_figures_equal_those_of_scipy():
    rng = np.random.default_rng(1)
    trait, expected, focal, responses = made(rng)
    responses[rng.random(responses.shape) < 0.1 + 0.1 * focal[:, None]] = np.nan
    answered = ~np.isnan(responses)
    enough = answered.mean(axis=1) >= 0.75
    error = np.array([8 * e[a].mean() - e.sum() for e, a in zip(expected[enough], answered[enough], strict=True)])
    welch = ttest_ind(error[focal[enough]], error[~focal[enough]], equal_var=False)

    found = skipping_impact(responses, focal, trait, expected, scale_sd=1.0)

    half = (found.impact.upper - found.impact.lower) / 2 / 1.959963984540054
    assert found.impact.value / half == pytest.approx(welch.statistic, rel=1e-9)
    for of, correlation in ((False, found.reference_correlation), (True, found.focal_correlation)):
        expected_r = pearsonr((~answered[focal == of]).mean(axis=1), trait[focal == of])
        assert correlation.value == pytest.approx(expected_r.statistic, rel=1e-9)
        assert correlation.lower == pytest.approx(expected_r.confidence_interval().low, rel=1e-9)


def test_an_item_that_was_not_shown_is_not_skipped():
    trait, expected, focal, responses = made(np.random.default_rng(2))
    responses[focal, 0] = np.nan
    shown = ~np.isnan(responses)

    found = skipping_impact(responses, focal, trait, expected, scale_sd=1.0, shown=shown)

    assert found.focal_rate == 0
    assert np.isnan(found.focal_correlation.value)


@given(st.integers(0, 1000), st.floats(-3, 3))
def test_adding_a_constant_to_all_items_changes_nothing(seed, constant):
    rng = np.random.default_rng(seed)
    trait, expected, focal, responses = made(rng, n=60)
    responses[rng.random(responses.shape) < 0.1] = np.nan

    one = skipping_impact(responses, focal, trait, expected, scale_sd=1.0)
    other = skipping_impact(responses + constant, focal, trait, expected + constant, scale_sd=1.0)

    assert other.impact.value == pytest.approx(one.impact.value, abs=1e-9)


def test_without_gaps_there_is_no_impact():
    trait, expected, focal, responses = made(np.random.default_rng(3))

    found = skipping_impact(responses, focal, trait, expected, scale_sd=1.0)

    assert (found.impact.value, found.impact.lower, found.impact.upper) == pytest.approx((0, 0, 0), abs=1e-12)


def test_arrays_that_do_not_fit_are_refused():
    trait, expected, focal, responses = made(np.random.default_rng(4), n=20)

    with pytest.raises(ValueError, match="one entry"):
        skipping_impact(responses, focal[:-1], trait, expected, scale_sd=1.0)
    with pytest.raises(ValueError, match="least_answered"):
        skipping_impact(responses, focal, trait, expected, scale_sd=1.0, least_answered=1.5)


def test_an_audit_finds_what_leaving_out_the_hardest_items_does():
    sample = simulate(np.random.default_rng(5), n=(1500, 1500), n_items=8, mean=-0.3)
    hardest = np.argsort(np.nanmean(sample.responses, axis=0))[:2]
    complete = sample.responses.copy()
    rng = np.random.default_rng(6)
    for item in hardest:
        sample.responses[(sample.groups == "F") & (rng.random(3000) < 0.5), item] = np.nan
    enough = (~np.isnan(sample.responses)).mean(axis=1) >= 0.75
    error = 8 * np.nanmean(sample.responses, axis=1) - complete.sum(axis=1)
    true = error[enough & (sample.groups == "F")].mean() - error[enough & (sample.groups == "R")].mean()

    found = audit(
        sample.responses,
        item_names=[str(i) for i in range(8)],
        groupings={"group": sample.groups},
        reference={"group": "R"},
        minimum_code=0,
        maximum_code=4,
        rng=rng,
    )

    (pair,) = found.groupings[0].pairs
    assert pair.skipping.impact.value == pytest.approx(true, abs=0.1)
    assert pair.skipping.focal_rate == pytest.approx(0.125, abs=0.01)
    assert pair.skipping.focal_correlation.lower < 0 < pair.skipping.focal_correlation.upper
