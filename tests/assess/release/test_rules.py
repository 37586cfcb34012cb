"""The gate on figures: each refusal has a test that breaks just that piece of evidence."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from assess.analysis.rules import Coefficient, Group, Impact, ItemDifference, Level, Pair, SkippedItem, Skipping
from assess.release.policy import default_policy, loosened
from assess.release.rules import Evidence, NormGroup, Outcome, Use, Verdict, decide, still_holds

POLICY = default_policy()


def coefficient(
    lower: float = 0.80, *, statistic: str = "alpha", n: int | None = 500, origin: str = "local"
) -> Coefficient:
    return Coefficient(statistic, lower + 0.03, lower, lower + 0.05, n, origin, "en", "somewhere", sd=4.0)  # type: ignore[arg-type]


def group(label: str, n: int = 500, lower: float = 0.80) -> Group:
    return Group(label, n, 10.0, 4.0, (coefficient(lower, n=n),))


def item(name: str, level: Level = "negligible", delta_r2: float = 0.001) -> ItemDifference:
    return ItemDifference(name, level, delta_r2, 0.02, -0.01, 0.05)


def impact(size: float = 0.02, *, half: float = 0.03) -> Impact:
    return Impact(signed=size, lower=size - half, upper=size + half, unsigned=abs(size), unsigned_lower=0.0)


ALIKE = (item("a"), item("b"), item("c"), item("d"))
SKIPPING = Skipping(0.01, 0.0, 0.02, (SkippedItem("a", 0.02, -0.01, 0.05), SkippedItem("b", -0.09, -0.12, -0.06)))
PAIR = Pair(
    "country", group("here"), group("there"), ("a", "b"), ("b", "c"), True, ALIKE, impact(), impact(0.025),
    impact(0.03), impact(0.01), SKIPPING, (),
)  # fmt: skip


def compare(pair: Pair) -> Verdict:
    return decide(Evidence(pairs=(pair,)), POLICY, Use.GROUP_COMPARISON)


def report(*coefficients: Coefficient, use: Use = Use.INDIVIDUAL_REPORT) -> Verdict:
    return decide(Evidence("en", coefficients), POLICY, use)


def test_reliable_scores_may_be_reported():
    verdict = report(coefficient(0.70))

    assert (verdict.outcome, verdict.conditions) == (Outcome.RELEASED, ())


def test_scores_of_middling_reliability_are_for_a_development_talk_only():
    verdict = report(coefficient(0.69))

    assert verdict.outcome is Outcome.RELEASED_WITH_CONDITIONS
    assert [condition.code for condition in verdict.conditions] == ["development_talk_only"]


def test_scores_of_low_reliability_are_held():
    verdict = report(coefficient(0.59))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.HELD, ("reliability_below_policy",))


def test_the_lower_bound_decides_and_not_the_estimate():
    assert report(replace(coefficient(), value=0.90, lower=0.55)).outcome is Outcome.HELD


def test_of_two_local_coefficients_the_more_cautious_one_decides():
    verdict = report(coefficient(0.75, statistic="omega"), coefficient(0.65))

    assert verdict.reason_codes == ("reliability_low",)


def test_local_evidence_from_too_few_people_gives_way_to_published_evidence():
    verdict = report(coefficient(0.90, n=99), coefficient(0.75, origin="published"))

    assert verdict.outcome is Outcome.RELEASED
    assert verdict.reasons[0].code == "published_evidence"


def test_local_evidence_from_enough_people_overrules_published_evidence():
    verdict = report(coefficient(0.50, n=100), coefficient(0.85, origin="published"))

    assert verdict.reason_codes == ("reliability_below_policy",)


def test_too_few_people_and_nothing_published_is_insufficient_and_never_a_pass():
    verdict = report(coefficient(0.95, n=99))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, ("too_few_people",))


def test_a_language_nobody_has_studied_is_held():
    verdict = report()

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.HELD, ("no_evidence_for_language",))


def test_a_published_figure_without_a_number_of_people_has_no_bound_and_does_not_pass():
    verdict = report(replace(coefficient(origin="published"), lower=nan, n=None))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.HELD, ("reliability_unknown",))


def test_a_retest_alone_serves_for_change_but_not_for_a_report():
    retest = coefficient(0.75, statistic="retest", origin="published")

    assert report(retest).outcome is Outcome.HELD
    assert report(retest, use=Use.CHANGE_OVER_TIME).outcome is Outcome.RELEASED


def test_groups_that_are_alike_may_be_compared():
    verdict = compare(PAIR)

    assert (verdict.outcome, verdict.conditions) == (Outcome.RELEASED, ())


def test_groups_of_fewer_than_one_hundred_are_insufficient():
    verdict = compare(replace(PAIR, focal=group("there", n=99)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, ("groups_too_small",))


def test_groups_of_fewer_than_two_hundred_carry_a_condition():
    verdict = compare(replace(PAIR, focal=group("there", n=199)))

    assert verdict.outcome is Outcome.RELEASED_WITH_CONDITIONS
    assert [condition.code for condition in verdict.conditions] == ["small_groups"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"focal": group("there", lower=0.59)}, "group_reliability_below_policy"),
        ({"reference": group("here", lower=0.59)}, "group_reliability_below_policy"),
        ({"focal": replace(group("there"), coefficients=())}, "group_reliability_unknown"),
        ({"focal": group("there", lower=nan)}, "group_reliability_unknown"),
        ({"anchors": ()}, "no_anchor"),
        ({"anchors_agree": False}, "anchors_disagree"),
        ({"notes": ("calibration_failed",)}, "calibration_failed"),
        ({"items": ()}, "pair_not_compared"),
        ({"exchanged_impact": None}, "impact_unknown"),
        ({"exchanged_second_impact": replace(impact(), upper=nan)}, "impact_unknown"),
        ({"exchanged_impact": impact(0.30)}, "impact_large"),
        ({"exchanged_second_impact": impact(-0.30)}, "impact_large"),
        ({"impact": None}, "impact_unknown"),
        ({"impact": replace(impact(), signed=nan)}, "impact_unknown"),
        ({"impact": replace(impact(), upper=nan)}, "impact_unknown"),
        ({"impact": replace(impact(), unsigned_lower=nan)}, "impact_unknown"),
        ({"second_impact": None}, "impact_unknown"),
        ({"impact": impact(0.30)}, "impact_large"),
        ({"impact": impact(-0.30)}, "impact_large"),
        ({"impact": replace(impact(), unsigned_lower=0.30)}, "impact_large_at_levels"),
        ({"second_impact": impact(0.30)}, "impact_large"),
    ],
)
def test_a_comparison_is_held_by_one_missing_piece(change, code):
    verdict = compare(replace(PAIR, **change))

    assert (verdict.outcome, verdict.reason_codes[0], verdict.conditions) == (Outcome.HELD, code, ())


def test_an_impact_too_uncertain_to_rule_out_a_large_one_is_insufficient():
    verdict = compare(replace(PAIR, impact=impact(0.05, half=0.26)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, ("impact_uncertain",))


@pytest.mark.parametrize("which", ["second_impact", "exchanged_impact", "exchanged_second_impact"])
def test_uncertainty_of_any_choice_of_anchors_or_reference_group_is_insufficient(which):
    verdict = compare(replace(PAIR, impact=impact(0.06), **{which: impact(0.01, half=0.30)}))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, ("impact_uncertain",))
    assert next(r for r in verdict.reasons if r.code == "impact_uncertain").figures["upper"] == pytest.approx(0.31)


@pytest.mark.parametrize("note", ["calibration_not_converged", "anchors_unchecked"])
def test_figures_nobody_can_trust_are_insufficient_and_say_why(note):
    verdict = compare(replace(PAIR, notes=(note,)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, (note,))


def test_groups_linked_where_differences_balance_may_be_compared_at_scale_level_only():
    verdict = compare(replace(PAIR, notes=("no_half_agrees",)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.RELEASED_WITH_CONDITIONS, ("no_half_agrees",))
    assert [condition.code for condition in verdict.conditions] == ["scale_level_only"]


def test_the_reference_group_that_speaks_more_against_a_comparison_decides():
    verdict = compare(replace(PAIR, impact=impact(0.02), exchanged_impact=impact(0.12)))

    assert [condition.code for condition in verdict.conditions] == ["only_corrected_scores"]


def test_items_that_one_group_skips_more_often_are_named_beside_every_comparison():
    items = (SkippedItem("a", 0.12, 0.05, 0.2), SkippedItem("b", -0.2, -0.3, -0.1), SkippedItem("c", 0.3, -0.1, 0.7))

    verdict = compare(replace(PAIR, skipping=replace(SKIPPING, items=items)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.RELEASED_WITH_CONDITIONS, ("skipping_differs",))
    assert [(condition.code, condition.items) for condition in verdict.conditions] == [("name_skipping", ("b", "a"))]


@pytest.mark.parametrize("sign", [1, -1])
def test_skipping_that_moves_scores_apart_leaves_only_full_answers_to_be_compared(sign):
    verdict = compare(replace(PAIR, skipping=replace(SKIPPING, impact=0.1 * sign)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.RELEASED_WITH_CONDITIONS, ("skipping_moves_scores",))
    assert [condition.code for condition in verdict.conditions] == ["only_full_answers"]


def test_skipping_that_would_decide_a_comparison_holds_it():
    verdict = compare(replace(PAIR, skipping=replace(SKIPPING, impact=-0.3)))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.HELD, ("skipping_decides",))


@pytest.mark.parametrize("unknown", [None, replace(SKIPPING, impact=nan)])
def test_skipping_nobody_looked_at_is_insufficient(unknown):
    verdict = compare(replace(PAIR, skipping=unknown))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, ("skipping_unknown",))


def test_an_item_that_could_not_be_examined_is_insufficient():
    verdict = compare(replace(PAIR, items=(*ALIKE, item("e", "unknown"))))

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INSUFFICIENT, ("items_unknown",))


def test_a_less_reliable_group_carries_a_condition():
    verdict = compare(replace(PAIR, focal=group("there", lower=0.65)))

    assert [condition.code for condition in verdict.conditions] == ["group_less_reliable"]


def test_items_that_differ_and_cancel_allow_the_scale_level_only_and_are_named_worst_first():
    small = replace(item("e", "large", 0.090), effect=-0.01)
    items = (item("a"), item("b", "moderate", 0.036), item("c", "large", 0.080), item("d", "moderate", 0.039), small)

    verdict = compare(replace(PAIR, items=items))

    assert verdict.outcome is Outcome.RELEASED_WITH_CONDITIONS
    assert [(condition.code, condition.items) for condition in verdict.conditions] == [
        ("scale_level_only", ("c", "e", "d", "b"))
    ]


def test_a_moderate_impact_asks_for_corrected_scores():
    verdict = compare(replace(PAIR, impact=impact(0.10), items=(item("a", "moderate", 0.05), *ALIKE[1:])))

    assert verdict.outcome is Outcome.RELEASED_WITH_CONDITIONS
    assert [condition.code for condition in verdict.conditions] == ["only_corrected_scores", "scale_level_only"]


def test_differences_that_cancel_over_people_but_not_at_a_given_standing_are_told_with_the_size_that_decides():
    verdict = compare(replace(PAIR, impact=replace(impact(0.03), unsigned=0.2, unsigned_lower=0.15)))

    reason = next(r for r in verdict.reasons if r.code == "impact_moderate_at_levels")
    assert (reason.figures["size"], reason.figures["signed"]) == (0.15, 0.03)


def test_many_significant_but_small_differences_do_not_hold_a_comparison():
    items = tuple(ItemDifference(str(i), "negligible", 0.02, 0.1, 0.09, 0.11) for i in range(10))

    assert compare(replace(PAIR, items=items)).outcome is Outcome.RELEASED


NORM = NormGroup("adults", "en", 1000)


def against_norm(*norms: NormGroup, pairs: tuple[Pair, ...] = (), language: str = "en") -> Verdict:
    return decide(Evidence(language, (coefficient(),), norms, pairs), POLICY, Use.NORM_COMPARISON)


def test_a_documented_norm_group_of_the_same_language_serves():
    assert against_norm(NORM).outcome is Outcome.RELEASED


@pytest.mark.parametrize(
    ("norms", "code"),
    [
        ((), "no_norm_group"),
        ((replace(NORM, n=99),), "norm_group_too_small"),
        ((replace(NORM, n=None),), "norm_group_too_small"),
        ((replace(NORM, language="de"),), "norm_language_not_compared"),
    ],
)
def test_a_norm_comparison_is_held_without_a_fitting_norm_group(norms, code):
    verdict = against_norm(*norms)

    assert (verdict.outcome, verdict.reason_codes) == (Outcome.HELD, (code,))


@pytest.mark.parametrize(("size", "code"), [(0.05, "norm_language_works_alike"), (0.11, "norm_group_differs")])
def test_a_norm_of_another_language_serves_only_where_both_work_alike(size, code):
    pair = replace(PAIR, grouping="language", reference=group("de"), focal=group("en"), impact=impact(size))

    verdict = against_norm(replace(NORM, language="de"), pairs=(pair,))

    assert verdict.reasons[-1].code == code
    assert verdict.outcome is (Outcome.RELEASED if size < 0.1 else Outcome.HELD)


def for_sponsor(lower: float, *pairs: Pair) -> Verdict:
    return decide(Evidence("en", (coefficient(lower),), pairs=pairs), POLICY, Use.SPONSOR_AGGREGATE)


def test_aggregates_are_broken_down_only_by_groups_that_may_be_compared():
    held = replace(PAIR, grouping="gender", impact=impact(0.4))
    only_corrected = replace(PAIR, grouping="age_band", impact=impact(0.2))

    verdict = for_sponsor(0.65, PAIR, held, only_corrected)

    assert verdict.outcome is Outcome.RELEASED_WITH_CONDITIONS
    assert [(c.code, c.figures["grouping"]) for c in verdict.conditions] == [
        ("no_breakdown_by", "gender"),
        ("no_breakdown_by", "age_band"),
    ]


def test_aggregates_without_any_comparison_of_groups_are_not_broken_down():
    assert [condition.code for condition in for_sponsor(0.65).conditions] == ["no_breakdown"]


def test_aggregates_of_a_scale_that_measures_nothing_are_held():
    assert for_sponsor(0.59, PAIR).outcome is Outcome.HELD


def test_a_release_holds_while_no_condition_is_added():
    clean, named = compare(PAIR), compare(replace(PAIR, items=(item("a", "large", 0.08), *ALIKE[1:])))

    assert still_holds(named, clean)
    assert not still_holds(clean, named)
    assert not still_holds(clean, compare(replace(PAIR, anchors=())))


@pytest.mark.parametrize(
    ("change", "looser"),
    [
        ({"reliability_released": 0.65}, True),
        ({"reliability_released": 0.75}, False),
        ({"impact_released": 0.2}, True),
        ({"impact_released": 0.05}, False),
        ({"group_people": 150}, True),
        ({"skipping_difference": 0.2}, True),
        ({"signatures": 2}, False),
    ],
)
def test_asking_for_less_evidence_is_loosening(change, looser):
    assert bool(loosened(POLICY, replace(POLICY, **change))) is looser
