"""Alignment against sirt."""

import numpy as np
import pytest

from psychometrics import align_estimates, alignment
from tests.reference.reference_cases import cases, matrix, read, vector


@pytest.mark.parametrize("case", cases("alignment"))
def test_alignment_equals_sirt(case):
    responses, groups = read(case)
    expected = case["result"]

    found = alignment(responses, groups, estimator="ml", power=0.25, epsilon=1e-3, rng=np.random.default_rng(1))

    factors = expected["group_means_and_sds"]
    assert list(found.groups) == expected["groups"]
    assert list(found.n) == expected["n"]
    # The tolerance of the reference is 1e-2, its optimiser's; the criterion itself agrees to five digits.
    np.testing.assert_allclose(found.factor_means, vector(factors["alpha0"]), atol=1e-3)
    np.testing.assert_allclose(found.factor_sds, vector(factors["psi0"]), atol=1e-3)
    assert np.argsort(found.factor_means).tolist() == np.argsort(vector(factors["alpha0"])).tolist()
    np.testing.assert_allclose(found.loadings, matrix(expected["lambda_aligned"]), atol=1e-3)
    np.testing.assert_allclose(found.intercepts, matrix(expected["nu_aligned"]), atol=1e-3)
    r2, residual_share, correlation = matrix(expected["effect_sizes"])
    np.testing.assert_allclose([found.r2_loadings, found.r2_intercepts], r2, atol=1e-4)
    np.testing.assert_allclose(
        np.sqrt(1 - np.array([found.r2_loadings, found.r2_intercepts])), residual_share, atol=1e-3
    )
    correlations = [found.mean_correlation_loadings, found.mean_correlation_intercepts]
    np.testing.assert_allclose(correlations, correlation, atol=1e-3)
    # sirt sums over ordered pairs and divides by the weights of all pairs, a group with itself included.
    weights = np.sqrt(np.outer(found.n, found.n))
    share = np.triu(weights, 1).sum() / weights.sum()
    assert 2 * found.loss * share == pytest.approx(expected["fopt"], rel=1e-5)


@pytest.mark.parametrize("case", cases("alignment"))
def test_alignment_of_sirts_own_configural_estimates_is_the_same(case):
    expected = case["result"]

    found = align_estimates(
        matrix(expected["lambda_configural"]),
        matrix(expected["nu_configural"]),
        expected["n"],
        power=0.25,
        epsilon=1e-3,
        rng=np.random.default_rng(2),
    )

    factors = expected["group_means_and_sds"]
    np.testing.assert_allclose(found.factor_means, vector(factors["alpha0"]), atol=1e-3)
    np.testing.assert_allclose(found.factor_sds, vector(factors["psi0"]), atol=1e-3)
