"""What an audit means, in words: one verdict on reliability, one on every pair of groups.

Effect sizes decide, significance does not: with thousands of people nearly every item differs beyond doubt, with few
none does. An estimate says which way; its interval can only make the verdict stricter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from psychometrics.audit import Audit
from psychometrics.audit.groups import SMALLEST_GROUP, GroupReliability
from psychometrics.audit.pairs import Impact, PairAudit
from psychometrics.audit.scale import GroupingAudit
from psychometrics.reliability._result import Reliability
from psychometrics.report.figures import signed

# Reliability, lower end of the interval: from here on for a report to the person; from here on for a talk only.
RELIABLE, BARELY_RELIABLE = 0.70, 0.60
# Expected-score difference due to differing items, in SD of the scale: of no matter below the first; corrected scores
# are needed below the second; beyond it groups are not compared.
SMALL_IMPACT, LARGE_IMPACT = 0.10, 0.30
# Groups smaller than this are compared with a warning.
LARGE_GROUP = 200
# A difference in the share of skipped answers worth a word.
_SKIPPING = 0.05


class Level(IntEnum):
    """How a verdict comes out, from good to bad."""

    GOOD = 0
    CARE = 1
    UNKNOWN = 2
    BAD = 3


@dataclass(frozen=True)
class Verdict:
    """One verdict: on which question (``reliability``, or a grouping and its two groups), how it comes out, and why."""

    question: str
    level: Level
    headline: str
    reasons: tuple[str, ...]
    grouping: str = ""
    groups: tuple[str, ...] = ()


def group_name(grouping: str, label: str) -> str:
    """Return a label that can stand in a sentence: where it is a number, with the name of its grouping."""
    return label if label[:1].isalpha() and not label.startswith("below ") else f"{grouping} {label}"


_Finding = tuple[Level, str]


def verdicts(found: Audit) -> tuple[Verdict, ...]:
    """Return the verdict on reliability and those on all pairs of groups."""
    compared = [_pair(grouping, pair) for grouping in found.groupings for pair in grouping.pairs]
    missed = [_not_compared(grouping) for grouping in found.groupings if not grouping.pairs]
    return _reliability(found), *compared, *missed


def _reliability(found: Audit) -> Verdict:
    known = _known(found.whole)
    if not known:
        return Verdict(
            "reliability", Level.UNKNOWN, "Reliability cannot be told", ("No coefficient could be computed.",)
        )
    deciding = min(known, key=lambda coefficient: coefficient.lower)
    reasons = [_coefficients(known)]
    if found.n < SMALLEST_GROUP:
        reasons.append(f"Only {found.n} people answered; figures from fewer than {SMALLEST_GROUP} say little.")
    if deciding.lower >= RELIABLE:
        level, headline = Level.GOOD, "Reliable enough to report a person’s score"
    elif deciding.lower >= BARELY_RELIABLE:
        level, headline = Level.CARE, "Reliable enough to talk about, not to compare persons"
    else:
        level, headline = Level.BAD, "Not reliable enough to report a person’s score"
    reasons.append(
        f"The lowest end of an interval, {deciding.lower:.2f}, decides: a score is reported from {RELIABLE:.2f}, "
        f"talked about from {BARELY_RELIABLE:.2f}."
    )
    level = max(level, Level.CARE) if found.n < SMALLEST_GROUP else level
    return Verdict("reliability", level, headline, tuple(reasons))


def _known(group: GroupReliability) -> list[Reliability]:
    return [x for x in (group.alpha, group.omega) if x is not None and not math.isnan(x.lower)]


def _coefficients(known: list[Reliability]) -> str:
    parts = [f"{x.method.split()[0]} {x.estimate:.2f} ({x.lower:.2f} to {x.upper:.2f})" for x in known]
    text = " and ".join(parts)
    return f"{text[0].upper()}{text[1:]}, each with its {known[0].confidence:.0%} interval."


def _not_compared(grouping: GroupingAudit) -> Verdict:
    sizes = ", ".join(f"{group.label} {group.n:,}" for group in grouping.groups)
    reason = f"A comparison needs two groups of {SMALLEST_GROUP} people or more; there are {sizes}."
    labels = tuple(group.label for group in grouping.groups)
    return Verdict(grouping.name, Level.UNKNOWN, "Too few people to compare", (reason,), grouping.name, labels)


def _pair(grouping: GroupingAudit, pair: PairAudit) -> Verdict:
    members = [group for group in grouping.groups if group.label in (pair.reference, pair.focal)]
    findings = [*_size(pair), *_group_reliability(grouping.name, members), *_anchors(pair)]
    findings += [*_impact(group_name(grouping.name, pair.focal), pair), *_items(pair)]
    level = max(level for level, _ in findings)
    # The worst reason first.
    reasons = [reason for _, reason in sorted(findings, key=lambda finding: -finding[0])]
    question = f"{grouping.name}: {pair.focal} against {pair.reference}"
    return Verdict(
        question,
        level,
        _headline(pair, level),
        (*reasons, *_skipping(pair)),
        grouping.name,
        (pair.reference, pair.focal),
    )


def _headline(pair: PairAudit, level: Level) -> str:
    if level is Level.BAD:
        return "Should not be compared"
    if level is Level.UNKNOWN:
        return "Cannot be told from these answers"
    if pair.impact is not None and max(map(_impact_size, _impacts(pair))) >= SMALL_IMPACT:
        return "Compare only scores corrected for the items that differ"
    if _differing(pair):
        return "May be compared as a whole scale, not item by item"
    return "May be compared" if level is Level.GOOD else "May be compared with care"


def _size(pair: PairAudit) -> Iterator[_Finding]:
    smaller = min(pair.n_reference, pair.n_focal)
    if smaller < LARGE_GROUP:
        yield Level.CARE, f"The smaller group has {smaller} people; from {LARGE_GROUP} on figures are steadier."


def _group_reliability(grouping: str, groups: list[GroupReliability]) -> Iterator[_Finding]:
    for group in groups:
        known, label = _known(group), group_name(grouping, group.label)
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


def _anchors(pair: PairAudit) -> Iterator[_Finding]:
    if pair.impact is not None and not pair.anchors_agree:
        yield (
            Level.BAD,
            f"Two ways of choosing items that work alike disagree ({', '.join(pair.anchors)} or "
            f"{', '.join(pair.second_anchors)}), so nothing fixed is there to compare the groups by.",
        )


def _impacts(pair: PairAudit) -> list[Impact]:
    return [impact for impact in (pair.impact, pair.impact_second_anchors) if impact is not None]


def _impact_size(impact: Impact) -> float:
    """Return the signed size, or as much of the unsigned one as is beyond sampling error."""
    return max(abs(impact.signed_sd.value), impact.unsigned_sd.lower)


def _impact(focal: str, pair: PairAudit) -> Iterator[_Finding]:
    found = _impacts(pair)
    if not found:
        noted = ", ".join(note.replace("_", " ") for note in pair.notes) or "no reason known"
        yield Level.UNKNOWN, f"What the items do to scores could not be computed ({noted})."
        return
    impact = max(found, key=_impact_size)
    size = impact.signed_sd
    text = (
        f"Items that differ move the expected score of {focal} by {signed(size.value)} SD "
        f"({signed(size.lower)} to {signed(size.upper)}; {signed(impact.signed.value)} points)"
    )
    if _impact_size(impact) >= abs(size.value) + 0.005:
        text += f", and by {impact.unsigned_sd.value:.2f} SD where direction is left aside"
    if _impact_size(impact) >= LARGE_IMPACT:
        yield Level.BAD, f"{text}: {LARGE_IMPACT} or more, too much to correct."
    elif max(abs(size.lower), abs(size.upper)) >= LARGE_IMPACT:
        yield Level.UNKNOWN, f"{text}: the interval reaches {LARGE_IMPACT}."
    elif _impact_size(impact) >= SMALL_IMPACT:
        yield Level.CARE, f"{text}: more than {SMALL_IMPACT}."
    else:
        yield Level.GOOD, f"{text}: below {SMALL_IMPACT}, of no practical matter."


def _differing(pair: PairAudit) -> list[str]:
    return [item.name for item in pair.items if item.level in ("moderate", "large")]


def _items(pair: PairAudit) -> Iterator[_Finding]:
    unknown = [item.name for item in pair.items if item.level == "unknown"]
    if unknown and len(unknown) < len(pair.items):
        yield Level.UNKNOWN, f"Too few answers to examine {', '.join(unknown)}."
    differing = _differing(pair)
    if differing:
        some = ", ".join(differing[:6]) + (f" and {len(differing) - 6} more" if len(differing) > 6 else "")
        verb = "differs" if len(differing) == 1 else "differ"
        yield Level.CARE, f"{len(differing)} of {len(pair.items)} items {verb} by a moderate or large amount: {some}."
    elif len(unknown) < len(pair.items):
        yield Level.GOOD, f"None of {len(pair.items) - len(unknown)} items differs by more than a negligible amount."


def _skipping(pair: PairAudit) -> Iterator[str]:
    skipped = [
        item.name for item in pair.items if abs(item.skipping.difference) >= _SKIPPING and item.skipping.p < 0.05
    ]
    if skipped:
        yield f"The groups skip some items at rates {_SKIPPING:.0%} or more apart: {', '.join(skipped)}."
