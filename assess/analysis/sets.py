"""Use cases of response files and sets: keep an upload, have it imported, keep and find sets."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from assess.access import About
from assess.analysis.importing import FaultyFile, Imported, read_header
from assess.analysis.mapping import ColumnMapping, check_mapping
from assess.analysis.models import ResponseFile, ResponseSet
from assess.audit import Event
from assess.errors import Conflict, InvalidInput
from assess.i18n import gettext as _
from assess.instruments.catalogue import InstrumentFaults
from assess.instruments.load import load_files
from assess.instruments.rules import Instrument
from assess.jobs import enqueue
from assess.transactions import Transaction

KEPT_UPLOADED = timedelta(days=1)


def about_file(db: Session, file_id: str) -> About | None:
    """Return the programme an uploaded file belongs to."""
    file = db.get(ResponseFile, file_id)
    return About(programme_id=file.programme_id) if file else None


def keep_upload(
    tx: Transaction, programme_id: str, instrument: Instrument, *, name: str, content: bytes, source: str, licence: str
) -> ResponseFile:
    """Keep an uploaded file until somebody has said which column is which."""
    try:
        header = read_header(BytesIO(content))
    except FaultyFile as error:
        raise InvalidInput({"file": str(error)}) from None
    if not source.strip():
        raise InvalidInput({"source": _("Please say where the answers come from.")})
    forget_given_up(tx)
    file = ResponseFile(
        programme_id=programme_id,
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        name=name,
        header=header,
        source=source.strip(),
        licence=licence.strip(),
        uploaded_by=tx.actor,
        uploaded_at=tx.now,
        content=content,
    )
    tx.db.add(file)
    tx.db.flush()
    return file


def forget_given_up(tx: Transaction) -> None:
    """Drop the content of uploads that nobody had imported within a day, and the cells quoted from it."""
    given_up = update(ResponseFile).where(ResponseFile.uploaded_at < tx.now - KEPT_UPLOADED)
    tx.db.execute(given_up.values(content=None, faults=None))


def ask_import(tx: Transaction, file: ResponseFile, instrument: Instrument, mapping: ColumnMapping) -> None:
    """Have a file imported with this mapping by the worker."""
    if file.content is None:
        raise Conflict(_("This file was imported already, or given up. Please upload it again."))
    check_mapping(mapping, file.header, instrument)
    file.mapping, file.faults = mapping.as_dict(), None
    file.job_id = enqueue(tx.db, "import", {"file": file.id}, now=tx.now).id


def keep_set(
    tx: Transaction,
    imported: Imported,
    instrument: Instrument,
    *,
    programme_id: str | None,
    source: str,
    licence: str = "",
    language: str = "",
    simulated: bool = False,
    instrument_files: Mapping[str, str] | None = None,
) -> ResponseSet:
    """Keep imported answers; the same answers are kept once only."""
    digest = imported.digest
    known = tx.db.scalar(
        select(ResponseSet).where(ResponseSet.digest == digest, ResponseSet.programme_id == programme_id,
                                  ResponseSet.instrument_digest == instrument.digest)
    )  # fmt: skip
    if known is not None:
        return known
    kept = ResponseSet(
        programme_id=programme_id,
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        instrument_digest=instrument.digest,
        instrument_files=dict(instrument_files) if instrument_files else None,
        item_ids=list(imported.item_ids),
        groups=imported.groups,
        n=imported.n,
        n_without_answer=imported.n_without_answer,
        language=language,
        source=source,
        licence=licence,
        simulated=simulated,
        digest=digest,
        imported_by=tx.actor,
        imported_at=tx.now,
        answers=zlib.compress(imported.answers),
        labels=zlib.compress(imported.labels),
    )
    tx.db.add(kept)
    tx.db.flush()
    tx.record(Event.RESPONSES_IMPORTED, subject=programme_id or "installation", about=kept.id)
    return kept


def response_sets(tx: Transaction, programme_id: str | None, instrument: Instrument) -> list[ResponseSet]:
    """Return the imported answers to this instrument version that a programme may use, newest first."""
    wanted = select(ResponseSet).where(
        usable_by(programme_id),
        ResponseSet.instrument_id == instrument.id,
        ResponseSet.instrument_version == instrument.version,
    )
    return list(tx.db.scalars(wanted.order_by(ResponseSet.imported_at.desc())))


def usable_by(programme_id: str | None) -> ColumnElement[bool]:
    """Which response sets a programme may use: its own, and those of the whole installation."""
    return or_(ResponseSet.programme_id == programme_id, ResponseSet.programme_id.is_(None))


def kept_instrument(files: Mapping[str, str]) -> Instrument:
    """Return the instrument of files that were checked when they were kept."""
    instrument, faults = load_files({name: text.encode() for name, text in files.items()})
    if instrument is None:
        raise InstrumentFaults(faults)
    return instrument
