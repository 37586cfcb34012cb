"""Simulated answers for the demonstration: seeded, with the published reliability of each scale, and known differences.

Each scale follows a one-factor model of normal responses cut at thresholds (graded responses; Samejima, 1969). The
loading is the one at which tau-equivalent items have the published coefficient alpha (Spearman–Brown), so what an audit
finds can be compared with what was put in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from assess.instruments.rules import Instrument, Scale
from assess.responses.rules import Missing

_ASSUMED_ALPHA = 0.75  # where no coefficient is published for the scale
_SKIPPED = 0.02  # about one answer in fifty
# How many choose each option of a scale: middling for personality, mostly "not at all" for complaints.
_SHARES = {5: (0.08, 0.20, 0.27, 0.30, 0.15), 4: (0.55, 0.28, 0.11, 0.06)}


@dataclass(frozen=True, slots=True)
class Difference:
    """Items that are harder in one language, all in one direction, by so much of the scale's standard deviation."""

    scale: str
    locale: str
    items: tuple[str, ...]
    standard_deviations: float


def simulate(
    instrument: Instrument,
    locales: Mapping[str, int],
    *,
    rng: np.random.Generator,
    difference: Difference | None = None,
) -> list[tuple[str, dict[str, int | str]]]:
    """Return (locale, item → code or kind of missing) for so many people in each language."""
    people = np.repeat(list(locales), list(locales.values()))
    answers: list[dict[str, int | str]] = [{} for _ in people]
    for scale in instrument.scales:
        differing = difference if difference and difference.scale == scale.id else None
        codes = _codes(instrument, scale, people, rng, differing)
        for column, keyed in enumerate(scale.items):
            for person, code in enumerate(codes[:, column]):
                answers[person].setdefault(keyed.item, int(code) if code >= 0 else str(Missing.SKIPPED))
    return list(zip(people.tolist(), answers, strict=True))


def _codes(
    instrument: Instrument, scale: Scale, people: NDArray[np.str_], rng: np.random.Generator,
    difference: Difference | None,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the codes of one scale as they were chosen (not reverse-keyed); −1 where someone skipped."""
    loading = _loading(instrument, scale)
    trait = rng.standard_normal(len(people))
    unique = rng.standard_normal((len(people), len(scale.items)))
    leaning = loading * trait[:, None] + np.sqrt(1 - loading**2) * unique
    options = instrument.options_of(scale.items[0].item)
    cuts = ndtri(np.cumsum(_SHARES[len(options.codes)])[:-1])
    if difference is not None:
        harder = np.isin(scale.item_ids, difference.items)
        shift = _shift(difference, loading, len(scale.items), int(harder.sum()), cuts)
        leaning = leaning - shift * np.outer(people == difference.locale, harder)
    steps = (leaning[:, :, None] > cuts).sum(axis=2)
    codes = options.minimum + steps
    keys = np.array([keyed.key for keyed in scale.items])
    codes = np.where(keys == 1, codes, options.minimum + options.maximum - codes)
    return np.where(rng.random(codes.shape) < _SKIPPED, -1, codes)


def _loading(instrument: Instrument, scale: Scale) -> float:
    """Return the loading at which the scale has its published alpha: r = α / (k − (k − 1) α)."""
    published = [
        figure.value
        for figure in instrument.evidence
        if figure.scale == scale.id and figure.statistic == "alpha" and figure.value is not None
    ]
    alpha, k = (published[0] if published else _ASSUMED_ALPHA), len(scale.items)
    return float(np.sqrt(alpha / (k - (k - 1) * alpha)))


def _shift(difference: Difference, loading: float, n_items: int, n_harder: int, cuts: NDArray[np.float64]) -> float:
    """Return how far the harder items' thresholds move, in units of the response, by bisection."""
    wanted = difference.standard_deviations * _scale_sd(loading, n_items, cuts) / n_harder
    low, high = 0.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        lost = (ndtr(-cuts) - ndtr(-(cuts + middle))).sum()
        low, high = (middle, high) if lost < wanted else (low, middle)
    return (low + high) / 2


def _scale_sd(loading: float, n_items: int, cuts: NDArray[np.float64]) -> float:
    """Return the standard deviation of the sum score, by quadrature over the trait."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    at_least = ndtr((loading * nodes[:, None] - cuts) / np.sqrt(1 - loading**2))
    expected = at_least.sum(axis=1)
    squares = (at_least * (2 * np.arange(len(cuts)) + 1)).sum(axis=1)
    within = n_items * weights @ (squares - expected**2)
    between = n_items**2 * (weights @ expected**2 - (weights @ expected) ** 2)
    return float(np.sqrt(within + between))
