"""Links two calibrations by the test characteristic curve of the items they share."""

from __future__ import annotations

import numpy as np

from psychometrics._codes import FloatArray, IntArray
from psychometrics.irt.calibration import Calibration

_STEP = 1e-4


def stocking_lord(
    target: Calibration, target_items: IntArray, source: Calibration, source_items: IntArray
) -> tuple[float, float]:
    """Return slope and intercept of the line from the source's trait to the target's (Stocking & Lord 1983).

    The expected sums of the shared items agree best, by least squares over the trait from -4 to 4 in steps of .1
    (the criterion of Choi, Gibbons & Crane 2011), found by Gauss-Newton.
    """
    trait = np.linspace(-4.0, 4.0, 81)
    wanted = _curve(target, target_items, trait)
    slope, intercept = 1.0, 0.0
    for _ in range(50):
        at = (trait - intercept) / slope
        steepness = (_curve(source, source_items, at + _STEP) - _curve(source, source_items, at - _STEP)) / (2 * _STEP)
        jacobian = np.column_stack([-steepness * at / slope, -steepness / slope])
        move = np.linalg.lstsq(jacobian, wanted - _curve(source, source_items, at), rcond=None)[0]
        slope, intercept = float(np.clip(slope + move[0], 0.2, 5.0)), intercept + float(move[1])
        if np.abs(move).max() < 1e-10:
            break
    return slope, intercept


def _curve(calibration: Calibration, items: IntArray, trait: FloatArray) -> FloatArray:
    return np.asarray(calibration.expected_item_scores(trait)[0, items].sum(axis=0))
