"""Mantel-Haenszel differences in small groups, drawn towards what all items show together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from psychometrics._codes import BoolArray, FloatArray
from psychometrics._validation import as_choice, as_proportion

# Class C-, B-, A, B+, C+ of a true difference on the delta scale (Zwick, Thayer & Lewis 1999).
_EDGES = np.array([-np.inf, -1.5, -1.0, 1.0, 1.5, np.inf])
CLASSES = ("C-", "B-", "A", "B+", "C+")
_GRID, _BISECTIONS = 200, 60


@dataclass(frozen=True)
class ShrunkenDif:
    """Posterior of the true MH D-DIF of each item.

    ``probabilities`` (items, 5) of the classes C-, B-, A, B+, C+; ``weight`` is the share of the item's own figure in
    the posterior mean, the rest is that of the mean of all items.
    """

    n_items: int
    mean: FloatArray
    sd: FloatArray
    lower: FloatArray
    upper: FloatArray
    weight: FloatArray
    probabilities: FloatArray
    most_probable: tuple[str, ...]
    prior_mean: float
    prior_sd: float
    method: str


def shrunken_dif(
    delta: npt.ArrayLike,
    delta_se: npt.ArrayLike,
    *,
    method: str = "integrated",
    prior: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> ShrunkenDif:
    """Return what is to be believed of each item's MH D-DIF, given its estimate and those of all other items.

    True differences are taken as normal over items, estimates as normal around them.

    Parameters
    ----------
    delta, delta_se : array_like of float, shape (n_items,)
        From `mantel_haenszel`; nan where undefined, such items take no part and stay nan.
    method : {"integrated", "moments"}
        How the mean and the standard deviation of true differences are known. ``moments`` is the published estimate:
        the mean of the estimates, and their variance less the mean squared standard error. With few items it is often
        zero, and then every item is certain to be like the mean. ``integrated`` averages over both, each value of the
        standard deviation being as likely beforehand (Gelman 2006).
    prior : (float, float), optional
        Mean and standard deviation of true differences known from elsewhere, instead of `method`.
    confidence : float
        Level of the interval.

    Returns
    -------
    ShrunkenDif
        ``prior_mean``, ``prior_sd``: the estimates (``integrated``: posterior means).

    Raises
    ------
    ValueError
        For shapes that do not fit, errors that are not positive, or fewer than three items without a prior.

    References
    ----------
    Zwick, Thayer & Lewis (1999), Journal of Educational Measurement, 36, 1-28; Gelman (2006), Bayesian Analysis, 1,
    515-534.
    """
    as_choice(method, ("integrated", "moments"), "method")
    tail = (1 - as_proportion(confidence, "confidence")) / 2
    value, error, known = _checked(delta, delta_se, 1 if prior else 3)
    if prior is not None:
        mixture = _known(value[known], error[known], *prior)
    elif method == "moments":
        centre = float(value[known].mean())
        spread = float(value[known].var(ddof=1) - (error[known] ** 2).mean())
        mixture = _known(value[known], error[known], centre, max(spread, 0.0) ** 0.5)
    else:
        mixture = _integrated(value[known], error[known])
    probabilities = np.full((len(value), 5), np.nan)
    probabilities[known] = np.diff([mixture.below(edge) for edge in _EDGES], axis=0).T
    best = np.where(known, np.nan_to_num(probabilities).argmax(axis=1), -1)

    def spread_out(numbers: FloatArray) -> FloatArray:
        full = np.full(len(value), np.nan)
        full[known] = numbers
        return full

    return ShrunkenDif(
        n_items=int(known.sum()),
        mean=spread_out(mixture.mean),
        sd=spread_out(mixture.sd),
        lower=spread_out(mixture.quantile(tail)),
        upper=spread_out(mixture.quantile(1 - tail)),
        weight=spread_out(mixture.shares @ mixture.weights),
        probabilities=probabilities,
        most_probable=tuple("" if at < 0 else CLASSES[at] for at in best),
        prior_mean=mixture.prior_mean,
        prior_sd=mixture.prior_sd,
        method="prior given" if prior else method,
    )


def _checked(delta: npt.ArrayLike, delta_se: npt.ArrayLike, least: int) -> tuple[FloatArray, FloatArray, BoolArray]:
    value, error = np.asarray(delta, dtype=np.float64), np.asarray(delta_se, dtype=np.float64)
    if value.ndim != 1 or value.shape != error.shape:
        raise ValueError(f"delta and delta_se must hold one number per item; got shapes {value.shape}, {error.shape}")
    known = np.isfinite(value) & np.isfinite(error)
    if (error[known] <= 0).any():
        raise ValueError("standard errors must be positive; nan where undefined")
    if known.sum() < least:
        raise ValueError(f"{known.sum()} items have an estimate; shrinking needs at least {least}, or a prior")
    return value, error, known


@dataclass(frozen=True)
class _Mixture:
    """Normal posteriors of each item for each value of the prior's SD (values, items), and each value's share."""

    shares: FloatArray
    centres: FloatArray
    spreads: FloatArray
    weights: FloatArray
    prior_mean: float
    prior_sd: float

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.shares @ self.centres)

    @property
    def sd(self) -> FloatArray:
        return np.sqrt(self.shares @ (self.spreads**2 + (self.centres - self.mean) ** 2))

    def below(self, edge: FloatArray | float) -> FloatArray:
        """Return the probability that the true difference lies below an edge."""
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.nan_to_num((edge - self.centres) / self.spreads, nan=0.0)
        return np.asarray(self.shares @ ndtr(z))

    def quantile(self, share: float) -> FloatArray:
        low, high = self.mean - 10 * self.sd, self.mean + 10 * self.sd
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            under = self.below(middle) < share
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray((low + high) / 2)


def _known(value: FloatArray, error: FloatArray, centre: float, spread: float) -> _Mixture:
    weight = spread**2 / (spread**2 + error**2)
    posterior = weight * value + (1 - weight) * centre
    return _Mixture(np.ones(1), posterior[None], (np.sqrt(weight) * error)[None], weight[None], centre, spread)


def _integrated(value: FloatArray, error: FloatArray) -> _Mixture:
    """Average over the prior's SD, its mean being integrated out (Gelman et al. 2013, section 5.4)."""
    spread = np.linspace(0.0, 4 * (value.std() + error.mean()), _GRID)[:, None]
    precision = 1 / (spread**2 + error**2)
    variance = 1 / precision.sum(axis=1, keepdims=True)
    centre = variance * (precision * value).sum(axis=1, keepdims=True)
    log_share = 0.5 * (np.log(variance[:, 0]) + (np.log(precision) - precision * (value - centre) ** 2).sum(axis=1))
    shares = np.exp(log_share - log_share.max())
    shares /= shares.sum()
    weight = spread**2 * precision
    posterior = weight * value + (1 - weight) * centre
    spreads = np.sqrt(weight * error**2 + (1 - weight) ** 2 * variance)
    return _Mixture(shares, posterior, spreads, weight, float(shares @ centre[:, 0]), float(shares @ spread[:, 0]))
