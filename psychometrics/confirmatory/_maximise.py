"""Newton's method with step halving, for criteria that know their gradient and curvature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._likelihood import Point

# The squared length of a step in standard errors below which nothing is left to gain.
_TOLERANCE = 1e-13
_MAX_ITERATIONS = 200
_MAX_HALVINGS = 30

Criterion = Callable[[Floats], Point | None]


def maximise(start: Floats, criterion: Criterion, fallback: Criterion) -> tuple[Floats, Point, bool]:
    """
    Climb to a maximum; return the parameters, the criterion there, and whether it converged.

    ``criterion`` gives the exact curvature; where that is not negative definite ``fallback`` gives one that is. Both
    return None where the criterion is not defined.
    """
    parameters, point = start, criterion(start)
    if point is None:
        raise ValueError("the starting values imply a covariance matrix that is not positive definite")
    for _ in range(_MAX_ITERATIONS):
        step = _newton(point)
        if step is None:
            safe = fallback(parameters)
            step = None if safe is None else _newton(safe)
        if step is None:
            return parameters, point, False
        if float(step @ point.gradient) < _TOLERANCE:
            return parameters + step, criterion(parameters + step) or point, True
        better = _climb(parameters, point, step, criterion)
        if better is None:
            return parameters, point, False
        parameters, point = better
    return parameters, point, False


def _newton(point: Point) -> Floats | None:
    """Return the Newton step, None where the criterion is not concave."""
    try:
        root = np.linalg.cholesky(point.information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.solve(root.T, np.linalg.solve(root, point.gradient)))


def _climb(parameters: Floats, point: Point, step: Floats, criterion: Criterion) -> tuple[Floats, Point] | None:
    # Near the top rounding decides which of two equal values is larger.
    least = point.value - 1e-10 * (1.0 + abs(point.value)) * min(1.0, float(step @ point.gradient) * 1e-3 + 1e-4)
    for _ in range(_MAX_HALVINGS):
        candidate = parameters + step
        new = criterion(candidate)
        if new is not None and new.value >= least:
            return candidate, new
        step = 0.5 * step
    return None
