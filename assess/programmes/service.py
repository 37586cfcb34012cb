"""Use cases of programmes: batteries, engagements, ties, invitations, assignments, and what an id belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, union
from sqlalchemy.orm import Session

from assess.access import About
from assess.audit import Event
from assess.db import new_id
from assess.errors import InvalidInput, Refused
from assess.i18n import gettext as _
from assess.i18n import speaking
from assess.people import mail, words
from assess.people import service as people
from assess.people.models import Person, Role
from assess.programmes import rules
from assess.programmes.models import (
    Assignment,
    BatteryInstrument,
    Declaration,
    Engagement,
    Programme,
    ProgrammeLead,
    Wave,
    WaveKind,
)
from assess.statements import Statement
from assess.transactions import Transaction


def about_programme(db: Session, programme_id: str) -> About | None:
    """Return what a programme id points at."""
    return About(programme_id=programme_id) if db.get(Programme, programme_id) else None


def about_engagement(db: Session, engagement_id: str) -> About | None:
    """Return what an engagement id points at."""
    engagement = _TERM.first(db, engagement=engagement_id)
    return About(engagement, engagement.programme_id) if engagement else None


def about_assignment(db: Session, assignment_id: str) -> About | None:
    """Return what an assignment id points at."""
    engagement = _TERM_OF_ASSIGNMENT.first(db, assignment=assignment_id)
    return About(engagement, engagement.programme_id) if engagement else None


def assignment_of(tx: Transaction, assignment_id: str) -> Any:
    """Return the row of an assignment that is known to exist."""
    return _ASSIGNED.first(tx.db, assignment=assignment_id)


_ENGAGEMENT, _ASSIGNMENT = Engagement.__table__, Assignment.__table__
_WHO_AND_WHEN = select(
    _ENGAGEMENT.c.id,
    _ENGAGEMENT.c.programme_id,
    _ENGAGEMENT.c.client_id,
    _ENGAGEMENT.c.coach_id,
    _ENGAGEMENT.c.starts_on,
    _ENGAGEMENT.c.ends_on,
    _ENGAGEMENT.c.stopped_at,
    exists()
    .where(Declaration.engagement_id == _ENGAGEMENT.c.id, Declaration.person_id == _ENGAGEMENT.c.coach_id)
    .label("coach_has_declared"),
)
_ASSIGNED = Statement(select(*_ASSIGNMENT.c).where(_ASSIGNMENT.c.id == bindparam("assignment")))
_TERM = Statement(_WHO_AND_WHEN.where(_ENGAGEMENT.c.id == bindparam("engagement")))
_TERM_OF_ASSIGNMENT = Statement(
    _WHO_AND_WHEN.join(_ASSIGNMENT, _ASSIGNMENT.c.engagement_id == _ENGAGEMENT.c.id).where(
        _ASSIGNMENT.c.id == bindparam("assignment")
    )
)


def leads(db: Session, person_id: str, programme_id: str) -> bool:
    """Return whether the person leads the programme."""
    return db.get(ProgrammeLead, (programme_id, person_id)) is not None


def programmes_of_lead(tx: Transaction, person_id: str) -> Sequence[Programme]:
    """Return the programmes a person leads, by name."""
    statement = select(Programme).join(ProgrammeLead).where(ProgrammeLead.person_id == person_id)
    return tx.db.scalars(statement.order_by(Programme.name)).all()


def create_programme(
    tx: Transaction,
    *,
    name: str,
    contact: str,
    lead_id: str,
    battery: Iterable[tuple[str, str]],
    waves: Iterable[tuple[str, int]],
    keep_months: int = 24,
    simulated: bool = False,
) -> Programme:
    """Make a programme with its battery (instrument id, version) and waves (kind, days after an engagement begins)."""
    programme = Programme(
        name=name.strip(), contact=contact.strip(), keep_months=keep_months, simulated=simulated, created_at=tx.now
    )
    tx.db.add(programme)
    tx.db.flush()
    tx.db.add(ProgrammeLead(programme_id=programme.id, person_id=lead_id))
    for position, (kind, days) in enumerate(waves):
        tx.db.add(Wave(programme_id=programme.id, kind=kind, position=position, due_after_days=days))
    set_battery(tx, programme, battery)
    return programme


def set_battery(tx: Transaction, programme: Programme, battery: Iterable[tuple[str, str]]) -> None:
    """Choose the instruments of a programme; assignments that exist already stay as they are."""
    instruments = [tx.catalogue.get(instrument_id, version) for instrument_id, version in dict.fromkeys(battery)]
    if len({instrument.id for instrument in instruments}) < len(instruments):
        raise InvalidInput({"battery": _("Please choose from the list.")})
    for entry in tx.db.scalars(select(BatteryInstrument).where(BatteryInstrument.programme_id == programme.id)):
        tx.db.delete(entry)
    tx.db.flush()
    for position, instrument in enumerate(instruments):
        tx.db.add(BatteryInstrument(programme_id=programme.id, instrument_id=instrument.id,
                                    instrument_version=instrument.version, position=position))  # fmt: skip
    tx.db.flush()
    tx.db.refresh(programme)


def create_engagement(
    tx: Transaction, *, programme_id: str, client: Person, coach: Person, starts_on: date, ends_on: date
) -> Engagement:
    """Tie a client to a coach, and assign each instrument of the battery at each wave that fits the term."""
    faults = {}
    if ends_on < starts_on:
        faults["ends_on"] = _("The last day cannot be before the first.")
    for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if not rules.is_plausible(day, tx.today):
            faults[name] = _("Please give a date.")
    if client.id == coach.id:
        faults["coach"] = _("Client and coach must be two people.")
    if Role.COACH not in coach.roles:
        faults["coach"] = _("This person is not a coach.")
    if faults:
        raise InvalidInput(faults)
    engagement = Engagement(programme_id=programme_id, client_id=client.id, coach_id=coach.id, starts_on=starts_on,
                            ends_on=ends_on, created_at=tx.now)  # fmt: skip
    tx.db.add(engagement)
    tx.db.flush()
    _assign(tx, engagement, tx.db.get_one(Programme, programme_id))
    tx.record(Event.ENGAGEMENT_CREATED, subject=client.id, about=engagement.id)
    return engagement


def _assign(tx: Transaction, engagement: Engagement, programme: Programme) -> None:
    for wave in programme.waves:
        due = engagement.starts_on + timedelta(days=wave.due_after_days)
        if wave.kind != WaveKind.FOLLOW_UP:
            due = min(due, engagement.ends_on)
        for entry in programme.battery:
            tx.db.add(Assignment(engagement_id=engagement.id, wave_kind=wave.kind, instrument_id=entry.instrument_id,
                                 instrument_version=entry.instrument_version, position=entry.position, due_on=due,
                                 created_at=tx.now))  # fmt: skip
    tx.db.flush()


def find_or_create(tx: Transaction, *, name: str, mail_address: str, role: Role, locale: str) -> Person:
    """Return the person of a mail address with this role added, or a new account.

    Staff whom this lead does not work with are not to be drawn into a programme by whoever knows their address.
    """
    person = people.find_by_mail(tx, mail_address)
    if person is None:
        return people.create_person(tx, name=name, mail=mail_address, roles=[role], locale=locale)
    if person.roles and person.roles <= _STAFF and not _works_with(tx, person):
        raise InvalidInput({"mail": _("This address cannot be invited here. Please ask the administrator.")})
    people.set_roles(tx, person, person.roles | {role})
    return person


_STAFF = frozenset({Role.ADMINISTRATOR, Role.LEAD, Role.SUPERVISOR})


def _works_with(tx: Transaction, person: Person) -> bool:
    """Return whether somebody leads, coaches or is coached in a programme of the lead who acts."""
    led = select(ProgrammeLead.programme_id).where(ProgrammeLead.person_id == tx.actor)
    leading = select(ProgrammeLead.programme_id).where(
        ProgrammeLead.programme_id.in_(led), ProgrammeLead.person_id == person.id
    )
    engaged = select(Engagement.programme_id).where(
        Engagement.programme_id.in_(led), or_(Engagement.client_id == person.id, Engagement.coach_id == person.id)
    )
    return tx.db.scalar(union(leading, engaged).limit(1)) is not None


def invite(tx: Transaction, engagement: Engagement) -> str:
    """Mail the client a single-use link to their start page, in their language; return the link."""
    client = tx.db.get_one(Person, engagement.client_id)
    coach = tx.db.get_one(Person, engagement.coach_id)
    link = people.issue_link(tx, client, target="/me")
    with speaking(client.locale):
        subject = _("Your questionnaires for %(programme)s", programme=engagement.programme.name)
        text = words.invitation(
            client=people.name_of(client, tx.vault), coach=people.name_of(coach, tx.vault), link=link,
            programme=engagement.programme.name, hours=tx.settings.link_hours,
        )  # fmt: skip
        mail.send(tx, client, kind="invitation", subject=subject, text=text, programme_id=engagement.programme_id)
    tx.record(Event.INVITED, subject=client.id, about=engagement.id)
    return link


def declare_ties(tx: Transaction, engagement: Engagement, *, person_id: str, ties: Iterable[str]) -> Declaration:
    """Keep what one side says about ties to the other; a blocking tie stops the engagement at once."""
    ties = sorted(set(ties))
    unknown = [tie for tie in ties if tie not in rules.TIES]
    if unknown:
        raise InvalidInput({"ties": _("Please choose from the list.")})
    if rules.is_over(engagement, tx.today):
        raise Refused(_("This engagement is over; there is nothing left to declare."))
    declaration_id = new_id()
    sealed = tx.vault.seal(person_id, json.dumps(ties), "declaration", declaration_id)
    declaration = Declaration(id=declaration_id, engagement_id=engagement.id, person_id=person_id, ties_sealed=sealed,
                              blocking=rules.blocks(ties), declared_at=tx.now)  # fmt: skip
    tx.db.add(declaration)
    tx.db.flush()
    tx.db.refresh(engagement)
    tx.record(Event.TIES_DECLARED, subject=engagement.client_id, about=engagement.id)
    if declaration.blocking:
        _stop(tx, engagement, "blocking_tie")
    return declaration


def ties_of(tx: Transaction, declaration: Declaration) -> list[str]:
    """Return what a declaration says; only for the one who declared it."""
    ties: list[str] = json.loads(
        tx.vault.open(declaration.person_id, declaration.ties_sealed, "declaration", declaration.id)
    )
    return ties


def end_engagement(tx: Transaction, engagement: Engagement, *, reason: str) -> None:
    """End an engagement now; the coach's access ends in the same commit."""
    if engagement.stopped_at is None:
        _stop(tx, engagement, reason)


def _stop(tx: Transaction, engagement: Engagement, reason: str) -> None:
    engagement.stopped_at, engagement.stop_reason = tx.now, reason
    tx.db.flush()
    tx.record(Event.ENGAGEMENT_STOPPED, subject=engagement.client_id, about=engagement.id)


def engagement(tx: Transaction, engagement_id: str) -> Engagement:
    """Return an engagement that is known to exist."""
    return tx.db.get_one(Engagement, engagement_id)


def engagements_of_programme(tx: Transaction, programme_id: str) -> Sequence[Engagement]:
    """Return a programme's engagements, newest first."""
    statement = select(Engagement).where(Engagement.programme_id == programme_id)
    return tx.db.scalars(statement.order_by(Engagement.starts_on.desc(), Engagement.created_at)).all()


def engagements_of_client(tx: Transaction, person_id: str) -> Sequence[Engagement]:
    """Return a client's engagements, newest first."""
    statement = select(Engagement).where(Engagement.client_id == person_id)
    return tx.db.scalars(statement.order_by(Engagement.starts_on.desc(), Engagement.created_at)).all()


def live_engagements_of_coach(tx: Transaction, coach_id: str) -> Sequence[Engagement]:
    """Return the engagements a coach has today, the longest running first."""
    statement = select(Engagement).where(Engagement.coach_id == coach_id).order_by(Engagement.starts_on, Engagement.id)
    return [engagement for engagement in tx.db.scalars(statement) if rules.is_live(engagement, tx.today)]


def erased_engagements_of_coach(tx: Transaction, coach_id: str) -> Sequence[Engagement]:
    """Return the engagements whose clients erased themselves before the last day, the longest running first."""
    statement = select(Engagement).where(
        Engagement.coach_id == coach_id, Engagement.stop_reason == "erased", Engagement.ends_on >= tx.today
    )
    return tx.db.scalars(statement.order_by(Engagement.starts_on, Engagement.id)).all()


def assignments_of(tx: Transaction, engagement_id: str) -> Sequence[Assignment]:
    """Return the assignments of an engagement in the order in which they are due."""
    statement = select(Assignment).where(Assignment.engagement_id == engagement_id)
    return tx.db.scalars(statement.order_by(Assignment.due_on, Assignment.position)).all()
