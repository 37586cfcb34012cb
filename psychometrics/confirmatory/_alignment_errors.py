"""Sampling errors of an alignment, through its minimum, and which parameters differ by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory._alignment_loss import Alignable, aligned, aligned_slopes, solution_slopes
from psychometrics.confirmatory._alignment_sets import invariant_groups


@dataclass(frozen=True)
class AlignmentErrors:
    """Standard errors of factor means and standard deviations, and where a group's parameter is not the others'."""

    means: Floats
    sds: Floats
    loadings_differ: Booleans
    intercepts_differ: Booleans


def alignment_errors(problem: Alignable, free: Floats, covariances: Floats | None) -> AlignmentErrors:
    """Return standard errors through the optimum, and which parameters differ by them."""
    n_groups, n_items = problem.loadings.shape
    if covariances is None:
        unknown, alike = np.full(n_groups, np.nan), np.zeros((n_groups, n_items), dtype=bool)
        return AlignmentErrors(unknown, unknown, alike, alike)
    if covariances.shape != (n_groups, 2 * n_items, 2 * n_items):
        raise ValueError(f"covariances must have the shape {(n_groups, 2 * n_items, 2 * n_items)}")
    sampling = _sampling_covariance(covariances)
    slopes = solution_slopes(problem, free)
    solution = np.sqrt(np.maximum(np.einsum("xi,ij,xj->x", slopes, sampling, slopes), 0.0))
    mean_errors, log_sd_errors = np.split(solution, 2)
    parameter_slopes = aligned_slopes(problem, free, slopes)
    differ = []
    for values, slope in zip(aligned(problem, free), parameter_slopes, strict=True):
        shared = [
            invariant_groups(values[:, item], slope[:, item] @ sampling @ slope[:, item].T) for item in range(n_items)
        ]
        differ.append(~np.array(shared).T)
    return AlignmentErrors(
        np.concatenate([[0.0], mean_errors]),
        np.concatenate([[0.0], log_sd_errors]) * problem.unpack(free)[1],
        *differ,
    )


def _sampling_covariance(covariances: Floats) -> Floats:
    """Return the covariance of all loadings, then all intercepts; groups are independent."""
    n_groups, n_items = len(covariances), covariances.shape[1] // 2
    full = np.zeros((2, n_groups, n_items, 2, n_groups, n_items))
    for group, covariance in enumerate(covariances):
        full[:, group, :, :, group, :] = covariance.reshape(2, n_items, 2, n_items)
    return full.reshape(2 * n_groups * n_items, -1)
