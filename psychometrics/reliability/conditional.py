"""Standard errors of measurement that depend on the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Floats, as_responses


@dataclass(frozen=True)
class ConditionalErrors:
    """
    Standard errors of measurement of the sum score at given scores.

    Attributes
    ----------
    scores, standard_errors : ndarray of float
        In units of the sum score.
    overall : float
        Root mean square over people.
    n : int
        People used: those without gaps.
    method : str
    """

    scores: Floats
    standard_errors: Floats
    overall: float
    n: int
    method: str


def binomial_errors(scores: ArrayLike, n_items: int) -> Floats:
    """
    Return Lord's standard errors of number-right scores: sqrt(x (k - x) / (k - 1)).

    Lord (1955), Educational and Psychological Measurement 15, 325-336. For items scored 0 or 1 that differ little in
    difficulty.

    Parameters
    ----------
    scores : array_like of float
        0 to ``n_items``, nan where missing.
    n_items : int
        Two or more.
    """
    values = np.asarray(scores, dtype=np.float64)
    if n_items < 2:
        raise ValueError(f"n_items must be at least 2; got {n_items}")
    if ((values < 0) | (values > n_items)).any():
        raise ValueError(f"scores must lie between 0 and {n_items}")
    return np.asarray(np.sqrt(values * (n_items - values) / (n_items - 1.0)))


def conditional_errors(responses: ArrayLike, *, scores: ArrayLike | None = None) -> ConditionalErrors:
    """
    Return the standard error of measurement at each sum score, from how people's items scatter around their own level.

    A person's squared residuals after item and person means, times k / (k - 1), estimate the error variance of their
    sum; a quadratic in the score smooths them. Over people they average to variance * (1 - alpha), as they must.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        In the scored direction; people with gaps are left out.
    scores : array_like of float, optional
        Sum scores to give errors for; the distinct ones observed if not given.

    Returns
    -------
    ConditionalErrors

    Raises
    ------
    ValueError
        For fewer than ten people without gaps, or fewer than three different sums.

    References
    ----------
    Feldt & Qualls (1996), Journal of Educational Measurement 33, 141-156.
    """
    matrix = as_responses(responses, min_items=2)
    matrix = matrix[~np.isnan(matrix).any(axis=1)]
    n, k = matrix.shape
    total = matrix.sum(axis=1)
    observed = np.unique(total)
    if n < 10 or len(observed) < 3:
        raise ValueError(f"{n} people without gaps with {len(observed)} different sums are too few for errors by score")
    residual = matrix - matrix.mean(axis=1, keepdims=True) - matrix.mean(axis=0) + matrix.mean()
    variance = k / (k - 1.0) * n / (n - 1.0) * (residual**2).sum(axis=1)
    centre, width = total.mean(), total.std()
    powers = np.vander((total - centre) / width, 3)
    curve = np.linalg.lstsq(powers, variance, rcond=None)[0]
    wanted = observed if scores is None else np.asarray(scores, dtype=np.float64)
    smooth = np.vander((wanted - centre) / width, 3) @ curve
    return ConditionalErrors(
        wanted, np.sqrt(np.maximum(smooth, 0.0)), float(np.sqrt(variance.mean())), n, "feldt-qualls quadratic"
    )
