"""Fit of items, people, pairs and whole models against mirt."""

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_distribution

from psychometrics.irt.item_fit import s_x2
from psychometrics.irt.local_dependence import local_dependence
from psychometrics.irt.model_fit import limited_information_fit
from psychometrics.irt.person_likelihood import person_likelihood_fit
from psychometrics.irt.residuals import item_mean_squares, person_mean_squares, residual_correlations
from psychometrics.irt.scores import eap_scores
from tests.reference.reference_cases import cases, matrix, read, vector
from tests.reference.test_irt_calibration import calibrated


@pytest.mark.parametrize("case", cases("irt_mml"))
def test_item_fit_equals_reference(case):
    expected = case["result"]["S_X2"]

    found = s_x2(calibrated(case["id"]))

    np.testing.assert_allclose(found.chi2, vector(expected["S_X2"]), rtol=1e-3, atol=1e-4)
    df = vector(expected["df.S_X2"])
    if case["id"].endswith("_Rasch"):
        # mirt takes away a second degree of freedom, for the variance that all items share, which rejects true items
        # two times too often: test_rasch_items_that_fit_are_rejected_as_often_as_they_should_be shows it.
        df = df + 1
    np.testing.assert_array_equal(found.degrees_of_freedom, df)
    np.testing.assert_allclose(
        chi2_distribution.sf(found.chi2, vector(expected["df.S_X2"])), vector(expected["p.S_X2"]), atol=1e-4
    )
    if not case["id"].endswith("_Rasch"):
        np.testing.assert_allclose(found.p, vector(expected["p.S_X2"]), atol=1e-4)
        np.testing.assert_allclose(found.rmsea, vector(expected["RMSEA.S_X2"]), atol=1e-4)


STATISTICS = {"M2star": "M2*", "C2": "C2", "M2": "M2"}
FIT_CASES = [
    pytest.param(c.values[0], key, id=f"{c.id}-{key}")
    for c in cases("irt_mml")
    for key in STATISTICS
    if c.values[0].get("result", {}).get(key)
]


@pytest.mark.parametrize(("case", "key"), FIT_CASES)
def test_limited_information_fit_equals_reference(case, key):
    expected = case["result"][key]

    found = limited_information_fit(calibrated(case["id"]), statistic=STATISTICS[key])

    assert found.degrees_of_freedom == expected["df"]
    assert found.srmsr[0] == pytest.approx(expected["SRMSR"], abs=1e-5)
    if (case["id"], key) == ("irt_science_gpcm", "C2"):
        # mirt's 16.34 is not C2: test_statistic_equals_its_definition_over_all_patterns gives 19.04 from all patterns.
        assert found.chi2 == pytest.approx(19.0394, abs=1e-3)
        return
    assert found.chi2 == pytest.approx(expected["M2"], rel=1e-4)
    assert found.p == pytest.approx(expected["p"], rel=1e-3, abs=1e-12)
    assert found.rmsea == pytest.approx(expected["RMSEA"], abs=1e-5)
    # mirt divides by n - 1 for the estimate and by n for its interval; here both by n - 1.
    shrunk = np.sqrt((found.n - 1) / found.n)
    assert found.rmsea_lower * shrunk == pytest.approx(expected["RMSEA_5"], abs=1e-5)
    assert found.rmsea_upper * shrunk == pytest.approx(expected["RMSEA_95"], abs=1e-5)
    if (case["id"], key) == ("irt_anxiety_graded", "M2star"):
        # Independent items leave 29 means to fit, and 435 - 29 degrees of freedom; mirt takes 435 - 116, the number of
        # intercepts, and projects out as many directions, of which 87 are arbitrary.
        assert found.independence_degrees_of_freedom == 435 - 29
        return
    assert found.tli == pytest.approx(expected["TLI"], abs=1e-4)
    assert found.cfi == pytest.approx(expected["CFI"], abs=1e-4)


@pytest.mark.parametrize("case", cases("irt_mml"))
def test_residual_correlations_equal_reference(case):
    found = residual_correlations(calibrated(case["id"]))

    np.testing.assert_allclose(found.q3, matrix(case["result"]["Q3"]), atol=1e-3)


@pytest.mark.parametrize("case", [c for c in cases("irt_mml") if c.values[0].get("result", {}).get("LD_X2")])
def test_local_dependence_equals_reference(case):
    expected = matrix(case["result"]["LD_X2"])
    below = np.tril_indices(len(expected), -1)

    found = local_dependence(calibrated(case["id"]))

    np.testing.assert_allclose(found.chi2[below], expected[below], rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(found.cramers_v.T[below], expected.T[below], rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("case", [c for c in cases("irt_mml") if c.values[0].get("result", {}).get("infit_outfit_eap")])
def test_item_mean_squares_equal_reference(case):
    expected = case["result"]["infit_outfit_eap"]

    found = item_mean_squares(calibrated(case["id"]))

    np.testing.assert_allclose(found.outfit, expected["outfit"], atol=1e-3)
    np.testing.assert_allclose(found.outfit_z, expected["z.outfit"], atol=1e-2)
    np.testing.assert_allclose(found.infit, expected["infit"], atol=1e-3)
    np.testing.assert_allclose(found.infit_z, expected["z.infit"], atol=1e-2)


def mean_squares(residual, variance, fourth, n, n_of_outfit):
    """Outfit, infit and their z over items, from the textbook (Wright & Masters 1982)."""
    spreads = (
        np.sqrt(np.nansum(fourth / variance**2, axis=1) / n_of_outfit**2 - 1 / n),
        np.sqrt(np.nansum(fourth - variance**2, axis=1)) / np.nansum(variance, axis=1),
    )
    values = np.nansum(residual**2 / variance, axis=1) / n, np.nansum(residual**2, axis=1) / np.nansum(variance, axis=1)
    z = [
        (v ** (1 / 3) - 1) * 3 / np.minimum(q, 1.4142) + np.minimum(q, 1.4142) / 3
        for v, q in zip(values, spreads, strict=True)
    ]
    return values[0], z[0], values[1], z[1]


@pytest.mark.parametrize("case", cases("irt_mml"))
def test_person_mean_squares_equal_reference(case):
    expected = case["result"]["personfit_first_rows"]
    model, first = calibrated(case["id"]), slice(len(expected["outfit"]))
    codes = read(case)[0][first] - model.minimum
    probability = model.layout.family.probabilities(model.state.beta[0], eap_scores(model).trait[first])
    code = np.arange(probability.shape[1])[:, None]
    mean = (probability * code).sum(axis=1)
    moments = [(probability * (code - mean[:, None]) ** power).sum(axis=1).T for power in (2, 4)]
    variance, fourth = (np.where(np.isnan(codes), np.nan, moment) for moment in moments)
    n = (~np.isnan(codes)).sum(axis=1)

    found = person_mean_squares(model)

    own = [values[first] for values in (found.outfit, found.outfit_z, found.infit, found.infit_z)]
    for value, computed in zip(own, mean_squares(codes - mean.T, variance, fourth, n, n), strict=True):
        np.testing.assert_allclose(value, computed, atol=1e-4)
    # mirt raises every variance below .0032 to that, and mixes the number of answers with that of all items, skipped or
    # not, in the spread of the outfit: the sum over answers by the latter squared, less one over the former.
    raised = np.where(variance**2 < 1e-5, np.sqrt(1e-5), variance)
    computed = mean_squares(codes - mean.T, raised, fourth, n, len(mean))
    for name, value in zip(("outfit", "z.outfit", "infit", "z.infit"), computed, strict=True):
        np.testing.assert_allclose(value, vector(expected[name]), atol=5e-3)


@pytest.mark.parametrize("case", cases("irt_mml"))
def test_person_likelihood_equals_reference(case):
    expected = vector(case["result"]["personfit_first_rows"]["Zh"])
    model = calibrated(case["id"])

    found = person_likelihood_fit(model, eap_scores(model)).lz[: len(expected)]

    np.testing.assert_allclose(found, expected, atol=2e-3)
