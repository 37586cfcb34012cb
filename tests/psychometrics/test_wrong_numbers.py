"""Functions of a few numbers or of a matrix: what they refuse, and why; and standard errors worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import psychometrics as p
from tests.psychometrics.wrong_input import EACH, sample

GAP = np.array([[1, 0.5, np.nan], [0.5, 1, 0.3], [np.nan, 0.3, 1]])
CROOKED = np.array([[1, 0.5, 0.2], [0.4, 1, 0.3], [0.2, 0.3, 1]])
OPEN_LOADINGS = np.array([[0.1, 0.2], [np.nan, 0.3], [0.4, 0.5]])
CHANGE = p.reliable_change(10, 5, sd=2, reliability=0.8)
RELIABILITY = st.floats(0.01, 0.99)
SD = st.floats(0.1, 100)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: p.standard_error_of_measurement(math.nan, 0.8), "sd must be a number; got nan"),
        (lambda: p.standard_error_of_measurement(1, -0.1), "reliability must lie between 0 and 1; got -0.1"),
        (lambda: p.standard_error_of_estimation(1, 1.2), "reliability must lie between 0 and 1; got 1.2"),
        (lambda: p.standard_error_of_prediction(0, 0.8), "sd must be above 0; got 0"),
        (lambda: p.standard_error_of_difference(-1, 1), "before must not be negative; got -1"),
        (lambda: p.minimal_detectable_change(1, 0.8, confidence=95), "confidence must lie between 0 and 1"),
        (lambda: p.minimal_detectable_change(-1, 0.8), "sd must be above 0; got -1"),
        (lambda: p.difference_reliability(0.8, math.nan, 0.5), "reliability must be a number; got nan"),
        (lambda: p.difference_reliability(0.8, 0.8, 1.0), "correlation must be at least -1 and below 1; got 1.0"),
        (lambda: p.kelley_true_score(math.nan, mean=5, sd=1, reliability=0.8), "score must be a number; got nan"),
        (lambda: p.kelley_true_score(10, mean=5, sd=1, reliability=1.2), "reliability must lie between 0 and 1"),
        (lambda: p.clinical_change(CHANGE, 5, cutoff=math.nan), "cutoff must be a number; got nan"),
        (lambda: p.clinical_change(CHANGE, 5, cutoff=4, improvement="up"), "improvement must be lower or higher"),
        (lambda: p.eigenvalues(GAP), "items 0 and 2 is missing: one of them does not vary"),
        (lambda: p.eigenvalues(CROOKED), "symmetric with ones on its diagonal"),
        (lambda: p.eigenvalues(np.ones((2, 3))), r"square; got shape \(2, 3\)"),
        (lambda: p.minimum_average_partial(GAP), "items 0 and 2 is missing"),
        (lambda: p.sampling_adequacy(GAP), "items 0 and 2 is missing"),
        (lambda: p.sphericity(GAP, 100), "items 0 and 2 is missing"),
        (lambda: p.sphericity(np.eye(3), 2), "2 people are too few for a test of 3 items"),
        (lambda: p.factor_analysis(GAP, 1), "items 0 and 2 is missing"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("rotate", [p.varimax, p.promax, p.oblimin])
def test_loadings_that_cannot_be_rotated_are_refused_with_the_place(rotate):
    with pytest.raises(ValueError, match="item 1, factor 0 holds nan"):
        rotate(OPEN_LOADINGS)
    with pytest.raises(ValueError, match=r"items by no more factors than items; got shape \(2, 3\)"):
        rotate(OPEN_LOADINGS.T)
    with pytest.raises(ValueError, match=r"got shape \(3,\)"):
        rotate(OPEN_LOADINGS[:, 1])


def test_standard_errors_are_those_worked_out_by_hand():
    """IQ: standard deviation 15, reliability .91 (Gulliksen 1950, chapters 2 to 4; Lord & Novick 1968, chapter 3)."""
    assert p.standard_error_of_measurement(15, 0.91) == pytest.approx(4.5)
    assert p.standard_error_of_estimation(15, 0.91) == pytest.approx(15 * math.sqrt(0.91 * 0.09))
    assert p.standard_error_of_prediction(15, 0.6) == pytest.approx(12.0)
    assert p.standard_error_of_difference(3, 4) == pytest.approx(5.0)
    assert p.difference_reliability(0.9, 0.8, 0.7) == pytest.approx(0.5)


@given(sd=SD, reliability=RELIABILITY)
def test_the_true_score_is_estimated_better_than_it_is_measured_and_a_retest_predicted_worse(sd, reliability):
    measured = p.standard_error_of_measurement(sd, reliability)

    assert p.standard_error_of_estimation(sd, reliability) < measured < p.standard_error_of_prediction(sd, reliability)
    assert p.standard_error_of_prediction(sd, reliability) < sd
    assert p.standard_error_of_difference(measured, measured) == pytest.approx(math.sqrt(2) * measured)


@given(reliability=RELIABILITY, correlation=st.floats(-0.99, 0.99))
def test_a_difference_is_less_reliable_the_more_its_scores_have_in_common(reliability, correlation):
    found = p.difference_reliability(reliability, reliability, correlation)

    assert found <= 1
    assert (found >= reliability) == (correlation <= 0) or found == pytest.approx(reliability)


@pytest.mark.parametrize("n_groups", [1, 3])
def test_effect_sizes_between_two_groups_refuse_models_of_another_number(n_groups):
    groups = np.arange(2 * EACH) % 3 if n_groups == 3 else None
    model = p.calibrate(sample().responses, groups, tolerance=1e-2)

    for effect_sizes in (p.meade_effect_sizes, p.response_function_differences):
        with pytest.raises(ValueError, match=f"compare two groups; the model has {n_groups}"):
            effect_sizes(model)
    with pytest.raises(ValueError, match="needs two groups calibrated without equality"):
        p.item_shifts(model)
    with pytest.raises(ValueError, match="the model knows no group 'X'"):
        p.marginal_reliability(model, group="X")


def test_scores_and_labels_that_are_missing_are_left_out():
    groups = {"a": ["x", "y", None, "x"], "b": ["u", "u", "u", "u"]}
    scale = {"reliability": 0.8, "minimum": 0, "maximum": 5, "cuts": [2]}

    crossed = p.crossed_groups(groups, minimum=1)

    assert crossed.of_person.tolist() == ["x & u", "y & u", "", "x & u"]
    assert (crossed.n.tolist(), crossed.n_left_out) == ([2, 1], 1)
    np.testing.assert_allclose(p.binomial_errors([2, np.nan, 5], 10), [math.sqrt(16 / 9), np.nan, math.sqrt(25 / 9)])
    assert p.classification_by_reliability([1, 2, np.nan, 4], **scale) == p.classification_by_reliability(
        [1, 2, 4], **scale
    )


@given(seed=st.integers(0, 10**6))
def test_the_order_of_items_does_not_matter_to_tests_of_a_correlation_matrix(seed):
    rng = np.random.default_rng(seed)
    matrix = np.corrcoef(rng.normal(size=(40, 5)) + rng.normal(size=(40, 1)), rowvar=False)
    order = rng.permutation(5)
    turned = matrix[np.ix_(order, order)]

    np.testing.assert_allclose(p.minimum_average_partial(turned), p.minimum_average_partial(matrix))
    assert p.sphericity(turned, 40).chi2 == pytest.approx(p.sphericity(matrix, 40).chi2)
    one, other = p.factor_analysis(turned, 1), p.factor_analysis(matrix, 1)
    np.testing.assert_allclose(one.loadings, other.loadings[order], atol=1e-4)
