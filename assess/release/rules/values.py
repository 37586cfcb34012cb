"""What the gate is given and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from assess.analysis.rules import Coefficient, Pair
from assess.scoring.rules import Score

Figure = float | int | str


class Use(StrEnum):
    """What a score is used for."""

    INDIVIDUAL_REPORT = "individual_report"
    CHANGE_OVER_TIME = "change_over_time"
    NORM_COMPARISON = "norm_comparison"
    GROUP_COMPARISON = "group_comparison"
    SPONSOR_AGGREGATE = "sponsor_aggregate"


class Outcome(StrEnum):
    """What the gate says, from best to worst."""

    RELEASED = "released"
    RELEASED_WITH_CONDITIONS = "released_with_conditions"
    INSUFFICIENT = "insufficient"
    HELD = "held"

    @property
    def releasable(self) -> bool:
        """Whether a lead may sign it."""
        return self in (Outcome.RELEASED, Outcome.RELEASED_WITH_CONDITIONS)


SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds; `policy.toml` says what each is for."""

    version: str
    reliability_released: float
    reliability_with_condition: float
    local_people: int
    norm_people: int
    group_people: int
    group_people_with_condition: int
    impact_released: float
    impact_with_condition: float
    skipping_difference: float
    signatures: int


@dataclass(frozen=True, slots=True)
class NormGroup:
    """A documented norm group of a scale."""

    population: str
    language: str
    n: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one scale in one language, or about one pair of groups."""

    language: str = ""
    coefficients: tuple[Coefficient, ...] = ()
    norms: tuple[NormGroup, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing the verdict rests on, with the figures behind it, and the outcome it alone would give."""

    code: str
    outcome: Outcome
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a reader of the release has to keep to; items are named worst first."""

    code: str
    items: tuple[str, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says about one use, and why."""

    use: Use
    outcome: Outcome
    reasons: tuple[Reason, ...]
    conditions: tuple[Condition, ...]

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """The codes of what speaks against a release without conditions, worst first; all codes if nothing does."""
        against = sorted(self.reasons, key=lambda reason: -SEVERITY[reason.outcome])
        codes = tuple(reason.code for reason in against if reason.outcome is not Outcome.RELEASED)
        return codes or tuple(reason.code for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class ReleasedScore:
    """A score that may be read: under these conditions, on this evidence, released by this person."""

    score: Score
    conditions: tuple[str, ...]
    evidence_label: str
    signed_by_name: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Withheld:
    """A scale whose score may not be read (yet), and the codes of why; it holds no figure."""

    scale_id: str
    reasons: tuple[str, ...]


Finding = tuple[Reason, Condition | None]
