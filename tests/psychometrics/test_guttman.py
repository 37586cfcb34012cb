"""Lambdas and split halves: plain loops over halves, order of the bounds, skipping, refusals."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import cronbach_alpha, guttman_lambdas, spearman_brown, split_halves

nan = np.nan


def answers(seed, n_people=80, n_items=6, skip=0.0):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n_people, 1)) + rng.normal(size=(n_people, n_items)) * rng.uniform(0.5, 2, n_items)
    return np.where(rng.random(table.shape) < skip, nan, table)


@pytest.mark.parametrize("n_items", [4, 5, 7, 8])
def test_every_split_is_tried_once(n_items):
    table = answers(1, n_items=n_items)
    plain = set()
    for half in combinations(range(n_items), n_items // 2):
        a, b = table[:, half].sum(axis=1), np.delete(table, half, axis=1).sum(axis=1)
        plain.add(round(4 * np.cov(a, b)[0, 1] / (a + b).var(ddof=1), 12))

    found = split_halves(table)

    np.testing.assert_allclose(np.unique(np.round(found.coefficients, 12)), sorted(plain), atol=1e-11)
    assert found.mean == pytest.approx(found.coefficients.mean())
    assert (found.best, found.worst) == (found.coefficients[-1], found.coefficients[0])


@given(seed=st.integers(0, 500), skip=st.floats(0, 0.3), basis=st.sampled_from(["covariance", "correlation"]))
@settings(max_examples=40, deadline=None)
def test_the_bounds_keep_their_order_and_never_exceed_one(seed, skip, basis):
    table = answers(seed, skip=skip)

    bounds, halves = guttman_lambdas(table, basis=basis), split_halves(table, basis=basis)

    assert bounds.lambda1 <= bounds.lambda3 <= bounds.lambda2 <= 1 + 1e-9
    assert list(bounds.mu) == sorted(bounds.mu)
    assert halves.worst <= halves.mean <= halves.best <= 1 + 1e-9
    assert max(bounds.lambda5, bounds.lambda6) <= 1 + 1e-9


@given(seed=st.integers(0, 100), skip=st.floats(0, 0.3), constant=st.integers(-100, 100))
@settings(max_examples=20, deadline=None)
def test_lambda3_is_alpha_and_so_is_the_mean_of_even_splits(seed, skip, constant):
    table = answers(seed, skip=skip) + constant

    alpha = cronbach_alpha(table, interval="feldt").estimate

    assert guttman_lambdas(table).lambda3 == pytest.approx(alpha)
    assert split_halves(table).mean == pytest.approx(alpha)


def test_many_items_have_a_mean_but_no_best_split():
    found = split_halves(answers(2, n_items=24))

    assert np.isnan(found.best)
    assert found.mean == pytest.approx(cronbach_alpha(answers(2, n_items=24)).estimate)


@given(reliability=st.floats(0.01, 0.99), length=st.floats(0.1, 10))
def test_spearman_brown_undoes_itself(reliability, length):
    assert spearman_brown(spearman_brown(reliability, length), 1 / length) == pytest.approx(reliability)


def test_parallel_items_reach_what_spearman_brown_predicts():
    rng = np.random.default_rng(3)
    table = rng.normal(size=(200_000, 1)) + rng.normal(size=(200_000, 6))

    single = 0.5

    assert cronbach_alpha(table).estimate == pytest.approx(spearman_brown(single, 6), abs=0.003)


@pytest.mark.parametrize("function", [guttman_lambdas, split_halves])
@pytest.mark.parametrize(
    ("responses", "options", "message"),
    [
        ([[1], [2]], {}, "at least 2 items"),
        ([[1, 2], [2, 2]], {"basis": "correlation"}, "item 1 does not vary"),
        ([[1, 2], [2, 1]], {"basis": "sum"}, "basis must be one of covariance, correlation"),
        ([[1, nan], [nan, 2]], {}, "answered by fewer than 2 people"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(function, responses, options, message):
    with pytest.raises(ValueError, match=message):
        function(responses, **options)


def test_a_length_of_nothing_is_refused():
    with pytest.raises(ValueError, match="length must be above 0"):
        spearman_brown(0.5, 0)
