"""Factor models of ordered answers: derivatives, brute force, simulated truth, gaps, properties, wrong input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from psychometrics import ordinal_factor_analysis, polychoric_correlations, standardized_solution
from psychometrics.confirmatory._parameters import Layout, Matrices, each
from psychometrics.confirmatory._structure import separated
from psychometrics.confirmatory.ordinal_implied import implied_statistics, statistics_jacobian
from psychometrics.confirmatory.ordinal_sample import ordinal_sample
from psychometrics.confirmatory.ordinal_tests import scaled_baseline_test, scaled_test
from psychometrics.reliability.least_squares import least_squares_loadings

CUTS = np.array([-0.9, 0.0, 0.8])
TWO = {"a": [0, 1, 2], "b": [3, 4, 5]}
LOADINGS = np.array([0.8, 0.7, 0.6, 0.75, 0.65, -0.7])


def latent_answers(rng, n, *, loadings=LOADINGS, correlation=0.4, means=(0.0, 0.0), sds=(1.0, 1.0)):
    """Normal responses behind six items of two factors."""
    factors = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], n) * sds + means
    return factors[:, [0, 0, 0, 1, 1, 1]] * loadings + rng.normal(size=(n, 6)) * np.sqrt(1 - loadings**2)


def answers(rng, n, **options):
    return np.searchsorted(CUTS, latent_answers(rng, n, **options)).astype(float) + 1


@pytest.fixture(scope="module")
def sample():
    return answers(np.random.default_rng(1), 700)


@pytest.mark.parametrize("parameterisation", ["delta", "theta"])
def test_derivatives_are_those_of_the_implied_statistics(parameterisation):
    rng = np.random.default_rng(2)
    used = np.array([[True, True], [True, False], [True, True]])
    values = Matrices(
        loadings=rng.normal(size=(2, 3, 2)),
        factor_covariance=np.tile([[1.2, 0.3], [0.3, 0.9]], (2, 1, 1)),
        residual_covariance=np.tile(np.eye(3) + 0.1, (2, 1, 1)),
        intercepts=rng.normal(size=(2, 3)),
        factor_means=rng.normal(size=(2, 2)),
        thresholds=rng.normal(size=(2, 3, 2)),
        scales=rng.uniform(0.5, 1.5, (2, 3)),
    )
    free = separated(each(lambda array: np.ones(array.shape, dtype=np.int64), values))
    layout = Layout(free, values)
    start = layout.start()

    found = statistics_jacobian(layout, layout.unpack(start), used, parameterisation)

    step = 1e-6
    for parameter, unit in enumerate(np.eye(len(start))):
        up, down = (
            implied_statistics(layout.unpack(start + sign * step * unit), used, parameterisation) for sign in (1, -1)
        )
        np.testing.assert_allclose(found[:, :, parameter], (up - down) / (2 * step), atol=1e-7)


def test_estimates_minimise_the_weighted_squares(sample):
    found = ordinal_factor_analysis(sample, TWO, identification="unit_variance")

    polychoric = polychoric_correlations(sample)
    below = np.tril_indices(6, -1)
    weight = 1 / polychoric.standard_errors[below]

    def residuals(free):
        loadings = np.zeros((6, 2))
        loadings[:3, 0], loadings[3:, 1] = free[:3], free[3:6]
        implied = loadings @ np.array([[1, free[6]], [free[6], 1]]) @ loadings.T
        return weight * (polychoric.correlation - implied)[below]

    best = least_squares(residuals, np.append(LOADINGS, 0.3), xtol=1e-14, ftol=1e-14, gtol=1e-14)
    np.testing.assert_allclose(found.estimates.loadings[0].sum(axis=1)[:5], best.x[:5], atol=1e-6)
    assert found.estimates.factor_covariance[0, 0, 1] == pytest.approx(best.x[6], abs=1e-6)
    assert found.fit.chi2 == pytest.approx(2 * best.cost * (found.n - 1) / found.n, rel=1e-6)
    np.testing.assert_allclose(found.residual_correlations[0][below], best.fun / weight, atol=1e-6)


def test_one_factor_equals_the_loadings_behind_categorical_omega(sample):
    found = ordinal_factor_analysis(sample[:, :3], {"a": [0, 1, 2]}, identification="unit_variance", estimator="ULSMV")

    expected = least_squares_loadings(polychoric_correlations(sample[:, :3]).correlation, 1 - np.eye(3))

    np.testing.assert_allclose(found.estimates.loadings[0, :, 0], expected, atol=1e-6)
    assert found.fit.df == 0
    assert np.isnan(found.fit.scaled.p_value)


@pytest.mark.parametrize("estimator", ["WLSMV", "ULSMV"])
def test_scaled_tests_are_those_of_the_projection_written_out(sample, estimator):
    groups = np.arange(len(sample)) % 3
    found = ordinal_factor_analysis(sample, TWO, groups, estimator=estimator, invariance="loadings").estimated
    data = found.data
    share = np.repeat(data.share, data.statistics.shape[1])
    weights = np.diag(share * data.weights.ravel())
    gamma = np.zeros_like(weights)
    for group, size in enumerate(data.share):
        block = slice(group * data.statistics.shape[1], (group + 1) * data.statistics.shape[1])
        gamma[block, block] = data.covariance[group] / size
    slopes = found.jacobian.reshape(len(weights), -1)

    left = weights - weights @ slopes @ np.linalg.inv(slopes.T @ weights @ slopes) @ slopes.T @ weights
    product = left @ gamma
    test = scaled_test(found)
    factor = np.sqrt(test.df / np.trace(product @ product))
    assert test.scaling == pytest.approx(1 / factor, rel=1e-9)
    assert test.shift == pytest.approx(test.df - factor * np.trace(product), rel=1e-8)
    thresholds = np.tile(np.arange(data.statistics.shape[1]) < data.n_thresholds, 3)
    free = np.ix_(~thresholds, ~thresholds)
    baseline = (weights @ gamma)[free]
    assert scaled_baseline_test(data).scaling == pytest.approx(
        np.sqrt(np.trace(baseline @ baseline) / np.count_nonzero(~thresholds)), rel=1e-9
    )


def test_the_robust_baseline_of_several_groups_is_lavaans_though_its_expectation_is_smaller():
    """
    lavaan 0.6.20 divides each group's part of the expectation by its share of the people.

    Without correlations, n log-determinants of polychoric correlations add up to the sum of the parts as they are. We
    keep lavaan's number, which the reference cases hold, and say so where it is made.
    """
    rng = np.random.default_rng(7)
    groups = np.repeat(["x", "y"], [200, 400])
    observed, parts, lavaan = [], [], []
    for _ in range(60):
        matrix = np.searchsorted(CUTS, rng.normal(size=(600, 3)))
        data = ordinal_sample(
            matrix, groups, reference=None, estimator="WLSMV", missing="listwise", unequal_categories="error"
        ).data
        observed.append(sum(-one.n * np.linalg.slogdet(one.correlation)[1] for one in data.moments))
        expected = np.einsum("gss->g", data.covariance[:, data.n_thresholds :, data.n_thresholds :])
        parts.append(expected.sum())
        lavaan.append((expected / data.share).sum())

    error = np.std(observed) / np.sqrt(len(observed))
    assert np.mean(observed) == pytest.approx(np.mean(parts), abs=3.5 * error)
    assert np.mean(lavaan) > np.mean(observed) + 5 * error


def test_both_parameterisations_fit_alike(sample):
    delta, theta = (
        ordinal_factor_analysis(sample, TWO, identification="unit_variance", parameterisation=name)
        for name in ("delta", "theta")
    )

    assert theta.fit.chi2 == pytest.approx(delta.fit.chi2, rel=1e-7)
    assert theta.fit.scaled.chi2 == pytest.approx(delta.fit.scaled.chi2, rel=1e-6)
    scale = theta.estimates.scales[0]
    np.testing.assert_allclose(theta.estimates.loadings[0] * scale[:, None], delta.estimates.loadings[0], atol=1e-6)
    standard = [standardized_solution(model) for model in (delta, theta)]
    for name in ("loadings", "thresholds", "factor_covariance", "residual_covariance"):
        for kind in ("estimates", "standard_errors"):
            one, other = (getattr(getattr(solution, kind), name) for solution in standard)
            np.testing.assert_allclose(one, other, atol=1e-5)
    shares = np.diag(theta.estimates.residual_covariance[0]) * scale**2
    np.testing.assert_allclose(shares, np.diag(delta.estimates.residual_covariance[0]), atol=1e-6)


def test_tests_and_standard_errors_hold_over_repeated_samples():
    rng = np.random.default_rng(3)
    fits = [ordinal_factor_analysis(answers(rng, 300), TWO, identification="unit_variance") for _ in range(80)]

    p_values = np.array([fit.fit.scaled.p_value for fit in fits])
    loadings = np.array([fit.estimates.loadings[0].sum(axis=1) for fit in fits])
    errors = np.array([fit.standard_errors.loadings[0].sum(axis=1) for fit in fits])

    # The mean of 80 uniform numbers has a standard error of 0.03, a standard deviation from 80 samples one of 8 %.
    assert abs(p_values.mean() - 0.5) < 0.12
    np.testing.assert_allclose(loadings.mean(axis=0), LOADINGS * [1, 1, 1, 1, 1, 1], atol=0.03)
    np.testing.assert_allclose(errors.mean(axis=0), loadings.std(axis=0), rtol=0.3)


def test_pairwise_uses_everyone_and_listwise_complete_people(sample):
    rng = np.random.default_rng(4)
    gappy = np.where(rng.random(sample.shape) < 0.1, np.nan, sample)
    gappy[0] = np.nan

    listwise = ordinal_factor_analysis(gappy, TWO)
    pairwise = ordinal_factor_analysis(gappy, TWO, missing="pairwise")
    complete = ordinal_factor_analysis(sample, TWO, missing="pairwise")

    assert (listwise.n, listwise.missing) == (int((~np.isnan(gappy)).all(axis=1).sum()), "listwise")
    assert (pairwise.n, pairwise.n_left_out, pairwise.missing) == (699, 1, "pairwise")
    assert complete.missing == "none"
    close = np.abs(pairwise.estimates.loadings - complete.estimates.loadings).max()
    assert close < np.abs(listwise.estimates.loadings - complete.estimates.loadings).max()
    free = complete.standard_errors.loadings > 0
    assert (pairwise.standard_errors.loadings[free] > complete.standard_errors.loadings[free]).all()
    assert (pairwise.standard_errors.loadings[free] < listwise.standard_errors.loadings[free]).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(-3, 3), st.permutations(range(700)), st.permutations(range(3)))
def test_shifting_codes_and_permuting_people_and_items_change_nothing(constant, people, items):
    matrix = answers(np.random.default_rng(1), 700)
    order = [*items, 3, 4, 5]

    plain = ordinal_factor_analysis(matrix, TWO, identification="unit_variance")
    moved = ordinal_factor_analysis((matrix + constant)[people][:, order], TWO, identification="unit_variance")

    assert moved.fit.scaled.chi2 == pytest.approx(plain.fit.scaled.chi2, rel=1e-6)
    expected = plain.estimates.loadings[0][order]
    np.testing.assert_allclose(moved.estimates.loadings[0], expected * np.sign(expected[0, 0]), atol=1e-6)


def test_reversing_an_item_reverses_its_loading(sample):
    reversed_item = sample.copy()
    reversed_item[:, 1] = 5 - reversed_item[:, 1]

    plain, turned = (ordinal_factor_analysis(x, TWO, identification="unit_variance") for x in (sample, reversed_item))

    assert turned.fit.chi2 == pytest.approx(plain.fit.chi2, rel=1e-7)
    np.testing.assert_allclose(turned.estimates.loadings[0, 1], -plain.estimates.loadings[0, 1], atol=1e-6)
    np.testing.assert_allclose(turned.estimates.thresholds[0, 1], -plain.estimates.thresholds[0, 1][::-1], atol=1e-9)


def test_a_residual_covariance_is_found():
    rng = np.random.default_rng(5)
    latent = latent_answers(rng, 2000)
    latent[:, [0, 1]] += 0.5 * rng.normal(size=(2000, 1))
    matrix = np.searchsorted(CUTS, latent).astype(float)

    without = ordinal_factor_analysis(matrix, TWO)
    with_it = ordinal_factor_analysis(matrix, TWO, residual_covariances=[(0, 1)])

    assert with_it.estimates.residual_covariance[0, 0, 1] > 3 * with_it.standard_errors.residual_covariance[0, 0, 1]
    assert with_it.fit.scaled.p_value > without.fit.scaled.p_value
    assert with_it.fit.df == without.fit.df - 1


def test_categories_that_a_group_does_not_use_are_refused_or_merged(sample):
    groups = np.repeat(["x", "y"], 350)
    matrix = sample.copy()
    matrix[(matrix[:, 2] == 4) & (groups == "y"), 2] = 3

    with pytest.raises(ValueError, match=r"item 2: nobody in group 'y' answered 4.*merge"):
        ordinal_factor_analysis(matrix, TWO, groups)
    found = ordinal_factor_analysis(matrix, TWO, groups, unequal_categories="merge", items="abcdef")

    assert found.merged == {"c": ((1,), (2,), (3, 4))}
    assert found.thresholds_used.sum(axis=1).tolist() == [3, 3, 2, 3, 3, 3]


def test_a_category_that_nobody_uses_needs_no_merging(sample):
    matrix = np.where(sample > 2, sample + 1, sample)

    found = ordinal_factor_analysis(matrix, TWO)

    assert found.merged == {}
    assert found.fit.chi2 == pytest.approx(ordinal_factor_analysis(sample, TWO).fit.chi2, rel=1e-9)


def test_the_first_group_is_the_reference_or_the_one_asked_for(sample):
    groups = np.repeat(["x", "y"], 350)

    found = ordinal_factor_analysis(sample, TWO, groups, reference="y", invariance="intercepts")

    assert found.groups == ("y", "x")
    assert (found.estimates.factor_means[0] == 0).all()
    assert (found.estimates.factor_means[1] != 0).all()


def test_a_heywood_case_is_not_proper():
    """An item and its near copy leave the factor nothing to explain them by but each other."""
    rng = np.random.default_rng(6)
    latent = rng.normal(size=(400, 3)) + 0.15 * rng.normal(size=(400, 1))
    latent[:, 1] = latent[:, 0] + 0.1 * rng.normal(size=400)

    found = ordinal_factor_analysis(np.searchsorted(CUTS, latent), {"a": [0, 1, 2]}, identification="unit_variance")

    assert not found.proper


@pytest.mark.parametrize("seed", range(4))
def test_a_factor_on_which_hardly_anything_loads_is_not_identified(seed):
    rng = np.random.default_rng(seed)
    weak = np.searchsorted([-1.5, 1.5], 0.3 * rng.normal(size=(80, 1)) + rng.normal(size=(80, 3)))

    with pytest.raises(ValueError, match="not identified by these answers"):
        ordinal_factor_analysis(weak, {"weak": [0, 1, 2]})


def test_wrong_input_is_refused(sample):
    groups = np.repeat(["x", "y"], 350)
    constant = sample.copy()
    constant[groups == "y", 3] = 2

    for arguments, options, message in [
        ((sample, TWO), {"estimator": "ML"}, "estimator must be one of WLSMV, ULSMV"),
        ((sample, TWO), {"parameterisation": "gamma"}, "parameterisation must be one of"),
        ((sample, TWO), {"missing": "fiml"}, "missing must be one of"),
        ((sample, TWO), {"invariance": "loadings"}, "give groups"),
        ((sample, TWO, groups), {"invariance": "strict"}, "needs parameterisation='theta'"),
        ((sample, TWO, np.zeros(700)), {}, "at least 2 different groups"),
        ((sample, TWO, np.arange(700)), {}, "1 people are too few"),
        ((sample, TWO, np.where(np.arange(700) < 5, "z", groups)), {}, "group 'z': 5 people are too few"),
        ((constant, TWO, groups), {}, "group 'y': item 3 does not vary"),
        ((sample + 0.5, TWO), {}, "whole-number codes"),
        ((sample * np.nan, TWO), {}, "no answer at all"),
        ((sample[:5], TWO), {}, "5 people are too few"),
        ((sample, {"a": [0, 1, 2]}), {}, "belongs to no factor"),
        ((sample, {"a": [0, 1, 2, 3, 4, 5], "b": [0, 1, 2, 3, 4, 5]}), {}, "not identified"),
        ((sample, TWO, groups), {"reference": "q"}, "reference group 'q'"),
    ]:
        with pytest.raises(ValueError, match=message):
            ordinal_factor_analysis(*arguments, **options)
