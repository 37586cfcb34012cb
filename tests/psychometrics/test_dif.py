"""Observed-score DIF: independent computations, properties, missing answers, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from psychometrics.dif._matching import purify
from psychometrics.dif.breslow_day import breslow_day
from psychometrics.dif.delta_plot import delta_plot
from psychometrics.dif.generalized import generalized_mantel_haenszel
from psychometrics.dif.likelihood_ratio import likelihood_ratio_dif
from psychometrics.dif.logistic import logistic_dif
from psychometrics.dif.mantel_haenszel import ets_class, mantel_haenszel
from psychometrics.dif.polytomous import mantel
from psychometrics.dif.sibtest import sibtest
from psychometrics.dif.standardization import standardization
from tests.psychometrics.simulation import simulate

METHODS = {
    "mantel_haenszel": lambda x, g, **options: mantel_haenszel(x, g, focal="F", **options),
    "standardization": lambda x, g, **options: standardization(x, g, focal="F", **options),
    "mantel": lambda x, g, **options: mantel(x, g, focal="F", **options),
    "generalized": lambda x, g, **options: generalized_mantel_haenszel(x, g, reference="R", **options),
    "logistic": lambda x, g, **options: logistic_dif(x, g, reference="R", **options),
}


MORE = {
    "breslow_day": lambda x, g: breslow_day(x, g, focal="F"),
    "delta_plot": lambda x, g: delta_plot(x, g, focal="F"),
    "sibtest": lambda x, g: sibtest(x, g, focal="F"),
    "likelihood_ratio": lambda x, g: likelihood_ratio_dif(x, g, reference="R"),
}


@pytest.fixture(scope="module")
def binary():
    return simulate(np.random.default_rng(1), n_codes=2, n_shifted=2, shift=1.0, mean=-0.5)


@pytest.fixture(scope="module")
def graded():
    return simulate(np.random.default_rng(2), n_codes=4, n_shifted=2, shift=1.0, mean=-0.5)


def log_likelihood(parameters, x, y, n_codes):
    """Proportional odds, person by person."""
    linear = x @ parameters[n_codes - 1 :]
    above = 1 / (1 + np.exp(-(parameters[: n_codes - 1] + linear[:, None])))
    edges = np.column_stack([np.ones(len(y)), above, np.zeros(len(y))])
    rows = np.arange(len(y))
    return np.log(np.maximum(edges[rows, y] - edges[rows, y + 1], 1e-12)).sum()


def test_ordinal_likelihood_equals_a_general_optimiser_person_by_person(graded):
    x, group = graded.responses, (graded.groups == "F").astype(float)
    total = x.sum(axis=1)
    z = (total - total.mean()) / total.std()

    found = logistic_dif(x, graded.groups, reference="R")

    for item in (0, 5):
        y = x[:, item].astype(int)
        for model, design in zip(
            found.models,
            (np.c_[z], np.c_[z, group], np.c_[z, group, z * group]),
            strict=True,
        ):
            start = np.r_[1.0, 0.0, -1.0, np.zeros(design.shape[1])]
            best = minimize(lambda p, d=design, y=y: -log_likelihood(p, d, y, 4), start, tol=1e-10)
            assert model.log_likelihood[item] == pytest.approx(-best.fun, abs=1e-4)


def test_logistic_dif_does_not_change_with_the_unit_of_the_match(graded):
    total = graded.responses.sum(axis=1)

    once = logistic_dif(graded.responses, graded.groups, reference="R", matching=total)
    again = logistic_dif(graded.responses, graded.groups, reference="R", matching=100 + 3 * total)

    np.testing.assert_allclose(again.both.chi2, once.both.chi2, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(again.models[1].slopes[:, 0] * 3, once.models[1].slopes[:, 0], rtol=1e-6)


def test_uniform_and_nonuniform_add_up_to_both(graded):
    found = logistic_dif(graded.responses, graded.groups, reference="R")

    np.testing.assert_allclose(found.uniform.chi2 + found.nonuniform.chi2, found.both.chi2, atol=1e-6)


def test_balanced_effect_sizes_do_not_depend_on_how_many_people_a_group_has(graded):
    few = np.flatnonzero(graded.groups == "F")
    rows = np.r_[np.arange(len(graded.groups)), np.repeat(few, 9)]
    total = graded.responses.sum(axis=1)

    small = logistic_dif(graded.responses, graded.groups, reference="R", matching=total, balanced=True)
    large = logistic_dif(
        graded.responses[rows], graded.groups[rows], reference="R", matching=total[rows], balanced=True
    )

    np.testing.assert_allclose(large.both.delta_r2_nagelkerke, small.both.delta_r2_nagelkerke, rtol=1e-5, atol=1e-8)


def test_with_two_codes_mantel_and_mantel_haenszel_agree(binary):
    one = mantel_haenszel(binary.responses, binary.groups, focal="F", continuity_correction=False)
    other = mantel(binary.responses, binary.groups, focal="F")
    general = generalized_mantel_haenszel(binary.responses, binary.groups, reference="R")

    np.testing.assert_allclose(other.chi2, one.chi2, rtol=1e-8)
    np.testing.assert_allclose(general.chi2, one.chi2, rtol=1e-8)
    np.testing.assert_allclose(other.liu_agresti, 1 / one.odds_ratio, rtol=1e-8)
    np.testing.assert_allclose(other.liu_agresti_log_se, one.log_odds_ratio_se, rtol=0.03)


def test_exchanging_the_groups_turns_every_effect_around(graded):
    forth = mantel(graded.responses, graded.groups, focal="F", matching=graded.responses.sum(axis=1))
    back = mantel(graded.responses, graded.groups, focal="R", matching=graded.responses.sum(axis=1))

    np.testing.assert_allclose(back.chi2, forth.chi2, rtol=1e-8)
    np.testing.assert_allclose(np.log(back.liu_agresti), -np.log(forth.liu_agresti), atol=1e-10)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_adding_a_constant_to_all_codes_changes_nothing(seed):
    made = simulate(np.random.default_rng(seed), n=(60, 50), n_items=4, n_codes=3)

    zero = mantel(made.responses, made.groups, focal="F")
    five = mantel(made.responses + 5, made.groups, focal="F")

    np.testing.assert_allclose(five.smd, zero.smd, atol=1e-12)
    np.testing.assert_allclose(five.chi2, zero.chi2, rtol=1e-9)


@pytest.mark.parametrize("method", ["mantel_haenszel", "logistic"])
def test_purification_finds_the_items_that_were_made_to_differ(binary, method):
    found = METHODS[method](binary.responses, binary.groups, purified=True)

    assert set(np.flatnonzero(binary.differs)) <= set(np.flatnonzero(found.flagged))
    assert found.iterations <= 50
    if found.converged:
        np.testing.assert_array_equal(found.anchors, ~found.flagged)


@pytest.mark.parametrize("method", METHODS)
def test_people_with_gaps_or_unknown_group_are_left_out_of_a_sum_score_match(binary, graded, method):
    made = binary if method in ("mantel_haenszel", "standardization") else graded
    responses, groups = made.responses.copy(), made.groups.astype(object)
    responses[:20, 3] = np.nan
    groups[20:30] = None
    complete = np.arange(len(groups)) >= 30

    found = METHODS[method](responses, groups)
    expected = METHODS[method](made.responses[complete], made.groups[complete])

    np.testing.assert_array_equal(found.n, expected.n)


def test_a_supplied_match_keeps_people_who_skipped_other_items(graded):
    responses = graded.responses.copy()
    responses[:100, 3] = np.nan

    found = mantel(responses, graded.groups, focal="F", matching=graded.responses.sum(axis=1))

    assert found.n[0] > found.n[3] + 50


def test_an_item_everybody_answers_alike_has_no_statistic(graded):
    responses = graded.responses.copy()
    responses[:, 2] = 1

    by_regression = logistic_dif(responses, graded.groups, reference="R")
    by_table = mantel(responses, graded.groups, focal="F")

    assert np.isnan(by_regression.both.chi2[2])
    assert np.isnan(by_table.chi2[2])
    assert by_table.ets_class[2] == ""
    assert np.isfinite(by_regression.both.chi2[[0, 1, 3]]).all()


@pytest.mark.parametrize(
    ("delta", "se", "letter"),
    [(0.9, 0.01, "A"), (1.2, 1.0, "A"), (1.2, 0.3, "B"), (1.6, 0.5, "B"), (-2.5, 0.4, "C"), (np.nan, 1.0, "")],
)
def test_ets_class_needs_size_and_certainty(delta, se, letter):
    assert ets_class(delta, se) == letter


@pytest.mark.parametrize("method", [*METHODS, *MORE])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, g: (x + 0.5, g), "whole-number codes"),
        (lambda x, g: (x, np.full(len(g), "R")), "at least 2"),
        (lambda x, g: (x, g[:-1]), "one label for each"),
        (lambda x, g: (x, np.where(g == "R", "Q", "S")), "not among the labels"),
        (lambda x, g: (x * np.nan, g), "no answer at all"),
        (lambda x, g: (x * 2000, g), "look like scores"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(binary, method, change, message):
    responses, groups = change(binary.responses, binary.groups)

    with pytest.raises(ValueError, match=message):
        {**METHODS, **MORE}[method](responses, groups)


def test_methods_for_two_groups_refuse_three(graded):
    groups = np.array(["R", "F", "Q"])[np.arange(len(graded.groups)) % 3]

    with pytest.raises(ValueError, match="compares two groups"):
        mantel(graded.responses, groups, focal="F")


def test_anchors_and_purification_exclude_each_other(graded):
    with pytest.raises(ValueError, match="not both"):
        mantel(graded.responses, graded.groups, focal="F", anchors=[0, 1], purified=True)


@pytest.mark.parametrize("most", [9, 10])
def test_purification_that_goes_round_ends_where_all_its_steps_would(most):
    calls = []

    def test(anchors):
        calls.append(anchors)
        return anchors.tolist(), np.array([False, True, False]) if anchors[1] else np.array([False, False, True])

    found = purify(test, 3, enabled=True, max_iterations=most)

    # All, without the second, without the third, without the second: every odd step is without the second.
    assert len(calls) == 4
    assert found.iterations == most
    assert not found.converged
    assert found.anchors.tolist() == found.result == [True, most == 10, most == 9]


def test_breslow_day_equals_the_chi_square_with_counts_found_by_bisection(binary):
    """The expected count is the one that gives the common odds ratio; found here by halving an interval."""
    responses, focal = binary.responses, binary.groups == "F"
    total = responses.sum(axis=1)
    ratio = mantel_haenszel(responses, binary.groups, focal="F").odds_ratio[0]
    chi2 = 0.0
    for score in np.unique(total):
        at = total == score
        a, b = (at & ~focal & (responses[:, 0] == 1)).sum(), (at & ~focal & (responses[:, 0] == 0)).sum()
        c, d = (at & focal & (responses[:, 0] == 1)).sum(), (at & focal & (responses[:, 0] == 0)).sum()
        if min(a + b, c + d, a + c, b + d) == 0:
            continue
        low, high = max(0, a - d), min(a + b, a + c)
        for _ in range(200):
            e = (low + high) / 2
            low, high = (e, high) if e * (d - a + e) < ratio * (a + b - e) * (a + c - e) else (low, e)
        variance = 1 / (1 / e + 1 / (a + b - e) + 1 / (a + c - e) + 1 / (d - a + e))
        chi2 += (a - e) ** 2 / variance

    found = breslow_day(responses, binary.groups, focal="F")

    assert found.chi2[0] == pytest.approx(chi2, rel=1e-6)


def test_a_single_level_has_no_trend(binary):
    found = breslow_day(
        binary.responses, binary.groups, focal="F", statistic="trend", matching=np.ones(len(binary.responses))
    )

    assert np.isnan(found.chi2).all()
    assert not found.flagged.any()


def test_sibtest_finds_the_made_items_harder_and_turns_with_the_groups(graded):
    forth = sibtest(graded.responses, graded.groups, focal="F")
    back = sibtest(graded.responses, graded.groups, focal="R")

    assert (forth.beta[graded.differs] < 0).all()
    assert (forth.p[graded.differs] < 0.001).all()
    np.testing.assert_allclose(back.beta, -forth.beta, atol=1e-12)


def test_sibtest_refuses_an_item_on_both_sides(graded):
    with pytest.raises(ValueError, match="suspected and part of the match"):
        sibtest(graded.responses, graded.groups, focal="F", suspects=[[1]], matching=[0, 1, 2])


def test_delta_plot_refuses_an_infinite_delta(binary):
    responses = binary.responses.copy()
    responses[binary.groups == "F", 4] = 1

    with pytest.raises(ValueError, match="item 4: everybody in a group"):
        delta_plot(responses, binary.groups, focal="F")


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [(lambda x: x[:, :2], "give at least 3"), (lambda x: np.repeat(x[:, :1], 4, axis=1), "do not vary together")],
)
def test_delta_plot_refuses_items_without_a_line(binary, spoilt, message):
    with pytest.raises(ValueError, match=message):
        delta_plot(spoilt(binary.responses), binary.groups, focal="F")


@pytest.mark.parametrize("anchors", [[0, 10], [-1, 2], [0.0, 2.0], ["i1"]])
def test_anchors_that_are_no_positions_are_refused(graded, anchors):
    with pytest.raises(ValueError, match="positions from 0 to 9"):
        mantel(graded.responses, graded.groups, focal="F", anchors=anchors)


def test_likelihood_ratio_test_with_anchors_keeps_fair_items_and_uses_gaps(graded):
    responses = graded.responses.copy()
    responses[np.random.default_rng(0).random(responses.shape) < 0.15] = np.nan
    anchors = np.flatnonzero(~graded.differs)[:4]

    found = likelihood_ratio_dif(responses, graded.groups, reference="R", anchors=anchors)

    differs = graded.differs[found.items]
    assert (found.p[differs] < 1e-4).all()
    assert (found.p_adjusted[~differs] > 0.05).all()
    assert found.n == len(responses)
