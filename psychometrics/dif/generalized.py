"""Generalised Mantel-Haenszel tests: any number of groups and codes at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from psychometrics._codes import BoolArray, FloatArray, IntArray, as_codes, group_codes
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import Label, as_choice
from psychometrics.dif._matching import checked_anchors, make_tables, purify


@dataclass(frozen=True)
class GeneralizedMantelHaenszel:
    """Generalised Mantel-Haenszel results, one entry per item."""

    n: IntArray
    chi2: FloatArray
    degrees_of_freedom: IntArray
    p: FloatArray
    p_adjusted: FloatArray
    flagged: BoolArray
    anchors: BoolArray
    iterations: int
    converged: bool
    group_labels: tuple[Label, ...]


def generalized_mantel_haenszel(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    reference: Label,
    scores: str = "nominal",
    matching: npt.ArrayLike | str | None = None,
    anchors: npt.ArrayLike | None = None,
    purified: bool = False,
    significance: float = 0.05,
    max_iterations: int = 50,
) -> GeneralizedMantelHaenszel:
    """Test each item over two or many groups at once, given the match.

    Parameters
    ----------
    responses, groups, matching, anchors, purified, significance, max_iterations
        As in `mantel`, with any number of groups.
    reference : label
        The group the others are compared with; the statistic does not depend on it.
    scores : {"nominal", "ordinal"}
        ``nominal`` compares the whole distribution over codes ((groups - 1)(codes - 1) df), ``ordinal`` the mean
        codes (groups - 1 df).

    Returns
    -------
    GeneralizedMantelHaenszel
        Codes or groups that nobody holds do not count towards the degrees of freedom; these are 0, and the statistic
        nan, when nothing can be compared.

    References
    ----------
    Somes (1986); Zwick, Donoghue & Grima (1993); Penfield (2001) for many groups.
    """
    as_choice(scores, ("nominal", "ordinal"), "scores")
    coded = as_codes(responses)
    group, labels = group_codes(groups, len(coded.codes), reference, smallest=2)
    source = make_tables(coded, group, len(labels), matching)

    def test(chosen: BoolArray) -> tuple[tuple[FloatArray, FloatArray, FloatArray], BoolArray]:
        made = [_generalized(counts, scores) for _, counts, _ in source.tables(chosen)]
        n, chi2, df = (np.array(column, dtype=np.float64) for column in zip(*made, strict=True))
        return (n, chi2, df), chdtrc(df, chi2) < significance

    fixed = checked_anchors(anchors, coded.n_items)
    final = purify(test, coded.n_items, enabled=purified, max_iterations=max_iterations, start=fixed)
    n, chi2, df = final.result
    p = chdtrc(df, chi2)
    return GeneralizedMantelHaenszel(
        n=n.astype(np.intp),
        chi2=chi2,
        degrees_of_freedom=np.nan_to_num(df).astype(np.intp),
        p=p,
        p_adjusted=benjamini_hochberg(p),
        flagged=p < significance,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged,
        group_labels=labels,
    )


def _generalized(counts: FloatArray, scores: str) -> tuple[float, float, float]:
    """Return n, chi-square and degrees of freedom for one item's counts (levels, groups, codes)."""
    n = counts.sum(axis=(1, 2))
    counts = counts[n > 1]
    n = n[n > 1]
    in_group, in_code = counts.sum(axis=2), counts.sum(axis=1)
    # With several rows per margin, unused groups and codes would make the covariance singular.
    contrast = np.eye(counts.shape[2])[:, in_code.sum(axis=0) > 0][:, 1:]
    if scores == "ordinal":
        contrast = np.arange(counts.shape[2], dtype=np.float64)[:, None]
    groups = np.flatnonzero(in_group.sum(axis=0) > 0)[1:]
    expected = in_group[:, :, None] * in_code[:, None, :] / n[:, None, None]
    difference = ((counts - expected).sum(axis=0)[groups] @ contrast).ravel()
    share_group = in_group[:, groups] / n[:, None]
    share_code = in_code @ contrast / n[:, None]
    over_groups = share_group[:, :, None] * (np.eye(len(groups)) - share_group[:, None, :])
    squares = np.einsum("lc,cr,cs->lrs", in_code, contrast, contrast) / n[:, None, None]
    over_codes = squares - share_code[:, :, None] * share_code[:, None, :]
    weight = n**2 / (n - 1)
    covariance = np.einsum("l,lgh,lrs->grhs", weight, over_groups, over_codes).reshape(2 * (len(difference),))
    rank = int(np.linalg.matrix_rank(covariance)) if len(difference) else 0
    if rank == 0:
        return float(n.sum()), float("nan"), float("nan")
    return float(n.sum()), float(difference @ np.linalg.pinv(covariance) @ difference), float(rank)
