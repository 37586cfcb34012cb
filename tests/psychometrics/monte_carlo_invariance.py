"""
How often the ladder of invariance errs: python -m tests.psychometrics.monte_carlo_invariance [replications [scenario]].

Two groups, six items on one factor, the second group half a standard deviation lower; normal answers by ML, and the
same cut into five codes by MLR, where equal steps leave means and spreads that no straight line joins, so that what is
equal before the cuts is a little unequal after them. A wrong verdict is a step that
fails although what it adds is equal, or one that holds although it is not. Steps are judged on their own, as the change
from the step before; "exact" is how often partial invariance frees just what differs and nothing else.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from psychometrics import measurement_invariance
from psychometrics.confirmatory._criteria import CRITERIA, step_holds

SCENARIOS: dict[str, dict[str, dict[int, float]]] = {
    "invariant": {},
    "one loading -0.3": {"loadings": {2: -0.3}},
    "one intercept +0.3": {"intercepts": {2: 0.3}},
    "two intercepts +0.3": {"intercepts": {2: 0.3, 4: 0.3}},
    "one residual x 1.8": {"residuals": {3: 0.8}},
}
STEP_OF = {"loadings": "metric", "intercepts": "scalar", "residuals": "strict"}
MATRIX_OF = {"loadings": "loadings", "intercepts": "intercepts", "residuals": "residual_covariance"}
SIZES = (100, 300, 1000)
LOADINGS = np.array([0.8, 0.7, 0.75, 0.65, 0.8, 0.7])
STEPS_OF_CODES = np.array([-1.5, -0.5, 0.5, 1.5])


def simulate(rng: np.random.Generator, n: int, scenario: str, coarse: bool) -> tuple[np.ndarray, np.ndarray]:
    """Draw answers, continuous and normal or in five categories, and group labels."""
    parts = []
    for group, mean in enumerate((0.0, -0.5)):
        loadings, intercepts, variances = LOADINGS.copy(), np.zeros(6), 1.0 - LOADINGS**2
        if group:
            changes = SCENARIOS[scenario]
            for item, change in changes.get("loadings", {}).items():
                loadings[item] += change
            for item, change in changes.get("intercepts", {}).items():
                intercepts[item] += change
            for item, change in changes.get("residuals", {}).items():
                variances[item] *= 1.0 + change
        factor = rng.normal(mean, 1.0, (n, 1))
        parts.append(intercepts + factor * loadings + rng.normal(size=(n, 6)) * np.sqrt(variances))
    drawn = np.vstack(parts)
    if coarse:
        drawn = np.digitize(drawn, STEPS_OF_CODES).astype(float)
    return drawn, np.repeat(["R", "F"], n)


def replicate(n: int, scenario: str, coarse: bool, seed: int) -> list[float]:
    """Return wrong verdicts by criterion and step, and whether partial invariance freed just what differs."""
    responses, groups = simulate(np.random.default_rng(seed), n, scenario, coarse)
    options: dict[str, Any] = {"estimator": "MLR" if coarse else "ML", "reference": "R"}
    found = measurement_invariance(responses, {"factor": range(6)}, groups, **options)
    violated = {STEP_OF[kind] for kind in SCENARIOS[scenario]}
    wrong = [
        float(step_holds(step.name, step.change, 2 * n, criterion, 0.05) == (step.name in violated))
        for criterion in CRITERIA
        for step in found.steps[1:]
        if step.change is not None
    ]
    partial = found
    if any(step.verdict == "fails" for step in found.steps[1:]):
        partial = measurement_invariance(responses, {"factor": range(6)}, groups, partial=True, **options)
    freed = {(one.element.matrix, one.element.position[1]) for one in partial.freed if one.test is not None}
    truth = {(MATRIX_OF[kind], item) for kind, items in SCENARIOS[scenario].items() for item in items}
    return [*wrong, float(freed == truth)]


def main(replications: int, only: str | None) -> None:
    columns = [f"{criterion}:{step}" for criterion in CRITERIA for step in ("metric", "scalar", "strict")]
    print("wrong verdicts in %, by criterion and step; exact: partial invariance frees just what differs")
    print(f"{'answers':>10} {'n each':>6} {'scenario':<22}" + "".join(f"{name:>13}" for name in columns) + "  exact")
    for coarse in (False, True):
        for scenario in ("invariant", "one intercept +0.3") if coarse else SCENARIOS:
            for n in SIZES:
                if only not in (None, scenario):
                    continue
                rows = [replicate(n, scenario, coarse, seed) for seed in range(replications)]
                rates = 100.0 * np.mean(rows, axis=0)
                figures = "".join(f"{rate:13.1f}" for rate in rates[:-1])
                print(
                    f"{'5 codes' if coarse else 'normal':>10} {n:>6} {scenario:<22}{figures}{rates[-1]:7.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2] if len(sys.argv) > 2 else None)
