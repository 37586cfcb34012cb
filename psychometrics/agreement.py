"""Agreement between raters: intraclass correlations."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import fdtrc, fdtri

from psychometrics._validation import Floats, as_proportion, as_responses


@dataclass(frozen=True)
class IntraclassCorrelation:
    """
    One form of the intraclass correlation.

    Attributes
    ----------
    form : str
        "ICC1": raters differ from target to target; "ICC2": the same raters, drawn from many, absolute agreement;
        "ICC3": these raters and no others, consistency; with "k" for the mean of all raters.
    estimate, lower, upper : float
    f, p_value : float
        Test against 0.
    df1, df2 : float
    """

    form: str
    estimate: float
    lower: float
    upper: float
    f: float
    df1: float
    df2: float
    p_value: float


@dataclass(frozen=True)
class Agreement:
    """
    The six intraclass correlations of Shrout and Fleiss (1979), and the variances behind them.

    Attributes
    ----------
    forms : tuple of IntraclassCorrelation
        In the order ICC1, ICC2, ICC3, ICC1k, ICC2k, ICC3k.
    target_variance, rater_variance, residual_variance : float
    n_targets, n_raters, n_ratings : int
        As used.
    method : str
        "anova" (complete ratings) or "reml".
    missing : str
        "none", "listwise" or "reml".
    confidence : float
    """

    forms: tuple[IntraclassCorrelation, ...]
    target_variance: float
    rater_variance: float
    residual_variance: float
    n_targets: int
    n_raters: int
    n_ratings: int
    method: str
    missing: str
    confidence: float


def intraclass_correlations(ratings: ArrayLike, *, method: str = "anova", confidence: float = 0.95) -> Agreement:
    """
    Return how far raters agree.

    Parameters
    ----------
    ratings : array_like of float, shape (n_targets, n_raters)
        nan where a rater did not rate a target.
    method : {"anova", "reml"}
        Mean squares of the targets that everyone rated (by pingouin), or variance components from all ratings by
        restricted maximum likelihood, targets and raters random and crossed.
    confidence : float
        Level of the intervals, 0 to 1.

    Returns
    -------
    Agreement
        With "reml" and missing ratings the intervals take the design for complete, with the mean number of raters per
        target.

    Raises
    ------
    ValueError
        For fewer than two targets or raters, or ratings that do not vary.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428. McGraw & Wong (1996), Psychological Methods 1, 30-46.
    """
    matrix = as_responses(ratings, min_items=2)
    as_proportion(confidence, "confidence")
    if method not in {"anova", "reml"}:
        raise ValueError(f"method must be anova or reml; got {method!r}")
    gaps = bool(np.isnan(matrix).any())
    if method == "anova":
        matrix = matrix[~np.isnan(matrix).any(axis=1)]
    else:
        matrix = matrix[~np.isnan(matrix).all(axis=1)][:, ~np.isnan(matrix).all(axis=0)]
    if min(matrix.shape) < 2:
        raise ValueError(f"{matrix.shape[0]} targets and {matrix.shape[1]} raters remain; both must be at least 2")
    if np.nanmax(matrix) == np.nanmin(matrix):
        raise ValueError("all ratings are the same, so agreement about differences cannot be told")
    squares = _mean_squares(matrix) if method == "anova" else _restricted_likelihood(matrix)
    return Agreement(
        forms=_forms(squares, matrix.shape[1], confidence),
        target_variance=(squares.targets - squares.residual) / squares.n_raters,
        rater_variance=(squares.raters - squares.residual) / squares.n_targets,
        residual_variance=squares.residual,
        n_targets=matrix.shape[0],
        n_raters=matrix.shape[1],
        n_ratings=int(np.sum(~np.isnan(matrix))),
        method=method,
        missing="none" if not gaps else "listwise" if method == "anova" else "reml",
        confidence=confidence,
    )


@dataclass(frozen=True)
class _MeanSquares:
    """Mean squares of a complete two-way layout and its size; from gaps, those of the complete layout alike to it."""

    targets: float
    raters: float
    residual: float
    n_targets: float
    n_raters: float


def _mean_squares(ratings: Floats) -> _MeanSquares:
    """Return the mean squares by pingouin, which is imported here because it takes seconds and much memory."""
    import pandas as pd
    import pingouin

    n, k = ratings.shape
    target, rater = np.indices(ratings.shape)
    frame = pd.DataFrame({"target": target.ravel(), "rater": rater.ravel(), "rating": ratings.ravel()})
    # One rating per cell leaves nothing for the error within cells; what pingouin asks of pandas is not our concern.
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        table = pingouin.anova(frame, dv="rating", between=["target", "rater"], ss_type=2)
    targets, raters, residual = (float(x) for x in table["MS"][:3])
    return _MeanSquares(targets, raters, residual, n, k)


def _restricted_likelihood(ratings: Floats) -> _MeanSquares:
    """Return the mean squares that the variance components by restricted maximum likelihood would give."""
    answered = (~np.isnan(ratings)).astype(np.float64)
    values = np.where(answered > 0, ratings - np.nanmean(ratings), 0.0)
    # Square roots of variance ratios: the criterion is even in them, so that no bound is needed.
    found = minimize(
        lambda roots: _criterion(roots**2, answered, values)[0],
        np.array([1.0, 0.3]),
        method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000},
    )
    targets, raters = found.x**2
    residual = _criterion(found.x**2, answered, values)[1]
    n, per_target = len(ratings), float(answered.sum()) / len(ratings)
    return _MeanSquares(residual * (1.0 + per_target * targets), residual * (1.0 + n * raters), residual, n, per_target)


def _criterion(ratios: Floats, answered: Floats, values: Floats) -> tuple[float, float]:
    """
    Return -2 restricted log-likelihood (up to a constant) and the residual variance, for variances over the residual's.

    Targets are taken out one by one, raters by one small matrix (Woodbury): Patterson & Thompson (1971), Biometrika 58,
    545-554.
    """
    per_target = answered.sum(axis=1)
    weight = ratios[0] / (1.0 + per_target * ratios[0])
    among = np.diag(answered.sum(axis=0)) - (answered * weight[:, None]).T @ answered
    inner = np.eye(answered.shape[1]) + ratios[1] * among
    by_rater = [x.sum(axis=0) - answered.T @ (weight * x.sum(axis=1)) for x in (answered, values)]
    solved = [ratios[1] * np.linalg.solve(inner, x) for x in by_rater]

    def product(first: int, second: int) -> float:
        a, b = ((answered, values)[at] for at in (first, second))
        within = np.sum(a * b) - weight @ (a.sum(axis=1) * b.sum(axis=1))
        return float(within - by_rater[first] @ solved[second])

    ones, both, squares = product(0, 0), product(0, 1), product(1, 1)
    n, remaining = answered.sum(), squares - both**2 / ones
    log_determinant = np.log1p(per_target * ratios[0]).sum() + np.linalg.slogdet(inner)[1]
    return float(log_determinant + math.log(ones) + (n - 1) * math.log(remaining)), float(remaining / (n - 1))


def _forms(squares: _MeanSquares, n_raters: int, confidence: float) -> tuple[IntraclassCorrelation, ...]:
    n, k, b, e = squares.n_targets, squares.n_raters, squares.targets, squares.residual
    within = (squares.raters + (n - 1) * e) / n
    df1, df_within, df_residual = n - 1.0, n * (k - 1.0), (n - 1.0) * (k - 1.0)
    tail = 0.5 + confidence / 2.0
    single = []
    for form, error, df2 in (("ICC1", within, df_within), ("ICC2", e, df_residual), ("ICC3", e, df_residual)):
        if form == "ICC2":
            estimate, lower, upper = _absolute_agreement(squares, tail)
        else:
            low, high = error * float(fdtri(df1, df2, tail)), error / float(fdtri(df2, df1, tail))
            estimate, lower, upper = ((b - x) / (b + (k - 1.0) * x) for x in (error, low, high))
        f = b / error if error > 0 else math.inf
        p_value = float(fdtrc(df1, df2, f)) if math.isfinite(f) else 0.0
        single.append(IntraclassCorrelation(form, estimate, lower, upper, f, df1, df2, p_value))
    return (*single, *(_of_mean(form, n_raters) for form in single))


def _absolute_agreement(squares: _MeanSquares, tail: float) -> tuple[float, float, float]:
    """Return ICC2 with the interval of McGraw & Wong (1996, table 7), which has no exact form."""
    n, k = squares.n_targets, squares.n_raters
    b, j, e = squares.targets, squares.raters, squares.residual
    estimate = (b - e) / (b + (k - 1.0) * e + k * (j - e) / n)
    part, whole = k * estimate * j, (n * (1.0 + (k - 1.0) * estimate) - k * estimate) * e
    spread = (n - 1.0) * part**2 + whole**2
    df = (n - 1.0) * (k - 1.0) * (part + whole) ** 2 / spread if spread > 0 else (n - 1.0) * (k - 1.0)
    above, below = float(fdtri(n - 1.0, df, tail)), float(fdtri(df, n - 1.0, tail))
    rest = k * j + (k * n - k - n) * e
    return estimate, n * (b - above * e) / (above * rest + n * b), n * (below * b - e) / (rest + n * below * b)


def _of_mean(single: IntraclassCorrelation, n_raters: int) -> IntraclassCorrelation:
    """Step a single-rater form up to the mean of all raters (Spearman-Brown)."""
    estimate, lower, upper = (
        n_raters * x / (1.0 + (n_raters - 1.0) * x) for x in (single.estimate, single.lower, single.upper)
    )
    return replace(single, form=f"{single.form}k", estimate=estimate, lower=lower, upper=upper)
