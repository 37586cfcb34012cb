"""Do parameters drift along a covariate? Score-based tests with exact asymptotic p values.

People's scores, the gradients of their log-likelihoods, sum to zero. Summed in the order of a covariate and
decorrelated they behave like a Brownian bridge in as many dimensions as there are parameters, where these are stable
(Zeileis & Hornik 2007). The squared length y of the bridge over its standard deviation is the stationary diffusion with
generator ``4 y f'' + 2 (k - y) f'`` in the time ``s = logit(t) / 2``: a chi-square with k degrees of freedom at any one
time. Its largest value over some time follows from the diffusion that ends where it crosses that value.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, eval_jacobi, gammaln, roots_jacobi

from psychometrics._codes import FloatArray, IntArray

# Polynomials per solution: more change no p value by 1e-9 up to 500 parameters.
_DEGREE = 80
# With more cuts than this the process is taken as continuous, and corrected for being seen at the cuts only.
_CONTINUOUS = 40
# -zeta(1/2) / sqrt(2 pi): how far a random walk overshoots, in standard deviations of a step (Siegmund 1985).
_OVERSHOOT = 0.5825971579390106
_LAGUERRE = 600
# Below this the complement of a probability has no digits left.
_TAIL = 1e-9


def decorrelated(scores: FloatArray) -> FloatArray:
    """Return scores (people, parameters) times the inverse root of their summed cross-products.

    Null directions are left out; the columns are orthonormal, so that sums over people are a process's increments.
    """
    if not scores.size:
        return scores
    vectors, values, _ = np.linalg.svd(scores, full_matrices=False)
    # Scores of parameters at infinity are rounding errors, far below those of a logit per person.
    return np.asarray(vectors[:, values > max(values[0] * 1e-8, 1e-6 * np.sqrt(len(scores)))])


def level_test(process: FloatArray, levels: IntArray) -> tuple[float, float]:
    """Return statistic and p of the test that no level's mean score differs from zero (Hjort & Koning 2002).

    ``levels`` number the levels from 0 without gaps.
    """
    sizes = np.bincount(levels)
    sums = np.stack([process[levels == level].sum(axis=0) for level in range(len(sizes))])
    statistic = float(((sums**2).sum(axis=1) / sizes).sum() * len(levels))
    return statistic, float(chdtrc(float(process.shape[1] * (len(sizes) - 1)), statistic))


def order_test(process: FloatArray, values: FloatArray, edge: int, *, grouped: bool = True) -> tuple[float, float]:
    """Return statistic and p of the largest Lagrange multiplier test over all cuts along a covariate (Andrews 1993).

    Cuts leave `edge` people or more on either side. ``grouped``: people of equal value are on one side; otherwise cuts
    also fall between them, in row order. The p value is that of the bridge at the cuts, as Merkle, Fan & Zeileis (2014)
    take it for ordered levels. nan where no cut is possible.
    """
    n, k = process.shape
    order = np.argsort(values, kind="stable")
    path = np.cumsum(process[order], axis=0)
    ends = np.ones(n, dtype=bool)
    if grouped:
        ends[:-1] = np.diff(values[order]) > 0
    cuts = np.flatnonzero(ends) + 1
    cuts = cuts[(cuts >= edge) & (cuts <= n - edge)]
    if not len(cuts):
        return np.nan, np.nan
    shares = cuts / n
    statistic = float(((path[cuts - 1] ** 2).sum(axis=1) / (shares * (1 - shares))).max())
    times = np.log(shares / (1 - shares)) / 2
    if len(cuts) > _CONTINUOUS:
        # A process seen at steps of variance 2 ds exceeds a value about as often as one always seen exceeds this more.
        higher = np.sqrt(statistic) + _OVERSHOOT * np.sqrt(2 * np.diff(times)).mean()
        return statistic, supremum_p(float(higher**2), k, float(times[-1] - times[0]))
    return statistic, maximum_p(statistic, k, times)


def supremum_p(statistic: float, k: int, duration: float) -> float:
    """Return P(the diffusion exceeds a value at any moment of some time), which DeLong (1981) tabled.

    The survivors' density is a sum of eigenfunctions of the generator that vanish at the value. They are sought as
    ``exp(y / 4) (1 - x) P(x)``, P a polynomial and x = 2 y / statistic - 1: the matrix of the problem is then
    symmetric, and Jacobi polynomials, orthogonal with the weight that is left, make the other matrix the identity.
    """
    tail = _tail(statistic, k, duration)
    if statistic > 2 * k and tail < _TAIL:
        return tail
    power = k / 2 - 1
    nodes, weights = roots_jacobi(_DEGREE + 30, 0.0, power)
    y = statistic * (1 + nodes) / 2
    basis, slope = _jacobi(nodes, power)
    moved = ((1 - nodes) * slope - basis) * 2 / statistic
    basis = (1 - nodes) * basis
    flux = moved + basis / 4
    rates, vectors = np.linalg.eigh((flux * (weights * 4 * y)) @ flux.T)
    share = vectors.T @ (basis @ (weights * np.exp(-y / 4)))
    constant = np.exp(k / 2 * np.log(statistic / 4) - gammaln(k / 2))
    survival = constant * float(share**2 @ np.exp(-rates * duration))
    return float(np.clip(1 - survival, tail / 2, 1.0))


def _jacobi(nodes: FloatArray, power: float) -> tuple[FloatArray, FloatArray]:
    """Return the polynomials orthonormal for the weight (1 - x)^2 (1 + x)^power, and their slopes, (degrees, nodes)."""
    n = np.arange(_DEGREE, dtype=np.float64)
    total = n + power + 3
    log_norm = (power + 3) * np.log(2) - np.log(2 * n + power + 3)
    log_norm += gammaln(n + 3) + gammaln(n + power + 1) - gammaln(total) - gammaln(n + 1)
    scale = np.exp(-log_norm / 2)[:, None]
    values = eval_jacobi(n[:, None], 2.0, power, nodes)
    slopes = np.zeros_like(values)
    slopes[1:] = total[1:, None] / 2 * eval_jacobi(n[1:, None] - 1, 3.0, power + 1, nodes)
    return scale * values, scale * slopes


def maximum_p(statistic: float, k: int, times: FloatArray) -> float:
    """Return P(the diffusion exceeds a value at one of some times).

    Laguerre polynomials are the eigenfunctions of the generator: between the times they decay, at each time their
    products are integrated up to the value only.
    """
    at_one = float(chdtrc(float(k), statistic))
    if len(times) == 1 or len(times) * at_one < _TAIL:
        return min(len(times) * at_one, 1.0)
    steps = np.diff(times)
    degree = int(min(_LAGUERRE, max(60.0, 8 / steps.min())))
    within = _laguerre_products(statistic, k, degree)
    alive = within[:, 0]
    for step in steps:
        alive = within @ (np.exp(-2 * np.arange(degree) * step) * alive)
    return float(np.clip(1 - alive[0], at_one, 1.0))


def _laguerre_products(limit: float, k: int, degree: int) -> FloatArray:
    """Return the integrals up to a limit of products of Laguerre polynomials orthonormal for the chi-square density."""
    power = k / 2 - 1
    nodes, weights = roots_jacobi(degree + 60, 0.0, power)
    x = limit * (1 + nodes) / 4
    density = np.exp(np.log(weights) - x + k / 2 * np.log(limit / 4) - gammaln(k / 2))
    values = np.zeros((degree, len(x)))
    values[0], values[1] = 1.0, (1 + power - x) / np.sqrt(1 + power)
    for n in range(1, degree - 1):
        last = np.sqrt(n * (n + power)) * values[n - 1]
        values[n + 1] = ((2 * n + 1 + power - x) * values[n] - last) / np.sqrt((n + 1) * (n + 1 + power))
    return np.asarray((values * density) @ values.T)


def _tail(statistic: float, k: int, duration: float) -> float:
    """Return what the supremum's p value tends to for large values (DeLong 1981; Estrella 2003, equation 7)."""
    log_density = k / 2 * np.log(statistic / 2) - statistic / 2 - gammaln(k / 2)
    return float(min(np.exp(log_density) * max(2 * duration * (1 - k / statistic) + 2 / statistic, 0.0), 1.0))
