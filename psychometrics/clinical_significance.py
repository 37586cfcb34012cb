"""Change against what people who were tested twice do, and against where people without the problem score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from scipy.special import stdtrit

from psychometrics.change import ReliableChange, judged


@dataclass(frozen=True)
class ClinicalCutoffs:
    """
    Scores beyond which somebody is more like people without the problem.

    Attributes
    ----------
    a : float
        Two standard deviations from the mean of people with the problem, toward the others.
    b : float or None
        Two standard deviations from the mean of people without it, toward the first; None where they are not known.
    c : float or None
        Where a score is equally likely in both, each taken as normal with its own spread: between their means, nearer
        to the group that spreads less.
    improvement : str
        "lower" or "higher": the direction in which people without the problem score.
    """

    a: float
    b: float | None
    c: float | None
    improvement: str


def clinical_cutoffs(
    *,
    mean: float,
    sd: float,
    functional_mean: float | None = None,
    functional_sd: float | None = None,
    improvement: str = "lower",
) -> ClinicalCutoffs:
    """
    Return the cutoffs a, b and c of Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.

    Parameters
    ----------
    mean, sd : float
        Of people with the problem.
    functional_mean, functional_sd : float, optional
        Of people without it.
    improvement : {"lower", "higher"}
        Which scores are better.

    Returns
    -------
    ClinicalCutoffs
        Their advice: c where both groups are known and overlap, b where they are far apart, a where one is known.

    Raises
    ------
    ValueError
        For spreads not above 0, one figure of people without the problem only, or means in the wrong order.
    """
    if improvement not in ("lower", "higher"):
        raise ValueError(f"improvement must be lower or higher; got {improvement!r}")
    _check(mean=mean)
    _check_spread(sd=sd)
    toward = -1.0 if improvement == "lower" else 1.0
    a = mean + 2.0 * toward * sd
    if functional_mean is None and functional_sd is None:
        return ClinicalCutoffs(a, None, None, improvement)
    if functional_mean is None or functional_sd is None:
        raise ValueError("pass both functional_mean and functional_sd, or neither")
    _check(functional_mean=functional_mean)
    _check_spread(functional_sd=functional_sd)
    if (functional_mean - mean) * toward <= 0.0:
        raise ValueError(
            f"people without the problem must score {improvement}: their mean is {functional_mean}, the other {mean}"
        )
    c = (functional_sd * mean + sd * functional_mean) / (sd + functional_sd)
    return ClinicalCutoffs(a, functional_mean - 2.0 * toward * functional_sd, c, improvement)


def clinical_change(change: ReliableChange, after: float, *, cutoff: float, improvement: str = "lower") -> str:
    """
    Return "recovered", "improved", "unchanged" or "deteriorated" (Jacobson & Truax 1991).

    Parameters
    ----------
    change : ReliableChange
    after : float
        The score after.
    cutoff : float
        One of `clinical_cutoffs`. Who improves reliably and lies beyond it has recovered.
    improvement : {"lower", "higher"}
        Which scores are better.
    """
    if improvement not in ("lower", "higher"):
        raise ValueError(f"improvement must be lower or higher; got {improvement!r}")
    _check(after=after, cutoff=cutoff)
    if change.verdict == "not_shown":
        return "unchanged"
    if (change.verdict == "decreased") != (improvement == "lower"):
        return "deteriorated"
    return "recovered" if (after < cutoff if improvement == "lower" else after > cutoff) else "improved"


def change_by_regression(
    before: float,
    after: float,
    *,
    mean_before: float,
    sd_before: float,
    mean_after: float,
    sd_after: float,
    correlation: float,
    n: int | None = None,
    confidence: float = 0.95,
) -> ReliableChange:
    """
    Compare a score with the one that people tested twice lead to expect: practice and regression to the mean included.

    Parameters
    ----------
    before, after : float
        The person's scores.
    mean_before, sd_before, mean_after, sd_after : float
        Of a group that was tested twice and not expected to change.
    correlation : float
        Between their two scores.
    n : int, optional
        Size of that group. With it the error of its regression line is counted, and t with n - 2 degrees of freedom
        takes the place of the normal distribution (Crawford & Garthwaite 2006).
    confidence : float
        Level of the verdict and of the interval, 0 to 1.

    Returns
    -------
    ReliableChange
        ``expected`` is the score the regression predicts; ``method`` "mcsweeny" or "crawford_garthwaite".

    Raises
    ------
    ValueError
        For missing figures, spreads not above 0, a correlation not between -1 and 1, or fewer than 4 people.

    References
    ----------
    McSweeny, Naugle, Chelune & Luders (1993), The Clinical Neuropsychologist 7, 300-312. Crawford & Garthwaite (2006),
    Neuropsychology 20, 259-271, equation 2.
    """
    _check(before=before, after=after, mean_before=mean_before, mean_after=mean_after)
    _check_spread(sd_before=sd_before, sd_after=sd_after)
    if not -1.0 < correlation < 1.0:
        raise ValueError(f"correlation must lie between -1 and 1, both excluded; got {correlation}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, both excluded; got {confidence}")
    z = (before - mean_before) / sd_before
    expected = mean_after + correlation * sd_after * z
    residual = sd_after * math.sqrt(1.0 - correlation**2)
    if n is None:
        standard_error, reach, method = residual, NormalDist().inv_cdf(0.5 + confidence / 2.0), "mcsweeny"
    elif n < 4:
        raise ValueError(f"n, the people tested twice, must be at least 4; got {n}")
    else:
        # Sample spreads divide by n - 1, the spread around a fitted line by n - 2.
        residual *= math.sqrt((n - 1) / (n - 2))
        standard_error = residual * math.sqrt(1.0 + 1.0 / n + z**2 / (n - 1))
        reach, method = float(stdtrit(n - 2, 0.5 + confidence / 2.0)), "crawford_garthwaite"
    return judged(before, after, expected, standard_error, reach=reach, method=method, confidence=confidence)


def _check(**figures: float) -> None:
    for name, value in figures.items():
        if value is None or not math.isfinite(value):
            raise ValueError(f"{name} must be a number; got {value}")


def _check_spread(**figures: float) -> None:
    _check(**figures)
    for name, value in figures.items():
        if value <= 0.0:
            raise ValueError(f"{name} must be above 0; got {value}")
