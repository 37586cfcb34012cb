"""Use cases of a sitting: begin, decline, submit; and what a client says about themselves."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from assess.access import About
from assess.administration.models import Administration
from assess.administration.rules import Background, Sitting
from assess.audit import Event
from assess.consent import service as consent
from assess.db import new_id
from assess.errors import AssessError, KeyDestroyed, Refused
from assess.i18n import gettext as _
from assess.people.models import Person
from assess.programmes.models import Assignment, Engagement
from assess.programmes.service import about_assignment
from assess.statements import Statement
from assess.transactions import Transaction


class InstrumentChanged(AssessError):
    """Answers were given to an instrument that is not the one installed under that version."""


def about_administration(db: Session, administration_id: str) -> About | None:
    """Return what an administration id points at."""
    administration = db.get(Administration, administration_id)
    return about_assignment(db, administration.assignment_id) if administration else None


def administration_of(tx: Transaction, assignment_id: str) -> Sitting | None:
    """Return the sitting of an assignment, if one was begun."""
    sitting: Sitting | None = _SITTING.first(tx.db, assignment=assignment_id)
    return sitting


_ADMINISTRATION, _ASSIGNMENT, _ENGAGEMENT = Administration.__table__, Assignment.__table__, Engagement.__table__
_SITTING = Statement(
    select(*_ADMINISTRATION.c, _ASSIGNMENT.c.wave_kind, _ENGAGEMENT.c.programme_id)
    .join(_ASSIGNMENT, _ASSIGNMENT.c.id == _ADMINISTRATION.c.assignment_id)
    .join(_ENGAGEMENT, _ENGAGEMENT.c.id == _ADMINISTRATION.c.engagement_id)
    .where(_ADMINISTRATION.c.assignment_id == bindparam("assignment"))
)
_BEGIN = Statement(insert(_ADMINISTRATION))  # type: ignore[arg-type]
_SEND = Statement(
    update(_ADMINISTRATION)  # type: ignore[arg-type]
    .where(_ADMINISTRATION.c.id == bindparam("administration"))
    .values(submitted_at=bindparam("now"))
)
_HELD = Statement(
    select(
        *_ASSIGNMENT.c,
        _ENGAGEMENT.c.client_id,
        _ENGAGEMENT.c.stopped_at,
    )
    .join(_ENGAGEMENT, _ENGAGEMENT.c.id == _ASSIGNMENT.c.engagement_id)
    .where(_ASSIGNMENT.c.id == bindparam("assignment"))
    .with_for_update()
)


def open_sitting(tx: Transaction, assignment_id: str) -> Sitting | None:
    """Return the sitting whose items may be shown now: begun, not sent, under a valid consent."""
    administration = administration_of(tx, assignment_id)
    if administration is None or administration.submitted_at is not None:
        return None
    return administration if consent.allows_answering(tx, administration.engagement_id) else None


def start(tx: Transaction, assignment_id: str, *, locale: str) -> Sitting:
    """Begin the sitting in one language; beginning again returns the same sitting."""
    assignment = _hold(tx, assignment_id)
    if assignment.declined_at is not None:
        _set_declined(tx, assignment_id, None)
    begun = administration_of(tx, assignment_id)
    if begun is not None:
        return begun
    record_id = consent.valid_record_id(tx, assignment.engagement_id)
    if record_id is None:
        raise Refused(_("No question is shown before you have given your consent. Please read it and decide first."))
    if assignment.stopped_at is not None:
        raise Refused(_("This coaching was stopped, so there is nothing to answer any more."))
    instrument = tx.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    if locale not in instrument.answerable_locales:
        raise Refused(_("This questionnaire does not exist in that language. Please choose one of those offered."))
    sitting_id = new_id()
    _BEGIN.run(
        tx.db,
        {
            "id": sitting_id,
            "assignment_id": assignment_id,
            "engagement_id": assignment.engagement_id,
            "person_id": assignment.client_id,
            "consent_record_id": record_id,
            "instrument_id": instrument.id,
            "instrument_version": instrument.version,
            "instrument_digest": instrument.digest,
            "locale": locale,
            "mode": "web",
            "started_at": tx.now,
            "submitted_at": None,
        },
    )
    tx.record(Event.ADMINISTRATION_STARTED, subject=assignment.client_id, about=sitting_id)
    sitting: Sitting = _SITTING.first(tx.db, assignment=assignment_id)
    return sitting


def decline(tx: Transaction, assignment_id: str) -> None:
    """Say no to one questionnaire; saying it again changes nothing, and a change of mind is welcome."""
    assignment = _hold(tx, assignment_id)
    begun = administration_of(tx, assignment_id)
    if begun is not None and begun.submitted_at is not None:
        raise Refused(_("You have sent this questionnaire already. You can still take back your consent."))
    if assignment.declined_at is None:
        _set_declined(tx, assignment_id, tx.now)
        tx.record(Event.ADMINISTRATION_DECLINED, subject=assignment.client_id, about=assignment_id)


def submit(tx: Transaction, assignment_id: str) -> Sitting | None:
    """Send the answers for good; return the sitting if this call did it: sending again changes nothing."""
    _hold(tx, assignment_id)
    administration = administration_of(tx, assignment_id)
    if administration is None or administration.submitted_at is not None:
        return None
    if not consent.allows_answering(tx, administration.engagement_id):
        raise Refused(_("Your consent is needed before you can send your answers. Please read it and decide first."))
    _SEND.run(tx.db, {"administration": administration.id, "now": tx.now})
    tx.record(Event.ADMINISTRATION_SUBMITTED, subject=administration.person_id, about=administration.id)
    return administration_of(tx, assignment_id)


def check_instruments_in_use(tx: Transaction) -> None:
    """Refuse to go on when an instrument version that was answered is not there any more, or not as it was then."""
    answered = select(Administration.instrument_id, Administration.instrument_version, Administration.instrument_digest)
    installed = {(instrument.id, instrument.version): instrument.digest for instrument in tx.catalogue.all()}
    faults = [
        f"instrument {instrument_id} version {version}: {_EDITED if (instrument_id, version) in installed else _GONE}"
        for instrument_id, version, digest in sorted(set(tx.db.execute(answered.distinct()).all()))
        if installed.get((instrument_id, version)) != digest
    ]
    if faults:
        raise InstrumentChanged("\n  ".join(dict.fromkeys(faults)))


_EDITED = "its files were edited after people answered it. Put them back, and give what changed a version of its own."
_GONE = "people answered it, but its files are gone. Put them back."


def background_of(tx: Transaction, person: Person) -> Background:
    """Return what a client said about themselves; nothing where they said nothing or were erased."""
    if person.background_sealed is None:
        return Background()
    try:
        return Background(**json.loads(tx.vault.open(person.id, person.background_sealed, "person", "background")))
    except KeyDestroyed:
        return Background()


def save_background(tx: Transaction, person: Person, background: Background) -> None:
    """Keep what a client says about themselves; saying nothing at all keeps nothing."""
    if background == Background():
        person.background_sealed = None
    else:
        text = json.dumps(asdict(background))
        person.background_sealed = tx.vault.seal(person.id, text, "person", "background")
    tx.record(Event.BACKGROUND_SAVED, subject=person.id)


def _hold(tx: Transaction, assignment_id: str) -> Any:
    """Return an assignment as it is now, and let one request after another decide about it and its engagement.

    SQLite lets one write at a time by itself.
    """
    return _HELD.first(tx.db, assignment=assignment_id)


def _set_declined(tx: Transaction, assignment_id: str, moment: datetime | None) -> None:
    tx.db.execute(update(Assignment).where(Assignment.id == assignment_id).values(declined_at=moment))
