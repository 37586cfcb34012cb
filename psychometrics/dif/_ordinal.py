"""Proportional-odds regression for many items at once, on count tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from psychometrics._codes import FloatArray

_MAX_STEPS = 60
_GAIN = 1e-11


@dataclass(frozen=True)
class OrdinalFit:
    """One model fitted to each item: P(code >= k) = logistic(threshold_k + x slope); unused codes leave nan."""

    log_likelihood: FloatArray
    thresholds: FloatArray
    slopes: FloatArray
    covariance: FloatArray


def fit_ordinal(counts: FloatArray, design: FloatArray) -> OrdinalFit:
    """Fit counts (items, rows, codes) on a design (items, rows, columns) by Newton's method.

    The log-likelihood is concave (Pratt 1981), so that a halved Newton step always ends. With two codes this is binary
    logistic regression. Codes nobody gave to an item are left out of its model.
    """
    n_items, _, n_codes = counts.shape
    p = design.shape[2]
    loglik = np.full(n_items, np.nan)
    parameters = np.full((n_items, n_codes - 1 + p), np.nan)
    covariance = np.full((n_items, n_codes - 1 + p, n_codes - 1 + p), np.nan)
    used = counts.sum(axis=1) > 0
    for pattern in np.unique(used, axis=0):
        if pattern.sum() < 2:
            continue
        items = np.flatnonzero((used == pattern).all(axis=1))
        rows = np.flatnonzero(counts[items].sum(axis=(0, 2)) > 0)
        scale = _Scale(counts[items][:, rows], design[items][:, rows])
        fitted = _newton(counts[items][:, rows][:, :, pattern], scale.design)
        kept = np.concatenate([np.flatnonzero(pattern)[1:] - 1, np.arange(n_codes - 1, n_codes - 1 + p)])
        loglik[items], estimate, inverse = fitted
        transform = scale.back(int(pattern.sum()) - 1)
        parameters[np.ix_(items, kept)] = np.einsum("iab,ib->ia", transform, estimate)
        covariance[np.ix_(items, kept, kept)] = transform @ inverse @ np.swapaxes(transform, 1, 2)
    return OrdinalFit(loglik, parameters[:, : n_codes - 1], parameters[:, n_codes - 1 :], covariance)


class _Scale:
    """Centres and scales the columns, for conditioning, and takes the estimates back to the original columns."""

    def __init__(self, counts: FloatArray, design: FloatArray) -> None:
        weight = counts.sum(axis=2, keepdims=True)
        total = np.maximum(weight.sum(axis=1), 1)
        self._mean = (weight * design).sum(axis=1) / total
        centred = design - self._mean[:, None]
        self._sd = np.sqrt((weight * centred**2).sum(axis=1) / total)
        self._sd[self._sd < 1e-12] = 1.0
        self.design = centred / self._sd[:, None]

    def back(self, n_thresholds: int) -> FloatArray:
        n_items, p = self._mean.shape
        transform = np.zeros((n_items, n_thresholds + p, n_thresholds + p))
        transform[:, :n_thresholds, :n_thresholds] = np.eye(n_thresholds)
        transform[:, :n_thresholds, n_thresholds:] = -(self._mean / self._sd)[:, None]
        at = n_thresholds + np.arange(p)
        transform[:, at, at] = 1 / self._sd
        return transform


def _newton(counts: FloatArray, design: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    n_items = len(counts)
    totals = counts.sum(axis=1)
    at_least = np.cumsum(totals[:, ::-1], axis=1)[:, ::-1][:, 1:]
    start = logit(at_least / totals.sum(axis=1, keepdims=True))
    parameters: FloatArray = np.concatenate([start, np.zeros((n_items, design.shape[2]))], axis=1)
    loglik = _log_likelihood(counts, design, parameters)
    active = np.arange(n_items)
    for _ in range(_MAX_STEPS):
        gradient, information = _derivatives(counts[active], design[active], parameters[active])
        step = np.einsum("iab,ib->ia", np.linalg.pinv(information, hermitian=True), gradient)
        moved = _halved(counts[active], design[active], parameters[active], step, loglik[active])
        gain = moved[1] - loglik[active]
        parameters[active], loglik[active] = moved
        active = active[gain > _GAIN * (1 + np.abs(loglik[active]))]
        if not len(active):
            break
    information = _derivatives(counts, design, parameters)[1]
    return loglik, parameters, np.asarray(np.linalg.pinv(information, hermitian=True))


def _halved(
    counts: FloatArray, design: FloatArray, parameters: FloatArray, step: FloatArray, loglik: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return parameters after the largest halved step that does not lower the likelihood."""
    size = np.ones(len(parameters))
    for _ in range(30):
        trial = parameters + size[:, None] * step
        value = _log_likelihood(counts, design, trial)
        worse = ~(value >= loglik)
        if not worse.any():
            return trial, value
        size[worse] /= 2
    size[worse] = 0.0
    trial = parameters + size[:, None] * step
    return trial, np.where(worse, loglik, value)


def _probabilities(design: FloatArray, parameters: FloatArray, n_codes: int) -> tuple[FloatArray, FloatArray]:
    """Return P(code >= k), k = 1.., and P(code = c) for each item and row."""
    linear = np.einsum("irp,ip->ir", design, parameters[:, n_codes - 1 :])
    above = expit(parameters[:, None, : n_codes - 1] + linear[:, :, None])
    padded = np.concatenate([np.ones((*above.shape[:2], 1)), above, np.zeros((*above.shape[:2], 1))], axis=2)
    return above, padded[..., :-1] - padded[..., 1:]


def _log_likelihood(counts: FloatArray, design: FloatArray, parameters: FloatArray) -> FloatArray:
    _, probability = _probabilities(design, parameters, counts.shape[2])
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * np.log(probability), 0.0)
    return np.where(np.isnan(terms).any(axis=(1, 2)), -np.inf, terms.sum(axis=(1, 2)))


def _derivatives(counts: FloatArray, design: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient and observed information of each item's parameters."""
    above, probability = _probabilities(design, parameters, counts.shape[2])
    probability = np.maximum(probability, 1e-12)
    density = above * (1 - above)
    first, second = counts / probability, counts / probability**2
    score = density * (first[..., 1:] - first[..., :-1])
    diagonal = density**2 * (second[..., 1:] + second[..., :-1]) - (1 - 2 * above) * score
    beside = -density[..., :-1] * density[..., 1:] * second[..., 1:-1]
    k = score.shape[2]
    by_row = diagonal.copy()
    by_row[..., :-1] += beside
    by_row[..., 1:] += beside
    p = design.shape[2]
    information = np.zeros((len(counts), k + p, k + p))
    at = np.arange(k)
    information[:, at, at] = diagonal.sum(axis=1)
    information[:, at[:-1], at[1:]] = information[:, at[1:], at[:-1]] = beside.sum(axis=1)
    information[:, :k, k:] = np.einsum("irk,irp->ikp", by_row, design)
    information[:, k:, :k] = np.swapaxes(information[:, :k, k:], 1, 2)
    information[:, k:, k:] = np.einsum("ir,irp,irq->ipq", by_row.sum(axis=2), design, design, optimize=True)
    gradient = np.concatenate([score.sum(axis=1), np.einsum("ir,irp->ip", score.sum(axis=2), design)], axis=1)
    return gradient, information
