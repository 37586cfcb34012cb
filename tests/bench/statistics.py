"""CPU seconds of the statistics beside those of R, on data of the size for which R was timed.

R's figures are medians of CPU seconds on two cores (difR, lavaan, lordif, mirt and psych, versions as in the reference
results); ours are the least of some runs, for whatever else the machine does only adds to them.
"""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import psychometrics as ps
from psychometrics.audit import audit
from tests.bench.figures import Figure
from tests.psychometrics.simulation import simulate
from tests.reference.reference_cases import SHARED

Work = Callable[[], Any]
# A case runs again until so many seconds are used, or so often.
_SECONDS, _MOST_RUNS = 2.0, 7


@dataclass(frozen=True)
class Beside:
    """One line: ours, the most it may be, and R's; 0 where R was not timed."""

    what: str
    ours: float
    at_most: float
    r: float

    def __str__(self) -> str:
        """Return one line of the table."""
        mark = "reached" if self.ours <= self.at_most else "NOT REACHED"
        beside = f"R {self.r:>6.2f} s  {self.r / self.ours:>6,.0f} times" if self.r else " " * 23
        return f"  {self.what:<58}{self.ours:>8.3f} s  {beside}  at most {self.at_most:<5g} {mark}"


def cpu_seconds(work: Work) -> float:
    """Return the least CPU time of some runs."""
    best, begun = float("inf"), time.process_time()
    for _ in range(_MOST_RUNS):
        at = time.process_time()
        work()
        best = min(best, time.process_time() - at)
        if time.process_time() - begun > _SECONDS:
            break
    return best


def figures() -> Iterator[Beside | Figure | str]:
    """Yield every line of the table; a case is prepared, then timed."""
    # Memory first: a process is counted with what the one that started it held at that moment.
    measured = [sys.executable, "-m", "tests.bench.statistics"]
    megabytes = float(subprocess.run(measured, capture_output=True, text=True, check=True).stdout)
    yield Figure("Mantel-Haenszel purified, 1,000,000 x 40: peak of the whole process", megabytes, "MB", 500)
    for what, at_most, r, prepare in CASES:
        try:
            work = prepare()
        except FileNotFoundError as absent:
            yield f"  {what}: left out, {Path(absent.filename).name} is not in {SHARED}"
            continue
        yield Beside(what, cpu_seconds(work), at_most, r)


def peak_of_a_million() -> float:
    """Return the peak memory of this process in MB, with a million people's answers, one byte each."""
    rng, people = np.random.default_rng(1), 1_000_000
    trait = rng.standard_normal(people, dtype=np.float32)
    answers = np.empty((people, 40), dtype=np.int8)
    for item in range(40):
        answers[:, item] = trait + rng.standard_normal(people, dtype=np.float32) > 0
    ps.mantel_haenszel(answers, rng.integers(0, 2, people), focal=1, purified=True)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def binary(n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return right and wrong answers of two groups, one byte each, four items harder in one group."""
    made = simulate(np.random.default_rng(1), n=(n // 2, n // 2), n_items=k, n_codes=2, n_shifted=4, shift=0.5)
    return made.responses.astype(np.int8), made.groups


@cache
def graded(n: int, k: int, n_shifted: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return answers 0 to 4 of two groups that differ by half an SD."""
    made = simulate(np.random.default_rng(2), n=(n // 2, n // 2), n_items=k, mean=-0.5, n_shifted=n_shifted, shift=0.5)
    return made.responses, made.groups


@cache
def table(name: str) -> dict[str, np.ndarray]:
    """Return the columns of a reference data set, nan where a cell is empty."""
    with (SHARED / "reference" / "data" / name).open(newline="") as file:
        rows = list(csv.reader(file))
    columns = zip(*rows[1:], strict=True)
    return {
        head: np.array([float(x) if x not in ("", "NA") else np.nan for x in column])
        for head, column in zip(rows[0], columns, strict=True)
    }


FIVE = {trait: [f"{trait}{number}" for number in range(1, 6)] for trait in "ACENO"}
BFI = [item for items in FIVE.values() for item in items]


def bfi(*, complete: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the 25 personality items of 2,800 people, and their gender."""
    data = table("bfi.csv")
    answers, gender = np.column_stack([data[item] for item in BFI]), data["gender"]
    whole = ~np.isnan(answers).any(axis=1)
    return (answers[whole], gender[whole]) if complete else (answers, gender)


def _reliability() -> Work:
    answers = np.random.default_rng(3).integers(0, 5, (100_000, 50)).astype(float)
    return lambda: (ps.cronbach_alpha(answers), ps.item_statistics(answers))


def _bootstrap() -> Work:
    answers = np.column_stack([table("bfi.csv")[item] for item in FIVE["N"]])
    return lambda: ps.cronbach_alpha(answers, interval="bootstrap", n_resamples=1000, rng=np.random.default_rng(1))


def _mantel_haenszel(n: int) -> Work:
    responses, groups = binary(n, 40)
    return lambda: ps.mantel_haenszel(responses, groups, focal="F", purified=True)


def _logistic() -> Work:
    responses, groups = binary(20_000, 40)
    return lambda: ps.logistic_dif(responses, groups, reference="R", purified=True)


def _calibration(n: int, k: int, covariance: str) -> Work:
    responses, _ = graded(n, k)
    return lambda: ps.calibrate(responses, covariance=covariance)


def _eap() -> Work:
    model = ps.calibrate(graded(5000, 30)[0], covariance="none")
    return lambda: ps.eap_scores(model)


def _polychoric() -> Work:
    answers, _ = bfi()
    return lambda: ps.polychoric_correlations(answers)


def _five_factors(estimator: str, missing: str) -> Work:
    answers, _ = bfi()
    return lambda: ps.confirmatory_factor_analysis(answers, FIVE, items=BFI, estimator=estimator, missing=missing)


def _ordinal_factors() -> Work:
    answers, _ = bfi()
    return lambda: ps.ordinal_factor_analysis(answers, FIVE, items=BFI)


def _ladder() -> Work:
    answers, gender = bfi()
    return lambda: ps.measurement_invariance(answers, FIVE, gender, items=BFI)


def _ordinal_groups() -> Work:
    answers, gender = bfi()
    return lambda: ps.ordinal_factor_analysis(answers, FIVE, gender, items=BFI)


def _hybrid() -> Work:
    data = table("anxiety.csv")
    answers = np.column_stack([data[f"R{number}"] for number in range(1, 30)])
    return lambda: ps.hybrid_dif(answers, data["age"], reference=0)


def _scalar_model() -> Work:
    responses, groups = graded(5000, 20)
    return lambda: ps.calibrate(
        responses, groups, reference="R", equal_slopes=True, equal_intercepts=True, covariance="none"
    )


def _likelihood_ratio() -> Work:
    responses, groups = graded(5000, 20, 3)
    return lambda: ps.likelihood_ratio_dif(responses, groups, reference="R")


def _audit() -> Work:
    responses, groups = graded(20_000, 50, 5)
    rng = np.random.default_rng(4)
    others = {name: rng.choice(["a", "b", "c"], len(groups)) for name in ("education", "age")}
    names = [f"item {number}" for number in range(1, 51)]
    return lambda: audit(
        responses,
        item_names=names,
        groupings={"language": groups, **others},
        minimum_code=0,
        maximum_code=4,
        rng=np.random.default_rng(1),
    )


# What, the most CPU seconds it may take, R's median, and what prepares the data and gives the work.
CASES: tuple[tuple[str, float, float, Callable[[], Work]], ...] = (
    ("alpha and all item statistics, 100,000 x 50 (psych)", 0.1, 8.9, _reliability),
    ("bootstrap of alpha, 1,000 resamples, 2,800 x 5 (psych)", 0.05, 2.4, _bootstrap),
    ("Mantel-Haenszel purified, 20,000 x 40 (difR)", 0.05, 18.3, lambda: _mantel_haenszel(20_000)),
    ("Mantel-Haenszel purified, 1,000,000 x 40", 1.0, 0.0, lambda: _mantel_haenszel(1_000_000)),
    ("logistic regression purified, 20,000 x 40 (difR)", 0.2, 20.1, _logistic),
    ("graded model, 5,000 x 30 x 5 (mirt)", 0.3, 5.3, lambda: _calibration(5000, 30, "none")),
    ("graded model with Oakes errors, 5,000 x 30 x 5 (mirt)", 0.8, 13.2, lambda: _calibration(5000, 30, "auto")),
    ("graded model, 50,000 x 40 x 5 (mirt)", 1.2, 28.9, lambda: _calibration(50_000, 40, "none")),
    ("EAP scores, 5,000 x 30 (mirt)", 0.03, 0.59, _eap),
    ("polychoric correlations, 2,800 x 25 (lavaan)", 0.05, 0.73, _polychoric),
    ("factor model ML, 25 items, 5 factors (lavaan)", 0.02, 0.23, lambda: _five_factors("ML", "listwise")),
    ("factor model FIML, 25 items, 5 factors (lavaan)", 0.5, 19.4, lambda: _five_factors("ML", "fiml")),
    ("factor model WLSMV, 25 items, 5 factors (lavaan)", 0.3, 3.3, _ordinal_factors),
    ("invariance ladder ML, 4 steps, 25 items (lavaan)", 0.2, 2.7, _ladder),
    ("factor model WLSMV, 25 items, 2 groups (lavaan)", 2.0, 100.0, _ordinal_groups),
    ("iterative hybrid, anxiety 766 x 29 (lordif)", 0.5, 14.0, _hybrid),
    ("two-group scalar graded model, 5,000 x 20 (mirt)", 1.0, 35.5, _scalar_model),
    ("likelihood-ratio DIF of 20 items, 5,000 (mirt)", 5.0, 361.0, _likelihood_ratio),
    ("audit, 20,000 x 50, groupings of 2, 3 and 3 groups", 10.0, 0.0, _audit),
)

if __name__ == "__main__":
    print(peak_of_a_million())
