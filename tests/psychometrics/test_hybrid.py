"""The iterative hybrid: independent computations, properties, missing answers, thresholds, refusals."""

import numpy as np
import pytest
from scipy.optimize import minimize

from psychometrics import calibrate, hybrid_dif, hybrid_thresholds
from psychometrics.dif._characteristic_curves import stocking_lord
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def made():
    return simulate(np.random.default_rng(8), n=(400, 400), n_items=12, n_codes=4, n_shifted=2, shift=0.9, mean=-0.5)


@pytest.fixture(scope="module")
def found(made):
    return hybrid_dif(made.responses, made.groups, reference="R")


def test_items_made_to_differ_are_found_and_freed(made, found):
    assert set(np.flatnonzero(made.differs)) <= set(np.flatnonzero(found.flagged))
    assert found.flagged.sum() <= 4
    assert found.converged
    freed = 12 + found.flagged.sum()
    assert found.purified_calibration.slopes.shape[1] == freed
    assert (found.regression.log_odds_ratio[made.differs] < -0.8).all()


def test_purified_trait_lies_closer_to_the_trait_of_fair_items_alone(made, found):
    fair = hybrid_dif(made.responses[:, ~made.differs], made.groups, reference="R", bound=1e-12).trait
    group = found.group

    def gap(trait):
        return trait[group == 0].mean() - trait[group == 1].mean()

    assert abs(gap(found.trait) - gap(fair)) < abs(gap(found.initial_trait) - gap(fair))


def test_a_line_between_scales_is_recovered_and_equals_a_general_optimiser(made):
    target = calibrate(made.responses[:, :10], covariance="none")
    source = calibrate(made.responses[:400, :10], covariance="none")
    items = np.arange(10)
    trait = np.linspace(-4, 4, 81)

    def loss(line):
        moved = source.expected_item_scores((trait - line[1]) / line[0])[0].sum(axis=0)
        return ((target.expected_item_scores(trait)[0].sum(axis=0) - moved) ** 2).sum()

    line = stocking_lord(target, items, source, items)
    best = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})

    np.testing.assert_allclose(line, best.x, atol=1e-5)
    np.testing.assert_allclose(stocking_lord(source, items, source, items), [1, 0], atol=1e-8)


def test_neither_a_constant_nor_the_order_of_items_nor_the_reference_matters(made, found):
    order = np.random.default_rng(0).permutation(12)

    again = hybrid_dif(made.responses[:, order] + 3, made.groups, reference="F")

    np.testing.assert_array_equal(again.flagged, found.flagged[order])
    np.testing.assert_allclose(again.regression.both.p, found.regression.both.p[order], rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(again.regression.log_odds_ratio, -found.regression.log_odds_ratio[order], atol=1e-4)


def test_without_a_flag_nothing_is_purified(made):
    found = hybrid_dif(made.responses, made.groups, reference="R", criterion="mcfadden", bound=0.9)

    assert found.iterations == 0
    assert found.converged
    assert found.link == (1.0, 0.0)
    np.testing.assert_array_equal(found.trait, found.initial_trait)


@pytest.mark.parametrize("criterion", ["mcfadden", "nagelkerke", "cox_snell", "beta"])
def test_sizes_can_flag_instead_of_tests(made, criterion):
    found = hybrid_dif(made.responses, made.groups, reference="R", criterion=criterion)

    size = found.regression.match_coefficient_change
    if criterion != "beta":
        size = getattr(found.regression.both, f"delta_r2_{criterion}")
    np.testing.assert_array_equal(found.flagged, size >= found.bound)


def test_three_groups_are_compared_at_once(made):
    groups = made.groups.astype(object)
    groups[600:] = "Q"

    found = hybrid_dif(made.responses, groups, reference="R")

    assert found.n.tolist() == [400, 200, 200]
    assert found.regression.both.degrees_of_freedom == 4
    assert found.flagged[made.differs].all()


def test_gaps_cost_only_the_tests_of_the_items_left_out(made, found):
    responses, groups = made.responses.copy(), made.groups.astype(object)
    responses[np.random.default_rng(1).random(responses.shape) < 0.1] = np.nan
    responses[5] = np.nan
    groups[:3] = None

    again = hybrid_dif(responses, groups, reference="R")

    assert again.n.tolist() == [397, 400]
    assert np.isnan(again.trait[:3]).all()
    assert again.trait[5] == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_array_equal(again.regression.n, np.isfinite(responses[3:]).sum(axis=0))
    known = np.isfinite(again.trait)
    assert np.corrcoef(again.trait[known], found.trait[known])[0, 1] > 0.97
    assert again.flagged[made.differs].all()


def test_rare_codes_are_merged_before_anything_else(made):
    responses = made.responses.copy()
    responses[responses[:, 0] == 3, 0] = 2
    responses[:3, 0] = 3

    found = hybrid_dif(responses, made.groups, reference="R")

    assert found.code_counts[0] == 3
    assert np.nanmax(found.responses[:, 0]) == 2


def test_thresholds_are_the_tails_of_fair_data_and_repeat_with_the_seed(found):
    first, again = (hybrid_thresholds(found, seed=1, replications=8, significance=0.125) for _ in range(2))

    np.testing.assert_array_equal(first.both, again.both)
    assert first.bound("chi_square").shape == (3, 12)
    # Eight data sets of twelve items: about an eighth of fair p values lies below the bound.
    assert 0.05 < first.both.mean() < 0.35
    assert ((first.mcfadden > 0) & (first.mcfadden < 0.05)).all()


def test_thresholds_serve_as_bounds(made, found):
    thresholds = hybrid_thresholds(found, seed=2, replications=10, significance=0.1)
    bound = thresholds.bound("mcfadden")

    again = hybrid_dif(made.responses, made.groups, reference="R", criterion="mcfadden", bound=bound)

    assert again.flagged[made.differs].all()
    np.testing.assert_array_equal(again.flagged, again.regression.both.delta_r2_mcfadden >= bound)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x, g: (x + 0.5, g), {}, "whole-number codes"),
        (lambda x, g: (x, np.full(len(g), "R")), {}, "at least 2"),
        (lambda x, g: (x * np.nan, g), {}, "no answer at all"),
        (lambda x, g: (np.where(np.arange(12) == 3, 1, x), g), {}, "item 3"),
        (lambda x, g: (x, g), {"reference": "Q"}, "not among the labels"),
        (lambda x, g: (x, g), {"criterion": "t"}, "criterion must be one of"),
        (lambda x, g: (x, g), {"bound": -0.1}, "bound must be positive"),
        (lambda x, g: (x, g), {"bound": [0.1, 0.1]}, "each of the 12 items"),
        (lambda x, g: (x, g), {"bound": 1.0}, "every item is flagged"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(made, change, options, message):
    responses, groups = change(made.responses, made.groups)

    with pytest.raises(ValueError, match=message):
        hybrid_dif(responses, groups, **{"reference": "R", **options})


def test_too_few_replications_are_refused(found):
    with pytest.raises(ValueError, match="take more"):
        hybrid_thresholds(found, seed=1, replications=10)
