"""The bivariate normal distribution with unit variances, on whole arrays."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, owens_t

from psychometrics._validation import Floats

# Beyond this nothing of a normal distribution is left in double precision.
_FAR = 40.0


def bivariate_normal_cdf(h: Floats, k: Floats, correlation: Floats) -> Floats:
    """Return P(X <= h, Y <= k) by Owen's T function (Owen, 1956, Annals of Mathematical Statistics 27, 1075-1090)."""
    # A zero would be divided by; its sign does not matter, because T is continuous there.
    h = np.clip(np.where(h == 0, 1e-300, h), -_FAR, _FAR)
    k = np.clip(np.where(k == 0, 1e-300, k), -_FAR, _FAR)
    root = np.sqrt(1.0 - correlation**2)
    with np.errstate(over="ignore"):
        first, second = (k / h - correlation) / root, (h / k - correlation) / root
    opposite = np.where(h * k < 0, 0.5, 0.0) + np.where((h * k == 0) & (np.sign(h) != np.sign(k)), 0.5, 0.0)
    value = 0.5 * (ndtr(h) + ndtr(k)) - owens_t(h, first) - owens_t(k, second) - opposite
    return np.asarray(np.clip(value, 0.0, 1.0))


def bivariate_normal_density(h: Floats, k: Floats, correlation: Floats) -> Floats:
    """Return the density at (h, k); 0 at infinity."""
    h, k = np.clip(h, -_FAR, _FAR), np.clip(k, -_FAR, _FAR)
    rest = 1.0 - correlation**2
    return np.asarray(np.exp(-0.5 * (h * h + k * k - 2.0 * correlation * h * k) / rest) / (2.0 * np.pi * np.sqrt(rest)))
