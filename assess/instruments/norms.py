"""Published norm groups, and how an instrument's authors turn a comparison with them into T scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Norm:
    """Mean and standard deviation of one scale in one published norm group, in score units."""

    scale: str
    population: str
    language: str
    mean: float
    standard_deviation: float
    n: int | None
    source: str
    sex: Literal["female", "male"] | None = None
    ages: tuple[int, int] | None = None

    def covers(self, *, sex: str | None, age: int | None) -> bool:
        """Whether a person of this sex and age belongs to the norm group."""
        if self.sex is not None and self.sex != sex:
            return False
        return self.ages is None or (age is not None and self.ages[0] <= age <= self.ages[1])


@dataclass(frozen=True, slots=True)
class TScores:
    """How the authors turn a norm comparison into T scores (mean 50, SD 10), words and percentiles."""

    average_from: float
    average_to: float
    percentile_coefficients: tuple[float, ...]
    percentile_lowest_t: float
    percentile_highest_t: float
    source: str

    def percentile(self, t: float) -> float:
        """The percentile the authors' polynomial gives for a T score, never below 1 or above 99."""
        if t < self.percentile_lowest_t:
            return 1.0
        if t > self.percentile_highest_t:
            return 99.0
        percentile = sum(coefficient * t**power for power, coefficient in enumerate(self.percentile_coefficients))
        # Just inside its ends the cubic dips to 0.3 and rises to 99.7; a percentile must not fall while T rises.
        return min(max(percentile, 1.0), 99.0)
