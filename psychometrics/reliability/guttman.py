"""Guttman's lower bounds of reliability and the split halves of a scale."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._validation import Floats, as_choice, as_responses
from psychometrics.reliability._covariances import MISSING, Covariances, covariances_of

BASES = ("covariance", "correlation")
# All 352,716 splits of 22 items are tried; of more items only the mean is known.
_MOST_ITEMS = 22


@dataclass(frozen=True)
class GuttmanLambdas:
    """
    Lower bounds of the reliability of a sum score: Guttman (1945), ten Berge & Zegers (1978).

    Attributes
    ----------
    lambda1, lambda2, lambda3, lambda5, lambda6 : float
        ``lambda3`` is coefficient alpha, ``lambda6`` uses squared multiple correlations (nan where the matrix has no
        inverse). ``lambda4`` is the best of the split halves, see ``split_halves``.
    lambda5_plus : float
        ``lambda5`` with k / (k - 1), as in the R package psych.
    mu : tuple of float
        Ten Berge and Zegers' series mu0 (alpha), mu1 (lambda2), mu2, mu3, each at least the one before.
    basis : str
        "covariance" for the sum of the items, "correlation" for the sum of standardised items.
    n, n_items : int
    missing : str
    notes : tuple of str
    """

    lambda1: float
    lambda2: float
    lambda3: float
    lambda5: float
    lambda5_plus: float
    lambda6: float
    mu: tuple[float, float, float, float]
    basis: str
    n: int
    n_items: int
    missing: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SplitHalves:
    """
    Reliability of a sum score from its halves.

    Attributes
    ----------
    odd_even_correlation, odd_even_spearman_brown, odd_even_flanagan : float
        Correlation of the items at odd with those at even places; stepped up to the full length; and Flanagan's
        coefficient (equal to Rulon's), which does not take the halves for parallel.
    best, worst, mean : float
        Of 4 cov(A, B) / var(A + B) over all splits into halves as equal as the number of items allows. ``best`` is
        Guttman's lambda4. nan for best and worst with more than 22 items.
    coefficients : ndarray of float, shape (n_splits,)
        All of them, ascending; empty with more than 22 items.
    basis, n, n_items, missing, notes
        As in ``GuttmanLambdas``.
    """

    odd_even_correlation: float
    odd_even_spearman_brown: float
    odd_even_flanagan: float
    best: float
    worst: float
    mean: float
    coefficients: Floats
    basis: str
    n: int
    n_items: int
    missing: str
    notes: tuple[str, ...]


def guttman_lambdas(responses: ArrayLike, *, basis: str = "covariance", missing: str = "pairwise") -> GuttmanLambdas:
    """
    Return Guttman's lower bounds.

    Parameters
    ----------
    responses : array_like of float, shape (n_people, n_items)
        In the scored direction, nan where missing.
    basis : {"covariance", "correlation"}
        Items as they are, or standardised.
    missing : {"pairwise", "listwise", "fiml"}
        As for ``cronbach_alpha``.

    Raises
    ------
    ValueError
        For unusable responses, or an item without variance where correlations are asked for.

    References
    ----------
    Guttman (1945), Psychometrika 10, 255-282. Ten Berge & Zegers (1978), Psychometrika 43, 575-579.
    """
    of, matrix = _matrix(responses, basis, missing)
    k, total = len(matrix), float(matrix.sum())
    off_diagonal = matrix - np.diag(np.diag(matrix))
    shared, columns = float(off_diagonal.sum()), (off_diagonal**2).sum(axis=0)
    first = shared / total
    largest = 2.0 * float(np.sqrt(columns.max())) / total
    mu = _series(off_diagonal, total)
    return GuttmanLambdas(
        lambda1=first,
        lambda2=mu[1],
        lambda3=mu[0],
        lambda5=first + largest,
        lambda5_plus=first + largest * k / (k - 1),
        lambda6=_lambda6(matrix, total),
        mu=mu,
        basis=basis,
        n=of.moments.n_people,
        n_items=k,
        missing=of.missing,
        notes=of.notes,
    )


def split_halves(responses: ArrayLike, *, basis: str = "covariance", missing: str = "pairwise") -> SplitHalves:
    """
    Return the reliability of a sum score from its halves: odd and even items, and every split there is.

    Parameters, errors and missing answers as for ``guttman_lambdas``.

    References
    ----------
    Spearman (1910) and Brown (1910), British Journal of Psychology 3. Rulon (1939), Harvard Educational Review 9,
    99-103. Guttman (1945), Psychometrika 10, 255-282.
    """
    of, matrix = _matrix(responses, basis, missing)
    k, total = len(matrix), float(matrix.sum())
    odd = np.arange(k) % 2 == 0
    first, second = float(matrix[np.ix_(odd, odd)].sum()), float(matrix[np.ix_(~odd, ~odd)].sum())
    between = (total - first - second) / 2.0
    correlation = between / float(np.sqrt(first * second)) if first * second > 0 else float("nan")
    half = k // 2
    coefficients = _all_splits(matrix, total)
    return SplitHalves(
        odd_even_correlation=correlation,
        odd_even_spearman_brown=spearman_brown(correlation, 2.0),
        odd_even_flanagan=4.0 * between / total,
        best=float(coefficients[-1]) if len(coefficients) else float("nan"),
        worst=float(coefficients[0]) if len(coefficients) else float("nan"),
        # Every pair of items is parted by the same share of the splits.
        mean=4.0 * half * (k - half) / (k * (k - 1)) * (total - float(np.trace(matrix))) / total,
        coefficients=coefficients,
        basis=basis,
        n=of.moments.n_people,
        n_items=k,
        missing=of.missing,
        notes=of.notes,
    )


def spearman_brown(reliability: float, length: float) -> float:
    """
    Return the reliability of a scale ``length`` times as long, made of parallel parts.

    Parameters
    ----------
    reliability : float
        At most 1.
    length : float
        Above 0; 2 for twice as many items, 0.5 for half of them.
    """
    if not length > 0:
        raise ValueError(f"length must be above 0; got {length}")
    return length * reliability / (1.0 + (length - 1.0) * reliability)


def _matrix(responses: ArrayLike, basis: str, missing: str) -> tuple[Covariances, Floats]:
    as_choice(basis, BASES, "basis")
    as_choice(missing, MISSING, "missing")
    of = covariances_of(as_responses(responses, min_items=2), missing)
    matrix = of.covariance if basis == "covariance" else of.correlation
    if np.isnan(matrix).any():
        raise ValueError(f"item {int(np.argmax(np.isnan(np.diag(matrix))))} does not vary")
    return of, matrix


def _series(off_diagonal: Floats, total: float) -> tuple[float, float, float, float]:
    k = len(off_diagonal)
    powers = [float(np.sum(off_diagonal ** (2**step))) for step in range(4)]
    values = []
    for last in range(4):
        nested = powers[last] * k / (k - 1)
        for step in range(last - 1, -1, -1):
            nested = powers[step] + float(np.sqrt(nested))
        values.append(nested / total)
    return values[0], values[1], values[2], values[3]


def _lambda6(matrix: Floats, total: float) -> float:
    if np.linalg.matrix_rank(matrix) < len(matrix):
        return float("nan")
    return 1.0 - float(np.sum(1.0 / np.diag(np.linalg.inv(matrix)))) / total


def _all_splits(matrix: Floats, total: float) -> Floats:
    """Return 1 - s'Ss / total for every split, s being +1 in one half and -1 in the other."""
    k = len(matrix)
    if k > _MOST_ITEMS:
        return np.empty(0)
    half = k // 2
    # With an even number each split would come twice; holding the first item in one half leaves one of the two.
    fixed = 1 if k % 2 == 0 else 0
    chosen = np.array(list(combinations(range(fixed, k), half - fixed)), dtype=np.intp).reshape(-1, half - fixed)
    signs = np.full((len(chosen), k), -1.0)
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    signs[:, :fixed] = 1.0
    return np.sort(1.0 - np.einsum("ij,ij->i", signs @ matrix, signs) / total)
