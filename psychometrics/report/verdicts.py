"""What an audit means, in words: one verdict on reliability, one on every pair of groups.

Effect sizes decide, significance does not: with thousands of people nearly every item differs beyond doubt, with few
none does. An estimate says which way; its interval can only make the verdict stricter.
"""

from __future__ import annotations

from psychometrics.audit import Audit
from psychometrics.audit.groups import SMALLEST_GROUP
from psychometrics.audit.scale import GroupingAudit
from psychometrics.reliability._result import Reliability
from psychometrics.report.comparisons import comparison
from psychometrics.report.levels import BARELY_RELIABLE, RELIABLE, Level, Verdict, known_coefficients


def verdicts(found: Audit) -> tuple[Verdict, ...]:
    """Return the verdict on reliability and those on all pairs of groups."""
    compared = [comparison(grouping, pair) for grouping in found.groupings for pair in grouping.pairs]
    missed = [_not_compared(grouping) for grouping in found.groupings if not grouping.pairs]
    return _reliability(found), *compared, *missed


def _reliability(found: Audit) -> Verdict:
    known = known_coefficients(found.whole)
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
    if found.n < SMALLEST_GROUP and level is Level.GOOD:
        level, headline = Level.CARE, "Seems reliable enough, but few people answered"
    return Verdict("reliability", level, headline, tuple(reasons))


def _coefficients(known: list[Reliability]) -> str:
    parts = [f"{x.method.split()[0]} {x.estimate:.2f} ({x.lower:.2f} to {x.upper:.2f})" for x in known]
    text = " and ".join(parts)
    return f"{text[0].upper()}{text[1:]}, each with its {known[0].confidence:.0%} interval."


def _not_compared(grouping: GroupingAudit) -> Verdict:
    sizes = ", ".join(f"{group.label} {group.n:,}" for group in grouping.groups)
    reason = f"A comparison needs two groups of {SMALLEST_GROUP} people or more; there are {sizes}."
    labels = tuple(group.label for group in grouping.groups)
    return Verdict(grouping.name, Level.UNKNOWN, "Too few people to compare", (reason,), grouping.name, labels)
