"""
What holds of every public function that looks at people or at a model of them.

The order of people carries no information, and a person without any answer or group adds none. Answers have gaps.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import psychometrics as p
from tests.psychometrics.wrong_input import BY_A_MODEL, CALLS, EACH, FACTORS, TWO_CODES, answers, rng, sample


def calibrated(x: Any, g: Any) -> p.Calibration:
    """Return a model whose groups differ, as effect sizes and tests between groups need."""
    return p.calibrate(x, g, reference="R", equal_slopes=ANCHORS, equal_intercepts=ANCHORS, tolerance=1e-9)


def ordinal(x: Any, g: Any) -> p.OrdinalFactorModel:
    return p.ordinal_factor_analysis(x, FACTORS, g, invariance="loadings")


def shifts(x: Any, g: Any) -> p.ItemShifts:
    return p.item_shifts(p.calibrate(x, g, reference="R", tolerance=1e-9))


ANCHORS = np.arange(6) < 3
TRAIT = np.linspace(-2, 2, 5)
# What is computed from a model, from the answers to what it says.
OF_A_MODEL = {
    "anchored_comparison": lambda x, g: p.anchored_comparison(calibrated(x, g), rng=rng(), n_draws=20),
    "conditional_fit": lambda x, g: p.conditional_fit(p.conditional_model(x)),
    "conditional_scores": lambda x, g: p.conditional_scores(p.conditional_model(x)),
    "eap_sum_scores": lambda x, g: p.eap_sum_scores(calibrated(x, g), group="F"),
    "empirical_reliability": lambda x, g: p.empirical_reliability(p.eap_scores(calibrated(x, g))),
    "equality_tests": lambda x, g: p.equality_tests(
        p.confirmatory_factor_analysis(x, FACTORS, g, equal=("loadings",), missing="fiml")
    ),
    "information_curves": lambda x, g: p.information_curves(calibrated(x, g), TRAIT, group="F"),
    "item_mean_squares": lambda x, g: p.item_mean_squares(calibrated(x, g)),
    "item_shifts": shifts,
    "limited_information_fit": lambda x, g: p.limited_information_fit(calibrated(x, g)),
    "local_dependence": lambda x, g: p.local_dependence(calibrated(x, g)),
    "marginal_reliability": lambda x, g: p.marginal_reliability(calibrated(x, g), group="F"),
    "meade_effect_sizes": lambda x, g: p.meade_effect_sizes(calibrated(x, g)),
    "modification_indices": lambda x, g: p.modification_indices(
        p.confirmatory_factor_analysis(x, FACTORS, g, missing="fiml")
    ),
    "ordinal_equality_tests": lambda x, g: p.ordinal_equality_tests(ordinal(x, g)),
    "ordinal_modification_indices": lambda x, g: p.ordinal_modification_indices(ordinal(x, g)),
    "parameter_draws": lambda x, g: p.parameter_draws(calibrated(x, g), rng=rng(), n_draws=20),
    "person_mean_squares": lambda x, g: p.person_mean_squares(calibrated(x, g)),
    "residual_correlations": lambda x, g: p.residual_correlations(calibrated(x, g)),
    "response_function_differences": lambda x, g: p.response_function_differences(calibrated(x, g)),
    "root_mean_square_deviations": lambda x, g: p.root_mean_square_deviations(calibrated(x, g)),
    "s_x2": lambda x, g: p.s_x2(calibrated(x, g)),
    "select_by_median": lambda x, g: p.select_by_median(shifts(x, g)),
    "select_by_mode": lambda x, g: p.select_by_mode(shifts(x, g)),
    "select_rival": lambda x, g: p.select_rival(shifts(x, g), p.select_by_median(shifts(x, g))),
    "standardized_solution": lambda x, g: p.standardized_solution(
        p.confirmatory_factor_analysis(x, FACTORS, g, missing="fiml")
    ),
    "sum_score_classification": lambda x, g: p.sum_score_classification(calibrated(x, g), [9.5], group="R"),
    "trait_classification": lambda x, g: p.trait_classification(calibrated(x, g), [0.5], group="R"),
}
CONDITIONAL = {"conditional_fit", "conditional_scores"}
TRIED = CALLS | OF_A_MODEL
# Their calls hold something for each person besides answers and groups, or count gaps, which are what they are about.
TIED_TO_PEOPLE = {"likelihood_fit", "person_likelihood_fit", "plausible_values", "skipping_impact"}
ABOUT_GAPS = {"differential_skipping"}
# It shuffles the columns at random itself.
AT_RANDOM = {"parallel_analysis"}
# Two occasions, draws, or items that are equal in some respects only; their own files have their properties.
NEEDING_MORE = {"linked_comparison", "macs_effect_sizes", "selection_accuracy", "trait_change"}
# The answers themselves, and where a difference that is nought throughout is largest.
NO_RESULTS = {"largest_at", "n", "patterns", "samples"}


def gappy(name: str) -> np.ndarray:
    x = (answers("mantel") > 1).astype(float) if name in CONDITIONAL else answers(name)
    x[np.random.default_rng(3).random(x.shape) < 0.05] = np.nan
    return x


def numbers(found: Any) -> Iterator[np.ndarray]:
    """Walk through a result; what has an entry for each person is left out, and so are counts of people."""
    if dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            if field.name not in NO_RESULTS and not field.name.startswith(("n_", "iterations")):
                yield from numbers(getattr(found, field.name))
    elif isinstance(found, tuple | list):
        for part in found:
            yield from numbers(part)
    elif isinstance(found, float | np.floating) or (isinstance(found, np.ndarray) and found.dtype.kind in "fb"):
        array = np.asarray(found, dtype=float)
        if not {2 * EACH, 2 * EACH + 1} & set(array.shape):
            yield array


@cache
def as_they_came(name: str) -> list[np.ndarray]:
    return list(numbers(TRIED[name](gappy(name), sample().groups)))


def assert_equal_to_those_as_they_came(name: str, found: Any) -> None:
    found, expected = list(numbers(found)), as_they_came(name)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        # Optimisers come from other rounding errors to within their own tolerance of the top.
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(TRIED) - TIED_TO_PEOPLE - AT_RANDOM))
def test_the_order_of_people_does_not_matter(name):
    @settings(max_examples=2)
    @given(seed=st.integers(0, 1000))
    def shuffled(seed):
        order = np.random.default_rng(seed).permutation(2 * EACH)
        assert_equal_to_those_as_they_came(name, TRIED[name](gappy(name)[order], sample().groups[order]))

    shuffled()


@pytest.mark.parametrize("name", sorted(set(TRIED) - TIED_TO_PEOPLE - ABOUT_GAPS))
def test_a_person_without_any_answer_changes_nothing(name):
    x = gappy(name)
    with_one = np.vstack([x, np.full(x.shape[1], np.nan)])

    assert_equal_to_those_as_they_came(name, TRIED[name](with_one, np.append(sample().groups, "F")))


def test_every_public_function_that_takes_a_model_is_tried():
    takers = {
        name
        for name in p.__all__
        if inspect.isfunction(getattr(p, name)) and "model" in inspect.signature(getattr(p, name)).parameters
    }
    assert takers - set(CALLS) - set(BY_A_MODEL) - set(OF_A_MODEL) <= NEEDING_MORE
    assert set(TRIED) > TWO_CODES
