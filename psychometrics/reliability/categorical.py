"""Reliability of sums of ordered answers, from the normal variables behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from psychometrics._bivariate_normal import bivariate_normal_cdf, bivariate_normal_density
from psychometrics._codes import as_codes
from psychometrics._validation import Floats, Integers, as_choice, as_proportion, as_responses
from psychometrics.polychoric import CategoryTables, pair_influence, polychoric_correlations
from psychometrics.reliability._intervals import two_sided_z
from psychometrics.reliability._result import Reliability
from psychometrics.reliability.least_squares import gradient_through_loadings, least_squares_loadings


def categorical_omega(
    responses: ArrayLike,
    *,
    estimator: str = "dwls",
    scale: str = "observed",
    total_variance: str = "observed",
    missing: str = "pairwise",
    confidence: float = 0.95,
) -> Reliability:
    """
    Return Green and Yang's omega: the share of a sum score's variance due to the factor behind ordered answers.

    Parameters
    ----------
    responses : array_like of int, shape (n_people, n_items)
        Whole-number codes in the scored direction, nan where missing; three items or more.
    estimator : {"dwls", "uls"}
        Loadings by least squares on polychoric correlations, weighted by their precision or not.
    scale : {"observed", "latent"}
        The sum of the answers, or the sum of the normal variables behind them (which nobody observes; always higher).
    total_variance : {"observed", "model"}
        Variance of the sum from the polychoric correlations, or from what the factor model implies of them.
    missing : {"pairwise", "listwise"}
        As for ``polychoric_correlations``.
    confidence : float
        Level of the interval, 0 to 1.

    Returns
    -------
    Reliability
        Delta-method interval on ln(1 - omega) from each person's influence on thresholds and correlations, the weights
        taken as fixed. ``notes``: "at_edge", "negative_loading".

    Raises
    ------
    ValueError
        As for ``polychoric_correlations``; and for a factor that leaves an item no residual variance.

    References
    ----------
    Green & Yang (2009), Psychometrika 74, 155-167, equation 21.
    """
    as_choice(estimator, ("dwls", "uls"), "estimator")
    as_choice(scale, ("observed", "latent"), "scale")
    as_choice(total_variance, ("observed", "model"), "total_variance")
    as_proportion(confidence, "confidence")
    matrix = as_responses(responses, min_items=3)
    if missing == "listwise":
        matrix = as_responses(matrix[~np.isnan(matrix).any(axis=1)], min_items=3)
    polychoric = polychoric_correlations(matrix)
    factor = _Factor.of(polychoric.correlation, polychoric.standard_errors, estimator)
    tables = CategoryTables.of(matrix)
    part = _observed_scale(tables, factor, total_variance) if scale == "observed" else _latent(factor, total_variance)
    persons = _influence(matrix, tables, factor, part)
    standard_error = math.sqrt(float(persons @ persons))
    half = two_sided_z(confidence) * standard_error / (1.0 - part.omega)
    gaps = bool(np.isnan(as_responses(responses)).any())
    return Reliability(
        estimate=part.omega,
        lower=1.0 - (1.0 - part.omega) * math.exp(half),
        upper=1.0 - (1.0 - part.omega) * math.exp(-half),
        standard_error=standard_error,
        n=polychoric.n,
        n_effective=float("nan"),
        n_items=matrix.shape[1],
        method=f"categorical omega {estimator} {scale}",
        interval="delta robust",
        missing=missing if gaps else "none",
        confidence=confidence,
        notes=polychoric.notes + (("negative_loading",) if (factor.loadings < 0).any() else ()),
    )


def ordinal_alpha(responses: ArrayLike, *, missing: str = "pairwise") -> float:
    """
    Return standardised alpha of the polychoric correlations (Zumbo, Gadermann & Zeisser, 2007).

    It is the reliability of a sum that nobody observes, higher than that of the scores people get (Chalmers, 2018,
    Educational and Psychological Measurement 78, 1056-1071); not a basis for a standard error.
    """
    total = float(polychoric_correlations(responses, missing=missing).correlation.sum())
    k = int(as_responses(responses).shape[1])
    return float(k / (k - 1) * (1.0 - k / total))


@dataclass(frozen=True)
class _Factor:
    """One factor behind the polychoric correlations."""

    correlation: Floats
    weights: Floats
    loadings: Floats

    @classmethod
    def of(cls, correlation: Floats, standard_errors: Floats, estimator: str) -> _Factor:
        weights = 1.0 - np.eye(len(correlation))
        if estimator == "dwls":
            # A correlation at the edge has no standard error; it weighs as little as the least certain one.
            errors = np.where(np.isnan(standard_errors), np.nanmax(standard_errors), standard_errors)
            weights = weights / np.where(weights > 0, errors, 1.0) ** 2
            weights /= weights.max()
        loadings = least_squares_loadings(correlation, weights)
        if not (loadings**2 < 1.0).all():
            item = int(np.argmax(loadings**2))
            raise ValueError(f"the factor leaves item {item} no residual variance, so categorical omega is not defined")
        return cls(correlation, weights, loadings)

    @property
    def implied(self) -> Floats:
        """Return the correlations due to the factor, communalities on the diagonal."""
        return np.outer(self.loadings, self.loadings)


@dataclass(frozen=True)
class _Part:
    """Omega and its derivatives: by correlations, by loadings, and by thresholds over the normal density there."""

    omega: float
    by_correlation: Floats
    by_loading: Floats
    by_threshold: Floats


def _latent(factor: _Factor, total_variance: str) -> _Part:
    common = float(factor.loadings.sum())
    k = len(factor.loadings)
    if total_variance == "model":
        total = common**2 + float(np.sum(1.0 - factor.loadings**2))
        omega = common**2 / total
        by_loading = (2.0 * common * (1.0 - omega) + 2.0 * omega * factor.loadings) / total
        return _Part(omega, np.zeros((k, k)), by_loading, np.zeros((k, 1)))
    total = float(factor.correlation.sum())
    omega = common**2 / total
    return _Part(omega, np.full((k, k), -omega / total), np.full(k, 2.0 * common / total), np.zeros((k, 1)))


def _observed_scale(tables: CategoryTables, factor: _Factor, total_variance: str) -> _Part:
    thresholds = tables.thresholds
    common = _Moments.of(thresholds, factor.implied)
    model = total_variance == "model"
    between = common if model else _Moments.of(thresholds, factor.correlation * (1.0 - np.eye(len(thresholds))))
    own, own_by_threshold = _variances(thresholds)
    apart = 1.0 - np.eye(len(thresholds))
    numerator = float(common.covariance.sum())
    total = float((between.covariance * apart).sum() + own.sum())
    omega = numerator / total
    # Each factor correlation stands for two entries; the total of the model depends on the loadings in the same way.
    kept = 1.0 - omega * apart if model else np.ones_like(apart)
    by_loading = 2.0 * (kept * common.by_correlation) @ factor.loadings / total
    by_correlation = np.zeros_like(apart) if model else -omega * apart * between.by_correlation / total
    by_total = (between.by_threshold * apart[:, :, None]).sum(axis=1) * 2.0 + own_by_threshold
    by_threshold = (2.0 * common.by_threshold.sum(axis=1) - omega * by_total) / total
    return _Part(omega, by_correlation, by_loading, by_threshold)


@dataclass(frozen=True)
class _Moments:
    """Covariances of integer answers given the correlations behind them, and their derivatives."""

    covariance: Floats
    by_correlation: Floats
    by_threshold: Floats  # (item, other, threshold of item), over the normal density at the threshold

    @classmethod
    def of(cls, thresholds: Floats, correlation: Floats) -> _Moments:
        h, k = thresholds[:, None, :, None], thresholds[None, :, None, :]
        rho = correlation[:, :, None, None]
        below = ndtr(thresholds)
        mean = below.sum(axis=1)
        joint = bivariate_normal_cdf(h, k, rho).sum(axis=(2, 3))
        finite_h, finite_k = np.clip(h, -40.0, 40.0), np.clip(k, -40.0, 40.0)
        conditional = ndtr((finite_k - rho * finite_h) / np.sqrt(1.0 - rho**2)).sum(axis=3)
        return cls(
            joint - np.outer(mean, mean),
            bivariate_normal_density(h, k, rho).sum(axis=(2, 3)),
            conditional - mean[None, :, None],
        )


def _variances(thresholds: Floats) -> tuple[Floats, Floats]:
    """Return the variance of each item's integer answers and its derivative by the thresholds, over the density."""
    below = ndtr(thresholds)
    last = thresholds.shape[1] - 1
    # In the sum of P(answer below both thresholds a and b) the lower of the two counts.
    times = 2.0 * (last - np.arange(last + 1)) + 1.0
    mean = below.sum(axis=1)
    return below @ times - mean**2, times[None, :] - 2.0 * mean[:, None]


def _influence(matrix: Floats, tables: CategoryTables, factor: _Factor, part: _Part) -> Floats:
    """Return each person's influence on omega through correlations, loadings and thresholds."""
    through = gradient_through_loadings(factor.correlation, factor.weights, factor.loadings, part.by_loading)
    gradient = 2.0 * (part.by_correlation + through)
    first, second = np.triu_indices(len(gradient), 1)
    added = pair_influence(tables, first, second, factor.correlation[first, second])
    single = _threshold_influence(tables, part.by_threshold)
    np.add.at(single, first, gradient[first, second][:, None] * added.first)
    np.add.at(single, second, gradient[first, second][:, None] * added.second)
    codes: Integers = as_codes(matrix).codes.astype(np.int64)
    # Missing answers have code -1 and take the padding at the end, which is 0.
    padded = np.pad(single, ((0, 0), (0, 1)))
    persons = sum((padded[item][codes[:, item]] for item in range(len(padded))), np.zeros(len(matrix)))
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):
        persons += np.pad(gradient[i, j] * added.both[pair], ((0, 1), (0, 1)))[codes[:, i], codes[:, j]]
    return persons


def _threshold_influence(tables: CategoryTables, by_threshold: Floats) -> Floats:
    """Return what an answer in each category of each item adds through the thresholds alone."""
    counts = np.einsum("iaia->ia", tables.joint)
    n = counts.sum(axis=1, keepdims=True)
    below = (np.cumsum(counts, axis=1) / n)[:, :-1]
    codes = np.arange(counts.shape[1])
    indicator = (codes[:, None] <= codes[None, :-1])[None, :, :] - below[:, None, :]
    if by_threshold.shape[1] != below.shape[1]:
        return np.zeros(counts.shape)
    return np.asarray(np.einsum("ict,it->ic", indicator, by_threshold) / n)
