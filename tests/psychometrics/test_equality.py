"""Tests of equal reliability in groups: a published example, errors under skew, differences, refusals."""

import numpy as np
import pytest

from psychometrics import cronbach_alpha, equal_alphas, equal_omegas, mcdonald_omega
from psychometrics.reliability._result import Reliability
from psychometrics.reliability.equality import _feldt_statistic

nan = np.nan


def symptoms(rng, n_people, strength=0.7, n_items=6, skip=0.1):
    """Answers 0 to 3, most of them 0, a tenth skipped."""
    latent = rng.normal(size=(n_people, 1)) * strength + rng.normal(size=(n_people, n_items)) * 0.7
    answers = np.digitize(latent, [0.6, 1.2, 1.8]).astype(float)
    return np.where(rng.random(answers.shape) < skip, nan, answers)


def test_the_example_of_feldt_woodruff_and_salih_is_reproduced():
    # Feldt, Woodruff & Salih (1987): alphas .784, .875, .936 of 5 items, n 51, 101, 151; R, cocron: 22.926.
    published = tuple(
        Reliability(alpha, nan, nan, nan, n, float(n), 5, "alpha", "feldt", "none", 0.95)
        for alpha, n in ((0.784, 51), (0.875, 101), (0.936, 151))
    )

    assert round(_feldt_statistic(published), 3) == 22.926


@pytest.mark.parametrize("test", [equal_alphas, equal_omegas])
def test_estimates_are_those_of_each_group_alone(test):
    rng = np.random.default_rng(1)
    answers, groups = symptoms(rng, 500), np.array(["b"] * 200 + ["a"] * 300)

    found = test(answers, groups)

    alone = cronbach_alpha if test is equal_alphas else mcdonald_omega
    assert found.labels == ("a", "b")
    assert found.estimates == (alone(answers[200:]), alone(answers[:200]))
    assert found.reference == "a"
    assert found.differences[0] == 0
    assert found.differences[1] == pytest.approx(found.estimates[1].estimate - found.estimates[0].estimate)
    assert found.lower[1] < found.differences[1] < found.upper[1]


@pytest.mark.parametrize("test", [equal_alphas, equal_omegas])
def test_equal_groups_with_skewed_answers_are_rejected_about_as_often_as_promised(test):
    rng = np.random.default_rng(2)
    groups = np.repeat([1, 2], 250)

    rejected = np.mean([test(symptoms(rng, 500), groups).p_value < 0.05 for _ in range(300)])

    # 300 tries at .05 have a standard error of .013.
    assert 0.01 <= rejected <= 0.09


@pytest.mark.parametrize("test", [equal_alphas, equal_omegas])
def test_a_group_with_less_in_common_is_found(test):
    rng = np.random.default_rng(3)
    answers = np.vstack([symptoms(rng, 600), symptoms(rng, 600), symptoms(rng, 600, strength=0.4)])

    found = test(answers, np.repeat(["x", "y", "z"], 600))

    assert found.df == 2
    assert found.p_value < 1e-6
    assert found.upper[2] < 0


def test_people_without_a_known_group_are_left_out():
    rng = np.random.default_rng(4)
    answers = symptoms(rng, 300)
    groups = ["a"] * 100 + ["b"] * 100 + [None] * 100

    found = equal_alphas(answers, groups)

    known = equal_alphas(answers[:200], groups[:200])
    assert (found.estimates, found.p_value) == (known.estimates, known.p_value)


def test_answers_without_gaps_give_feldt_the_number_of_people():
    rng = np.random.default_rng(5)

    found = equal_alphas(symptoms(rng, 200, skip=0), np.repeat([0, 1], 100), method="feldt")

    assert [x.n_effective for x in found.estimates] == [100, 100]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a"] * 40, "at least 2 different groups; found 1: a"),
        (["a"] * 39 + ["b"], "group b: "),
        (["a"] * 39, "one label for each of the 40 people"),
    ],
)
@pytest.mark.parametrize("test", [equal_alphas, equal_omegas])
def test_unusable_groups_are_refused_by_name(test, groups, message):
    with pytest.raises(ValueError, match=message):
        test(symptoms(np.random.default_rng(6), 40, skip=0), groups)
