"""Telling those who could read a result that it is suspended."""

from __future__ import annotations

from sqlalchemy import select

from assess.administration.models import Administration
from assess.i18n import gettext as _
from assess.i18n import speaking
from assess.instruments.rules import Instrument
from assess.people import mail
from assess.people.models import Person
from assess.programmes.models import Assignment, Engagement, ProgrammeLead
from assess.programmes.rules import is_live
from assess.transactions import Transaction


def tell_readers(tx: Transaction, programme_id: str, instrument: Instrument) -> None:
    """Write to the leads, to clients who answered this instrument, and to their coaches of live engagements."""
    readers = set(tx.db.scalars(select(ProgrammeLead.person_id).where(ProgrammeLead.programme_id == programme_id)))
    answered = (
        select(Engagement)
        .join(Assignment, Assignment.engagement_id == Engagement.id)
        .join(Administration, Administration.assignment_id == Assignment.id)
        .where(
            Engagement.programme_id == programme_id,
            Administration.instrument_id == instrument.id,
            Administration.instrument_version == instrument.version,
            Administration.submitted_at.is_not(None),
        )
    )
    for engagement in tx.db.scalars(answered):
        readers.add(engagement.client_id)
        if is_live(engagement, tx.today):
            readers.add(engagement.coach_id)
    for person in tx.db.scalars(select(Person).where(Person.id.in_(readers), Person.closed_at.is_(None))):
        if person.erased_at is None:
            _tell(tx, person, programme_id, instrument)


def _tell(tx: Transaction, person: Person, programme_id: str, instrument: Instrument) -> None:
    with speaking(person.locale):
        name = instrument.report_language(person.locale).name
        mail.send(
            tx,
            person,
            kind="release_suspended",
            subject=_("Results of %(name)s are paused", name=name),
            text=_(
                "New findings about the questionnaire %(name)s came in. Until they have been looked at, its results "
                "are not shown. This says nothing about any person's answers. You need not do anything.",
                name=name,
            ),
            programme_id=programme_id,
        )
