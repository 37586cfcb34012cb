"""Item statistics: definitions by plain code, behaviour under skipping, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import item_statistics

nan = np.nan


def graded(seed, n_people=200, n_items=6, skip=0.0):
    """Answers 1 to 5 that share one trait, some of them skipped at random."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n_people, 1)) + rng.normal(size=(n_people, n_items))
    answers = np.clip(np.round(3 + latent), 1, 5)
    answers[rng.random(answers.shape) < skip] = nan
    return answers


def pair(x, y):
    both = ~np.isnan(x) & ~np.isnan(y)
    return np.cov(x[both], y[both])


def test_statistics_of_a_small_table_are_those_worked_out_by_hand():
    found = item_statistics([[1, 2, 1], [2, nan, 2], [3, 4, 3], [nan, nan, nan]])

    np.testing.assert_array_equal(found.n, [3, 2, 3])
    assert found.n_people == 3
    np.testing.assert_allclose(found.missing_rate, [0, 1 / 3, 0])
    np.testing.assert_allclose(found.mean, [2, 3, 2])
    np.testing.assert_allclose(found.standard_deviation, [1, np.sqrt(2), 1])
    np.testing.assert_allclose(found.floor_rate, [1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(found.ceiling_rate, [0, 1 / 2, 0])
    np.testing.assert_array_equal(found.minimum, [1, 1, 1])


@pytest.mark.parametrize("skip", [0.0, 0.2])
def test_correlations_equal_those_computed_pair_by_pair(skip):
    answers = graded(1, skip=skip)
    covariance = np.array([[pair(x, y)[0, 1] for y in answers.T] for x in answers.T])
    person_mean = np.nanmean(answers, axis=1)

    found = item_statistics(answers)

    for item in range(answers.shape[1]):
        others = np.delete(np.arange(answers.shape[1]), item)
        rest = covariance[np.ix_(others, others)]
        expected = covariance[item, others].sum() / np.sqrt(covariance[item, item] * rest.sum())
        assert found.item_rest_correlation[item] == pytest.approx(expected, rel=1e-12)
        assert found.alpha_if_deleted[item] == pytest.approx(5 / 4 * (1 - np.trace(rest) / rest.sum()), rel=1e-12)
        total = pair(answers[:, item], person_mean)
        expected = total[0, 1] / np.sqrt(total[0, 0] * total[1, 1])
        assert found.item_total_correlation[item] == pytest.approx(expected, rel=1e-10)


def test_rows_are_counted_the_same_in_one_block_and_in_many():
    answers = graded(2, n_people=30_000, n_items=5, skip=0.01)

    found = item_statistics(answers)

    np.testing.assert_allclose(found.mean, np.nanmean(answers, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.standard_deviation, np.nanstd(answers, axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(found.floor_rate, np.mean(answers == 1, axis=0) / (1 - np.isnan(answers).mean(axis=0)))


def test_a_reversed_item_is_scored_in_the_scored_direction():
    answers = graded(3)
    reversed_answers = answers.copy()
    reversed_answers[:, 2] = 6 - reversed_answers[:, 2]

    found = item_statistics(reversed_answers, keys=[1, 1, -1, 1, 1, 1], minimum=1, maximum=5)

    plain = item_statistics(answers, minimum=1, maximum=5)
    np.testing.assert_allclose(found.item_rest_correlation, plain.item_rest_correlation)
    np.testing.assert_allclose(found.mean, plain.mean)
    np.testing.assert_allclose(found.floor_rate, plain.floor_rate)


@given(shift=st.integers(-10_000, 10_000), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_adding_a_constant_to_all_codes_moves_only_means_and_bounds(shift, seed):
    answers = graded(seed, n_people=60, skip=0.15)

    found, moved = item_statistics(answers), item_statistics(answers + shift)

    np.testing.assert_allclose(moved.mean - shift, found.mean, atol=1e-9)
    for name in ("standard_deviation", "item_rest_correlation", "item_total_correlation_corrected", "floor_rate"):
        np.testing.assert_allclose(getattr(moved, name), getattr(found, name), rtol=1e-8)


@given(seed=st.integers(0, 200), skip=st.floats(0, 0.5))
@settings(max_examples=25, deadline=None)
def test_rates_and_correlations_stay_within_their_ranges(seed, skip):
    found = item_statistics(graded(seed, n_people=40, n_items=4, skip=skip))

    for rate in (found.missing_rate, found.floor_rate, found.ceiling_rate):
        assert ((rate >= 0) & (rate <= 1)).all()
    total = found.item_total_correlation[~np.isnan(found.item_total_correlation)]
    assert (np.abs(total) <= 1 + 1e-12).all()


def test_a_constant_item_has_no_correlation_and_leaves_the_others_theirs():
    answers = graded(4)
    answers[:, 1] = 3.1

    found = item_statistics(answers)

    assert np.isnan(found.item_rest_correlation[1])
    assert np.isnan(found.item_total_correlation[1])
    assert not np.isnan(np.delete(found.item_rest_correlation, 1)).any()


def test_an_item_nobody_answered_has_only_missing_statistics():
    answers = graded(5)
    answers[:, 0] = nan

    found = item_statistics(answers)

    assert found.n[0] == 0
    assert found.missing_rate[0] == 1
    assert np.isnan(found.mean[0])
    others = item_statistics(answers[:, 1:])
    for name in ("mean", "item_rest_correlation", "item_total_correlation_corrected", "alpha_if_deleted"):
        np.testing.assert_allclose(getattr(found, name)[1:], getattr(others, name))


def test_an_answer_outside_the_response_scale_is_refused_by_item():
    with pytest.raises(ValueError, match="item 1 holds answers from 1 to 9, outside its response scale from 1 to 5"):
        item_statistics([[1, 1], [2, 9]], minimum=1, maximum=5)
