"""Logistic-regression DIF against difR."""

import numpy as np
import pytest

from psychometrics.dif.logistic import logistic_dif
from tests.reference.reference_cases import cases, matrix, positions, read, vector

KINDS = {"both": "both", "udif": "uniform", "nudif": "nonuniform"}


def retained(found, item):
    """difR returns the larger model for flagged items, else the smaller, padded with zeros."""
    small, large = {"uniform": (0, 1), "nonuniform": (1, 2), "both": (0, 2)}[found.kind]
    return found.models[large if found.flagged[item] else small]


def coefficients(found, columns):
    rows = []
    for item in range(len(found.n)):
        model = retained(found, item)
        row = np.concatenate([model.thresholds[item], model.slopes[item]])
        rows.append(np.pad(row, (0, columns - len(row))))
    return np.array(rows)


def wald_of_iteratively_reweighted_fit(x, y, df, tolerance):
    """Wald statistic of the last df coefficients, from the weights of the last step, as R's glm takes them."""
    mean = (y + 0.5) / 2
    eta, deviance = np.log(mean / (1 - mean)), np.inf
    while True:
        mean = 1 / (1 + np.exp(-eta))
        weight = mean * (1 - mean)
        information = x.T @ (weight[:, None] * x)
        coefficients = np.linalg.solve(information, x.T @ (weight * eta + y - mean))
        eta = x @ coefficients
        before, deviance = deviance, -2 * (y * eta - np.logaddexp(0, eta)).sum()
        if abs(deviance - before) / (abs(deviance) + 0.1) < tolerance:
            tested = coefficients[-df:]
            return tested @ np.linalg.solve(np.linalg.inv(information)[-df:, -df:], tested)


def assert_wald_but_for_early_stopping(found, responses, members, kind, expected):
    """R's glm stops at a relative change of 1e-8 in the deviance and keeps the weights of the step before.

    Its Wald statistics are therefore off by up to 1e-3. The same algorithm in plain numpy gives R's figures when it
    stops there, and ours when it goes on.
    """
    members = np.asarray(members, float).reshape(len(responses), -1)
    score = responses.sum(axis=1, keepdims=True)
    design = np.hstack([np.ones_like(score), score, members, score * members])
    extra = members.shape[1]
    design, df = (design[:, : 2 + extra], extra) if kind == "uniform" else (design, extra * (1 + (kind == "both")))

    early, late = (
        [wald_of_iteratively_reweighted_fit(design, y, df, tolerance) for y in responses.T]
        for tolerance in (1e-8, 1e-15)
    )

    np.testing.assert_allclose(early, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found, late, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", [c for c in cases("dif_logistic") if "supplied" not in c.id])
def test_logistic_dif_equals_reference(case):
    responses, groups = read(case)
    expected = case["result"]
    purified = case["id"].endswith("purified")
    kind = KINDS[case["id"].removesuffix("_purified").rsplit("_", 1)[1]]

    found = logistic_dif(responses, groups, reference=0, kind=kind, purified=purified)

    np.testing.assert_allclose(found.effect.chi2, vector(expected["chi2"]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.effect.p, vector(expected["p"]), rtol=1e-6)
    np.testing.assert_allclose(found.effect.delta_r2_nagelkerke, vector(expected["deltaR2"]), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        coefficients(found, 4), np.nan_to_num(matrix(expected["logitPar"])), rtol=1e-5, atol=1e-6
    )
    assert found.effect.degrees_of_freedom == expected["df"]
    assert list(found.zumbo_thomas) == expected["zumbo_thomas"]
    assert list(found.jodoin_gierl) == expected["jodoin_gierl"]
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["items"])
    if expected["wald"] is not None:
        wald = logistic_dif(responses, groups, reference=0, kind=kind, statistic="wald").effect.chi2
        assert_wald_but_for_early_stopping(wald, responses, groups == 1, kind, vector(expected["wald"]))


@pytest.mark.parametrize("case", [c for c in cases("dif_logistic") if "supplied" in c.id])
def test_logistic_dif_with_supplied_match_equals_reference(case):
    responses, groups = read(case)

    found = logistic_dif(responses, groups, reference=0, matching=responses.sum(axis=1))

    np.testing.assert_allclose(found.both.chi2, vector(case["result"]["chi2"]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.both.delta_r2_nagelkerke, vector(case["result"]["deltaR2"]), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", [c for c in cases("dif_multigroup") if c.id.startswith("genlr")])
def test_logistic_dif_of_three_groups_equals_reference(case):
    responses, anger = read(case)
    groups = np.where(anger <= 17, 1, np.where(anger <= 22, 2, 3))
    expected = case["result"]
    purified = case["id"].endswith("purified")
    kind = KINDS[case["id"].removesuffix("_purified").rsplit("_", 1)[1]]

    found = logistic_dif(responses, groups, reference=1, kind=kind, purified=purified)

    np.testing.assert_allclose(found.effect.chi2, vector(expected["chi2"]), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.effect.delta_r2_nagelkerke, vector(expected["deltaR2"]), rtol=1e-6, atol=1e-9)
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["items"])
    if expected["wald"] is not None:
        wald = logistic_dif(responses, groups, reference=1, kind=kind, statistic="wald").effect.chi2
        members = np.column_stack([groups == 2, groups == 3])
        assert_wald_but_for_early_stopping(wald, responses, members, kind, vector(expected["wald"]))
