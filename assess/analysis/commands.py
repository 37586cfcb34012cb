"""What `assess responses import` does and prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import or_, select

from assess.analysis import sets
from assess.analysis.foreign import read_instrument
from assess.analysis.importing import read_header, read_responses
from assess.analysis.mapping import ColumnMapping, GroupColumn, MappingFault, guess_mapping, read_mapping
from assess.errors import AssessError
from assess.instruments.rules import Instrument
from assess.programmes.models import Programme
from assess.transactions import Installation, Transaction

Write = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about a file; empty means that it says nothing."""

    instrument: str = ""
    instrument_file: Path | None = None
    mapping: Path | None = None
    items: Sequence[str] = ()
    groups: Sequence[str] = ()
    language: str = ""
    missing: Sequence[str] = ()
    source: str = ""
    licence: str = ""
    programme: str = ""
    simulated: bool = False


def import_responses(
    installation: Installation, path: Path, wanted: Wanted, *, write: Write, tell: Callable[[float], None]
) -> str:
    """Import a file and print what is in it; return the id of the response set."""
    files: Mapping[str, str] | None = None
    if wanted.instrument_file is not None:
        instrument, files = read_instrument(wanted.instrument_file)
    else:
        instrument = find_instrument(installation, wanted.instrument)
    with path.open("rb") as stream:
        mapping = mapping_for(read_header(stream), instrument, wanted)
        imported = read_responses(stream, mapping, instrument, progress=tell)
    with installation.transaction(actor="command") as tx:
        kept = sets.keep_set(
            tx,
            imported,
            instrument,
            programme_id=find_programme(tx, wanted.programme),
            source=wanted.source or path.name,
            licence=wanted.licence,
            language=mapping.language,
            simulated=wanted.simulated,
            instrument_files=files,
        )
    write(f"{imported.n:,} people, {imported.n_without_answer:,} of them without any answer; "
          f"{len(imported.item_ids)} items of {instrument.id} {instrument.version}")  # fmt: skip
    for name, labels in imported.groups.items():
        write(f"group {name}: {', '.join(labels) or 'nobody has a label'}")
    write(f"response set {kept.id}")
    write(f"next: assess audit {kept.id}")
    return kept.id


def mapping_for(header: Sequence[str], instrument: Instrument, wanted: Wanted) -> ColumnMapping:
    """Return the mapping that a file and options say together; without either, columns named like the items."""
    mapping = read_mapping(wanted.mapping.read_bytes()) if wanted.mapping else ColumnMapping({})
    items = dict(mapping.items) | {
        _item(instrument, item): column for column, item in map(_pair, wanted.items)
    }  # fmt: skip
    groups = dict(mapping.groups) | {
        name or column: GroupColumn(column) for column, name in (_pair(entry, second=False) for entry in wanted.groups)
    }
    guess = guess_mapping(header, instrument)
    return replace(
        mapping,
        items=items or guess.items,
        person=mapping.person or guess.person,
        groups=groups,
        language=wanted.language or mapping.language,
        missing=(*mapping.missing, *wanted.missing),
    )


def _pair(entry: str, *, second: bool = True) -> tuple[str, str]:
    left, sign, right = entry.partition("=")
    if not left or (second and not right) or (sign and not right):
        raise MappingFault(f'"{entry}": write COLUMN=NAME, such as DPQ010=phq1')
    return left.strip(), right.strip()


def _item(instrument: Instrument, name: str) -> str:
    """Return an item's id from the id or from its place in the questionnaire, beginning with 1."""
    if name.isdigit() and 1 <= int(name) <= len(instrument.items) and all(i.id != name for i in instrument.items):
        return instrument.items[int(name) - 1].id
    return name


def find_instrument(installation: Installation, name: str) -> Instrument:
    """Return an installed instrument from ID or ID/VERSION."""
    if not name:
        raise AssessError("Say which instrument: --instrument ID, or --instrument-file FILE for one not installed.")
    instrument_id, _, version = name.partition("/")
    catalogue = installation.catalogue
    return catalogue.get(instrument_id, version) if version else catalogue.latest(instrument_id)


def find_programme(tx: Transaction, name: str) -> str | None:
    """Return the id of a programme from its id or name; nothing for no name."""
    if not name:
        return None
    found = tx.db.scalars(select(Programme.id).where(or_(Programme.id == name, Programme.name == name))).all()
    if len(found) != 1:
        known = ", ".join(tx.db.scalars(select(Programme.name).order_by(Programme.name))) or "none yet"
        raise AssessError(f'{len(found) or "No"} programmes are called "{name}". There are: {known}')
    return found[0]
