"""Newton's method with damping and lower bounds, for criteria that know their gradient and curvature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory._likelihood import Point

# The squared length of a step in standard errors below which nothing is left to gain.
_TOLERANCE = 1e-13
_MAX_ITERATIONS = 100
_MAX_TRIALS = 12

Criterion = Callable[[Floats], Point | None]


@dataclass(frozen=True)
class Maximum:
    """Where the climb ended, whether that is a maximum, and whether a parameter wants below its bound."""

    parameters: Floats
    point: Point
    converged: bool
    bounded: bool


def maximise(start: Floats, criterion: Criterion, fallback: Criterion, floor: Floats) -> Maximum:
    """
    Climb to a maximum.

    ``criterion`` gives the exact curvature; where that is not negative definite ``fallback`` gives one that is. Both
    return None where the criterion is not defined. Parameters on their floor that want below it stay there.
    """
    parameters = np.maximum(start, floor)
    point = criterion(parameters)
    if point is None:
        raise ValueError("the starting values imply a covariance matrix that is not positive definite")
    damping, held = 0.0, np.zeros(len(floor), dtype=bool)
    for _ in range(_MAX_ITERATIONS):
        held = (parameters <= floor) & (point.gradient < 0)
        curvature = _concave(point, ~held) or _concave(fallback(parameters), ~held)
        if curvature is None:
            break
        step = curvature.step(0.0)
        if float(step @ point.gradient) < _TOLERANCE:
            last = np.maximum(parameters + step, floor)
            return Maximum(last, criterion(last) or point, True, bool(held.any()))
        better = _climb(parameters, point, curvature, damping, criterion=criterion, floor=floor)
        if better is None:
            break
        parameters, point, damping = better
    return Maximum(parameters, point, False, bool(held.any()))


@dataclass(frozen=True)
class _Curvature:
    """Gradient and information of the free parameters."""

    gradient: Floats
    information: Floats
    free: Booleans

    def step(self, damping: float) -> Floats:
        """Return Newton's step, shortened most where the criterion is flattest (Marquardt, 1963)."""
        damped = self.information + damping * np.diag(np.diag(self.information))
        step = np.zeros(len(self.free))
        step[self.free] = np.linalg.solve(damped, self.gradient[self.free])
        return step


def _concave(point: Point | None, free: Booleans) -> _Curvature | None:
    """Return the curvature by the free parameters, None where the criterion is not concave."""
    if point is None:
        return None
    information = point.information[np.ix_(free, free)]
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return None
    return _Curvature(point.gradient, information, free)


def _climb(
    parameters: Floats, point: Point, curvature: _Curvature, damping: float, *, criterion: Criterion, floor: Floats
) -> tuple[Floats, Point, float] | None:
    """Return better parameters, the criterion there, and how much damping to begin the next step with."""
    # Near the top rounding decides which of two equal values is larger.
    promised = float(curvature.step(0.0) @ point.gradient)
    least = point.value - 1e-10 * (1.0 + abs(point.value)) * min(1.0, 1e-3 * promised + 1e-4)
    for _ in range(_MAX_TRIALS):
        candidate = np.maximum(parameters + curvature.step(damping), floor)
        new = criterion(candidate)
        if new is not None and new.value >= least:
            return candidate, new, 0.1 * damping if damping > 1e-4 else 0.0
        damping = max(10.0 * damping, 1e-3)
    return None
