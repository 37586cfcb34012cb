"""Do two groups leave the same questions unanswered, and what does it do to their scores?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from assess.analysis.rules import Pair, Skipping
from assess.release.rules.values import Condition, Figure, Finding, Outcome, Policy, Reason

_R, _C, _I, _H = Outcome


def skipping(pair: Pair, policy: Policy) -> Iterator[Finding]:
    """Name what one group skips more often; hold a comparison that skipping itself would decide."""
    known = pair.skipping
    if known is None or math.isnan(known.impact):
        yield Reason("skipping_unknown", _I), None
        return
    named = _skipped_differently(known, policy)
    figures: dict[str, Figure] = {
        "size": known.impact, "lower": known.lower, "upper": known.upper, "limit": policy.impact_released,
        "items": len(named), "names": ", ".join(named), "difference": policy.skipping_difference,
    }  # fmt: skip
    if abs(known.impact) >= policy.impact_with_condition:
        yield Reason("skipping_decides", _H, figures | {"limit": policy.impact_with_condition}), None
    elif abs(known.impact) >= policy.impact_released:
        yield Reason("skipping_moves_scores", _C, figures), Condition("only_full_answers", named, figures)
    if named:
        yield Reason("skipping_differs", _C, figures), Condition("name_skipping", named, figures)
    elif abs(known.impact) < policy.impact_released:
        yield Reason("skipping_alike", _R, figures), None


def _skipped_differently(known: Skipping, policy: Policy) -> tuple[str, ...]:
    """Return the items that one group leaves out clearly more often, the largest difference first."""
    beyond_chance = [item for item in known.items if item.lower * item.upper > 0]
    large = [item for item in beyond_chance if abs(item.difference) >= policy.skipping_difference]
    return tuple(item.item for item in sorted(large, key=lambda item: -abs(item.difference)))
