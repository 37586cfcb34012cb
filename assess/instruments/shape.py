"""The shape of instrument files: which keys there are and what type each value has. Meaning is checked in `lint`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from assess.instruments.rules import Context, Direction, Kind, LanguageState, Method, RuleSource, Statistic

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Paragraph = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]
Number = int | float


class Shape(BaseModel):
    """Strict: no unknown key, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OptionShape(Shape):
    """One answer: the stored code and an id that the language files word."""

    code: int
    id: Id


class ResponseScaleShape(Shape):
    """Ordered answers."""

    id: Id
    options: list[OptionShape] = Field(min_length=2)


class ItemShape(Shape):
    """One question; without `response_scale` it uses the only one of the instrument."""

    id: Id
    response_scale: Id | None = None
    sensitive: bool = False
    scored: bool = True
    left_out: bool = False


class BandShape(Shape):
    """A named part of the range; both bounds belong to it."""

    id: Id
    lower: Number
    upper: Number


class ScaleShape(Shape):
    """A scale by its keyed items, or by the facets whose items it gathers."""

    id: Id
    keys: dict[Id, int] = {}
    facets: list[Id] = []
    method: Method = "sum"
    range: list[Number] = Field(min_length=2, max_length=2)
    min_answered: int = Field(ge=1)
    bands: list[BandShape] = []
    bands_source: Text | None = None
    group: Id | None = None
    left_out: bool = False


class MissingShape(Shape):
    """The missing rule that the scales share; each scale gives its own `min_answered`."""

    prorate: bool
    source: RuleSource
    both_directions: bool = False
    substitute: int | None = None
    max_missing_in_form: int | None = Field(default=None, ge=0)
    note: Paragraph


class LicenceShape(Shape):
    """The owner's words, where they stand, and whether the wording may be passed on."""

    statement: Paragraph
    source: Text
    redistribution: bool


class EvidenceShape(Shape):
    """Figures of one statistic in one population, one per scale; or a finding in words (`note`)."""

    statistic: Statistic
    language: Locale
    population: Text
    n: int | None = Field(default=None, ge=1)
    source: Text
    note: Paragraph | None = None
    values: dict[Id, Number] = {}


class NormShape(Shape):
    """Mean and standard deviation of every scale in one norm group."""

    population: Text
    language: Locale
    sex: Annotated[str, StringConstraints(pattern="^(female|male)$")] | None = None
    ages: list[int] | None = Field(default=None, min_length=2, max_length=2)
    n: int | None = Field(default=None, ge=1)
    source: Text
    figures: dict[Id, Annotated[list[Number], Field(min_length=2, max_length=2)]] = Field(min_length=1)


class TScoresShape(Shape):
    """The authors' T scores: which are average, and the polynomial that gives percentiles."""

    average: list[Number] = Field(min_length=2, max_length=2)
    percentile_coefficients: list[float] = Field(min_length=1)
    percentile_between: list[Number] = Field(min_length=2, max_length=2)
    source: Text


class SafetyShape(Shape):
    """An answer that asks for care."""

    item: Id
    at_least: int
    level: Annotated[int, Field(ge=1, le=3)]
    text_key: Id
    without_duty_roster: bool
    source: RuleSource


class CarelessShape(Shape):
    """The longest run of one identical answer that is still accepted, per answer code."""

    kind: Annotated[str, StringConstraints(pattern="^longest_run$")]
    limits: dict[str, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    source: Text
    note: Paragraph | None = None


class InstrumentShape(Shape):
    """One instrument.toml."""

    id: Id
    version: Id
    kind: Kind
    measures: Paragraph = Field(alias="construct")  # pydantic keeps the name `construct` for itself
    citation: Paragraph
    source_language: Locale
    contexts: list[Context]
    ages: list[int] = Field(min_length=1, max_length=2)
    minutes: list[int] = Field(min_length=2, max_length=2)
    items_per_page: int = Field(ge=1, le=20)
    left_out_reason: Paragraph | None = None
    licence: LicenceShape
    missing: MissingShape
    response_scales: list[ResponseScaleShape] = Field(min_length=1)
    items: list[ItemShape] = Field(min_length=1)
    scales: list[ScaleShape] = Field(min_length=1)
    evidence: list[EvidenceShape] = []
    norms: list[NormShape] = []
    t_scores: TScoresShape | None = None
    safety: list[SafetyShape] = []
    careless: list[CarelessShape] = []


class ScaleTextShape(Shape):
    """How a report words a scale."""

    name: Text
    low: Text
    high: Text
    description: Text | None = None


class LanguageShape(Shape):
    """One text.<locale>.toml."""

    locale: Locale
    direction: Direction
    answerable: bool
    reportable: bool
    state: LanguageState
    translator: Text
    method: Text
    source: Text
    options_source: Text | None = None
    instructions_source: Text | None = None
    source_digest: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    note: Paragraph | None = None
    name: Text
    short_description: Paragraph
    instructions: Paragraph | None = None
    items: dict[Id, Text] = {}
    options: dict[Id, dict[Id, Text]] = {}
    scales: dict[Id, ScaleTextShape] = {}
    bands: dict[Id, dict[Id, Text]] = {}
    groups: dict[Id, Text] = {}
    safety: dict[Id, Paragraph] = {}
