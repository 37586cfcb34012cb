"""Equivalence tests: definitions, properties, missing estimates, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from psychometrics import (
    benjamini_hochberg,
    delta_plot,
    dif_equivalence,
    equivalence_test,
    group_item_parameters,
    logistic_dif,
    mantel,
    mantel_haenszel,
    raju_areas,
    residual_dif,
    sibtest,
)
from tests.psychometrics.simulation import simulate

EFFECTS = st.floats(-3, 3)
ERRORS = st.floats(0.01, 2)


def test_the_three_conclusions():
    found = equivalence_test([0.0, 0.3, 2.0, 0.9, np.nan], [0.1, 0.1, 0.2, 0.8, 0.1], bound=0.5)

    assert found.conclusion.tolist() == ["negligible", "negligible", "differs", "cannot tell", ""]
    # The second is negligible although it is not zero.
    assert found.p_difference[1] < 0.05
    assert found.exceeds_bound.tolist() == [False, False, True, False, False]


@given(EFFECTS, ERRORS, st.floats(0.1, 2))
def test_p_equals_the_larger_of_two_one_sided_tests_and_agrees_with_the_interval(value, error, bound):
    found = equivalence_test([value], [error], bound=bound)

    above = norm.sf((value + bound) / error)
    below = norm.cdf((value - bound) / error)
    assert found.p_equivalence[0] == pytest.approx(max(above, below), abs=1e-12)
    inside = -bound < found.lower[0] and found.upper[0] < bound
    if abs(found.p_equivalence[0] - 0.05) > 1e-9:
        assert (found.conclusion[0] == "negligible") == inside
    assert found.p_difference[0] == pytest.approx(2 * norm.sf(abs(value) / error))


@given(EFFECTS, ERRORS)
def test_a_wider_bound_never_takes_negligible_back_and_sign_does_not_matter(value, error):
    narrow, wide = (equivalence_test([value, -value], [error] * 2, bound=b) for b in (0.4, 0.8))

    assert (wide.p_equivalence <= narrow.p_equivalence).all()
    assert narrow.conclusion[0] == narrow.conclusion[1]


def test_at_the_bound_the_level_is_kept():
    rng = np.random.default_rng(0)

    found = equivalence_test(rng.normal(0.5, 0.1, 20_000), np.full(20_000, 0.1), bound=0.5)

    # Standard error of the share: .0015.
    assert (found.conclusion == "negligible").mean() == pytest.approx(0.05, abs=0.006)


def test_conclusions_can_rest_on_adjusted_p_values():
    value, error = np.array([0.0, 0.2, 0.33]), np.full(3, 0.1)

    found = equivalence_test(value, error, bound=0.5, adjusted=True)

    np.testing.assert_allclose(found.p_equivalence_adjusted, benjamini_hochberg(found.p_equivalence))
    np.testing.assert_array_equal(found.conclusion == "negligible", found.p_equivalence_adjusted < 0.05)


@pytest.fixture(scope="module")
def made():
    return simulate(np.random.default_rng(1), n=(2500, 2500), n_items=12, n_codes=2, n_shifted=2, shift=1.2)


def test_each_method_has_its_effect_and_bound(made):
    anchors = ~made.differs
    by_table = mantel_haenszel(made.responses, made.groups, focal="F", anchors=anchors)
    by_regression = logistic_dif(made.responses, made.groups, reference="R", anchors=anchors)
    by_means = mantel(made.responses, made.groups, focal="F", anchors=anchors)

    found = {x.effect: x for x in map(dif_equivalence, (by_table, by_regression, by_means))}

    assert set(found) == {"MH D-DIF", "log odds ratio", "standardised mean difference"}
    for conclusions in found.values():
        flat = conclusions.conclusion.reshape(12)
        assert (flat[made.differs] == "differs").all()
        assert (flat[~made.differs] == "negligible").sum() >= 7
    np.testing.assert_allclose(found["MH D-DIF"].estimate, by_table.delta)
    means = found["standardised mean difference"]
    np.testing.assert_allclose(means.estimate / means.se, by_means.smd / by_means.smd_se)


def test_effects_in_score_points_and_trait_units_need_a_bound(made):
    parameters = group_item_parameters(made.responses, made.groups, reference="R")
    results = [
        sibtest(made.responses, made.groups, focal="F"),
        residual_dif(made.responses, made.groups, focal="F"),
        raju_areas(parameters, anchors=~made.differs),
    ]

    for result, bound in zip(results, (0.1, 0.1, 0.3), strict=True):
        found = dif_equivalence(result, bound=bound)

        assert (found.conclusion[made.differs] == "differs").all()
        assert (found.conclusion[~made.differs] == "negligible").sum() >= 8
        with pytest.raises(ValueError, match="no bound is usual"):
            dif_equivalence(result)


def test_few_people_leave_it_open():
    made = simulate(np.random.default_rng(2), n=(60, 60), n_items=12, n_codes=2)

    found = dif_equivalence(mantel_haenszel(made.responses, made.groups, focal="F"))

    assert (found.conclusion == "cannot tell").sum() >= 9


def test_items_without_an_estimate_have_no_conclusion(made):
    responses = made.responses.copy()
    responses[:, 2] = 1
    responses[:50, 3] = np.nan

    found = dif_equivalence(mantel_haenszel(responses, made.groups, focal="F"), bound=0.8)

    assert found.conclusion[2] == ""
    assert found.conclusion[3] != ""
    assert (found.bound == 0.8).all()


@pytest.mark.parametrize(
    ("estimate", "se", "options", "message"),
    [
        ([0.1], [0.1, 0.2], {"bound": 1}, "same shape"),
        ([0.1], [-0.1], {"bound": 1}, "not be negative"),
        ([0.1], [0.1], {"bound": 0}, "bound must be positive"),
        ([0.1], [0.1], {"bound": np.nan}, "bound must be positive"),
        ([0.1], [0.1], {"bound": 1, "significance": 1.5}, "significance"),
    ],
)
def test_wrong_input_is_refused(estimate, se, options, message):
    with pytest.raises(ValueError, match=message):
        equivalence_test(estimate, se, **options)


def test_methods_without_a_standard_error_are_refused(made):
    with pytest.raises(ValueError, match="DeltaPlot"):
        dif_equivalence(delta_plot(made.responses, made.groups, focal="F"))
