"""Intraclass correlations: the textbook example, missing ratings, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics.agreement import _criterion, intraclass_correlations

nan = np.nan

# Shrout & Fleiss (1979), table 2: six targets, four judges.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def ratings(seed, n_targets=60, n_raters=4, missing=0.0):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n_targets, 1)) + 0.5 * rng.normal(size=n_raters) + rng.normal(size=(n_targets, n_raters))
    return np.where(rng.random(table.shape) < missing, nan, table)


def estimates(table, **options):
    return np.array([form.estimate for form in intraclass_correlations(table, **options).forms])


def test_the_example_of_shrout_and_fleiss_is_reproduced():
    # Their table 4: .17, .29, .71, .44, .62, .91.
    np.testing.assert_array_equal(np.round(estimates(SHROUT_FLEISS), 2), [0.17, 0.29, 0.71, 0.44, 0.62, 0.91])


@pytest.mark.parametrize("seed", [1, 2])
def test_both_methods_agree_on_complete_ratings(seed):
    np.testing.assert_allclose(estimates(ratings(seed)), estimates(ratings(seed), method="reml"), atol=1e-5)


def test_the_restricted_likelihood_equals_the_one_of_the_full_covariance_matrix():
    table = ratings(3, n_targets=12, n_raters=3, missing=0.3)
    answered = (~np.isnan(table)).astype(float)
    target, rater = np.nonzero(answered)
    y, n = table[target, rater], len(target)
    covariance = 0.8 * (target[:, None] == target) + 0.3 * (rater[:, None] == rater) + np.eye(n)
    inverse, ones = np.linalg.inv(covariance), np.ones(n)
    mean = ones @ inverse @ y / (ones @ inverse @ ones)
    rest = (y - mean) @ inverse @ (y - mean)
    expected = np.linalg.slogdet(covariance)[1] + np.log(ones @ inverse @ ones) + (n - 1) * np.log(rest)

    found, variance = _criterion(np.array([0.8, 0.3]), answered, np.nan_to_num(table))

    assert found == pytest.approx(expected)
    assert variance == pytest.approx(rest / (n - 1))


def test_missing_ratings_are_used_by_likelihood_and_dropped_with_their_target_by_mean_squares():
    table = ratings(4, n_targets=400, missing=0.2)

    by_squares, by_likelihood = (intraclass_correlations(table, method=x) for x in ("anova", "reml"))

    assert by_squares.n_targets == np.sum(~np.isnan(table).any(axis=1))
    assert (by_squares.missing, by_likelihood.missing) == ("listwise", "reml")
    assert by_likelihood.n_ratings == np.sum(~np.isnan(table))
    assert by_likelihood.target_variance == pytest.approx(1, abs=0.25)
    assert by_likelihood.residual_variance == pytest.approx(1, abs=0.12)


@given(seed=st.integers(0, 100), shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
@settings(max_examples=15, deadline=None)
def test_another_unit_of_the_ratings_changes_no_correlation(seed, shift, scale):
    table = ratings(seed, n_targets=20, n_raters=3)

    np.testing.assert_allclose(estimates(table * scale + shift), estimates(table), atol=1e-8)


@given(seed=st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_estimates_lie_within_their_intervals_and_never_exceed_one(seed):
    for form in intraclass_correlations(ratings(seed, n_targets=15, n_raters=3)).forms:
        assert form.lower <= form.estimate <= form.upper <= 1


def test_a_rater_who_is_always_higher_lowers_agreement_but_not_consistency():
    table = ratings(5)
    harsher = table + np.array([0, 0, 0, 5])

    before, after = estimates(table), estimates(harsher)

    assert after[1] < before[1] - 0.2
    assert after[2] == pytest.approx(before[2])


@pytest.mark.parametrize("method", ["anova", "reml"])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1], [2]], "at least 2 items"),
        ([[2, 2], [2, 2]], "all ratings are the same"),
        ([["a", "b"], ["c", "d"]], "must be numbers"),
    ],
)
def test_unusable_ratings_are_refused_with_their_reason(table, message, method):
    with pytest.raises(ValueError, match=message):
        intraclass_correlations(table, method=method)


def test_too_few_complete_targets_are_refused_with_their_number():
    with pytest.raises(ValueError, match="1 targets and 2 raters remain"):
        intraclass_correlations([[1, 2], [nan, 3], [2, nan]])
