"""Proportional-odds regression for many items at once, on count tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from psychometrics._codes import FloatArray

_MAX_STEPS = 60
# Newton's decrement, about twice what the likelihood can still gain, at which a step is the last: the next one would
# gain about the square of it.
_LAST_DECREMENT = 1e-7
_TINY = 1e-300
# Items are taken in blocks of about so many cells, so that what passes between two steps stays in the cache.
_BLOCK = 2**15


@dataclass(frozen=True)
class OrdinalFit:
    """One model fitted to each item: P(code >= k) = logistic(threshold_k + x slope); unused codes leave nan."""

    log_likelihood: FloatArray
    thresholds: FloatArray
    slopes: FloatArray
    covariance: FloatArray


def fit_ordinal(counts: FloatArray, design: FloatArray, start: OrdinalFit | None = None) -> OrdinalFit:
    """Fit counts (items, rows, codes) on a design (items, rows, columns) by Newton's method.

    `start` is a fit of the same counts on the first columns. The log-likelihood is concave (Pratt 1981), so that a
    halved Newton step always ends. With two codes this is binary logistic regression. Codes nobody gave to an item are
    left out of its model.
    """
    n_items, _, n_codes = counts.shape
    p = design.shape[2]
    loglik = np.full(n_items, np.nan)
    parameters = np.full((n_items, n_codes - 1 + p), np.nan)
    covariance = np.full((n_items, n_codes - 1 + p, n_codes - 1 + p), np.nan)
    used = counts.sum(axis=1) > 0
    known = None if start is None else np.concatenate([start.thresholds, start.slopes], axis=1)
    for pattern in np.unique(used, axis=0):
        if pattern.sum() < 2:
            continue
        alike = np.flatnonzero((used == pattern).all(axis=1))
        kept = np.concatenate([np.flatnonzero(pattern)[1:] - 1, np.arange(n_codes - 1, n_codes - 1 + p)])
        for items in np.array_split(alike, max(1, min(len(alike), len(alike) * counts[0].size // _BLOCK))):
            rows = np.flatnonzero(counts[items].sum(axis=(0, 2)) > 0)
            given = counts[np.ix_(items, rows, np.flatnonzero(pattern))]
            before = None if known is None else known[np.ix_(items, kept[kept < known.shape[1]])]
            fitted = _fit_alike(given, design[np.ix_(items, rows)], before)
            loglik[items], parameters[np.ix_(items, kept)], covariance[np.ix_(items, kept, kept)] = fitted
    return OrdinalFit(loglik, parameters[:, : n_codes - 1], parameters[:, n_codes - 1 :], covariance)


def _fit_alike(
    counts: FloatArray, design: FloatArray, known: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log-likelihood, estimates and covariance of items to which all codes were given."""
    scale = _Scale(counts, design)
    transform = scale.back(counts.shape[2] - 1)
    if known is None:
        start = _from_proportions(counts, design.shape[2])
    else:
        padded = np.zeros(transform.shape[:2])
        padded[:, : known.shape[1]] = known
        start = np.asarray(np.linalg.solve(transform, padded[:, :, None])[:, :, 0])
    loglik, estimate, inverse = _newton(counts, scale.design, start)
    return (
        loglik,
        np.einsum("iab,ib->ia", transform, estimate),
        transform @ inverse @ np.swapaxes(transform, 1, 2),
    )


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


def _from_proportions(counts: FloatArray, n_columns: int) -> FloatArray:
    """Return the estimates without any column, zero slopes added."""
    totals = counts.sum(axis=1)
    at_least = np.cumsum(totals[:, ::-1], axis=1)[:, ::-1][:, 1:]
    thresholds = logit(at_least / totals.sum(axis=1, keepdims=True))
    return np.concatenate([thresholds, np.zeros((len(counts), n_columns))], axis=1)


def _newton(
    counts: FloatArray, design: FloatArray, parameters: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log-likelihood, estimates and their covariance."""
    loglik = _log_likelihood(counts, design, parameters)
    active = np.arange(len(counts))
    for _ in range(_MAX_STEPS):
        gradient, information = _derivatives(counts[active], design[active], parameters[active])
        step = np.einsum("iab,ib->ia", np.linalg.pinv(information, hermitian=True), gradient)
        moved = _halved(counts[active], design[active], parameters[active], step, loglik[active])
        parameters[active], loglik[active] = moved
        active = active[(gradient * step).sum(axis=1) > _LAST_DECREMENT]
        if not len(active):
            break
    information = _derivatives(counts, design, parameters)[1]
    return loglik, parameters, np.asarray(np.linalg.pinv(information, hermitian=True))


def _halved(
    counts: FloatArray, design: FloatArray, parameters: FloatArray, step: FloatArray, loglik: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return parameters after the largest halved step that does not lower the likelihood."""
    size = np.ones(len(parameters))
    # At the maximum a step changes the likelihood by less than its rounding.
    bar = loglik - 1e-12 * np.abs(loglik)
    for _ in range(30):
        trial = parameters + size[:, None] * step
        value = _log_likelihood(counts, design, trial)
        worse = ~(value >= bar)
        if not worse.any():
            return trial, value
        size[worse] /= 2
    size[worse] = 0.0
    trial = parameters + size[:, None] * step
    return trial, np.where(worse, loglik, value)


def _probabilities(design: FloatArray, parameters: FloatArray, n_codes: int) -> tuple[FloatArray, FloatArray]:
    """Return P(code >= k), k = 1.., and P(code = c) for each item and row."""
    linear = design @ parameters[:, n_codes - 1 :, None]
    above = expit(parameters[:, None, : n_codes - 1] + linear)
    probability = np.empty((*above.shape[:2], n_codes))
    probability[..., 0] = 1.0
    probability[..., 1:] = above
    probability[..., :-1] -= above
    return above, probability


def _log_likelihood(counts: FloatArray, design: FloatArray, parameters: FloatArray) -> FloatArray:
    """Return the log-likelihood of each item; thresholds out of order make it very low."""
    _, probability = _probabilities(design, parameters, counts.shape[2])
    return np.asarray(np.einsum("irc,irc->i", counts, np.log(np.maximum(probability, _TINY))))


def _derivatives(counts: FloatArray, design: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient and observed information of each item's parameters."""
    above, probability = _probabilities(design, parameters, counts.shape[2])
    probability = np.maximum(probability, 1e-12)
    density = above * (1 - above)
    first = counts / probability
    second = first / probability
    score = density * (first[..., 1:] - first[..., :-1])
    by_row = density**2 * (second[..., 1:] + second[..., :-1]) - (1 - 2 * above) * score
    beside = -density[..., :-1] * density[..., 1:] * second[..., 1:-1]
    k, p = score.shape[2], design.shape[2]
    # Products with ones, for they sum over short axes far faster than sum().
    rows, thresholds = np.ones(counts.shape[1]), np.ones(k)
    information = np.zeros((len(counts), k + p, k + p))
    at = np.arange(k)
    information[:, at, at] = rows @ by_row
    information[:, at[:-1], at[1:]] = information[:, at[1:], at[:-1]] = rows @ beside
    by_row[..., :-1] += beside
    by_row[..., 1:] += beside
    across = np.swapaxes(design, 1, 2)
    information[:, k:, :k] = across @ by_row
    information[:, :k, k:] = np.swapaxes(information[:, k:, :k], 1, 2)
    information[:, k:, k:] = across @ ((by_row @ thresholds)[:, :, None] * design)
    gradient = np.concatenate([rows @ score, (across @ (score @ thresholds)[:, :, None])[:, :, 0]], axis=1)
    return gradient, information
