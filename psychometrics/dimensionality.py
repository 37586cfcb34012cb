"""How many dimensions a set of items has, and whether it can be factored at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from psychometrics._moments import pairwise_moments
from psychometrics._validation import Floats, as_choice, as_proportion, as_responses
from psychometrics.factors import as_correlation_matrix
from psychometrics.polychoric import polychoric_correlations

CORRELATIONS = ("pearson", "polychoric")


@dataclass(frozen=True)
class ParallelAnalysis:
    """
    Eigenvalues against those of items without anything in common (Horn, 1965, Psychometrika 30, 179-185).

    Attributes
    ----------
    eigenvalues : ndarray of float, shape (n_items,)
    random_quantile, random_mean : ndarray of float, shape (n_items,)
        Of the eigenvalues after shuffling every item's answers among the people who answered it.
    n_factors : int
        Leading eigenvalues above the random quantile.
    quantile : float
    n_resamples, n : int
    correlation : str
    """

    eigenvalues: Floats
    random_quantile: Floats
    random_mean: Floats
    n_factors: int
    quantile: float
    n_resamples: int
    n: int
    correlation: str


@dataclass(frozen=True)
class SamplingAdequacy:
    """Kaiser, Meyer and Olkin's measure, overall and by item: 0 to 1, the higher the less is particular to pairs."""

    overall: float
    by_item: Floats


@dataclass(frozen=True)
class Sphericity:
    """Bartlett's test of no correlation at all."""

    chi2: float
    df: int
    p_value: float


def eigenvalues(correlation: ArrayLike, *, reduced: bool = False) -> Floats:
    """Return the eigenvalues, falling; ``reduced``: with squared multiple correlations on the diagonal."""
    matrix = as_correlation_matrix(correlation).copy()
    if reduced:
        np.fill_diagonal(matrix, 1.0 - 1.0 / np.diag(_inverse(matrix)))
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1])


def minimum_average_partial(correlation: ArrayLike) -> Floats:
    """
    Return the mean squared partial correlation after 0, 1, 2, ... components are taken out; their number is the lowest.

    Velicer (1976), Psychometrika 41, 321-327. nan from where a component leaves an item no variance.

    Parameters
    ----------
    correlation : array_like of float, shape (n_items, n_items)

    Returns
    -------
    ndarray of float, shape (n_items - 1,)
    """
    matrix = as_correlation_matrix(correlation)
    k = len(matrix)
    values, vectors = np.linalg.eigh(matrix)
    left, means = matrix.copy(), np.full(k - 1, np.nan)
    for taken in range(k - 1):
        variance = np.diag(left)
        if (variance < 1e-12).any():
            break
        partial = left / np.sqrt(np.outer(variance, variance))
        means[taken] = (float(np.sum(partial**2)) - k) / (k * (k - 1))
        axis = vectors[:, -1 - taken]
        left = left - values[-1 - taken] * np.outer(axis, axis)
    return means


def sampling_adequacy(correlation: ArrayLike) -> SamplingAdequacy:
    """
    Return squared correlations over squared correlations plus squared partial correlations.

    Kaiser & Rice (1974), Educational and Psychological Measurement 34, 111-117.
    """
    matrix = as_correlation_matrix(correlation)
    inverse = _inverse(matrix)
    scale = np.sqrt(np.diag(inverse))
    apart = 1.0 - np.eye(len(matrix))
    squares, partial = (matrix * apart) ** 2, (inverse / np.outer(scale, scale) * apart) ** 2
    by_item = squares.sum(axis=0) / (squares.sum(axis=0) + partial.sum(axis=0))
    return SamplingAdequacy(float(squares.sum() / (squares.sum() + partial.sum())), by_item)


def sphericity(correlation: ArrayLike, n: int) -> Sphericity:
    """Return Bartlett's (1951) chi-square for the correlations of ``n`` people."""
    matrix = as_correlation_matrix(correlation)
    k = len(matrix)
    if n <= k:
        raise ValueError(f"{n} people are too few for a test of {k} items")
    _inverse(matrix)
    chi2 = -float(np.linalg.slogdet(matrix)[1]) * (n - 1.0 - (2.0 * k + 5.0) / 6.0)
    df = k * (k - 1) // 2
    return Sphericity(chi2, df, float(chdtrc(df, chi2)))


def parallel_analysis(
    responses: ArrayLike,
    *,
    rng: np.random.Generator,
    correlation: str = "pearson",
    n_resamples: int = 100,
    quantile: float = 0.95,
) -> ParallelAnalysis:
    """
    Compare eigenvalues with those of shuffled answers.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        nan where missing; gaps stay where they are.
    rng : numpy.random.Generator
    correlation : {"pearson", "polychoric"}
        Pairwise, of the answers or of the normal variables behind ordered answers.
    n_resamples : int
        At least 20.
    quantile : float
        Of the random eigenvalues, 0 to 1.

    Returns
    -------
    ParallelAnalysis
    """
    as_choice(correlation, CORRELATIONS, "correlation")
    as_proportion(quantile, "quantile")
    if n_resamples < 20:
        raise ValueError(f"n_resamples must be at least 20; got {n_resamples}")
    matrix = as_responses(responses, min_items=3)
    found = eigenvalues(_correlations(matrix, correlation))
    random = np.array([eigenvalues(_correlations(_shuffled(matrix, rng), correlation)) for _ in range(n_resamples)])
    limit = np.quantile(random, quantile, axis=0)
    above = found > limit
    return ParallelAnalysis(
        eigenvalues=found,
        random_quantile=limit,
        random_mean=random.mean(axis=0),
        n_factors=len(above) if above.all() else int(np.argmin(above)),
        quantile=quantile,
        n_resamples=n_resamples,
        n=int((~np.isnan(matrix)).any(axis=1).sum()),
        correlation=correlation,
    )


def _correlations(matrix: Floats, kind: str) -> Floats:
    if kind == "polychoric":
        return polychoric_correlations(matrix).correlation
    return pairwise_moments(matrix).correlation


def _shuffled(matrix: Floats, rng: np.random.Generator) -> Floats:
    shuffled = matrix.copy()
    for item in shuffled.T:
        answered = ~np.isnan(item)
        item[answered] = rng.permutation(item[answered])
    return shuffled


def _inverse(matrix: Floats) -> Floats:
    if np.linalg.eigvalsh(matrix)[0] < 1e-12:
        raise ValueError("the correlations are singular: an item follows from the others, or pairwise gaps contradict")
    return np.asarray(np.linalg.inv(matrix))
