"""Person fit against PerFit, which rounds to 4 decimals: half a unit of the last is added to the tolerance."""

import numpy as np
import pytest
from scipy.special import expit

from psychometrics.irt.person_fit import caution_indices, guttman_fit
from psychometrics.irt.person_likelihood import likelihood_fit
from tests.reference.reference_cases import cases, matrix, read, vector

ROUNDED = 0.5e-4 + 1e-6
CASES = cases("person_fit")


@pytest.mark.parametrize("case", CASES)
def test_indices_without_a_model_equal_perfit(case):
    responses, _ = read(case)
    expected = {name: vector(values) for name, values in case["result"]["scores"].items()}

    errors, caution = guttman_fit(responses), caution_indices(responses)

    # Where everything was answered alike PerFit gives 0 for two indices, of which NCI = 1 - 2 Gnormed cannot both be
    # true; the most errors such a score admits is none, 0 / 0.
    alike = np.ptp(responses, axis=1) == 0
    for name in ("Gnormed", "NCI"):
        np.testing.assert_array_equal(expected[name][alike], 0)
        expected[name][alike] = np.nan
    for name, found in {
        "G": errors.errors,
        "Gnormed": errors.normed_errors,
        "U3": errors.u3,
        "ZU3": caution.standardized_u3,
        "C.Sato": caution.caution,
        "Cstar": caution.modified_caution,
        "NCI": caution.norm_conformity,
        "A.KB": caution.agreement,
        "D.KB": caution.disagreement,
        "E.KB": caution.dependability,
        "Ht": caution.scalability,
        "r.pbis": caution.point_biserial,
    }.items():
        np.testing.assert_allclose(found, expected.pop(name), atol=ROUNDED, rtol=0, err_msg=name)
    assert not expected


@pytest.mark.parametrize("case", CASES)
def test_standardised_log_likelihoods_equal_perfit(case):
    responses, _ = read(case)
    expected = case["result"]
    slope, difficulty, _ = matrix(expected["IP"]).T
    trait = vector(expected["ability_ml"])
    trait[np.isinf(trait)] = 0.0
    p = expit(slope * (trait[:, None] - difficulty))
    change = slope * p * (1 - p)

    found = likelihood_fit(responses, np.stack([1 - p, p], axis=2), np.stack([-change, change], axis=2))

    np.testing.assert_allclose(found.lz, vector(expected["lz_theta0_where_infinite"]), atol=ROUNDED, rtol=0)
    finite = np.array(expected["rows_finite"]) - 1
    # The abilities come from mirt's optimiser; at the maximum itself, to which PerFit's lz* refers, nothing is left
    # of their error, which moves single values by another 1e-6.
    np.testing.assert_allclose(
        found.lz_star[finite], vector(expected["lzstar_finite_rows"]), atol=ROUNDED + 1e-6, rtol=0
    )
