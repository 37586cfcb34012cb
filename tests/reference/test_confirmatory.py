"""
Confirmatory factor models of continuous items against lavaan.

Two kinds of stored numbers are not what they should be, and the tests show it:

- lavaan stops its optimiser early on the five-factor models: some parameters lie up to 3e-5 from the maximum. Ours have
  the higher likelihood by an independent computation.
- For unweighted least squares lavaan inverts D'D, in which nothing knows the variance of the observed covariances;
  tests/psychometrics/test_confirmatory.py shows which of the two holds in repeated samples.
  For both least-squares estimators it scales gradient and information by different sample sizes (n - 1 and n).
"""

import numpy as np
import pytest

from psychometrics import confirmatory_factor_analysis, modification_indices, standardized_solution
from psychometrics.confirmatory._parameters import (
    NAMES,
    Matrices,
    implied_covariances,
    implied_means,
    jacobian,
)
from psychometrics.confirmatory.modification import released
from tests.reference.reference_cases import cases, matrix, read, vector

CONTINUOUS = [case for case in cases("cfa") if "lsmv" not in case.id]
MEASURES = {
    "npar": "n_parameters",
    "chisq": "chi2",
    "df": "df",
    "pvalue": "p_value",
    "baseline.chisq": "baseline_chi2",
    "baseline.df": "baseline_df",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "srmr": "srmr",
    "logl": "log_likelihood",
    "aic": "aic",
    "bic": "bic",
}
SCALED = {
    "chisq.scaled": "chi2",
    "pvalue.scaled": "p_value",
    "chisq.scaling.factor": "scaling_factor",
    "cfi.scaled": "cfi",
    "tli.scaled": "tli",
    "rmsea.scaled": "rmsea",
    "cfi.robust": "robust_cfi",
    "tli.robust": "robust_tli",
    "rmsea.robust": "robust_rmsea",
}


def factors_of(case):
    lines = [line.split(" =~ ") for line in case["result"]["model"].splitlines()]
    return {factor: items.split(" + ") for factor, items in lines}


def estimator_of(case):
    return case["call"].split("estimator='")[1].split("'")[0]


def missing_of(case):
    return "fiml" if "missing='fiml'" in case["call"] else "listwise"


def fitted(case):
    return confirmatory_factor_analysis(
        read(case)[0],
        factors_of(case),
        estimator=estimator_of(case),
        missing=missing_of(case),
        items=case["data"]["columns"],
    )


def lavaan_matrices(table, model, column):
    """Return lavaan's parameter table as our matrices."""
    items, factors = list(model.structure.items), list(model.structure.factors)
    found = {name: np.zeros_like(array) for name, array in vars(model.estimates).items()}
    groups = table.get("group", 1)
    groups = groups if isinstance(groups, list) else [groups] * len(table["lhs"])
    for left, operator, right, group, value in zip(
        table["lhs"], table["op"], table["rhs"], groups, vector(table[column]), strict=True
    ):
        latent = left in factors
        names = factors if latent else items
        if operator == "=~":
            found["loadings"][group - 1, items.index(right), factors.index(left)] = value
        elif operator == "~~":
            array = found["factor_covariance" if latent else "residual_covariance"][group - 1]
            one, other = names.index(left), names.index(right)
            array[one, other] = array[other, one] = value
        else:
            found["factor_means" if latent else "intercepts"][group - 1, names.index(left)] = value
    return Matrices(**found)


def assert_fit_equals(fit, n, expected):
    """Compare every measure of fit; what is not in the tables above is fmin, the interval, or repeats the df."""
    scaled_df = expected.get("df.scaled", fit.df)
    found = {
        "fmin": fit.chi2 / (2 * n),
        "rmsea.ci.lower": fit.rmsea_interval[0],
        "rmsea.ci.upper": fit.rmsea_interval[1],
        "df.scaled": scaled_df,
    }
    found |= {theirs: getattr(fit, ours) for theirs, ours in MEASURES.items()}
    if fit.scaled:
        found |= {theirs: getattr(fit.scaled, ours) for theirs, ours in SCALED.items()}
    assert scaled_df == fit.df
    assert set(expected) <= set(found)
    values = vector(expected)
    np.testing.assert_allclose([found[name] for name in expected], values, rtol=1e-5, atol=1e-14)


@pytest.mark.parametrize("case", CONTINUOUS)
def test_fit_equals_lavaan(case):
    model = fitted(case)

    assert model.converged
    assert model.proper
    assert model.n == case["result"]["n"]
    assert_fit_equals(model.fit, model.n, case["result"]["fit"])


def log_likelihood(responses, means, covariance):
    """Return the normal log-likelihood, pattern by pattern and without any of the package's code."""
    total = 0.0
    gaps = np.isnan(responses)
    for pattern in np.unique(gaps, axis=0):
        seen = ~pattern
        rows = responses[(gaps == pattern).all(axis=1)][:, seen] - means[seen]
        block = covariance[np.ix_(seen, seen)]
        quadratic = np.sum(rows * np.linalg.solve(block, rows.T).T)
        total -= 0.5 * (rows.size * np.log(2 * np.pi) + len(rows) * np.linalg.slogdet(block)[1] + quadratic)
    return total


@pytest.mark.parametrize("case", CONTINUOUS)
def test_estimates_equal_lavaan_or_are_more_likely(case):
    responses, _ = read(case)
    model = fitted(case)
    table = case["result"]["parameters"]
    theirs = model.layout.pack(lavaan_matrices(table, model, "est"))

    errors = model.layout.pack(model.standard_errors)
    if "bfi5" in case["id"]:
        responses = responses if missing_of(case) == "fiml" else responses[~np.isnan(responses).any(axis=1)]
        likelihoods = []
        for parameters in (model.parameters, theirs):
            at = model.layout.unpack(parameters)
            likelihoods.append(log_likelihood(responses, implied_means(at)[0], implied_covariances(at)[0]))
        # Higher by 2e-7, far above the rounding of the sum; the distance is less than a two-thousandth standard error.
        assert likelihoods[0] > likelihoods[1]
        assert np.abs((model.parameters - theirs) / errors).max() < 5e-4
        np.testing.assert_allclose(model.parameters, theirs, rtol=4e-5)
    else:
        np.testing.assert_allclose(model.parameters, theirs, rtol=1e-5)
    if model.estimator != "ULS":
        np.testing.assert_allclose(errors, model.layout.pack(lavaan_matrices(table, model, "se")), rtol=1e-4)


def plain_information(layout, at):
    """Return D'D over the distinct covariances, which takes them for uncorrelated and of variance 1."""
    slope = jacobian(layout, at)[1][0]
    return slope.T @ slope


@pytest.mark.parametrize("case", [case for case in CONTINUOUS if case.id == "hs_uls"])
def test_what_lavaan_gives_as_unweighted_least_squares_errors(case):
    model = fitted(case)
    theirs = model.layout.pack(lavaan_matrices(case["result"]["parameters"], model, "se"))

    inverse = np.linalg.inv(plain_information(model.layout, model.estimates))

    np.testing.assert_allclose(np.sqrt(np.diag(inverse) / (model.n - 1)), theirs, rtol=1e-4)


@pytest.mark.parametrize("case", CONTINUOUS)
def test_standardised_solution_equals_lavaan(case):
    model = fitted(case)
    found = standardized_solution(model)

    table = case["result"]["std_all"]
    for column, ours in (("est", found.estimates), ("se", found.standard_errors)):
        theirs = lavaan_matrices(table, model, column)
        for name in NAMES[:5]:
            if name == "intercepts" and not model.mean_structure:
                continue
            if column == "se" and model.estimator == "ULS":
                continue  # made from those of the test above
            # Early stopping of lavaan moves standardised values by up to 7e-6.
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", CONTINUOUS)
def test_residual_correlations_equal_lavaan(case):
    model = fitted(case)

    # The values are near 0, so the tolerance is absolute; lavaan's early stopping moves them by 7e-6.
    np.testing.assert_allclose(model.residual_correlations[0], matrix(case["result"]["residual_cor"]), atol=1e-5)


@pytest.mark.parametrize("case", [case for case in CONTINUOUS if case.values[0]["result"].get("modindices")])
def test_modification_indices_equal_lavaan(case):
    model = fitted(case)
    found = {
        (test.element.matrix, frozenset((test.element.row, test.element.column))): test
        for test in modification_indices(model)
    }

    table = case["result"]["modindices"]
    kinds = ["loadings" if operator == "=~" else "residual_covariance" for operator in table["op"]]
    tests = [found[kind, frozenset(pair)] for kind, *pair in zip(kinds, table["lhs"], table["rhs"], strict=True)]
    scale = (model.n - 1) / model.n if model.estimator in ("GLS", "ULS") else 1.0
    # A score near the maximum magnifies lavaan's early stopping.
    tolerance = 4e-5 if "bfi5" in case["id"] else 1e-5
    change = [test.expected_change * scale for test in tests]
    np.testing.assert_allclose(change, vector(table["epc"]), rtol=tolerance)
    if model.estimator == "ULS":
        assert_naive_modification_indices(model, tests, vector(table["mi"]))
    else:
        np.testing.assert_allclose([test.chi2 * scale for test in tests], vector(table["mi"]), rtol=tolerance)


def assert_naive_modification_indices(model, tests, theirs):
    """Show that lavaan divides the squared score by D'D here too."""
    for test, value in zip(tests, theirs, strict=True):
        wide = released(model.layout, [(test.element.matrix, test.element.position)])
        information = plain_information(wide, wide.unpack(wide.pack(model.estimates)))
        left = information[-1, -1] - information[-1, :-1] @ np.linalg.solve(information[:-1, :-1], information[:-1, -1])
        naive = (model.n - 1) * test.expected_change**2 * left * (model.n - 1) / model.n
        assert naive == pytest.approx(value, rel=1e-4)
