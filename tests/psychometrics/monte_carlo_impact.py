"""Bias and coverage of impacts: python -m tests.psychometrics.monte_carlo_impact [share].

True impacts from 0 to 0.4 SD of the score, one-directional and beside differences that cancel, 200 to 5,000 people a
group, with and without a difference in the trait and skipped answers. `share` multiplies the number of replications.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from psychometrics.audit.pairs import scale_sd
from psychometrics.dif.anchors import select_by_mode
from psychometrics.dif.impact import linked_comparison, parameter_draws, score_impact
from psychometrics.dif.link_uncertainty import with_link_uncertainty
from psychometrics.dif.shifts import item_shifts
from psychometrics.irt.calibration import calibrate
from tests.psychometrics.simulation import Simulated, simulate

TARGETS = (0.0, 0.05, 0.1, 0.13, 0.2, 0.3, 0.4)
REPLICATIONS = {200: 40, 500: 40, 2000: 20, 5000: 12}
PATTERNS: dict[str, dict[str, Any]] = {
    "4 of 10 one way": {"n_items": 10, "n_shifted": 4},
    "2 of 12 one way, 4 cancel": {"n_items": 12, "n_shifted": 2, "opposed": (2, 0.7)},
}
PEOPLE: dict[str, dict[str, Any]] = {
    "alike": {},
    "mean -0.5": {"mean": -0.5},
    "mean -0.5, 15 % skipped": {"mean": -0.5, "skipped": (0.15, 0.15)},
}


@dataclass(frozen=True)
class Outcome:
    """One replication: estimate minus truth, and whether the interval covers it, without and with the open link."""

    error: float
    covered_by_draws: bool
    covered: bool
    width: float


def made_with(target: float, n: int, seed: int, options: dict[str, Any]) -> Simulated:
    """Return answers whose true impact is close to so many SDs of the score; a seed stands for the same items."""

    def at(shift: float, size: tuple[int, int]) -> Simulated:
        return simulate(np.random.default_rng(seed), n=size, shift=shift, **options)

    spread = float(np.nansum(at(0.0, (2000, 1)).responses[:2000], axis=1).std())
    base, low, high = at(0.0, (1, 1)).impact, 0.0, 4.0
    for _ in range(30 if target else 0):
        middle = (low + high) / 2
        reached = base - at(middle, (1, 1)).impact >= target * spread
        low, high = (low, middle) if reached else (middle, high)
    return at(low if target else 0.0, (n, n))


def replicate(target: float, n: int, seed: int, options: dict[str, Any]) -> Outcome:
    """Return one replication."""
    made = made_with(target, n, seed, options)
    rng = np.random.default_rng(seed)
    group = (made.groups == "F").astype(np.intp)
    model = calibrate(made.responses, group, reference=0, minimum_count=3, n_nodes=41, tolerance=1e-4)
    shifts = item_shifts(model)
    choice = select_by_mode(shifts)
    comparison = linked_comparison(model, shifts, choice, parameter_draws(model, rng=rng, n_draws=200))
    drawn = score_impact(comparison, scale_sd=scale_sd(made.responses, group))
    found = with_link_uncertainty(drawn, model, shifts, choice)
    return Outcome(
        (found.signed.value - made.impact) / found.scale_sd,
        drawn.signed.lower <= made.impact <= drawn.signed.upper,
        found.signed.lower <= made.impact <= found.signed.upper,
        found.signed_sd.upper - found.signed_sd.lower,
    )


def outcomes(target: float, n: int, share: float, options: dict[str, Any]) -> Iterator[Outcome]:
    """Yield the replications of one cell; answers without enough codes for a calibration are drawn anew."""
    seed, wanted = 0, max(round(REPLICATIONS[n] * share), 1)
    while wanted:
        seed += 1
        try:
            yield replicate(target, n, 1000 * n + seed, options)
        except ValueError:
            continue
        wanted -= 1


def main(share: float) -> None:
    """Print a line per pattern, people and n: bias (SD), then coverage in %, for each true impact."""
    print("mean error (its SD), coverage % by draws alone / with the open link, mean width; true impact, in SD:")
    print(f"{'':64}" + "".join(f"{target:<32}" for target in TARGETS))
    for (pattern, items), (people, trait), n in product(PATTERNS.items(), PEOPLE.items(), REPLICATIONS):
        cells = []
        for target in TARGETS:
            found = list(outcomes(target, n, share, items | trait))
            errors = [o.error for o in found]
            by_draws, by_all = (
                100 * np.mean([getattr(o, name) for o in found]) for name in ("covered_by_draws", "covered")
            )
            cells.append(
                f"{np.mean(errors):+.3f} ({np.std(errors):.3f}) {by_draws:3.0f}/{by_all:3.0f} "
                f"{np.mean([o.width for o in found]):.2f}    "
            )
        print(f"{pattern:27}{people:26}{n:<11}" + "".join(f"{cell:32}" for cell in cells), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
