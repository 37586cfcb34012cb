"""Covariates of a tree, and the ways to split people on one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._validation import Label, as_groups

# More unordered levels than this have too many partitions in two to try each.
MOST_LEVELS = 12
# So many cuts are tried first; then those between the best one's neighbours.
_CUTS = 100


@dataclass(frozen=True)
class Covariate:
    """One number per person: a measured value, or the position among `labels`; nan where not known."""

    name: str
    values: FloatArray
    labels: tuple[Label, ...]
    ordered: bool

    @property
    def kind(self) -> str:
        return ("ordered" if self.ordered else "categorical") if self.labels else "numeric"

    @property
    def known(self) -> BoolArray:
        return ~np.isnan(self.values)

    def of(self, rows: IntArray) -> Covariate:
        """Return the covariate of some people."""
        return Covariate(self.name, self.values[rows], self.labels, self.ordered)


@dataclass(frozen=True)
class Side:
    """Who goes to the first child, and the rule that says so."""

    covariate: str
    first: BoolArray
    cut: float | None
    levels: tuple[Label, ...]


def as_covariates(
    covariates: Mapping[str, npt.ArrayLike | Sequence[Label | None]], n: int, orders: Mapping[str, Sequence[Label]]
) -> list[Covariate]:
    """Return checked covariates: more than two numbers are ordered, text is not unless `orders` lists its levels."""
    if not covariates:
        raise ValueError("covariates must name at least one covariate")
    unknown = [name for name in orders if name not in covariates]
    if unknown:
        raise ValueError(f"orders names {unknown[0]!r}, which is not among the covariates")
    return [_covariate(name, values, n, orders.get(name)) for name, values in covariates.items()]


def _covariate(name: str, given: Any, n: int, order: Sequence[Label] | None) -> Covariate:
    try:
        labels, codes = as_groups(given, n, min_groups=0)
    except ValueError as error:
        raise ValueError(f"covariate {name!r}: {error}") from error
    if order is not None:
        absent = [label for label in labels if label not in order]
        if absent:
            raise ValueError(f"covariate {name!r}: orders does not list {absent[0]!r}")
        place = np.array([*(order.index(label) for label in labels), np.nan])
        return Covariate(name, place[codes], tuple(order), True)
    numeric = all(isinstance(label, int | float) and not isinstance(label, bool) for label in labels)
    if numeric and len(labels) > 2:
        return Covariate(name, np.array([*labels, np.nan], dtype=np.float64)[codes], (), True)
    if len(labels) > MOST_LEVELS:
        raise ValueError(
            f"covariate {name!r} has {len(labels)} unordered levels; at most {MOST_LEVELS} can be split: merge some,"
            " or list them in ascending order in orders"
        )
    return Covariate(name, np.where(codes >= 0, codes, np.nan), labels, False)


def best_side(covariate: Covariate, smallest: int, fit: Callable[[Side], float]) -> Side | None:
    """Return the split of people in two parts of a size that fits best, or None where there is none."""
    if not covariate.ordered:
        return _best([side for side in _partitions(covariate) if _large(side, smallest)], fit)
    cuts = [_cut(covariate, value) for value in np.unique(covariate.values)[:-1].tolist()]
    cuts = [side for side in cuts if _large(side, smallest)]
    stride = -(-len(cuts) // _CUTS)
    best = _best(cuts[::stride], fit)
    if best is None or stride == 1:
        return best
    at = next(index for index, side in enumerate(cuts) if side is best)
    return _best(cuts[max(at - stride + 1, 0) : at + stride], fit)


def _best(candidates: list[Side], fit: Callable[[Side], float]) -> Side | None:
    return max(candidates, key=fit, default=None)


def _large(side: Side, smallest: int) -> bool:
    return smallest <= int(side.first.sum()) <= len(side.first) - smallest


def _cut(covariate: Covariate, value: float) -> Side:
    levels = covariate.labels[: int(value) + 1] if covariate.labels else ()
    return Side(covariate.name, covariate.values <= value, None if levels else value, levels)


def _partitions(covariate: Covariate) -> list[Side]:
    """Return every split of the levels in two; the first level stays on the first side."""
    present = np.unique(covariate.values).astype(np.intp).tolist()
    found = []
    for size in range(len(present) - 1):
        for others in combinations(present[1:], size):
            chosen = [present[0], *others]
            levels = tuple(covariate.labels[at] for at in chosen)
            found.append(Side(covariate.name, np.isin(covariate.values, chosen), None, levels))
    return found
