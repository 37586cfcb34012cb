"""Alignment: simulated truth, an independent optimum, errors by simulation, properties, gaps, wrong input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import differential_evolution

from psychometrics import align_estimates, alignment

LOADINGS = np.array([0.9, 0.7, 1.1, 0.8, 1.0])
INTERCEPTS = np.array([3.0, 2.5, 3.2, 2.8, 3.1])
MEANS = np.array([0.0, 0.5, -0.4, 0.8])
SDS = np.array([1.0, 1.3, 0.8, 1.1])


def rng():
    return np.random.default_rng(7)


def configural(shift=0.6):
    """Configural parameters of four groups; item 1 of group 2 and item 4 of group 3 have another intercept."""
    aligned = np.tile(INTERCEPTS, (4, 1))
    aligned[2, 1] += shift
    aligned[3, 4] -= shift
    return LOADINGS * SDS[:, None], aligned + MEANS[:, None] * LOADINGS


def answers(generator, n=800, shift=0.6):
    loadings, intercepts = configural(shift)
    parts = [
        intercepts[g] + generator.normal(size=(n, 1)) * loadings[g] + generator.normal(0, 0.6, (n, 5)) for g in range(4)
    ]
    return np.vstack(parts), np.repeat(np.arange(4), n)


def test_means_and_spreads_are_recovered_though_some_items_differ():
    loadings, intercepts = configural()

    found = align_estimates(loadings, intercepts, [500, 300, 400, 600], epsilon=1e-4, rng=rng())

    np.testing.assert_allclose(found.factor_means, MEANS, atol=0.01)
    np.testing.assert_allclose(found.factor_sds, SDS, atol=0.01)
    np.testing.assert_allclose(found.r2_intercepts_by_item[[0, 2, 3]], 1.0, atol=0.01)
    assert (found.r2_intercepts_by_item[[1, 4]] < 0.9).all()


def test_the_minimum_is_that_of_a_global_search_with_the_criterion_written_out():
    loadings, intercepts = configural()
    loadings = loadings + rng().normal(0, 0.05, loadings.shape)
    n = np.array([500, 300, 400, 600])
    pairs = [(g, h) for g in range(4) for h in range(g)]

    def criterion(free):
        mean, sd = np.append(0.0, free[:3]), np.append(1.0, np.exp(free[3:]))
        slopes = [loadings[g] / sd[g] for g in range(4)]
        levels = [intercepts[g] - mean[g] * slopes[g] for g in range(4)]
        total = sum(
            np.sqrt(n[g] * n[h]) * np.sum(np.sqrt(np.sqrt((part[g] - part[h]) ** 2 + 0.01)))
            for g, h in pairs
            for part in (slopes, levels)
        )
        return total / sum(np.sqrt(n[g] * n[h]) for g, h in pairs)

    found = align_estimates(loadings, intercepts, n, rng=rng())

    expected = differential_evolution(criterion, [(-2, 2)] * 3 + [(-1, 1)] * 3, seed=1, maxiter=60, popsize=8, tol=1e-6)
    assert found.loss == pytest.approx(expected.fun, rel=1e-6)
    np.testing.assert_allclose(found.factor_means[1:], expected.x[:3], atol=2e-3)


def test_standard_errors_are_those_of_repeated_estimates_and_differing_parameters_are_found():
    generator = rng()
    loadings, intercepts = configural()
    covariances = np.tile(0.002 * np.eye(10), (4, 1, 1))
    fits = [
        align_estimates(
            loadings + generator.normal(0, np.sqrt(0.002), loadings.shape),
            intercepts + generator.normal(0, np.sqrt(0.002), loadings.shape),
            [500] * 4,
            covariances=covariances,
            n_starts=1,
            rng=generator,
        )
        for _ in range(60)
    ]

    # A standard deviation from 60 samples has a standard error of 9 %.
    for name, errors in (("factor_means", "factor_mean_errors"), ("factor_sds", "factor_sd_errors")):
        observed = np.std([getattr(fit, name) for fit in fits], axis=0)
        expected = np.mean([getattr(fit, errors) for fit in fits], axis=0)
        np.testing.assert_allclose(expected, observed, rtol=0.35)
    differ = np.mean([fit.intercepts_differ for fit in fits], axis=0)
    assert differ[[2, 3], [1, 4]].min() > 0.95
    differ[2, 1] = differ[3, 4] = 0.0
    assert differ.max() < 0.06
    assert np.mean([fit.loadings_differ for fit in fits]) < 0.02


def test_differing_items_are_found_from_answers():
    found = alignment(*answers(rng()), rng=rng())

    expected = np.zeros((4, 5), dtype=bool)
    expected[2, 1] = expected[3, 4] = True
    np.testing.assert_array_equal(found.intercepts_differ, expected)
    assert not found.loadings_differ.any()
    assert (np.abs(found.factor_means - MEANS) < 3.5 * found.factor_mean_errors + 1e-12).all()


@settings(max_examples=8, deadline=None)
@given(st.floats(-5, 5), st.permutations(range(5)))
def test_adding_a_constant_and_permuting_items_change_no_factor_mean(constant, order):
    loadings, intercepts = configural()
    n = [500, 300, 400, 600]

    plain = align_estimates(loadings, intercepts, n, n_starts=2, rng=rng())
    moved = align_estimates(loadings[:, order], (intercepts + constant)[:, order], n, n_starts=2, rng=rng())

    np.testing.assert_allclose(moved.factor_means, plain.factor_means, atol=1e-5)
    np.testing.assert_allclose(moved.factor_sds, plain.factor_sds, atol=1e-5)
    np.testing.assert_allclose(moved.intercepts, (plain.intercepts + constant)[:, order], atol=1e-5)


def test_without_differences_every_parameter_is_shared():
    loadings, intercepts = configural(shift=0.0)

    found = align_estimates(
        loadings, intercepts, [500] * 4, covariances=np.tile(np.eye(10) * 1e-3, (4, 1, 1)), rng=rng()
    )

    assert not found.loadings_differ.any()
    assert not found.intercepts_differ.any()
    assert found.r2_loadings == pytest.approx(1.0)
    np.testing.assert_allclose(found.factor_means, MEANS, atol=1e-4)


def test_the_reference_group_gives_the_scale():
    loadings, intercepts = configural(shift=0.0)

    found = align_estimates(loadings, intercepts, [500] * 4, groups="abcd", reference="b", rng=rng())

    assert found.groups == ("b", "a", "c", "d")
    order = [1, 0, 2, 3]
    np.testing.assert_allclose(found.factor_sds, SDS[order] / SDS[1], atol=1e-4)
    np.testing.assert_allclose(found.factor_means, (MEANS[order] - MEANS[1]) / SDS[1], atol=1e-4)


def test_answers_with_gaps_are_used():
    generator = rng()
    responses, groups = answers(generator, n=500, shift=0.0)
    gappy = np.where(generator.random(responses.shape) < 0.15, np.nan, responses)

    found = alignment(gappy, groups, n_starts=2, rng=generator)

    complete = alignment(responses, groups, n_starts=2, rng=generator)
    # The gaps are at random, so they add noise only: a third of the standard error, about.
    assert np.abs(found.factor_means - complete.factor_means).max() < complete.factor_mean_errors.max()
    assert sum(found.n) == int((~np.isnan(gappy).all(axis=1)).sum())
    fewer = alignment(gappy, groups, estimator="ml", n_starts=2, rng=generator)
    assert sum(fewer.n) == int((~np.isnan(gappy)).all(axis=1).sum())


def test_wrong_input_is_refused():
    loadings, intercepts = configural()
    responses, groups = answers(rng(), n=30)

    for options, message in [
        ({"power": 1.5}, "power must be above 0"),
        ({"epsilon": 0.0}, "epsilon above 0"),
        ({"n_starts": 0}, "n_starts"),
        ({"reference": "x"}, "reference group 'x'"),
        ({"covariances": np.eye(10)}, "covariances must have the shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            align_estimates(loadings, intercepts, [500] * 4, rng=rng(), **options)
    with pytest.raises(ValueError, match="one row per group"):
        align_estimates(loadings, intercepts, [500] * 3, rng=rng())
    with pytest.raises(ValueError, match="finite"):
        align_estimates(loadings * np.nan, intercepts, [500] * 4, rng=rng())
    with pytest.raises(ValueError, match="two groups and two items"):
        align_estimates(loadings[:1], intercepts[:1], [500], rng=rng())
    with pytest.raises(ValueError, match="at least 2 different groups"):
        alignment(responses, np.zeros(len(responses)), rng=rng())
    with pytest.raises(ValueError, match="group 9"):
        alignment(responses, np.where(np.arange(len(responses)) < 3, 9, groups), rng=rng())
    constant = responses.copy()
    constant[groups == 2, 0] = 3.0
    with pytest.raises(ValueError, match="group 2: item 0 does not vary"):
        alignment(constant, groups, rng=rng())
