"""Factor extraction, rotation, dimensionality and omega hierarchical against psych and GPArotation."""

from itertools import permutations

import numpy as np
import pytest

from psychometrics import (
    eigenvalues,
    factor_analysis,
    hierarchical_omega,
    minimum_average_partial,
    sampling_adequacy,
    sphericity,
)
from tests.reference.reference_cases import cases, matrix, read, vector

SOLUTIONS = ["minres_none", "minres_varimax", "minres_oblimin", "ml_none", "ml_oblimin", "ml_promax"]


def largest_gap(found, expected):
    """Compare loadings whatever the order and the signs of their columns."""
    gaps = np.array([[min(np.abs(a - b).max(), np.abs(a + b).max()) for b in expected.T] for a in found.T])
    return min(max(gaps[at, other] for at, other in enumerate(order)) for order in permutations(range(len(gaps))))


@pytest.mark.parametrize("solution", SOLUTIONS)
@pytest.mark.parametrize("case", cases("dimensionality"))
def test_factor_solutions_equal_psych(case, solution):
    responses, _ = read(case)
    expected = case["result"][solution]
    method, rotation = solution.split("_")

    found = factor_analysis(np.corrcoef(responses.T), case["result"]["nfactors"], method=method, rotation=rotation)

    assert largest_gap(found.loadings, matrix(expected["loadings"])) < 1e-4
    np.testing.assert_allclose(found.uniquenesses, vector(expected["uniquenesses"]), atol=1e-4)
    if method == "ml":
        assert found.objective == pytest.approx(expected["objective"], rel=1e-6)


@pytest.mark.parametrize("case", cases("dimensionality"))
def test_dimensionality_equals_psych(case):
    responses, _ = read(case)
    expected = case["result"]
    correlation = np.corrcoef(responses.T)

    adequacy, test = sampling_adequacy(correlation), sphericity(correlation, len(responses))
    partial = minimum_average_partial(correlation)

    np.testing.assert_allclose(eigenvalues(correlation), vector(expected["eigen_cor"]), rtol=1e-9)
    np.testing.assert_allclose(
        eigenvalues(correlation, reduced=True), vector(expected["eigen_smc_reduced"]), rtol=1e-7, atol=1e-12
    )
    count = min(len(partial) - 1, len(expected["map"]))
    np.testing.assert_allclose(partial[1 : count + 1], vector(expected["map"])[:count], rtol=1e-9)
    assert adequacy.overall == pytest.approx(expected["KMO"]["MSA"], rel=1e-9)
    np.testing.assert_allclose(adequacy.by_item, vector(expected["KMO"]["MSAi"]), rtol=1e-9)
    assert (test.chi2, test.df) == (pytest.approx(expected["bartlett"]["chisq"], rel=1e-9), expected["bartlett"]["df"])


@pytest.mark.parametrize("method", ["minres", "ml"])
@pytest.mark.parametrize("case", cases("reliability_omega"))
def test_omega_hierarchical_equals_psych(case, method):
    responses, _ = read(case)
    expected = case["result"][method]

    found = hierarchical_omega(responses, case["result"]["nfactors"], method=method)

    assert found.hierarchical == pytest.approx(expected["omega_h"], abs=1e-4)
    assert found.total == pytest.approx(expected["omega_total"], abs=1e-4)
    if method == "minres":
        columns = dict(zip(expected["sl"]["cols"], matrix(expected["sl"]).T, strict=True))
        assert found.limit == pytest.approx(expected["omega_lim"], abs=1e-4)
        assert found.explained_common_variance == pytest.approx(expected["ECV"]["g"], abs=1e-4)
        np.testing.assert_allclose(found.general_loadings, np.abs(columns["g"]), atol=1e-4)
        np.testing.assert_allclose(found.uniquenesses, columns["u2"], atol=1e-4)
