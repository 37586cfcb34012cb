"""Small instruments made for tests, each with one feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assess.instruments.rules import (
    Band,
    CarelessRule,
    Instrument,
    Item,
    KeyedItem,
    Licence,
    MissingRule,
    Option,
    ResponseScale,
    Scale,
)
from assess.scoring.rules import Reliability


def make_instrument(
    keys: Sequence[int],
    *,
    codes: Sequence[int] = (1, 2, 3, 4, 5),
    min_answered: int = 1,
    prorate: bool = True,
    cuts: Sequence[float] = (),
    method: str = "sum",
    limits: Mapping[int, int] | None = None,
    **missing: Any,
) -> Instrument:
    """Return an instrument of one scale "s" whose items q1, q2, … have these keys; `cuts` begin the bands b2, b3, …"""
    response_scale = ResponseScale("r", tuple(Option(code, f"o{code}") for code in codes))
    divisor = len(keys) if method == "mean" else 1
    minimum, maximum = len(keys) * min(codes) / divisor, len(keys) * max(codes) / divisor
    starts = [minimum, *cuts] if cuts else []
    bands = tuple(
        Band(f"b{number}", start, starts[number] - 1 if number < len(starts) else maximum)
        for number, start in enumerate(starts, start=1)
    )
    scale = Scale(
        id="s",
        items=tuple(KeyedItem(f"q{number}", key) for number, key in enumerate(keys, start=1)),
        method=method,  # type: ignore[arg-type]
        minimum=minimum,
        maximum=maximum,
        missing=MissingRule(min_answered=min_answered, prorate=prorate, source="house", **missing),
        bands=bands,
    )
    return Instrument(
        id="made-for-tests",
        version="1",
        kind="self-report",
        construct="nothing",
        citation="none",
        licence=Licence("made for tests", "tests", redistribution=True),
        contexts=frozenset(),
        ages=(18, None),
        minutes=(1, 2),
        items_per_page=5,
        source_language="en",
        response_scales=(response_scale,),
        items=tuple(Item(f"q{number}", "r") for number in range(1, len(keys) + 1)),
        scales=(scale,),
        evidence=(),
        norms=(),
        t_scores=None,
        safety=(),
        careless=(CarelessRule("longest_run", limits, "tests"),) if limits else (),
        languages={},
        digest="d" * 64,
    )


def make_reliability(*, coefficient: float = 0.84, sd: float | None = 5.0) -> Reliability:
    """Return local evidence; as it stands its standard error is 2 points."""
    return Reliability(
        coefficient=coefficient,
        lower=coefficient - 0.03,
        sd=sd,
        n=600,
        statistic="alpha",
        kind="local",
        language="en",
        source="this installation",
        digest="e" * 64,
    )


def answers_of(instrument: Instrument, codes: Sequence[int | None]) -> dict[str, int | str]:
    """Return answers item by item; None is a skip."""
    return {item.id: "skipped" if code is None else code for item, code in zip(instrument.items, codes, strict=True)}
