"""The values an instrument consists of: frozen, complete, free of files and frameworks."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from assess.instruments.norms import Norm, TScores

Kind = Literal["self-report", "observer"]
Context = Literal["coaching", "clinical", "research", "commercial"]
Method = Literal["sum", "mean"]
RuleSource = Literal["published", "house"]
Direction = Literal["ltr", "rtl"]
LanguageState = Literal["validated", "author text", "community", "draft"]
Statistic = Literal["alpha", "omega", "retest", "norm_mean", "norm_sd", "invariance", "dif", "validity"]

_Identified = TypeVar("_Identified", "Item", "Scale", "ResponseScale")


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a response scale: the code that is stored; the id is worded in each language file."""

    code: int
    id: str


@dataclass(frozen=True, slots=True)
class ResponseScale:
    """The ordered answers that an item offers."""

    id: str
    options: tuple[Option, ...]

    @property
    def codes(self) -> tuple[int, ...]:
        """The stored codes in the order shown."""
        return tuple(option.code for option in self.options)

    @property
    def minimum(self) -> int:
        """The lowest code."""
        return min(self.codes)

    @property
    def maximum(self) -> int:
        """The highest code."""
        return max(self.codes)


@dataclass(frozen=True, slots=True)
class Item:
    """One question; its wording stands in the language files."""

    id: str
    response_scale: str
    sensitive: bool = False
    scored: bool = True


@dataclass(frozen=True, slots=True)
class KeyedItem:
    """An item of a scale and the direction in which it counts: +1 as answered, -1 reversed."""

    item: str
    key: int


@dataclass(frozen=True, slots=True)
class MissingRule:
    """What happens to a score when answers are missing."""

    min_answered: int
    prorate: bool
    source: RuleSource
    both_directions: bool = False
    substitute: int | None = None
    max_missing_in_form: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A named part of a scale's range; both bounds belong to it."""

    id: str
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Scale:
    """What a score is computed for; `facets` are the scales to read instead where this one has no score."""

    id: str
    items: tuple[KeyedItem, ...]
    method: Method
    minimum: float
    maximum: float
    missing: MissingRule
    bands: tuple[Band, ...] = ()
    bands_source: str = ""
    group: str | None = None
    facets: tuple[str, ...] = ()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The ids of its items in order."""
        return tuple(keyed.item for keyed in self.items)

    @property
    def reversed_items(self) -> tuple[str, ...]:
        """The ids of the items that count reversed."""
        return tuple(keyed.item for keyed in self.items if keyed.key == -1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One published figure or finding about the instrument; without a value it is a finding in words."""

    scale: str | None
    language: str
    population: str
    statistic: Statistic
    value: float | None
    n: int | None
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """What the owner of the wording permits, in the owner's words."""

    statement: str
    source: str
    redistribution: bool


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """An answer that asks for care: shown guidance (1), supervisor review (2), external referral (3)."""

    item: str
    at_least: int
    level: Literal[1, 2, 3]
    text_key: str
    without_duty_roster: bool
    source: RuleSource


@dataclass(frozen=True, slots=True)
class CarelessRule:
    """The longest run of one identical answer, as stored, that the authors still accept, per answer code."""

    kind: Literal["longest_run"]
    limits: Mapping[int, int]
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScaleText:
    """How reports word a scale: its name and what a low and a high score mean."""

    name: str
    low: str
    high: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """The wording of one instrument version in one language, and where it comes from."""

    locale: str
    direction: Direction
    answerable: bool
    reportable: bool
    state: LanguageState
    translator: str
    method: str
    source: str
    name: str
    short_description: str
    instructions: str
    items: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    scales: Mapping[str, ScaleText]
    bands: Mapping[str, Mapping[str, str]]
    groups: Mapping[str, str]
    safety: Mapping[str, str]
    options_source: str = ""
    instructions_source: str = ""
    source_digest: str = ""
    note: str = ""

    @property
    def wording_digest(self) -> str:
        """SHA-256 of every item and option as a client reads them; translations name the digest they translate."""
        options = {scale: dict(words) for scale, words in self.options.items()}
        return hashlib.sha256(_canonical({"items": dict(self.items), "options": options})).hexdigest()


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of one questionnaire with its wording in every language."""

    id: str
    version: str
    kind: Kind
    construct: str
    citation: str
    licence: Licence
    contexts: frozenset[Context]
    ages: tuple[int, int | None]
    minutes: tuple[int, int]
    items_per_page: int
    source_language: str
    response_scales: tuple[ResponseScale, ...]
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    evidence: tuple[Evidence, ...]
    norms: tuple[Norm, ...]
    t_scores: TScores | None
    safety: tuple[SafetyRule, ...]
    careless: tuple[CarelessRule, ...]
    languages: Mapping[str, Language]
    digest: str
    left_out_items: tuple[Item, ...] = ()
    left_out_scales: tuple[Scale, ...] = ()
    left_out_reason: str = ""

    def item(self, item_id: str) -> Item:
        """The item of this id; KeyError if it is not shown."""
        return _by_id(self.items, item_id)

    def scale(self, scale_id: str) -> Scale:
        """The scale of this id; KeyError if it is not scored."""
        return _by_id(self.scales, scale_id)

    def response_scale(self, response_scale_id: str) -> ResponseScale:
        """The response scale of this id; KeyError if there is none."""
        return _by_id(self.response_scales, response_scale_id)

    def options_of(self, item_id: str) -> ResponseScale:
        """The response scale that an item offers."""
        return self.response_scale(self.item(item_id).response_scale)

    def language(self, locale: str) -> Language:
        """The wording in exactly this language; items never fall back to another one."""
        return self.languages[locale]

    @property
    def answerable_locales(self) -> tuple[str, ...]:
        """The languages it can be answered in, the source language first."""
        locales = (locale for locale, language in self.languages.items() if language.answerable)
        return tuple(sorted(locales, key=lambda locale: (locale != self.source_language, locale)))

    def report_language(self, locale: str) -> Language:
        """The wording of scales and bands for a reader of this language, else in the source language."""
        for candidate in (locale, locale.partition("-")[0]):
            language = self.languages.get(candidate)
            if language is not None and language.reportable:
                return language
        return self.languages[self.source_language]

    def is_stale(self, locale: str) -> bool:
        """Whether the source wording has changed since this translation was made."""
        language = self.languages[locale]
        if locale == self.source_language or not language.answerable:
            return False
        return language.source_digest != self.languages[self.source_language].wording_digest

    @property
    def needs_duty_roster(self) -> bool:
        """Whether it may be switched on only where somebody is on duty for what an answer may raise."""
        return any(not rule.without_duty_roster for rule in self.safety)


def min_answered_by_house_rule(n_items: int) -> int:
    """Three quarters of the scale's items, rounded up; a two-item screen needs both."""
    return n_items if n_items <= 2 else math.ceil(0.75 * n_items)


def _by_id(values: tuple[_Identified, ...], wanted: str) -> _Identified:
    for value in values:
        if value.id == wanted:
            return value
    raise KeyError(wanted)


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
