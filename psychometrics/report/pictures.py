"""Pictures as SVG: intervals that stand in a row of a table, item curves, a distribution.

Pictures without text stretch with their cell; marks are strokes that do not, so that dots stay round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psychometrics.report.figures import number

_HEIGHT = 30


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers drawn over the width of a picture, with the numbers to write."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return the place in percent of the width; what lies outside is drawn at the edge."""
        return round(100 * (min(max(value, self.low), self.high) - self.low) / (self.high - self.low), 2)

    def labels(self, digits: int = 1) -> str:
        """Return the numbers along the axis, placed by percent."""
        ticks = "".join(f'<span style="left:{self.at(tick):g}%">{number(tick, digits)}</span>' for tick in self.ticks)
        return f'<span class="visually-hidden">as a picture</span><span class="axis" aria-hidden="true">{ticks}</span>'


def axis(values: Iterable[float], *, about: int = 5, least: tuple[float, float] | None = None) -> Axis:
    """Return an axis with round ends that holds these values, and at least this stretch."""
    known = [value for value in values if math.isfinite(value)] + list(least or ())
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    rough = max(high - low, 1e-9) / about
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Axis(first * step, last * step, tuple(at * step for at in range(first, last + 1)))


def symmetric_axis(values: Iterable[float], least: float) -> Axis:
    """Return an axis around zero."""
    reach = max([abs(value) for value in values if math.isfinite(value)] + [least])
    reach = math.ceil(reach * 4 - 1e-9) / 4
    return Axis(-reach, reach, (-reach, 0.0, reach))


@dataclass(frozen=True)
class Mark:
    """An estimate with its interval; `kind` is ``first`` or ``second``, `shape` ``dot`` or ``box``."""

    value: float
    low: float
    high: float
    kind: str = "first"
    shape: str = "dot"


def interval_row(
    on: Axis, marks: Sequence[Mark], *, zone: tuple[float, float] | None = None, rules: Sequence[float] = ()
) -> str:
    """Return marks below each other over a shaded zone; the table's cells beside it say the same."""
    parts = [f'<svg viewBox="0 0 100 {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">']
    if zone:
        left, right = (on.at(end) for end in zone)
        parts.append(f'<rect class="zone" x="{left}" y="0" width="{right - left:g}" height="{_HEIGHT}"/>')
    parts += [f'<path class="rule dashed" d="M{on.at(rule)} 0V{_HEIGHT}"/>' for rule in rules]
    for place, mark in enumerate(marks):
        if math.isnan(mark.value):
            continue
        y = round(_HEIGHT * (place + 1) / (len(marks) + 1), 1)
        if math.isfinite(mark.low) and math.isfinite(mark.high):
            parts.append(f'<path class="{mark.kind} span" d="M{on.at(mark.low)} {y}H{on.at(mark.high)}"/>')
        parts.append(f'<path class="{mark.kind} {mark.shape}" d="M{on.at(mark.value)} {y}h0"/>')
    return "".join([*parts, "</svg>"])


def key(kind: str, text: str, shape: str = "span") -> str:
    """Return a sample of a mark with its meaning (already escaped)."""
    inner = (
        f'<path class="{kind} {shape}" d="M2 6H30"/>'
        if shape in ("span", "curve")
        else f'<path class="{kind} {shape}" d="M16 6h0"/>'
    )
    return f'<span class="key"><svg viewBox="0 0 32 12" aria-hidden="true">{inner}</svg>{text}</span>'


def curve(label: str, trait: Sequence[float], pair: Sequence[Sequence[float]], codes: tuple[int, int]) -> str:
    """Return one item's expected score along the trait in both groups; `label` is escaped text."""
    left, right, top, bottom = 24, 154, 8, 100
    span = trait[-1] - trait[0]

    def place(x: float, y: float) -> str:
        across = left + (right - left) * (x - trait[0]) / span
        return f"{across:.1f} {bottom - (bottom - top) * (y - codes[0]) / (codes[1] - codes[0]):.1f}"

    frame = f'<path class="rule" d="M{left} {top}V{bottom}H{right}"/>'
    middle = f'<path class="faint" d="M{place(0, codes[0])}L{place(0, codes[1])}"/>'
    texts = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'
        for x, y, anchor, text in (
            (left - 5, top + 8, "end", codes[1]), (left - 5, bottom, "end", codes[0]),
            (left, bottom + 15, "start", number(trait[0], 0)), ((left + right) / 2, bottom + 15, "middle", "0"),
            (right, bottom + 15, "end", f"+{number(trait[-1], 0)}"),
        )
    )  # fmt: skip
    lines = "".join(
        f'<path class="{kind} curve" d="M{" ".join(place(x, y) for x, y in zip(trait, values, strict=True))}"/>'
        for kind, values in zip(("first", "second"), pair, strict=True)
    )
    return f'<svg viewBox="0 0 160 120" role="img" aria-label="{label}">{frame}{middle}{texts}{lines}</svg>'


def bars(label: str, starts: Sequence[float], step: int, counts: Sequence[int], rules: Sequence[float]) -> str:
    """Return a distribution: one bar per score or stretch of scores; dashed rules stand at cuts."""
    left, right, top, bottom = 44, 632, 10, 190
    up = axis(counts, about=4, least=(0, 1))
    width = (right - left) / len(counts)

    def across(value: float) -> float:
        return left + (right - left) * (value - starts[0]) / (len(counts) * step)

    def height(count: float) -> float:
        return bottom - (bottom - top) * count / up.high

    grid = "".join(
        f'<path class="faint" d="M{left} {height(tick):.1f}H{right}"/>'
        f'<text x="{left - 6}" y="{height(tick) + 4:.1f}" text-anchor="end">{tick:,.0f}</text>'
        for tick in up.ticks
    )
    drawn = "".join(
        f'<rect class="bar" x="{left + at * width + width * 0.08:.1f}" y="{height(count):.1f}" '
        f'width="{width * 0.84:.1f}" height="{bottom - height(count):.1f}"/>'
        for at, count in enumerate(counts)
        if count
    )
    # Each number stands under the middle of its bar.
    ends = axis((starts[0], starts[-1] + step - 1), about=8)
    numbers = "".join(
        f'<text x="{across(tick + 0.5):.1f}" y="{bottom + 18}" text-anchor="middle">{number(tick, 0)}</text>'
        for tick in ends.ticks
        if starts[0] <= tick < starts[-1] + step and tick == int(tick)
    )
    cuts = "".join(f'<path class="second span dashed" d="M{across(cut):.1f} {top}V{bottom}"/>' for cut in rules)
    return f'<svg class="bars" viewBox="0 0 640 216" role="img" aria-label="{label}">{grid}{drawn}{cuts}{numbers}</svg>'


_ICONS: dict[str, str] = {
    "good": '<path d="M7 12.5l3.5 3.5 7-8"/>',
    "care": '<path d="M12 7v6.5M12 17v.01"/>',
    "unknown": '<path d="M9 9.5a3 3 0 1 1 4 2.8c-.7.3-1 .8-1 1.7M12 17v.01"/>',
    "bad": '<path d="M8 8l8 8M16 8l-8 8"/>',
}
_FRAMES: dict[str, str] = {
    "good": '<circle cx="12" cy="12" r="10.5"/>',
    "care": '<path d="M12 1.8L22.8 21.5H1.2z" stroke-linejoin="round"/>',
    "unknown": '<circle cx="12" cy="12" r="10.5" stroke-dasharray="3 3"/>',
    "bad": '<path d="M7.5 1.5h9l6 6v9l-6 6h-9l-6-6v-9z" stroke-linejoin="round"/>',
}


def icon(level: str) -> str:
    """Return the sign of a verdict; every level has a shape of its own, for who does not see colours."""
    return (
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round">{_FRAMES[level]}{_ICONS[level]}</svg>'
    )
