"""
The ladder of measurement invariance against lavaan.

lavaan's optimiser stops within a thousandth of a standard error of the maximum, which moves some stored numbers by more
than the tolerance. So each step is compared twice: our maximum has the higher likelihood and lies that near, and at
lavaan's own estimates all our numbers equal lavaan's.
"""

from functools import cache

import numpy as np
import pytest

from psychometrics import equality_tests, measurement_invariance
from psychometrics.confirmatory._fit import Fitted
from psychometrics.confirmatory._likelihood import likelihood_point
from psychometrics.confirmatory._measures import Comparisons
from psychometrics.confirmatory._parameters import implied_covariances, implied_means
from psychometrics.confirmatory._sample import Grouped
from psychometrics.confirmatory.model import describe
from tests.reference.reference_cases import cases, read, vector
from tests.reference.test_confirmatory import (
    assert_fit_equals,
    estimator_of,
    factors_of,
    lavaan_matrices,
    log_likelihood,
    missing_of,
)

CASES = cases("invariance_continuous")
STEPS = {
    "configural": "configural",
    "metric": "metric",
    "scalar": "scalar",
    "strict": "strict",
    "means": "strict_means",
}


@cache
def ladder(name):
    (case,) = [case.values[0] for case in CASES if case.id == name]
    responses, groups = read(case)
    return measurement_invariance(
        responses,
        factors_of(case),
        groups,
        estimator=estimator_of(case),
        missing=missing_of(case),
        items=case["data"]["columns"],
        identification="marker",
        steps=tuple(STEPS),
    )


def at_their_estimates(model, table):
    """Return the model at lavaan's estimates."""
    parameters = model.layout.pack(lavaan_matrices(table, model, "est"))
    point = likelihood_point(model.layout, parameters, model.samples)
    fitted = Fitted(model.layout, model.samples, model.estimator, parameters, point, True)
    data = Grouped(model.samples, model.groups, model.n_left_out)
    compared = Comparisons(model.samples, model.estimator, mean_structure=True)
    return describe(fitted, model.structure, data, missing=model.missing, compared=compared)


def independent_log_likelihood(model):
    moments = zip(model.samples, implied_means(model.estimates), implied_covariances(model.estimates), strict=True)
    return sum(log_likelihood(sample.responses, mean, covariance) for sample, mean, covariance in moments)


@pytest.mark.parametrize("case", CASES)
def test_fit_of_every_step_equals_lavaan(case):
    found = ladder(case["id"])

    assert [str(int(label)) for label in found.groups] == case["result"]["group_labels"]
    assert list(found.steps[0].model.n_by_group) == case["result"]["nobs"]
    for step in found.steps:
        expected = case["result"]["fit"][STEPS[step.name]]
        assert step.model.converged
        # A p-value is nearly the exponential of half its statistic, so the small ones lose digits.
        small = {name: value for name, value in expected.items() if name.startswith("pvalue") and value < 1e-6}
        assert_fit_equals(step.model.fit, step.model.n, {k: v for k, v in expected.items() if k not in small})
        for name in small:
            p_value = step.model.fit.scaled.p_value if name == "pvalue.scaled" else step.model.fit.p_value
            assert p_value == pytest.approx(small[name], rel=1e-4, abs=1e-14)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("case", CASES)
def test_estimates_of_every_step_are_at_least_as_likely_as_those_of_lavaan(case, step):
    model = ladder(case["id"]).steps[list(STEPS).index(step)].model
    table = case["result"]["parameters"][STEPS[step]]
    theirs = at_their_estimates(model, table)

    errors = model.layout.pack(model.standard_errors)
    # Both sums are rounded in the twelfth digit.
    slack = 1e-11 * abs(model.fit.log_likelihood)
    assert independent_log_likelihood(model) >= independent_log_likelihood(theirs) - slack
    assert np.abs((model.parameters - theirs.parameters) / errors).max() < 1e-3
    np.testing.assert_allclose(
        theirs.layout.pack(theirs.standard_errors),
        model.layout.pack(lavaan_matrices(table, model, "se")),
        rtol=1e-4,
    )


@pytest.mark.parametrize("case", CASES)
def test_differences_equal_lavaan(case):
    changes = [step.change for step in ladder(case["id"]).steps[1:]]
    expected = case["result"]["lrt"]

    # Scaled differences divide two small differences by one another, which magnifies lavaan's early stopping.
    tolerance = 1e-5 if estimator_of(case) == "ML" else 5e-5
    np.testing.assert_allclose([change.chi2 for change in changes], vector(expected["diff"])[1:], rtol=tolerance)
    assert [change.df for change in changes] == expected["df_diff"][1:]
    np.testing.assert_allclose([change.p_value for change in changes], vector(expected["p"])[1:], rtol=2e-3, atol=1e-9)
    if estimator_of(case) == "ML":
        found = [change.cfi for change in changes]
        np.testing.assert_allclose(found, vector(case["result"]["delta_cfi"]), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("step", ["metric", "scalar"])
@pytest.mark.parametrize("case", CASES)
def test_score_tests_of_equalities_equal_lavaan(case, step):
    model = ladder(case["id"]).steps[list(STEPS).index(step)].model
    expected = case["result"][f"score_{step}"]

    ours = equality_tests(model)
    theirs = equality_tests(at_their_estimates(model, case["result"]["parameters"][step]))

    labels = model.groups
    places = [
        f"{one.element.column}=~{one.element.row}@{labels.index(one.element.group) + 1}"
        if one.element.matrix == "loadings"
        else f"{one.element.row}~1@{labels.index(one.element.group) + 1}"
        for one in ours.tests
    ]
    assert places == expected["rhs"]
    roots = np.sqrt(vector(expected["X2"]))
    # Statistics near 0 have no relative precision; as deviates they move as far as the estimates, in standard errors.
    np.testing.assert_allclose(np.sqrt([one.chi2 for one in ours.tests]), roots, rtol=1e-5, atol=1e-3)
    # lavaan adds to each the square of the gradient that its early stop left over, in standard errors: up to 2e-6.
    np.testing.assert_allclose([one.chi2 for one in theirs.tests], roots**2, rtol=1e-5, atol=2e-6)
    total = case["result"][f"score_{step}_total"]
    assert (ours.chi2, ours.df) == (pytest.approx(total["X2"], rel=1e-5), total["df"])
    assert ours.p_value == pytest.approx(total["p.value"], rel=1e-4, abs=1e-14)


def test_the_reference_group_changes_estimates_and_not_fit():
    case = CASES[3].values[0]
    responses, groups = read(case)
    first = ladder(case["id"])

    other = measurement_invariance(
        responses, factors_of(case), groups, items=case["data"]["columns"], reference=groups.max()
    )

    assert other.groups == first.groups[::-1]
    for ours, theirs in zip(other.steps, first.steps, strict=False):
        assert ours.model.fit.chi2 == pytest.approx(theirs.model.fit.chi2, rel=1e-8)
        assert ours.verdict == theirs.verdict
