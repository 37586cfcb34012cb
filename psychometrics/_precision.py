"""
Sampling variance of any smooth function of a covariance matrix, also when answers are missing.

A function with gradient ``G`` (symmetric, its derivative with respect to every entry of the covariance matrix) changes
by ``tr(G dS)`` when the matrix changes by ``dS``. Each person's part in that is a quadratic form of their answers,
whose variance is known under normality and can be estimated without it.
"""

from __future__ import annotations

import numpy as np

from psychometrics._moments import Moments, row_blocks
from psychometrics._validation import Floats

# So many people with gaps stand for all of them in the effective sample size: its relative error stays near 1 %.
_SAMPLED_PEOPLE = 1000


def normal_variance_per_person(gradient: Floats, covariance: Floats) -> float:
    """Return n times the variance of the function for multivariate normal answers without gaps."""
    product = gradient @ covariance
    return float(2.0 * np.sum(product * product.T))


def effective_sample_size(responses: Floats, moments: Moments, gradient: Floats, covariance: Floats) -> float:
    """
    Return the number of people without gaps that would estimate the function as precisely under normality.

    With pairwise counts N, person p with answer pattern m contributes with the quadratic form
    W * m m', W = G n / N, whose variance is 2 tr((W * m m') S (W * m m') S). Without gaps this is n.
    """
    if moments.n_complete == moments.n_people:
        return float(moments.n_people)
    weights = gradient * moments.n_people / moments.counts
    patterns, share = _answer_patterns(responses, moments)
    product = (weights * patterns[:, :, None] * patterns[:, None, :]) @ covariance
    variances = 2.0 * np.einsum("pij,pji->p", product, product)
    return moments.n_people * normal_variance_per_person(gradient, covariance) / float(share @ variances)


def _answer_patterns(responses: Floats, moments: Moments) -> tuple[Floats, Floats]:
    """Return answer patterns (first: everything answered) and the share of people each stands for."""
    n_items = responses.shape[1]
    incomplete = np.concatenate(
        [start + np.flatnonzero(np.isnan(block @ np.ones(n_items))) for start, block in _numbered_blocks(responses)]
    )
    chosen = incomplete[:: max(1, len(incomplete) // _SAMPLED_PEOPLE)]
    answered = ~np.isnan(responses[chosen])
    answered = answered[answered.any(axis=1)].astype(np.float64)
    gaps = 1.0 - moments.n_complete / moments.n_people
    patterns = np.vstack([np.ones((1, n_items)), answered])
    share = np.concatenate([[1.0 - gaps], np.full(len(answered), gaps / len(answered))])
    return patterns, share


def _numbered_blocks(responses: Floats) -> list[tuple[int, Floats]]:
    blocks = list(row_blocks(responses))
    starts = np.cumsum([0, *(len(block) for block in blocks)])
    return list(zip(starts.tolist(), blocks, strict=False))


def influence(responses: Floats, moments: Moments, gradient: Floats, covariance: Floats) -> Floats:
    """
    Return each person's influence on the function: their mean square over n is its distribution-free variance.

    People without any answer have influence 0. Pairwise covariances as in ``pairwise_moments``.
    """
    weights = gradient * moments.n_people / moments.counts
    parts = []
    for block in row_blocks(responses):
        answered = ~np.isnan(block)
        centred = np.where(answered, block - moments.means, 0.0)
        mask = answered.astype(np.float64)
        expected = ((mask @ (weights * covariance)) * mask).sum(axis=1)
        parts.append(((centred @ weights) * centred).sum(axis=1) - expected)
    return np.concatenate(parts)
