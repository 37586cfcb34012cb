"""What a verdict is, and the sizes that decide it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from psychometrics.audit.groups import GroupReliability
from psychometrics.reliability._result import Reliability

# Reliability, lower end of the interval: from here on for a report to the person; from here on for a talk only.
RELIABLE, BARELY_RELIABLE = 0.70, 0.60
# Expected-score difference due to differing items, in SD of the scale: of no matter below the first; corrected scores
# are needed below the second; beyond it groups are not compared.
SMALL_IMPACT, LARGE_IMPACT = 0.10, 0.30
# Groups smaller than this are compared with a warning.
LARGE_GROUP = 200
# A difference in the share of people who skip an item that is named.
LARGE_SKIPPING = 0.10


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


def known_coefficients(group: GroupReliability) -> list[Reliability]:
    """Return alpha and omega of a group, where there is an interval."""
    return [x for x in (group.alpha, group.omega) if x is not None and not math.isnan(x.lower)]
