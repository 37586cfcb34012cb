"""Error rates of every DIF method: python -m tests.psychometrics.monte_carlo_dif_methods [replications [codes]].

Share of tests with p < .05 of items that do not differ, without and with a group mean difference of half an SD and with
few and many skipped answers (more of them in the focal group), and of items that do (uniformly by half an SD, in 20 %
of the items). Rules without a test give the share of items they flag. The audit's own verdicts are in monte_carlo_dif.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

import numpy as np

import psychometrics as ps
from tests.psychometrics.simulation import Simulated, simulate

SCENARIOS: dict[str, dict[str, Any]] = {
    "equal": {},
    "mean": {"mean": -0.5},
    "skip 5%": {"mean": -0.5, "skipped": (0.03, 0.06)},
    "skip 15%": {"mean": -0.5, "skipped": (0.1, 0.2)},
    "power": {"mean": -0.5, "shift": 0.5},
}
ITEMS = {2: 20, 5: 10}
# Likelihood-ratio tests calibrate once per item, so they are made in one replication of so many.
RARE = 5
_Rates = Iterator[tuple[str, np.ndarray]]


def from_sums(made: Simulated, x: np.ndarray, g: np.ndarray) -> _Rates:
    """Methods that match on the sum score; people with a gap are left out."""
    for label, options in (("", {}), (", purified", {"purified": True})):
        yield f"Mantel, sum{label}", ps.mantel(x, g, focal="F", **options).p
        found = ps.logistic_dif(x, g, reference="R", **options)
        yield f"logistic both, sum{label}", found.both.p
        if not label:
            yield "logistic uniform, sum", found.uniform.p
            yield "logistic non-uniform, sum", found.nonuniform.p
    yield "logistic both, rest score", ps.logistic_dif(x, g, reference="R", matching="rest").both.p
    yield "generalised MH nominal, sum", ps.generalized_mantel_haenszel(x, g, reference="R").p
    yield "generalised MH ordinal, sum", ps.generalized_mantel_haenszel(x, g, reference="R", scores="ordinal").p
    found = ps.sibtest(x, g, focal="F")
    yield "SIBTEST", found.p
    yield "crossing SIBTEST", found.crossing_p
    other = {"group": g, "half": np.arange(len(g)) % 2}
    split = ps.intersectional_dif(x, other, minimum=20)
    yield "intersections: total", split.total.p
    yield "intersections: interaction", split.interaction.p


def from_two_codes(made: Simulated, x: np.ndarray, g: np.ndarray) -> _Rates:
    """Methods for items with two codes."""
    yield "Mantel-Haenszel, corrected", ps.mantel_haenszel(x, g, focal="F").p
    yield "Mantel-Haenszel", ps.mantel_haenszel(x, g, focal="F", continuity_correction=False).p
    yield "Breslow-Day", ps.breslow_day(x, g, focal="F").p
    yield "Breslow-Day trend", ps.breslow_day(x, g, focal="F", statistic="trend").p
    yield "standardisation (flags)", np.where(ps.standardization(x, g, focal="F").flagged, 0.0, 1.0)
    yield "delta plot (flags)", np.where(ps.delta_plot(x, g, focal="F").flagged, 0.0, 1.0)
    parameters = ps.group_item_parameters(x, g, reference="R")
    yield "Raju signed", ps.raju_areas(parameters, kind="signed").p
    yield "Raju unsigned", ps.raju_areas(parameters).p


def from_models(made: Simulated, x: np.ndarray, g: np.ndarray) -> _Rates:
    """Methods that rest on a model; people with gaps take part."""
    equal = ps.calibrate(x, g, reference="R", equal_slopes=True, equal_intercepts=True, covariance="none")
    trait = ps.eap_scores(equal, common_prior=True).trait
    yield "Mantel, trait", ps.mantel(x, g, focal="F", matching=trait).p
    found = ps.logistic_dif(x, g, reference="R", matching=trait)
    yield "logistic both, trait", found.both.p
    yield "logistic uniform, trait", found.uniform.p
    yield "logistic non-uniform, trait", found.nonuniform.p
    rest = ps.rest_traits(equal)
    yield "Mantel, rest trait", ps.mantel(x, g, focal="F", matching=rest).p
    yield "logistic both, rest trait", ps.logistic_dif(x, g, reference="R", matching=rest).both.p
    hybrid = ps.hybrid_dif(x, g, reference="R")
    yield "hybrid both", hybrid.regression.both.p
    yield "hybrid (flags, any of three at .01)", np.where(hybrid.flagged, 0.0, 1.0)
    parameters = ps.group_item_parameters(x, g, reference="R")
    yield "Lord", ps.lord_dif(parameters).p
    yield "Lord, link as known", ps.lord_dif(parameters, link_error=False).p
    yield "Lord, purified", ps.lord_dif(parameters, purified=True).p
    residual = ps.residual_dif(x, g, focal="F")
    yield "RDIF_R", residual.raw_p
    yield "RDIF_S", residual.squared_p
    yield "RDIF_RS", residual.both_p
    yield "RDIF_RS, purified", ps.residual_dif(x, g, focal="F", purified=True).p


def from_likelihood_ratios(made: Simulated, x: np.ndarray, g: np.ndarray) -> _Rates:
    """Likelihood-ratio tests, with half of the fair items as anchors and with all others."""
    anchors = np.flatnonzero(~made.differs)[: len(made.differs) // 2]
    found = ps.likelihood_ratio_dif(x, g, reference="R", anchors=anchors)
    p = np.full(len(made.differs), np.nan)
    p[found.items] = found.p
    yield "likelihood ratio, anchored", p
    yield "likelihood ratio, all others", ps.likelihood_ratio_dif(x, g, reference="R").p


def replicate(options: dict[str, Any], n_codes: int, seed: int) -> Iterator[tuple[str, float]]:
    """Yield each method's share of rejected items: of those that differ where some do, else of all."""
    n_items = ITEMS[n_codes]
    made = simulate(
        np.random.default_rng(seed),
        n=(400, 400),
        n_codes=n_codes,
        n_items=n_items,
        n_shifted=n_items // 5 if "shift" in options else 0,
        **options,
    )
    methods: list[Callable[[Simulated, np.ndarray, np.ndarray], _Rates]] = [from_sums, from_models]
    methods += [from_two_codes] if n_codes == 2 else []
    methods += [from_likelihood_ratios] if seed % RARE == 0 else []
    chosen = made.differs if made.differs.any() else np.ones(n_items, dtype=bool)
    for method in methods:
        for name, p in method(made, made.responses, made.groups):
            tested = p[chosen & np.isfinite(p)]
            yield name, float((tested < 0.05).mean()) if len(tested) else np.nan


def main(replications: int, codes: tuple[int, ...]) -> None:
    """Print a table for each number of codes."""
    for n_codes in codes:
        rates: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        start = process_time()
        for scenario, options in SCENARIOS.items():
            for seed in range(replications):
                for name, rate in replicate(options, n_codes, 7000 + seed):
                    rates[name][scenario].append(rate)
            print(f"{n_codes} codes, {scenario}: {process_time() - start:.0f} CPU s", file=sys.stderr, flush=True)
        print(f"\n{n_codes} codes, {ITEMS[n_codes]} items, 400 + 400 people, {replications} replications")
        print(f"{'share of p < .05':38}" + "".join(f"{scenario:>9}" for scenario in SCENARIOS))
        for name, by_scenario in rates.items():
            print(f"{name:38}" + "".join(f"{np.nanmean(by_scenario[s]):9.3f}" for s in SCENARIOS), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, tuple(map(int, sys.argv[2:])) or tuple(ITEMS))
