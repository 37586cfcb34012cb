"""The checks of input: what they accept, and that each refusal names the fault and its place."""

from __future__ import annotations

import numpy as np
import pytest

from psychometrics._codes import as_codes
from psychometrics._validation import as_groups, as_keys, as_proportion, as_responses, as_shown


def test_lists_with_none_become_floats_with_nan():
    matrix = as_responses([[1, None], [2, 3], [float("nan"), True]])

    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix, [[1, np.nan], [2, 3], [np.nan, 1]])


def test_masked_entries_are_missing():
    masked = np.ma.masked_equal(np.array([[1, 9], [2, 3]]), 9)

    np.testing.assert_array_equal(as_responses(masked), [[1, np.nan], [2, 3]])
    np.testing.assert_array_equal(as_codes(masked).codes, [[0, -1], [1, 2]])
    assert as_codes(masked).n_codes == 3


def test_masked_groups_are_not_known():
    labels, codes = as_groups(np.ma.masked_equal(np.array([4, 9, 5]), 9), 3)

    assert labels == (4, 5)
    np.testing.assert_array_equal(codes, [0, -1, 1])


@pytest.mark.parametrize("kind", [float, int])
def test_one_person_is_too_few_unless_asked_for(kind):
    with pytest.raises(ValueError, match="at least 2 people"):
        as_codes(np.ones((1, 3), dtype=kind))

    np.testing.assert_array_equal(as_codes(np.ones((1, 3), dtype=kind), min_people=1).codes, [[0, 0, 0]])


def test_codes_of_one_byte_may_lie_further_apart_than_a_byte_holds():
    codes = as_codes(np.array([[-100, 0], [100, 1]], dtype=np.int8)).codes

    np.testing.assert_array_equal(codes, [[0, 100], [200, 101]])


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        ([["1", "2"], ["3", "4"]], "numbers .* got text"),
        ([[1, "a"], [3, None]], "got text|row 0, column 1 holds str"),
        (np.array([[1, "a"], [3, None]], dtype=object), "row 0, column 1 holds str"),
        ([[1.0, np.inf], [3.0, 4.0]], "row 0, column 1 is infinite"),
        ([[1.0, np.nan], [-np.inf, 4.0]], "row 1, column 0 is infinite"),
        ([1, 2, 3], "two dimensions"),
        ([[1, 2], [3]], "rectangle"),
        ([[1, 2]], "at least 2 people"),
        (np.empty((0, 3)), "at least 2 people"),
        (np.empty((3, 0)), "at least 1 items"),
        ([[np.nan, None], [None, None]], "no answer at all"),
        (np.ones((2, 2), dtype=complex), "complex"),
    ],
)
def test_unusable_responses_are_refused_with_the_place(responses, message):
    with pytest.raises(ValueError, match=message):
        as_responses(responses)


def test_groups_are_sorted_and_unknown_ones_are_minus_one():
    labels, codes = as_groups(["b", None, "a", "", "b", float("nan")], 6)

    assert labels == ("a", "b")
    np.testing.assert_array_equal(codes, [1, -1, 0, -1, 1, -1])


def test_numeric_groups_keep_their_numbers():
    labels, codes = as_groups(np.array([2.0, np.nan, 1.0]), 3)

    assert labels == (1.0, 2.0)
    np.testing.assert_array_equal(codes, [1, -1, 0])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a", "b"], "each of the 3 people"),
        (["a", "a", "a"], "at least 2 different groups; found 1: a"),
        (["a", 1, "b"], "one kind"),
        ([None, None, None], "found 0: none"),
    ],
)
def test_unusable_groups_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        as_groups(groups, 3, min_groups=2)


def test_an_answer_to_an_item_that_was_not_shown_is_refused():
    responses = as_responses([[1, np.nan], [2, 3]])

    with pytest.raises(ValueError, match="row 1, column 1"):
        as_shown([[True, False], [True, False]], responses)


def test_shown_may_be_given_once_per_item():
    responses = as_responses([[1, np.nan], [2, np.nan]])

    np.testing.assert_array_equal(as_shown([True, False], responses), [[True, False], [True, False]])


@pytest.mark.parametrize("keys", [[1, 0], [1], [[1, 1]], [2, 1]])
def test_keys_are_plus_or_minus_one_per_item(keys):
    with pytest.raises(ValueError, match=r"\+1 or -1 for each of the 2 items"):
        as_keys(keys, 2)


@pytest.mark.parametrize("value", [0, 1, 1.5, -0.1, float("nan")])
def test_a_confidence_level_lies_strictly_between_zero_and_one(value):
    with pytest.raises(ValueError, match="confidence must lie between"):
        as_proportion(value, "confidence")
