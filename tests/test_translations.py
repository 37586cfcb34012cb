"""Every sentence of the interface, in every language it speaks."""

from __future__ import annotations

import re
import tomllib

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from assess.i18n import SOURCE, interface_languages
from assess.paths import TRANSLATIONS
from tests.serving import ROOT

LOCALES = [code for code, _ in interface_languages() if code != SOURCE]
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def sentences():
    """Every message of the sources, with where it stands."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    method_map = [(entry["pattern"], entry["method"]) for entry in mappings]
    options = {entry["pattern"]: entry.get("options", {}) for entry in mappings}
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
    return {
        message: f"{file}:{line}"
        for file, line, message, _comments, _context in extract_from_dir(
            ROOT, method_map, options, keywords=keywords, directory_filter=_is_source
        )
    }


def _is_source(folder):
    return not {".venv", "tests", "var", "psychometrics", "instruments", ".git"} & set(str(folder).split("/"))


def catalogue(locale):
    """Return the messages of a language."""
    with (TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        return {message.id: message for message in read_po(stream, locale=locale) if message.id}


def test_there_are_sentences_to_look_at(sentences):
    assert len(sentences) > 300


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_translated(sentences, locale):
    known = catalogue(locale)

    missing = [
        f"{where}: {message}"
        for message, where in sentences.items()
        if message not in known or known[message].fuzzy or not known[message].string
    ]

    assert missing == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_translation_is_left_of_a_sentence_that_is_gone(sentences, locale):
    assert sorted(str(message) for message in set(catalogue(locale)) - set(sentences)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_translations_fill_in_the_same_values(locale):
    wrong = [
        message.id
        for message in catalogue(locale).values()
        for source, translated in zip(_forms(message.id), _forms(message.string), strict=False)
        if set(_PLACEHOLDER.findall(source)) != set(_PLACEHOLDER.findall(translated))
    ]

    assert wrong == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_no_native_speaker_has_reviewed_is_marked(locale):
    unmarked = [
        message.id
        for message in catalogue(locale).values()
        if not any(mark in " ".join(message.user_comments) for mark in ("not reviewed", "reviewed by"))
    ]

    assert unmarked == []


def _forms(text):
    return [text] if isinstance(text, str) else list(text)
