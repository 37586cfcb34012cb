"""Signs of careless answering in each group, over all questions an audit looked at. numpy: worker only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from assess.analysis.matrices import ScaleAnswers, groups_to_compare
from assess.instruments.rules import Instrument
from psychometrics.careless_by_group import CarelessRates, CarelessShare, careless_rates


def careless_by_group(
    answers: Sequence[ScaleAnswers], instrument: Instrument, names: Iterable[str], *, smallest: int
) -> list[dict[str, Any]]:
    """Return the rates of everybody ("") and of each group of each grouping.

    Shares that tell about fewer than `smallest` people, those with the sign or those without, are left out.
    """
    columns, turned, sums, scales = _columns(answers, instrument)
    if len(columns) < 2:
        return []
    responses = np.column_stack(columns)
    everybody = {"": np.full(len(responses), "all")}
    found = []
    for name, labels in {**everybody, **groups_to_compare(answers[0], names, smallest=smallest)}.items():
        rates = careless_rates(responses, labels, reversed_items=turned, code_sums=sums, scales=scales)
        found.append({"name": name, "groups": [_told(entry, smallest) for entry in rates]})
    return found


def _columns(answers: Sequence[ScaleAnswers], instrument: Instrument) -> tuple[list[Any], list[bool], list[int], Any]:
    """Return answers as given, in the order of the questionnaire, how each item is keyed, and where scales lie."""
    given: dict[str, tuple[Any, bool, int]] = {}
    for entry in answers:
        for column, keyed in enumerate(entry.scale.items):
            options = instrument.options_of(keyed.item)
            total = options.minimum + options.maximum
            codes = entry.responses[:, column]
            given[keyed.item] = (codes if keyed.key == 1 else total - codes, keyed.key == -1, total)
    order = [item.id for item in instrument.items if item.id in given]
    place = {item: at for at, item in enumerate(order)}
    scales = [[place[item] for item in entry.scale.item_ids] for entry in answers]
    return [given[i][0] for i in order], [given[i][1] for i in order], [given[i][2] for i in order], scales


def _told(rates: CarelessRates, smallest: int) -> dict[str, Any]:
    return {
        "label": str(rates.label),
        "n": rates.n,
        "longstring": _share(rates.longstring, smallest),
        "even_odd": _share(rates.even_odd, smallest),
    }


def _share(share: CarelessShare | None, smallest: int) -> Mapping[str, Any] | None:
    if share is None or any(0 < few < smallest for few in (share.count, share.n - share.count)):
        return None
    return asdict(share)
