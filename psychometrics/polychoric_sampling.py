"""The sampling covariance of thresholds and polychoric correlations, what weighted least squares rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._codes import as_codes
from psychometrics._validation import Floats, Integers, as_choice, as_responses
from psychometrics.confirmatory.ordinal_moments import ordinal_moments
from psychometrics.irt._patterns import merge_codes


@dataclass(frozen=True)
class PolychoricCovariance:
    """
    Thresholds and polychoric correlations as one vector, with the covariance of its sampling errors.

    Attributes
    ----------
    estimates : ndarray of float, shape (n_statistics,)
        Thresholds item by item, ascending, then correlations of the lower triangle, row by row.
    covariance : ndarray of float, shape (n_statistics, n_statistics)
        Of the two-step estimates, whether or not the answers come from a normal distribution; times n it is the
        asymptotic covariance matrix.
    threshold_items : ndarray of int, shape (n_thresholds,)
        The item of each threshold.
    correlation_items : ndarray of int, shape (n_pairs, 2)
        The two items of each correlation.
    n : int
        People with at least one answer.
    n_corrected_tables : int
        Tables of two items with two categories each and an empty cell, into which half a person was moved.
    missing : str
        "none", "pairwise" or "listwise".
    """

    estimates: Floats
    covariance: Floats
    threshold_items: Integers
    correlation_items: Integers
    n: int
    n_corrected_tables: int
    missing: str


def polychoric_covariance(responses: ArrayLike, *, missing: str = "pairwise") -> PolychoricCovariance:
    """
    Estimate thresholds and polychoric correlations in two steps, with the sampling covariance of all of them.

    Parameters
    ----------
    responses : array_like of int, shape (n_people, n_items)
        Whole-number codes, nan where missing; two items or more. Categories that nobody used do not count.
    missing : {"pairwise", "listwise"}
        Thresholds from everyone who answered the item and correlations from everyone who answered both; or only
        people without gaps. Either is right when answers are missing completely at random.

    Returns
    -------
    PolychoricCovariance

    Raises
    ------
    ValueError
        For codes that are no whole numbers, an item without variance, a pair that nobody answered both of, or a
        correlation that runs up to 1 or -1.

    References
    ----------
    Muthen (1984), Psychometrika 49, 115-132.
    """
    as_choice(missing, ("pairwise", "listwise"), "missing")
    matrix = as_responses(responses, min_items=2)
    gaps = np.isnan(matrix)
    if missing == "listwise":
        matrix = as_responses(matrix[~gaps.any(axis=1)], min_items=2)
    with np.errstate(invalid="ignore"):
        spread = np.fmax.reduce(matrix) - np.fmin.reduce(matrix)
    if not (spread > 0).all():
        raise ValueError(f"item {int(np.argmin(np.nan_to_num(spread)))} does not vary")
    coded = as_codes(matrix)
    mapping = merge_codes(coded.codes, np.zeros(len(matrix), dtype=np.int16), coded.n_codes, 1)
    codes = np.where(coded.codes >= 0, mapping.to[np.arange(coded.n_items), coded.codes], -1)
    found = ordinal_moments(codes, mapping.n_codes)
    return PolychoricCovariance(
        estimates=found.statistics,
        covariance=found.covariance,
        threshold_items=np.nonzero(found.used)[0],
        correlation_items=np.column_stack(np.tril_indices(coded.n_items, -1)),
        n=found.n,
        n_corrected_tables=found.corrected,
        missing=missing if gaps.any() else "none",
    )
