"""What an answer does to what is stored, and how pages and fields are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.responses import rules
from assess.responses.rules import Answer, Missing, Step

if TYPE_CHECKING:
    from assess.transactions import Installation

ANSWERS = st.one_of(st.integers(-5, 120), st.sampled_from(Missing))


@given(ANSWERS)
def test_a_written_answer_is_read_back(answer: Answer) -> None:
    assert rules.read(rules.written(answer)) == answer


@pytest.mark.parametrize(
    ("history", "answer", "seen", "step"),
    [
        ([], 3, 0, Step.WRITE),
        ([], Missing.NOT_REACHED, 0, Step.KEEP),
        ([3], 3, 0, Step.KEEP),  # the same post again
        ([3], 4, 1, Step.WRITE),
        ([3], Missing.SKIPPED, 1, Step.WRITE),
        ([3], Missing.NOT_REACHED, 1, Step.WRITE),  # Clear
        ([3], 4, 0, Step.CLASH),  # an older tab says something else
        ([3, 4], 3, 1, Step.KEEP),  # an older tab only repeats what it was shown
        ([3, 4], 5, 1, Step.CLASH),
        ([3, 4, 5], 5, 1, Step.KEEP),  # both tabs agree
    ],
)
def test_an_older_tab_never_replaces_a_newer_answer(
    history: Sequence[Answer], answer: Answer, seen: int, step: Step
) -> None:
    assert rules.decide(history, answer, seen=seen) is step


@given(st.lists(ANSWERS, max_size=4), ANSWERS)
def test_giving_an_answer_twice_writes_it_once(history: list[Answer], answer: Answer) -> None:
    if rules.decide(history, answer, seen=len(history)) is Step.WRITE:
        assert rules.decide([*history, answer], answer, seen=len(history)) is Step.KEEP


def test_every_item_is_on_one_page(installation: Installation) -> None:
    for instrument in installation.catalogue.all():
        pages = rules.pages_of(instrument)

        assert [item for page in pages for item in page] == list(instrument.items)
        for number, page in enumerate(pages, start=1):
            assert {rules.page_of(instrument, item.id) for item in page} == {number}


@pytest.mark.parametrize(
    ("touched", "page"),
    [
        (set(), 1),
        ({"m01", "m02"}, 1),
        ({"m01", "m02", "m03", "m04", "m05"}, 2),
        ({"m07"}, 2),  # page 1 was seen and left open
        ({"m10"}, 3),
        ({"m20"}, None),
    ],
)
def test_resuming_leads_to_the_first_page_with_something_unseen(
    installation: Installation, touched: set[str], page: int | None
) -> None:
    assert rules.resume_at(installation.catalogue.get("mini-ipip", "1"), touched) == page


def test_fields_are_read_and_what_they_cannot_mean_is_named(installation: Installation) -> None:
    instrument = installation.catalogue.get("mini-ipip", "1")
    fields = [("m01@0", "3"), ("m02@2", "skipped"), ("m03@1", ""), ("m04@0", "9"), ("m05@x", "1"), ("zz@0", "1"),
              ("m06@0", "not_reached"), ("m07@-1", "2"), ("csrf_token", "t"), ("go", "next")]  # fmt: skip

    given = rules.read_fields(instrument, fields)

    assert given.answers == {"m01": 3, "m02": Missing.SKIPPED, "m03": None, "m07": 2}
    assert given.seen == {"m01": 0, "m02": 2, "m03": 1, "m07": 0}
    assert given.faults == {"m04": "9", "m05": "1", "zz": "1", "m06": "not_reached"}
