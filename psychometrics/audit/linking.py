"""Two groups on one scale, seen from either side: anchors by two choices, and the impact each of them gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.dif.agreement import agreeing_halves, may_be_one_set
from psychometrics.dif.anchors import AnchorChoice, differing_items, select_by_median, select_by_mode, select_rival
from psychometrics.dif.impact import Comparison, Interval, ScoreImpact, linked_comparison, parameter_draws, score_impact
from psychometrics.dif.link_uncertainty import with_link_uncertainty
from psychometrics.dif.shifts import ItemShifts, item_shifts
from psychometrics.irt.calibration import Calibration, calibrate
from psychometrics.irt.scores import eap_scores

# Codes given by fewer people of a group are merged: their curves would rest on a handful of answers.
MINIMUM_COUNT = 3
_NODES = 41
_DRAWS = 200


@dataclass(frozen=True)
class Link:
    """One group linked to the other by two choices of anchors, and the impact over the linked group's distribution."""

    first: AnchorChoice
    second: AnchorChoice
    comparison: Comparison
    impact: ScoreImpact
    second_impact: ScoreImpact
    half_agrees: bool
    checked: bool

    @property
    def agrees(self) -> bool:
        """Whether the two impacts differ by less than 0.1 SD, or by a third of a large impact.

        A third, because the median is known to fall short by up to a quarter (see `select_by_median`).
        """
        a, b = self.impact.signed_sd.value, self.second_impact.signed_sd.value
        return abs(a - b) <= max(0.1, max(abs(a), abs(b)) / 3)


@dataclass(frozen=True)
class LinkedGroups:
    """The focal group linked to the reference group, the reverse, and the model in which items are tested.

    `reverse` is told focal minus reference too, over the reference group's distribution.
    """

    model: Calibration
    match: Calibration
    link: Link
    reverse: Link


def link_groups(
    responses: FloatArray, group: IntArray, scale_sd: float, rng: np.random.Generator, *, most: int
) -> LinkedGroups:
    """Calibrate two groups apart and link each to the other; ``group`` is 0 for the reference, 1 for the focal group.

    Which group is the reference decides whose distribution an impact is averaged over and in whose units items are held
    against each other. Neither is the right one, so both are looked at.
    """
    people = _calibration_sample(group, rng, most)
    responses, group = responses[people], group[people]
    separate = _calibrate(responses, group)
    shifts = item_shifts(separate)
    draws = parameter_draws(separate, rng=rng, n_draws=_DRAWS)
    link = _link(separate, shifts, scale_sd, draws)
    other_way = _exchanged(separate)
    return LinkedGroups(
        model=separate,
        match=_calibrate(responses, group, equal=~differing_items(shifts, link.first, separate.covariance)),
        link=link,
        reverse=_turned(_link(other_way, item_shifts(other_way), scale_sd, draws)),
    )


def traits_and_expectations(
    match: Calibration, responses: FloatArray, group: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return people's traits under a common prior, nan without an answer, and expected scores (people, items) there.

    The curves are the mean of both groups', equal in both for the items that `match` holds equal.
    """
    trait = eap_scores(match, responses, group, common_prior=True).trait
    expected = match.expected_item_scores(trait).mean(axis=0).T
    return np.where(np.isnan(responses).all(axis=1), np.nan, trait), expected


def _link(model: Calibration, shifts: ItemShifts, scale_sd: float, draws: FloatArray) -> Link:
    first = select_by_mode(shifts)
    second = _second_choice(shifts, first)
    comparisons = [linked_comparison(model, shifts, choice, draws) for choice in (first, second)]
    impacts = [
        with_link_uncertainty(score_impact(comparison, scale_sd=scale_sd), model, shifts, choice)
        for comparison, choice in zip(comparisons, (first, second), strict=True)
    ]
    return Link(
        first=first,
        second=second,
        comparison=comparisons[0],
        impact=impacts[0],
        second_impact=impacts[1],
        half_agrees=len(agreeing_halves(shifts.shift, shifts.own_variance)) > 0,
        checked=_checked(shifts),
    )


def _checked(shifts: ItemShifts) -> bool:
    """Whether an anchor can be held against other items: of three, each needs both others, as two agree by chance."""
    everything = np.arange(len(shifts.shift))
    return len(everything) > 3 or may_be_one_set(everything, shifts.shift, shifts.own_variance)


def _second_choice(shifts: ItemShifts, first: AnchorChoice) -> AnchorChoice:
    """Return the choice that speaks most against the first: the median, or a position that as many items agree on."""
    others = [select_by_median(shifts), select_rival(shifts, first)]
    return max((choice for choice in others if choice), key=lambda choice: abs(choice.mean - first.mean))


def _calibrate(responses: FloatArray, group: IntArray, equal: BoolArray | bool = False) -> Calibration:
    """Calibrate both groups: apart, each with a standard normal trait, or on one scale by the items held equal."""
    return calibrate(
        responses,
        group,
        reference=0,
        equal_slopes=equal,
        equal_intercepts=equal,
        covariance="none" if np.any(equal) else "auto",
        minimum_count=MINIMUM_COUNT,
        n_nodes=_NODES,
        tolerance=1e-4,
        max_iterations=1000,
    )


def _calibration_sample(group: IntArray, rng: np.random.Generator, most: int) -> IntArray:
    parts = []
    for g in (0, 1):
        members = np.flatnonzero(group == g)
        if len(members) > most:
            members = np.sort(rng.choice(members, most, replace=False))
        parts.append(members)
    return np.sort(np.concatenate(parts))


def _exchanged(model: Calibration) -> Calibration:
    """Return two separate calibrations with the other group as the reference; the parameters stay where they are."""
    layout = model.layout
    return replace(
        model,
        group_labels=model.group_labels[::-1],
        n=model.n[::-1],
        slopes=model.slopes[::-1],
        slopes_se=model.slopes_se[::-1],
        intercepts=model.intercepts[::-1],
        intercepts_se=model.intercepts_se[::-1],
        layout=replace(layout, slot=layout.slot[::-1]),
        patterns=model.patterns[::-1],
        group_of_person=np.where(model.group_of_person >= 0, 1 - model.group_of_person, -1).astype(np.int16),
    )


def _turned(link: Link) -> Link:
    """Return a link of the reference to the focal group with impacts told focal minus reference."""
    return replace(link, impact=_negated(link.impact), second_impact=_negated(link.second_impact))


def _negated(impact: ScoreImpact) -> ScoreImpact:
    return replace(
        impact,
        signed=_minus(impact.signed),
        signed_sd=_minus(impact.signed_sd),
        item_signed=_all_minus(impact.item_signed),
        n_reference=impact.n_focal,
        n_focal=impact.n_reference,
    )


def _minus(interval: Interval) -> Interval:
    return Interval(-interval.value, -interval.upper, -interval.lower)


def _all_minus(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    return tuple(_minus(interval) for interval in intervals)
