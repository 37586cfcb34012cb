"""Adjustment of p values when many tests are made at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def benjamini_hochberg(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return p values adjusted for the false discovery rate.

    Parameters
    ----------
    p : array_like of float, any shape
        P values, for example items by groupings: all entries are adjusted together. nan, a test that could not be
        made, stays nan and does not count.

    Returns
    -------
    ndarray of float64, the shape of ``p``
        Rejecting where this is at most q keeps the expected share of false rejections at or below q for independent or
        positively dependent tests.

    Raises
    ------
    ValueError
        For values outside 0 to 1.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B, 57, 289-300.
    """
    given = np.asarray(p, dtype=np.float64)
    values = given.ravel()
    known = np.flatnonzero(~np.isnan(values))
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise ValueError("p values must lie between 0 and 1; nan where a test could not be made")
    adjusted = np.full(values.shape, np.nan)
    order = known[np.argsort(-values[known], kind="stable")]
    ranked = values[order] * len(order) / np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(ranked), 1.0)
    return adjusted.reshape(given.shape)
