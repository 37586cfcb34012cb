"""What the iterative hybrid shows when nothing differs: bounds for its statistics by simulation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from psychometrics._codes import BoolArray, FloatArray
from psychometrics._validation import as_choice, as_proportion
from psychometrics.dif.hybrid import HybridDif, regress
from psychometrics.engines import Progress, map_tasks
from psychometrics.irt.calibration import calibrate
from psychometrics.irt.scores import eap_scores

_STATISTICS = ("uniform", "nonuniform", "both", "mcfadden", "nagelkerke", "cox_snell", "beta")


@dataclass(frozen=True)
class HybridThresholds:
    """Bounds beyond which a share `significance` of the simulated statistics lies, one entry per item.

    P values (below them: flagged) of the tests uniform, non-uniform, both; changes of pseudo R2 from the model without
    group to the full one, and of the trait's coefficient (above them: flagged).
    """

    uniform: FloatArray
    nonuniform: FloatArray
    both: FloatArray
    mcfadden: FloatArray
    nagelkerke: FloatArray
    cox_snell: FloatArray
    beta: FloatArray
    significance: float
    replications: int

    def bound(self, criterion: str) -> FloatArray:
        """Return what `hybrid_dif` takes as ``bound`` with this criterion."""
        as_choice(criterion, ("chi_square", *_STATISTICS[3:]), "criterion")
        if criterion == "chi_square":
            return np.array([self.uniform, self.nonuniform, self.both])
        return np.asarray(getattr(self, criterion))


def hybrid_thresholds(
    found: HybridDif,
    *,
    seed: int | np.random.Generator,
    replications: int = 1000,
    significance: float = 0.01,
    engine: str | int = "serial",
    progress: Progress | None = None,
) -> HybridThresholds:
    """Simulate answers without differential functioning and return the tails of the statistics.

    Each replication draws answers of the same people, at their trait estimates, from the first calibration, in which
    items do not differ, leaves out what they left out, and calibrates, estimates the trait and tests as `hybrid_dif`
    does at its start. Groups keep their trait difference, so that the bounds allow for the false alarms it brings.

    Parameters
    ----------
    found : HybridDif
        The analysis.
    seed : int or numpy.random.Generator
        Of the simulation.
    replications : int
        Number of data sets, at least 1 / significance.
    significance : float
        Share of the simulated statistics beyond the bound.
    engine, progress
        As in `map_tasks`; the numbers do not depend on the engine.

    Raises
    ------
    ValueError
        For too few replications.

    References
    ----------
    Choi, Gibbons & Crane (2011), Journal of Statistical Software, 39(8).
    """
    as_proportion(significance, "significance")
    if replications * significance < 1:
        raise ValueError(f"{replications} replications say nothing about a share of {significance}: take more")
    known = np.isfinite(found.trait)
    calibration = found.calibration
    replicate = partial(
        _replicate,
        beta=np.concatenate([calibration.slopes[0, :, None], calibration.intercepts[0]], axis=1),
        trait=found.trait[known],
        missing=np.isnan(found.responses[known]),
        group=found.group[known],
    )
    drawn = np.array(map_tasks(replicate, range(replications), engine=engine, seed=seed, progress=progress))
    tail = np.array([significance] * 3 + [1 - significance] * 4)
    bounds = {name: np.nanquantile(drawn[:, at], tail[at], axis=0) for at, name in enumerate(_STATISTICS)}
    return HybridThresholds(**bounds, significance=significance, replications=replications)


def _replicate(
    _: int,
    rng: np.random.Generator,
    *,
    beta: FloatArray,
    trait: FloatArray,
    missing: BoolArray,
    group: npt.NDArray[np.int16],
) -> FloatArray:
    """Return the statistics (kinds, items) of one simulated data set."""
    above = expit(beta[:, 0, None] * trait[:, None, None] + beta[:, 1:])
    answers = (rng.random(missing.shape)[:, :, None] < np.nan_to_num(above)).sum(axis=2).astype(np.float64)
    answers[missing] = np.nan
    estimate = eap_scores(calibrate(answers, covariance="none", tolerance=1e-3)).trait
    found = regress(answers, group, estimate)
    tests = [found.uniform.p, found.nonuniform.p, found.both.p]
    sizes = [found.both.delta_r2_mcfadden, found.both.delta_r2_nagelkerke, found.both.delta_r2_cox_snell]
    return np.array([*tests, *sizes, found.match_coefficient_change])
