"""Differential skipping: published intervals, scipy, items never shown, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from psychometrics import differential_skipping

nan = np.nan


def counted(skipped, shown):
    """One item; in each group so many skip out of so many."""
    responses = np.concatenate([[nan] * s + [1.0] * (n - s) for s, n in zip(skipped, shown, strict=True)])
    return responses[:, None], np.repeat(np.arange(len(shown)), shown)


def test_intervals_equal_those_of_newcombe():
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II: 56/70 - 48/80, method 10: 0.0524 to 0.3339;
    # Newcombe (1998), same volume, 857-872, table I: 81/263, Wilson without continuity correction: 0.2553 to 0.3662.
    difference = differential_skipping(*counted([48, 56], [80, 70]), reference=0).difference
    rate = differential_skipping(*counted([81, 1], [263, 2])).rate

    np.testing.assert_allclose((difference.lower[0, 1], difference.upper[0, 1]), (0.0524, 0.3339), atol=5e-5)
    np.testing.assert_allclose((rate.lower[0, 0], rate.upper[0, 0]), (0.2553, 0.3662), atol=5e-5)


def test_the_test_and_the_odds_ratio_equal_scipy():
    table = np.array([[30, 12, 9], [270, 188, 41]])

    found = differential_skipping(*counted(table[0], table.sum(axis=0)), reference=1)

    n = table.sum()
    chi2 = stats.chi2_contingency(table, correction=False)
    assert found.statistic[0] == pytest.approx(chi2.statistic * (n - 1) / n)
    assert found.df[0] == 2
    assert found.p_value[0] == pytest.approx(stats.chi2.sf(chi2.statistic * (n - 1) / n, 2))
    ratio = stats.contingency.odds_ratio(table[:, [0, 1]], kind="sample")
    interval = ratio.confidence_interval(0.95)
    assert found.odds_ratio.estimate[0, 0] == pytest.approx(ratio.statistic)
    assert (found.odds_ratio.lower[0, 0], found.odds_ratio.upper[0, 0]) == pytest.approx((interval.low, interval.high))


def test_skips_per_person_equal_plain_counts_and_kruskal_wallis():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 3, 200)
    responses = np.where(rng.random((200, 8)) < (0.05 + 0.1 * groups)[:, None], nan, 1.0)

    people = differential_skipping(responses, groups).people

    counts = np.isnan(responses).sum(axis=1)
    by_group = [counts[groups == g] for g in range(3)]
    np.testing.assert_array_equal(people.n, [len(x) for x in by_group])
    np.testing.assert_allclose(people.mean, [x.mean() for x in by_group])
    np.testing.assert_allclose(people.standard_deviation, [x.std(ddof=1) for x in by_group])
    np.testing.assert_allclose(people.any_skip.estimate, [(x > 0).mean() for x in by_group])
    expected = stats.kruskal(*by_group)
    assert (people.statistic, people.p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_an_item_that_was_not_shown_is_not_skipped():
    responses = np.array([[nan, 1], [nan, 2], [nan, nan], [3, 1]])
    shown = np.array([[False, True], [False, True], [True, True], [True, True]])

    found = differential_skipping(responses, ["a", "a", "b", "b"], shown=shown)

    np.testing.assert_array_equal(found.n_shown, [[0, 2], [2, 2]])
    np.testing.assert_array_equal(found.n_skipped, [[0, 1], [0, 1]])
    assert np.isnan(found.rate.estimate[0, 0])
    assert np.isnan(found.odds_ratio.estimate[0, 0])
    assert np.isnan(found.p_value[0])
    np.testing.assert_allclose(found.people.mean, [0, 1])


def test_nobody_skipping_is_no_difference_and_no_test():
    found = differential_skipping(np.ones((20, 2)), ["a"] * 10 + ["b"] * 10)

    assert np.isnan(found.p_value).all()
    assert np.isnan(found.people.p_value)
    np.testing.assert_array_equal(found.difference.estimate, 0)
    assert (found.rate.upper > 0.2).all()


def test_p_values_are_adjusted_over_items():
    rng = np.random.default_rng(2)
    groups = np.repeat([0, 1], 400)
    responses = np.where(rng.random((800, 10)) < 0.1, nan, 1.0)
    responses[:400, 3] = np.where(rng.random(400) < 0.35, nan, 1.0)

    found = differential_skipping(responses, groups)

    np.testing.assert_allclose(found.p_adjusted, stats.false_discovery_control(found.p_value))
    assert np.argmin(found.p_adjusted) == 3
    assert found.difference.upper[3, 1] < 0


@given(seed=st.integers(0, 300), rate=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_intervals_hold_the_estimate_and_stay_in_range(seed, rate):
    rng = np.random.default_rng(seed)
    responses = np.where(rng.random((60, 3)) < rate, nan, 1.0)
    responses[0, 0] = 1.0

    found = differential_skipping(responses, rng.permutation(np.arange(60) % 3))

    for what, low, high in ((found.rate, 0, 1), (found.difference, -1, 1), (found.odds_ratio, 0, np.inf)):
        assert (what.lower <= what.estimate + 1e-12).all()
        assert (what.estimate <= what.upper + 1e-12).all()
        assert ((what.lower >= low) & (what.upper <= high)).all()
    assert (found.n_skipped <= found.n_shown).all()


@given(seed=st.integers(0, 300))
@settings(max_examples=20, deadline=None)
def test_renaming_and_shuffling_people_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    responses = np.where(rng.random((80, 4)) < 0.3, nan, 1.0)
    groups = rng.permutation(np.arange(80) % 2)
    order = rng.permutation(80)

    found, other = (
        differential_skipping(responses, groups, reference=0),
        differential_skipping(responses[order], groups[order], reference=0),
    )

    np.testing.assert_array_equal(found.statistic, other.statistic)
    np.testing.assert_allclose(found.people.statistic, other.people.statistic)


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        (["a", "a", "a"], {}, "at least 2 different groups"),
        (["a", "b", "b"], {"reference": "c"}, "reference 'c' is none of the groups a, b"),
        (["a", "b", "b"], {"shown": [False, True]}, "row 0, column 0 holds an answer although"),
        (["a", "b", "b"], {"shown": [1, 1]}, "shown must hold truth values"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(groups, options, message):
    with pytest.raises(ValueError, match=message):
        differential_skipping([[1, 2], [nan, 3], [1, nan]], groups, **options)
