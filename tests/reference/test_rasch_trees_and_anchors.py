"""Rasch trees and anchored Wald tests against psychotree and psychotools."""

import numpy as np
import pytest

from psychometrics.dif._fluctuation import _OVERSHOOT, supremum_p
from psychometrics.dif.rasch_anchors import rasch_anchor_test
from psychometrics.dif.trees import rasch_tree
from tests.reference.reference_cases import _table, cases, matrix, read, vector

SELECTIONS = {"MPT": "mean_p_threshold", "MTT": "mean_statistic_threshold", "Gini": "gini"}


def seen_at_a_thousand_points(statistic, n, edge, k):
    """Return the p value of a Brownian bridge that is seen at 1,000 points, as in the simulations of Hansen (1997)."""
    shares = np.arange(1, 1000) / 1000
    shares = shares[(shares >= edge / n) & (shares <= 1 - edge / n)]
    times = np.log(shares / (1 - shares)) / 2
    higher = np.sqrt(statistic) + _OVERSHOOT * np.sqrt(2 * np.diff(times)).mean()
    return supremum_p(higher**2, k, times[-1] - times[0])


@pytest.mark.parametrize("case", cases("dif_rasch_tree"))
def test_tests_splits_and_items_equal_psychotree(case):
    responses, _ = read(case)
    expected = case["result"]
    table = _table(case["data"]["file"])
    covariates = {name: np.array(table[name], dtype=float) for name in case["data"]["covariates"]}

    # psychotree also tests cuts between people of equal value, in the order of the rows.
    tree = rasch_tree(responses, covariates, minimum_size=40, ties="row_order")

    assert [len(node.tests) for node in tree.nodes] == [2, 2, 0]
    for node, tests in zip(tree.nodes[:2], expected["tests_by_node"], strict=False):
        statistics, p = matrix(tests)
        np.testing.assert_allclose([test.statistic for test in node.tests], statistics, rtol=1e-3, atol=1e-12)
        for test, theirs in zip(node.tests, p, strict=True):
            if test.kind == "categorical":
                assert test.p_adjusted == pytest.approx(theirs, abs=1e-3, nan_ok=True)
                continue
            # R interpolates a surface fitted to simulated suprema: what it gives is the p value at 1,000 cuts, whatever
            # the number of people. Ours is that at this node's cuts, and smaller, for the fewer cuts the lower the
            # supremum. tests/psychometrics/test_rasch_trees.py holds both against simulation and published tables.
            tested = np.isfinite(p).sum()
            exact = seen_at_a_thousand_points(test.statistic, node.n, 40, 23)
            assert 1 - (1 - exact) ** tested == pytest.approx(theirs, abs=2e-3)
            assert exact - 0.05 < test.p < exact
    assert {str(node.number): node.n for node in tree.leaves} == expected["terminal_counts"]
    assert tree.nodes[0].split.covariate == "Gender"
    assert tree.nodes[0].split.levels == (0.0,)
    found = np.array([node.thresholds[:, 0] for node in tree.leaves])
    np.testing.assert_allclose(found, matrix(expected["itempar_terminal"]), atol=1e-4)


@pytest.mark.parametrize("case", cases("dif_rasch_tree"))
def test_people_of_equal_value_kept_together_split_alike(case):
    responses, _ = read(case)
    table = _table(case["data"]["file"])
    covariates = {name: np.array(table[name], dtype=float) for name in case["data"]["covariates"]}

    tree = rasch_tree(responses, covariates, minimum_size=40)

    assert {str(node.number): node.n for node in tree.leaves} == case["result"]["terminal_counts"]


@pytest.mark.parametrize("case", cases("dif_anchor_selection"))
def test_items_of_both_groups_equal_psychotools(case):
    responses, groups = read(case)
    expected = case["result"]

    found = rasch_anchor_test(responses, groups, reference=0.0)

    # psychotools stops a little before the maximum: our likelihoods are higher.
    for model, name, log_likelihood in zip(found.models, ("ref", "focal"), expected["loglik"], strict=True):
        np.testing.assert_allclose(model.thresholds[:, 0], expected[f"item_parameters_{name}"], atol=1e-4)
        assert 0 <= model.log_likelihood - log_likelihood < 1e-6


@pytest.mark.parametrize("case", cases("dif_anchor_selection"))
@pytest.mark.parametrize("name", ["constant_MPT", "constant_MTT", "constant_Gini", "forward_MPT", "forward_MTT"])
def test_anchors_and_wald_tests_equal_psychotools(case, name):
    responses, groups = read(case)
    expected = case["result"]["tests"][name]
    anchor_class, selection = name.split("_")
    ranking = [position - 1 for position in expected["ranking"]]
    options = {"reference": 0.0, "anchor_class": anchor_class, "selection": SELECTIONS[selection]}

    own = rasch_anchor_test(responses, groups, **options)
    ranked = rasch_anchor_test(responses, groups, **options, ranking=ranking)

    # R draws lots between items of equal criterion, so its ranking is one of those that sort by ours; with it the
    # anchors are the same. Without ties, as for Gini, the rankings themselves are.
    assert (np.diff(own.criterion[ranking]) >= -1e-12).all()
    if len(np.unique(own.criterion)) == len(ranking):
        assert list(own.ranking) == ranking
    assert [anchor + 1 for anchor in ranked.anchors] == np.atleast_1d(expected["anchor_items"]).tolist()
    items = [case["data"]["columns"].index(item) for item in expected["item"]]
    # Reference minus focal there. A statistic up to 3.7, at item parameters 3e-5 from the maximum: 1e-4 of it and more.
    np.testing.assert_allclose(-ranked.z[items], vector(expected["statistic"]), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ranked.p[items], vector(expected["p"]), atol=1e-4)
