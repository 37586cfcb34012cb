"""Factor models of ordered answers against lavaan."""

import numpy as np
import pytest

from psychometrics import ordinal_factor_analysis, ordinal_invariance, standardized_solution
from psychometrics.confirmatory.ordinal_ladder import STEPS
from tests.reference.reference_cases import cases, matrix, read, vector

FIT = {
    "n_parameters": "npar",
    "df": "df",
    "chi2": "chisq",
    "p_value": "pvalue",
    "baseline_chi2": "baseline.chisq",
    "baseline_df": "baseline.df",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "srmr": "srmr",
}
SCALED = {
    "chi2": "chisq.scaled",
    "p_value": "pvalue.scaled",
    "scaling_factor": "chisq.scaling.factor",
    "cfi": "cfi.scaled",
    "tli": "tli.scaled",
    "rmsea": "rmsea.scaled",
    "robust_cfi": "cfi.robust",
    "robust_tli": "tli.robust",
    "robust_rmsea": "rmsea.robust",
}
MATRICES = {"=~": "loadings", "|": "thresholds", "~*~": "scales", "~1": "intercepts", "~~": "residual_covariance"}


def factors_of(model):
    lines = [line.split("=~") for line in model.splitlines()]
    return {name.strip(): [item.strip() for item in members.split("+")] for name, members in lines}


def assert_fit_equals(fit, expected, rtol):
    for ours, keys in ((fit, FIT), (fit.scaled, SCALED)):
        for name, key in keys.items():
            found, wanted = getattr(ours, name), vector([expected[key]])[0]
            # lavaan gives probabilities below its precision as 0.
            np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-12, err_msg=key)
    interval = vector([expected["rmsea.ci.lower"], expected["rmsea.ci.upper"]])
    np.testing.assert_allclose(fit.rmsea_interval, interval, rtol=rtol)


def parameters_like(table, matrices, structure):
    """Return the entries of our matrices that stand in a parameter table of lavaan, in its order."""
    where = {name: at for names in (structure.items, structure.factors) for at, name in enumerate(names)}
    found = []
    groups = table.get("group", 1)
    groups = [groups] * len(table["op"]) if isinstance(groups, int) else groups
    for group, lhs, op, rhs in zip(groups, table["lhs"], table["op"], table["rhs"], strict=True):
        name, first = MATRICES[op], where[lhs]
        if lhs in structure.factors and op in ("~~", "~1"):
            name = {"~~": "factor_covariance", "~1": "factor_means"}[op]
        array = getattr(matrices, name)[group - 1]
        if op == "=~":
            found.append(array[where[rhs], first])
        elif op == "|":
            found.append(array[first, int(rhs[1:]) - 1])
        else:
            found.append(array[first, where[rhs]] if op == "~~" else array[first])
    return np.array(found)


@pytest.mark.parametrize("case", [case for case in cases("cfa") if "smv" in case.id])
def test_models_of_ordered_answers_equal_lavaan(case):
    responses, _ = read(case)
    expected = case["result"]

    found = ordinal_factor_analysis(
        responses,
        factors_of(expected["model"]),
        items=case["data"]["columns"],
        estimator=case["statistic"].split()[-1],
        parameterisation="theta" if "theta" in case["call"] else "delta",
    )

    assert found.n == expected["n"]
    assert_fit_equals(found.fit, expected["fit"], 1e-5)
    table = expected["parameters"]
    estimates = parameters_like(table, found.estimates, found.structure)
    np.testing.assert_allclose(estimates, vector(table["est"]), rtol=1e-5, atol=1e-9)
    errors = parameters_like(table, found.standard_errors, found.structure)
    np.testing.assert_allclose(errors, vector(table["se"]), rtol=1e-4, atol=1e-9)
    standard, table = standardized_solution(found), expected["std_all"]
    np.testing.assert_allclose(
        parameters_like(table, standard.estimates, found.structure), vector(table["est"]), rtol=1e-5, atol=1e-9
    )
    np.testing.assert_allclose(
        parameters_like(table, standard.standard_errors, found.structure), vector(table["se"]), rtol=1e-4, atol=1e-9
    )
    np.testing.assert_allclose(found.residual_correlations[0], matrix(expected["residual_cor"]), atol=1e-5)


STEPS_OF_SEMTOOLS = ("configural", "thresholds", "thresholds_loadings", "thr_load_intercepts", "strict")


@pytest.mark.parametrize("case", cases("invariance_ordinal"))
def test_the_ladder_equals_semtools_and_lavaan(case):
    responses, groups = read(case)
    expected = case["result"]
    names = [name for name in STEPS_OF_SEMTOOLS if name in expected["fit"]]

    found = ordinal_invariance(
        responses,
        factors_of(expected["model"]),
        groups,
        items=case["data"]["columns"],
        parameterisation="theta" if "theta" in case["id"] else "delta",
        steps=STEPS[: len(names)],
    )

    assert [str(int(label)) for label in found.groups] == expected["group_labels"]
    assert list(found.steps[0].model.n_by_group) == expected["nobs"]
    differences = expected["lrt_satorra2000"]
    for at, (name, step) in enumerate(zip(names, found.steps, strict=True)):
        assert_fit_equals(step.model.fit, expected["fit"][name], 1e-4)
        table = expected["parameters"][name]
        estimates = parameters_like(table, step.model.estimates, step.model.structure)
        np.testing.assert_allclose(estimates, vector(table["est"]), rtol=1e-4, atol=2e-5, err_msg=name)
        errors = parameters_like(table, step.model.standard_errors, step.model.structure)
        np.testing.assert_allclose(errors, vector(table["se"]), rtol=1e-4, atol=1e-6, err_msg=name)
        if step.change is not None:
            assert step.change.df == differences["df_diff"][at]
            assert step.change.chi2 == pytest.approx(differences["diff"][at], rel=1e-4)
            assert step.change.p_value == pytest.approx(differences["p"][at], rel=1e-4)
