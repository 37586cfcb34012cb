"""Rotations of factor loadings; each returns the rotated loadings and the correlations of the factors."""

from __future__ import annotations

import numpy as np

from psychometrics._validation import Floats

_MAX_ITERATIONS = 2000


def varimax(loadings: Floats) -> tuple[Floats, Floats]:
    """
    Rotate to the largest variance of squared loadings, items weighted alike (Kaiser, 1958, Psychometrika 23, 187-200).

    It stops, as is customary, when the criterion grows by less than 1e-5 of itself; going on would move loadings in the
    third decimal.
    """
    loadings = _checked(loadings)
    length = np.sqrt((loadings**2).sum(axis=1))
    length[length == 0] = 1.0
    unit = loadings / length[:, None]
    rotation, reached = np.eye(loadings.shape[1]), 0.0
    for _ in range(_MAX_ITERATIONS):
        rotated = unit @ rotation
        target = rotated**3 - rotated * (rotated**2).mean(axis=0)
        left, singular, right = np.linalg.svd(unit.T @ target)
        rotation, before, reached = left @ right, reached, float(singular.sum())
        if reached < before * (1.0 + 1e-5):
            break
    return np.asarray(loadings @ rotation), np.eye(loadings.shape[1])


def promax(loadings: Floats, *, power: int = 4) -> tuple[Floats, Floats]:
    """Let varimax loadings, raised to a power, pull the factors apart (Hendrickson & White, 1964)."""
    loadings = _checked(loadings)
    length = np.sqrt((loadings**2).sum(axis=1))
    length[length == 0] = 1.0
    simple = varimax(loadings / length[:, None])[0]
    target = simple * np.abs(simple) ** (power - 1)
    transform = np.linalg.lstsq(simple, target, rcond=None)[0]
    transform = transform * np.sqrt(np.diag(np.linalg.inv(transform.T @ transform)))
    inverse = np.linalg.inv(transform)
    return np.asarray(simple @ transform * length[:, None]), np.asarray(inverse @ inverse.T)


def oblimin(loadings: Floats) -> tuple[Floats, Floats]:
    """
    Rotate obliquely to the smallest products of squared loadings across factors (gamma 0: quartimin).

    By gradient projection: Jennrich (2002), Psychometrika 67, 7-19.
    """
    loadings = _checked(loadings)
    axes, length = np.eye(loadings.shape[1]), 1.0
    rotated = loadings @ np.linalg.inv(axes).T
    value, slope = _quartimin(rotated)
    for _ in range(_MAX_ITERATIONS):
        gradient = -(rotated.T @ slope @ np.linalg.inv(axes)).T
        projected = gradient - axes * (axes * gradient).sum(axis=0)
        size = float(np.sqrt(np.sum(projected**2)))
        if size < 1e-7:
            break
        length *= 2.0
        for _ in range(30):
            moved = axes - length * projected
            moved = moved / np.sqrt((moved**2).sum(axis=0))
            candidate = loadings @ np.linalg.inv(moved).T
            new_value, new_slope = _quartimin(candidate)
            if new_value < value - 0.5 * length * size**2:
                break
            length /= 2.0
        else:  # rounding hides any further descent
            break
        axes, rotated, value, slope = moved, candidate, new_value, new_slope
    return np.asarray(rotated), np.asarray(axes.T @ axes)


def _checked(loadings: Floats) -> Floats:
    """Return loadings that a rotation can start from."""
    matrix = np.asarray(loadings, dtype=np.float64)
    if matrix.ndim != 2 or not 1 <= matrix.shape[1] <= matrix.shape[0]:
        raise ValueError(f"loadings must be items by no more factors than items; got shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise ValueError(f"loadings must be finite numbers; item {row}, factor {column} holds {matrix[row, column]}")
    return matrix


def _quartimin(loadings: Floats) -> tuple[float, Floats]:
    squares = loadings**2
    others = squares.sum(axis=1, keepdims=True) - squares
    return float(np.sum(squares * others)) / 4.0, np.asarray(loadings * others)
