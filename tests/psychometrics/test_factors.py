"""Factor analysis, rotations, dimensionality and omega hierarchical: known structures, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import (
    eigenvalues,
    factor_analysis,
    hierarchical_omega,
    minimum_average_partial,
    oblimin,
    parallel_analysis,
    promax,
    sampling_adequacy,
    sphericity,
    varimax,
)

nan = np.nan
SIMPLE = np.zeros((12, 3))
SIMPLE[np.arange(12), np.arange(12) // 4] = np.tile([0.5, 0.6, 0.7, 0.8], 3)
PHI = np.array([[1, 0.3, 0.2], [0.3, 1, 0.4], [0.2, 0.4, 1]])


def implied(loadings, phi):
    common = loadings @ phi @ loadings.T
    return common + np.diag(1 - np.diag(common))


def people(rng, correlation, n_people=1000):
    return rng.normal(size=(n_people, len(correlation))) @ np.linalg.cholesky(correlation).T


@pytest.mark.parametrize("method", ["minres", "ml"])
def test_a_simple_structure_comes_back_from_its_exact_correlations(method):
    found = factor_analysis(implied(SIMPLE, PHI), 3, method=method, rotation="oblimin")

    order = np.argmax(found.loadings, axis=0) // 4
    np.testing.assert_allclose(found.loadings, SIMPLE[:, order], atol=1e-4)
    np.testing.assert_allclose(found.factor_correlation, PHI[np.ix_(order, order)], atol=1e-3)
    np.testing.assert_allclose(found.communalities, (SIMPLE**2).sum(axis=1), atol=1e-4)
    assert found.objective < 1e-8


@given(seed=st.integers(0, 200), rotation=st.sampled_from([varimax, promax, oblimin]))
@settings(max_examples=30, deadline=None)
def test_a_rotation_leaves_the_explained_correlations_as_they_are(seed, rotation):
    loadings = np.random.default_rng(seed).uniform(-0.6, 0.8, size=(9, 3))

    rotated, between = rotation(loadings)

    np.testing.assert_allclose(rotated @ between @ rotated.T, loadings @ loadings.T, atol=1e-10)
    np.testing.assert_allclose(np.diag(between), 1)


@given(seed=st.integers(0, 200))
@settings(max_examples=15, deadline=None)
def test_rotation_improves_its_own_criterion(seed):
    loadings = np.random.default_rng(seed).uniform(-0.6, 0.8, size=(9, 3))

    def crossing(x):
        squares = x**2
        return np.sum(squares * (squares.sum(axis=1, keepdims=True) - squares))

    def spread(x):
        unit = x / np.sqrt((x**2).sum(axis=1, keepdims=True))
        return np.sum((unit**2).var(axis=0))

    assert crossing(oblimin(loadings)[0]) <= crossing(loadings) + 1e-12
    assert spread(varimax(loadings)[0]) >= spread(loadings) - 1e-12


def test_an_item_explained_completely_is_a_heywood_case_and_said_so():
    correlation = np.array([[1, 0.8, 0.8, 0.4], [0.8, 1, 0.5, 0.3], [0.8, 0.5, 1, 0.3], [0.4, 0.3, 0.3, 1]])

    assert factor_analysis(correlation, 1).heywood


def test_omega_hierarchical_comes_back_from_a_known_general_factor():
    rng = np.random.default_rng(1)
    second = np.array([0.8, 0.6, 0.7])
    phi = np.outer(second, second) + np.diag(1 - second**2)
    correlation = implied(SIMPLE, phi)
    general = SIMPLE @ second

    found = hierarchical_omega(people(rng, correlation, 50_000))

    assert found.hierarchical == pytest.approx(general.sum() ** 2 / correlation.sum(), abs=0.02)
    assert found.total == pytest.approx(1 - (1 - (SIMPLE**2).sum(axis=1)).sum() / correlation.sum(), abs=0.01)
    assert found.hierarchical <= found.total <= 1


def test_turning_an_item_around_changes_nothing_but_its_name_in_the_list():
    answers = people(np.random.default_rng(2), implied(SIMPLE, np.full((3, 3), 0.5) + 0.5 * np.eye(3)), 2000)
    turned = answers * np.where(np.arange(12) == 5, -1, 1)

    plain, found = hierarchical_omega(answers), hierarchical_omega(turned)

    assert (plain.reversed_items, found.reversed_items) == ((), (5,))
    assert found.hierarchical == pytest.approx(plain.hierarchical, abs=1e-5)


@pytest.mark.parametrize("skip", [0.0, 0.1])
def test_three_dimensions_are_counted_as_three(skip):
    rng = np.random.default_rng(3)
    answers = people(rng, implied(SIMPLE, PHI))
    answers[rng.random(answers.shape) < skip] = nan
    complete = np.corrcoef(people(rng, implied(SIMPLE, PHI)).T)

    assert parallel_analysis(answers, rng=rng, n_resamples=40).n_factors == 3
    assert np.nanargmin(minimum_average_partial(complete)) == 3


def test_ordered_answers_are_counted_by_polychoric_correlations():
    rng = np.random.default_rng(4)
    answers = np.digitize(people(rng, implied(SIMPLE, PHI)), [-0.5, 0.5])

    found = parallel_analysis(answers, rng=rng, correlation="polychoric", n_resamples=20)

    assert found.n_factors == 3
    assert found.eigenvalues[0] > eigenvalues(np.corrcoef(answers.T))[0]


def test_unrelated_items_have_no_dimension():
    rng = np.random.default_rng(5)
    answers = rng.normal(size=(500, 8))

    assert parallel_analysis(answers, rng=rng, n_resamples=60, quantile=0.99).n_factors == 0
    assert sphericity(np.corrcoef(answers.T), 500).p_value > 0.001


@given(seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_adequacy_lies_between_zero_and_one_and_eigenvalues_sum_to_the_items(seed):
    correlation = np.corrcoef(people(np.random.default_rng(seed), implied(SIMPLE, PHI), 60).T)

    adequacy = sampling_adequacy(correlation)

    assert 0 <= adequacy.overall <= 1
    assert ((adequacy.by_item >= 0) & (adequacy.by_item <= 1)).all()
    assert eigenvalues(correlation).sum() == pytest.approx(12)


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        (np.ones((2, 3)), "must be square"),
        ([[1, 0.5], [0.4, 1]], "symmetric with ones"),
        ([[1, nan], [nan, 1]], "items 0 and 1 is missing"),
        (np.eye(3), "2 factors cannot be told from the correlations of 3 items"),
    ],
)
def test_unusable_correlations_are_refused_with_their_reason(correlation, message):
    with pytest.raises(ValueError, match=message):
        factor_analysis(correlation, 2)


def test_singular_correlations_have_no_adequacy():
    with pytest.raises(ValueError, match="singular"):
        sampling_adequacy(np.ones((3, 3)))


def test_two_group_factors_do_not_tell_a_general_one():
    with pytest.raises(ValueError, match="three factors or more"):
        hierarchical_omega(np.random.default_rng(6).normal(size=(50, 6)), 2)
