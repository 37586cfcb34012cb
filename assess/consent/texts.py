"""Consent texts read from files: `consent*.toml` in a language's folder, one file per version.

Shipped texts stand beside the translations; an installation adds versions of its own in `consent/<locale>/` of its data
folder. A version must exist in every language, with the same sections, scopes, questions and options.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from assess.consent.rules import Question, Scope, ScopeText, Section, Text, canonical
from assess.errors import AssessError
from assess.paths import TRANSLATIONS

# What a text may leave open, to be filled in where it is shown: {contact}, …
PLACEHOLDERS = frozenset({"programme", "contact", "keep_months", "smallest_group", "server"})

_KEYS: dict[str, type] = {
    "version": str, "valid_from": date, "material": bool, "sections": list, "scopes": list, "questions": list,
}  # fmt: skip
_OPTIONAL: dict[str, type] = {"supersedes": str, "changes": str}
_PARTS = {
    "sections": {"id", "title", "paragraphs"},
    "scopes": {"id", "label", "explanation"},
    "questions": {"id", "question", "options", "right", "explanation"},
}


class ConsentTextFaults(AssessError):
    """Consent texts have faults; all of them are listed, one per line."""

    def __init__(self, faults: Iterable[str]) -> None:
        super().__init__("These consent texts need mending:\n  " + "\n  ".join(faults))


Texts = Mapping[str, tuple[Text, ...]]


def consent_texts(data: Path) -> Texts:
    """Return every version by language, the shipped ones and this installation's own; any fault refuses all."""
    files = sorted([*_shipped(), *(data / "consent").glob("*/consent*.toml")])
    return _read(tuple((file, file.stat().st_mtime_ns) for file in files))


@cache
def _shipped() -> tuple[Path, ...]:
    return tuple(TRANSLATIONS.glob("*/consent*.toml"))


@lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int], ...]) -> Texts:
    """Read the files once for as long as none of them changes."""
    texts: dict[str, list[Text]] = {}
    faults: list[str] = []
    for file, _ in files:
        name = f"{file.parent.name}/{file.name}"
        try:
            content = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{name}: cannot be read: {error}")
            continue
        found = [f"{name}: {fault}" for fault in _faults(content)]
        faults += found
        if not found:
            texts.setdefault(file.parent.name, []).append(build(file.parent.name, content))
    faults += [fault for locale, versions in texts.items() for fault in _lineage_faults(locale, versions)]
    faults += _language_faults(texts)
    if faults:
        raise ConsentTextFaults(faults)
    return {locale: tuple(versions) for locale, versions in texts.items()}


def build(locale: str, content: Mapping[str, Any]) -> Text:
    """Return the text of a file's content."""
    return Text(
        locale=locale,
        version=content["version"],
        valid_from=content["valid_from"],
        material=content["material"],
        supersedes=content.get("supersedes"),
        changes=content.get("changes", ""),
        sections=tuple(Section(part["id"], part["title"], tuple(part["paragraphs"])) for part in content["sections"]),
        scopes=tuple(ScopeText(Scope(part["id"]), part["label"], part["explanation"]) for part in content["scopes"]),
        questions=tuple(
            Question(part["id"], part["question"], dict(part["options"]), part["right"], part["explanation"])
            for part in content["questions"]
        ),
        content=canonical({**content, "locale": locale, "valid_from": content["valid_from"].isoformat()}),
    )


def stored(content: str) -> Text:
    """Return the text of a stored copy: old records are shown only from it."""
    values = json.loads(content)
    return build(values["locale"], {**values, "valid_from": date.fromisoformat(values["valid_from"])})


def _faults(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one file."""
    for key, kind in (_KEYS | _OPTIONAL).items():
        if key in content and not isinstance(content[key], kind):
            yield f"{key}: should be {kind.__name__}"
        elif key not in content and key in _KEYS:
            yield f"{key}: is missing"
    yield from (f"{key}: no such key" for key in content.keys() - _KEYS.keys() - _OPTIONAL.keys())
    if ("supersedes" in content) != bool(content.get("changes")):
        yield "changes: a version that supersedes another says what changed, and only such a version does"
    for name, keys in _PARTS.items():
        for part in content.get(name, ()):
            if part.keys() != keys:
                yield f"{name}: {part.get('id', 'a part')} should have exactly {', '.join(sorted(keys))}"
            else:
                yield from _part_faults(name, part)
    if not 3 <= len(content.get("questions", ())) <= 5:
        yield "questions: give three to five"
    if {part.get("id") for part in content.get("scopes", ())} != set(Scope):
        yield f"scopes: word exactly {', '.join(Scope)}"


def _part_faults(name: str, part: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the meaning of one section, scope or question."""
    if name == "questions" and part["right"] not in part["options"]:
        yield f"questions: {part['id']}: the right answer {part['right']!r} is not among the options"
    for value in part.values():
        for words in [value] if isinstance(value, str) else value.values() if isinstance(value, dict) else value:
            unknown = {field for _, field, _, _ in Formatter().parse(words) if field is not None} - PLACEHOLDERS
            if unknown:
                yield f"{name}: {part['id']}: nothing to fill in for {', '.join(sorted(unknown))}"


def _lineage_faults(locale: str, texts: Iterable[Text]) -> Iterator[str]:
    """Yield what is wrong between the versions of one language."""
    seen: dict[str, Text] = {}
    for text in texts:
        if text.version in seen:
            yield f"{locale}: version {text.version} exists twice"
        seen[text.version] = text
    for text in seen.values():
        if text.supersedes is not None and text.supersedes not in seen:
            yield f"{locale}: version {text.version} supersedes {text.supersedes}, which does not exist"
    if len({text.valid_from for text in seen.values()}) < len(seen):
        yield f"{locale}: two versions are valid from the same day"


def _language_faults(texts: Mapping[str, Iterable[Text]]) -> Iterator[str]:
    """Yield where people who read different languages would agree to different things."""
    shapes = {locale: {text.version: _shape(text) for text in versions} for locale, versions in texts.items()}
    reference = shapes.get("en", {})
    for locale, versions in shapes.items():
        for version in sorted(reference.keys() ^ versions.keys()):
            yield f"{locale}: version {version} should exist both here and in en"
        for version in sorted(reference.keys() & versions.keys()):
            if versions[version] != reference[version]:
                yield f"{locale}: version {version} differs from en in dates, ids, options or right answers"


def _shape(text: Text) -> object:
    """Return everything of a text but its words."""
    return (
        text.valid_from, text.material, text.supersedes,
        [(section.id, len(section.paragraphs)) for section in text.sections],
        [words.scope for words in text.scopes],
        [(question.id, list(question.options), question.right) for question in text.questions],
    )  # fmt: skip


def filled(text: Text, values: Mapping[str, str]) -> Text:
    """Return a text as it is shown: everything it leaves open filled in."""
    return replace(
        text,
        sections=tuple(
            replace(section, paragraphs=tuple(words.format_map(values) for words in section.paragraphs))
            for section in text.sections
        ),
        scopes=tuple(replace(words, explanation=words.explanation.format_map(values)) for words in text.scopes),
        questions=tuple(
            replace(question, explanation=question.explanation.format_map(values)) for question in text.questions
        ),
    )
