"""Conditional maximum likelihood: against sums over all answer patterns, on simulated truth, with gaps, refusals."""

from itertools import product
from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from psychometrics.irt.conditional import conditional_model
from psychometrics.irt.conditional_likelihood import gradient, information, person_scores, score_groups
from psychometrics.irt.conditional_scores import conditional_fit, conditional_scores
from psychometrics.irt.conditional_tests import conditional_comparison

nan = np.nan


def answers(seed, thresholds, *, n=400, skip=0.0, mean=0.0):
    """Draw partial credit answers; `thresholds` (items, codes - 1)."""
    rng = np.random.default_rng(seed)
    easiness = -np.cumsum(np.pad(thresholds, ((0, 0), (1, 0))), axis=1)
    logs = rng.normal(mean, 1, (n, 1, 1)) * np.arange(easiness.shape[1]) + easiness
    drawn = (logs + rng.gumbel(size=logs.shape)).argmax(axis=2).astype(float)
    return np.where(rng.random(drawn.shape) < skip, nan, drawn)


def by_enumeration(codes, highest):
    """Return the conditional log-likelihood as a function of easinesses: each pattern against all of its score."""

    def indicators(pattern, items):
        return np.concatenate([np.arange(1, highest[item] + 1) == pattern.get(item, 0) for item in items])

    everything = range(len(highest))
    parts = []
    for row, count in zip(*np.unique(codes, axis=0, return_counts=True), strict=True):
        items = np.flatnonzero(row >= 0).tolist()
        possible = product(*(range(highest[item] + 1) for item in items))
        same = [dict(zip(items, p, strict=True)) for p in possible if sum(p) == row[items].sum()]
        own = indicators(dict(zip(items, row[items].tolist(), strict=True)), everything)
        parts.append((count, own.astype(float), np.array([indicators(p, everything) for p in same], dtype=float)))

    def log_likelihood(easiness):
        return sum(n * (own @ easiness - np.logaddexp.reduce(same @ easiness)) for n, own, same in parts)

    return log_likelihood


@pytest.fixture(scope="module")
def gappy():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, [3, 2, 4, 2], size=(60, 4)).astype(np.int16)
    codes[rng.random(codes.shape) < 0.2] = -1
    return codes


@given(easiness=st.lists(st.floats(-4, 4), min_size=7, max_size=7))
@settings(max_examples=15, deadline=None)
def test_likelihood_and_its_derivatives_equal_sums_over_all_patterns(gappy, easiness):
    groups, easiness, step = score_groups(gappy), np.array(easiness), 1e-5

    value, slope = gradient(groups, easiness)
    enumerated = by_enumeration(gappy, groups.highest)

    def differences(function):
        moves = step * np.eye(len(easiness))
        return np.array([(function(easiness + m) - function(easiness - m)) / (2 * step) for m in moves])

    assert value == pytest.approx(enumerated(easiness), abs=1e-9)
    np.testing.assert_allclose(slope, differences(enumerated), atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(
        information(groups, easiness), -differences(lambda x: gradient(groups, x)[1]), atol=1e-6, rtol=1e-6
    )
    np.testing.assert_allclose(person_scores(groups, easiness).sum(axis=0), slope, atol=1e-9)


def test_scores_far_from_the_middle_keep_their_precision_with_many_items():
    # All items alike: the elementary symmetric functions are binomial coefficients.
    codes = np.zeros((2, 300), dtype=np.int16)
    codes[0, :150], codes[1, :3] = 1, 1

    groups = score_groups(np.vstack([codes, 1 - codes]))
    value, slope = gradient(groups, np.zeros(300))

    assert value == pytest.approx(-2 * (log(comb(300, 150)) + log(comb(300, 3))), rel=1e-12)
    # Scores of a half, a half, 1 and 99 per cent: every item is expected to be right twice, and is.
    np.testing.assert_allclose(slope, 0, atol=1e-12)


@pytest.mark.parametrize("skip", [0.0, 0.15])
@pytest.mark.parametrize("kind", ["rasch", "partial_credit", "rating_scale"])
def test_estimates_equal_those_of_a_general_optimiser(kind, skip):
    shape = {"rasch": (5, 1), "partial_credit": (4, 2), "rating_scale": (4, 2)}[kind]
    thresholds = np.linspace(-1, 1, shape[0])[:, None] + np.array([[-0.4, 0.4]])[:, : shape[1]]
    responses = answers(1, thresholds, n=150, skip=skip)

    model = conditional_model(responses, model=kind)

    codes = np.where(np.isnan(responses), -1, responses).astype(int)[~np.isnan(responses).all(axis=1)]

    def easiness(free):
        if kind != "rating_scale":
            return np.r_[-free.sum(), free]
        location = np.r_[-free[:3].sum(), free[:3]]
        return np.stack([location, 2 * location + free[3]], axis=1).ravel()

    enumerated = by_enumeration(codes, model.highest)
    found = minimize(lambda free: -enumerated(easiness(free)), np.zeros(model.n_parameters), tol=1e-9)
    assert model.log_likelihood == pytest.approx(-found.fun, abs=1e-6)
    np.testing.assert_allclose(model.flat_easiness, easiness(found.x), atol=1e-3)


@pytest.mark.parametrize("mean", [0.0, 1.5])
def test_item_parameters_are_recovered_whatever_the_people_are_like(mean):
    thresholds = np.linspace(-1, 1, 8)[:, None] + np.array([[-0.7, 0.0, 0.7]])

    model = conditional_model(answers(2, thresholds, n=4000, skip=0.1, mean=mean), model="partial_credit")

    # The easinesses are centred, which shifts all thresholds alike.
    away = model.thresholds - thresholds
    assert np.abs((away - away.mean()) / model.thresholds_se).max() < 3.5
    assert model.n_incomplete > 2000


def test_standard_errors_match_the_spread_of_estimates():
    thresholds = np.linspace(-1, 1, 6)[:, None]
    models = [conditional_model(answers(seed, thresholds, n=300, skip=0.1)) for seed in range(80)]

    spread = np.std([model.thresholds for model in models], axis=0)

    assert np.mean(spread / np.mean([model.thresholds_se for model in models], axis=0)) == pytest.approx(1, abs=0.1)


@given(seed=st.integers(0, 1000), constant=st.integers(-3, 3))
@settings(max_examples=15, deadline=None)
def test_order_of_people_and_items_and_a_constant_do_not_matter(seed, constant):
    rng = np.random.default_rng(seed)
    responses = answers(seed, np.linspace(-1, 1, 5)[:, None] + np.array([[-0.5, 0.5]]), n=200, skip=0.1)
    people, items = rng.permutation(200), rng.permutation(5)

    first = conditional_model(responses, model="partial_credit")
    second = conditional_model(responses[people][:, items] + constant, model="partial_credit")

    assert second.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(second.thresholds, first.thresholds[items], atol=1e-7)
    np.testing.assert_allclose(second.thresholds_se, first.thresholds_se[items], atol=1e-7)


def test_people_with_extreme_scores_or_one_answer_or_none_change_nothing():
    responses = answers(3, np.linspace(-1, 1, 5)[:, None])
    more = np.vstack([responses, np.zeros((9, 5)), np.ones((9, 5)), np.full((3, 5), nan), [[1, nan, nan, nan, nan]]])

    first, second = conditional_model(responses), conditional_model(more)

    np.testing.assert_allclose(second.thresholds, first.thresholds, atol=1e-9)
    assert second.n == first.n + 19
    assert second.n_informative == first.n_informative


def test_a_rasch_model_is_a_partial_credit_model_of_two_codes():
    responses = answers(4, np.linspace(-1, 1, 5)[:, None])

    rasch, partial = conditional_model(responses), conditional_model(responses, model="partial_credit")

    np.testing.assert_array_equal(rasch.thresholds, partial.thresholds)


def test_many_patterns_of_gaps_reach_the_same_maximum():
    responses = answers(5, np.linspace(-1, 1, 14)[:, None], n=1500, skip=0.3)

    model = conditional_model(responses)

    assert len(model.groups.patterns) > 600
    slope = gradient(model.groups, model.flat_easiness)[1]
    np.testing.assert_allclose(slope - slope.mean(), 0, atol=1e-5)


def test_traits_place_the_expected_score_on_the_score_and_grow_with_it():
    thresholds = np.linspace(-1, 1, 6)[:, None] + np.array([[-0.5, 0.5]])
    model = conditional_model(answers(6, thresholds, skip=0.1), model="partial_credit")

    found = conditional_scores(model)

    easiness = np.pad(model.easiness, ((0, 0), (1, 0)))
    for person in range(20):
        weight = np.exp(found.trait[person] * np.arange(3) + easiness)
        expected = (weight / weight.sum(axis=1, keepdims=True)) @ np.arange(3)
        if not found.extrapolated[person]:
            answered = model.groups.codes[person] >= 0
            assert expected[answered].sum() == pytest.approx(found.score[person], abs=1e-8)
    assert (np.diff(found.by_score) > 0).all()
    # The straight continuation of a natural spline: second differences fade towards the ends.
    assert abs(np.diff(found.by_score, 2)[0]) < abs(np.diff(found.by_score, 2)[1])


def test_traits_of_two_items_have_nothing_to_be_extrapolated_from():
    model = conditional_model([[0, 1], [1, 0], [1, 0], [1, 1], [0, 0]])

    found = conditional_scores(model)

    np.testing.assert_allclose(found.by_score, [nan, 0.0, nan], atol=1e-9)
    assert np.isnan(found.se[found.extrapolated]).all()
    assert np.isnan(found.reliability)


def test_mean_squares_are_one_where_the_model_holds_and_low_for_a_steep_item():
    rng = np.random.default_rng(7)
    trait = rng.normal(size=(3000, 1))
    slope = np.r_[np.ones(19), 3.0]
    responses = (slope * (trait - np.linspace(-1, 1, 20)) + rng.logistic(size=(3000, 20)) > 0).astype(float)
    responses[rng.random(responses.shape) < 0.1] = nan

    fit = conditional_fit(conditional_model(responses))

    assert np.abs(fit.infit[:19] - 1).max() < 0.12
    assert fit.infit[19] < 0.8
    assert fit.infit_p[19] < 1e-6
    assert (fit.n < 3000).all()


def test_mean_squares_equal_their_definitions_person_by_person():
    responses = answers(10, np.linspace(-1, 1, 4)[:, None] + np.array([[-0.5, 0.5]]), n=60, skip=0.15)
    model = conditional_model(responses, model="partial_credit")
    traits, easiness = conditional_scores(model).trait, np.pad(model.easiness, ((0, 0), (1, 0)))

    fit = conditional_fit(model)

    for item in range(4):
        squared, variance, fourth = [], [], []
        for person in np.flatnonzero(model.groups.informative & (model.groups.codes[:, item] >= 0)):
            p = np.exp(traits[person] * np.arange(3) + easiness[item])
            p /= p.sum()
            away = np.arange(3) - p @ np.arange(3)
            squared.append(away[model.groups.codes[person, item]] ** 2)
            variance.append(p @ away**2)
            fourth.append(p @ away**4)
        squared, variance, fourth = map(np.array, (squared, variance, fourth))
        infit, sd = squared.sum() / variance.sum(), np.sqrt((fourth - variance**2).sum()) / variance.sum()
        assert fit.n[item] == len(squared)
        assert fit.infit[item] == pytest.approx(infit)
        assert fit.outfit[item] == pytest.approx(np.mean(squared / variance))
        assert fit.infit_z[item] == pytest.approx((infit ** (1 / 3) - 1) * 3 / sd + sd / 3)


@given(seed=st.integers(0, 500), constant=st.integers(-2, 2))
@settings(max_examples=8, deadline=None)
def test_comparison_and_fit_depend_on_neither_labels_nor_order(seed, constant):
    rng = np.random.default_rng(seed)
    responses, groups = answers(seed, np.linspace(-1, 1, 5)[:, None], n=160, skip=0.1), rng.integers(0, 2, 160)
    people, items = rng.permutation(160), rng.permutation(5)
    moved = responses[people][:, items] + constant

    first, second = conditional_comparison(responses, groups), conditional_comparison(moved, -groups[people])
    fit, fit_moved = conditional_fit(conditional_model(responses)), conditional_fit(conditional_model(moved))

    assert second.chi2 == pytest.approx(first.chi2, abs=1e-6)
    np.testing.assert_allclose(second.z[:, 0], -first.z[items, 0], atol=1e-6)
    np.testing.assert_allclose(fit_moved.infit, fit.infit[items], atol=1e-6)
    np.testing.assert_allclose(fit_moved.outfit, fit.outfit[items], atol=1e-6)


def test_andersen_test_holds_its_level_and_finds_differing_items():
    thresholds = np.linspace(-1, 1, 6)[:, None]
    groups = np.repeat(["a", "b"], 200)
    p = []
    for seed in range(120):
        same = np.vstack([answers(seed, thresholds, n=200), answers(seed + 999, thresholds, n=200, mean=0.5)])
        p.append(conditional_comparison(same, groups).p)
    moved = thresholds + np.array([[0, 0, 1.0, 0, 0, 0]]).T
    apart = np.vstack([answers(0, thresholds, n=200), answers(1, moved, n=200)])

    found = conditional_comparison(apart, groups)

    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.1
    assert found.p < 0.01
    assert np.abs(found.z[:, 0]).argmax() == 2
    assert found.z[2, 0] < 0


def test_items_that_a_group_cannot_place_are_left_out_and_listed():
    responses = answers(8, np.linspace(-1, 1, 5)[:, None])
    responses[:200, 3] = 1

    found = conditional_comparison(responses, np.repeat([0, 1], 200))

    assert found.left_out == (3,)
    np.testing.assert_array_equal(found.items, [0, 1, 2, 4])
    assert found.df == 3


def test_answers_without_any_reversal_are_refused():
    everybody_agrees = np.repeat(np.tril(np.ones((7, 6)), -1), 30, axis=0)

    with pytest.raises(ValueError, match="infinitely far"):
        conditional_model(everybody_agrees)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x: x[:, :1], {}, "1 item says nothing"),
        (lambda x: np.where(np.arange(5) == 2, 1.0, x), {}, "item 2: everybody answered 1"),
        (lambda x: np.where(np.arange(5) == 2, nan, x), {}, "item 2: nobody answered it"),
        (lambda x: x * 2, {"model": "partial_credit"}, "item 0: nobody answered 1"),
        (lambda x: x + (np.arange(5) == 1), {"model": "partial_credit"}, "item 1: nobody answered 0"),
        (lambda x: np.where((np.arange(5) == 1) & (x == 0), 2, x), {}, "takes two codes"),
        (
            lambda x: x * np.where(np.arange(5) < 4, 1 + (np.arange(400) < 99)[:, None], 1),
            {"model": "rating_scale"},
            "same",
        ),
        (lambda x: np.vstack([np.eye(5)[:4], np.ones((9, 5)), np.zeros((9, 5))]), {}, "more of them than parameters"),
        (lambda x: x + 0.5, {}, "whole-number codes"),
        (lambda x: x * nan, {}, "no answer at all"),
        (lambda x: x, {"model": "graded"}, "must be one of"),
        (lambda x: np.where((np.arange(5) > 1) & (x[:, :2].sum(axis=1) < 2)[:, None], 0, x), {}, "infinitely far"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(change, options, message):
    with pytest.raises(ValueError, match=message):
        conditional_model(change(answers(9, np.linspace(-1, 1, 5)[:, None])), **options)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.zeros(400), "at least 2 different groups"),
        (np.arange(400), "in every group"),
        ([1, 2], "one label for each"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        conditional_comparison(answers(9, np.linspace(-1, 1, 5)[:, None]), groups)
