"""
Coverage of the intervals of alpha and omega, and errors of the tests of their equality; run by hand, it takes minutes:

    python -m tests.psychometrics.monte_carlo_reliability 1000
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product

import numpy as np

from psychometrics import Reliability, cronbach_alpha, equal_alphas, equal_omegas, mcdonald_omega

SEED = 20240
PEOPLE, ITEMS, SKIPPED = (50, 200, 1000), (3, 5, 10, 20), (0.0, 0.2)
CUTS = (0.6, 1.2, 1.8)  # most answers are 0, as with symptoms


def sample(rng: np.random.Generator, n: int, k: int, skip: float, skewed: bool) -> np.ndarray:
    """Return congeneric answers with loadings .5 to .9, normal or ordered and skewed."""
    loadings = np.linspace(0.5, 0.9, k)
    answers = rng.normal(size=(n, 1)) * loadings + rng.normal(size=(n, k)) * np.sqrt(1 - loadings**2)
    answers = np.digitize(answers, CUTS).astype(float) if skewed else answers
    return np.where(rng.random(answers.shape) < skip, np.nan, answers)


def intervals(answers: np.ndarray) -> Iterator[tuple[str, Reliability]]:
    """Yield every interval that is compared."""
    for interval in ("jackknife", "feldt", "bonett", "duhachek", "adf"):
        yield f"alpha {interval}", cronbach_alpha(answers, interval=interval)
    for errors in ("robust", "normal"):
        yield f"omega {errors}", mcdonald_omega(answers, standard_errors=errors)


def coverage(rng: np.random.Generator, runs: int) -> None:
    """Print the share of 95 % intervals that hold the value of a million people, in per cent."""
    for skewed, k in product((False, True), ITEMS):
        truth = {name: found.estimate for name, found in intervals(sample(rng, 1_000_000, k, 0.0, skewed))}
        for n, skip in product(PEOPLE, SKIPPED):
            held = dict.fromkeys(truth, 0)
            for _ in range(runs):
                for name, found in intervals(sample(rng, n, k, skip, skewed)):
                    held[name] += found.lower <= truth[name] <= found.upper
            shares = ", ".join(f"{name} {100 * count / runs:.1f}" for name, count in held.items())
            print(f"{'skewed' if skewed else 'normal'} {k} items, n {n}, {skip:.0%} skipped: {shares}", flush=True)


def equality(rng: np.random.Generator, runs: int) -> None:
    """Print how often equal reliability of three groups is rejected at .05, in per cent."""
    tests = {
        "alpha jackknife": equal_alphas,
        "alpha feldt": lambda answers, groups: equal_alphas(answers, groups, method="feldt"),
        "omega": equal_omegas,
    }
    for skewed, n in product((False, True), PEOPLE):
        rejected, groups = dict.fromkeys(tests, 0), np.repeat([0, 1, 2], n)
        for _ in range(runs):
            answers = sample(rng, 3 * n, 6, 0.1, skewed)
            for name, test in tests.items():
                rejected[name] += test(answers, groups).p_value < 0.05
        shares = ", ".join(f"{name} {100 * count / runs:.1f}" for name, count in rejected.items())
        print(f"{'skewed' if skewed else 'normal'}, 3 x {n} people: {shares}", flush=True)


if __name__ == "__main__":
    generator, number = np.random.default_rng(SEED), int(sys.argv[1]) if len(sys.argv) > 1 else 300
    equality(generator, number)
    coverage(generator, number)
