"""The consent texts: complete in every language, and every fault of a file named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assess.consent.rules import Scope, Text
from assess.consent.texts import PLACEHOLDERS, ConsentTextFaults, consent_texts, filled, stored
from assess.paths import TRANSLATIONS

NOWHERE = Path("no-folder-of-its-own")
LOCALES = sorted(consent_texts(NOWHERE))
VALUES = dict.fromkeys(PLACEHOLDERS, "VALUE")


def shipped(locale: str) -> Text:
    (text,) = consent_texts(NOWHERE)[locale]
    return text


def words_of(text: Text) -> list[str]:
    """Return every piece of wording of a text."""
    return [
        *(words for section in text.sections for words in (section.title, *section.paragraphs)),
        *(words for scope in text.scopes for words in (scope.label, scope.explanation)),
        *(words for q in text.questions for words in (q.question, q.explanation, *q.options.values())),
    ]


def test_there_is_a_text_in_english_and_in_french() -> None:
    assert {"en", "fr"} <= set(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_says_the_same_number_of_things_and_leaves_open_the_same(locale: str) -> None:
    text, english = shipped(locale), shipped("en")

    def open_places(text: Text) -> list[list[str]]:
        return [sorted(re.findall(r"\{(\w+)\}", words)) for words in words_of(text)]

    assert [section.id for section in text.sections] == [section.id for section in english.sections]
    assert [words.scope for words in text.scopes] == [words.scope for words in english.scopes] == list(Scope)
    assert [(q.id, list(q.options), q.right) for q in text.questions] == [
        (q.id, list(q.options), q.right) for q in english.questions
    ]
    assert open_places(text) == open_places(english)


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_no_wording_was_left_in_english(locale: str) -> None:
    assert not set(words_of(shipped(locale))) & set(words_of(shipped("en")))


@pytest.mark.parametrize("locale", LOCALES)
def test_the_check_asks_about_purpose_readers_skipping_withdrawing_and_limits(locale: str) -> None:
    ids = {question.id for question in shipped(locale).questions}

    assert ids == {"purpose", "readers", "skipping", "withdrawing", "limits"}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_right_answer_is_not_always_at_the_same_place(locale: str) -> None:
    places = {list(question.options).index(question.right) for question in shipped(locale).questions}

    assert len(places) == 3


@pytest.mark.parametrize("locale", LOCALES)
def test_sentences_are_short_enough_for_a_teenager(locale: str) -> None:
    sentences = [s for words in words_of(shipped(locale)) for s in re.split(r"(?<=[.!?])\s", words)]
    lengths = [len(re.findall(r"\w[\w’'-]*", sentence)) for sentence in sentences]

    assert max(lengths) <= 32
    assert sum(lengths) / len(lengths) <= 15


@pytest.mark.parametrize("locale", LOCALES)
def test_a_filled_in_text_leaves_nothing_open(locale: str) -> None:
    assert not [words for words in words_of(filled(shipped(locale), VALUES)) if "{" in words]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_stored_copy_gives_the_same_text_back(locale: str) -> None:
    text = shipped(locale)

    assert stored(text.content) == text
    assert stored(text.content).digest == text.digest


def with_fault(tmp_path: Path, before: str, after: str) -> Path:
    """Give an installation a second English version with one fault in it."""
    english = (TRANSLATIONS / "en" / "consent.toml").read_text("utf-8")
    second = english.replace('version = "1"', 'version = "2"\nsupersedes = "1"\nchanges = "New."', 1).replace(
        "2026-01-01", "2026-02-01", 1
    )
    assert before in second
    folder = tmp_path / "consent" / "en"
    folder.mkdir(parents=True)
    (folder / "consent.2.toml").write_text(second.replace(before, after, 1), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('version = "2"', "version = 2", "version: should be str"),
        ('version = "2"', 'version = "1"', "en: version 1 exists twice"),
        ('supersedes = "1"', 'supersedes = "0"', "supersedes 0, which does not exist"),
        ('changes = "New."', "", "says what changed"),
        ("valid_from = 2026-02-01", "valid_from = 2026-01-01", "valid from the same day"),
        ("material = true", "materiel = true", "material: is missing"),
        ("material = true", "materiel = true", "materiel: no such key"),
        ('right = "talk"', 'right = "chat"', "'chat' is not among the options"),
        ("({programme})", "({coach_name})", "nothing to fill in for coach_name"),
        ('id = "research"', 'id = "sale"', "scopes: word exactly store"),
        ('id = "research"\nlabel', 'id = "research"\nname', "should have exactly explanation, id, label"),
        ("[[sections]]", "[[sections", "cannot be read"),
        ("material = true", "material = true", "fr: version 2 should exist both here and in en"),
    ],
)
def test_every_fault_of_a_text_is_named(tmp_path: Path, before: str, after: str, fault: str) -> None:
    data = with_fault(tmp_path, before, after)

    with pytest.raises(ConsentTextFaults) as refusal:
        consent_texts(data)

    assert fault in str(refusal.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    data = with_fault(tmp_path, 'right = "talk"', 'right = "chat"')
    file = data / "consent" / "en" / "consent.2.toml"
    file.write_text(file.read_text("utf-8").replace("material = true", "materiel = true"), "utf-8")

    with pytest.raises(ConsentTextFaults) as refusal:
        consent_texts(data)

    assert "chat" in str(refusal.value)
    assert "materiel" in str(refusal.value)
