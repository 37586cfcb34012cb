"""In which languages a sitting can be had, and what a client may say about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from assess.instruments.rules import Instrument, LanguageState


class Sitting(Protocol):
    """What answering and scoring need of a sitting: the entity, or a row of it with its wave and programme."""

    id: str
    assignment_id: str
    engagement_id: str
    person_id: str
    instrument_id: str
    instrument_version: str
    locale: str
    mode: str
    submitted_at: datetime | None

    @property
    def wave_kind(self) -> str:
        """The wave it belongs to."""

    @property
    def programme_id(self) -> str:
        """The programme it belongs to."""


@dataclass(frozen=True, slots=True)
class OfferedLanguage:
    """One language a questionnaire can be answered in, and how far its wording has been checked."""

    locale: str
    state: LanguageState


@dataclass(frozen=True, slots=True)
class LanguageOffer:
    """Which languages there are; `preferred` is the reader's own, None when the questionnaire does not exist in it."""

    languages: tuple[OfferedLanguage, ...]
    preferred: str | None

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales offered, the source language first."""
        return tuple(language.locale for language in self.languages)


def offer_languages(instrument: Instrument, reader: str) -> LanguageOffer:
    """Return the languages an instrument can be answered in; wording never falls back to another language."""
    locales = instrument.answerable_locales
    base = reader.partition("-")[0]
    preferred = next((locale for locale in (reader, base) if locale in locales), None)
    languages = tuple(OfferedLanguage(locale, instrument.language(locale).state) for locale in locales)
    return LanguageOffer(languages, preferred)


def sensitive_items(instrument: Instrument) -> int:
    """Return how many of an instrument's items ask about something personal."""
    return sum(item.sensitive for item in instrument.items)


GENDERS = ("woman", "man", "non_binary", "own_words")
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
# Coarse steps that exist in every country, after the levels of ISCED 2011 (UNESCO Institute for Statistics, 2012).
EDUCATIONS = ("school", "upper_secondary", "bachelor", "master", "other")
_OWN_WORDS_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Background:
    """What a client chose to say about themselves; an empty text is something they left out.

    `gender_words` are theirs alone: analyses see only that someone used their own words.
    """

    gender: str = ""
    gender_words: str = ""
    age_band: str = ""
    country: str = ""
    education: str = ""
    first_language: str = ""

    @property
    def groups(self) -> dict[str, str]:
        """What a check of a questionnaire may see: coarse codes, only what was said, never own words."""
        said = {
            "gender": self.gender,
            "age_band": self.age_band,
            "country": self.country,
            "education": self.education,
            "first_language": self.first_language,
        }
        return {name: value for name, value in said.items() if value}


def background_faults(
    background: Background, *, countries: Mapping[str, str], languages: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the names of the fields whose value is not one of those offered."""
    offered = {"gender": GENDERS, "age_band": AGE_BANDS, "country": countries, "education": EDUCATIONS,
               "first_language": languages}  # fmt: skip
    faults = [name for name, value in background.groups.items() if value not in offered[name]]
    if len(background.gender_words) > _OWN_WORDS_LENGTH:
        faults.append("gender_words")
    return tuple(faults)
