"""The figures of evidence that decisions rest on: reliability, published or local, and how a scale works in groups."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from assess.instruments.rules import Evidence as PublishedFigure
from assess.instruments.rules import Instrument

Origin = Literal["local", "published"]
Level = Literal["negligible", "moderate", "large", "unknown"]

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_INTERNAL_CONSISTENCY = ("alpha", "omega")


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A reliability coefficient with its 95 % interval; nan is "not known". `sd` is in score units."""

    statistic: str
    value: float
    lower: float
    upper: float
    n: int | None
    origin: Origin
    language: str
    source: str
    sd: float = math.nan
    digest: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One group's figures for one scale; mean and standard deviation in score units."""

    label: str
    n: int
    mean: float
    sd: float
    coefficients: tuple[Coefficient, ...]


@dataclass(frozen=True, slots=True)
class ItemDifference:
    """How differently an item works in the focal group, given the same level of the trait.

    `effect` is the standardised mean difference in units of the item's SD, focal minus reference (below 0: harder to
    endorse in the focal group); `delta_r2` is Nagelkerke's, uniform and non-uniform together.
    """

    item: str
    level: Level
    delta_r2: float
    effect: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Impact:
    """What the differing items do to the expected score of the focal group, in SD of the scale.

    `signed` (with interval `lower` to `upper`) lets differences cancel between items and along the trait; `unsigned`
    between items only. As it cannot be negative, sampling error alone makes it positive: what it adds
    to the signed one is its lower limit.
    """

    signed: float
    lower: float
    upper: float
    unsigned: float
    unsigned_lower: float

    @property
    def size(self) -> float:
        """What decides: the signed size, or as much of the unsigned one as is beyond sampling error; nan if unknown."""
        known = not (math.isnan(self.signed) or math.isnan(self.unsigned_lower))
        return max(abs(self.signed), self.unsigned_lower) if known else math.nan

    @property
    def far_end(self) -> float:
        """The largest size that the interval allows, nan if unknown."""
        known = not (math.isnan(self.lower) or math.isnan(self.upper))
        return max(abs(self.lower), abs(self.upper)) if known else math.nan


@dataclass(frozen=True, slots=True)
class SkippedItem:
    """How much more often the focal group leaves an item unanswered: a difference of shares with its interval."""

    item: str
    difference: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Skipping:
    """What skipping does to scores made up from the answers given: focal minus reference, in SD of the scale."""

    impact: float
    lower: float
    upper: float
    items: tuple[SkippedItem, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups compared on one scale: anchors by two choices, items, and the impact each choice of anchors gives.

    `exchanged_impact` and `exchanged_second_impact` are what the same two choices give when the groups change places.
    `notes` are codes of what went wrong or has to be said (`psychometrics.PairAudit`).
    """

    grouping: str
    reference: Group
    focal: Group
    anchors: tuple[str, ...]
    second_anchors: tuple[str, ...]
    anchors_agree: bool | None
    items: tuple[ItemDifference, ...]
    impact: Impact | None
    second_impact: Impact | None
    exchanged_impact: Impact | None
    exchanged_second_impact: Impact | None
    skipping: Skipping | None
    notes: tuple[str, ...]

    @property
    def compared(self) -> bool:
        """Whether anybody looked at the two groups together."""
        return bool(self.items)

    @property
    def impacts(self) -> tuple[Impact | None, ...]:
        """The impact by either choice of anchors, and with either group as the reference."""
        return self.impact, self.second_impact, self.exchanged_impact, self.exchanged_second_impact

    @property
    def worst_impact(self) -> Impact | None:
        """The largest impact; none where one of them is not known."""
        known = [impact for impact in self.impacts if impact is not None and not math.isnan(impact.size)]
        return max(known, key=lambda impact: impact.size) if len(known) == len(self.impacts) else None


def uncompared(grouping: str, reference: Group, focal: Group) -> Pair:
    """Return two groups of which nothing is known but their size and reliability."""
    return Pair(grouping, reference, focal, (), (), None, (), None, None, None, None, None, ())


def published_coefficients(instrument: Instrument, scale_id: str, locale: str) -> tuple[Coefficient, ...]:
    """Return what was published on the reliability of a scale in exactly this language, the largest study first."""
    figures = [
        figure
        for figure in instrument.evidence
        if figure.scale == scale_id and figure.language == locale and figure.value is not None
        and figure.statistic in (*_INTERNAL_CONSISTENCY, "retest")
    ]  # fmt: skip
    n_items = len(instrument.scale(scale_id).items)
    sd = _published_sd(instrument.evidence, scale_id, locale)
    return tuple(_published(figure, n_items, sd) for figure in sorted(figures, key=lambda figure: -(figure.n or 0)))


def internal_consistency(coefficients: Iterable[Coefficient]) -> tuple[Coefficient, ...]:
    """Return those that need one sitting only."""
    return tuple(coefficient for coefficient in coefficients if coefficient.statistic in _INTERNAL_CONSISTENCY)


def bonett_interval(alpha: float, n: int, n_items: int) -> tuple[float, float]:
    """Return the 95 % interval of a coefficient alpha of which only n and the number of items are known.

    Bonett (2002), Journal of Educational and Behavioral Statistics 27, 335-340: ln(1 - alpha) is close to normal with
    variance 2k / ((k - 1)(n - 2)). For omega of a congeneric scale it is an approximation.
    """
    if not alpha < 1 or n <= 2 or n_items < 2:
        return math.nan, math.nan
    half = _Z * math.sqrt(2 * n_items / ((n_items - 1) * (n - 2)))
    return 1 - (1 - alpha) * math.exp(half), 1 - (1 - alpha) * math.exp(-half)


def fisher_interval(correlation: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a retest correlation: Fisher (1921), Metron 1, 3-32."""
    if not -1 < correlation < 1 or n <= 3:
        return math.nan, math.nan
    centre, half = math.atanh(correlation), _Z / math.sqrt(n - 3)
    return math.tanh(centre - half), math.tanh(centre + half)


def _published(figure: PublishedFigure, n_items: int, sd: float) -> Coefficient:
    value = figure.value if figure.value is not None else math.nan
    lower = upper = math.nan
    if figure.n is not None:
        retest = figure.statistic == "retest"
        lower, upper = fisher_interval(value, figure.n) if retest else bonett_interval(value, figure.n, n_items)
    return Coefficient(
        statistic=figure.statistic,
        value=value,
        lower=lower,
        upper=upper,
        n=figure.n,
        origin="published",
        language=figure.language,
        source=figure.source,
        sd=sd,
    )


def _published_sd(figures: Iterable[PublishedFigure], scale_id: str, locale: str) -> float:
    """Return the standard deviation of the largest published norm group in this language, nan if there is none."""
    norms = [
        figure
        for figure in figures
        if figure.scale == scale_id and figure.language == locale and figure.statistic == "norm_sd"
    ]
    largest = max(norms, key=lambda figure: figure.n or 0, default=None)
    return largest.value if largest is not None and largest.value is not None else math.nan
