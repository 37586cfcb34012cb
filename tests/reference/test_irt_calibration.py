"""Calibration by marginal maximum likelihood against mirt."""

from functools import cache

import numpy as np
import pytest

from psychometrics.irt.calibration import calibrate
from tests.reference.reference_cases import cases, matrix, read, vector

NOT_ESTIMATED = ("g", "u", "logit(g)", "logit(u)", "d0", *(f"ak{k}" for k in range(10)))
MODELS = {"graded": "graded", "2PL": "graded", "Rasch": "rasch", "gpcm": "generalized_partial_credit"}


def mirt_item(value):
    """Slope and intercepts with their standard errors from mirt's table, without what is not estimated."""
    keep = [at for at, name in enumerate(value["cols"]) if name not in NOT_ESTIMATED]
    return matrix(value)[:, keep]


@cache
def calibrated(identity):
    """One calibration for all tests of a case."""
    case = next(p.values[0] for p in cases("irt_mml") if p.id == identity)
    model = MODELS[identity.rsplit("_", 1)[1]]
    return calibrate(read(case)[0], model=model, covariance="observed", tolerance=1e-7)


@pytest.mark.parametrize("case", cases("irt_mml"))
def test_calibration_equals_reference(case):
    expected = case["result"]

    found = calibrated(case["id"])

    assert found.n.sum() == expected["n"]
    assert found.log_likelihood == pytest.approx(expected["logLik"], abs=1e-4)
    assert found.n_parameters == expected["npar"]
    assert found.aic == pytest.approx(expected["AIC"], abs=2e-4)
    assert found.bic == pytest.approx(expected["BIC"], abs=2e-4)
    for item, name in enumerate(case["data"]["columns"]):
        estimate, se = mirt_item(expected["coef_slope_intercept"][name])
        own = np.concatenate([[found.slopes[0, item]], found.intercepts[0, item]])[: len(estimate)]
        own_se = np.concatenate([[found.slopes_se[0, item]], found.intercepts_se[0, item]])[: len(estimate)]
        np.testing.assert_allclose(own, estimate, atol=2e-3, rtol=1e-3)
        np.testing.assert_allclose(own_se, se, rtol=1e-2)
    if found.model == "rasch":
        variance, variance_se = matrix(expected["coef_slope_intercept"]["GroupPars"])[:, 1]
        assert found.sds[0] ** 2 == pytest.approx(variance, abs=1e-3)
        assert 2 * found.sds[0] * found.sds_se[0] == pytest.approx(variance_se, rel=1e-2)


@pytest.mark.parametrize("case", cases("irt_mml"))
def test_difficulties_and_variances_equal_reference(case):
    expected = case["result"]

    found = calibrated(case["id"])

    # The variance of Rasch's trait is estimated by its logarithm here, by itself there: compared above.
    variances = vector(expected["vcov_diag"])[: found.layout.n_parameters - int(found.layout.free_sd.sum())]
    np.testing.assert_allclose(np.diag(found.covariance)[: len(variances)], variances, rtol=2e-2)
    if expected["irt_pars"] is not None:
        keep = [at for at, name in enumerate(expected["irt_pars"]["cols"]) if name not in ("g", "u")]
        table = matrix(expected["irt_pars"])[:, keep]
        np.testing.assert_allclose(found.slopes[0], table[:, 0], atol=2e-3, rtol=1e-3)
        np.testing.assert_allclose(found.difficulties[0], table[:, 1:], atol=2e-3, rtol=1e-3)


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
    assert found.aic == pytest.approx(expected["AIC"][level], abs=2e-3)
    assert found.bic == pytest.approx(expected["BIC"][level], abs=2e-3)
    for g, label in enumerate(found.group_labels):
        coefficients = expected["coef"][level][str(int(label))]
        assert found.means[g] == pytest.approx(vector(coefficients["means"])[0], abs=1e-2)
        assert found.sds[g] ** 2 == pytest.approx(np.ravel(matrix(coefficients["cov"]))[0], abs=1e-2)
        table = matrix(coefficients["items"])[:, : 1 + found.intercepts.shape[2]]
        own = np.concatenate([found.slopes[g][:, None], found.intercepts[g]], axis=1)
        np.testing.assert_allclose(own, table, atol=1e-2)
        if level == "anc":
            errors = expected["anchored_se"][str(int(label))]
            for item, name in enumerate(case["data"]["columns"]):
                se = mirt_item(errors[name])[1]
                own_se = np.concatenate([[found.slopes_se[g, item]], found.intercepts_se[g, item]])
                np.testing.assert_allclose(own_se, se, rtol=1e-2)
            mean_se, variance_se = matrix(errors["GroupPars"])[1]
            assert found.means_se[g] == pytest.approx(mean_se, rel=1e-2, nan_ok=True)
            assert 2 * found.sds[g] * found.sds_se[g] == pytest.approx(variance_se, rel=1e-2, nan_ok=True)
