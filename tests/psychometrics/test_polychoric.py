"""Polychoric correlations and categorical omega: independent likelihood, errors seen in samples, edges, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal, norm

from psychometrics import categorical_omega, mcdonald_omega, ordinal_alpha, polychoric_correlations
from psychometrics._bivariate_normal import bivariate_normal_cdf

nan = np.nan
LOADINGS = np.array([0.5, 0.6, 0.7, 0.8])
CUTS = [-0.5, 0.6, 1.2]


def ordered(rng, n_people=400, skip=0.0, loadings=LOADINGS, cuts=CUTS):
    unique = np.sqrt(1 - loadings**2)
    latent = rng.normal(size=(n_people, 1)) * loadings + rng.normal(size=(n_people, len(loadings))) * unique
    return np.where(rng.random(latent.shape) < skip, nan, np.digitize(latent, cuts))


@given(h=st.floats(-6, 6), k=st.floats(-6, 6), rho=st.floats(-0.999, 0.999))
@settings(max_examples=60, deadline=None)
def test_the_bivariate_normal_equals_scipy(h, k, rho):
    expected = multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf([h, k])

    assert bivariate_normal_cdf(np.array([h]), np.array([k]), np.array([rho]))[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("h", "k"), [(0.0, 0.0), (0.0, 1.0), (0.0, -1.0), (-np.inf, 0.5), (np.inf, 0.5)])
def test_the_bivariate_normal_is_right_on_the_axes_and_at_infinity(h, k):
    found = bivariate_normal_cdf(np.array([h]), np.array([k]), np.array([0.5]))[0]

    corner = 0.25 + np.arcsin(0.5) / (2 * np.pi)
    by_integration = norm.expect(lambda x: norm.cdf((k - 0.5 * x) / np.sqrt(0.75)), ub=h) if np.isfinite(h) else None
    expected = {-np.inf: 0.0, np.inf: norm.cdf(k)}.get(h, corner if k == 0 else by_integration)
    assert found == pytest.approx(expected, abs=1e-9)


def test_one_correlation_maximises_the_likelihood_of_its_table():
    answers = ordered(np.random.default_rng(1))[:, :2].astype(int)
    table = np.zeros((4, 4))
    np.add.at(table, (answers[:, 0], answers[:, 1]), 1)
    below = [np.concatenate([[-9], norm.ppf(np.cumsum(table.sum(axis=x))[:-1] / 400), [9]]) for x in (1, 0)]

    def minus_log_likelihood(rho):
        normal = multivariate_normal(cov=[[1, rho], [rho, 1]])
        corner = np.array([[normal.cdf([a, b]) for b in below[1]] for a in below[0]])
        return -np.sum(table * np.log(np.maximum(np.diff(np.diff(corner, axis=0), axis=1), 1e-12)))

    expected = minimize_scalar(minus_log_likelihood, bounds=(-0.9, 0.9), method="bounded", options={"xatol": 1e-7}).x
    assert polychoric_correlations(answers).correlation[0, 1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("skip", [0.0, 0.15])
def test_correlations_are_unbiased_and_their_errors_are_those_seen_in_repeated_samples(skip):
    rng = np.random.default_rng(2)
    runs = [polychoric_correlations(ordered(rng, skip=skip)) for _ in range(300)]
    estimates = np.array([run.correlation for run in runs])

    pairs = np.triu_indices(4, 1)
    np.testing.assert_allclose(estimates.mean(axis=0)[pairs], np.outer(LOADINGS, LOADINGS)[pairs], atol=0.015)
    # The standard deviation of 300 values has a relative standard error of 4 %.
    errors = np.mean([run.standard_errors for run in runs], axis=0)
    np.testing.assert_allclose(errors[pairs], estimates.std(axis=0)[pairs], rtol=0.15)


@given(seed=st.integers(0, 100), constant=st.integers(-5, 5))
@settings(max_examples=15, deadline=None)
def test_codes_may_be_shifted_reversed_or_spread_out(seed, constant):
    answers = ordered(np.random.default_rng(seed), n_people=200, skip=0.05)

    found = polychoric_correlations(answers)

    np.testing.assert_allclose(polychoric_correlations(answers + constant).correlation, found.correlation, atol=1e-8)
    np.testing.assert_allclose(polychoric_correlations(3 - answers).correlation, found.correlation, atol=1e-8)
    np.testing.assert_allclose(polychoric_correlations(2 * answers).correlation, found.correlation, atol=1e-8)


def test_an_unused_category_has_no_threshold():
    answers = ordered(np.random.default_rng(3))
    answers[answers[:, 0] == 2, 0] = 3

    found = polychoric_correlations(answers)

    assert [len(x) for x in found.thresholds] == [2, 3, 3, 3]
    assert not np.isnan(found.standard_errors).any()


@pytest.mark.parametrize("seed", [4, 5, 8, 9, 14])
def test_few_people_who_nearly_agree_get_the_most_likely_correlation(seed):
    rng = np.random.default_rng(seed)
    answers = ordered(rng, 15, loadings=np.full(6, 0.9), cuts=np.linspace(-1.5, 1.5, 6))
    found = polychoric_correlations(answers)

    for first, second in zip(*np.triu_indices(6, 1), strict=True):
        codes = [np.unique(answers[:, item], return_inverse=True)[1] for item in (first, second)]
        table = np.zeros((codes[0].max() + 1, codes[1].max() + 1))
        np.add.at(table, tuple(codes), 1)
        h, k = (np.array([-9.0, *found.thresholds[item], 9.0]) for item in (first, second))

        def unlikely(rho, table=table, h=h, k=k):
            corners = bivariate_normal_cdf(h[:, None], k[None, :], np.full((len(h), len(k)), rho))
            cell = np.maximum(np.diff(np.diff(corners, axis=0), axis=1), 1e-300)
            return -(table * np.log(cell)).sum()

        best = min(map(unlikely, np.linspace(-0.99, 0.99, 199)))
        assert unlikely(found.correlation[first, second]) < best + 0.05


def test_perfect_agreement_is_stopped_at_the_edge_and_said_so():
    answers = np.repeat([[0, 0], [1, 1]], 30, axis=0)

    found = polychoric_correlations(answers)

    assert found.notes == ("at_edge",)
    assert found.correlation[0, 1] > 0.999
    assert np.isnan(found.standard_errors[0, 1])
    assert polychoric_correlations(answers, zero_cell=0.5).correlation[0, 1] < 0.999


def test_correlations_that_do_not_fit_together_are_smoothed_on_request():
    rng = np.random.default_rng(4)
    answers = ordered(rng, n_people=12, loadings=np.linspace(0.5, 0.9, 8), cuts=[0.0], skip=0.1)

    found, smooth = (polychoric_correlations(answers, smooth=x, zero_cell=0.5) for x in (False, True))

    assert np.linalg.eigvalsh(found.correlation)[0] < 0
    assert np.linalg.eigvalsh(smooth.correlation)[0] > -1e-10
    np.testing.assert_allclose(np.diag(smooth.correlation), 1)
    assert "smoothed" in smooth.notes


@pytest.mark.parametrize(
    "options", [{}, {"scale": "latent"}, {"total_variance": "model"}, {"estimator": "uls"}], ids=str
)
def test_the_standard_error_of_categorical_omega_is_the_spread_seen_in_repeated_samples(options):
    rng = np.random.default_rng(5)
    runs = [categorical_omega(ordered(rng, n_people=600, skip=0.1), **options) for _ in range(300)]

    spread = np.std([run.estimate for run in runs])

    assert np.mean([run.standard_error for run in runs]) == pytest.approx(spread, rel=0.13)


def test_categorical_omega_is_the_reliability_of_the_sum_of_answers():
    rng = np.random.default_rng(6)
    trait = rng.normal(size=(300_000, 1))
    first, second = (
        np.digitize(trait * LOADINGS + rng.normal(size=(300_000, 4)) * np.sqrt(1 - LOADINGS**2), CUTS) for _ in range(2)
    )

    found = categorical_omega(first)

    # Two sets of answers by the same people are parallel tests.
    assert found.estimate == pytest.approx(np.corrcoef(first.sum(axis=1), second.sum(axis=1))[0, 1], abs=0.005)
    assert categorical_omega(first, scale="latent").estimate > found.estimate
    assert ordinal_alpha(first) > mcdonald_omega(first).estimate


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        ([[1, 1, 1], [2, 1, 2], [1, 1, 2]], "item 1 does not vary"),
        ([[1.5, 1, 1], [2, 1, 2]], "row 0, column 0 holds 1.5"),
        ([[0, 1, 99], [2, 1, 2]], "range of 100"),
        ([[1, nan, 1], [2, nan, 2], [nan, 1, 1], [nan, 2, 2]], "nobody answered both item 0 and item 1"),
    ],
)
@pytest.mark.parametrize("function", [polychoric_correlations, categorical_omega])
def test_unusable_answers_are_refused_with_their_reason(function, responses, message):
    with pytest.raises(ValueError, match=message):
        function(responses)
