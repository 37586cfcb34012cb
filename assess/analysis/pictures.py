"""What the picture of an audit shows that no statistic does: how many people have each score. numpy: worker only."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assess.analysis.matrices import ScaleAnswers
from assess.analysis.own import shown_count

_MOST_BARS = 41
_STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20)


def scores(answers: ScaleAnswers) -> NDArray[np.float64]:
    """Return each person's score in score units, prorated as the missing rule allows; nan where there is none."""
    answered = ~np.isnan(answers.responses)
    n_items, missing = answers.responses.shape[1], answers.scale.missing
    needed = missing.min_answered if missing.prorate else n_items
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nobody's answers is nan, as it should be
        mean = np.nanmean(answers.responses, axis=1)
    mean[answered.sum(axis=1) < needed] = np.nan
    return np.asarray(mean if answers.scale.method == "mean" else mean * n_items)


def distribution(answers: ScaleAnswers, *, smallest: int) -> dict[str, Any]:
    """Return how many people have each score; with `smallest` above 1 small counts are withheld."""
    scale = answers.scale
    width = scale.maximum - scale.minimum
    smooth = [step for step in _STEPS if scale.method == "mean" or step >= 1]
    step = next((step for step in smooth if width / step < _MOST_BARS), smooth[-1])
    found = scores(answers)
    found = found[~np.isnan(found)]
    # Sums are counted at the whole number they are nearest to; bars of width `step` begin at the minimum.
    place = np.clip(np.rint((found - scale.minimum) / step).astype(int), 0, None)
    counts = np.bincount(place, minlength=int(np.rint(width / step)) + 1)
    return {
        "step": step,
        "counts": [
            [float(scale.minimum + i * step), shown_count(int(count), smallest)] for i, count in enumerate(counts)
        ],
    }
