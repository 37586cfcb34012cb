"""Retention, obstacles and spreadsheet cells."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from assess.privacy import rules
from assess.privacy.rules import Obstacle


@pytest.mark.parametrize(
    ("ends_on", "months", "last"),
    [
        (date(2026, 6, 30), 24, date(2028, 6, 30)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
        (date(2026, 11, 15), 1, date(2026, 12, 15)),
    ],
)
def test_data_is_kept_so_many_months_after_the_end(ends_on: date, months: int, last: date) -> None:
    assert rules.keep_until(ends_on, months) == last


def test_whom_others_depend_on_cannot_be_erased_yet() -> None:
    assert rules.obstacles(live_engagements_coached=0, programmes_led=0) == ()
    assert rules.obstacles(live_engagements_coached=1, programmes_led=0) == (Obstacle.COACHES,)
    assert rules.obstacles(live_engagements_coached=1, programmes_led=2) == (Obstacle.COACHES, Obstacle.LEADS)
    assert rules.obstacles(live_engagements_coached=0, programmes_led=0, is_only_administrator=True) == (
        Obstacle.ONLY_ADMINISTRATOR,
    )


def test_an_engagement_ended_on_its_last_day_or_when_it_was_stopped_before() -> None:
    last_day = date(2026, 6, 30)

    assert rules.ended_on(last_day, None) == last_day
    assert rules.ended_on(last_day, datetime(2026, 5, 2, 9, tzinfo=UTC)) == date(2026, 5, 2)
    assert rules.ended_on(last_day, datetime(2026, 7, 1, 9, tzinfo=UTC)) == last_day


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(cell: str) -> None:
    assert rules.spreadsheet_safe(cell) == f"'{cell}"


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert rules.spreadsheet_safe("1 = 1") == "1 = 1"
