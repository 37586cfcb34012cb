"""Simulated answers with known differential functioning, for tests and for the Monte Carlo script."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit


@dataclass(frozen=True)
class Simulated:
    """Answers from 0, group labels (R, F), which items differ, and the true signed impact in score points."""

    responses: np.ndarray
    groups: np.ndarray
    differs: np.ndarray
    impact: float


def simulate(
    rng: np.random.Generator,
    *,
    n: tuple[int, int] = (300, 300),
    n_items: int = 10,
    n_codes: int = 5,
    mean: float = 0.0,
    sd: float = 1.0,
    n_shifted: int = 0,
    shift: float = 0.0,
    opposed: tuple[int, float] = (0, 0.0),
    n_steeper: int = 0,
    steeper: float = 1.0,
    skipped: tuple[float, float] = (0.0, 0.0),
    slopes: tuple[float, float] = (1.0, 2.2),
) -> Simulated:
    """Draw answers under the graded model; shifted items are harder, steepened ones steeper, in group F.

    ``opposed`` is a number of pairs of items and how far one of each pair is shifted up and the other down.
    ``mean`` and ``sd`` are group F's trait (R: 0 and 1), ``skipped`` each group's share of gaps, at random.
    """
    slope = rng.uniform(*slopes, n_items)
    steps = np.linspace(-1.5, 1.5, n_codes - 1) if n_codes > 2 else np.zeros(1)
    difficulty = np.sort(rng.normal(0, 0.6, (n_items, 1)) + steps + rng.normal(0, 0.15, (n_items, n_codes - 1)), axis=1)
    order = rng.permutation(n_items)
    move, factor = np.zeros(n_items), np.ones(n_items)
    move[order[:n_shifted]], factor[order[n_shifted : n_shifted + n_steeper]] = shift, steeper
    pairs, apart = opposed
    last = order[n_items - 2 * pairs :]
    move[last[:pairs]], move[last[pairs:]] = apart, -apart
    curves = [(slope, difficulty), (slope * factor, difficulty + move[:, None])]
    parts = []
    for (a, b), size, centre, spread, gaps in zip(curves, n, (0.0, mean), (1.0, sd), skipped, strict=True):
        trait = rng.normal(centre, spread, size)
        noise = rng.logistic(size=(size, n_items, 1))
        answers = ((a * trait[:, None])[:, :, None] + noise > (a[:, None] * b)).sum(axis=2).astype(float)
        answers[rng.random(answers.shape) < gaps] = np.nan
        parts.append(answers)
    z = np.linspace(-5, 5, 201)
    weights = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    trait = mean + sd * z
    tests = [expit(a[:, None] * (trait[:, None, None] - b)).sum(axis=(1, 2)) for a, b in curves]
    differs = (move != 0) | (factor != 1)
    return Simulated(np.vstack(parts), np.repeat(["R", "F"], n), differs, float((tests[1] - tests[0]) @ weights))
