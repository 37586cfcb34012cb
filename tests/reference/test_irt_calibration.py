"""Graded model, 2PL and Rasch by marginal maximum likelihood against mirt."""

import numpy as np
import pytest

from psychometrics.irt.calibration import calibrate
from psychometrics.irt.scores import eap_scores
from tests.reference.reference_cases import cases, matrix, read, vector


def mirt_item(value):
    """Slope and intercepts with their standard errors from mirt's table, without guessing parameters."""
    keep = [at for at, name in enumerate(value["cols"]) if name not in ("g", "u", "logit(g)", "logit(u)")]
    return matrix(value)[:, keep]


@pytest.mark.parametrize("case", [c for c in cases("irt_mml") if "gpcm" not in c.id])
def test_calibration_equals_reference(case):
    responses, _ = read(case)
    expected = case["result"]
    model = "rasch" if case["id"].endswith("Rasch") else "graded"

    found = calibrate(responses, model=model, covariance="observed", tolerance=1e-7)
    scores = eap_scores(found)

    assert found.log_likelihood == pytest.approx(expected["logLik"], abs=1e-4)
    assert found.n_parameters == expected["npar"]
    for item, name in enumerate(case["data"]["columns"]):
        estimate, se = mirt_item(expected["coef_slope_intercept"][name])
        own = np.concatenate([[found.slopes[0, item]], found.intercepts[0, item]])[: len(estimate)]
        own_se = np.concatenate([[found.slopes_se[0, item]], found.intercepts_se[0, item]])[: len(estimate)]
        np.testing.assert_allclose(own, estimate, atol=2e-3, rtol=1e-3)
        np.testing.assert_allclose(own_se, se, rtol=1e-2)
    first = matrix(expected["scores_first_rows"]["EAP"])
    np.testing.assert_allclose(scores.trait[: len(first)], first[:, 0], atol=1e-3)
    np.testing.assert_allclose(scores.se[: len(first)], first[:, 1], atol=1e-3)
    if model == "rasch":
        variance, variance_se = matrix(expected["coef_slope_intercept"]["GroupPars"])[:, 1]
        assert found.sds[0] ** 2 == pytest.approx(variance, abs=1e-3)
        assert 2 * found.sds[0] * found.sds_se[0] == pytest.approx(variance_se, rel=1e-2)


EQUALITY = {
    "conf": (False, False),
    "metric": (True, False),
    "scalar": (True, True),
}


@pytest.mark.parametrize("level", ["conf", "metric", "scalar", "anc"])
@pytest.mark.parametrize("case", cases("irt_multigroup"))
def test_calibration_of_two_groups_equals_reference(case, level):
    responses, groups = read(case)
    expected = case["result"]
    anchors = np.isin(case["data"]["columns"], expected["anchors"])
    slopes, intercepts = EQUALITY.get(level, (anchors, anchors))

    found = calibrate(responses, groups, equal_slopes=slopes, equal_intercepts=intercepts, tolerance=1e-6)

    assert found.log_likelihood == pytest.approx(expected["logLik"][level], abs=1e-3)
    assert found.n_parameters == expected["npar"][level]
    for g, label in enumerate(found.group_labels):
        coefficients = expected["coef"][level][str(int(label))]
        assert found.means[g] == pytest.approx(vector(coefficients["means"])[0], abs=1e-2)
        assert found.sds[g] ** 2 == pytest.approx(np.ravel(matrix(coefficients["cov"]))[0], abs=1e-2)
        table = matrix(coefficients["items"])[:, : 1 + found.intercepts.shape[2]]
        own = np.concatenate([found.slopes[g][:, None], found.intercepts[g]], axis=1)
        np.testing.assert_allclose(own, table, atol=1e-2)
        if level == "anc":
            for item, name in enumerate(case["data"]["columns"]):
                se = mirt_item(expected["anchored_se"][str(int(label))][name])[1]
                own_se = np.concatenate([[found.slopes_se[g, item]], found.intercepts_se[g, item]])
                np.testing.assert_allclose(own_se, se, rtol=1e-2)
