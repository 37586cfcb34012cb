"""Cutoffs, classes of change, and change by regression: by other code, by simulation, under change of units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from psychometrics import change_by_regression, clinical_change, clinical_cutoffs, reliable_change

GROUP = {"mean_before": 50.0, "sd_before": 10.0, "mean_after": 52.0, "sd_after": 9.0, "correlation": 0.8}


def test_cutoffs_are_those_of_the_example_of_jacobson_and_truax():
    # Jacobson & Truax (1991), page 13: dysfunctional mean 40, functional mean 60, both SD 7.5.
    found = clinical_cutoffs(mean=40, sd=7.5, functional_mean=60, functional_sd=7.5, improvement="higher")

    assert (found.a, found.b, found.c) == (55, 45, 50)


def test_cutoff_c_is_as_many_standard_deviations_from_either_mean():
    found = clinical_cutoffs(mean=20, sd=6, functional_mean=5, functional_sd=3)

    assert found.c is not None
    assert (20 - found.c) / 6 == pytest.approx((found.c - 5) / 3)
    root = optimize.brentq(lambda x: stats.norm.cdf(x, 20, 6) - stats.norm.sf(x, 5, 3), 5, 20)
    assert found.c == pytest.approx(root)


@given(st.floats(1, 20), st.floats(1, 20), st.floats(0.1, 60))
def test_lower_and_higher_mirror_each_other(sd, functional_sd, apart):
    lower = clinical_cutoffs(mean=0, sd=sd, functional_mean=-apart, functional_sd=functional_sd)
    higher = clinical_cutoffs(mean=0, sd=sd, functional_mean=apart, functional_sd=functional_sd, improvement="higher")

    assert (lower.a, lower.b, lower.c) == pytest.approx((-higher.a, -higher.b, -higher.c))
    assert -apart < lower.c < 0


@pytest.mark.parametrize(
    ("after", "expected"), [(8, "recovered"), (18, "improved"), (27, "unchanged"), (42, "deteriorated")]
)
def test_classes_of_change(after, expected):
    change = reliable_change(30, after, sd=7.5, reliability=0.85)

    assert clinical_change(change, after, cutoff=12) == expected


def test_the_same_change_is_worse_where_higher_is_better():
    change = reliable_change(30, 8, sd=7.5, reliability=0.85)

    assert clinical_change(change, 8, cutoff=12, improvement="higher") == "deteriorated"


def test_the_regression_is_that_of_the_people_it_rests_on():
    rng = np.random.default_rng(1)
    before = rng.normal(50, 10, 40)
    after = 12 + 0.8 * before + rng.normal(0, 6, 40)
    line = stats.linregress(before, after)
    residual = np.sqrt(np.sum((after - line.intercept - line.slope * before) ** 2) / 38)

    found = change_by_regression(
        70, 55, mean_before=before.mean(), sd_before=before.std(ddof=1), mean_after=after.mean(),
        sd_after=after.std(ddof=1), correlation=line.rvalue, n=40,
    )  # fmt: skip

    # The prediction interval of a new person, as every book on regression has it.
    spread = residual * np.sqrt(1 + 1 / 40 + (70 - before.mean()) ** 2 / np.sum((before - before.mean()) ** 2))
    assert found.expected == pytest.approx(line.intercept + 70 * line.slope)
    assert found.standard_error == pytest.approx(spread)
    assert found.threshold == pytest.approx(stats.t.ppf(0.975, 38) * spread)


def test_people_who_do_not_change_are_called_changed_in_five_of_a_hundred():
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(1500):
        x = rng.normal(size=(13, 2)) @ np.linalg.cholesky([[1, 0.7], [0.7, 1]]).T
        group, person = x[:12], x[12]
        means, sds = group.mean(axis=0), group.std(axis=0, ddof=1)
        found = change_by_regression(
            *person, mean_before=means[0], sd_before=sds[0], mean_after=means[1], sd_after=sds[1],
            correlation=float(np.corrcoef(group.T)[0, 1]), n=12,
        )  # fmt: skip
        wrong += found.verdict != "not_shown"

    # Exact for normal scores; 1,500 runs lie within 1.7 points of 5 % in 99.7 % of experiments.
    assert wrong / 1500 == pytest.approx(0.05, abs=0.017)


def test_a_large_group_leaves_the_normal_rule():
    exact, plain = change_by_regression(40, 60, **GROUP, n=10**7), change_by_regression(40, 60, **GROUP)

    assert (exact.z, exact.threshold) == pytest.approx((plain.z, plain.threshold), rel=1e-5)
    assert (plain.method, exact.method) == ("mcsweeny", "crawford_garthwaite")


@given(st.floats(20, 80), st.floats(20, 80), st.floats(-30, 30), st.sampled_from([0.5, 4.0]))
def test_change_does_not_depend_on_the_unit(before, after, shift, unit):
    moved = {name: value * unit + (shift if name.startswith("mean") else 0) for name, value in GROUP.items()}

    found = change_by_regression(before, after, **GROUP, n=30)
    other = change_by_regression(before * unit + shift, after * unit + shift, **moved | {"correlation": 0.8}, n=30)

    assert other.z == pytest.approx(found.z, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clinical_cutoffs(mean=20, sd=0), "sd must be above 0"),
        (lambda: clinical_cutoffs(mean=float("nan"), sd=1), "mean must be a number; got nan"),
        (lambda: clinical_cutoffs(mean=20, sd=5, functional_mean=5), "both functional_mean and functional_sd"),
        (lambda: clinical_cutoffs(mean=20, sd=5, functional_mean=25, functional_sd=3), "must score lower"),
        (lambda: clinical_cutoffs(mean=20, sd=5, improvement="better"), "improvement must be lower or higher"),
        (lambda: change_by_regression(float("nan"), 40, **GROUP), "before must be a number"),
        (lambda: change_by_regression(40, None, **GROUP), "after must be a number; got None"),
        (lambda: change_by_regression(40, 40, **GROUP | {"correlation": 1.0}), "correlation must lie between"),
        (lambda: change_by_regression(40, 40, **GROUP | {"sd_after": 0.0}), "sd_after must be above 0"),
        (lambda: change_by_regression(40, 40, **GROUP, n=3), "at least 4; got 3"),
        (lambda: change_by_regression(40, 40, **GROUP, confidence=1.5), "confidence must lie between"),
    ],
)
def test_wrong_figures_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
