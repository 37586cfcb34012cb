"""Rasch trees: p values against simulation and published tables, planted groups found, under skipping, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics.dif._fluctuation import _OVERSHOOT, decorrelated, level_test, maximum_p, order_test, supremum_p
from psychometrics.dif.trees import rasch_tree
from psychometrics.irt.conditional import conditional_model
from tests.psychometrics.test_conditional import answers

nan = np.nan
ITEMS = np.linspace(-1.2, 1.2, 8)[:, None]


def half_log_odds(shares):
    return np.log(shares / (1 - shares)) / 2


@pytest.mark.parametrize(
    ("k", "values"), [(1, (7.12, 8.68, 12.16)), (2, (10.00, 11.72, 15.56)), (3, (12.28, 14.13, 18.07))]
)
def test_supremum_has_the_critical_values_of_andrews(k, values):
    # Andrews (2003, corrigendum), 15 % trimming: 10, 5 and 1 %, simulated with 3,600 steps.
    times = half_log_odds(np.arange(541, 3060) / 3600)
    higher = [np.sqrt(value) + _OVERSHOOT * np.sqrt(2 * np.diff(times)).mean() for value in values]

    found = [supremum_p(root**2, k, times[-1] - times[0]) for root in higher]

    np.testing.assert_allclose(found, [0.1, 0.05, 0.01], rtol=0.05)


@pytest.mark.parametrize(("k", "value"), [(1, 4.0), (5, 11.0), (23, 34.0), (100, 130.0)])
def test_maximum_over_some_cuts_equals_that_of_simulated_bridges(k, value):
    rng = np.random.default_rng(k)
    times = half_log_odds(np.array([0.1, 0.25, 0.28, 0.4, 0.6, 0.85]))
    path, highest = rng.normal(size=(10_000, k)), np.zeros(10_000)
    for step in np.diff(times, prepend=times[0]):
        path = np.exp(-step) * path + np.sqrt(1 - np.exp(-2 * step)) * rng.normal(size=path.shape)
        highest = np.maximum(highest, (path**2).sum(axis=1))

    assert maximum_p(value, k, times) == pytest.approx(np.mean(highest > value), abs=0.015)


@pytest.mark.parametrize("k", [1, 4, 23, 80])
def test_many_cuts_come_near_the_continuous_process_seen_as_often(k):
    times = np.linspace(-1, 1, 40)
    for value in k + np.array([1.0, 3.0, 6.0]) * np.sqrt(2 * k):
        higher = np.sqrt(value) + _OVERSHOOT * np.sqrt(2 * np.diff(times)).mean()

        assert supremum_p(higher**2, k, 2.0) == pytest.approx(maximum_p(value, k, times), rel=0.05)


@given(k=st.integers(1, 200), value=st.floats(0.5, 6), duration=st.floats(0.2, 3))
@settings(max_examples=40, deadline=None)
def test_p_values_fall_with_the_statistic_and_grow_with_time(k, value, duration):
    value = k + value * np.sqrt(2 * k)

    p = supremum_p(value, k, duration)

    assert 0 < supremum_p(value + np.sqrt(k), k, duration) < p < 1
    assert p < supremum_p(value, k, duration + 0.2)
    assert p > maximum_p(value, k, np.linspace(0, duration, 3))


def test_two_levels_are_one_cut():
    scores = np.random.default_rng(0).normal(size=(100, 4))
    process = decorrelated(scores - scores.mean(axis=0))
    levels = np.r_[np.zeros(30, dtype=int), np.ones(70, dtype=int)]

    np.testing.assert_allclose(level_test(process, levels), order_test(process, levels.astype(float), 10))


def test_level_test_is_the_sum_of_the_levels_deviations():
    scores = np.random.default_rng(1).normal(size=(90, 3))
    scores -= scores.mean(axis=0)
    levels = np.arange(90) % 3
    inverse = np.linalg.inv(scores.T @ scores / 90)
    parts = [scores[levels == level].sum(axis=0) for level in range(3)]

    statistic, p = level_test(decorrelated(scores), levels)

    assert statistic == pytest.approx(sum(part @ inverse @ part / 30 for part in parts))
    assert 0 < p < 1


def test_levels_hold_where_nothing_drifts_though_the_trait_differs():
    p = {"age": [], "site": []}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        age, site = rng.normal(size=200), rng.choice(["a", "b", "c"], 200)
        responses = np.vstack([answers(int(1e6 + 999 * seed + i), ITEMS, n=1, mean=age[i] / 2) for i in range(200)])
        for test in rasch_tree(responses, {"age": age, "site": site}, max_depth=0).nodes[0].tests:
            p[test.covariate].append(test.p)

    for values in p.values():
        assert np.mean(values) == pytest.approx(0.5, abs=0.14)
        assert np.mean(np.array(values) < 0.1) < 0.25


@pytest.fixture(scope="module")
def planted():
    """People over 40 at site b find item 2 harder by 1.5; the covariates themselves shift the trait."""
    rng = np.random.default_rng(3)
    n = 1200
    age, site = rng.integers(20, 60, n), rng.choice(["a", "b", "c"], n)
    moved = ITEMS.copy()
    moved[2] += 1.5
    shifted = (age > 40) & (site == "b")
    responses = answers(4, ITEMS, n=n, skip=0.05)
    responses[shifted] = answers(5, moved, n=int(shifted.sum()), skip=0.05, mean=0.4)
    return responses, {"age": age, "site": site, "noise": rng.normal(size=n)}, shifted


def test_a_planted_interaction_is_found_where_it_lies(planted):
    responses, covariates, shifted = planted

    tree = rasch_tree(responses, covariates)

    splits = [node.split for node in tree.nodes if node.split]
    assert {split.covariate for split in splits} == {"age", "site"}
    (cut,) = [split.cut for split in splits if split.covariate == "age"]
    assert abs(cut - 40) <= 2
    leaf = np.bincount(tree.leaf[shifted]).argmax()
    assert np.mean(tree.leaf[shifted] == leaf) > 0.9
    assert np.mean(shifted[tree.leaf == leaf]) > 0.9
    thresholds = tree.nodes[leaf - 1].thresholds[:, 0]
    assert (thresholds - ITEMS[:, 0]).argmax() == 2
    assert sum(node.n for node in tree.leaves) == tree.n == 1200
    for node in tree.nodes:
        assert all(tree.nodes[child - 1].parent == node.number for child in node.children)


def test_a_node_is_the_calibration_of_its_people(planted):
    responses, covariates, _ = planted

    tree = rasch_tree(responses, covariates, max_depth=1)

    for leaf in tree.leaves:
        model = conditional_model(responses[tree.leaf == leaf.number])
        np.testing.assert_allclose(leaf.thresholds, model.thresholds, atol=1e-6)
        np.testing.assert_allclose(leaf.thresholds_se, model.thresholds_se, atol=1e-6)
        assert leaf.log_likelihood == pytest.approx(model.log_likelihood)


@given(seed=st.integers(0, 100))
@settings(max_examples=5, deadline=None)
def test_order_of_people_does_not_matter(planted, seed):
    responses, covariates, shifted = planted
    covariates = {"age": covariates["age"], "shifted": np.where(shifted, "yes", "no")}
    order = np.random.default_rng(seed).permutation(len(responses))

    first = rasch_tree(responses, covariates, max_depth=1)
    second = rasch_tree(responses[order], {name: x[order] for name, x in covariates.items()}, max_depth=1)

    np.testing.assert_array_equal(second.leaf, first.leaf[order])
    for a, b in zip(first.nodes[0].tests, second.nodes[0].tests, strict=True):
        assert b.statistic == pytest.approx(a.statistic, rel=1e-6)


def test_ordered_levels_split_in_their_order_and_partial_credit_items_drift():
    rng = np.random.default_rng(6)
    thresholds = np.linspace(-0.5, 0.5, 5)[:, None] + np.array([[-0.7, 0.7]])
    moved = thresholds.copy()
    moved[3, 0] += 1.5
    education = rng.choice(["none", "school", "college", "university"], 900)
    late = np.isin(education, ["college", "university"])
    responses = answers(7, thresholds, n=900)
    responses[late] = answers(8, moved, n=int(late.sum()))

    tree = rasch_tree(
        responses,
        {"education": education},
        model="partial_credit",
        orders={"education": ["none", "school", "college", "university"]},
    )

    assert tree.nodes[0].split.levels == ("none", "school")
    assert tree.nodes[0].tests[0].kind == "ordered"
    assert len(tree.leaves) == 2
    drift = tree.leaves[1].thresholds - tree.leaves[0].thresholds
    assert np.unravel_index(drift.argmax(), drift.shape) == (3, 0)


def test_people_without_a_covariate_or_an_answer_are_left_out(planted):
    responses, covariates, _ = planted
    responses, age = responses.copy(), covariates["age"].astype(float)
    responses[:7], age[5:10] = nan, nan

    tree = rasch_tree(responses, {"age": age}, max_depth=0)

    assert tree.n_left_out == 10
    assert (tree.leaf[:10] == 0).all()
    assert (tree.leaf[10:] == 1).all()


def test_an_item_that_a_group_answered_alike_has_no_place_there():
    responses = answers(9, ITEMS, n=400)
    group = np.repeat(["a", "b"], 200)
    responses[group == "b", 0] = 1
    responses[group == "b", 5] = 1 - responses[group == "b", 5]

    tree = rasch_tree(responses, {"group": group})

    assert len(tree.leaves) == 2
    assert np.isnan(tree.leaves[1].thresholds[0]).all()
    assert np.isfinite(tree.leaves[1].thresholds[1:]).all()


def test_a_covariate_that_cannot_be_split_gives_way_to_the_next():
    moved = ITEMS.copy()
    moved[4] += 2
    responses = np.vstack([answers(13, ITEMS, n=300), answers(14, moved, n=300)])
    rare = np.where(np.arange(600) >= 590, "rare", "common")
    responses[590:] = 1 - responses[590:]

    tree = rasch_tree(responses, {"rare": rare, "half": np.repeat(["a", "b"], 300)})

    assert tree.nodes[0].tests[0].p < tree.nodes[0].tests[1].p < 0.05
    assert tree.nodes[0].split.covariate == "half"


@pytest.mark.parametrize(
    "codes", [np.tril(np.ones((7, 6)), -1), np.tile([[0.0], [1.0]], 6)], ids=["no reversals", "all or nothing"]
)
def test_people_who_place_no_item_cannot_be_split(codes):
    everybody = np.repeat(codes, 140 // len(codes), axis=0)

    tree = rasch_tree(everybody, {"group": np.tile(["a", "a", "b"], 47)[:140]})

    assert len(tree.nodes) == 1
    assert np.isnan(tree.nodes[0].tests[0].p)
    assert np.isnan(tree.nodes[0].thresholds_se).all()


def test_a_group_that_answered_all_items_but_one_alike_is_not_split():
    responses = answers(15, ITEMS, n=400)
    responses[200:, 1:] = 1
    group = np.repeat(["a", "b"], 200)

    tree = rasch_tree(responses, {"group": group, "noise": np.random.default_rng(0).normal(size=400)})

    assert tree.leaves[-1].n == 200
    assert np.isnan(tree.leaves[-1].thresholds).all()
    assert all(np.isnan(test.p) for test in tree.leaves[-1].tests)


def test_a_code_that_a_group_did_not_use_leaves_its_neighbours_thresholds_open():
    thresholds = np.linspace(-0.5, 0.5, 5)[:, None] + np.array([[-0.7, 0.7]])
    responses = answers(10, thresholds, n=400)
    group = np.repeat(["a", "b"], 200)
    responses[(group == "b") & (responses[:, 1] == 1), 1] = 2
    responses[group == "b", 2] = np.maximum(responses[group == "b", 2], 1)

    tree = rasch_tree(responses, {"group": group}, model="partial_credit")

    assert len(tree.leaves) == 2
    np.testing.assert_array_equal(np.isnan(tree.leaves[1].thresholds[1:3]), [[True, True], [True, False]])


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"a": np.arange(9)}, {}, "covariate 'a'.*one label for each of the 400"),
        ({}, {}, "at least one covariate"),
        ({"a": np.arange(400).astype(str)}, {}, "unordered levels; at most 12"),
        ({"a": np.arange(400) % 3}, {"orders": {"b": [1]}}, "'b', which is not among the covariates"),
        ({"a": np.arange(400) % 3}, {"orders": {"a": [0, 1]}}, "does not list 2"),
        ({"a": np.full(400, nan)}, {}, "nobody has an answer and a value"),
        ({"a": np.arange(400)}, {"minimum_size": 1000}, "minimum_size must lie between 2"),
        ({"a": np.arange(400)}, {"significance": 0}, "between 0 and 1"),
        ({"a": np.arange(400)}, {"ties": "broken"}, "ties must be one of"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(change, options, message):
    with pytest.raises(ValueError, match=message):
        rasch_tree(answers(11, ITEMS), change, **options)


@pytest.mark.parametrize("spoilt", [lambda x: np.where(np.arange(8) == 4, 1.0, x), lambda x: x * 2])
def test_items_that_no_model_takes_are_refused(spoilt):
    with pytest.raises(ValueError, match=r"item 4: everybody answered 1|two codes"):
        rasch_tree(spoilt(answers(12, ITEMS)), {"a": np.arange(400)})
