"""What a factor model is fitted to: the answers of each group as few weighted rows, and their unrestricted moments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics._codes import group_codes
from psychometrics._covariance_matrix import as_correlation
from psychometrics._moments import pairwise_moments
from psychometrics._patterns import Collapsed, collapse, complete_rows
from psychometrics._saturated import SaturatedMoments, saturated_moments
from psychometrics._validation import Floats, Integers, Label, as_choice, as_responses

MISSING = ("listwise", "fiml")
# The smallest eigenvalue of a correlation matrix that is more than rounding.
_SINGULAR = 1e-10
_NO_INVERSE = (
    "some items are sums of others, or too few people answered the same items, so the covariance matrix has no inverse"
)


@dataclass(frozen=True)
class Sample:
    """
    The answers of one group.

    Attributes
    ----------
    responses : ndarray of float, shape (n, n_items)
        The people used.
    rows : Collapsed
        The same as weighted rows by answer pattern.
    means, covariance : ndarray of float
        Maximum-likelihood moments (divided by n) without a model.
    log_likelihood : float
        At those moments.
    """

    responses: Floats
    rows: Collapsed
    means: Floats
    covariance: Floats
    log_likelihood: float

    @property
    def n(self) -> int:
        return self.rows.n_people

    @property
    def complete(self) -> bool:
        return len(self.rows.patterns) == 1 and bool(self.rows.patterns.all())

    def as_if_complete(self) -> Sample:
        """Return a sample without gaps that has the same unrestricted moments."""
        return _complete(self.responses, self.means, self.covariance)


@dataclass(frozen=True)
class Grouped:
    """Samples by group, their labels, and how many people were left out for want of answers or of a group."""

    samples: tuple[Sample, ...]
    labels: tuple[Label, ...]
    n_left_out: int

    @property
    def n(self) -> int:
        return sum(sample.n for sample in self.samples)


def grouped_samples(
    responses: ArrayLike, groups: ArrayLike | None, missing: str, *, reference: Label | None = None
) -> Grouped:
    """Split validated responses by group, the reference group first, and summarise each group."""
    as_choice(missing, MISSING, "missing")
    matrix = as_responses(responses, min_items=2)
    labels, codes = _groups_of(groups, len(matrix), reference)
    gaps = np.isnan(matrix)
    usable = (codes >= 0) & ~(gaps.any(axis=1) if missing == "listwise" else gaps.all(axis=1))
    samples = tuple(
        _sample(matrix[usable & (codes == code)], "" if groups is None else f"group {label!r}: ", missing)
        for code, label in enumerate(labels)
    )
    return Grouped(samples, labels, len(matrix) - int(usable.sum()))


def _groups_of(groups: ArrayLike | None, n: int, reference: Label | None) -> tuple[tuple[Label, ...], Integers]:
    if groups is None:
        return ("all",), np.zeros(n, dtype=np.int64)
    codes, labels = group_codes(groups, n, reference)
    return labels, codes.astype(np.int64)


def _sample(matrix: Floats, where: str, missing: str) -> Sample:
    people, items = matrix.shape
    if people <= items:
        advice = "; missing='fiml' would use everyone with an answer" if missing == "listwise" else ""
        raise ValueError(f"{where}{people} people are too few for a factor model of {items} items{advice}")
    with np.errstate(invalid="ignore"):
        spread = np.fmax.reduce(matrix) - np.fmin.reduce(matrix)
    if not (spread > 0).all():
        item = int(np.argmin(np.nan_to_num(spread)))
        raise ValueError(f"{where}item {item} does not vary, so no factor can explain it; leave it out")
    found = pairwise_moments(matrix)
    if (found.counts < 1).any():
        first, second = np.argwhere(found.counts < 1)[0]
        raise ValueError(f"{where}nobody answered both item {first} and item {second}, so how they covary is open")
    if np.isnan(matrix).any():
        moments = _unrestricted(matrix, where)
        rows = collapse(matrix, moments.means)
        return Sample(matrix, rows, moments.means, moments.covariance, moments.log_likelihood)
    _refuse_singular(found.correlation, where)
    return _complete(matrix, found.means, found.covariance * (people - 1) / people)


def _unrestricted(matrix: Floats, where: str) -> SaturatedMoments:
    """Return full-information moments, refused where they end at a covariance matrix without an inverse."""
    try:
        with np.errstate(invalid="ignore"):
            moments = saturated_moments(matrix)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{where}{_NO_INVERSE}") from error
    _refuse_singular(as_correlation(moments.covariance), where)
    return moments


def _refuse_singular(correlation: Floats, where: str) -> None:
    if not np.linalg.eigvalsh(correlation)[0] > _SINGULAR:
        raise ValueError(f"{where}{_NO_INVERSE}")


def _complete(responses: Floats, means: Floats, covariance: Floats) -> Sample:
    people, items = responses.shape
    rows = complete_rows(means, covariance, people)
    determinant = float(np.linalg.slogdet(covariance)[1])
    log_likelihood = -0.5 * people * (items * (math.log(2 * math.pi) + 1.0) + determinant)
    return Sample(responses, rows, means, covariance, log_likelihood)
