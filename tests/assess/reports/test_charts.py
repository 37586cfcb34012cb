"""Geometry: what is drawn lies where its value says."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.reports import charts

PHQ = (("None", 0), ("Mild", 5), ("Moderate", 10), ("Moderately severe", 15), ("Severe", 20))


def test_a_value_lies_at_its_share_of_the_axis():
    axis = charts.axis(0, 24, 4, 356)

    assert axis.at(0) == 4
    assert axis.at(12) == 180
    assert axis.at(24) == 356


def test_an_axis_in_a_right_to_left_page_is_its_mirror_image():
    axis, mirrored = (charts.axis(-1, 1, 96, 326, direction=direction) for direction in ("ltr", "rtl"))

    for value in (-1, -0.3, 0, 0.8):
        assert axis.at(value) + mirrored.at(value) == pytest.approx(charts.WIDTH)


def test_what_lies_beyond_the_axis_is_drawn_at_its_end():
    assert charts.axis(0, 24, 4, 356).at(30) == 356


def test_a_span_has_a_positive_width_in_both_directions():
    for direction in ("ltr", "rtl"):
        span = charts.axis(0, 10, 0, 360, direction=direction).span(2, 4)

        assert span.width == 72


def test_an_axis_without_extent_is_refused():
    with pytest.raises(ValueError, match="minimum below its maximum"):
        charts.axis(3, 3, 0, 360)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 10))
def test_ticks_are_on_the_axis_evenly_spaced_and_about_as_many_as_asked(minimum, extent, about):
    axis = charts.axis(minimum, minimum + extent, 0, 360)

    ticks = axis.ticks(about)

    assert about / 2.5 - 1 <= len(ticks) <= about + 1
    assert all(minimum - extent * 1e-6 <= tick <= minimum + extent * (1 + 1e-6) for tick in ticks)
    assert all(b - a == pytest.approx(axis.step(about), rel=1e-4) for a, b in pairwise(ticks))


@pytest.mark.parametrize(("maximum", "digits"), [(1, 1), (24, 0), (0.5, 1), (0.1, 2), (12.5, 1)])
def test_ticks_are_written_with_the_decimals_they_need(maximum, digits):
    assert charts.axis(0, maximum, 0, 360).digits(5) == digits


@given(st.lists(st.floats(-50, 50), min_size=1))
def test_limits_hold_every_value(values):
    low, high = charts.limits(values)

    assert low == -high
    assert low <= min(values)
    assert high >= max(values)


def test_limits_pass_over_what_is_not_known():
    assert charts.limits([None, 0.3, float("nan")]) == charts.limits([0.3])


def test_bands_cover_the_scale_without_a_gap():
    drawn = charts.bands(PHQ, charts.axis(0, 24, 4, 356))

    ends = [round(segment.span.x + segment.span.width, 1) for segment in drawn.segments]
    assert [segment.span.x for segment in drawn.segments] == [4, *ends[:-1]]
    assert ends[-1] == 356
    assert drawn.cuts == (5, 10, 15, 20)


def test_band_labels_stay_apart_and_in_the_picture():
    labels = (("Minimal", 0), ("Leichtgradig", 5), ("Mittelgradig", 10), ("Mittelschwer ausgeprägt", 15), ("Stark", 20))

    for direction in ("ltr", "rtl"):
        drawn = charts.bands(labels, charts.axis(0, 24, 4, 356, direction=direction))

        for segment in drawn.segments:
            half = charts.widest(segment.lines) / 2
            assert segment.middle >= half
            assert segment.middle + half <= charts.WIDTH
        for first, second in zip(drawn.segments, drawn.segments[2:], strict=False):
            apart = abs(second.middle - first.middle)
            assert apart >= (charts.widest(first.lines) + charts.widest(second.lines)) / 2


def test_a_value_on_the_cut_belongs_to_the_band_above():
    assert charts.straddled((5, 10), 5, 9.9) == ()
    assert charts.straddled((5, 10), 4.9, 9.9) == (5,)
    assert charts.straddled((5, 10), 4, 10) == (5, 10)


def test_a_long_label_is_wrapped_between_words():
    assert charts.wrap("Appreciation of beauty and excellence", 132) == ("Appreciation of", "beauty and", "excellence")


def test_a_label_in_a_script_without_spaces_is_wrapped_anywhere():
    assert charts.wrap("美と卓越性に対する審美眼", 80) == ("美と卓越性に", "対する審美眼")


def test_rows_leave_room_for_names_of_several_lines():
    laid = charts.rows(["Bravery", "Appreciation of beauty and excellence", "Curiosity"], 132, at_least=30)

    assert [row.middle for row in laid.rows] == [15, 56.5, 98]
    assert laid.height == 113


def test_the_widest_gap_names_place_size_and_upper_curve():
    curves = (("a", [(-1, 0.0), (0, 1.0), (1, 2.0)]), ("b", [(-1, 0.1), (0, 1.6), (1, 2.2)]))

    gap = charts.widest_gap(curves)

    assert (gap.at, gap.place, gap.upper) == (0, 1, 1)
    assert gap.size == pytest.approx(0.6)


def test_a_path_goes_through_its_points():
    across, up = charts.axis(0, 1, 0, 360), charts.Axis(0, 1, 100, 0)

    assert charts.path([(0, 0), (0.5, 1), (1, 0.25)], across, up) == "M0 100L180 0L360 75"


def test_items_beyond_a_negligible_effect_count_in_either_direction():
    rows = [("a", 0.1, 0, 0.2, ""), ("b", -0.3, -0.4, -0.2, "C"), ("c", 0.2, 0.1, 0.3, "B")]

    assert charts.beyond(rows, 0.17) == ("b", "c")
