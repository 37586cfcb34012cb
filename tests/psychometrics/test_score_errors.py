"""Errors by score, classification at cuts, and shrinkage toward published reliability."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import (
    binomial_errors,
    classification_by_errors,
    classification_by_reliability,
    conditional_errors,
    cronbach_alpha,
    shrunken_reliability,
)

nan = np.nan


def two_forms(seed, n_people=200_000, n_items=20):
    """True proportions and two parallel sets of right-or-wrong answers."""
    rng = np.random.default_rng(seed)
    true = rng.beta(4, 3, size=n_people)
    return true, *((rng.random((n_people, n_items)) < true[:, None]).astype(float) for _ in range(2))


def test_binomial_errors_equal_the_formula():
    np.testing.assert_allclose(binomial_errors([0, 5, 10], 10), [0, np.sqrt(25 / 9), 0])


@given(seed=st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_errors_by_score_average_to_the_overall_standard_error(seed):
    rng = np.random.default_rng(seed)
    answers = rng.normal(size=(60, 1)) + rng.normal(size=(60, 5))

    found = conditional_errors(answers)

    alpha = cronbach_alpha(answers, interval="feldt").estimate
    assert found.overall == pytest.approx(np.sqrt(answers.sum(axis=1).var(ddof=1) * (1 - alpha)))


def test_errors_by_score_are_those_seen_between_parallel_forms():
    _, first, second = two_forms(1)
    total = first.sum(axis=1)

    found = conditional_errors(first, scores=[6, 10, 14])

    # Given the true score the difference of two forms has twice the error variance; the middle is widest.
    seen = [np.sqrt(np.mean((first.sum(axis=1) - second.sum(axis=1))[np.abs(total - x) <= 1] ** 2) / 2) for x in (10,)]
    np.testing.assert_allclose(found.standard_errors, binomial_errors([6, 10, 14], 20), rtol=0.03)
    assert found.standard_errors[1] == pytest.approx(seen[0], rel=0.15)


def test_classification_by_reliability_is_what_parallel_forms_show():
    true, first, second = two_forms(2)
    one, two = first.sum(axis=1), second.sum(axis=1)
    cuts = [8, 14]
    classes = [np.searchsorted(cuts, x, side="right") for x in (one, two)]

    found = classification_by_reliability(
        one, reliability=float(np.corrcoef(one, two)[0, 1]), minimum=0, maximum=20, cuts=cuts
    )

    right = np.searchsorted(np.array(cuts) / 20, true, side="right")
    assert found.consistency == pytest.approx(np.mean(classes[0] == classes[1]), abs=0.01)
    assert found.accuracy == pytest.approx(np.mean(classes[0] == right), abs=0.01)


def test_classification_by_errors_is_what_repeated_measurement_shows():
    rng = np.random.default_rng(3)
    scores = rng.normal(50, 10, size=100_000)
    classes = [np.searchsorted([45, 60], scores + rng.normal(0, 4, size=scores.shape), side="right") for _ in range(2)]

    found = classification_by_errors(scores, 4.0, [45, 60])

    assert found.consistency == pytest.approx(np.mean(classes[0] == classes[1]), abs=0.005)
    assert found.accuracy == pytest.approx(np.mean(classes[0] == np.searchsorted([45, 60], scores)), abs=0.005)


@given(error=st.floats(0.1, 20), cut=st.floats(-2, 2))
@settings(max_examples=30, deadline=None)
def test_larger_errors_classify_less_surely(error, cut):
    scores = np.random.default_rng(4).normal(size=300)

    near, far = (classification_by_errors(scores, x, [cut]) for x in (error, 1.5 * error))

    assert far.accuracy <= near.accuracy + 1e-12
    assert 0 <= near.consistency <= 1
    assert near.kappa <= 1


def test_people_without_a_score_are_left_out():
    found = classification_by_errors([1.0, nan, 3.0], 1.0, [2.0])

    assert found.n == 2
    assert found == classification_by_errors([1.0, 3.0], 1.0, [2.0])


def test_a_small_sample_leans_on_published_evidence_and_a_large_one_does_not():
    rng = np.random.default_rng(5)
    answers = rng.normal(size=(5000, 1)) + rng.normal(size=(5000, 5))
    small, large = cronbach_alpha(answers[:30]), cronbach_alpha(answers)

    found = [shrunken_reliability(x, published=0.70, published_n=2000, heterogeneity=0.2) for x in (small, large)]

    assert found[0].local_weight < 0.6 < 0.97 < found[1].local_weight
    for shrunken, local in zip(found, (small, large), strict=True):
        low, high = sorted([0.70, local.estimate])
        assert low <= shrunken.estimate <= high
        assert shrunken.lower < shrunken.estimate < shrunken.upper < 1


def test_without_heterogeneity_and_with_equal_errors_each_counts_by_its_people():
    rng = np.random.default_rng(6)
    local = cronbach_alpha(rng.normal(size=(102, 1)) + rng.normal(size=(102, 4)), interval="duhachek")

    found = shrunken_reliability(local, published=0.5, published_n=10**9, heterogeneity=0.0)

    assert found.local_weight < 1e-4
    assert found.estimate == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binomial_errors([11], 10), "between 0 and 10"),
        (lambda: conditional_errors(np.ones((20, 3))), "too few for errors by score"),
        (lambda: classification_by_errors([1, 2], 0.0, [1]), "standard error above 0"),
        (lambda: classification_by_errors([1, 2], 1.0, [2, 1]), "ascending"),
        (
            lambda: classification_by_reliability([1, 2], reliability=1.0, minimum=0, maximum=3, cuts=[1]),
            "reliability must lie between",
        ),
        (
            lambda: classification_by_reliability([1, 5], reliability=0.5, minimum=0, maximum=3, cuts=[1]),
            "scores must vary, between 0 and 3",
        ),
        (
            lambda: shrunken_reliability(
                cronbach_alpha([[1, 2], [2, 4], [3, 3], [5, 5]]), published=1.0, published_n=50, heterogeneity=0.1
            ),
            "published must be below 1",
        ),
    ],
)
def test_impossible_figures_are_refused_with_their_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()
