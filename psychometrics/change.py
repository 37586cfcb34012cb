"""
What a measured difference may mean: standard errors of a score, reliable change, true scores.

Standard library only, so that the web process can word a result without loading numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

METHODS = ("jacobson_truax", "edwards_nunnally", "hsu")


@dataclass(frozen=True)
class ReliableChange:
    """
    A change between two scores of one person, against what measurement error alone would do.

    Attributes
    ----------
    difference : float
        ``after - before``, in score units.
    expected : float
        The score after that is expected when nothing changed.
    standard_error : float
        Of ``after - expected`` when nothing changed.
    z : float
        ``(after - expected) / standard_error``.
    lower, upper : float
        Interval for the change beyond what was expected.
    threshold : float
        Smallest distance from ``expected`` that counts as change.
    verdict : str
        "increased", "decreased" or "not_shown".
    confidence : float
    method : str
    """

    difference: float
    expected: float
    standard_error: float
    z: float
    lower: float
    upper: float
    threshold: float
    verdict: str
    confidence: float
    method: str


@dataclass(frozen=True)
class TrueScore:
    """Kelley's estimate of a true score with its standard error of estimation and interval."""

    estimate: float
    standard_error: float
    lower: float
    upper: float
    confidence: float


def standard_error_of_measurement(sd: float, reliability: float) -> float:
    """
    Return sd * sqrt(1 - reliability), in score units (Gulliksen, 1950, Theory of mental tests, chapter 2).

    Parameters
    ----------
    sd : float
        Standard deviation of the score in the group the reliability was estimated in; above 0.
    reliability : float
        0 to 1. A negative estimate is no reliability at all: pass 0.
    """
    return _positive(sd, "sd") * math.sqrt(1.0 - _reliability(reliability))


def standard_error_of_estimation(sd: float, reliability: float) -> float:
    """Return sd * sqrt(reliability * (1 - reliability)): the error of Kelley's estimate of the true score."""
    return _positive(sd, "sd") * math.sqrt(_reliability(reliability) * (1.0 - reliability))


def standard_error_of_prediction(sd: float, reliability: float) -> float:
    """Return sd * sqrt(1 - reliability^2): the error of predicting a second score from a first, parallel one."""
    return _positive(sd, "sd") * math.sqrt(1.0 - _reliability(reliability) ** 2)


def standard_error_of_difference(before: float, after: float) -> float:
    """Return the standard error of the difference of two scores with these independent standard errors."""
    return math.hypot(_not_negative(before, "before"), _not_negative(after, "after"))


def minimal_detectable_change(sd: float, reliability: float, *, confidence: float = 0.95) -> float:
    """
    Return the smallest difference between two scores that measurement error rarely makes: z * sqrt(2) * SEM.

    Weir (2005), Journal of Strength and Conditioning Research 19, 231-240; best with a retest correlation.
    """
    return _z(confidence) * math.sqrt(2.0) * standard_error_of_measurement(sd, reliability)


def difference_reliability(reliability_before: float, reliability_after: float, correlation: float) -> float:
    """
    Return the reliability of the difference of two scores with equal standard deviations.

    (mean of the reliabilities - correlation) / (1 - correlation); Lord & Novick (1968), chapter 3.
    """
    if not -1.0 <= correlation < 1.0:
        raise ValueError(f"correlation must be at least -1 and below 1; got {correlation}")
    mean = (_reliability(reliability_before) + _reliability(reliability_after)) / 2.0
    return (mean - correlation) / (1.0 - correlation)


def kelley_true_score(
    score: float, *, mean: float, sd: float, reliability: float, confidence: float = 0.95
) -> TrueScore:
    """
    Return the score drawn toward the group's mean by its unreliability (Kelley, 1947, Fundamentals of statistics).

    Parameters
    ----------
    score : float
    mean, sd, reliability : float
        Of the group the person belongs to.
    confidence : float
        Level of the interval, 0 to 1.
    """
    estimate = mean + _reliability(reliability) * (_number(score, "score") - _number(mean, "mean"))
    standard_error = standard_error_of_estimation(sd, reliability)
    half = _z(confidence) * standard_error
    return TrueScore(estimate, standard_error, estimate - half, estimate + half, confidence)


def reliable_change(
    before: float,
    after: float,
    *,
    sd: float | None = None,
    reliability: float | None = None,
    standard_error_before: float | None = None,
    standard_error_after: float | None = None,
    method: str = "jacobson_truax",
    mean: float | None = None,
    expected_change: float = 0.0,
    confidence: float = 0.95,
) -> ReliableChange:
    """
    Tell whether a person's score changed by more than measurement error explains.

    Parameters
    ----------
    before, after : float
        Scores of the same instrument version, language and mode.
    sd, reliability : float, optional
        Of the score before; needed unless both standard errors are given.
    standard_error_before, standard_error_after : float, optional
        Standard errors of the two scores, for example after skipped items; with "jacobson_truax" only.
    method : {"jacobson_truax", "edwards_nunnally", "hsu"}
        What is expected when nothing changed, and with what error: the score before, with sqrt(2) SEM; Kelley's true
        score, with SEM (Speer, 1992); Kelley's true score, with the standard error of prediction (Hsu, 1989).
    mean : float, optional
        Mean of the population, for the two methods that expect regression toward it.
    expected_change : float
        What people who did not change gain on average, such as a practice effect.
    confidence : float
        Level of the verdict and of the interval, 0 to 1.

    Returns
    -------
    ReliableChange

    Raises
    ------
    ValueError
        For missing or impossible figures; a missing score is never taken for a number.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19. Speer (1992), same journal 60,
    402-408. Hsu (1989), Behavioral Assessment 11, 459-467.
    """
    _number(before, "before"), _number(after, "after")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if standard_error_before is not None or standard_error_after is not None:
        expected = before
        standard_error = _given_errors(standard_error_before, standard_error_after, method)
    elif sd is None or reliability is None:
        raise ValueError("pass sd and reliability, or the standard errors of both scores")
    else:
        expected, standard_error = _expectation(before, sd, reliability, method, mean)
    if standard_error == 0.0:
        raise ValueError("the standard error of the change is 0: no score is measured without error")
    expected += expected_change
    return judged(before, after, expected, standard_error, reach=_z(confidence), method=method, confidence=confidence)


def _given_errors(before: float | None, after: float | None, method: str) -> float:
    if before is None or after is None:
        raise ValueError("pass the standard errors of both scores, or sd and reliability")
    if method != "jacobson_truax":
        raise ValueError(f"method {method!r} needs sd, reliability and mean instead of standard errors")
    return standard_error_of_difference(before, after)


def _expectation(before: float, sd: float, reliability: float, method: str, mean: float | None) -> tuple[float, float]:
    """Return the score expected when nothing changed, and the standard error around it."""
    measurement = standard_error_of_measurement(sd, reliability)
    if method == "jacobson_truax":
        return before, math.sqrt(2.0) * measurement
    if mean is None:
        raise ValueError(f"method {method!r} needs the mean of the population")
    regressed = mean + reliability * (before - mean)
    return regressed, measurement if method == "edwards_nunnally" else standard_error_of_prediction(sd, reliability)


def judged(
    before: float, after: float, expected: float, standard_error: float, *, reach: float, method: str, confidence: float
) -> ReliableChange:
    """Return the verdict on a change: shown where it lies more than `reach` standard errors from what was expected."""
    beyond = after - expected
    threshold = reach * standard_error
    return ReliableChange(
        difference=after - before,
        expected=expected,
        standard_error=standard_error,
        z=beyond / standard_error,
        lower=beyond - threshold,
        upper=beyond + threshold,
        threshold=threshold,
        verdict="not_shown" if abs(beyond) <= threshold else "increased" if beyond > 0 else "decreased",
        confidence=confidence,
        method=method,
    )


def _z(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, both excluded; got {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def _number(value: float, name: str) -> float:
    if value is None or not math.isfinite(value):
        raise ValueError(f"{name} must be a number; got {value}")
    return value


def _positive(value: float, name: str) -> float:
    if _number(value, name) <= 0.0:
        raise ValueError(f"{name} must be above 0; got {value}")
    return value


def _not_negative(value: float, name: str) -> float:
    if _number(value, name) < 0.0:
        raise ValueError(f"{name} must not be negative; got {value}")
    return value


def _reliability(value: float) -> float:
    if not 0.0 <= _number(value, "reliability") <= 1.0:
        raise ValueError(f"reliability must lie between 0 and 1; got {value}")
    return value
