"""Error rates of the fairness part of an audit: python -m tests.psychometrics.monte_carlo_dif [replications [name]].

Rates are given for items (tests at .05 before adjustment; levels after) and for the verdict that impacts lead to: the
worse of both anchor choices below 0.1 SD, at least 0.3 SD.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from psychometrics.audit import audit
from tests.psychometrics.simulation import simulate

SCENARIOS: dict[str, dict[str, Any]] = {
    "no DIF": {},
    "no DIF, mean -0.5": {"mean": -0.5},
    "no DIF, mean -0.5, SD 0.7, skipping 15 %": {"mean": -0.5, "sd": 0.7, "skipped": (0.15, 0.15)},
    "no DIF, mean -0.5, skipping 0 and 25 %": {"mean": -0.5, "skipped": (0.0, 0.25)},
    "no DIF, mean -0.5, 1000 + 1000": {"mean": -0.5, "n": (1000, 1000)},
    "no DIF, mean -0.5, 200 + 200": {"mean": -0.5, "n": (200, 200)},
    "no DIF, two codes, 12 items, mean -0.5": {"mean": -0.5, "n_codes": 2, "n_items": 12},
    "no DIF, 4 items, mean -0.5": {"mean": -0.5, "n_codes": 4, "n_items": 4},
    "2 of 10 by 0.8": {"n_shifted": 2, "shift": 0.8},
    "3 of 10 by 0.5, mean -0.5": {"n_shifted": 3, "shift": 0.5, "mean": -0.5},
    "4 of 10 by 1.1": {"n_shifted": 4, "shift": 1.1},
    "4 of 10 by 1.1, mean -0.5, skipping 15 %": {"n_shifted": 4, "shift": 1.1, "mean": -0.5, "skipped": (0.15, 0.15)},
    "5 of 11 by 0.95, 4 codes": {"n_items": 11, "n_codes": 4, "n_shifted": 5, "shift": 0.95},
    "5 of 12 by 0.7": {"n_items": 12, "n_shifted": 5, "shift": 0.7},
    "5 of 12 by 1.2, two codes": {"n_items": 12, "n_codes": 2, "n_shifted": 5, "shift": 1.2},
    "3 of 10 steeper by 2": {"n_steeper": 3, "steeper": 2.0},
}


def replicate(task: tuple[dict[str, Any], int]) -> list[float]:
    """Return the figures of one simulated audit."""
    options, seed = task
    rng = np.random.default_rng(seed)
    made = simulate(rng, **options)
    n_items = made.responses.shape[1]
    found = audit(
        made.responses,
        item_names=[str(item) for item in range(n_items)],
        groupings={"group": made.groups},
        reference={"group": "R"},
        minimum_code=0,
        maximum_code=options.get("n_codes", 5) - 1,
        rng=rng,
    )
    pair = found.groupings[0].pairs[0]
    if pair.impact is None or pair.impact_second_anchors is None:
        return [np.nan] * 12
    first, second = pair.impact, pair.impact_second_anchors
    worst = max(abs(x.value) for i in (first, second) for x in (i.signed_sd, i.unsigned_sd))
    items = {int(item.name): item for item in pair.items}
    fair = [items[i] for i in np.flatnonzero(~made.differs)]
    unfair = [items[i] for i in np.flatnonzero(made.differs)]
    return [
        made.impact / first.scale_sd,
        first.signed_sd.value,
        second.signed_sd.value,
        first.unsigned_sd.value,
        worst < 0.1,
        worst >= 0.3,
        pair.anchors_agree,
        first.signed.lower <= made.impact <= first.signed.upper,
        np.mean([item.p_uniform < 0.05 for item in fair]),
        np.mean([item.p_nonuniform < 0.05 for item in fair]),
        np.mean([item.level != "negligible" for item in fair]),
        np.mean([item.level != "negligible" for item in unfair]) if unfair else np.nan,
    ]


def main(replications: int, only: str = "") -> None:
    """Print one line per scenario whose name contains `only`."""
    print(f"{replications} replications, 300 + 300 people, 10 items of 5 codes unless said otherwise")
    print("true: impact in SD; first, second: its mean (SD) by either choice of anchors; unsigned: mean of the first")
    print("<.1, >=.3: share of runs by the worse choice; agree; cover: of the 95 % interval of the signed impact")
    print("uniform, nonuniform: share of fair items with p < .05; false, true: share of fair, of differing items")
    print("called moderate or large")
    print(f"{'':44}  true  first        second       unsig   <.1  >=.3 agree cover unif  nonun false true")
    with ProcessPoolExecutor() as pool:
        for name, options in ((n, o) for n, o in SCENARIOS.items() if only in n):
            tasks = [(options, 1000 + seed) for seed in range(replications)]
            rows = np.array(list(pool.map(replicate, tasks, chunksize=8)), dtype=float)
            mean = np.array([np.nan if np.isnan(c).all() else np.nanmean(c) for c in rows.T])
            spread = rows[:, 1:3].std(axis=0)
            print(
                f"{name:44} {mean[0]:5.2f} {mean[1]:6.3f} ({spread[0]:.3f}) {mean[2]:6.3f} ({spread[1]:.3f}) "
                + f"{mean[3]:5.3f} "
                + " ".join(f"{x:5.2f}" for x in mean[4:8])
                + " "
                + " ".join(f"{x:5.3f}" for x in mean[8:]),
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, *sys.argv[2:3])
