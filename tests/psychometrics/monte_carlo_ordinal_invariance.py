"""
How often the ladder for ordered answers errs.

    python -m tests.psychometrics.monte_carlo_ordinal_invariance [replications]

The people of ``monte_carlo_invariance`` with answers in five categories, or in three. A wrong verdict is a step whose
scaled difference test is significant at 5 % although what it adds is equal, or is not although it differs. Steps are
judged on their own; "exact" is how often partial invariance frees just what differs and nothing else, and "failed" how
often a sample could not be analysed, a category being empty in a group or a correlation running up to 1.
"""

from __future__ import annotations

import sys

import numpy as np

from psychometrics import ordinal_invariance
from tests.psychometrics.monte_carlo_invariance import MATRIX_OF, SCENARIOS, simulate

STEPS = ("thresholds", "loadings", "intercepts", "strict")
STEP_OF = {"loadings": "loadings", "intercepts": "intercepts", "residuals": "strict"}
SIZES = (200, 500)
FACTOR = {"factor": range(6)}


def replicate(n: int, scenario: str, codes: int, seed: int) -> list[float]:
    """Return wrong verdicts by step, and whether partial invariance freed just what differs; nan where it failed."""
    responses, groups = simulate(np.random.default_rng(seed), n, scenario, coarse=True)
    if codes == 3:
        responses = np.clip(responses, 1, 3)
    try:
        found = ordinal_invariance(responses, FACTOR, groups, reference="R")
        partial = found
        if any(step.verdict == "fails" for step in found.steps[1:]):
            partial = ordinal_invariance(responses, FACTOR, groups, reference="R", partial=True)
    except ValueError:
        return [np.nan] * (len(STEPS) + 1)
    violated = {STEP_OF[kind] for kind in SCENARIOS[scenario]}
    wrong = [float(step.holds == (step.name in violated)) for step in found.steps[1:]]
    freed = {(one.element.matrix, one.element.position[1]) for one in partial.freed if one.test is not None}
    truth = {(MATRIX_OF[kind], item) for kind, items in SCENARIOS[scenario].items() for item in items}
    return [*wrong, float(freed == truth)]


def main(replications: int) -> None:
    print("wrong verdicts in %, by step; exact: partial invariance frees just what differs")
    print(
        f"{'codes':>5} {'n each':>6} {'scenario':<22}" + "".join(f"{name:>12}" for name in STEPS) + "   exact  failed"
    )
    for codes in (5, 3):
        for scenario in SCENARIOS if codes == 5 else ("invariant", "one intercept +0.3"):
            for n in SIZES:
                rows = np.array([replicate(n, scenario, codes, seed) for seed in range(replications)])
                failed = np.isnan(rows[:, 0])
                rates = 100.0 * rows[~failed].mean(axis=0)
                figures = "".join(f"{rate:12.1f}" for rate in rates[:-1])
                print(
                    f"{codes:>5} {n:>6} {scenario:<22}{figures}{rates[-1]:8.1f}{100 * failed.mean():8.1f}", flush=True
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
