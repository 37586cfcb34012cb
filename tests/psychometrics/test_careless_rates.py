"""Signs of careless answering, group by group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from psychometrics.careless_by_group import careless_rates

REVERSED = np.arange(12) % 2 == 1
SCALES = [range(4), range(4, 8), range(8, 12)]


def rates(responses, groups, **options):
    options = {"reversed_items": REVERSED, "code_sums": np.full(12, 6), "scales": SCALES} | options
    return careless_rates(responses, groups, **options)


def made(rng, n=300):
    traits = np.repeat(rng.normal(0, 1.2, (n, 3)), 4, axis=1)
    keyed = np.clip(np.rint(3 + traits + rng.normal(0, 0.5, (n, 12))), 1, 5)
    return np.where(REVERSED, 6 - keyed, keyed)


def test_people_who_give_one_answer_throughout_are_counted_in_their_group():
    responses = made(np.random.default_rng(0))
    groups = np.repeat(["a", "b"], 150)
    responses[150:180] = 4

    first, second = rates(responses, groups)

    assert (first.label, first.n, second.n) == ("a", 150, 150)
    # A few people of middling traits say the middle to everything.
    assert first.longstring.count <= 8
    assert 30 <= second.longstring.count <= 38
    interval = binomtest(second.longstring.count, 150).proportion_ci(method="wilson")
    assert (second.longstring.lower, second.longstring.upper) == pytest.approx((interval.low, interval.high))


def test_people_who_answer_at_random_are_inconsistent():
    rng = np.random.default_rng(1)
    responses = made(rng)
    responses[150:] = rng.integers(1, 6, (150, 12))

    first, second = rates(responses, np.repeat(["a", "b"], 150))

    assert first.even_odd.estimate < 0.15 < 0.4 < second.even_odd.estimate


def test_one_answer_throughout_may_be_meant_where_all_items_ask_the_same_way():
    responses = np.full((40, 12), 1.0)

    (group,) = rates(responses, ["a"] * 40, reversed_items=np.zeros(12, dtype=bool), scales=SCALES[:2])

    assert (group.longstring, group.even_odd) == (None, None)


def test_gaps_are_no_string_and_people_without_an_answer_are_not_counted():
    responses = made(np.random.default_rng(2), 60)
    responses[:20] = np.nan
    responses[20:40, 2:] = np.nan

    (group,) = rates(responses, ["a"] * 60)

    assert group.n == 40
    assert group.longstring.count <= 2
    assert group.even_odd.n <= 20


@given(st.integers(0, 1000), st.floats(-5, 5))
def test_adding_a_constant_to_all_codes_changes_nothing(seed, constant):
    responses = np.rint(made(np.random.default_rng(seed), 40))

    one = rates(responses, ["a"] * 40)
    other = rates(responses + round(constant), ["a"] * 40, code_sums=np.full(12, 6 + 2 * round(constant)))

    assert one == other


def test_items_and_their_directions_have_to_fit():
    with pytest.raises(ValueError, match="each of the 12 items"):
        rates(np.ones((5, 12)), ["a"] * 5, reversed_items=[True])
