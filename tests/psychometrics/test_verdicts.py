"""What the report concludes: from an audit in which nothing is wrong, one piece of evidence is changed at a time."""

from dataclasses import replace

import numpy as np
import pytest

from psychometrics.audit import audit
from psychometrics.report.figures import interval
from psychometrics.report.levels import Level
from psychometrics.report.verdicts import verdicts
from psychometrics.report.wording import overview
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def sound():
    """Return the audit of a scale without fault, and its only pair."""
    made = simulate(np.random.default_rng(4), n=(400, 400), n_items=8)
    found = audit(
        made.responses,
        item_names=[f"item{i}" for i in range(8)],
        groupings={"language": made.groups},
        minimum_code=0,
        maximum_code=4,
        rng=np.random.default_rng(1),
    )
    return found, found.groupings[0].pairs[0]


def concluded(found, pair):
    return verdicts(replace(found, groupings=(replace(found.groupings[0], pairs=(pair,)),)))[1]


def moved(impact, value, lower=None, upper=None):
    interval = replace(impact.signed_sd, value=value, lower=value if lower is None else lower, upper=upper or value)
    return replace(impact, signed_sd=interval)


def test_a_scale_without_fault_may_be_compared(sound):
    found, pair = sound

    reliable, compared = verdicts(found)

    assert (reliable.level, compared.level) == (Level.GOOD, Level.GOOD)
    assert compared.headline == "May be compared"
    assert compared.groups == (pair.reference, pair.focal)


@pytest.mark.parametrize(
    "choice", ["impact", "impact_second_anchors", "impact_exchanged", "impact_exchanged_second_anchors"]
)
@pytest.mark.parametrize(
    ("figures", "level", "headline"),
    [
        ((0.12,), Level.CARE, "Compare only scores corrected for the items that differ"),
        ((-0.12,), Level.CARE, "Compare only scores corrected for the items that differ"),
        ((0.05, -0.32, 0.1), Level.UNKNOWN, "Cannot be told from these answers"),
        ((-0.31,), Level.BAD, "Should not be compared"),
    ],
)
def test_the_least_favourable_impact_decides(sound, choice, figures, level, headline):
    found, pair = sound

    verdict = concluded(found, replace(pair, **{choice: moved(getattr(pair, choice), *figures)}))

    assert (verdict.level, verdict.headline) == (level, headline)


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ((0.02, -0.03, 0.08), "(-0.03 to +0.08; 0.00 points): below 0.1, of no practical matter."),
        ((-0.02, -0.15, 0.14), "(-0.15 to +0.14; 0.00 points): 0.1, where it begins to matter, is not ruled out."),
    ],
)
def test_no_practical_matter_is_said_only_where_the_interval_bears_it_out(sound, figures, told):
    found, pair = sound
    impact = replace(moved(pair.impact, *figures), signed=replace(pair.impact.signed, value=0.001))
    every = ("impact", "impact_second_anchors", "impact_exchanged", "impact_exchanged_second_anchors")

    verdict = concluded(found, replace(pair, **dict.fromkeys(every, impact)))

    assert verdict.level is Level.GOOD
    assert any(reason.endswith(told) for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("note", "level"),
    [
        ("no_half_agrees", Level.CARE),
        ("anchors_unchecked", Level.UNKNOWN),
        ("calibration_not_converged", Level.UNKNOWN),
        ("calibration_failed", Level.BAD),
    ],
)
def test_what_the_computation_notes_enters_the_verdict(sound, note, level):
    found, pair = sound

    assert concluded(found, replace(pair, notes=(note,))).level == level


def test_differing_items_leave_the_whole_scale(sound):
    found, pair = sound
    items = (replace(pair.items[0], level="large", ets_class="C"), *pair.items[1:])

    verdict = concluded(found, replace(pair, items=items))

    assert (verdict.level, verdict.headline) == (Level.CARE, "May be compared as a whole scale, not item by item")
    assert verdict.reasons[0].startswith("1 of 8 items differs by a moderate or large amount: ")


def test_anchors_that_disagree_leave_nothing_to_compare_by(sound):
    found, pair = sound

    verdict = concluded(found, replace(pair, anchors_agree=False))

    assert verdict.level is Level.BAD
    assert verdict.reasons[0].startswith("Two ways of choosing items")


@pytest.mark.parametrize(("size", "level"), [(0.05, Level.GOOD), (-0.15, Level.CARE), (0.35, Level.BAD)])
def test_what_skipping_does_to_scores_enters_the_verdict(sound, size, level):
    found, pair = sound
    skipping = replace(pair.skipping, impact_sd=replace(pair.skipping.impact_sd, value=size, lower=size, upper=size))

    assert concluded(found, replace(pair, skipping=skipping)).level == level


def test_an_item_that_one_group_skips_is_named(sound):
    found, pair = sound
    skips = replace(pair.items[0].skipping, focal_rate=0.2, reference_rate=0.05, difference=0.15, lower=0.1, upper=0.2)

    verdict = concluded(found, replace(pair, items=(replace(pair.items[0], skipping=skips), *pair.items[1:])))

    assert verdict.level is Level.CARE
    assert f"{pair.items[0].name} (20 % against 5.0 %)" in verdict.reasons[0]


@pytest.mark.parametrize(("lower", "level"), [(0.7, Level.GOOD), (0.65, Level.CARE), (0.55, Level.BAD)])
def test_the_lowest_end_of_an_interval_decides_on_reliability(sound, lower, level):
    found, _ = sound
    less = replace(found.whole.alpha, lower=lower)
    groups = tuple(replace(group, alpha=less) for group in found.groupings[0].groups)

    reliable = verdicts(replace(found, whole=replace(found.whole, alpha=less)))[0]
    compared = verdicts(replace(found, groupings=(replace(found.groupings[0], groups=groups),)))[1]

    assert (reliable.level, compared.level) == (level, level)


def test_small_groups_and_unknown_items_are_said(sound):
    found, pair = sound
    unknown = replace(pair.items[3], level="unknown")

    small = concluded(found, replace(pair, n_focal=150))
    gap = concluded(found, replace(pair, items=(*pair.items[:3], unknown, *pair.items[4:])))

    assert (small.level, small.headline) == (Level.CARE, "May be compared with care")
    assert gap.level is Level.UNKNOWN
    assert gap.reasons[0] == f"Too few answers, or too few different ones, to examine {unknown.name}."


def test_many_pairs_that_come_out_alike_are_counted_together(sound):
    found, _ = sound
    verdict = verdicts(found)[1]
    bad = replace(verdict, headline="Should not be compared", question="language: x against y")

    together = overview((*[replace(verdict, groups=(str(i), "R")) for i in range(5)], bad))
    single = overview((verdict, bad))

    assert [question for _, question in together] == ["language: 5 of 6 pairs of groups", "language: x against y"]
    assert [question for _, question in single] == [verdict.question, bad.question]


def test_an_interval_that_is_not_known_is_one_dash():
    assert interval(np.nan, np.nan) == "–"
    assert interval(-0.5, 0.25) == "-0.50 to 0.25"
