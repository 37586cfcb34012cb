"""What `assess instruments check|list|show|schema` print; each takes the function that writes a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assess.instruments.catalogue import Catalogue
from assess.instruments.load import Fault, load_path
from assess.instruments.rules import Evidence, Instrument, Language, Scale
from assess.instruments.schema import write_schemas

Write = Callable[[str], object]


def check(paths: Sequence[Path], write: Write) -> tuple[Fault, ...]:
    """Print every fault of every file below the paths, then a count; without faults say what was read."""
    read, faults = 0, tuple[Fault, ...]()
    for path in paths:
        instruments, found = load_path(path)
        read += len(instruments)
        faults += found
    for fault in faults:
        write(str(fault))
    write(f"{_count(len(faults), 'fault')}, {_count(read, 'instrument')} in order")
    return faults


def list_instruments(catalogue: Catalogue, write: Write) -> None:
    """Print one line per instrument version: size, kind, and each language with its evidence state."""
    for instrument in catalogue.all():
        languages = ", ".join(
            f"{locale} ({_state(instrument, instrument.language(locale))})" for locale in instrument.answerable_locales
        )
        size = f"{_count(len(instrument.items), 'item')}, {_count(len(instrument.scales), 'scale')}"
        write(f"{instrument.id} {instrument.version}  {instrument.kind}  {size}  {languages}")


def show(instrument: Instrument, write: Write) -> None:
    """Print everything about one instrument version but its wording."""
    for line in _head(instrument):
        write(line)
    for scale in instrument.scales:
        write(_scale_line(instrument, scale))
    for language in instrument.languages.values():
        write(_language_line(instrument, language))
    for evidence in instrument.evidence:
        if evidence.statistic not in ("norm_mean", "norm_sd"):
            write(_evidence_line(evidence))
    for population in dict.fromkeys(norm.population for norm in instrument.norms):
        write(f"norms: {population}")


def schema(folder: Path, write: Write) -> None:
    """Write the JSON Schemas for editors."""
    write_schemas(folder)
    write(f"{folder}: schemas written")


def _head(instrument: Instrument) -> list[str]:
    source = instrument.language(instrument.source_language)
    oldest = f" to {instrument.ages[1]}" if instrument.ages[1] is not None else " and over"
    lines = [
        f"{source.name}: {instrument.id}, version {instrument.version}, {instrument.kind}",
        f"digest: {instrument.digest}",
        f"wording digest ({instrument.source_language}): {source.wording_digest}",
        f"measures: {instrument.construct}",
        f"citation: {instrument.citation}",
        f"licence: {instrument.licence.statement} ({instrument.licence.source})",
        f"permitted: {', '.join(sorted(instrument.contexts))}",
        f"ages: {instrument.ages[0]}{oldest}; minutes: {instrument.minutes[0]} to {instrument.minutes[1]}",
        f"items: {len(instrument.items)}, sensitive: {sum(item.sensitive for item in instrument.items)}",
    ]
    if instrument.left_out_reason:
        left_out = ", ".join(scale.id for scale in instrument.left_out_scales)
        lines.append(
            f"left out: {len(instrument.left_out_items)} items, scales {left_out}: {instrument.left_out_reason}"
        )
    return lines


def _scale_line(instrument: Instrument, scale: Scale) -> str:
    name = instrument.language(instrument.source_language).scales[scale.id].name
    bands = "; ".join(f"{band.id} {band.lower:g} to {band.upper:g}" for band in scale.bands)
    return (
        f"scale {scale.id} ({name}): {scale.method} of {len(scale.items)} items, {len(scale.reversed_items)} reversed, "
        f"{scale.minimum:g} to {scale.maximum:g}, at least {scale.missing.min_answered} answered "
        f"({scale.missing.source} rule)" + (f"; bands {bands}" if bands else "")
    )


def _language_line(instrument: Instrument, language: Language) -> str:
    uses = [word for word, yes in (("questions", language.answerable), ("reports", language.reportable)) if yes]
    return (
        f"language {language.locale}: {' and '.join(uses)}, {_state(instrument, language)}, "
        f"by {language.translator}, {language.source}"
    )


def _evidence_line(evidence: Evidence) -> str:
    value = "" if evidence.value is None else f" {evidence.value:g}"
    size = "" if evidence.n is None else f", n {evidence.n}"
    note = f" {evidence.note}" if evidence.note else ""
    return (
        f"evidence {evidence.statistic}{value} {evidence.scale or 'whole form'}: "
        f"{evidence.language}, {evidence.population}{size}; {evidence.source}.{note}"
    )


def _state(instrument: Instrument, language: Language) -> str:
    return f"{language.state}, stale" if instrument.is_stale(language.locale) else language.state


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
