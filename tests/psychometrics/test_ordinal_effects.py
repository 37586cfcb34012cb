"""dMACS of ordered answers: numerical integration, simulated people and parameters, both parameterisations."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from psychometrics import macs_effect_sizes, ordinal_factor_analysis, ordinal_invariance
from psychometrics.confirmatory.ordinal_responses import expected_answer_differences
from tests.psychometrics.test_ordinal_invariance import FACTOR, STEPS, answers, changed


def partly_scalar(seed=1, n=(1200, 1200), parameterisation="theta"):
    responses, groups = answers(
        np.random.default_rng(seed), n, intercepts=changed(3, 0.5, np.zeros(6)), mean=0.3, sd=1.2
    )
    found = ordinal_invariance(
        responses, FACTOR, groups, partial=True, steps=STEPS[:4], alpha=0.001, parameterisation=parameterisation
    )
    return responses, groups, found.steps[-1].model


def test_dmacs_is_the_integral_of_the_curves_over_the_factor():
    responses, groups, model = partly_scalar()
    found = macs_effect_sizes(model)

    at = model.estimates
    density = norm(at.factor_means[1, 0], np.sqrt(at.factor_covariance[1, 0, 0])).pdf
    spread = [np.std(responses[groups == label], axis=0, ddof=1) for label in "ab"]
    for item in range(6):

        def gap(score, item=item):
            level = at.intercepts[:, item] + at.loadings[:, item, 0] * score
            residual = np.sqrt(at.residual_covariance[:, item, item])
            first, second = norm.cdf((level[:, None] - at.thresholds[:, item]) / residual[:, None]).sum(axis=1)
            return second - first

        mean, square = (
            quad(lambda score, power=power: gap(score) ** power * density(score), -9, 9, epsabs=1e-11)[0]
            for power in (1, 2)
        )
        pooled = (spread[0][item] + spread[1][item]) / 2
        assert found.mean_difference[0, item] == pytest.approx(mean, abs=1e-7)
        assert found.dmacs[0, item] == pytest.approx(np.sqrt(square) / pooled, abs=1e-7)
        assert found.signed[0, item] == pytest.approx(mean / pooled, abs=1e-7)
    assert found.sum_difference[0] == pytest.approx(found.mean_difference.sum())
    assert found.dmacs[0, 3] > 0.2
    # Residual variances are free in this step, so curves of the other items differ a little in slope.
    assert np.abs(np.delete(found.signed[0], 3)).max() < 0.05


def test_both_parameterisations_give_the_same_sizes_and_errors():
    delta, theta = (macs_effect_sizes(partly_scalar(parameterisation=name)[2]) for name in ("delta", "theta"))

    for name in ("dmacs", "signed_standard_errors", "mean_difference", "sum_difference_standard_errors"):
        np.testing.assert_allclose(getattr(delta, name), getattr(theta, name), atol=1e-4)


def test_standard_errors_are_the_spread_under_the_sampling_distribution_of_the_parameters():
    model = partly_scalar()[2]
    found = macs_effect_sizes(model)
    draws = np.random.default_rng(2).multivariate_normal(model.parameters, model.covariance, 200)

    means = [
        expected_answer_differences(model.layout.unpack(draw), model.thresholds_used, "theta")[0] for draw in draws
    ]

    # A standard deviation from 200 draws has an error of 5 %.
    np.testing.assert_allclose(found.mean_difference_standard_errors, np.std(means, axis=0), rtol=0.25, atol=1e-4)


def test_items_on_several_factors_agree_with_simulated_people():
    rng = np.random.default_rng(3)
    factors = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 3000)
    pattern = np.array([[0.8, 0], [0.7, 0], [0.5, 0.4], [0.6, 0], [0, 0.8], [0, 0.7], [0, 0.6]])
    latent = factors @ pattern.T + rng.normal(size=(3000, 7)) * 0.6
    groups = np.repeat(["x", "y"], 1500)
    latent[groups == "y"] += 0.2
    latent[groups == "y", 2] += 0.4
    responses = np.searchsorted([-0.8, 0.1, 1.0], latent)
    model = ordinal_factor_analysis(
        responses, {"a": [0, 1, 2, 3], "b": [4, 5, 6, 2]}, groups, invariance="intercepts", parameterisation="theta"
    )

    found = macs_effect_sizes(model)

    at = model.estimates
    people = rng.multivariate_normal(at.factor_means[1], at.factor_covariance[1], 200_000)
    levels = [at.intercepts[g, 2] + people @ at.loadings[g, 2] for g in (0, 1)]
    curves = [
        norm.cdf((levels[g][:, None] - at.thresholds[g, 2]) / np.sqrt(at.residual_covariance[g, 2, 2])).sum(axis=1)
        for g in (0, 1)
    ]
    gap = curves[1] - curves[0]
    error = gap.std() / np.sqrt(len(gap))
    assert found.mean_difference[0, 2] == pytest.approx(gap.mean(), abs=4 * error)


def test_a_model_that_ties_no_factor_is_refused():
    responses, groups = answers(np.random.default_rng(4), (200, 200))

    for options, message in [({"groups": groups}, "no item of factor 'f'"), ({}, "one group")]:
        with pytest.raises(ValueError, match=message):
            macs_effect_sizes(ordinal_factor_analysis(responses, FACTOR, **options))
