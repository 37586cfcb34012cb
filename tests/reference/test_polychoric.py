"""Polychoric correlations and categorical omega against lavaan, psych and semTools."""

import numpy as np
import pytest

from psychometrics import categorical_omega, ordinal_alpha, polychoric_correlations
from tests.reference.reference_cases import cases, matrix, read, vector


@pytest.mark.parametrize("case", cases("polychoric"))
def test_polychoric_correlations_equal_lavaan_and_psych(case):
    responses, _ = read(case)
    expected = case["result"]

    found = polychoric_correlations(responses)

    assert found.n == expected["n"]
    np.testing.assert_allclose(found.correlation, matrix(expected["lav_cor"]), atol=1e-6)
    np.testing.assert_allclose(np.concatenate(found.thresholds), vector(expected["lav_th"]), rtol=1e-8)
    np.testing.assert_allclose(found.correlation, matrix(expected["psych_rho_c0"]), atol=1e-4)
    assert ordinal_alpha(responses) == pytest.approx(expected["ordinal_alpha"], abs=1e-6)
    eigenvalues = np.linalg.eigvalsh(found.correlation)[::-1]
    np.testing.assert_allclose(eigenvalues, vector(expected["eigen_poly"]), atol=1e-6)
    if expected["psych_rho_c5"]:
        corrected = polychoric_correlations(responses, zero_cell=0.5)
        np.testing.assert_allclose(corrected.correlation, matrix(expected["psych_rho_c5"]), atol=1e-4)


@pytest.mark.parametrize("case", [x for x in cases("polychoric") if "complete" not in x.id])
def test_pairwise_polychoric_correlations_equal_lavaan(case):
    every_row = {**case, "data": {**case["data"], "listwise": False}}
    responses, _ = read(every_row)

    found = polychoric_correlations(responses)

    np.testing.assert_allclose(found.correlation, matrix(case["result"]["lav_cor_pairwise_rows_all"]), atol=1e-6)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("omega_ord_scale", {}),
        ("omega_ord_scale_modelvar", {"total_variance": "model"}),
        ("omega_latent_response", {"scale": "latent"}),
        ("omega_uls_ord_scale", {"estimator": "uls"}),
    ],
)
@pytest.mark.parametrize("case", cases("reliability_categorical_omega"))
def test_categorical_omega_equals_semtools(case, key, options):
    responses, _ = read(case)

    found = categorical_omega(responses, missing="listwise", **options)

    assert found.estimate == pytest.approx(case["result"][key], abs=1e-6)
    assert found.n == case["result"]["n"]
    assert ordinal_alpha(responses, missing="listwise") == pytest.approx(case["result"]["alpha_ordinal"], abs=1e-6)
