"""Ordinal logistic regression on trait estimates, purified by parameters of each group's own where items differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from psychometrics._codes import MISSING, BoolArray, FloatArray, IntArray, as_codes, group_codes
from psychometrics._validation import Label, as_choice
from psychometrics.dif._characteristic_curves import stocking_lord
from psychometrics.dif.logistic import LogisticDif, logistic_dif
from psychometrics.irt._patterns import merge_codes
from psychometrics.irt.calibration import Calibration, calibrate
from psychometrics.irt.scores import eap_scores

# Choi, Gibbons & Crane (2011): p of .01, a change of .02 in pseudo R2, of a tenth in the trait's coefficient.
_BOUNDS = {"chi_square": 0.01, "mcfadden": 0.02, "nagelkerke": 0.02, "cox_snell": 0.02, "beta": 0.1}


@dataclass(frozen=True)
class HybridDif:
    """Results of the iterative hybrid; ``regression`` holds the statistics, one entry per item."""

    n: IntArray
    criterion: str
    bound: float | FloatArray
    flagged: BoolArray
    regression: LogisticDif
    trait: FloatArray
    trait_se: FloatArray
    initial_trait: FloatArray
    responses: FloatArray
    group: npt.NDArray[np.int16]
    code_counts: IntArray
    calibration: Calibration
    purified_calibration: Calibration
    link: tuple[float, float]
    iterations: int
    converged: bool
    group_labels: tuple[Label, ...]


def hybrid_dif(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    reference: Label,
    criterion: str = "chi_square",
    bound: npt.ArrayLike | None = None,
    minimum_count: int = 5,
    max_iterations: int = 10,
    tolerance: float = 1e-4,
) -> HybridDif:
    """Test each item by (ordinal) logistic regression on a trait estimate that the differing items do not bias.

    All people are calibrated as one group and the items tested given the trait estimates (EAP). Then flagged items get
    parameters of each group's own, the trait is estimated again, on the first scale by the test characteristic curve of
    the other items, and all items are tested again, until the flags repeat.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: the trait is estimated from the person's other answers, and the person is left
        out of the tests of items not answered.
    groups : array_like, shape (n_people,)
        Two or more labels; people without one are left out.
    reference : label
        The group the others are compared with.
    criterion : {"chi_square", "mcfadden", "nagelkerke", "cox_snell", "beta"}
        What flags an item: any of the tests (uniform, non-uniform, both) significant; the change of a pseudo R2 from
        the model without group to the full one; the relative change of the trait's coefficient when the group enters.
    bound : float or array_like, shape (n_items,) or, with ``chi_square``, (3, n_items), optional
        P value up to which, or change from which, items are flagged; rows are uniform, non-uniform, both. Default: .01
        for a p value, .02 for a pseudo R2, .1 for the coefficient; `hybrid_thresholds` finds bounds by simulation. As
        there are three tests, an item without difference is flagged more often than each of them alone would.
    minimum_count : int
        Codes that fewer people of some group gave are merged with a neighbour.
    max_iterations : int
        Bound on the number of times the trait is estimated again.
    tolerance : float
        Of the calibrations.

    Returns
    -------
    HybridDif
        ``responses`` are those analysed, codes merged, ``group`` positions in ``group_labels`` (-1: left out),
        ``code_counts`` how many codes each item kept, ``trait`` the last estimate, nan for people left out, ``link``
        slope and intercept from the last calibration's scale to the first. ``converged``: flags repeated, calibrations
        ended.

    Raises
    ------
    ValueError
        For an item with fewer than two codes left in some group, unknown labels, values that are not codes, or when
        every item is flagged, for then nothing links the scales.

    Notes
    -----
    Of fair items (20 of two or 10 of five codes, 400 + 400 people, means equal or half an SD apart, up to 20 % skipped)
    the test of both at .05 rejects 3.5 to 5 %; any of the three tests at .01 flags 1.5 to 2.5 %.

    References
    ----------
    Choi, Gibbons & Crane (2011), Journal of Statistical Software, 39(8); Crane et al. (2006); Stocking & Lord (1983).
    """
    as_choice(criterion, tuple(_BOUNDS), "criterion")
    merged, group, labels = _prepared(responses, groups, reference, minimum_count)
    size = _checked_bound(_BOUNDS[criterion] if bound is None else bound, criterion, merged.shape[1])
    first = calibrate(merged[group >= 0], covariance="none", tolerance=tolerance)
    scale = _Scale(first, first, (1.0, 0.0))
    initial, _ = scale.scores(group >= 0)
    found = regress(merged, group, initial)
    flagged = _flags(found, criterion, size)
    iterations, repeated = 0, not flagged.any()
    while not repeated and iterations < max_iterations:
        scale = _purified(first, merged, group, flagged, tolerance)
        found = regress(merged, group, scale.scores(group >= 0)[0])
        before, flagged = flagged, _flags(found, criterion, size)
        iterations, repeated = iterations + 1, bool((flagged == before).all())
    trait, trait_se = scale.scores(group >= 0)
    return HybridDif(
        n=np.bincount(group[group >= 0], minlength=len(labels)),
        criterion=criterion,
        bound=size,
        flagged=flagged,
        regression=replace(found, group_labels=labels),
        trait=trait,
        trait_se=trait_se,
        initial_trait=initial,
        responses=merged,
        group=group,
        code_counts=(np.nanmax(merged, axis=0) + 1).astype(np.intp),
        calibration=first,
        purified_calibration=scale.calibration,
        link=scale.link,
        iterations=iterations,
        converged=repeated and first.converged and scale.calibration.converged,
        group_labels=labels,
    )


def _prepared(
    responses: npt.ArrayLike, groups: npt.ArrayLike, reference: Label, minimum_count: int
) -> tuple[FloatArray, npt.NDArray[np.int16], tuple[Label, ...]]:
    """Return answers with rare codes merged (nan: missing), group codes and labels."""
    coded = as_codes(responses)
    group, labels = group_codes(groups, len(coded.codes), reference)
    to = merge_codes(coded.codes, group, coded.n_codes, minimum_count).to
    merged = to[np.arange(coded.n_items), np.maximum(coded.codes, 0)].astype(np.float64)
    merged[(coded.codes == MISSING) | (group < 0)[:, None]] = np.nan
    return merged, group, labels


def regress(merged: FloatArray, group: npt.NDArray[np.int16], trait: FloatArray) -> LogisticDif:
    """Return the regressions of all items on the trait, every value kept, for the people whose group is known."""
    known = group >= 0
    return logistic_dif(merged[known], group[known], reference=0, matching=trait[known], bins=None)


def _checked_bound(bound: npt.ArrayLike, criterion: str, n_items: int) -> float | FloatArray:
    given = np.asarray(bound, dtype=np.float64)
    shapes = [(), (n_items,), (3, n_items)] if criterion == "chi_square" else [(), (n_items,)]
    if given.shape not in shapes or not (given > 0).all():
        raise ValueError(f"bound must be positive, one number or one for each of the {n_items} items")
    return given if given.ndim else float(given)


def _flags(found: LogisticDif, criterion: str, bound: float | FloatArray) -> BoolArray:
    if criterion == "chi_square":
        tests = np.array([found.uniform.p, found.nonuniform.p, found.both.p])
        return np.asarray((tests <= bound).any(axis=0))
    size = found.match_coefficient_change if criterion == "beta" else getattr(found.both, f"delta_r2_{criterion}")
    return np.asarray(size >= bound)


@dataclass(frozen=True)
class _Scale:
    """A calibration and the line that takes its trait to the scale of the first calibration."""

    first: Calibration
    calibration: Calibration
    link: tuple[float, float]

    def scores(self, known: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return trait estimates and standard errors on the first scale, where the prior is standard normal."""
        stretch, shift = self.link
        placed = replace(self.calibration, means=np.array([-shift / stretch]), sds=np.array([1 / stretch]))
        found = eap_scores(placed)
        trait, se = np.full(len(known), np.nan), np.full(len(known), np.nan)
        trait[known], se[known] = stretch * found.trait + shift, stretch * found.se
        return trait, se


def _purified(
    first: Calibration, merged: FloatArray, group: npt.NDArray[np.int16], flagged: BoolArray, tolerance: float
) -> _Scale:
    """Calibrate with a column for each group of each flagged item, and link by the items that are not flagged."""
    if flagged.all():
        raise ValueError(
            "every item is flagged: no item is left to link the scales; choose a larger bound or criterion"
        )
    known = group >= 0
    columns = [merged[known][:, ~flagged]]
    for item in np.flatnonzero(flagged):
        own = group[known, None] == np.arange(group.max() + 1)
        columns.append(np.where(own, merged[known, item, None], np.nan))
    found = calibrate(np.concatenate(columns, axis=1), covariance="none", tolerance=tolerance)
    common = np.flatnonzero(~flagged)
    return _Scale(first, found, stocking_lord(first, common, found, np.arange(len(common))))
