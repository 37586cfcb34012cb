"""Anchored Wald tests of Rasch items: selections by plain loops, planted differences, under skipping, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from psychometrics.dif.rasch_anchors import SELECTIONS, rasch_anchor_test
from psychometrics.irt.conditional import conditional_model
from tests.psychometrics.test_conditional import answers

nan = np.nan
ITEMS = np.linspace(-1.5, 1.5, 10)[:, None]


def two_groups(seed, *, shift=0.0, shifted=(), n=600, skip=0.05, impact=0.5):
    moved = ITEMS.copy()
    moved[list(shifted)] += shift
    parts = [answers(seed, ITEMS, n=n, skip=skip), answers(seed + 1000, moved, n=n, skip=skip, mean=-impact)]
    return np.vstack(parts), np.repeat(["R", "F"], n)


@pytest.fixture(scope="module")
def planted():
    """Three of ten items are harder in the focal group, whose trait is lower, too."""
    return two_groups(1, shift=1.0, shifted=(1, 5, 8))


def by_loops(responses, groups, selection):
    """Return the criterion of each item from its tests with every other item as single anchor."""
    reference, focal = (conditional_model(responses[groups == label]) for label in ("R", "F"))
    d = focal.thresholds[:, 0] - reference.thresholds[:, 0]
    v = reference.covariance + focal.covariance
    k = len(d)
    t = [[(d[j] - d[a]) / np.sqrt(v[j, j] + v[a, a] - 2 * v[j, a]) for a in range(k) if a != j] for j in range(k)]
    t = np.array(t)
    p = 2 * ndtr(-abs(t))
    half = -(-k // 2) - 1
    gaps = [sorted(abs(d - d[j])) for j in range(k)]
    return {
        "gini": [-sum(abs(x - y) for x in gap for y in gap) / (2 * k * sum(gap)) for gap in gaps],
        "component_loss": [sum(x**0.5 for x in gap) for gap in gaps],
        "mean_p_threshold": -(p > sorted(p.mean(axis=1), reverse=True)[half]).sum(axis=1),
        "mean_statistic_threshold": (abs(t) > sorted(abs(t.mean(axis=1)))[half]).sum(axis=1),
        "mean_p": -p.mean(axis=1),
        "mean_statistic": abs(t).mean(axis=1),
        "number_significant": (p <= 0.05).sum(axis=1),
    }[selection]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_selections_rank_as_plain_loops_do_and_find_items_that_do_not_differ(planted, selection):
    found = rasch_anchor_test(*planted, reference="R", selection=selection)

    np.testing.assert_allclose(found.criterion, by_loops(*planted, selection), atol=1e-9)
    assert (np.diff(found.criterion[list(found.ranking)]) >= 0).all()
    assert not set(found.anchors) & {1, 5, 8}


@pytest.mark.parametrize(("anchor_class", "length"), [("constant", None), ("constant", 4), ("forward", None)])
def test_planted_differences_are_found_with_their_size_in_spite_of_impact(planted, anchor_class, length):
    found = rasch_anchor_test(*planted, reference="R", anchor_class=anchor_class, length=length)

    flagged = set(np.flatnonzero(found.p_adjusted < 0.05))
    assert flagged >= {1, 5, 8}
    assert len(flagged) <= 4
    np.testing.assert_allclose(found.difference[[1, 5, 8]], 1.0, atol=0.45)
    assert found.group_labels == ("R", "F")
    assert found.n.tolist() == [600, 600]


def test_holding_all_others_equal_spreads_one_sided_differences(planted):
    anchored = rasch_anchor_test(*planted, reference="R", length=4)
    others = rasch_anchor_test(*planted, reference="R", anchor_class="all_other")

    fair = [0, 2, 3, 4, 6, 7, 9]
    assert others.difference[fair].mean() < -0.2
    assert abs(anchored.difference[fair].mean()) < 0.2
    assert others.anchors == ()


def test_level_holds_with_known_anchors_and_a_difference_in_the_trait():
    p = []
    for seed in range(60):
        found = rasch_anchor_test(*two_groups(seed, n=200), reference="R", anchors=[0, 4, 9])
        p.append(found.p)

    assert np.nanmean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_difference_and_error_are_those_of_the_contrast_with_the_anchors():
    responses, groups = two_groups(2)
    models = [conditional_model(responses[groups == label]) for label in ("R", "F")]
    contrast = np.zeros(10)
    contrast[3], contrast[[0, 7]] = 1, -0.5

    found = rasch_anchor_test(responses, groups, reference="R", anchors=[0, 7])

    apart = contrast @ (models[1].thresholds[:, 0] - models[0].thresholds[:, 0])
    variance = contrast @ (models[0].covariance + models[1].covariance) @ contrast
    assert found.difference[3] == pytest.approx(apart)
    assert found.z[3] == pytest.approx(apart / np.sqrt(variance))
    assert found.difference[[0, 7]].sum() == pytest.approx(0)


@pytest.mark.filterwarnings("error")
def test_two_groups_of_the_same_answers_differ_in_nothing():
    given = answers(8, np.linspace(-1, 1, 6)[:, None])

    found = rasch_anchor_test(np.vstack([given, given]), np.repeat(["a", "b"], len(given)), reference="a")

    np.testing.assert_array_equal(found.difference, 0)
    assert not found.flagged.any()


def test_a_single_anchor_has_no_test_of_its_own(planted):
    found = rasch_anchor_test(*planted, reference="R")

    (anchor,) = found.anchors
    assert found.difference[anchor] == 0
    assert np.isnan(found.p[anchor])
    assert np.isfinite(np.delete(found.p, anchor)).all()


@given(seed=st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_swapping_groups_turns_signs_and_order_of_items_does_not_matter(seed):
    responses, groups = two_groups(seed, n=250)
    order = np.random.default_rng(seed).permutation(10)

    first = rasch_anchor_test(responses, groups, reference="R")
    swapped = rasch_anchor_test(responses, groups, reference="F")
    moved = rasch_anchor_test(responses[:, order], groups, reference="R")

    np.testing.assert_allclose(swapped.difference, -first.difference, atol=1e-6)
    assert swapped.anchors == first.anchors
    np.testing.assert_allclose(moved.difference, first.difference[order], atol=1e-6)


def test_people_without_a_group_and_items_a_group_answered_alike_are_left_out(planted):
    responses, groups = planted[0].copy(), planted[1].astype(object)
    responses[:600, 2] = 0
    groups[::7] = None

    found = rasch_anchor_test(responses, groups, reference="R", anchors=[0, 9])

    assert found.left_out == (2,)
    assert np.isnan(found.p[2])
    assert not found.flagged[2]
    assert found.n.sum() == 1200 - len(groups[::7])
    assert found.anchors == (0, 9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "Q"}, "not among the labels"),
        ({"anchor_class": "best"}, "anchor_class must be one of"),
        ({"selection": "median"}, "selection must be one of"),
        ({"anchor_class": "forward", "selection": "gini"}, "singles out one anchor"),
        ({"length": 10}, "length must lie between 1 and 9"),
        ({"anchors": [11]}, "item 11 is none of"),
        ({"anchors": []}, "anchors must name items"),
        ({"anchor_class": "forward", "forward_range": (0.9, 0.1)}, "two ascending shares"),
    ],
)
def test_unusable_options_are_refused_with_their_reason(planted, options, message):
    with pytest.raises(ValueError, match=message):
        rasch_anchor_test(*planted, **{"reference": "R", **options})


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.full(1200, "R"), "at least 2 different groups"),
        (np.repeat(["R", "F", "G"], 400), "two groups; found 3"),
        (np.r_[["R"] * 1199, ["F"]], "in every group"),
    ],
)
def test_unusable_groups_are_refused_with_their_reason(planted, groups, message):
    with pytest.raises(ValueError, match=message):
        rasch_anchor_test(planted[0], groups, reference="R")
