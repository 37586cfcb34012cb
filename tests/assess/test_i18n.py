"""Numbers, dates and languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from assess import i18n


@pytest.mark.parametrize(
    ("locale", "written"), [("en", "−1,234.50"), ("fr", "−1\u202f234,50"), ("de", "−1.234,50"), ("ja", "−1,234.50")]
)
def test_numbers_are_written_as_each_language_does(locale, written):
    with i18n.speaking(locale):
        assert i18n.decimal(-1234.5, 2) == written


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_an_absent_number_is_a_dash_and_never_a_zero(absent):
    assert i18n.decimal(absent, 2) == i18n.percent(absent) == "–"


def test_shares_are_written_as_each_language_does():
    with i18n.speaking("fr"):
        assert i18n.percent(0.125, 1).replace("\xa0", " ").replace("\u202f", " ") == "12,5 %"
    with i18n.speaking("en"):
        assert i18n.percent(0.125, 1) == "12.5%"


def test_days_are_written_as_each_language_does():
    with i18n.speaking("fr"):
        assert i18n.show_date(date(2026, 11, 22)) == "22 novembre 2026"
        assert i18n.show_date(date(2026, 4, 1)) == "1er avril 2026"
    assert i18n.show_date(None) == "–"


def test_a_moment_says_its_time_zone():
    assert "UTC" in i18n.show_datetime(datetime(2026, 11, 22, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("wishes", "spoken"), [(["fr-CA", "en"], "fr"), (["ja", "fr"], "fr"), (["ja"], "en"), ([], "en")]
)
def test_the_browser_s_wishes_are_heard_in_their_order(wishes, spoken):
    assert i18n.best_language(wishes) == spoken


@pytest.mark.parametrize(("locale", "direction"), [("ar", "rtl"), ("he", "rtl"), ("de", "ltr"), ("zh-Hans", "ltr")])
def test_each_language_has_its_direction(locale, direction):
    assert i18n.text_direction(locale) == direction


def test_speaking_ends_with_its_block():
    with i18n.speaking("fr"):
        pass

    assert i18n.current_locale() == "en"
