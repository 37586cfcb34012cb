"""What every coefficient of reliability returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reliability:
    """
    A reliability coefficient with its uncertainty.

    Attributes
    ----------
    estimate : float
        At most 1; alpha and its kin may be negative.
    lower, upper : float
        Ends of the interval; nan where the method gives none.
    standard_error : float
        Of the estimate, on its own scale.
    n : int
        People used: with at least one answer, or without gaps for listwise.
    n_effective : float
        People without gaps that would be as informative; equals ``n`` without gaps.
    n_items : int
    method : str
        Coefficient and estimator, such as "alpha" or "omega ml".
    interval : str
        How the interval was made.
    missing : str
        "none", "pairwise", "listwise" or "fiml": what was done about missing answers.
    confidence : float
        Level of the interval, such as 0.95.
    notes : tuple of str
        Codes of what a reader should know, such as "smoothed", "equal_loadings", "negative_loading".
    """

    estimate: float
    lower: float
    upper: float
    standard_error: float
    n: int
    n_effective: float
    n_items: int
    method: str
    interval: str
    missing: str
    confidence: float
    notes: tuple[str, ...] = ()
