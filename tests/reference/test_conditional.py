"""Conditional maximum likelihood against eRm.

eRm climbs with nlm, which stops while parameters are still up to 4e-5 from the maximum, and takes second derivatives by
differences. So each of its estimates is led to the maximum by one exact Newton step before it is compared at 1e-5 and
better; that ours is the maximum shows in a likelihood above eRm's. `tests/psychometrics/test_conditional.py` checks the
derivatives against sums over all answer patterns.
"""

from dataclasses import replace

import numpy as np
import pytest

from psychometrics.irt.conditional import conditional_model, parameter_basis
from psychometrics.irt.conditional_likelihood import gradient, information
from psychometrics.irt.conditional_scores import conditional_fit, conditional_scores
from psychometrics.irt.conditional_tests import conditional_comparison
from tests.reference.reference_cases import cases, read, vector

CASES = cases("irt_cml")
RASCH = [case for case in CASES if "partial-credit" not in case.values[0].get("statistic", "")]
POLYTOMOUS = [case for case in CASES if "partial-credit" in case.values[0].get("statistic", "")]


def led_to_the_maximum(model, easiness):
    """Return one Newton step from easinesses, which sum to zero."""
    basis = parameter_basis(model.highest, model.model)
    _, slope = gradient(model.groups, easiness)
    curvature = basis.T @ information(model.groups, easiness) @ basis
    return easiness + basis @ np.linalg.solve(curvature, basis.T @ slope)


def assert_is_the_maximum_erm_was_heading_for(model, easiness, errors, log_likelihood):
    np.testing.assert_allclose(model.flat_easiness, led_to_the_maximum(model, easiness), atol=1e-7)
    np.testing.assert_allclose(model.flat_easiness, easiness, atol=5e-5)
    assert model.log_likelihood >= gradient(model.groups, easiness)[0]
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(model.covariance)), errors, rtol=2e-4)


@pytest.mark.parametrize("case", RASCH)
def test_rasch_items_equal_erm(case):
    responses, _ = read(case)
    expected = case["result"]

    model = conditional_model(responses)

    easiness, errors = vector(expected["beta_easiness"]), vector(expected["se_beta"])
    assert_is_the_maximum_erm_was_heading_for(model, easiness, errors, expected["loglik"])
    assert model.n_parameters == expected["npar"]


@pytest.mark.parametrize("case", POLYTOMOUS)
def test_partial_credit_and_rating_scale_equal_erm(case):
    responses, _ = read(case)
    expected = case["result"]

    model = conditional_model(responses, model="partial_credit")
    scale = conditional_model(responses, model="rating_scale")

    easiness, errors = vector(expected["pcm_beta"]), vector(expected["pcm_se"])
    assert_is_the_maximum_erm_was_heading_for(model, easiness, errors, expected["pcm_loglik"])
    np.testing.assert_allclose(model.thresholds.ravel(), vector(expected["pcm_thresholds"]), atol=5e-5)
    # eRm's parameters: the first thresholds of the items but the first, and how far the second lies behind.
    eta = [*scale.thresholds[1:, 0], scale.thresholds[0, 1] - scale.thresholds[0, 0]]
    np.testing.assert_allclose(eta, vector(expected["rsm_eta"]), atol=1e-5)
    assert scale.log_likelihood == pytest.approx(expected["rsm_loglik"], abs=1e-6)


@pytest.mark.parametrize("case", RASCH)
def test_traits_and_item_fit_at_its_easinesses_equal_erm(case):
    responses, _ = read(case)
    expected = case["result"]
    easiness = vector(expected["beta_easiness"])
    scores, traits = (np.array(expected["theta_by_score"][name]) for name in ("score", "theta"))
    inner = (scores > 0) & (scores < len(easiness))

    model = replace(conditional_model(responses), easiness=easiness[:, None])
    found, fit = conditional_scores(model), conditional_fit(model)

    # eRm's traits come from nlm, too: one Newton step ends where the expected score is the score.
    p = 1 / (1 + np.exp(-traits[inner, None] - easiness))
    corrected = traits[inner] + (scores[inner] - p.sum(axis=1)) / (p * (1 - p)).sum(axis=1)
    np.testing.assert_allclose(found.by_score[scores[inner]], corrected, atol=1e-8)
    np.testing.assert_allclose(found.by_score[scores], traits, atol=1e-4)
    np.testing.assert_allclose(found.trait[:60], vector(expected["theta_first_rows"]), atol=1e-4)
    assert found.reliability == pytest.approx(expected["SepRel"], abs=1e-4)
    for ours, theirs in ((fit.infit, "infit_msq"), (fit.outfit, "outfit_msq"), (fit.infit_z, "infit_z")):
        np.testing.assert_allclose(ours, vector(expected[theirs]), atol=1e-4)
    np.testing.assert_allclose(fit.outfit_z, vector(expected["outfit_z"]), atol=1e-4)


@pytest.mark.parametrize("case", RASCH)
def test_item_fit_at_our_own_easinesses_equals_erm(case):
    responses, _ = read(case)
    expected = case["result"]

    fit = conditional_fit(conditional_model(responses))

    np.testing.assert_allclose(fit.infit, vector(expected["infit_msq"]), atol=1e-4)
    np.testing.assert_allclose(fit.outfit, vector(expected["outfit_msq"]), atol=1e-4)


@pytest.mark.parametrize("case", RASCH)
def test_andersen_and_wald_tests_equal_erm(case):
    responses, _ = read(case)
    expected = case["result"]

    if expected["andersen"] is None:  # the median score is 4 of 5, so that nobody above it gave a wrong answer
        with pytest.raises(ValueError, match="0 items were answered with the same two codes or more in every group"):
            conditional_comparison(responses)
        return
    found = conditional_comparison(responses)

    assert found.left_out == ()
    assert found.chi2 == pytest.approx(expected["andersen"]["LR"], rel=1e-5)
    assert found.df == expected["andersen"]["df"]
    assert found.p == pytest.approx(expected["andersen"]["p"], abs=1e-5)
    # Low group minus high there. The groups' estimates are up to 5e-5 from their maxima, z therefore 2e-4.
    np.testing.assert_allclose(-found.z[:, 0], vector(expected["wald"]["z"]), atol=2e-4)
    np.testing.assert_allclose(found.z_p[:, 0], vector(expected["wald"]["p"]), atol=1e-4)
