"""Likelihood-ratio tests of differential item functioning in the graded model (two codes: 2PL)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import Label, as_responses
from psychometrics.dif._matching import checked_anchors
from psychometrics.engines import Progress, map_tasks
from psychometrics.irt.calibration import Calibration, calibrate


@dataclass(frozen=True)
class LikelihoodRatioDif:
    """Likelihood-ratio results; one entry per tested item, `items` are their positions."""

    items: IntArray
    n: int
    chi2: FloatArray
    degrees_of_freedom: IntArray
    p: FloatArray
    p_adjusted: FloatArray
    converged: BoolArray
    anchors: BoolArray
    scheme: str


def likelihood_ratio_dif(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    reference: Label,
    anchors: npt.ArrayLike | None = None,
    minimum_count: int = 1,
    tolerance: float = 1e-5,
    engine: str | int = "serial",
    progress: Progress | None = None,
) -> LikelihoodRatioDif:
    """Test each item's slope and intercepts for equality over two or more groups.

    Parameters
    ----------
    responses, groups, reference, minimum_count, tolerance
        As in `calibrate`; missing answers are used as far as they go.
    anchors : positions or mask of items, optional
        With anchors every other item is tested against the model in which only the anchors are equal. Without, each
        item is freed in the model in which all are equal: then every other item is its anchor, which calls fair items
        differing where many others differ.
    engine, progress
        Where the items' models are fitted, and whom to tell, as in `map_tasks`; the numbers are the same.

    Returns
    -------
    LikelihoodRatioDif
        ``chi2``: twice the difference in log-likelihood (Thissen, Steinberg & Wainer 1993).

    Raises
    ------
    ValueError
        As `calibrate`; also for anchors that leave nothing to test.
    """
    table = as_responses(responses, min_items=2)
    n_items = table.shape[1]
    chosen = checked_anchors(anchors, n_items)
    equal = np.ones(n_items, dtype=bool) if chosen is None else chosen
    items = np.arange(n_items) if chosen is None else np.flatnonzero(~chosen)
    if not len(items):
        raise ValueError("every item is an anchor: nothing is left to test")

    base = _fit(equal, None, table, groups, reference, minimum_count, tolerance)
    masks = [equal ^ (np.arange(n_items) == item) for item in items]
    refit = partial(_fit, start=base, table=table, groups=groups, reference=reference,
                    minimum_count=minimum_count, tolerance=tolerance)  # fmt: skip
    others = map_tasks(refit, masks, engine=engine, progress=progress)
    chi2 = np.array([2 * abs(other.log_likelihood - base.log_likelihood) for other in others])
    df = np.array([abs(other.n_parameters - base.n_parameters) for other in others], dtype=np.intp)
    p = chdtrc(df.astype(np.float64), chi2)
    return LikelihoodRatioDif(
        items=items,
        n=int(base.n.sum()),
        chi2=chi2,
        degrees_of_freedom=df,
        p=p,
        p_adjusted=benjamini_hochberg(p),
        converged=np.array([base.converged and other.converged for other in others]),
        anchors=equal,
        scheme="all other items equal" if chosen is None else "anchors equal",
    )


def _fit(
    equal: BoolArray,
    start: Calibration | None,
    table: FloatArray,
    groups: npt.ArrayLike,
    reference: Label,
    minimum_count: int,
    tolerance: float,
) -> Calibration:
    """Fit the model in which these items are equal; it stands here so that other processes can be sent it."""
    return calibrate(
        table, groups, reference=reference, equal_slopes=equal, equal_intercepts=equal, covariance="none",
        minimum_count=minimum_count, tolerance=tolerance, start=start,
    )  # fmt: skip
