"""Is a scale reliable enough, in this language, for this use?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from assess.analysis.rules import Coefficient, internal_consistency
from assess.release.rules.values import Condition, Evidence, Figure, Finding, Outcome, Policy, Reason

_R, _C, _I, _H = Outcome


def individual_report(evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    yield from _reliability(evidence, internal_consistency(evidence.coefficients), policy)


def change_over_time(evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    """Internal consistency or, where none is known, a retest gives the error of a difference."""
    coefficients = internal_consistency(evidence.coefficients)
    if coefficient_in_force(coefficients, policy) is None:
        coefficients = evidence.coefficients
    yield from _reliability(evidence, coefficients, policy)


def _reliability(evidence: Evidence, coefficients: tuple[Coefficient, ...], policy: Policy) -> Iterator[Finding]:
    deciding = coefficient_in_force(coefficients, policy)
    if deciding is None:
        yield no_coefficient(evidence, coefficients, policy), None
        return
    figures: dict[str, Figure] = {
        "statistic": deciding.statistic, "value": deciding.value, "lower": deciding.lower, "n": deciding.n or 0,
        "origin": deciding.origin, "language": deciding.language,
    }  # fmt: skip
    yield Reason(f"{deciding.origin}_evidence", _R, figures), None
    if deciding.lower >= policy.reliability_released:
        yield Reason("reliability_sufficient", _R, figures | {"needed": policy.reliability_released}), None
    elif deciding.lower >= policy.reliability_with_condition:
        reason = Reason("reliability_low", _C, figures | {"needed": policy.reliability_released})
        yield reason, Condition("development_talk_only", figures=figures)
    else:
        yield Reason("reliability_below_policy", _H, figures | {"needed": policy.reliability_with_condition}), None


def no_coefficient(evidence: Evidence, coefficients: tuple[Coefficient, ...], policy: Policy) -> Reason:
    """Say why nothing is known: nobody looked, too few people, or figures that do not tell."""
    figures: dict[str, Figure] = {"language": evidence.language}
    local = [c.n or 0 for c in coefficients if c.origin == "local"]
    if local and max(local) < policy.local_people:
        return Reason("too_few_people", _I, figures | {"n": max(local), "needed": policy.local_people})
    if coefficients:
        return Reason("reliability_unknown", _H, figures)
    return Reason("no_evidence_for_language", _H, figures)


def coefficient_in_force(coefficients: Iterable[Coefficient], policy: Policy) -> Coefficient | None:
    """Return what speaks for a reliability: local evidence from enough people, else the largest published study.

    Of several local coefficients the more cautious one, with the lowest bound, counts; an undefined one is passed over.
    """
    known = [c for c in coefficients if not math.isnan(c.lower)]
    local = [c for c in known if c.origin == "local" and (c.n or 0) >= policy.local_people]
    if local:
        return min(local, key=lambda c: c.lower)
    return next((c for c in known if c.origin == "published"), None)
