"""The charts: labelled images whose values stand beside them, told apart not by colour alone, mirrored."""

from __future__ import annotations

import re

import pytest

from tests.web.drawn import Page, chart

CHARTS = {
    "score_interval": "'c', 'T', 9, 5.8, 12.2, 0, 24, [('Low', 0), ('Mid', 10), ('High', 20)]",
    "score_change": "'c', 'T', [('Baseline', 14, 11, 17), ('End', 6, 3, 9)], 0, 24, 5.2",
    "distribution": "'c', 'T', [(0, 30), (1, 20), (2, none)], [('Low', 0), ('High', 1)]",
    "forest": "'c', 'T', [('Q1', 0.05, 0, 0.1, 'A'), ('Q2', -0.33, -0.4, -0.26, 'C')], 0.17, 'Mexico', 'Canada'",
    "item_curves": "'c', 'T', [('One', [(-1, 0.1), (0, 0.5), (1, 0.9)]), ('Two', [(-1, 0.2), (0, 0.8), (1, 0.9)])], 1",
    "bars_with_interval": "'c', 'T', [('English', 0.832, 0.824, 0.84, 4601)], 0.7",
    "profile": "'c', 'T', [('Bravery', 3.1, 2.6, 3.6), ('Creativity', none, none, none)], 1, 5, (2.9, 4.1), 'most'",
}


def drawn(name: str, locale: str = "en") -> Page:
    """Draw one of the charts above."""
    return chart(f"{name}({CHARTS[name]})", locale)


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_one_labelled_image_with_its_values_as_a_table(name, locale):
    page = drawn(name, locale)

    image = page.all("svg", role="img")[0]
    assert image["aria-labelledby"] == "c-title c-desc"
    assert page.text_of("title") == ["T"]
    assert len(page.text_of("desc")[0]) > 10
    assert page.all("table")
    assert page.all("details")


@pytest.mark.parametrize("name", CHARTS)
def test_numbers_in_a_chart_run_left_to_right_in_every_page(name):
    page = drawn(name, "ar")

    numbers = [attributes for text, attributes in page.inside("text") if re.fullmatch(r"[−\d.,]+", text)]
    assert numbers
    assert all(attributes["direction"] == "ltr" for attributes in numbers)


def test_a_score_near_a_cut_says_that_no_single_range_can_be_named():
    near = drawn("score_interval")
    far = chart("score_interval('c', 'T', 5, 3, 7, 0, 24, [('Low', 0), ('Mid', 10), ('High', 20)])")

    assert "line at 10" in near.text_of("desc")[0]
    assert near.all("g", **{"class": "chart-warm"})
    assert "line at" not in far.text_of("desc")[0]
    assert not far.all("g", **{"class": "chart-warm"})


def test_no_score_is_drawn_as_words_and_never_as_zero():
    page = drawn("profile")

    assert "no score: too few answers" in page.text_of("text")
    assert len(page.all("circle")) == 1
    assert page.text_of("td")[-2:] == ["no score", "–"]


def test_a_suppressed_count_is_drawn_as_words_and_never_as_zero():
    page = drawn("distribution")

    assert page.text_of("td") == ["30", "20", "too few to show"]


def test_an_item_that_differs_is_told_by_shape_and_named_in_the_description():
    page = drawn("forest")

    assert "Q2" in page.text_of("desc")[0]
    assert "Q1" not in page.text_of("desc")[0]
    assert len(page.all("circle")) == 1


def test_a_score_lies_on_the_mirrored_side_in_a_right_to_left_page():
    left, right = (float(drawn("score_interval", locale).all("circle")[0]["cx"]) for locale in ("en", "ar"))

    assert left == 136
    assert right == 360 - 136


def test_groups_are_told_apart_by_dashes_and_by_their_names_on_the_lines():
    page = drawn("item_curves")

    curves = [path["stroke-dasharray"] for path in page.all("path", **{"stroke-width": "2.5"})]
    assert len(curves) == len(set(curves)) == 2
    assert {"One", "Two"} <= set(page.text_of("text"))
