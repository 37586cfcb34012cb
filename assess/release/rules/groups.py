"""May two groups be compared on a scale, and in how much detail?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from assess.analysis.rules import Group, Impact, ItemDifference, Pair
from assess.release.rules.skipping import skipping
from assess.release.rules.values import Condition, Evidence, Figure, Finding, Outcome, Policy, Reason

_R, _C, _I, _H = Outcome
_NO_HALF = "no_half_agrees"


def group_comparison(evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    if not evidence.pairs:
        yield Reason("groups_not_compared", _H), None
    for pair in evidence.pairs:
        smallest = min(pair.reference.n, pair.focal.n)
        figures: dict[str, Figure] = {"reference": pair.reference.label, "focal": pair.focal.label, "n": smallest}
        if smallest < policy.group_people_with_condition:
            yield Reason("groups_too_small", _I, figures | {"needed": policy.group_people_with_condition}), None
            continue
        if smallest < policy.group_people:
            yield (
                Reason("groups_small", _C, figures | {"needed": policy.group_people}),
                Condition("small_groups", figures=figures),
            )
        else:
            yield Reason("groups_large_enough", _R, figures | {"needed": policy.group_people}), None
        if not pair.compared:
            yield Reason("pair_not_compared", _H, figures), None
            continue
        yield from _group_reliability(pair.reference, policy)
        yield from _group_reliability(pair.focal, policy)
        yield from _anchors(pair)
        yield from _notes(pair)
        yield from _impacts(pair, policy)
        yield from skipping(pair, policy)


def _group_reliability(group: Group, policy: Policy) -> Iterator[Finding]:
    known = [c for c in group.coefficients if not math.isnan(c.lower)]
    if not known:
        yield Reason("group_reliability_unknown", _H, {"group": group.label}), None
        return
    deciding = min(known, key=lambda c: c.lower)
    figures: dict[str, Figure] = {
        "group": group.label, "statistic": deciding.statistic, "value": deciding.value, "lower": deciding.lower,
    }  # fmt: skip
    if deciding.lower >= policy.reliability_released:
        yield Reason("group_reliability_sufficient", _R, figures | {"needed": policy.reliability_released}), None
    elif deciding.lower >= policy.reliability_with_condition:
        reason = Reason("group_reliability_low", _C, figures | {"needed": policy.reliability_released})
        yield reason, Condition("group_less_reliable", figures=figures)
    else:
        yield (
            Reason("group_reliability_below_policy", _H, figures | {"needed": policy.reliability_with_condition}),
            None,
        )


def _anchors(pair: Pair) -> Iterator[Finding]:
    """Without items known to work alike there is nothing to hold two groups against each other."""
    figures: dict[str, Figure] = {"anchors": len(pair.anchors), "second_anchors": len(pair.second_anchors)}
    if not pair.anchors:
        yield Reason("no_anchor", _H, figures), None
    elif not pair.anchors_agree:
        yield Reason("anchors_disagree", _H, figures), None
    else:
        yield Reason("anchors_agree", _R, figures), None


def _notes(pair: Pair) -> Iterator[Finding]:
    """What the computation itself has to say about its figures."""
    if "calibration_failed" in pair.notes:
        yield Reason("calibration_failed", _H), None
    if "calibration_not_converged" in pair.notes:
        yield Reason("calibration_not_converged", _I), None
    if "anchors_unchecked" in pair.notes:
        yield Reason("anchors_unchecked", _I), None
    if _NO_HALF in pair.notes:
        yield Reason("no_half_agrees", _C), None


def _impacts(pair: Pair, policy: Policy) -> Iterator[Finding]:
    """The least favourable decides: of two choices of anchors, and of either group as the reference."""
    worst = pair.worst_impact
    far_ends = [math.nan if impact is None else impact.far_end for impact in pair.impacts]
    if worst is None or any(map(math.isnan, far_ends)):
        yield Reason("impact_unknown", _H), None
        return
    widest = pair.impacts[far_ends.index(max(far_ends))]
    yield from _impact(worst, widest or worst, pair, policy)


def _impact(impact: Impact, widest: Impact, pair: Pair, policy: Policy) -> Iterator[Finding]:
    differing = worst_first(pair.items)
    figures: dict[str, Figure] = {
        "signed": impact.signed, "unsigned": impact.unsigned, "lower": impact.lower, "upper": impact.upper,
        "size": impact.size, "items": len(differing),
    }  # fmt: skip
    cancels = impact.size > abs(impact.signed)
    if impact.size >= policy.impact_with_condition:
        large = figures | {"limit": policy.impact_with_condition}
        yield Reason("impact_large_at_levels", _H, large) if cancels else Reason("impact_large", _H, large), None
    elif widest.far_end >= policy.impact_with_condition:
        ends: dict[str, Figure] = {"signed": widest.signed, "lower": widest.lower, "upper": widest.upper}
        yield Reason("impact_uncertain", _I, figures | ends | {"limit": policy.impact_with_condition}), None
    elif impact.size >= policy.impact_released:
        moderate = figures | {"limit": policy.impact_released}
        reason = (
            Reason("impact_moderate_at_levels", _C, moderate) if cancels else Reason("impact_moderate", _C, moderate)
        )
        yield reason, Condition("only_corrected_scores", differing, figures)
    else:
        yield Reason("impact_small", _R, figures | {"limit": policy.impact_released}), None
    if any(item.level == "unknown" for item in pair.items):
        unknown = ", ".join(item.item for item in pair.items if item.level == "unknown")
        yield Reason("items_unknown", _I, {"unknown": unknown}), None
    if differing:
        yield (
            Reason("items_differ", _C, figures | {"names": ", ".join(differing)}),
            Condition("scale_level_only", differing, figures),
        )
    else:
        condition = Condition("scale_level_only", (), figures) if _NO_HALF in pair.notes else None
        yield Reason("items_alike", _R, {"items": len(pair.items)}), condition


def worst_first(items: Iterable[ItemDifference]) -> tuple[str, ...]:
    """Return the items that differ by a moderate or large effect, the largest first.

    Large ones before moderate ones, then by the mean difference, then by what else differs along the trait (delta R2).
    """
    differing = [item for item in items if item.level in ("moderate", "large")]
    return tuple(item.item for item in sorted(differing, key=_size, reverse=True))


def _size(item: ItemDifference) -> tuple[bool, float, float]:
    effect = 0.0 if math.isnan(item.effect) else abs(item.effect)
    return item.level == "large", effect, item.delta_r2
