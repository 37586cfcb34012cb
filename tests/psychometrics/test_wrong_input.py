"""
What every public function that takes responses makes of wrong input.

Each either refuses it with a ValueError that names the fault, or is listed here as one whose answer to it is right:
item 2 alone has no result, a group that nobody belongs to is not looked at, and so on.
"""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import psychometrics
from tests.psychometrics.wrong_input import (
    BY_A_MODEL,
    CALLS,
    EACH,
    N_ITEMS,
    TWO_CODES,
    WITH_GROUPS,
    WITH_NAMED_GROUPS,
    WITHOUT_GROUPS,
    answers,
    sample,
)

FEW = [0, 1, EACH, EACH + 1]
GROUPED = [*WITH_GROUPS, *WITH_NAMED_GROUPS, *BY_A_MODEL]
# One rate for each group that there is; a tree that finds nothing to split by.
ANY_NUMBER_OF_GROUPS = {"careless_rates", "rasch_tree"}
COMPARING = [name for name in WITH_GROUPS if name not in ANY_NUMBER_OF_GROUPS]
# Statistics of single people or of answers given, of which four people or one have as much as any number.
DESCRIPTIVE = {
    "careless_rates",
    "differential_skipping",
    "even_odd_consistency",
    "intra_individual_variability",
    "item_statistics",
    "likelihood_fit",
    "longstring",
    "one_factor_influence",
    "person_total_correlation",
    "psychometric_antonyms",
    "psychometric_synonyms",
    "skipping_impact",
}
# Coefficients of covariances or counts exist for any number of people; their standard errors say how little they tell,
# and a parallel analysis compares with random answers of as many people.
OF_MOMENTS = {
    "caution_indices",
    "cronbach_alpha",
    "equal_alphas",
    "guttman_fit",
    "guttman_lambdas",
    "ordinal_alpha",
    "parallel_analysis",
    "polychoric_correlations",
    "split_halves",
}
# Item by item: an item without information has no result, nan, and the others have theirs.
BY_ITEM = {
    "breslow_day": lambda found: found.p,
    "generalized_mantel_haenszel": lambda found: found.p,
    "intersectional_dif": lambda found: found.total.p,
    "logistic_dif": lambda found: found.both.p,
    "mantel": lambda found: found.p,
    "mantel_haenszel": lambda found: found.p,
    "rasch_anchor_test": lambda found: found.p,
    "sibtest": lambda found: found.p,
    "standardization": lambda found: found.odds_ratio,
}
# They know the scale: two codes, those of a model, those other groups used, or a range that categories can have.
KNOWING_THE_SCALE = {
    *(TWO_CODES - {"conditional_comparison", "rasch_anchor_test"}),
    *BY_A_MODEL,
    "categorical_omega",
    "likelihood_fit",
    "ordinal_alpha",
    "ordinal_factor_analysis",
    "ordinal_invariance",
    "polychoric_correlations",
}


def refused(name, responses, groups, message):
    with pytest.raises(ValueError, match=message):
        CALLS[name](responses, groups)


def quiet(name, responses, groups):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return CALLS[name](responses, groups)


def test_every_public_function_that_takes_responses_is_tried():
    public = {name: getattr(psychometrics, name) for name in psychometrics.__all__}
    taking = {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and "responses" in inspect.signature(value).parameters
    }
    with_groups = {name for name in taking if "groups" in inspect.signature(public[name]).parameters}

    assert taking == set(CALLS)
    assert with_groups == {*WITH_GROUPS, *BY_A_MODEL}
    assert len(CALLS) == sum(map(len, (WITH_GROUPS, WITH_NAMED_GROUPS, BY_A_MODEL, WITHOUT_GROUPS)))


@pytest.mark.parametrize("name", sorted(CALLS))
def test_right_input_is_taken_with_and_without_gaps(name):
    gappy = answers(name)
    gappy[np.random.default_rng(3).random(gappy.shape) < 0.1] = np.nan

    assert quiet(name, answers(name), sample().groups) is not None
    assert quiet(name, gappy, sample().groups) is not None


@pytest.mark.parametrize("name", sorted(CALLS))
def test_answers_that_are_no_table_of_numbers_are_refused(name):
    right, groups = answers(name), sample().groups
    infinite = right.copy()
    infinite[1, 2] = np.inf

    refused(name, right * np.nan, groups, "no answer at all: every entry is missing")
    refused(name, infinite, groups, "finite or missing; row 1, column 2 is infinite")
    refused(name, right.astype(str), groups, "must be numbers .* got text")
    refused(name, right[:, 0], groups, "two dimensions, people by items; got 1")
    if name != "psychometric_antonyms":  # the call of this table puts a second half beside the answers
        refused(name, [[1, 2], [1]], groups, "rectangle: every person needs an entry for every item")


@pytest.mark.parametrize("name", GROUPED)
def test_groups_need_one_label_for_each_person(name):
    groups = sample().groups

    refused(name, answers(name), groups[:-1], "one label for each of the 300 people")
    refused(name, answers(name), np.repeat(None, 2 * EACH), "found 0: none|nobody has .* every covariate")


@pytest.mark.parametrize("name", COMPARING)
def test_one_group_cannot_be_compared(name):
    refused(name, answers(name), np.repeat("R", 2 * EACH), "at least 2 different groups; found 1: R")


@pytest.mark.parametrize("name", [name for name in COMPARING if name not in DESCRIPTIVE])
def test_a_group_of_one_cannot_be_compared(name):
    groups = np.repeat("R", 2 * EACH)
    groups[-1] = "F"

    # Methods that leave out what cannot be compared item by item are then left without an item.
    message = r"group '?F'?( holds 1|: 1 people|.* got 1$)|^item 0: fewer than two codes .* group|0 items were answered"
    refused(name, answers(name), groups, message)


def test_crossed_groups_too_small_to_compare_are_refused():
    groups = np.repeat("R", 2 * EACH)
    groups[-1] = "F"

    for labels in (groups, np.repeat("R", 2 * EACH)):
        refused("intersectional_dif", answers("intersectional_dif"), labels, "only 1 crossed group .* fewer groupings")


@pytest.mark.parametrize("name", sorted(set(CALLS) - DESCRIPTIVE - set(BY_A_MODEL) - set(BY_ITEM)))
def test_an_item_that_does_not_vary_is_named_where_it_spoils_the_result(name):
    constant = answers(name)
    constant[:, 2] = 1.0
    tolerant = {"conditional_comparison", "conditional_errors", "cronbach_alpha", "equal_alphas", "guttman_lambdas"}
    tolerant |= {"split_halves"}

    if name in tolerant:
        quiet(name, constant, sample().groups)
    else:
        refused(name, constant, sample().groups, r"item 2|items 0 and 2|an item does not vary")


@pytest.mark.parametrize("name", sorted(BY_ITEM))
def test_an_item_that_does_not_vary_has_no_result_and_the_others_theirs(name):
    constant = answers(name)
    constant[:, 2] = 1.0

    found = np.isnan(BY_ITEM[name](CALLS[name](constant, sample().groups)))

    assert found[2]
    # An anchor test of one anchor has no result for the anchor either.
    assert found.sum() == (2 if name == "rasch_anchor_test" else 1)


@pytest.mark.parametrize("name", sorted(BY_ITEM))
def test_an_item_that_a_whole_group_skipped_does_not_look_fair(name):
    skipped = answers(name)
    skipped[EACH:, 2] = np.nan

    assert np.isnan(BY_ITEM[name](CALLS[name](skipped, sample().groups))[2])


@pytest.mark.parametrize("name", sorted(set(CALLS) - DESCRIPTIVE - OF_MOMENTS - set(BY_A_MODEL)))
def test_fewer_people_than_items_are_too_few(name):
    few, groups = answers(name)[FEW], sample().groups[FEW]
    if name in BY_ITEM and name not in {"intersectional_dif", "logistic_dif", "rasch_anchor_test"}:
        found = BY_ITEM[name](CALLS[name](few, groups))
        assert not (found < 0.05).any()
        return

    refused(name, few, groups, r"people|fewer|item 0|factor leaves|no inverse|items 0 and|items were|one row")


@pytest.mark.parametrize("name", sorted(set(CALLS) & KNOWING_THE_SCALE))
def test_a_code_outside_the_scale_is_refused_where_the_scale_is_known(name):
    outside = answers(name)
    outside[0, 0] = 99.0

    refused(name, outside, sample().groups, "two codes|nobody|codes over a range|codes from 0 to 3")


def test_item_statistics_are_told_the_scale_and_hold_answers_to_it():
    outside = answers("item_statistics")
    outside[0, 3] = 9.0

    with pytest.raises(ValueError, match=r"item 3 holds .* to 9, outside its response scale from 0 to 3"):
        psychometrics.item_statistics(outside, minimum=[0] * N_ITEMS, maximum=[3] * N_ITEMS)


@pytest.mark.parametrize("name", sorted(set(CALLS) - set(BY_A_MODEL) - {"likelihood_fit"}))
def test_half_codes_are_refused_where_answers_are_categories(name):
    half = answers(name)
    half[0, 0] = 0.5
    sums = DESCRIPTIVE | {"alignment", "cronbach_alpha", "equal_alphas", "equal_omegas", "split_halves"}
    sums |= {"conditional_errors", "confirmatory_factor_analysis", "guttman_lambdas", "hierarchical_omega"}
    sums |= {"mahalanobis_distance", "mcdonald_omega", "measurement_invariance", "one_factor_chi2"}
    sums |= {"one_factor_model", "parallel_analysis"}

    if name in sums:
        quiet(name, half, sample().groups)
    else:
        refused(name, half, sample().groups, "whole-number codes; row 0, column 0 holds 0.5")


@pytest.mark.parametrize("name", ["ordinal_factor_analysis", "ordinal_invariance"])
def test_a_category_that_one_group_did_not_use_is_named_where_thresholds_are_compared(name):
    unused = answers(name)
    unused[EACH:, 2] = np.minimum(unused[EACH:, 2], 2)

    refused(name, unused, sample().groups, "item 2: nobody in group 'F' answered 3")


@pytest.mark.parametrize("name", sorted(set(CALLS) - TWO_CODES - {"likelihood_fit"}))
def test_a_category_that_nobody_used_is_no_fault(name):
    unused = answers(name)
    unused[unused[:, 2] == 1, 2] = 2.0

    assert quiet(name, unused, sample().groups) is not None


@pytest.mark.parametrize("name", [*BY_A_MODEL, "one_factor_chi2", "one_factor_influence"])
def test_other_items_than_those_of_the_model_are_refused(name):
    right = answers(name)

    refused(name, np.hstack([right, right]), sample().groups, "the model has 6 items; responses have 12")


@pytest.mark.parametrize("name", BY_A_MODEL)
def test_people_of_a_group_the_model_does_not_know_are_refused_and_absent_groups_are_not_missed(name):
    right = answers(name)
    refused(name, right, np.where(sample().groups == "F", "X", "R"), "the model knows no group 'X'")
    assert quiet(name, right, np.repeat("R", 2 * EACH)) is not None


def test_people_without_an_answer_have_no_person_fit_even_where_a_whole_group_has_none():
    emptied, groups, model = answers("person_likelihood_fit"), sample().groups, sample().model
    emptied[EACH:] = np.nan

    found = psychometrics.person_likelihood_fit(
        model, psychometrics.eap_scores(model, emptied, groups), emptied, groups
    )

    np.testing.assert_array_equal(np.isnan(found.lz), groups == "F")
    np.testing.assert_array_equal(np.isnan(found.lz_star), groups == "F")
