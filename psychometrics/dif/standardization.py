"""Standardised difference of proportions (Dorans & Kulick) for items with two codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import BoolArray, FloatArray, IntArray, as_codes, focal_indicator
from psychometrics._validation import Label, as_choice
from psychometrics.dif._matching import checked_anchors, make_tables, purify, stacked_tables


@dataclass(frozen=True)
class Standardization:
    """Standardised differences, one entry per item."""

    n: IntArray
    p_difference: FloatArray
    odds_ratio: FloatArray
    flagged: BoolArray
    anchors: BoolArray
    iterations: int
    converged: bool


def standardization(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    focal: Label,
    weights: str = "focal",
    threshold: float = 0.10,
    matching: npt.ArrayLike | str | None = None,
    anchors: npt.ArrayLike | None = None,
    purified: bool = False,
    max_iterations: int = 50,
) -> Standardization:
    """Describe the difference in the proportion of the higher code between matched groups.

    Parameters
    ----------
    responses, groups, focal, matching, anchors, purified, max_iterations
        As in `mantel_haenszel`.
    weights : {"focal", "total"}
        Whose distribution over the matching score the difference is standardised to.
    threshold : float
        Size of ``p_difference`` from which an item is flagged (0.10: Dorans & Kulick 1986).

    Returns
    -------
    Standardization
        ``p_difference``: focal minus reference, from -1 to 1; ``odds_ratio`` of the standardised proportions, reference
        over focal (Dorans & Holland 1993). A description without a test: where gaps leave few people, chance alone
        passes the threshold in most fair items.
    """
    as_choice(weights, ("focal", "total"), "weights")
    coded = as_codes(responses)
    if coded.n_codes != 2:
        raise ValueError(f"standardization needs items with two codes; these have {coded.n_codes} (see mantel)")
    source = make_tables(coded, focal_indicator(groups, len(coded.codes), focal), 2, matching)

    def test(chosen: BoolArray) -> tuple[FloatArray, BoolArray]:
        counts, _ = stacked_tables(source, chosen)
        return counts, np.abs(_differences(counts, weights)[0]) > threshold

    fixed = checked_anchors(anchors, coded.n_items)
    final = purify(test, coded.n_items, enabled=purified, max_iterations=max_iterations, start=fixed)
    difference, odds_ratio = _differences(final.result, weights)
    return Standardization(
        n=np.rint(final.result.sum(axis=(1, 2, 3))).astype(np.intp),
        p_difference=difference,
        odds_ratio=odds_ratio,
        flagged=np.abs(difference) > threshold,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged,
    )


def _differences(counts: FloatArray, weights: str) -> tuple[FloatArray, FloatArray]:
    in_group = counts.sum(axis=3)
    usable = (in_group > 0).all(axis=2)
    weight = np.where(usable, in_group[..., 1] if weights == "focal" else in_group.sum(axis=2), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        proportion = np.where(usable[..., None], counts[..., 1] / in_group, 0.0)
        reference, focal = ((weight[..., None] * proportion).sum(axis=1) / weight.sum(axis=1)[:, None]).T
        odds_ratio = reference * (1 - focal) / (focal * (1 - reference))
    return focal - reference, odds_ratio
