"""Guttman's lambdas and split halves against psych and closed formulas."""

import numpy as np
import pytest

from psychometrics import guttman_lambdas, split_halves
from tests.reference.reference_cases import cases, read

LAMBDAS = ("lambda1", "lambda2", "lambda3", "lambda5", "lambda6")


@pytest.mark.parametrize("case", cases("reliability_guttman"))
def test_lambdas_equal_psych_and_guttman(case):
    responses, _ = read(case)
    by_correlation, by_covariance = case["result"]["lambda_cor"], case["result"]["lambda_cov"]

    standardized = guttman_lambdas(responses, basis="correlation")
    raw = guttman_lambdas(responses)

    for name in LAMBDAS:
        assert getattr(standardized, name) == pytest.approx(by_correlation[f"lambda.{name[-1]}"], rel=1e-8)
        assert getattr(raw, name) == pytest.approx(by_covariance[f"L{name[-1]}"], rel=1e-8)
    assert standardized.lambda5_plus == pytest.approx(by_correlation["lambda.5p"], rel=1e-8)
    np.testing.assert_allclose(standardized.mu, list(by_correlation["tenberge"].values()), rtol=1e-8)


@pytest.mark.parametrize("case", cases("reliability_guttman"))
def test_split_halves_equal_psych(case):
    responses, _ = read(case)
    expected = case["result"]

    raw = split_halves(responses)

    assert raw.odd_even_correlation == pytest.approx(expected["odd_even"]["r"], rel=1e-8)
    assert raw.odd_even_spearman_brown == pytest.approx(expected["odd_even"]["spearman_brown"], rel=1e-8)
    assert raw.odd_even_flanagan == pytest.approx(expected["odd_even"]["rulon"], rel=1e-8)
    if expected["split_cor"] is None:  # 25 items have too many splits, for psych too
        assert len(raw.coefficients) == 0
        return
    for basis, key in (("covariance", "split_cov"), ("correlation", "split_cor")):
        found = split_halves(responses, basis=basis)
        assert found.best == pytest.approx(expected[key]["maxrb"], rel=1e-8)
        assert found.worst == pytest.approx(expected[key]["minrb"], rel=1e-8)
        assert found.mean == pytest.approx(expected[key]["meanr"], rel=1e-8)
