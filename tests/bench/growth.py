"""How time and memory grow with people and with items: measured in processes of their own, drawn into the docs."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import psychometrics as ps

DRAWN = Path(__file__).parents[2] / "docs" / "growth.svg"
PEOPLE, ITEMS = (1_000, 10_000, 100_000, 1_000_000), (5, 10, 20, 40, 80)
# Where the other one stands still.
AT_PEOPLE, AT_ITEMS = 10_000, 20
# A point that would take longer, by the growth so far, is left out.
_LONGEST = 100.0

Answers = np.ndarray
STATISTICS: dict[str, Callable[[Answers, Answers], object]] = {
    "alpha and item statistics": lambda x, g: (ps.cronbach_alpha(x), ps.item_statistics(x)),
    "Mantel-Haenszel": lambda x, g: ps.mantel_haenszel(x > 1, g, focal=1, purified=True),
    "ordinal logistic regression": lambda x, g: ps.logistic_dif(x, g, reference=0),
    "polychoric correlations": lambda x, g: ps.polychoric_correlations(x),
    "graded model, two groups": lambda x, g: ps.calibrate(
        x, g, reference=0, equal_slopes=True, equal_intercepts=True, covariance="none"
    ),
}


@dataclass(frozen=True)
class Point:
    """CPU seconds, and the peak of memory in MB above the data, for so many people and items."""

    statistic: str
    people: int
    items: int
    seconds: float
    megabytes: float

    def __str__(self) -> str:
        """Return one line of the table."""
        what = f"{self.statistic}, {self.people:,} x {self.items}"
        return f"  {what:<58}{self.seconds:>8.3f} s {self.megabytes:>10.1f} MB"


def figures() -> Iterator[Point]:
    """Measure every point, then draw them."""
    points: list[Point] = []
    sizes = dict.fromkeys([*((n, AT_ITEMS) for n in PEOPLE), *((AT_PEOPLE, k) for k in ITEMS)])
    for statistic in STATISTICS:
        for people, items in sizes:
            if not _too_long(points, statistic, people, items):
                points.append(_measured(statistic, people, items))
                yield points[-1]
    DRAWN.parent.mkdir(exist_ok=True)
    DRAWN.write_text(drawing(points), encoding="utf-8")


def _too_long(points: Sequence[Point], statistic: str, people: int, items: int) -> bool:
    """Extrapolate from each point there is: time is expected to grow with people, and with the square of items."""
    same = [point for point in points if point.statistic == statistic]
    return any(p.seconds * (people / p.people) * (items / p.items) ** 2 > _LONGEST for p in same)


def _measured(statistic: str, people: int, items: int) -> Point:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.bench.growth", statistic, str(people), str(items)],
        capture_output=True, text=True, check=True, cwd=DRAWN.parents[1],
    )  # fmt: skip
    return Point(statistic, people, items, *json.loads(finished.stdout))


def _measure(statistic: str, people: int, items: int) -> tuple[float, float]:
    """Return CPU seconds and megabytes; this runs in a process of its own, so that nothing is warm or in the way."""
    rng = np.random.default_rng(1)
    trait = rng.standard_normal(people, dtype=np.float32)
    answers = np.empty((people, items))
    for item in range(items):
        noisy = trait + rng.standard_normal(people, dtype=np.float32)
        answers[:, item] = np.clip(np.rint(noisy + 2), 0, 4)
    groups = rng.integers(0, 2, people)
    STATISTICS[statistic](answers[:1000], groups[:1000])  # imports are not what is measured
    begun = time.process_time()
    STATISTICS[statistic](answers, groups)
    seconds = time.process_time() - begun
    tracemalloc.start()  # numpy reports its arrays; not while timing, for that would slow it down
    STATISTICS[statistic](answers, groups)
    return seconds, tracemalloc.get_traced_memory()[1] / 2**20


_COLOURS = ("#0f5757", "#9a4a26", "#3b5fa0", "#7a5200", "#6a3d77")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "1 2")


def drawing(points: Sequence[Point]) -> str:
    """Return four panels: seconds and megabytes, by people and by items; both axes are logarithmic."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 690" role="img" font-family="sans-serif" '
        'font-size="12" fill="#1f2e2d"><title>Growth of time and memory with people and items</title>'
        '<rect width="860" height="690" fill="#fffdf8"/>'
    ]
    panels = (("seconds", "CPU seconds"), ("megabytes", "memory above the data, MB"))
    for row, (measure, title) in enumerate(panels):
        for column, (along, still) in enumerate((("people", "items"), ("items", "people"))):
            fixed = AT_ITEMS if still == "items" else AT_PEOPLE
            shown = [p for p in points if getattr(p, still) == fixed]
            where = (column * 430 + 55, row * 300 + 40)
            parts += _panel(shown, along, measure, where, f"{title}, by {along} ({fixed:,} {still})")
    for place, name in enumerate(STATISTICS):
        x, y = 55 + place % 3 * 270, 640 + place // 3 * 24
        line = (
            f'<path d="M{x} {y}h34" stroke="{_COLOURS[place]}" stroke-width="2.5" stroke-dasharray="{_DASHES[place]}"/>'
        )
        parts.append(f'{line}<text x="{x + 42}" y="{y + 4}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(points: Sequence[Point], along: str, measure: str, where: tuple[int, int], title: str) -> list[str]:
    """Return one panel; decades are ruled."""
    (left, top), width, height = where, 350, 215
    least = 0.001 if measure == "seconds" else 0.1
    known = [(math.log10(getattr(p, along)), math.log10(max(getattr(p, measure), least))) for p in points]
    across = (min(x for x, _ in known), max(x for x, _ in known))
    up = (math.floor(min(y for _, y in known)), max(math.ceil(max(y for _, y in known)), 1))

    def at(x: float, y: float) -> str:
        right = left + width * (x - across[0]) / (across[1] - across[0])
        return f"{right:.1f} {top + height - height * (y - up[0]) / (up[1] - up[0]):.1f}"

    parts = [f'<text x="{left}" y="{top - 14}" font-weight="bold">{title}</text>']
    for decade in range(up[0], up[1] + 1):
        x, y = at(across[0], decade).split()
        parts.append(f'<path d="M{x} {y}h{width}" stroke="#dfd6c6"/>')
        parts.append(f'<text x="{left - 7}" y="{float(y) + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>')
    for size in sorted({getattr(p, along) for p in points}):
        x, y = at(math.log10(size), up[0]).split()
        parts.append(f'<text x="{x}" y="{float(y) + 18:.1f}" text-anchor="middle">{size:,}</text>')
    for place, name in enumerate(STATISTICS):
        own = [xy for p, xy in zip(points, known, strict=True) if p.statistic == name]
        path = " ".join(at(x, y) for x, y in sorted(own))
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{_COLOURS[place]}" stroke-width="2.5" '
            f'stroke-dasharray="{_DASHES[place]}"/>'
        )
    return parts


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
