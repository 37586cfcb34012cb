"""The verdict on two groups: may they be compared, and in how much detail?

The least favourable decides: of two choices of anchors, and of either group as the reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from psychometrics.audit.groups import GroupReliability
from psychometrics.audit.pairs import Impact, PairAudit
from psychometrics.audit.scale import GroupingAudit
from psychometrics.report.figures import percent, signed
from psychometrics.report.levels import (
    BARELY_RELIABLE,
    LARGE_GROUP,
    LARGE_IMPACT,
    LARGE_SKIPPING,
    RELIABLE,
    SMALL_IMPACT,
    Level,
    Verdict,
    group_name,
    known_coefficients,
)

_Finding = tuple[Level, str]


def comparison(grouping: GroupingAudit, pair: PairAudit) -> Verdict:
    """Return whether the groups may be compared, and why; the worst reason stands first."""
    focal = group_name(grouping.name, pair.focal)
    members = [group for group in grouping.groups if group.label in (pair.reference, pair.focal)]
    findings = [*_size(pair), *_reliability(grouping.name, members), *_notes(pair), *_anchors(pair)]
    findings += [*_impact(focal, pair), *_items(pair), *_skipping(focal, pair)]
    level = max(level for level, _ in findings)
    reasons = tuple(reason for _, reason in sorted(findings, key=lambda finding: -finding[0]))
    question = f"{grouping.name}: {pair.focal} against {pair.reference}"
    return Verdict(question, level, _headline(pair, level), reasons, grouping.name, (pair.reference, pair.focal))


def _headline(pair: PairAudit, level: Level) -> str:
    if level is Level.BAD:
        return "Should not be compared"
    if level is Level.UNKNOWN:
        return "Cannot be told from these answers"
    if max(map(_sizes, _impacts(pair))) >= SMALL_IMPACT:
        return "Compare only scores corrected for the items that differ"
    if _differing(pair) or "no_half_agrees" in pair.notes:
        return "May be compared as a whole scale, not item by item"
    return "May be compared" if level is Level.GOOD else "May be compared with care"


def _size(pair: PairAudit) -> Iterator[_Finding]:
    smaller = min(pair.n_reference, pair.n_focal)
    if smaller < LARGE_GROUP:
        yield Level.CARE, f"The smaller group has {smaller} people; from {LARGE_GROUP} on figures are steadier."


def _reliability(grouping: str, groups: Sequence[GroupReliability]) -> Iterator[_Finding]:
    for group in groups:
        known, label = known_coefficients(group), group_name(grouping, group.label)
        if not known:
            yield Level.UNKNOWN, f"No reliability could be computed for {label}."
            continue
        lowest = min(known, key=lambda coefficient: coefficient.lower)
        name = lowest.method.split()[0]
        figures = f"{name} {lowest.estimate:.2f} ({lowest.lower:.2f} to {lowest.upper:.2f})"
        if lowest.lower < BARELY_RELIABLE:
            yield Level.BAD, f"In {label} the scale is not reliable enough: {figures}."
        elif lowest.lower < RELIABLE:
            yield Level.CARE, f"In {label} reliability is modest: {figures}."


# What the computation itself says about its figures, by the codes of `PairAudit.notes`.
_NOTES: dict[str, _Finding] = {
    "too_few_items": (Level.UNKNOWN, "Fewer than three items can be examined in both groups."),
    "calibration_failed": (Level.BAD, "No model could be fitted to the answers of the two groups."),
    "calibration_not_converged": (Level.UNKNOWN, "The model did not settle, so its figures are not to be trusted."),
    "anchors_unchecked": (Level.UNKNOWN, "With so few items nothing bears out which of them work alike."),
    "no_half_agrees": (Level.CARE, "No half of the items agrees on where the groups lie; differences are balanced."),
}


def _notes(pair: PairAudit) -> Iterator[_Finding]:
    yield from (_NOTES[note] for note in pair.notes if note in _NOTES)


def _anchors(pair: PairAudit) -> Iterator[_Finding]:
    if pair.impact is not None and not pair.anchors_agree:
        yield (
            Level.BAD,
            f"Two ways of choosing items that work alike disagree ({', '.join(pair.anchors)} or "
            f"{', '.join(pair.second_anchors)}), so nothing fixed is there to compare the groups by.",
        )


def _impacts(pair: PairAudit) -> list[Impact]:
    every = (pair.impact, pair.impact_second_anchors, pair.impact_exchanged, pair.impact_exchanged_second_anchors)
    return [impact for impact in every if impact is not None and not math.isnan(_sizes(impact))]


def _sizes(impact: Impact) -> float:
    """Return the signed size, or as much of the unsigned one as is beyond sampling error."""
    return max(abs(impact.signed_sd.value), impact.unsigned_sd.lower)


def _far_end(impact: Impact) -> float:
    return max(abs(impact.signed_sd.lower), abs(impact.signed_sd.upper))


def _impact(focal: str, pair: PairAudit) -> Iterator[_Finding]:
    found = _impacts(pair)
    if not found:
        if not pair.notes:
            yield Level.UNKNOWN, "What differing items do to scores could not be computed."
        return
    worst, widest = max(found, key=_sizes), max(found, key=_far_end)
    size = _sizes(worst)
    text = _moved(focal, worst)
    if size >= abs(worst.signed_sd.value) + 0.005:
        text += f", and by {worst.unsigned_sd.value:.2f} SD where direction is left aside"
    if size >= LARGE_IMPACT:
        yield Level.BAD, f"{text}: {LARGE_IMPACT} or more, too much to correct."
    elif _far_end(widest) >= LARGE_IMPACT:
        yield Level.UNKNOWN, f"{_moved(focal, widest)}: the interval reaches {LARGE_IMPACT}."
    elif size >= SMALL_IMPACT:
        yield Level.CARE, f"{text}: more than {SMALL_IMPACT}."
    elif _far_end(widest) >= SMALL_IMPACT:
        yield Level.GOOD, f"{_moved(focal, widest)}: {SMALL_IMPACT}, where it begins to matter, is not ruled out."
    else:
        yield Level.GOOD, f"{text}: below {SMALL_IMPACT}, of no practical matter."


def _moved(focal: str, impact: Impact) -> str:
    size = impact.signed_sd
    return (
        f"Items that differ move the expected score of {focal} by {signed(size.value)} SD "
        f"({signed(size.lower)} to {signed(size.upper)}; {signed(impact.signed.value)} points)"
    )


def _differing(pair: PairAudit) -> list[str]:
    return [item.name for item in pair.items if item.level in ("moderate", "large")]


def _items(pair: PairAudit) -> Iterator[_Finding]:
    unknown = [item.name for item in pair.items if item.level == "unknown"]
    if unknown and len(unknown) < len(pair.items):
        yield Level.UNKNOWN, f"Too few answers, or too few different ones, to examine {', '.join(unknown)}."
    differing = _differing(pair)
    if differing:
        verb = "differs" if len(differing) == 1 else "differ"
        yield (
            Level.CARE,
            f"{len(differing)} of {len(pair.items)} items {verb} by a moderate or large amount: {_some(differing)}.",
        )
    elif len(unknown) < len(pair.items):
        yield Level.GOOD, f"None of {len(pair.items) - len(unknown)} items differs by more than a negligible amount."


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _skipping(focal: str, pair: PairAudit) -> Iterator[_Finding]:
    """What skipping does to scores made up from the answers given; and items that one group skips clearly more."""
    known = pair.skipping
    if known is not None and not math.isnan(known.impact_sd.value):
        moved = known.impact_sd
        text = (
            f"Skipping moves scores made up from the answers given by {signed(moved.value)} SD "
            f"({signed(moved.lower)} to {signed(moved.upper)}) for {focal}"
        )
        if abs(moved.value) >= LARGE_IMPACT:
            yield Level.BAD, f"{text}: {LARGE_IMPACT} or more."
        elif abs(moved.value) >= SMALL_IMPACT:
            yield Level.CARE, f"{text}: compare only people who answered everything."
    skips = [(item.name, item.skipping) for item in pair.items]
    named = [
        f"{name} ({percent(skip.focal_rate)} against {percent(skip.reference_rate)})"
        for name, skip in skips
        if abs(skip.difference) >= LARGE_SKIPPING and skip.lower * skip.upper > 0
    ]
    if named:
        yield Level.CARE, f"{focal} and the others skip some items at different rates: {_some(named)}."
