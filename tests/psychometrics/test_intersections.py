"""Crossed groups and their differential functioning: independent computations, properties, gaps, refusals."""

import numpy as np
import pytest

from psychometrics import crossed_groups, intersectional_dif, logistic_dif


def made_people(seed, n=1600, shifts=None, n_items=8):
    """Answers of five codes; ``shifts`` maps an item to the difficulty added for each of four crossed groups."""
    rng = np.random.default_rng(seed)
    age, sex = rng.choice(["old", "young"], n, p=[0.4, 0.6]), rng.choice(["f", "m"], n)
    cell = 2 * (age == "young") + (sex == "m")
    trait = rng.normal(-0.3 * (age == "old"), 1)
    steps = np.array([-1.2, -0.4, 0.4, 1.2])
    responses = np.empty((n, n_items))
    for item in range(n_items):
        move = np.zeros(4) if shifts is None else np.asarray(shifts.get(item, np.zeros(4)))
        linear = 1.6 * (trait[:, None] - steps - rng.normal(0, 0.2) - move[cell, None])
        responses[:, item] = (linear + rng.logistic(size=(n, 1)) > 0).sum(axis=1)
    return responses, {"age": age, "sex": sex}


ADDED = {1: [0.8, 0.8, 0.0, 0.0]}  # harder for the old
MEETING = {2: [0.0, 0.0, 0.0, 1.0]}  # harder for young men only


@pytest.fixture(scope="module")
def people():
    return made_people(1, shifts={**ADDED, **MEETING})


def test_labels_are_crossed_and_counted(people):
    _, groupings = people

    found = crossed_groups(groupings)

    assert set(found.labels) == {"old & f", "old & m", "young & f", "young & m"}
    assert found.n.tolist() == sorted(found.n.tolist(), reverse=True)
    assert found.n.sum() == 1600
    assert found.small == ()
    assert found.n_left_out == 0
    expected = np.char.add(np.char.add(groupings["age"].astype(str), " & "), groupings["sex"].astype(str))
    np.testing.assert_array_equal(found.of_person, expected)


def test_small_cells_are_left_out_or_merged_and_said(people):
    _, groupings = people
    language = np.where(np.arange(1600) < 60, "fr", "en")

    left = crossed_groups({**groupings, "language": language})
    merged = crossed_groups({**groupings, "language": language}, small="merge", minimum=50)

    assert len(left.small) == 4
    assert left.small_n.sum() == 60
    assert left.merged is None
    assert left.n_left_out == 60
    assert merged.merged == "other"
    assert merged.labels[-1] == "other"
    assert merged.n[-1] == 60
    assert merged.n_left_out == 0


def test_people_without_one_of_the_labels_have_none(people):
    _, groupings = people
    age = groupings["age"].astype(object)
    age[:10] = None

    found = crossed_groups({"age": age, "sex": groupings["sex"]})

    assert (found.of_person[:10] == "").all()
    assert found.n_left_out == 10


def test_crossed_groups_serve_any_method(people):
    responses, groupings = people
    labels = crossed_groups(groupings)

    found = logistic_dif(responses, labels.of_person, reference=labels.labels[0], kind="uniform")
    split = intersectional_dif(responses, groupings)

    np.testing.assert_allclose(split.total.chi2, found.uniform.chi2, rtol=1e-5, atol=1e-6)
    order = [found.group_labels.index(" & ".join(cell)) - 1 for cell in split.cells[1:]]
    np.testing.assert_allclose(split.cell_effect[:, 1:], found.log_odds_ratio[:, order], atol=1e-4)
    np.testing.assert_allclose(split.cell_effect_se[:, 1:], found.log_odds_ratio_se[:, order], rtol=1e-3)


def test_main_effects_and_interaction_are_told_apart(people):
    responses, groupings = people

    found = intersectional_dif(responses, groupings, purified=True)

    assert found.groupings == ("age", "sex")
    assert found.main.p[0, 1] < 1e-6
    assert found.interaction.p[1] > 0.001
    assert found.interaction.p[2] < 1e-6
    assert found.flagged[[1, 2]].all()
    peculiar = np.abs(found.cell_effect - found.additive_effect)
    assert peculiar[2].max() > 0.25
    assert peculiar[1].max() < 0.25
    assert found.interaction.degrees_of_freedom.tolist() == [1] * 8


def test_interaction_test_equals_a_logistic_regression_computed_apart(people):
    """With two codes and one level of the match a 2 x 2 x 2 table: the likelihood ratio by iterative fitting."""
    responses, groupings = people
    answers = (responses[:, :1] > 1).astype(float)
    age, sex = groupings["age"] == "old", groupings["sex"] == "m"
    found = intersectional_dif(np.hstack([answers, answers]), groupings, matching=np.zeros(1600))

    design = np.c_[np.ones(1600), age, sex].astype(float)
    y, beta = answers[:, 0], np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ beta))
        beta += np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ (y - p))
    additive = np.log(np.where(y == 1, p, 1 - p)).sum()
    full = 0.0
    for cell in range(4):
        inside = y[2 * age + sex == cell]
        share = inside.mean()
        full += inside.sum() * np.log(share) + (1 - inside).sum() * np.log(1 - share)

    assert found.interaction.chi2[0] == pytest.approx(2 * (full - additive), rel=1e-5, abs=1e-6)


def test_order_of_groupings_items_and_labels_does_not_matter(people):
    responses, groupings = people
    other = {"sex": groupings["sex"], "age": np.where(groupings["age"] == "old", 1, 0)}

    found = intersectional_dif(responses, groupings)
    again = intersectional_dif(responses[:, ::-1], other)

    np.testing.assert_allclose(again.interaction.chi2[::-1], found.interaction.chi2, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(again.main.chi2[::-1, ::-1], found.main.chi2, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(again.cell_effect[::-1], found.cell_effect, atol=1e-6)


def test_without_differences_each_test_keeps_its_level():
    found = [intersectional_dif(*made_people(100 + seed, n=800)) for seed in range(12)]

    # 96 tests each, correlated within a data set: the share lies below .15 but in rare cases.
    for p in (np.concatenate([x.interaction.p for x in found]), np.concatenate([x.main.p.ravel() for x in found])):
        assert (p < 0.05).mean() < 0.15


def test_gaps_and_rare_cells_are_left_out_and_said(people):
    responses, groupings = people
    responses = responses.copy()
    responses[:100, 3] = np.nan
    age = groupings["age"].astype(object)
    age[:10] = None
    age[10:20] = "child"

    found = intersectional_dif(responses, {"age": age, "sex": groupings["sex"]}, matching=np.zeros(1600))

    assert found.n_left_out == 20
    assert found.cell_n.sum() == 1580
    assert found.n[0] - found.n[3] == 80


def test_a_cell_in_which_nobody_answered_has_no_effect(people):
    responses, groupings = people
    responses = responses.copy()
    nobody = (groupings["age"] == "old") & (groupings["sex"] == "f")
    responses[nobody, 3] = np.nan

    found = intersectional_dif(responses, groupings, matching=np.nansum(responses, axis=1))

    at = found.cells.index(("old", "f"))
    assert np.isnan(found.cell_effect[3, at])
    assert found.interaction.degrees_of_freedom[3] == 0
    assert np.isnan(found.interaction.p[3])
    assert np.isfinite(found.cell_effect[0]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, g: (x, {"age": g["age"]}), "at least two groupings"),
        (lambda x, g: (x, {**g, "sex": g["sex"][:5]}), "one label for each"),
        (lambda x, g: (x, {**g, "sex": [None] * 1600}), "at least 1"),
        (lambda x, g: (x, {"a": ["x"] * 800 + [None] * 800, "b": [None] * 800 + ["y"] * 800}), "nobody has a label"),
        (lambda x, g: (x, {"a": np.arange(1600), "b": g["sex"]}), "take fewer groupings"),
        (lambda x, g: (x + 0.5, g), "whole-number codes"),
        (lambda x, g: (x * np.nan, g), "no answer at all"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(people, change, message):
    responses, groupings = change(*people)

    with pytest.raises(ValueError, match=message):
        intersectional_dif(responses, groupings)


def test_crossing_refuses_what_leaves_one_group(people):
    _, groupings = people

    with pytest.raises(ValueError, match="take fewer groupings"):
        crossed_groups(groupings, minimum=1000)
    with pytest.raises(ValueError, match="small must be one of"):
        crossed_groups(groupings, small="hide")
