"""Intraclass correlations against psych (mean squares) and lme4 (restricted maximum likelihood)."""

import numpy as np
import pytest

from psychometrics.agreement import intraclass_correlations
from tests.reference.reference_cases import cases, read, vector


@pytest.mark.parametrize("case", cases("icc"))
def test_intraclass_correlations_equal_psych(case):
    ratings, _ = read(case)
    by_likelihood = "lmer" in case["id"]
    confidence = 0.90 if case["id"].endswith("alpha0.1") else 0.95
    expected = case["result"]["results"]
    # lme4 stops its optimiser about 1e-7 before the top.
    tolerance = 1e-5 if by_likelihood else 1e-9

    found = intraclass_correlations(ratings, method="reml" if by_likelihood else "anova", confidence=confidence)

    assert [form.form for form in found.forms] == expected["type"]
    for name, key in (
        ("estimate", "ICC"),
        ("f", "F"),
        ("df1", "df1"),
        ("df2", "df2"),
        ("lower", "lower bound"),
        ("upper", "upper bound"),
        ("p_value", "p"),
    ):
        values = [getattr(form, name) for form in found.forms]
        # p around 1e-11 moves much with the last digits of F.
        np.testing.assert_allclose(
            values, vector(expected[key]), rtol=100 * tolerance if name == "p_value" else tolerance
        )
    if by_likelihood:
        variances = [found.target_variance, found.rater_variance, found.residual_variance]
        np.testing.assert_allclose(variances, vector(case["result"]["var_components"]["variance"])[:3], rtol=1e-4)
