"""Aggregates: what is hidden, and that subtraction finds nothing."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.privacy.disclosure import (
    FEWEST_CHANGED,
    Figure,
    Frozen,
    Hidden,
    Release,
    release,
    round_count,
    whole_points,
)

Groups = dict[str, dict[str, float]]


def make_groups(**sizes: int) -> Groups:
    """Return groups of so many people; everyone scores 3.4."""
    return {name: {f"{name}{number}": 3.4 for number in range(size)} for name, size in sizes.items()}


def knowable(frozen: Frozen, names: list[str]) -> dict[frozenset[str], frozenset[str]]:
    """Return every union of groups whose sum can be had from a release by adding and subtracting."""
    parts = {frozenset([name]): group for name, group in frozen.groups.items()}
    rest = frozenset(names).difference(frozen.groups)
    if rest:
        parts[rest] = frozen.total.difference(*frozen.groups.values())
    return {
        frozenset().union(*chosen): frozenset().union(*(parts[part] for part in chosen))
        for count in range(1, len(parts) + 1)
        for chosen in combinations(parts, count)
    }


def test_counts_are_shown_to_the_nearest_five_and_means_in_whole_points() -> None:
    shown = release(make_groups(a=12, b=23), smallest_group=10)

    assert shown is not None
    assert shown.total == Figure(35, 3)
    assert shown.groups == {"a": Figure(10, 3), "b": Figure(25, 3)}


@pytest.mark.parametrize(("mean", "points"), [(2.5, 3), (2.49, 2), (0.5, 1), (-0.5, 0), (-0.51, -1)])
def test_half_a_point_is_rounded_up(mean: float, points: int) -> None:
    assert whole_points(mean) == points


@given(st.integers(0, 10_000))
def test_a_rounded_count_is_a_multiple_of_five_at_most_two_away(count: int) -> None:
    assert round_count(count) % 5 == 0
    assert abs(round_count(count) - count) <= 2


def test_a_small_group_is_hidden_and_another_with_it_so_that_subtracting_finds_nothing() -> None:
    shown = release(make_groups(a=40, b=15, c=4), smallest_group=10)

    assert shown is not None
    assert shown.groups["c"] == Figure(None, None, Hidden.TOO_FEW)
    assert shown.groups["b"] == Figure(None, None, Hidden.PROTECTS_OTHERS)
    assert shown.groups["a"].count == 40


def test_small_groups_that_together_are_large_enough_need_no_other() -> None:
    shown = release(make_groups(a=40, b=7, c=4), smallest_group=10)

    assert shown is not None
    assert [shown.groups[name].hidden for name in "abc"] == [None, Hidden.TOO_FEW, Hidden.TOO_FEW]


def test_an_empty_group_hides_no_other() -> None:
    shown = release(make_groups(a=40, b=0), smallest_group=10)

    assert shown is not None
    assert shown.groups["a"].hidden is None


def test_too_few_people_in_all_show_nothing() -> None:
    shown = release(make_groups(a=5, b=4), smallest_group=10)

    assert shown is not None
    assert shown.total.hidden is Hidden.TOO_FEW
    assert {figure.hidden for figure in shown.groups.values()} == {Hidden.TOO_FEW}


def test_a_programme_may_go_down_to_eight_and_never_below() -> None:
    shown = release(make_groups(a=8, b=30), smallest_group=8)

    assert shown is not None
    assert shown.groups["a"].hidden is None
    with pytest.raises(ValueError, match="fewer than 8"):
        release(make_groups(a=30), smallest_group=7)


def test_groups_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        release({"a": {"x": 1.0}, "b": {"x": 1.0}}, smallest_group=10)


def test_a_release_stands_until_ten_people_have_changed() -> None:
    first = release(make_groups(a=40), smallest_group=10)
    assert first is not None

    assert release(make_groups(a=49), smallest_group=10, earlier=[first.frozen]) is None
    assert release(make_groups(a=50), smallest_group=10, earlier=[first.frozen]) is not None


def test_a_group_that_changed_by_one_person_is_hidden_in_the_next_release() -> None:
    first = release(make_groups(a=40, b=40, c=40), smallest_group=10)
    assert first is not None

    second = release(make_groups(a=41, b=55, c=60), smallest_group=10, earlier=[first.frozen])

    assert second is not None
    assert second.groups["a"].hidden is Hidden.TOO_FEW_CHANGED
    assert Hidden.PROTECTS_OTHERS in {figure.hidden for figure in second.groups.values()}


def test_a_group_shown_again_is_set_beside_every_release_that_showed_it() -> None:
    first = release(make_groups(a=40, b=40, c=40), smallest_group=10)
    assert first is not None
    second = release(make_groups(a=60, b=60, c=60), smallest_group=10, earlier=[first.frozen])
    assert second is not None

    third = release(make_groups(a=41, b=90, c=90), smallest_group=10, earlier=[first.frozen, second.frozen])

    assert third is not None
    assert third.groups["a"].hidden is Hidden.TOO_FEW_CHANGED


def test_what_showed_nothing_holds_up_nothing() -> None:
    empty = release(make_groups(a=4), smallest_group=10)
    assert empty is not None

    assert release(make_groups(a=10), smallest_group=10, earlier=[empty.frozen]) is not None


@st.composite
def histories(draw: st.DrawFn) -> list[Groups]:
    """Return how three or four groups develop: people come, leave and move between groups."""
    names = "abcd"[: draw(st.integers(2, 4))]
    where = {f"p{number}": draw(st.sampled_from(names)) for number in range(draw(st.integers(0, 60)))}
    steps = []
    for step in range(3):
        for person in draw(st.lists(st.sampled_from(sorted(where)), max_size=25)) if where else []:
            where.pop(person, None)
        where |= {f"s{step}n{number}": draw(st.sampled_from(names)) for number in range(draw(st.integers(0, 30)))}
        for person in draw(st.lists(st.sampled_from(sorted(where)), max_size=12)) if where else []:
            where[person] = draw(st.sampled_from(names))
        steps.append({name: {p: 1.0 for p, group in where.items() if group == name} for name in names})
    return steps


@given(histories())
def test_no_sum_within_or_between_releases_is_about_a_few_people(history: list[Groups]) -> None:
    names = sorted(history[0])
    releases: list[Release] = []
    for groups in history:
        shown = release(groups, smallest_group=10, earlier=[before.frozen for before in releases])
        if shown is not None and shown.frozen.total:
            releases.append(shown)

    for now in releases:
        for people in knowable(now.frozen, names).values():
            assert not 0 < len(people) < 10
    for then, now in combinations(releases, 2):
        before, after = knowable(then.frozen, names), knowable(now.frozen, names)
        for union in before.keys() & after.keys():
            assert not 0 < len(before[union] ^ after[union]) < FEWEST_CHANGED


def test_the_property_above_can_fail() -> None:
    leaky = Frozen(frozenset("abcdefghijklm"), {"a": frozenset("abcdefghij")})

    assert any(0 < len(people) < 10 for people in knowable(leaky, ["a", "b"]).values())
