"""Coefficient omega and its one-factor model: independent optimiser, skipping, Heywood cases, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from psychometrics import cronbach_alpha, mcdonald_omega, one_factor_chi2, one_factor_model
from psychometrics._one_factor_likelihood import expected_information, gradient_and_hessian, log_likelihood
from psychometrics._patterns import collapse

nan = np.nan
ESTIMATORS = ("ml", "fiml", "uls")


def congeneric(rng, loadings, n_people=400, skip=0.0):
    loadings = np.asarray(loadings, dtype=float)
    unique = np.sqrt(1 - np.minimum(loadings**2, 0.99))
    answers = rng.normal(size=(n_people, 1)) * loadings + rng.normal(size=(n_people, len(loadings))) * unique
    return np.where(rng.random(answers.shape) < skip, nan, answers)


def some_skip_half(answers, rng):
    skipped = (rng.random((len(answers), 1)) < 0.15) & (rng.random(answers.shape) < 0.5)
    return np.where(skipped, nan, answers)


def row_by_row(answers, loadings, uniquenesses, means):
    """Normal log-likelihood of every row, from its own part of the implied covariance matrix."""
    implied, total = np.outer(loadings, loadings) + np.diag(uniquenesses), 0.0
    for row in answers:
        seen = ~np.isnan(row)
        if seen.any():
            part, gap = implied[np.ix_(seen, seen)], (row - means)[seen]
            total -= 0.5 * (np.linalg.slogdet(2 * np.pi * part)[1] + gap @ np.linalg.solve(part, gap))
    return total


def test_full_information_estimates_are_the_top_of_the_row_by_row_likelihood():
    answers = congeneric(np.random.default_rng(1), [0.5, 0.7, 0.8, 0.6], n_people=150, skip=0.25)

    model = one_factor_model(answers)

    assert model.log_likelihood == pytest.approx(
        row_by_row(answers, model.loadings, model.uniquenesses, model.intercepts), rel=1e-10
    )
    start = np.concatenate([model.loadings, np.log(model.uniquenesses), model.intercepts])
    other = minimize(lambda p: -row_by_row(answers, p[:4], np.exp(p[4:8]), p[8:]), start + 0.05, method="BFGS")
    assert -other.fun == pytest.approx(model.log_likelihood, abs=1e-6)
    np.testing.assert_allclose(other.x, start, atol=1e-4)


def test_derivatives_of_the_likelihood_are_exact():
    answers = congeneric(np.random.default_rng(2), [0.4, 0.6, 0.8], n_people=80, skip=0.2)
    rows = collapse(answers, np.nanmean(answers, axis=0))
    at = np.array([0.5, 0.6, 0.7, 0.8, 0.7, 0.5, 0.1, -0.1, 0.05])

    gradient, hessian = gradient_and_hessian(rows, at)

    steps = 1e-5 * np.eye(9)
    slopes = [(log_likelihood(rows, at + d) - log_likelihood(rows, at - d)) / 2e-5 for d in steps]
    bends = [(gradient_and_hessian(rows, at + d)[0] - gradient_and_hessian(rows, at - d)[0]) / 2e-5 for d in steps]
    np.testing.assert_allclose(gradient, slopes, atol=1e-6)
    np.testing.assert_allclose(hessian, bends, atol=1e-5)


def test_collapsing_rows_leaves_the_likelihood_as_it_is():
    rng = np.random.default_rng(3)
    answers = some_skip_half(congeneric(rng, [0.5, 0.6, 0.7], n_people=3000), rng)
    parameters = np.array([0.5, 0.6, 0.7, 0.8, 0.7, 0.5, 0.1, -0.1, 0.05])

    rows = collapse(answers, np.zeros(3))

    assert len(rows.values) < 60
    expected = row_by_row(answers, parameters[:3], parameters[3:6], parameters[6:])
    assert log_likelihood(rows, parameters) == pytest.approx(expected, rel=1e-10)


def test_expected_information_is_minus_the_mean_curvature():
    answers = congeneric(np.random.default_rng(4), [0.5, 0.7, 0.8], n_people=200_000)
    answers[:80_000, 0] = nan
    parameters = np.concatenate([[0.5, 0.7, 0.8], 1 - np.array([0.5, 0.7, 0.8]) ** 2, np.zeros(3)])
    rows = collapse(answers, np.zeros(3))

    expected = expected_information(rows.patterns, np.array([80_000.0, 120_000.0]), parameters)

    _, hessian = gradient_and_hessian(rows, parameters)
    np.testing.assert_allclose(expected / 200_000, -hessian / 200_000, atol=0.03)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("share", [0.0, 0.15])
def test_omega_recovers_the_truth_with_and_without_skipping(estimator, share):
    rng = np.random.default_rng(5)
    loadings = np.array([0.4, 0.5, 0.6, 0.7, 0.8])
    answers = congeneric(rng, loadings, n_people=60_000)
    answers = some_skip_half(answers, rng) if share else answers
    true = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())

    found = mcdonald_omega(answers, estimator=estimator)

    assert found.estimate == pytest.approx(true, abs=0.005)
    assert found.n_effective <= found.n * 1.0000001


@pytest.mark.parametrize("estimator", ESTIMATORS)
@given(seed=st.integers(0, 500), constant=st.integers(-1000, 1000))
@settings(max_examples=15, deadline=None)
def test_omega_under_skipping_ignores_a_constant_and_never_exceeds_one(estimator, seed, constant):
    rng = np.random.default_rng(seed)
    answers = some_skip_half(np.round(2 * congeneric(rng, [0.5, 0.6, 0.7, 0.8], n_people=80)), rng)

    found = mcdonald_omega(answers, estimator=estimator)
    moved = mcdonald_omega(answers + constant, estimator=estimator)

    assert moved.estimate == pytest.approx(found.estimate, abs=1e-6)
    assert found.lower <= found.estimate <= found.upper <= 1


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("seed", range(6))
def test_omega_of_independent_items_is_near_zero_when_people_skip_half_of_the_items(estimator, seed):
    rng = np.random.default_rng(seed)
    answers = some_skip_half(rng.integers(1, 6, size=(20_000, 11)).astype(float), rng)

    found = mcdonald_omega(answers, estimator=estimator)

    assert abs(found.estimate) < 0.05


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_interval_of_omega_widens_with_skipping(estimator):
    rng = np.random.default_rng(6)
    answers = congeneric(rng, [0.5, 0.6, 0.7, 0.8], n_people=800)

    full, skipped = (
        mcdonald_omega(x, estimator=estimator)
        for x in (answers, np.where(rng.random(answers.shape) < 0.2, nan, answers))
    )

    assert skipped.standard_error > full.standard_error
    assert skipped.n_effective < full.n_effective == pytest.approx(800)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_standard_error_is_the_spread_seen_in_repeated_samples(estimator):
    rng = np.random.default_rng(7)
    runs = [
        mcdonald_omega(
            congeneric(rng, [0.5, 0.6, 0.7, 0.8], n_people=300, skip=0.1 * (estimator != "ml")), estimator=estimator
        )
        for _ in range(300)
    ]

    spread = np.std([run.estimate for run in runs])

    # The standard deviation of 300 values has a relative standard error of 4 %.
    assert np.mean([run.standard_error for run in runs]) == pytest.approx(spread, rel=0.13)


def test_robust_and_normal_standard_errors_agree_for_normal_answers_only():
    rng = np.random.default_rng(12)
    normal = congeneric(rng, [0.5, 0.6, 0.7, 0.8], n_people=20_000, skip=0.1)
    skewed = np.where(np.isnan(normal), nan, np.digitize(normal, [1.0, 1.5, 2.0]).astype(float))

    errors = {
        (name, kind): mcdonald_omega(answers, standard_errors=kind).standard_error
        for name, answers in (("normal", normal), ("skewed", skewed))
        for kind in ("robust", "normal")
    }

    assert errors["normal", "robust"] == pytest.approx(errors["normal", "normal"], rel=0.05)
    assert errors["skewed", "robust"] > 1.3 * errors["skewed", "normal"]


def test_free_loadings_fit_no_worse_than_equal_ones_and_degrees_of_freedom_tell_them_apart():
    answers = congeneric(np.random.default_rng(8), [0.3, 0.5, 0.7, 0.9], skip=0.1)

    free, equal = (one_factor_chi2(answers, one_factor_model(answers, equal_loadings=x)) for x in (False, True))

    assert (free.df, equal.df) == (2, 5)
    assert free.chi2 < equal.chi2
    assert equal.p_value < 0.001


def test_a_wrongly_keyed_item_is_named_by_a_note():
    found = mcdonald_omega(congeneric(np.random.default_rng(9), [0.6, 0.7, -0.6, 0.8]))

    assert found.notes == ("negative_loading",)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_without_a_proper_solution_alpha_is_returned_and_called_so(estimator):
    # r12 r13 / r23 = 1.28: the first item would need a negative residual variance.
    target = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    raw = np.random.default_rng(10).normal(size=(200, 3))
    raw -= raw.mean(axis=0)
    exact = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T)).T) @ np.linalg.cholesky(target).T

    found = mcdonald_omega(exact, estimator=estimator)

    assert found.notes == ("heywood",)
    assert found.method == "alpha"
    assert found.estimate == pytest.approx(cronbach_alpha(exact).estimate)


def test_two_items_have_omega_with_equal_loadings():
    answers = congeneric(np.random.default_rng(11), [0.7, 0.7])

    found = mcdonald_omega(answers)

    assert found.notes == ("equal_loadings",)
    assert found.estimate == pytest.approx(cronbach_alpha(answers).estimate)


@pytest.mark.parametrize(
    ("responses", "options", "message"),
    [
        ([[1], [2]], {}, "at least 2 items"),
        ([[1, 2, 3], [2, 3, 1], [3, 1, 1]], {}, "3 people are too few for a factor model of 3 items"),
        ([[1, 2, 3], [2, 2, 1], [3, 2, 2], [4, 2, 5]], {}, "item 1 does not vary"),
        ([[1, 2, nan], [2, nan, 1], [3, 2, 2], [nan, 2, 5]], {"estimator": "ml"}, "only 1 people answered every item"),
        (
            np.where(
                [[True, True, False, False], [False, False, True, True]] * 20, np.arange(160).reshape(40, 4) % 5, nan
            ),
            {},
            "items 0 and 2 were both answered by fewer than 2 people",
        ),
        ([[1, 2, 3], [2, 1, 1]], {"estimator": "pca"}, "estimator must be one of fiml, ml, uls"),
        ([[1, 2, 3], [2, 1, 1]], {"estimator": "uls", "equal_loadings": True}, "'uls' goes with free loadings"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(responses, options, message):
    with pytest.raises(ValueError, match=message):
        mcdonald_omega(responses, **options)
