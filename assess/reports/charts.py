"""Geometry of the charts: from values to coordinates, ticks, paths and wrapped labels.

The pictures are drawn by `templates/charts.html`, which gets this module as the Jinja global `geometry`. Coordinates
are units of a view box 360 wide, so that text of 13 units is still legible on a phone; they are rounded to tenths.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import combining, east_asian_width

Point = tuple[float, float]

# Mean advance of a letter relative to its size: a little generous, so that an estimate errs towards wrapping early.
_LETTER = 0.56
LINE = 15
WIDTH = 360
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Span:
    """A stretch of the picture, whichever way the axis runs."""

    x: float
    width: float

    @property
    def middle(self) -> float:
        """Where the middle of the stretch lies."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Axis:
    """Values from `minimum` to `maximum` laid out from `start` to `end`; an `end` before `start` mirrors it."""

    minimum: float
    maximum: float
    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.minimum < self.maximum:
            raise ValueError(f"an axis needs a minimum below its maximum, not {self.minimum} and {self.maximum}")

    def at(self, value: float) -> float:
        """Return where a value lies; one beyond an end of the axis lies on that end."""
        share = (min(max(value, self.minimum), self.maximum) - self.minimum) / (self.maximum - self.minimum)
        return round(self.start + share * (self.end - self.start), 1)

    def holds(self, value: float) -> bool:
        """Tell whether a value lies on the axis."""
        return self.minimum <= value <= self.maximum

    def span(self, low: float, high: float) -> Span:
        """Return the stretch between two values."""
        first, last = sorted((self.at(low), self.at(high)))
        return Span(first, round(last - first, 1))

    def ticks(self, about: int = 5) -> tuple[float, ...]:
        """Return round values on the axis, at about the number wished for."""
        step = self.step(about)
        first, last = math.ceil(self.minimum / step - 1e-9), math.floor(self.maximum / step + 1e-9)
        return tuple(round(index * step, 10) + 0.0 for index in range(first, last + 1))

    def step(self, about: int = 5) -> float:
        """Return the round distance of its ticks."""
        rough = (self.maximum - self.minimum) / about
        magnitude: float = 10.0 ** math.floor(math.log10(rough))
        return next(step * magnitude for step in _STEPS if step * magnitude >= rough * (1 - 1e-9))

    def digits(self, about: int = 5) -> int:
        """Return how many decimals its ticks need."""
        step = self.step(about)
        return next(digits for digits in range(12) if math.isclose(round(step, digits), step, rel_tol=1e-9))


@dataclass(frozen=True)
class Segment:
    """One band of a scale as it is drawn: its stretch, and its label in lines about `middle`, lowered by `drop`."""

    label: str
    lower: float
    span: Span
    lines: tuple[str, ...]
    middle: float
    drop: float


@dataclass(frozen=True)
class Bands:
    """All bands of a scale, and how tall their labels stand together."""

    segments: tuple[Segment, ...]
    height: float

    @property
    def cuts(self) -> tuple[float, ...]:
        """The lowest value of every band but the first."""
        return tuple(segment.lower for segment in self.segments[1:])


@dataclass(frozen=True)
class Row:
    """A row of a chart: its name in lines, and how far below the first row's top its middle lies."""

    lines: tuple[str, ...]
    middle: float


@dataclass(frozen=True)
class Rows:
    """All rows of a chart and their height together."""

    rows: tuple[Row, ...]
    height: float


def axis(minimum: float, maximum: float, start: float, end: float, *, direction: str = "ltr") -> Axis:
    """Return an axis that runs with the text: from the right where the text does."""
    return Axis(minimum, maximum, mirror(start, direction=direction), mirror(end, direction=direction))


def mirror(x: float, *, direction: str = "ltr") -> float:
    """Return the place of `x` in a picture that runs with the text."""
    return round(WIDTH - x, 1) if direction == "rtl" else x


def limits(values: Iterable[float | None]) -> tuple[float, float]:
    """Return round limits, equally far to both sides of zero, that hold every known value and leave it some air."""
    reach = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    if reach < 1e-9:
        return -1.0, 1.0
    step = Axis(-reach, reach, 0, 1).step(4) / 2
    end = math.ceil(reach / step + 1e-9) * step
    return -end, end


def text_width(text: str, size: float = 13) -> float:
    """Return about how wide a text is."""
    widths = {"W": 1.0, "F": 1.0}
    return sum(widths.get(east_asian_width(sign), _LETTER) for sign in text if not combining(sign)) * size


def widest(lines: Iterable[str]) -> float:
    """Return about how wide the widest line is."""
    return max((text_width(line) for line in lines), default=0.0)


def wrap(text: str, width: float, size: float = 13) -> tuple[str, ...]:
    """Return a text in lines that fit a width; a word too long for it keeps its line."""
    wide_script = any(east_asian_width(sign) in "WF" for sign in text)
    glue, pieces = ("", list(text)) if wide_script else (" ", text.split())
    lines: list[str] = []
    for piece in pieces:
        if lines and text_width(lines[-1] + glue + piece, size) <= width:
            lines[-1] += glue + piece
        else:
            lines.append(piece)
    return tuple(lines)


def keep_inside(middle: float, width: float, start: float = 0, end: float = WIDTH) -> float:
    """Return where to centre something of this width so that it stays in the picture."""
    return round(min(max(middle, start + width / 2), end - width / 2), 1)


def bands(labelled: Sequence[tuple[str, float]], scale: Axis) -> Bands:
    """Return the bands of a scale, given as labels with the lowest value of each, in order.

    Labels that do not fit at their own band hang on two tiers in turn, each as wide as two bands.
    """
    spans = [scale.span(low, high) for low, high in pairwise([*(lower for _, lower in labelled), scale.maximum])]
    lines = [wrap(label, span.width - 4) for (label, _), span in zip(labelled, spans, strict=True)]
    tiers = [lines]
    if any(widest(text) > span.width + 2 for text, span in zip(lines, spans, strict=True)):
        lines = [wrap(label, 2 * span.width) for (label, _), span in zip(labelled, spans, strict=True)]
        tiers = [lines[::2], lines[1::2]]
    heights = [LINE * max(map(len, tier), default=0) for tier in tiers]
    segments = tuple(
        Segment(label, lower, span, text, keep_inside(span.middle, widest(text)), sum(heights[: index % len(tiers)]))
        for index, ((label, lower), span, text) in enumerate(zip(labelled, spans, lines, strict=True))
    )
    return Bands(segments, sum(heights))


def rows(names: Iterable[str], width: float, *, at_least: float) -> Rows:
    """Return rows one below the other, each tall enough for its name wrapped to a width."""
    laid: list[Row] = []
    height = 0.0
    for name in names:
        lines = wrap(name, width)
        own = max(at_least, LINE * len(lines) + 8)
        laid.append(Row(lines, height + own / 2))
        height += own
    return Rows(tuple(laid), height)


def shifted(labelled: Sequence[tuple[str, float]], by: float) -> tuple[tuple[str, float], ...]:
    """Return bands moved along the scale: in a histogram a cut lies between two bars, not on one."""
    return tuple((label, lower + by) for label, lower in labelled)


def straddled(cuts: Iterable[float], low: float, high: float) -> tuple[float, ...]:
    """Return the cuts that an interval straddles; a value on the cut belongs to the band above."""
    return tuple(cut for cut in cuts if low < cut <= high)


def path(points: Iterable[Point], across: Axis, up: Axis) -> str:
    """Return the path of a curve."""
    return "M" + "L".join(f"{across.at(x):g} {up.at(y):g}" for x, y in points)


@dataclass(frozen=True)
class Gap:
    """Where curves lie furthest apart: the level, its position among the points, how far, and which curve is upper."""

    at: float
    place: int
    size: float
    upper: int


def widest_gap(curves: Sequence[tuple[str, Sequence[Point]]]) -> Gap:
    """Return where curves over the same levels, each with its group, lie furthest apart."""
    heights = list(zip(*([y for _, y in points] for _, points in curves), strict=True))
    sizes = [max(there) - min(there) for there in heights]
    place = sizes.index(max(sizes))
    return Gap(curves[0][1][place][0], place, sizes[place], heights[place].index(max(heights[place])))


def beyond(rows: Iterable[Sequence[str | float]], negligible: float) -> tuple[str, ...]:
    """Return the items, first in their rows, whose effect, second, is larger than a negligible one."""
    return tuple(str(row[0]) for row in rows if abs(float(row[1])) > negligible)
