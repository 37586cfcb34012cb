"""Whether a score changed by more than measurement error between two waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assess.scoring.rules import CONFIDENCE, Score, Trace
from psychometrics import change as psychometrics

Refusal = Literal["no_score", "no_standard_error", "other_version", "other_language", "other_mode"]


@dataclass(frozen=True, slots=True)
class Change:
    """What may be said about a change; with any refusal there is no figure and no verdict.

    `threshold` is the smallest difference that counts as reliable: 1.96 standard errors of the difference. `verdict` is
    "increased", "decreased" or "not_shown".
    """

    scale: str
    refusals: tuple[Refusal, ...]
    difference: float | None = None
    standard_error: float | None = None
    threshold: float | None = None
    verdict: str | None = None


def reliable_change(before: Score, after: Score) -> Change:
    """Compare two scores of one scale of one person; refuse across instrument versions, languages and modes.

    The difference counts as reliable beyond z × √(SE₁² + SE₂²) (Jacobson & Truax, 1991), each score with its own error.
    """
    if before.scale != after.scale or before.trace.instrument_id != after.trace.instrument_id:
        raise ValueError(
            f'scale "{before.scale}" cannot be compared with "{after.scale}": they measure different things'
        )
    refusals = _refusals(before, after)
    if refusals or before.value is None or after.value is None:
        return Change(before.scale, refusals)
    found = psychometrics.reliable_change(
        before.value,
        after.value,
        standard_error_before=before.standard_error,
        standard_error_after=after.standard_error,
        confidence=CONFIDENCE,
    )
    return Change(before.scale, (), found.difference, found.standard_error, found.threshold, found.verdict)


def _refusals(before: Score, after: Score) -> tuple[Refusal, ...]:
    """Return every reason that forbids the comparison."""
    first, second = before.trace, after.trace
    checks: dict[Refusal, bool] = {
        "no_score": before.value is None or after.value is None,
        "no_standard_error": not (before.standard_error and after.standard_error),
        "other_version": _version(first) != _version(second),
        "other_language": first.locale != second.locale,
        "other_mode": first.mode != second.mode,
    }
    return tuple(refusal for refusal, holds in checks.items() if holds)


def _version(trace: Trace) -> tuple[str, str]:
    return trace.instrument_version, trace.instrument_digest
