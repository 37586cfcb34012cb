"""Confirmatory factor analysis against independent computations, simulated truth and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from psychometrics import (
    confirmatory_factor_analysis,
    modification_indices,
    one_factor_model,
    standardized_solution,
)
from psychometrics.confirmatory._parameters import NAMES, implied_covariances, implied_means, jacobian

FACTORS = {"calm": [0, 1, 2], "bold": [3, 4, 5]}
LOADINGS = np.array([[1.0, 0], [0.8, 0], [1.2, 0], [0, 1.0], [0, 0.9], [0, 0.7]])
FACTOR_COVARIANCE = np.array([[1.0, 0.4], [0.4, 0.8]])
RESIDUALS = np.array([0.6, 0.5, 0.9, 0.7, 0.4, 0.8])
TRUTH = LOADINGS @ FACTOR_COVARIANCE @ LOADINGS.T + np.diag(RESIDUALS)


def answers(n, seed=1, skipped=0.0, heavy=False):
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(np.arange(6.0), TRUTH, n)
    if heavy:
        # One size per person: the covariances stay, the tails get heavy.
        drawn = np.arange(6.0) + (drawn - np.arange(6.0)) * rng.choice([0.5, np.sqrt(1.75)], (n, 1))
    drawn[rng.random(drawn.shape) < skipped] = np.nan
    return drawn


def normal_log_likelihood(responses, means, covariance):
    total = 0.0
    for row in responses:
        seen = ~np.isnan(row)
        deviation, block = row[seen] - means[seen], covariance[np.ix_(seen, seen)]
        total -= 0.5 * (
            seen.sum() * np.log(2 * np.pi) + np.linalg.slogdet(block)[1] + deviation @ np.linalg.solve(block, deviation)
        )
    return total


@pytest.mark.parametrize("skipped", [0.0, 0.15])
def test_a_general_optimiser_finds_the_same_maximum(skipped):
    responses = answers(120, skipped=skipped)
    model = confirmatory_factor_analysis(responses, FACTORS, missing="fiml")

    def minus(parameters):
        at = model.layout.unpack(parameters)
        covariance = implied_covariances(at)[0]
        if np.linalg.eigvalsh(covariance)[0] <= 0:
            return 1e10
        return -normal_log_likelihood(responses, implied_means(at)[0], covariance)

    start = model.parameters * np.random.default_rng(2).uniform(0.9, 1.1, len(model.parameters))
    found = minimize(minus, start, method="BFGS", options={"gtol": 1e-3})

    assert -found.fun <= model.fit.log_likelihood + 1e-6
    assert model.fit.log_likelihood == pytest.approx(-minus(model.parameters), rel=1e-12)
    np.testing.assert_allclose(found.x, model.parameters, atol=2e-3)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM", "GLS", "ULS"])
def test_every_estimator_recovers_the_truth(estimator):
    model = confirmatory_factor_analysis(answers(20_000), FACTORS, estimator=estimator)

    # Four standard errors; the largest is 0.02.
    for found, truth in (
        (model.estimates.loadings[0], LOADINGS),
        (model.estimates.factor_covariance[0], FACTOR_COVARIANCE),
        (np.diag(model.estimates.residual_covariance[0]), RESIDUALS),
    ):
        np.testing.assert_allclose(found, truth, atol=0.08)
    assert model.fit.rmsea < 0.02


@pytest.mark.parametrize(("estimator", "heavy"), [("ML", False), ("ULS", False), ("GLS", False), ("MLR", True)])
def test_standard_errors_hold_in_repeated_samples(estimator, heavy):
    fits = [
        confirmatory_factor_analysis(answers(400, seed=seed, heavy=heavy), FACTORS, estimator=estimator)
        for seed in range(120)
    ]

    spread = np.std([fit.parameters for fit in fits], axis=0)
    claimed = np.mean([fit.layout.pack(fit.standard_errors) for fit in fits], axis=0)
    # A standard deviation from 120 draws has an error of 6 %; over 13 parameters the mean ratio is closer.
    assert np.mean(claimed / spread) == pytest.approx(1.0, abs=0.07)
    np.testing.assert_allclose(claimed / spread, 1.0, atol=0.25)
    if estimator == "ULS":
        # Inverting D'D, as lavaan does (see tests/reference/test_confirmatory.py), misses by half.
        slope = jacobian(fits[0].layout, fits[0].estimates)[1][0]
        naive = np.sqrt(np.diag(np.linalg.inv(slope.T @ slope)) / 399)
        assert np.abs(naive / spread - 1.0).max() > 0.4


def test_robust_tests_hold_for_heavy_tails_where_the_plain_one_does_not():
    fits = [
        confirmatory_factor_analysis(answers(400, seed=seed, heavy=True), FACTORS, estimator=estimator).fit
        for seed in range(100)
        for estimator in ("MLR", "MLM")
    ]

    # With 8 degrees of freedom and 100 draws the mean of a chi-square has a standard error of 0.4.
    assert np.mean([fit.chi2 for fit in fits]) > 10
    assert np.mean([fit.scaled.chi2 for fit in fits[::2]]) == pytest.approx(8, abs=1.2)
    assert np.mean([fit.scaled.chi2 for fit in fits[1::2]]) == pytest.approx(8, abs=1.2)


def test_full_information_uses_everyone_and_listwise_the_complete():
    responses = answers(500, skipped=0.1)
    responses[0] = np.nan

    full = confirmatory_factor_analysis(responses, FACTORS, missing="fiml")
    listwise = confirmatory_factor_analysis(responses, FACTORS)

    complete = int((~np.isnan(responses).any(axis=1)).sum())
    assert (full.n, full.n_left_out) == (499, 1)
    assert (listwise.n, listwise.n_left_out) == (complete, 500 - complete)
    assert full.layout.pack(full.standard_errors)[:13].mean() < listwise.layout.pack(listwise.standard_errors).mean()


def test_without_gaps_full_information_is_maximum_likelihood():
    responses = answers(300)

    full = confirmatory_factor_analysis(responses, FACTORS, missing="fiml")
    plain = confirmatory_factor_analysis(responses, FACTORS, mean_structure=True)

    np.testing.assert_allclose(full.parameters, plain.parameters, rtol=1e-10)
    assert full.fit == plain.fit


def test_one_factor_equals_the_model_behind_omega():
    responses = answers(300, skipped=0.1)[:, :4]

    general = confirmatory_factor_analysis(responses, {"f": range(4)}, missing="fiml", identification="unit_variance")
    special = one_factor_model(responses)

    np.testing.assert_allclose(general.estimates.loadings[0, :, 0], special.loadings, rtol=1e-6)
    assert general.fit.log_likelihood == pytest.approx(special.log_likelihood, rel=1e-10)
    k = 4
    np.testing.assert_allclose(
        general.standard_errors.loadings[0, :, 0], np.sqrt(np.diag(special.observed_covariance))[:k], rtol=1e-5
    )


def test_marker_and_unit_variance_are_the_same_model():
    responses = answers(300)

    marker = confirmatory_factor_analysis(responses, FACTORS)
    unit = confirmatory_factor_analysis(responses, FACTORS, identification="unit_variance")

    assert marker.fit.chi2 == pytest.approx(unit.fit.chi2, rel=1e-9)
    ours, theirs = standardized_solution(marker), standardized_solution(unit)
    for name in NAMES[:3]:
        np.testing.assert_allclose(getattr(ours.estimates, name), getattr(theirs.estimates, name), atol=1e-7)
        np.testing.assert_allclose(
            getattr(ours.standard_errors, name), getattr(theirs.standard_errors, name), atol=1e-7
        )


@settings(max_examples=15, deadline=None)
@given(
    scale=st.lists(st.floats(0.1, 20), min_size=6, max_size=6),
    shift=st.floats(-50, 50),
    order=st.permutations(range(200)),
)
def test_scaling_items_moving_them_and_shuffling_people_leave_the_fit(scale, shift, order):
    responses = answers(200)
    plain = confirmatory_factor_analysis(responses, FACTORS, estimator="MLR")

    other = confirmatory_factor_analysis(
        (responses * np.array(scale) + shift)[np.array(order)], FACTORS, estimator="MLR"
    )

    ours, theirs = ([one.chi2 for one in modification_indices(model)] for model in (other, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    for name in ("chi2", "cfi", "rmsea", "srmr"):
        assert getattr(other.fit, name) == pytest.approx(getattr(plain.fit, name), rel=1e-6, abs=1e-9)
    assert other.fit.scaled.chi2 == pytest.approx(plain.fit.scaled.chi2, rel=1e-6)
    np.testing.assert_allclose(
        standardized_solution(other).estimates.loadings, standardized_solution(plain).estimates.loadings, atol=1e-6
    )


@pytest.mark.parametrize("skipped", [0.0, 0.1])
def test_a_modification_index_foretells_the_fall_of_the_chi_square(skipped):
    rng = np.random.default_rng(3)
    responses = answers(2000, seed=3, skipped=skipped)
    shared = rng.normal(size=2000)
    responses[:, 1] += 0.3 * shared
    responses[:, 4] += 0.3 * shared

    model = confirmatory_factor_analysis(responses, FACTORS, missing="fiml")
    first = modification_indices(model)[0]
    freed = confirmatory_factor_analysis(responses, FACTORS, missing="fiml", residual_covariances=[(1, 4)])

    assert {first.element.row, first.element.column} == {"item 1", "item 4"}
    # Score and likelihood-ratio tests agree when the step is small.
    assert first.chi2 == pytest.approx(model.fit.chi2 - freed.fit.chi2, rel=0.1)
    assert first.expected_change == pytest.approx(freed.estimates.residual_covariance[0, 1, 4], rel=0.1)


def test_a_factor_that_hardly_anything_loads_on_ends_at_a_bound_and_is_said_to_be_improper():
    rng = np.random.default_rng(5)
    factor, noise = rng.normal(size=(90, 1)), rng.normal(size=(90, 6))
    responses = np.hstack([noise[:, :3], noise[:, 3:] + factor])

    # Unbounded, the third residual variance falls without end.
    models = [confirmatory_factor_analysis(responses, FACTORS, estimator=name) for name in ("ML", "ULS")]

    for model in models:
        assert model.converged
        assert not model.proper
        assert np.diag(model.estimates.residual_covariance[0]).min() >= 0
        assert np.isfinite(model.fit.chi2)


def test_a_model_that_the_answers_do_not_determine_is_said_to_be_so():
    model = confirmatory_factor_analysis(answers(300), {"a": [0, 1, 2, 3, 4, 5], "b": [0, 1, 2, 3, 4, 5]})

    assert not model.identified
    assert np.isnan(model.standard_errors.loadings).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": "WLSMV"}, "estimator must be one of"),
        ({"missing": "pairwise"}, "missing must be one of"),
        ({"estimator": "MLM", "missing": "fiml"}, "needs estimator 'ML' or 'MLR'"),
        ({"groups": ["a"] * 60}, "at least 2 different groups"),
        ({"groups": ["a"] * 59 + ["b"]}, "group 'b': 1 people are too few"),
        ({"groups": ["a"] * 10}, "one label for each of the 60 people"),
        ({"factors": {"calm": [0, 1, 2]}}, "belongs to no factor"),
        ({"equal": ["means"]}, "equal must be one of"),
        ({"identification": "scale"}, "identification must be one of"),
        ({"items": ["a", "b"]}, "one name for each of the 6 columns"),
    ],
)
def test_wrong_options_are_refused(change, message):
    options = {"factors": FACTORS, **change}
    with pytest.raises(ValueError, match=message):
        confirmatory_factor_analysis(answers(60), **options)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "ULS"])
def test_more_parameters_than_moments_are_refused(estimator):
    with pytest.raises(ValueError, match="not identified: it has 4 free parameters, the answers have only 3 moments"):
        confirmatory_factor_analysis(answers(100)[:, :2], {"calm": [0, 1]}, estimator=estimator)


@pytest.mark.filterwarnings("ignore:full-information moments did not converge")
@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_gaps_that_leave_covariances_open_are_refused(estimator):
    apart, copied, few = answers(200), answers(60), answers(14, seed=3, skipped=0.3)
    apart[:100, 0] = apart[100:, 1] = np.nan
    copied[:, 2], copied[3, 4] = copied[:, 0], np.nan

    for responses, reason in ((apart, "both item 0 and item 1"), (copied, "sums of others"), (few, "too few people")):
        with pytest.raises(ValueError, match=reason):
            confirmatory_factor_analysis(responses, FACTORS, missing="fiml", estimator=estimator)


def test_wrong_answers_are_refused():
    constant, copied, gaps = answers(60), answers(60), answers(60)
    constant[:, 2] = 1.0
    copied[:, 2] = copied[:, 0] + copied[:, 1]
    gaps[5:, 3] = np.nan

    with pytest.raises(ValueError, match="item 2 does not vary"):
        confirmatory_factor_analysis(constant, FACTORS)
    with pytest.raises(ValueError, match="sums of others"):
        confirmatory_factor_analysis(copied, FACTORS)
    with pytest.raises(ValueError, match=r"5 people are too few.*fiml"):
        confirmatory_factor_analysis(gaps, FACTORS)
    with pytest.raises(ValueError, match="no answer at all"):
        confirmatory_factor_analysis(np.full((60, 6), np.nan), FACTORS)
