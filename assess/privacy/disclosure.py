"""Disclosure control for aggregates: figures about groups from which nobody can work out one person's answer.

Groups are fixed beforehand and do not overlap. Small groups are hidden; then as many more as it takes, so that nothing
hidden can be had by subtracting what is shown from the total (complementary suppression; Hundepool et al., 2012,
*Statistical Disclosure Control*, chapter 5). What is shown is rounded: counts to the nearest 5, means to whole points.
A release is frozen; the next one waits until enough people have changed, and hides a group that changed by only a few.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

Group = frozenset[str]
Members = Mapping[str, Group]

LOWEST_SMALLEST_GROUP = 8
FEWEST_CHANGED = 10
_COUNT_STEP = 5


class Hidden(StrEnum):
    """Why a figure is not shown."""

    TOO_FEW = "too_few"
    TOO_FEW_CHANGED = "too_few_changed"
    PROTECTS_OTHERS = "protects_others"


@dataclass(frozen=True, slots=True)
class Figure:
    """One group as it is shown: a rounded count and mean, or why there is none."""

    count: int | None
    mean: int | None
    hidden: Hidden | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """Who stood behind what an earlier release showed: the members of its total and of each group it showed."""

    total: Group
    groups: Members


@dataclass(frozen=True, slots=True)
class Release:
    """What may be shown, and who stands behind it, to be kept with it."""

    total: Figure
    groups: Mapping[str, Figure]
    frozen: Frozen


def release(
    groups: Mapping[str, Mapping[str, float]], *, smallest_group: int, earlier: Sequence[Frozen] = ()
) -> Release | None:
    """Return the figures of groups (name → member → value) that may be shown; None while an earlier release stands.

    A member whose value changed must come under a new id: that person counts as changed.
    """
    if smallest_group < LOWEST_SMALLEST_GROUP:
        raise ValueError(f"groups of fewer than {LOWEST_SMALLEST_GROUP} people are never shown")
    members = {name: frozenset(values) for name, values in groups.items()}
    total = _union(members.values())
    if len(total) != sum(map(len, members.values())):
        raise ValueError("groups must not overlap")
    earlier = [before for before in earlier if before.total]
    if any(len(total ^ before.total) < FEWEST_CHANGED for before in earlier):
        return None
    if len(total) < smallest_group:
        return Release(_hide(Hidden.TOO_FEW), dict.fromkeys(groups, _hide(Hidden.TOO_FEW)), Frozen(frozenset(), {}))
    hidden = _hidden(members, smallest_group, earlier)
    return Release(
        total=_figure([value for group in groups.values() for value in group.values()]),
        groups={
            name: _hide(hidden[name]) if name in hidden else _figure(list(group.values()))
            for name, group in groups.items()
        },
        frozen=Frozen(total, {name: group for name, group in members.items() if name not in hidden}),
    )


def _hidden(members: Members, smallest_group: int, earlier: Sequence[Frozen]) -> dict[str, Hidden]:
    """Return the groups to hide and why: what must be for its own sake, then one by one what protects it."""
    hidden = {name: Hidden.TOO_FEW for name, group in members.items() if len(group) < smallest_group}
    while len(hidden) < len(members):
        rest = _union(members[name] for name in hidden)
        blocks = [names for before in earlier for names in _giving_away(members, hidden.keys(), before)]
        changed = {name for names in blocks if len(names) == 1 for name in names} - hidden.keys()
        if changed:
            hidden |= dict.fromkeys(changed, Hidden.TOO_FEW_CHANGED)
        elif blocks or 0 < len(rest) < smallest_group:
            smallest = min(members.keys() - hidden.keys(), key=lambda name: (len(members[name]), name))
            hidden[smallest] = Hidden.PROTECTS_OTHERS
        else:
            break
    return hidden


def _giving_away(members: Members, hidden: Set[str], before: Frozen) -> Iterator[frozenset[str]]:
    """Yield the sets of groups that, subtracted from the same set in an earlier release, leave a few people only.

    Those are who came or left, and who moved between two sets: then no union of sets leaves a few either.
    """
    blocks = _blocks(members, hidden, before)
    both = before.total & _union(members.values())
    for names, now, then in blocks:
        others = [(other_now, other_then) for other, other_now, other_then in blocks if other != names]
        came_or_left = len((now ^ then) - both)
        moved_in = [len(now & other_then & both) for _, other_then in others]
        moved_out = [len(then & other_now & both) for other_now, _ in others]
        if any(0 < people < FEWEST_CHANGED for people in [came_or_left, *moved_in, *moved_out]):
            yield names


def _blocks(members: Members, hidden: Set[str], before: Frozen) -> list[tuple[frozenset[str], Group, Group]]:
    """Return the finest sets of groups whose sum both releases give: names, who stands behind it now, and who did then.

    A group shown both times is such a set; so is what one release hides, as the difference of total and shown groups.
    """
    hidden_then = members.keys() - before.groups.keys()
    rests = [hidden | hidden_then] if hidden & hidden_then else [set(hidden), set(hidden_then)]
    shown = [{name} for name in members if name not in hidden and name not in hidden_then]
    rest_then = before.total.difference(*before.groups.values())
    return [
        (
            frozenset(names),
            _union(members[name] for name in names),
            _union(before.groups.get(name, rest_then) for name in names),
        )
        for names in [*rests, *shown]
        if names
    ]


def _union(groups: Iterable[Group]) -> Group:
    return frozenset[str]().union(*groups)


def _figure(values: Sequence[float]) -> Figure:
    return Figure(round_count(len(values)), whole_points(math.fsum(values) / len(values)))


def _hide(reason: Hidden) -> Figure:
    return Figure(None, None, reason)


def round_count(count: int) -> int:
    """Return a count to the nearest 5."""
    return _COUNT_STEP * round(count / _COUNT_STEP)


def whole_points(mean: float) -> int:
    """Return a mean in whole scale points, halves up."""
    return math.floor(mean + 0.5)
