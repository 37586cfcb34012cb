"""Who of two groups leaves which item unanswered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.nonresponse import differential_skipping


@dataclass(frozen=True)
class SkipDifference:
    """Share of people shown an item who did not answer it, focal minus reference, with Newcombe's interval."""

    reference_rate: float
    focal_rate: float
    difference: float
    lower: float
    upper: float
    p: float


def skip_differences(responses: FloatArray, group: IntArray, shown: BoolArray) -> tuple[SkipDifference, ...]:
    """Return each item's difference; ``group`` is 0 for the reference, 1 for the focal group."""
    found = differential_skipping(responses, group, shown=shown, reference=0)
    columns = (
        found.rate.estimate[:, 0],
        found.rate.estimate[:, 1],
        found.difference.estimate[:, 1],
        found.difference.lower[:, 1],
        found.difference.upper[:, 1],
        found.p_value,
    )
    return tuple(SkipDifference(*map(float, row)) for row in np.column_stack(columns))
