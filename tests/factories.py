"""People, programmes and sittings for tests, made through the same services as the product's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import count

from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.consent import service as consent
from assess.consent import steps
from assess.consent.models import ConsentRecord
from assess.consent.rules import Scope
from assess.db import new_id
from assess.people import service as people
from assess.people.models import Person, Role
from assess.programmes import service as programmes
from assess.programmes.models import (
    Assignment,
    BatteryInstrument,
    Declaration,
    Engagement,
    Programme,
    ProgrammeLead,
    Wave,
)
from assess.responses import service as responses
from assess.responses.rules import Answer
from assess.transactions import Transaction

_numbers = count(1)


def make_person(tx: Transaction, *roles: Role, name: str = "", locale: str = "en") -> Person:
    """Make a person with an address of their own."""
    number = next(_numbers)
    return people.create_person(
        tx,
        name=name or f"Person {number}",
        mail=f"person{number}@example.org",
        roles=roles or (Role.CLIENT,),
        locale=locale,
    )


def make_programme(
    tx: Transaction,
    *,
    lead: Person | None = None,
    battery: Iterable[str] = ("mini-ipip", "phq-8"),
    waves: Iterable[str] = ("baseline", "end"),
) -> Programme:
    """Make a programme with its battery and waves."""
    programme = Programme(name="Programme", created_at=tx.now)
    tx.db.add(programme)
    tx.db.flush()
    for position, instrument_id in enumerate(battery):
        instrument = tx.catalogue.latest(instrument_id)
        tx.db.add(
            BatteryInstrument(
                programme_id=programme.id,
                instrument_id=instrument.id,
                instrument_version=instrument.version,
                position=position,
            )
        )
    for position, kind in enumerate(waves):
        tx.db.add(Wave(programme_id=programme.id, kind=kind, position=position, due_after_days=14 + 90 * position))
    if lead is not None:
        tx.db.add(ProgrammeLead(programme_id=programme.id, person_id=lead.id))
    tx.db.flush()
    tx.db.refresh(programme)
    return programme


def make_engagement(
    tx: Transaction, *, programme: Programme | None = None, client: Person | None = None, coach: Person | None = None,
    starts_on: date | None = None, ends_on: date | None = None, declared: bool = True,
) -> Engagement:  # fmt: skip
    """Make a live engagement, no ties on either side, with an assignment for each wave and instrument."""
    programme = programme or make_programme(tx)
    client = client or make_person(tx, Role.CLIENT)
    coach = coach or make_person(tx, Role.COACH)
    engagement = Engagement(
        programme_id=programme.id,
        client_id=client.id,
        coach_id=coach.id,
        starts_on=starts_on or tx.today - timedelta(days=7),
        ends_on=ends_on or tx.today + timedelta(days=180),
        created_at=tx.now,
    )
    tx.db.add(engagement)
    tx.db.flush()
    for person in (client, coach) if declared else ():
        declaration_id = new_id()
        tx.db.add(Declaration(id=declaration_id, engagement_id=engagement.id, person_id=person.id,
                              ties_sealed=tx.vault.seal(person.id, "[]", "declaration", declaration_id),
                              blocking=False, declared_at=tx.now))  # fmt: skip
    for wave in programme.waves:
        for entry in programme.battery:
            tx.db.add(
                Assignment(
                    engagement_id=engagement.id,
                    wave_kind=wave.kind,
                    instrument_id=entry.instrument_id,
                    instrument_version=entry.instrument_version,
                    position=entry.position,
                    due_on=engagement.starts_on + timedelta(days=wave.due_after_days),
                    created_at=tx.now,
                )
            )
    tx.db.flush()
    tx.db.refresh(engagement)
    return engagement


def make_consent(
    tx: Transaction, engagement: Engagement, scopes: Iterable[Scope] = (Scope.STORE,), *, locale: str = "en"
) -> ConsentRecord:
    """Walk a client through every step of consenting, with the right answers at the first go."""
    text = steps.texts_in_force(tx)[locale]
    steps.answer_eligibility(tx, engagement, eligible=True)
    steps.acknowledge_text(tx, engagement, text)
    steps.answer_check(tx, engagement, text, number=1, answers={q.id: q.right for q in text.questions})
    steps.choose_scopes(tx, engagement, scopes)
    return consent.grant(tx, engagement, text)


def make_assignment(
    tx: Transaction, instrument_id: str = "mini-ipip", *, programme: Programme | None = None,
    client: Person | None = None, consented: bool = True, scopes: Iterable[Scope] = (Scope.STORE,),
) -> Assignment:  # fmt: skip
    """Make an engagement and return what its client is to answer first, with consent unless told otherwise."""
    programme = programme or make_programme(tx, battery=[instrument_id])
    engagement = make_engagement(tx, programme=programme, client=client)
    if consented:
        make_consent(tx, engagement, scopes)
    return next(
        assignment
        for assignment in programmes.assignments_of(tx, engagement.id)
        if assignment.instrument_id == instrument_id
    )


def make_sitting(
    tx: Transaction, instrument_id: str = "mini-ipip", *, answers: Mapping[str, Answer] = {}, locale: str = "en",
    programme: Programme | None = None, client: Person | None = None, scopes: Iterable[Scope] = (Scope.STORE,),
) -> Administration:  # fmt: skip
    """Make a sitting that was begun, with these answers."""
    assignment = make_assignment(tx, instrument_id, programme=programme, client=client, scopes=scopes)
    begun = administrations.start(tx, assignment.id, locale=locale)
    if answers:
        responses.save(tx, begun, answers, seen={})
    return tx.db.get_one(Administration, begun.id)
