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
from psychometrics.dif.raju import RajuAreas
from psychometrics.dif.residuals import ResidualDif
from psychometrics.dif.sibtest import Sibtest

# Effect, its error, and the bound where the classes of ETS leave A: 1 on the delta scale, which is 1 / 2.35 in log
# odds, and .17 item SDs. Score points and trait units have no usual bound.
_EFFECTS: dict[type, tuple[str, str, str, float | None]] = {
    MantelHaenszel: ("MH D-DIF", "delta", "delta_se", 1.0),
    Mantel: ("standardised mean difference", "smd_standardized", "smd_se", 0.17),
    LogisticDif: ("log odds ratio", "log_odds_ratio", "log_odds_ratio_se", 1 / 2.35),
    Sibtest: ("expected item score, score points", "beta", "se", None),
    ResidualDif: ("mean residual, score points", "raw", "raw_se", None),
    RajuAreas: ("signed area, trait units", "signed_area", "signed_se", None),
}


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
    found: MantelHaenszel | Mantel | LogisticDif | Sibtest | ResidualDif | RajuAreas,
    *,
    bound: npt.ArrayLike | None = None,
    significance: float = 0.05,
    adjusted: bool = False,
) -> Equivalence:
    """Conclude from the results of a method for each item; see `equivalence_test`.

    Parameters
    ----------
    found : MantelHaenszel, Mantel, LogisticDif, Sibtest, ResidualDif or RajuAreas
        The effect is MH D-DIF; the standardised mean difference in item SDs; the log odds ratio of each group against
        the reference, shape (n_items, n_groups - 1); SIBTEST's difference of expected item scores; the difference of
        mean residuals, both in score points; the signed area. All are uniform: where curves cross they may be zero.
    bound : float or array_like, optional
        Default: where ETS stops calling a difference negligible: 1; .17; 1 / 2.35 = .43; the others need one.
    significance, adjusted
        As in `equivalence_test`.

    Raises
    ------
    ValueError
        For results of another method: give `equivalence_test` the effect and its standard error (that of a 95 %
        interval such as those of `score_impact` is its width / 3.92). Without a bound where none is usual.
    """
    if type(found) not in _EFFECTS:
        raise ValueError(f"no effect is known for {type(found).__name__}: give equivalence_test effect and error")
    effect, value_name, error_name, usual = _EFFECTS[type(found)]
    limit = usual if bound is None else bound
    if limit is None:
        raise ValueError(f"{effect}: no bound is usual here; say from which effect on a difference matters")
    value, error = getattr(found, value_name), getattr(found, error_name)
    if isinstance(found, Mantel):
        with np.errstate(divide="ignore", invalid="ignore"):
            error = error * value / found.smd
    return equivalence_test(value, error, bound=limit, significance=significance, adjusted=adjusted, effect=effect)
