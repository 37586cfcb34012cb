"""Error rates at .05 of Rasch-based methods: python -m tests.psychometrics.monte_carlo_rasch [replications].

Items that differ do so by 0.6 logits, all in one direction; with impact the focal group's trait lies 0.5 lower.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from psychometrics.dif.rasch_anchors import rasch_anchor_test
from psychometrics.dif.trees import rasch_tree
from psychometrics.irt.calibration import calibrate
from psychometrics.irt.conditional_tests import conditional_comparison
from psychometrics.irt.person_likelihood import person_likelihood_fit
from psychometrics.irt.scores import wle_scores

ITEMS = 20
SCENARIOS: dict[str, dict[str, Any]] = {
    "300 + 300, no DIF": {},
    "300 + 300, no DIF, impact": {"impact": 0.5},
    "300 + 300, no DIF, impact, skipping 10 %": {"impact": 0.5, "skip": 0.1},
    "300 + 300, 20 % differ, impact": {"impact": 0.5, "differ": 4},
    "300 + 300, 40 % differ, impact": {"impact": 0.5, "differ": 8},
    "1000 + 1000, 20 % differ, impact": {"impact": 0.5, "differ": 4, "n": 1000},
}
ANCHORS: dict[str, dict[str, Any]] = {
    "gini": {},
    "4 by mean p": {"length": 4},
    "forward": {"anchor_class": "forward"},
    "all other": {"anchor_class": "all_other"},
    "4 known": {"anchors": (16, 17, 18, 19)},
}


def answers(
    rng: np.random.Generator, *, n: int = 300, impact: float = 0.0, differ: int = 0, skip: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return answers of a reference and a focal group, and their labels; the first items differ."""
    difficulty = rng.normal(size=ITEMS)
    moved = difficulty + 0.6 * (np.arange(ITEMS) < differ)
    trait = np.concatenate([rng.normal(0, 1, n), rng.normal(-impact, 1, n)])
    place = np.repeat([difficulty, moved], n, axis=0)
    given = (rng.logistic(size=place.shape) < trait[:, None] - place).astype(float)
    given[rng.random(given.shape) < skip] = np.nan
    return given, np.repeat(["R", "F"], n)


def replicate(seed: int, options: dict[str, Any]) -> dict[str, float]:
    """Return each method's share of flagged items among those that do not differ, and among those that do."""
    rng = np.random.default_rng(seed)
    responses, groups = answers(rng, **options)
    differ = np.arange(ITEMS) < options.get("differ", 0)
    figures: dict[str, float] = {}
    for name, choice in ANCHORS.items():
        found = rasch_anchor_test(responses, groups, reference="R", **choice)
        tested = np.isfinite(found.p)
        figures[f"{name}: level"] = float(found.flagged[tested & ~differ].mean())
        if differ.any():
            figures[f"{name}: power"] = float(found.flagged[tested & differ].mean())
    figures["Andersen: rejected"] = float(conditional_comparison(responses, groups).p < 0.05)
    covariates = {"group": groups, "noise": rng.normal(size=len(groups)), "five": rng.integers(1, 6, len(groups))}
    tests = rasch_tree(responses, covariates, max_depth=0).nodes[0].tests
    figures |= {f"tree, {test.covariate}: rejected": float(test.p < 0.05) for test in tests}
    figures["tree: split"] = float(min(test.p_adjusted for test in tests) < 0.05)
    return figures


def person_fit_levels(seed: int) -> dict[str, float]:
    """Return how many fitting people lz and lz* flag at .05, with weighted likelihood traits of 20 items."""
    model = calibrate(answers(np.random.default_rng(seed), n=500)[0])
    found = person_likelihood_fit(model, wle_scores(model))
    return {
        "lz: flagged": float(np.nanmean(found.lz < -1.645)),
        "lz*: flagged": float(np.nanmean(found.lz_star < -1.645)),
    }


def main(replications: int) -> None:
    for name, options in SCENARIOS.items():
        rows = [replicate(seed, options) for seed in range(replications)]
        print(name, *(f"  {key:28}{np.mean([row[key] for row in rows]):6.3f}" for key in rows[0]), sep="\n", flush=True)
    rows = [person_fit_levels(seed) for seed in range(max(replications // 10, 1))]
    print("people who fit", *(f"  {key:28}{np.mean([row[key] for row in rows]):6.3f}" for key in rows[0]), sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
