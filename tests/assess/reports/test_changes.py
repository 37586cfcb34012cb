"""Change over the sittings of one client, as the gate lets it be read."""

from __future__ import annotations

from datetime import UTC, date, datetime

from assess.release.rules import ReleasedScore, Withheld
from assess.reports.changes import scale_change
from tests.assess.scoring.test_change import make_score

DAYS = [date(2026, month, 1) for month in (1, 4, 7)]


def released(value: int, locale: str = "en") -> ReleasedScore:
    return ReleasedScore(make_score(value, locale=locale), (), "", "Lena Brandt", datetime(2026, 1, 1, tzinfo=UTC))


def test_one_sitting_is_no_change() -> None:
    assert scale_change([("baseline", DAYS[0], released(10))]) is None


def test_the_last_sitting_is_compared_with_the_first() -> None:
    sittings = [
        ("baseline", DAYS[0], released(20)),
        ("midpoint", DAYS[1], released(18)),
        ("end", DAYS[2], released(10)),
    ]

    found = scale_change(sittings)

    assert (found.change.difference, found.change.verdict) == (-10, "decreased")
    assert [wave for wave, _, _ in found.points] == ["baseline", "midpoint", "end"]


def test_a_sitting_in_another_language_does_not_appear_between_comparable_ones() -> None:
    sittings = [
        ("baseline", DAYS[0], released(20)), ("midpoint", DAYS[1], released(18, "de")), ("end", DAYS[2], released(10))
    ]  # fmt: skip

    assert [wave for wave, _, _ in scale_change(sittings).points] == ["baseline", "end"]


def test_nothing_is_said_where_the_last_sitting_is_in_another_language() -> None:
    found = scale_change([("baseline", DAYS[0], released(20)), ("end", DAYS[2], released(10, "de"))])

    assert (found.change.refusals, found.change.difference) == (("other_language",), None)


def test_nothing_is_said_where_the_gate_withholds_either_end() -> None:
    withheld = Withheld("s", ("reliability_below_policy",))

    found = scale_change([("baseline", DAYS[0], withheld), ("end", DAYS[2], released(10))])

    assert (found.change, found.points, found.withheld) == (None, (), ("reliability_below_policy",))
