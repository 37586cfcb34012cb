"""The false discovery rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import benjamini_hochberg

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_it_equals_the_published_steps_and_leaves_nan_alone():
    found = benjamini_hochberg([0.01, np.nan, 0.04, 0.03, 0.005])

    np.testing.assert_allclose(found, [0.02, np.nan, 0.04, 0.04, 0.02])


@given(P_VALUES, st.floats(0.01, 0.2))
def test_rejections_are_those_of_the_step_up_rule(values, level):
    ordered = np.sort(values)
    within = np.flatnonzero(ordered <= level * np.arange(1, len(values) + 1) / len(values))
    cut = ordered[within[-1]] if len(within) else -1.0

    adjusted = benjamini_hochberg(values)

    sure = np.abs(adjusted - level) > 1e-12  # rounding decides on the boundary
    np.testing.assert_array_equal((adjusted <= level)[sure], (np.array(values) <= cut)[sure])


@given(P_VALUES)
def test_order_shape_and_ranks_are_kept(values):
    table = np.array([values, values[::-1]])

    found = benjamini_hochberg(table)

    assert found.shape == table.shape
    np.testing.assert_allclose(found[1], found[0][::-1])
    assert (found >= table - 1e-15).all()
    assert (found <= 1).all()


def test_nothing_to_adjust_stays_as_it_is():
    assert np.isnan(benjamini_hochberg([np.nan])).all()
    assert benjamini_hochberg([]).shape == (0,)


@pytest.mark.parametrize("values", [[0.2, 1.2], [-0.1]])
def test_what_is_no_p_value_is_refused(values):
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg(values)
