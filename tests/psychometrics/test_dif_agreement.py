"""Where items agree that a group lies, and what that leaves open about the impact of differential functioning."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from psychometrics.audit.pairs import scale_sd
from psychometrics.dif.agreement import (
    agreeing_halves,
    agreement_width,
    half_of,
    may_be_one_set,
    modal_positions,
    own_variances,
)
from psychometrics.dif.anchors import select_by_mode
from psychometrics.dif.impact import linked_comparison, parameter_draws, score_impact
from psychometrics.dif.link_uncertainty import with_link_uncertainty
from psychometrics.dif.shifts import item_shifts
from psychometrics.irt.calibration import calibrate
from tests.psychometrics.simulation import simulate

# Exact in binary and all different: ties have no one order.
values_of = st.lists(st.integers(-200, 200), min_size=3, max_size=10, unique=True).map(lambda x: np.array(x) / 128)


def found_in(made, seed=0, n_draws=100):
    group = (made.groups == "F").astype(int)
    model = calibrate(made.responses, group, reference=0, minimum_count=3, n_nodes=41)
    shifts = item_shifts(model)
    choice = select_by_mode(shifts)
    comparison = linked_comparison(
        model, shifts, choice, parameter_draws(model, rng=np.random.default_rng(seed), n_draws=n_draws)
    )
    drawn = score_impact(comparison, scale_sd=scale_sd(made.responses, group))
    return drawn, with_link_uncertainty(drawn, model, shifts, choice)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n_items", "n_shifted", "shift"), [(10, 4, 0.35), (11, 5, 0.3)])
def test_a_small_impact_in_one_direction_is_read_as_large_as_it_is(seed, n_items, n_shifted, shift):
    made = simulate(np.random.default_rng(seed), n=(5000, 5000), n_items=n_items, n_shifted=n_shifted, shift=shift)

    _, impact = found_in(made)

    true = made.impact / impact.scale_sd
    assert -0.16 < true < -0.1
    # Its standard error at this size is 0.007; read with a fixed tolerance of 0.2 SD it came out 0.07 to 0.1 too small.
    assert impact.signed_sd.value == pytest.approx(true, abs=0.025)


def test_an_impact_too_small_to_be_told_from_chance_stays_in_the_interval():
    covered, by_draws_alone = 0, 0
    for seed in range(12):
        made = simulate(np.random.default_rng(seed), n=(300, 300), n_shifted=4, shift=0.3)
        drawn, impact = found_in(made, seed, n_draws=50)
        covered += impact.signed.lower <= made.impact <= impact.signed.upper
        by_draws_alone += drawn.signed.lower <= made.impact <= drawn.signed.upper

    # Of 12 intervals at 95 % fewer than 10 cover in one case of 50.
    assert covered >= 10
    assert by_draws_alone < covered


def test_where_no_half_agrees_the_interval_has_the_linking_error():
    made = simulate(np.random.default_rng(1), n=(1500, 1500), n_items=10, n_shifted=4, shift=1.2, opposed=(3, 0.6))

    drawn, impact = found_in(made)

    assert impact.signed_sd.upper - impact.signed_sd.lower > 0.2 > drawn.signed_sd.upper - drawn.signed_sd.lower


@given(values_of, st.floats(0.01, 0.3))
def test_one_set_is_what_a_test_of_homogeneity_does_not_reject(values, error):
    variances = np.full(len(values), error**2)
    every = np.arange(len(values))

    statistic = ((values - values.mean()) ** 2).sum() / error**2

    assert may_be_one_set(every, values, variances) == (chi2.sf(statistic, len(values) - 1) >= 0.01)


@given(values_of, st.floats(0.01, 0.3))
def test_no_other_half_agrees_where_none_of_neighbours_does(values, error):
    """Items of equal precision that agree best stand next to each other: looking at neighbours misses no set."""
    variances = np.full(len(values), error**2)
    half = half_of(len(values))

    any_half = any(may_be_one_set(np.array(c), values, variances) for c in combinations(range(len(values)), half))

    assert (len(agreeing_halves(values, variances)) > 0) == any_half


@given(values_of, st.integers(-3, 3))
def test_moving_all_items_moves_every_position_and_no_width(values, by):
    variances = np.linspace(0.01, 0.04, len(values))

    width, moved = agreement_width(values, variances), agreement_width(values + by, variances)
    sets, moved_sets = agreeing_halves(values, variances), agreeing_halves(values + by, variances)

    np.testing.assert_allclose(moved, width, atol=1e-6)
    assert len(sets) == len(moved_sets)


def test_positions_stand_where_most_items_do():
    values = np.array([0.0, 0.02, -0.02, 0.01, 0.8, 0.9])

    assert modal_positions(values, np.full(6, 0.1)) == pytest.approx(0.0, abs=0.02)
    assert agreeing_halves(values, np.full(6, 0.01**2)) @ values == pytest.approx([-0.0033, 0.01], abs=1e-3)


def test_more_people_make_the_width_smaller_and_small_differences_come_apart():
    values = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.3, 0.3])

    few, many = (modal_positions(values, agreement_width(values, np.full(10, se**2))) for se in (0.15, 0.02))

    assert few > 0.1
    assert many == pytest.approx(0.0, abs=0.01)


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=8), st.floats(0, 2))
def test_what_all_items_share_does_not_count_as_their_own_error(own, shared):
    covariance = np.diag(own) + shared

    np.testing.assert_allclose(own_variances(covariance), own, rtol=1e-6, atol=1e-9)


def test_half_of_few_items_is_more_than_half():
    assert [half_of(n) for n in (3, 4, 5, 6, 8, 11)] == [2, 3, 3, 3, 4, 6]
