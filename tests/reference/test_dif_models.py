"""Model-based DIF against mirt."""

import numpy as np
import pytest

from psychometrics.dif.effect_sizes import (
    meade_effect_sizes,
    response_function_differences,
    root_mean_square_deviations,
)
from psychometrics.dif.impact import anchored_comparison, score_impact
from psychometrics.dif.likelihood_ratio import likelihood_ratio_dif
from psychometrics.dif.sibtest import sibtest
from psychometrics.irt.calibration import calibrate
from tests.psychometrics.simulation import simulate
from tests.reference.reference_cases import cases, read, vector


@pytest.mark.parametrize("case", cases("dif_irt_lrt"))
def test_likelihood_ratio_tests_equal_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    anchors = np.isin(case["data"]["columns"], expected["anchors"])
    reference = min(np.unique(groups))

    anchored = likelihood_ratio_dif(responses, groups, reference=reference, anchors=anchors)
    dropped = likelihood_ratio_dif(responses, groups, reference=reference)

    for found, table in ((anchored, expected["add"]), (dropped, expected["drop"])):
        assert [case["data"]["columns"][i] for i in found.items] == table["_rows"]
        np.testing.assert_allclose(found.chi2, vector(table["X2"]), atol=5e-3)
        np.testing.assert_array_equal(found.degrees_of_freedom, table["df"])
        assert found.converged.all()


@pytest.mark.parametrize("case", cases("dif_sibtest"))
def test_sibtest_equals_reference_but_for_the_sign(case):
    responses, groups = read(case)
    expected, k = case["result"], responses.shape[1]
    focal = float(case["data"]["focal"])
    column = {name: at for at, name in enumerate(expected["columns"])}
    plain, crossing = (np.array([vector(row) for row in expected[x]["values"]]) for x in ("sibtest", "csibtest"))

    found = sibtest(responses, groups, focal=focal)
    bundle = sibtest(responses, groups, focal=focal, suspects=[[0, 1, 2]])
    chosen = sibtest(responses, groups, focal=focal, suspects=[[1]], matching=range(5, k))

    for name, at in (("beta", "beta"), ("se", "SE"), ("chi2", "X2"), ("p", "p")):
        sign = -1 if name == "beta" else 1
        np.testing.assert_allclose(sign * getattr(found, name), plain[:, column[at]], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.crossing_beta, crossing[:, column["beta"]], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.crossing_chi2, crossing[:, column["X2"]], rtol=1e-8)
    np.testing.assert_array_equal(found.crossing_degrees_of_freedom, crossing[:, column["df"]])
    np.testing.assert_allclose(found.crossing_p, crossing[:, column["p"]], rtol=1e-8)
    for result, table in ((bundle, expected["bundle_1_3"]), (chosen, expected["item2_matched_6_k"])):
        np.testing.assert_allclose([result.chi2[0], result.crossing_chi2[0]], table["X2"], rtol=1e-8)
        np.testing.assert_allclose([-result.beta[0], result.crossing_beta[0]], table["beta"], rtol=1e-8)


@pytest.mark.parametrize("case", [c for c in cases("dif_effect_sizes") if not c.id.startswith("rmsd")])
def test_effect_sizes_equal_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    anchors = np.isin(case["data"]["columns"], expected["anchors"])
    model = calibrate(responses, groups, equal_slopes=anchors, equal_intercepts=anchors, tolerance=1e-6)

    drf = response_function_differences(model)
    dtf = response_function_differences(model, density="uniform")
    meade = meade_effect_sizes(model)

    found = [drf.signed, drf.unsigned, drf.root_mean_square]
    np.testing.assert_allclose(found, [expected["drf"][name] for name in ("sDRF", "uDRF", "dDRF")], atol=1e-3)
    for own, name in ((drf.item_signed, "sDIF"), (drf.item_unsigned, "uDIF"), (drf.item_root_mean_square, "dDIF")):
        np.testing.assert_allclose(own, vector(expected["drf_items"][name]), atol=1e-3)
    # mirt's DTF is reference minus focal.
    assert -dtf.signed == pytest.approx(expected["dtf"]["sDTF.score"], abs=1e-3)
    assert dtf.unsigned == pytest.approx(expected["dtf"]["uDTF.score"], abs=1e-3)
    for own, name in ((meade.signed, "SIDS"), (meade.unsigned, "UIDS"), (meade.largest, "max.D")):
        np.testing.assert_allclose(own, vector(expected["item_es"][name]), atol=1e-3)
    free = ~anchors
    np.testing.assert_allclose(meade.standardized[free], vector(expected["item_es"]["ESSD"])[free], atol=1e-3)
    test = dict(zip(expected["test_es"]["Effect Size"], expected["test_es"]["Value"], strict=True))
    for own, name in (
        (meade.test_signed, "STDS"),
        (meade.test_unsigned_items, "UTDS"),
        (meade.test_unsigned, "UETSDS"),
        (meade.test_standardized, "ETSSD"),
        (meade.test_largest, "Test.Dmax"),
    ):
        assert own == pytest.approx(test[name], abs=1e-3)


def test_anchored_impact_is_the_response_function_difference_over_normal_focal_traits():
    made = simulate(np.random.default_rng(0), n=(800, 800), n_shifted=2, shift=0.8)
    anchors = ~made.differs
    model = calibrate(made.responses, made.groups, reference="R", equal_slopes=anchors, equal_intercepts=anchors)

    impact = score_impact(anchored_comparison(model, rng=np.random.default_rng(0)), scale_sd=1.0)
    drf = response_function_differences(model, density="focal")

    assert impact.signed.value == pytest.approx(drf.signed, abs=0.05)
    assert impact.signed.lower < drf.signed < impact.signed.upper


@pytest.mark.parametrize("case", [c for c in cases("dif_effect_sizes") if c.id.startswith("rmsd")])
def test_root_mean_square_deviations_equal_reference(case):
    responses, groups = read(case)
    model = calibrate(responses, groups, equal_slopes=True, equal_intercepts=True, covariance="none")

    found = root_mean_square_deviations(model)

    for g, label in enumerate(model.group_labels):
        table = case["result"][str(int(label))]
        expected = np.column_stack([vector(values) for name, values in table.items() if name != "_rows"])
        np.testing.assert_allclose(found[g], expected, atol=1e-4)
