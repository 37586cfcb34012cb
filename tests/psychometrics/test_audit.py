"""The audit: verdicts on made data, gaps, small groups, JSON, refusals."""

import json

import numpy as np
import pytest

from psychometrics.audit import audit
from psychometrics.dif.anchors import select_by_median, select_by_mode, select_rival
from psychometrics.dif.impact import (
    anchored_comparison,
    cut_consequences,
    linked_comparison,
    parameter_draws,
    score_impact,
)
from psychometrics.dif.shifts import item_shifts
from psychometrics.irt.calibration import calibrate
from tests.psychometrics.simulation import simulate


def run(made, n_codes=5, seed=0, **options):
    names = [f"item{i}" for i in range(made.responses.shape[1])]
    return audit(
        made.responses,
        item_names=names,
        **{
            "groupings": {"language": made.groups},
            "reference": {"language": "R"},
            "minimum_code": 0,
            "maximum_code": n_codes - 1,
            "rng": np.random.default_rng(seed),
            **options,
        },
    )


def only_pair(found):
    (pair,) = found.groupings[0].pairs
    return pair


@pytest.mark.parametrize("seed", range(4))
def test_a_mean_difference_alone_is_no_impact(seed):
    made = simulate(np.random.default_rng(seed), mean=-0.5)

    pair = only_pair(run(made))

    assert pair.anchors_agree
    for impact in (pair.impact, pair.impact_second_anchors):
        assert abs(impact.signed_sd.value) < 0.1
        assert impact.unsigned_sd.value < 0.1


@pytest.mark.parametrize("seed", range(4))
def test_nearly_half_of_the_items_shifted_one_way_are_seen_as_what_they_are(seed):
    made = simulate(np.random.default_rng(seed), n_items=11, n_shifted=5, shift=1.1)
    differing = {f"item{i}" for i in np.flatnonzero(made.differs)}

    pair = only_pair(run(made))

    assert pair.impact.signed_sd.value < -0.3
    # A 95 % interval misses the truth in one sample of twenty; half as wide again, in fewer than one of two hundred.
    signed = pair.impact.signed
    margin = (signed.upper - signed.lower) / 4
    assert signed.lower - margin <= made.impact <= signed.upper + margin
    assert not set(pair.anchors) & differing
    assert {item.name for item in pair.items[:5]} == differing
    assert {item.direction for item in pair.items[:5]} == {"lower"}
    assert {item.level for item in pair.items[:5]} <= {"moderate", "large"}


def test_shifts_that_cancel_leave_the_scale_alone_but_name_the_items():
    made = simulate(np.random.default_rng(1), n=(1500, 1500), n_items=10)
    mirrored = simulate(np.random.default_rng(1), n=(1500, 1500), n_items=10, n_shifted=2, shift=0.9)
    easier = simulate(np.random.default_rng(1), n=(1500, 1500), n_items=10, n_shifted=4, shift=-0.9)
    harder, both = mirrored.differs, easier.differs
    responses = np.where(harder, mirrored.responses, np.where(both, easier.responses, made.responses))

    pair = only_pair(run(type(made)(responses, made.groups, both, 0.0)))

    assert abs(pair.impact.signed_sd.value) < 0.1
    assert {item.name for item in pair.items[:4]} == {f"item{i}" for i in np.flatnonzero(both)}
    assert {item.direction for item in pair.items[:4]} == {"lower", "higher"}


def test_a_different_slope_is_found_as_nonuniform():
    made = simulate(np.random.default_rng(3), n=(1500, 1500), n_steeper=1, steeper=2.5)
    (differing,) = np.flatnonzero(made.differs)

    worst = only_pair(run(made)).items[0]

    assert worst.name == f"item{differing}"
    assert worst.p_nonuniform < 0.01 < worst.p_uniform


def test_small_groups_are_counted_and_not_compared():
    made = simulate(np.random.default_rng(4), n=(250, 60), n_items=6)

    grouping = run(made).groupings[0]

    assert grouping.pairs == ()
    assert {(g.label, g.n, g.sufficient) for g in grouping.groups} == {("R", 250, True), ("F", 60, False)}
    assert grouping.equal_alpha is None


def test_every_pair_of_the_largest_groups_is_compared_and_the_others_with_the_reference():
    made = simulate(np.random.default_rng(4), n=(500, 500), n_items=4)
    labels = np.repeat(["a", "b", "c", "d", "e"], [300, 250, 200, 200, 50])

    found = run(made, groupings={"country": labels}, reference={"country": "b"}).groupings[0]

    assert [(pair.reference, pair.focal) for pair in found.pairs] == [
        ("b", "a"), ("b", "c"), ("b", "d"), ("a", "c"), ("a", "d"), ("c", "d")
    ]  # fmt: skip


def test_of_many_groups_the_smaller_ones_are_compared_with_the_reference_only():
    made = simulate(np.random.default_rng(4), n=(450, 450), n_items=3)
    labels = np.repeat(list("abcdefgh"), [120, 119, 118, 115, 110, 108, 105, 105])

    found = run(made, groupings={"country": labels}, reference={}).groupings[0]

    assert len(found.pairs) == 7 + 10
    assert {pair.reference for pair in found.pairs if "h" in (pair.reference, pair.focal)} == {"a"}


def test_people_without_any_answer_are_left_out():
    made = simulate(np.random.default_rng(4), n_items=6, skipped=(0.1, 0.1))
    responses = made.responses.copy()
    responses[:30] = np.nan

    found = run(type(made)(responses, made.groups, made.differs, 0.0))

    assert found.n == (~np.isnan(responses).all(axis=1)).sum()
    assert only_pair(found).n_reference == 270


def test_an_item_that_cannot_be_analysed_is_unknown_and_named():
    made = simulate(np.random.default_rng(5), n_items=8)
    responses = made.responses.copy()
    responses[made.groups == "F", 2] = 1

    pair = only_pair(run(type(made)(responses, made.groups, made.differs, 0.0)))

    assert [item.name for item in pair.items if item.level == "unknown"] == ["item2"]
    assert pair.notes == ("items_not_analysable",)


def test_two_items_give_no_anchor_and_no_impact():
    pair = only_pair(run(simulate(np.random.default_rng(6), n_items=2)))

    assert pair.anchors == ()
    assert pair.impact is None
    assert not pair.anchors_agree
    assert "too_few_items" in pair.notes


def test_everything_can_be_written_as_json_without_nan():
    found = run(simulate(np.random.default_rng(7), n_items=5), cuts=(8, 12)).as_dict()

    text = json.dumps(found, allow_nan=False)

    assert json.loads(text) == found
    assert len(found["groupings"][0]["pairs"][0]["cut_consequences"]) == 2


def test_the_same_seed_gives_the_same_audit():
    made = simulate(np.random.default_rng(8), n_items=5)

    assert run(made, seed=3).as_dict() == run(made, seed=3).as_dict()


def test_progress_goes_from_nothing_to_all():
    told = []

    run(simulate(np.random.default_rng(9), n_items=5), progress=lambda fraction, stage: told.append((fraction, stage)))

    assert told[0] == (0.0, "items")
    assert told[-1] == (1.0, "done")
    assert "language: R - F" in [stage for _, stage in told]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maximum_code": 3}, "codes are whole numbers from 0 to 3"),
        ({"groupings": {"language": ["R"]}}, "one label for each"),
        ({"reference": {"language": "Q"}}, "has no group 'Q'"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(options, message):
    with pytest.raises(ValueError, match=message):
        run(simulate(np.random.default_rng(10), n_items=5), **options)


def test_item_names_must_fit_the_items():
    made = simulate(np.random.default_rng(10), n_items=5)

    with pytest.raises(ValueError, match="item_names must hold 5 different names"):
        audit(
            made.responses, item_names=["a"] * 5, groupings={}, minimum_code=0, maximum_code=4,
            rng=np.random.default_rng(0),
        )  # fmt: skip


@pytest.mark.parametrize(("n_shifted", "sd"), [(3, 1.0), (4, 0.6)])
def test_either_group_may_be_the_reference(n_shifted, sd):
    made = simulate(np.random.default_rng(11), n=(800, 800), n_shifted=n_shifted, shift=0.9, sd=sd)

    forth, back = only_pair(run(made)), only_pair(run(made, reference={"language": "F"}))

    pairs = (
        (forth.impact, back.impact_exchanged),
        (forth.impact_second_anchors, back.impact_exchanged_second_anchors),
        (forth.impact_exchanged, back.impact),
        (forth.impact_exchanged_second_anchors, back.impact_second_anchors),
    )
    for one, other in pairs:
        # The calibrations start elsewhere and stop within a tolerance of 1e-4.
        assert other.signed_sd.value == pytest.approx(-one.signed_sd.value, abs=0.01)
        assert other.unsigned_sd.value == pytest.approx(one.unsigned_sd.value, abs=0.01)
    assert forth.anchors_agree == back.anchors_agree


def test_three_items_of_which_one_stands_apart_bear_no_anchor_out():
    apart = simulate(np.random.default_rng(2), n=(2000, 2000), n_items=3, n_shifted=1, shift=0.8)
    alike = simulate(np.random.default_rng(2), n=(2000, 2000), n_items=3)

    assert "anchors_unchecked" in only_pair(run(apart)).notes
    assert only_pair(run(alike)).notes == ()


def test_differences_of_which_no_half_agrees_are_noted():
    made = simulate(np.random.default_rng(1), n=(1500, 1500), n_items=10, n_shifted=4, shift=1.2, opposed=(3, 0.6))

    assert only_pair(run(made)).notes == ("no_half_agrees",)


@pytest.fixture(scope="module")
def shifted():
    made = simulate(np.random.default_rng(12), n=(1500, 1500), n_items=8, n_shifted=2, shift=1.0, mean=-0.3)
    separate = calibrate(made.responses, made.groups, reference="R")
    return made, separate, item_shifts(separate)


def test_item_shifts_are_the_mean_difference_plus_what_was_made(shifted):
    made, _, shifts = shifted

    expected = np.where(made.differs, -1.3, -0.3)

    np.testing.assert_allclose(shifts.shift, expected, atol=4 * np.sqrt(np.diag(shifts.covariance)).max())
    assert shifts.sd == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("select", [select_by_mode, select_by_median])
def test_anchors_are_fair_items_and_linked_and_anchored_impacts_agree(shifted, select):
    made, separate, shifts = shifted
    choice = select(shifts)
    equal = np.isin(np.arange(8), choice.items)
    anchored = calibrate(made.responses, made.groups, reference="R", equal_slopes=equal, equal_intercepts=equal)

    by_anchor = score_impact(anchored_comparison(anchored, rng=np.random.default_rng(0)), scale_sd=1.0)
    linked = linked_comparison(separate, shifts, choice, parameter_draws(separate, rng=np.random.default_rng(0)))
    by_link = score_impact(linked, scale_sd=1.0)

    assert not made.differs[list(choice.items)].any()
    assert by_link.signed.value == pytest.approx(by_anchor.signed.value, abs=0.35)
    assert by_anchor.signed.lower < made.impact < by_anchor.signed.upper


def test_intervals_of_impact_hold_their_estimate_also_where_no_item_differs():
    made = simulate(np.random.default_rng(4), n=(60, 40), n_items=8)
    separate = calibrate(made.responses, made.groups, reference="R", minimum_count=2)
    shifts = item_shifts(separate)
    draws = parameter_draws(separate, rng=np.random.default_rng(0), n_draws=100)
    comparison = linked_comparison(separate, shifts, select_by_mode(shifts), draws)

    found = score_impact(comparison, scale_sd=1.0)

    for interval in (found.signed, found.unsigned, *found.item_signed, *found.item_unsigned):
        assert interval.lower <= interval.value <= interval.upper
    with pytest.raises(ValueError, match="scale_sd must be above 0"):
        score_impact(comparison, scale_sd=0.0)


def test_fewer_reach_a_cut_where_items_are_harder(shifted):
    _, separate, shifts = shifted
    comparison = linked_comparison(
        separate, shifts, select_by_mode(shifts), parameter_draws(separate, rng=np.random.default_rng(0))
    )

    (middle, impossible, certain) = cut_consequences(comparison, (16, 33, 0))

    assert middle.difference.upper < 0
    assert middle.share_as_measured < middle.share_without_dif
    assert (impossible.share_as_measured, certain.share_as_measured) == (0.0, pytest.approx(1.0))


def test_without_equal_items_there_is_no_common_scale(shifted):
    _, separate, _ = shifted

    with pytest.raises(ValueError, match="without an anchor"):
        anchored_comparison(separate, rng=np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shift", [0.9, 1.3])
def test_half_of_the_items_shifted_one_way_leave_no_anchor_that_a_second_choice_bears_out(shift, seed):
    made = simulate(np.random.default_rng(seed), n_items=8, n_shifted=4, shift=shift)

    pair = only_pair(run(made))

    assert not pair.anchors_agree
    assert abs(pair.impact.signed_sd.value - pair.impact_second_anchors.signed_sd.value) > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_where_most_items_agree_no_position_rivals_theirs(seed):
    made = simulate(np.random.default_rng(seed), n_items=11, n_shifted=5, shift=1.1)
    shifts = item_shifts(calibrate(made.responses, made.groups, reference="R"))

    assert select_rival(shifts, select_by_mode(shifts)) is None
