"""The verdict on one use, from all that speaks for and against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from assess.analysis.rules import Pair, internal_consistency
from assess.release.rules.groups import group_comparison
from assess.release.rules.reliability import change_over_time, coefficient_in_force, individual_report, no_coefficient
from assess.release.rules.values import (
    SEVERITY,
    Condition,
    Evidence,
    Figure,
    Finding,
    NormGroup,
    Outcome,
    Policy,
    Reason,
    Use,
    Verdict,
)

_R, _C, _, _H = Outcome


def decide(evidence: Evidence, policy: Policy, use: Use) -> Verdict:
    """Return the verdict on one use with all its reasons; the worst of them gives the outcome."""
    findings = list(_CHECKS[use](evidence, policy))
    outcome = max((reason.outcome for reason, _ in findings), key=SEVERITY.__getitem__, default=_H)
    conditions = tuple(condition for _, condition in findings if condition) if outcome.releasable else ()
    return Verdict(use, outcome, tuple(reason for reason, _ in findings), conditions)


def still_holds(signed: Verdict, new: Verdict) -> bool:
    """Return whether what was signed is still true: releasable, and under no condition that was not signed."""
    promised = {(condition.code, condition.items) for condition in signed.conditions}
    return new.outcome.releasable and all((c.code, c.items) in promised for c in new.conditions)


def _norm_comparison(evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    yield from individual_report(evidence, policy)
    if not evidence.norms:
        yield Reason("no_norm_group", _H), None
        return
    large = [norm for norm in evidence.norms if norm.n is not None and norm.n >= policy.norm_people]
    if not large:
        known = max((norm.n or 0 for norm in evidence.norms), default=0)
        yield Reason("norm_group_too_small", _H, {"n": known, "needed": policy.norm_people}), None
        return
    norm = next((norm for norm in large if norm.language == evidence.language), large[0])
    yield Reason("norm_group_documented", _R, {"population": norm.population, "n": norm.n or 0}), None
    if norm.language != evidence.language:
        yield _norm_in_other_language(evidence, norm, policy), None


def _norm_in_other_language(evidence: Evidence, norm: NormGroup, policy: Policy) -> Reason:
    """A norm group of another language serves only where both languages were compared and work alike."""
    wanted = {norm.language, evidence.language}
    figures: dict[str, Figure] = {"norm_language": norm.language, "language": evidence.language}
    for pair in evidence.pairs:
        worst = pair.worst_impact
        if pair.grouping == "language" and {pair.reference.label, pair.focal.label} == wanted and worst:
            figures |= {"size": worst.size, "limit": policy.impact_released}
            alike = decide(Evidence(pairs=(pair,)), policy, Use.GROUP_COMPARISON).outcome.releasable
            if alike and worst.size < policy.impact_released:
                return Reason("norm_language_works_alike", _R, figures)
            return Reason("norm_group_differs", _H, figures)
    return Reason("norm_language_not_compared", _H, figures)


def _sponsor_aggregate(evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    """A mean over people needs no precise single score, but a scale that measures something."""
    deciding = coefficient_in_force(internal_consistency(evidence.coefficients), policy)
    if deciding is None:
        yield no_coefficient(evidence, internal_consistency(evidence.coefficients), policy), None
    else:
        figures: dict[str, Figure] = {"lower": deciding.lower, "needed": policy.reliability_with_condition}
        enough = deciding.lower >= policy.reliability_with_condition
        yield (
            Reason("reliability_sufficient" if enough else "reliability_below_policy", _R if enough else _H, figures),
            None,
        )
    groupings = dict.fromkeys(pair.grouping for pair in evidence.pairs)
    if not groupings:
        yield Reason("groups_not_compared", _C), Condition("no_breakdown")
    for grouping in groupings:
        if not all(_comparable_as_scored(pair, policy) for pair in evidence.pairs if pair.grouping == grouping):
            reason = Reason("groups_not_comparable", _C, {"grouping": grouping})
            yield reason, Condition("no_breakdown_by", figures={"grouping": grouping})


def _comparable_as_scored(pair: Pair, policy: Policy) -> bool:
    """Whether groups may be compared with the scores there are: uncorrected ones."""
    verdict = decide(Evidence(pairs=(pair,)), policy, Use.GROUP_COMPARISON)
    return verdict.outcome.releasable and all(c.code != "only_corrected_scores" for c in verdict.conditions)


_CHECKS: Mapping[Use, Callable[[Evidence, Policy], Iterator[Finding]]] = {
    Use.INDIVIDUAL_REPORT: individual_report,
    Use.CHANGE_OVER_TIME: change_over_time,
    Use.NORM_COMPARISON: _norm_comparison,
    Use.GROUP_COMPARISON: group_comparison,
    Use.SPONSOR_AGGREGATE: _sponsor_aggregate,
}
