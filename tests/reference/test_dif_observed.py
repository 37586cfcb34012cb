"""Observed-score DIF statistics against difR and closed formulas."""

import numpy as np
import pytest
from scipy.special import chdtri

from psychometrics.dif.breslow_day import breslow_day
from psychometrics.dif.delta_plot import delta_plot
from psychometrics.dif.generalized import generalized_mantel_haenszel
from psychometrics.dif.mantel_haenszel import mantel_haenszel
from psychometrics.dif.polytomous import mantel
from psychometrics.dif.standardization import standardization
from tests.reference.reference_cases import cases, matrix, positions, read, vector


@pytest.mark.parametrize("case", cases("dif_mantel_haenszel"))
def test_mantel_haenszel_equals_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    purified = case["id"].endswith("purified")

    found = mantel_haenszel(responses, groups, focal=case["data"]["focal"], purified=purified)

    if "mh" not in expected:
        np.testing.assert_allclose(found.odds_ratio, vector(expected["alpha"]), rtol=1e-8)
        np.testing.assert_allclose(found.delta, vector(expected["delta"]), rtol=1e-8)
        np.testing.assert_allclose(found.delta_se, vector(expected["se_delta"]), rtol=1e-8)
        assert list(found.ets_class) == expected["ets"]
        return
    plain = mantel_haenszel(
        responses, groups, focal=case["data"]["focal"], purified=purified, continuity_correction=False
    )
    np.testing.assert_allclose(found.chi2, vector(expected["mh"]["MH"]), rtol=1e-8)
    np.testing.assert_allclose(found.odds_ratio, vector(expected["mh"]["alphaMH"]), rtol=1e-8)
    np.testing.assert_allclose(found.log_odds_ratio_se**2, vector(expected["mh"]["varLambda"]), rtol=1e-8)
    np.testing.assert_allclose(found.p, vector(expected["p"]), rtol=1e-8)
    np.testing.assert_allclose(found.delta, vector(expected["deltaMH"]), rtol=1e-8)
    np.testing.assert_allclose(plain.chi2, vector(expected["mh_uncorrected"]), rtol=1e-8)
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["mh"]["DIFitems"])
    assert np.flatnonzero(plain.flagged).tolist() == positions(expected["uncorrected_items"])
    if not purified:
        np.testing.assert_allclose(found.p_adjusted, vector(expected["p_bh"]), rtol=1e-8)
        z = np.log(found.odds_ratio) / found.log_odds_ratio_se
        np.testing.assert_allclose(z, vector(expected["logOR_z"]), rtol=1e-8)
    else:
        assert found.iterations == expected["mh"]["nrPur"]
        assert found.converged == expected["mh"]["convergence"]


@pytest.mark.parametrize("case", cases("dif_polytomous"))
def test_polytomous_statistics_equal_reference(case):
    responses, groups = read(case)
    expected = case["result"]

    found = mantel(responses, groups, focal=case["data"]["focal"])
    general = generalized_mantel_haenszel(responses, groups, reference=min(np.unique(groups)))

    np.testing.assert_allclose(found.chi2, vector(expected["mantel"]), rtol=1e-8)
    np.testing.assert_allclose(found.p, vector(expected["mantel_p"]), rtol=1e-8)
    np.testing.assert_allclose(found.smd, vector(expected["smd"]), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.smd_standardized, vector(expected["smd_es"]), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.liu_agresti, vector(expected["liu_agresti_alpha"]), rtol=1e-8)
    np.testing.assert_array_equal(found.strata, vector(expected["strata"]))
    np.testing.assert_allclose(general.chi2, vector(expected["gmh"]), rtol=1e-8)
    np.testing.assert_array_equal(general.degrees_of_freedom, vector(expected["gmh_df"]))


@pytest.mark.parametrize("case", [c for c in cases("dif_multigroup") if c.id.startswith(("gmh", "dif_"))])
def test_generalized_mantel_haenszel_of_three_groups_equals_reference(case):
    responses, groups = read(case)
    groups = np.where(groups <= 17, 1, np.where(groups <= 22, 2, 3))
    expected = case["result"]

    found = generalized_mantel_haenszel(responses, groups, reference=1, purified=case["id"].endswith("purified"))

    np.testing.assert_allclose(found.chi2, vector(expected["gmh"]), rtol=1e-8)
    assert chdtri(2, 0.05) == pytest.approx(expected["thr"], rel=1e-8)
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["items"])


@pytest.mark.parametrize("case", cases("dif_standardization"))
def test_standardization_equals_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    options = {"focal": case["data"]["focal"], "purified": case["id"].endswith("purified")}

    found = standardization(responses, groups, **options)
    total = standardization(responses, groups, weights="total", **options)

    np.testing.assert_allclose(found.p_difference, vector(expected["pdif"]), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.odds_ratio, vector(expected["stdAlpha"]), rtol=1e-8)
    np.testing.assert_allclose(total.p_difference, vector(expected["pdif_total_weight"]), rtol=1e-8, atol=1e-12)
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["items"])


@pytest.mark.parametrize("case", cases("dif_breslow_day"))
def test_breslow_day_equals_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    options = {"focal": case["data"]["focal"], "purified": case["id"].endswith("purified")}

    for statistic, table, items in (("homogeneity", "bd", "items"), ("trend", "trend", "trend_items")):
        found = breslow_day(responses, groups, statistic=statistic, **options)
        chi2, df, p = matrix(expected[table]).T
        # difR prints four decimals.
        np.testing.assert_allclose(found.chi2, chi2, atol=5.1e-5)
        np.testing.assert_array_equal(found.degrees_of_freedom, df)
        np.testing.assert_allclose(found.p, p, atol=5.1e-5)
        assert np.flatnonzero(found.flagged).tolist() == positions(expected[items])


@pytest.mark.parametrize("case", cases("dif_delta_plot"))
def test_delta_plot_equals_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    options = {"focal": case["data"]["focal"], "purified": case["id"].endswith("purified")}

    found = delta_plot(responses, groups, **options)
    normal = delta_plot(responses, groups, threshold="normal", **options)

    np.testing.assert_allclose(found.proportions, matrix(expected["props"]), rtol=1e-8)
    np.testing.assert_allclose(found.deltas, matrix(expected["deltas"]), rtol=1e-8)
    np.testing.assert_allclose(found.distance, matrix(expected["dist"])[:, 0], rtol=1e-8)
    np.testing.assert_allclose([found.intercept, found.slope], expected["axis"], rtol=1e-8)
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["items"])
    assert normal.threshold == pytest.approx(expected["norm_thr"], rel=1e-8)
    assert np.flatnonzero(normal.flagged).tolist() == positions(expected["norm_items"])
