"""Shown to be negligible, which is more than not shown to differ: equivalence tests of differential functioning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from psychometrics._codes import FloatArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import as_proportion
from psychometrics.dif.logistic import LogisticDif
from psychometrics.dif.mantel_haenszel import MantelHaenszel
from psychometrics.dif.polytomous import Mantel

# Where the classes of ETS leave A: 1 on the delta scale, which is 1 / 2.35 in log odds, and .17 item SDs.
_DELTA_BOUND, _LOG_ODDS_BOUND, _SMD_BOUND = 1.0, 1 / 2.35, 0.17


@dataclass(frozen=True)
class Equivalence:
    """Conclusions on effects, each "differs", "negligible", "cannot tell", or "" where there is no estimate."""

    estimate: FloatArray
    se: FloatArray
    bound: FloatArray
    lower: FloatArray
    upper: FloatArray
    p_equivalence: FloatArray
    p_equivalence_adjusted: FloatArray
    p_difference: FloatArray
    p_difference_adjusted: FloatArray
    exceeds_bound: npt.NDArray[np.bool_]
    conclusion: npt.NDArray[np.str_]
    significance: float
    effect: str


def equivalence_test(
    estimate: npt.ArrayLike,
    se: npt.ArrayLike,
    *,
    bound: npt.ArrayLike,
    significance: float = 0.05,
    adjusted: bool = False,
    effect: str = "",
) -> Equivalence:
    """Conclude for each effect whether it differs from zero, is negligible, or neither can be told.

    Parameters
    ----------
    estimate, se : array_like of float, same shape
        Effects, approximately normal, and their standard errors; nan where there is none.
    bound : float or array_like
        Effects smaller than this, in either direction, are negligible; to be fixed before looking at the data.
    significance : float
        Level of both tests.
    adjusted : bool
        Conclude from p values adjusted over all effects for the false discovery rate.
    effect : str
        Name of the effect, kept in the result.

    Returns
    -------
    Equivalence
        ``p_equivalence``: larger p of the two one-sided tests; below ``significance`` when the interval ``lower`` to
        ``upper``, of confidence 1 - 2 ``significance``, lies within the bound. ``conclusion``: "negligible" then, even
        when the effect is not zero; else "differs" when the two-sided test against zero rejects; else "cannot tell".
        ``exceeds_bound``: shown to be larger than the bound, at this level on the side of the estimate.

    Raises
    ------
    ValueError
        For shapes that do not fit, negative standard errors, or a bound that is not positive.

    References
    ----------
    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics, 15, 657-680; Rogers, Howard & Vessey (1993).
    """
    quantile = -ndtri(as_proportion(significance, "significance"))
    value, error = np.asarray(estimate, dtype=np.float64), np.asarray(se, dtype=np.float64)
    if value.shape != error.shape:
        raise ValueError(f"estimate and se must have the same shape; got {value.shape} and {error.shape}")
    if (error < 0).any():
        raise ValueError("se must not be negative")
    limit = np.broadcast_to(np.asarray(bound, dtype=np.float64), value.shape)
    if not (limit > 0).all():
        raise ValueError("bound must be positive: it says which effects are negligible")
    with np.errstate(divide="ignore", invalid="ignore"):
        p_equivalence = np.asarray(ndtr((np.abs(value) - limit) / error))
        p_difference = np.asarray(2 * ndtr(-np.abs(value) / error))
    equivalence_adjusted, difference_adjusted = benjamini_hochberg(p_equivalence), benjamini_hochberg(p_difference)
    negligible = (equivalence_adjusted if adjusted else p_equivalence) < significance
    differs = (difference_adjusted if adjusted else p_difference) < significance
    conclusion = np.select(
        [np.isnan(p_equivalence), negligible, differs], ["", "negligible", "differs"], default="cannot tell"
    )
    return Equivalence(
        estimate=value,
        se=error,
        bound=limit,
        lower=value - quantile * error,
        upper=value + quantile * error,
        p_equivalence=p_equivalence,
        p_equivalence_adjusted=equivalence_adjusted,
        p_difference=p_difference,
        p_difference_adjusted=difference_adjusted,
        exceeds_bound=np.abs(value) - quantile * error > limit,
        conclusion=conclusion,
        significance=significance,
        effect=effect,
    )


def dif_equivalence(
    found: MantelHaenszel | Mantel | LogisticDif,
    *,
    bound: npt.ArrayLike | None = None,
    significance: float = 0.05,
    adjusted: bool = False,
) -> Equivalence:
    """Conclude from the results of a method for each item; see `equivalence_test`.

    Parameters
    ----------
    found : MantelHaenszel, Mantel or LogisticDif
        The effect is MH D-DIF; the standardised mean difference in item SDs; or the log odds ratio of each group
        against the reference, shape (n_items, n_groups - 1), which is uniform differential functioning only.
    bound : float or array_like, optional
        Default: where ETS stops calling a difference negligible: 1; .17; 1 / 2.35 = .43.
    significance, adjusted
        As in `equivalence_test`.

    Raises
    ------
    ValueError
        For results of another method: give `equivalence_test` the effect and its standard error.
    """
    if isinstance(found, MantelHaenszel):
        effect, value, error, usual = "MH D-DIF", found.delta, found.delta_se, _DELTA_BOUND
    elif isinstance(found, Mantel):
        with np.errstate(divide="ignore", invalid="ignore"):
            error = found.smd_se * found.smd_standardized / found.smd
        effect, value, usual = "standardised mean difference", found.smd_standardized, _SMD_BOUND
    elif isinstance(found, LogisticDif):
        effect, value, error, usual = "log odds ratio", found.log_odds_ratio, found.log_odds_ratio_se, _LOG_ODDS_BOUND
    else:
        raise ValueError(f"no effect is known for {type(found).__name__}: give equivalence_test effect and error")
    limit = usual if bound is None else bound
    return equivalence_test(value, error, bound=limit, significance=significance, adjusted=adjusted, effect=effect)
