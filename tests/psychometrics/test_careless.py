"""Signs of careless answering: by hand, under skipping, on simulated carelessness, refusals."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics.careless import (
    even_odd_consistency,
    intra_individual_variability,
    longstring,
    mahalanobis_distance,
    person_total_correlation,
    psychometric_antonyms,
    psychometric_synonyms,
    rapid_answers,
)

nan = np.nan
SCALES = np.arange(20).reshape(5, 4)


def attentive_and_random(seed, n_people=300, skip=0.0):
    """Five scales of four items, the first item of each reversed; the first tenth of the people answer at random."""
    rng = np.random.default_rng(seed)
    traits = np.repeat(rng.normal(size=(n_people, 5)), 4, axis=1) * np.tile([-1, 1, 1, 1], 5)
    answers = np.clip(np.round(3 + 1.2 * traits + 0.5 * rng.normal(size=traits.shape)), 1, 5)
    careless = n_people // 10
    answers[:careless] = rng.integers(1, 6, size=(careless, 20))
    return np.where(rng.random(answers.shape) < skip, nan, answers), careless


def test_runs_are_counted_by_hand():
    found = longstring([[1, 1, 1, 2, 2], [1, nan, nan, 1, 1], [1, 2, 3, 4, 5]])

    np.testing.assert_array_equal(found.longest, [3, 2, 1])
    np.testing.assert_allclose(found.average, [5 / 2, 5 / 4, 1])


@given(rows=st.lists(st.lists(st.integers(1, 3), min_size=7, max_size=7), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_runs_equal_those_of_a_plain_loop(rows):
    plain = [max(len(list(run)) for _, run in groupby(row)) for row in rows]

    np.testing.assert_array_equal(longstring(rows).longest, plain)


@pytest.mark.parametrize("skip", [0.0, 0.2])
def test_random_answers_are_told_from_attentive_ones(skip):
    answers, careless = attentive_and_random(1, skip=skip)
    scored = np.where(np.tile([True, False, False, False], 5), 6 - answers, answers)

    signs = {
        "even-odd": -even_odd_consistency(scored, SCALES),
        "synonyms": -psychometric_synonyms(answers, critical=0.5).correlation,
        "antonyms": psychometric_antonyms(answers, critical=-0.5).correlation,
        "distance": mahalanobis_distance(answers).squared / mahalanobis_distance(answers).df,
    }

    for name, sign in signs.items():
        random, attentive = sign[:careless], sign[careless:]
        better = np.mean(random[~np.isnan(random)][:, None] > attentive[~np.isnan(attentive)][None, :])
        assert better > 0.85, name


def test_someone_who_always_gives_the_same_answer_has_no_spread_and_no_correlations():
    answers, _ = attentive_and_random(2)
    answers[0] = 3

    assert longstring(answers).longest[0] == 20
    assert intra_individual_variability(answers)[0, 0] == 0
    assert np.isnan(person_total_correlation(answers)[0])
    assert np.isnan(psychometric_synonyms(answers, critical=0.5).correlation[0])


def test_distances_of_normal_answers_follow_chi_square_whatever_was_skipped():
    rng = np.random.default_rng(3)
    answers = rng.normal(size=(3000, 6)) + rng.normal(size=(3000, 1))
    answers[rng.random(answers.shape) < 0.2] = nan

    found = mahalanobis_distance(answers)

    known = ~np.isnan(found.p_value)
    assert np.mean(found.p_value[known] < 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(found.p_value[known] < 0.5) == pytest.approx(0.5, abs=0.04)


def test_distance_among_answered_items_is_that_of_their_own_part_of_the_covariance():
    answers, _ = attentive_and_random(4, n_people=60)
    answers[0, 3:] = nan
    first = answers[:, :3]
    deviation = first[0] - first.mean(axis=0)

    found = mahalanobis_distance(answers)

    assert found.df[0] == 3
    assert found.squared[0] == pytest.approx(deviation @ np.linalg.solve(np.cov(first.T), deviation))


@given(seed=st.integers(0, 100), constant=st.integers(-20, 20))
@settings(max_examples=15, deadline=None)
def test_a_constant_added_to_all_codes_changes_nothing_but_the_codes(seed, constant):
    answers, _ = attentive_and_random(seed, n_people=80, skip=0.05)

    for sign in (
        lambda x: longstring(x).average,
        lambda x: intra_individual_variability(x, parts=2),
        lambda x: psychometric_synonyms(x, critical=0.4).correlation,
        lambda x: person_total_correlation(x),
        lambda x: mahalanobis_distance(x).squared,
    ):
        np.testing.assert_allclose(sign(answers + constant), sign(answers), rtol=1e-6, atol=1e-8)


def test_time_is_judged_only_where_it_is_known():
    found = rapid_answers([[1.0, 3.0, nan], [nan, nan, nan], [0.5, 0.5, 0.5]])

    np.testing.assert_allclose(found, [0.5, nan, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: even_odd_consistency(x, SCALES[:2]), "three scales or more"),
        (lambda x: even_odd_consistency(x, [[0], [1, 2], [3, 4]]), "each of two items or more"),
        (lambda x: intra_individual_variability(x, parts=11), "between 1 and half the number of items, 10"),
        (lambda x: psychometric_synonyms(x, critical=0.99), "0 pairs of items correlate above 0.99"),
        (lambda x: mahalanobis_distance(np.ones((5, 3))), "no inverse"),
        (lambda x: rapid_answers(-x), "must not be negative"),
        (lambda x: mahalanobis_distance(x, gaps="zero"), "gaps must be one of answered, mean"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(call, message):
    answers, _ = attentive_and_random(5, n_people=50)

    with pytest.raises(ValueError, match=message):
        call(answers)
