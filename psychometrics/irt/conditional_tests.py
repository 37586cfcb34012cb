"""Are the items the same for everybody? Conditional likelihood-ratio and Wald tests between groups of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from psychometrics._codes import BoolArray, CodedResponses, FloatArray, IntArray, as_codes
from psychometrics._validation import Label, as_groups
from psychometrics.irt.conditional import ConditionalModel, conditional_model


@dataclass(frozen=True)
class ConditionalComparison:
    """Items calibrated in each group by itself, and compared.

    Attributes
    ----------
    group_labels : tuple
        In ascending order; for a split at the median score ``("low", "high")``, the median itself being low.
    n : ndarray of int, shape (n_groups,)
        People with an answer.
    items : ndarray of int
        Positions of the items compared.
    left_out : tuple of int
        Positions of items that somebody's group cannot place: it gave one code only, or not all that others gave.
    chi2, df, p : float, int, float
        Andersen's likelihood-ratio test of all items at once.
    z, z_p : ndarray of float, shape (n_items compared, highest code)
        Wald tests of each code's easiness, second group minus first; None unless there are two groups.
    models : tuple of ConditionalModel
        One per group.
    together : ConditionalModel
        Of everybody.
    """

    group_labels: tuple[Label, ...]
    n: IntArray
    items: IntArray
    left_out: tuple[int, ...]
    chi2: float
    df: int
    p: float
    z: FloatArray | None
    z_p: FloatArray | None
    models: tuple[ConditionalModel, ...]
    together: ConditionalModel


def conditional_comparison(
    responses: npt.ArrayLike, groups: npt.ArrayLike | None = None, *, model: str = "rasch"
) -> ConditionalComparison:
    """Test whether the items' parameters are the same in several groups of people.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: people count with the items they answered (see `conditional_model`).
    groups : array_like, shape (n_people,), optional
        Labels; people without one are left out. Default: people above the median score against the others. Scores are
        then shares of the highest possible score on the items answered, which skipping does not lower.
    model : {"rasch", "partial_credit", "rating_scale"}
        As in `conditional_model`.

    Returns
    -------
    ConditionalComparison
        Groups split by score test the model's fit: equal discrimination. Groups split by anything else test
        differential functioning; the Wald tests then presume that it averages out over the items, where
        `rasch_anchor_test` presumes less.

    Raises
    ------
    ValueError
        For fewer than two groups, fewer than two items that every group can place, or what `conditional_model` refuses.

    References
    ----------
    Andersen (1973), Psychometrika 38, 123-140; Glas & Verhelst (1995), in Fischer & Molenaar, Rasch Models, chapter 5.
    """
    coded = as_codes(responses)
    group, labels = _median_split(coded) if groups is None else _given(groups, len(coded.codes))
    known = (group >= 0) & (coded.codes >= 0).any(axis=1)
    codes, group = coded.codes[known], group[known]
    same = placed_alike(codes, group, len(labels))
    if same.sum() < 2:
        raise ValueError(
            f"{int(same.sum())} items were answered with the same two codes or more in every group; a comparison needs"
            " at least 2"
        )
    values = np.where(codes >= 0, codes + np.float64(coded.minimum), np.nan)[:, same]
    together = conditional_model(values, model=model)
    models = tuple(conditional_model(values[group == at], model=model) for at in range(len(labels)))
    chi2 = max(2 * (sum(part.log_likelihood for part in models) - together.log_likelihood), 0.0)
    df = sum(part.n_parameters for part in models) - together.n_parameters
    z = None
    if len(models) == 2:
        spread = np.hypot(models[0].easiness_se, models[1].easiness_se)
        z = (models[1].easiness - models[0].easiness) / spread
    return ConditionalComparison(
        group_labels=labels,
        n=np.array([part.n for part in models], dtype=np.intp),
        items=np.flatnonzero(same),
        left_out=tuple(np.flatnonzero(~same).tolist()),
        chi2=chi2,
        df=df,
        p=float(chdtrc(float(df), chi2)),
        z=z,
        z_p=None if z is None else 2 * ndtr(-np.abs(z)),
        models=models,
        together=together,
    )


def placed_alike(codes: npt.NDArray[np.int16], group: IntArray, n_groups: int) -> BoolArray:
    """Return which items were answered with two codes or more, the same ones in every group."""
    alike = np.zeros(codes.shape[1], dtype=bool)
    for item, column in enumerate(codes.T):
        used = [np.unique(column[(group == at) & (column >= 0)]) for at in range(n_groups)]
        alike[item] = len(used[0]) > 1 and all(np.array_equal(used[0], other) for other in used[1:])
    return alike


def _given(groups: npt.ArrayLike, n: int) -> tuple[IntArray, tuple[Label, ...]]:
    labels, group = as_groups(groups, n, min_groups=2)
    return group.astype(np.intp), labels


def _median_split(coded: CodedResponses) -> tuple[IntArray, tuple[Label, ...]]:
    codes = np.maximum(coded.codes, 0)
    possible = (coded.codes >= 0) @ coded.codes.max(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = codes.sum(axis=1) / possible
    group = np.where(share > np.nanmedian(share), 1, 0)
    group[np.isnan(share)] = -1
    if not (group == 1).any():
        raise ValueError("nobody scores above the median score: give groups instead")
    return group.astype(np.intp), ("low", "high")
