"""The respondent-by-item matrix."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assess.responses.matrix import GROUPINGS, build_matrix, matrix_of
from assess.responses.models import DeidentifiedAdministration
from tests.factories import make_programme

if TYPE_CHECKING:
    from assess.programmes.models import Programme
    from assess.transactions import Transaction


def add_copy(
    tx: Transaction, programme: Programme, answers: dict[str, int | str], *, wave: str = "baseline", **groups: str
) -> None:
    """Add one de-identified copy."""
    tx.db.add(
        DeidentifiedAdministration(
            programme_id=programme.id, instrument_id="mini-ipip", instrument_version="1", locale="en", wave_kind=wave,
            month=date(2026, 11, 1), groups=groups, answers=answers,
        )
    )  # fmt: skip
    tx.db.flush()


def test_answers_are_keyed_and_missing_is_nan_never_zero(tx: Transaction) -> None:
    programme = make_programme(tx, battery=["mini-ipip"])
    add_copy(tx, programme, {"m01": 2, "m06": 2, "m11": "skipped", "m16": "not_reached"})

    matrix = matrix_of(tx, programme_id=programme.id, instrument=tx.catalogue.get("mini-ipip", "1"), scale_id="E")

    assert matrix.item_ids == ("m01", "m06", "m11", "m16")
    np.testing.assert_array_equal(matrix.responses, [[2, 4, np.nan, np.nan]])  # m06 is reversed: 1 + 5 − 2
    np.testing.assert_array_equal(matrix.skipped, [[False, False, True, False]])
    assert matrix.n == 1


def test_groups_are_as_declared_and_empty_where_nothing_was_said(tx: Transaction) -> None:
    programme = make_programme(tx, battery=["mini-ipip"])
    add_copy(tx, programme, {"m01": 2}, gender="woman")
    add_copy(tx, programme, {"m01": 3})

    matrix = matrix_of(tx, programme_id=programme.id, instrument=tx.catalogue.get("mini-ipip", "1"), scale_id="E")

    assert set(matrix.groups) == set(GROUPINGS)
    assert sorted(matrix.groups["gender"]) == ["", "woman"]
    assert set(matrix.groups["language"]) == {"en"}


def test_nobody_is_in_the_matrix_twice(tx: Transaction) -> None:
    programme = make_programme(tx, battery=["mini-ipip"])
    for wave in ("baseline", "baseline", "end"):
        add_copy(tx, programme, {"m01": 2}, wave=wave)

    matrix = matrix_of(tx, programme_id=programme.id, instrument=tx.catalogue.get("mini-ipip", "1"), scale_id="E")

    assert matrix.n == 2


def test_other_programmes_stay_out_and_none_is_an_empty_matrix(tx: Transaction) -> None:
    programme, other = make_programme(tx, battery=["mini-ipip"]), make_programme(tx, battery=["mini-ipip"])
    add_copy(tx, other, {"m01": 2})

    matrix = matrix_of(tx, programme_id=programme.id, instrument=tx.catalogue.get("mini-ipip", "1"), scale_id="E")

    assert matrix.responses.shape == (0, 4)


@pytest.mark.parametrize("change", [{"m01": 3}, {"m01": "skipped"}, {}])
def test_the_digest_follows_the_data_not_their_order(tx: Transaction, change: dict[str, int | str]) -> None:
    instrument = tx.catalogue.get("mini-ipip", "1")
    scale = instrument.scale("E")
    people: list[dict[str, int | str]] = [{"m01": 2}, {"m01": 5, "m06": 1}]
    labels = {"gender": ["woman", "man"]}

    digest = build_matrix(people, labels, instrument=instrument, scale=scale).digest
    turned = build_matrix(people[::-1], {"gender": ["man", "woman"]}, instrument=instrument, scale=scale).digest
    changed = build_matrix([change, people[1]], labels, instrument=instrument, scale=scale).digest
    regrouped = build_matrix(people, {"gender": ["man", "woman"]}, instrument=instrument, scale=scale).digest

    assert turned == digest
    assert len({digest, changed, regrouped}) == 3
