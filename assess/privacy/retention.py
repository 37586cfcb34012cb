"""Deleting what was kept long enough: so many months after a coaching ends, as every client was told.

What was agreed to and the log stay: ids, days and choices, nothing that anybody told. Whoever has nothing left here and
does nothing else here is erased with their last coaching.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Table, delete, func, or_, select

from assess.administration.models import Administration
from assess.analysis.sets import forget_given_up
from assess.audit import Event
from assess.consent.models import ConsentRecord
from assess.consent.rules import canonical, digest
from assess.db import Base
from assess.jobs import Work
from assess.people.models import Person, Role
from assess.people.service import forget_old_access
from assess.privacy import rules, service
from assess.privacy.models import PurgeCertificate
from assess.programmes.models import Assignment, Engagement, Programme
from assess.transactions import Installation, Transaction

_AT_ONCE = 100  # engagements in one transaction: others wait for it no longer than for a page


@dataclass(frozen=True, slots=True)
class Share:
    """What would be deleted of one programme."""

    programme: Programme
    engagements: Sequence[Engagement]
    rows: Mapping[str, int]
    people: int


def kept_until(engagement: Engagement) -> date:
    """Return the last day on which what was told in an engagement is kept."""
    ended = rules.ended_on(engagement.ends_on, engagement.stopped_at)
    return rules.keep_until(ended, engagement.programme.keep_months)


def due(tx: Transaction) -> Sequence[Engagement]:
    """Return the engagements that were kept long enough, programme by programme, the oldest first."""
    ended = or_(Engagement.ends_on < tx.today, Engagement.stopped_at.is_not(None))
    statement = select(Engagement).where(Engagement.purged_at.is_(None), ended)
    ordered = statement.order_by(Engagement.programme_id, Engagement.ends_on, Engagement.id)
    unpurged = tx.db.scalars(ordered.with_for_update(skip_locked=True))
    return [engagement for engagement in unpurged if kept_until(engagement) < tx.today]


def preview(tx: Transaction) -> Iterator[Share]:
    """Yield what a purge would delete now, programme by programme; nothing changes."""
    everything = due(tx)
    leaving = {person.id for person in _people_without_more(tx, everything)}
    for programme, members in groupby(everything, key=lambda engagement: engagement.programme):
        engagements = list(members)
        rows = {
            table.name: tx.db.scalar(select(func.count()).select_from(table).where(condition)) or 0
            for table, condition in _contents(engagements)
        }
        yield Share(programme, engagements, rows, len(leaving & {engagement.client_id for engagement in engagements}))


def purge(installation: Installation) -> Iterator[PurgeCertificate]:
    """Delete what is due, some at a time, and yield the certificate of each; keys go after the commit."""
    while True:
        with installation.transaction() as tx:
            everything = due(tx)
            engagements = [e for e in everything if e.programme_id == everything[0].programme_id][:_AT_ONCE]
            if not engagements:
                return
            certificate, erased = _delete(tx, engagements)
        for person_id in erased:
            service.destroy_key(installation, person_id)
        yield certificate


def perform(installation: Installation, work: Work) -> None:
    """Purge as a job of the worker; uploads that nobody imported, old links and old sign-ins go as well."""
    with installation.transaction() as tx:
        forget_given_up(tx)
        forget_old_access(tx)
    for _certificate in purge(installation):
        work.progress(0.0, "purging")


def _delete(tx: Transaction, engagements: Sequence[Engagement]) -> tuple[PurgeCertificate, Sequence[str]]:
    """Delete what was told in engagements of one programme; return the certificate, and whose keys have to go."""
    copies = service.cut_ways_back(tx, Administration.engagement_id.in_(_ids(engagements)))
    rows = {
        table.name: cast(CursorResult[Any], tx.db.execute(delete(table).where(condition))).rowcount
        for table, condition in _contents(engagements)
    }
    for engagement in engagements:
        engagement.purged_at = tx.now
        tx.record(Event.ENGAGEMENT_PURGED, subject=engagement.client_id, about=engagement.id)
    tx.db.flush()
    leaving = _people_without_more(tx, engagements)
    for person in leaving:
        service.erase(tx, person)
    erased = sorted(person.id for person in leaving)
    return _certify(tx, engagements, rows=rows, copies=copies, erased=erased), erased


def _certify(
    tx: Transaction, engagements: Sequence[Engagement], *, rows: Mapping[str, int], copies: int, erased: Sequence[str]
) -> PurgeCertificate:
    programme = engagements[0].programme
    content = canonical(
        {
            "schema": "assess-purge/1",
            "programme": programme.id,
            "keep_months": programme.keep_months,
            "made_at": tx.now.isoformat(timespec="seconds"),
            "made_by": tx.actor,
            "engagements": [
                {"id": engagement.id, "kept_until": kept_until(engagement).isoformat()} for engagement in engagements
            ],
            "rows_deleted": rows,
            "copies_without_name_cut_loose": copies,
            "people_erased": erased,
        }
    )
    certificate = PurgeCertificate(digest=digest(content), programme_id=programme.id, content=content, made_at=tx.now)
    tx.db.add(certificate)
    tx.record(Event.PURGE_CERTIFIED, subject=programme.id, about=certificate.digest)
    return certificate


def certificates(tx: Transaction) -> Sequence[PurgeCertificate]:
    """Return every certificate, the oldest first."""
    return tx.db.scalars(select(PurgeCertificate).order_by(PurgeCertificate.made_at, PurgeCertificate.digest)).all()


def _ids(engagements: Sequence[Engagement]) -> list[str]:
    return [engagement.id for engagement in engagements]


def _contents(engagements: Sequence[Engagement]) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield every table with rows that lead to these engagements, and which those are; what points at others first.

    A table added tomorrow is among them: only the proof of what was agreed to is left out.
    """
    ids = _ids(engagements)
    ways = {
        "engagement_id": ids,
        "assignment_id": select(Assignment.id).where(Assignment.engagement_id.in_(ids)),
        "administration_id": select(Administration.id).where(Administration.engagement_id.in_(ids)),
    }
    for table in reversed(Base.metadata.sorted_tables):
        way = next((name for name in ways if name in table.c), None)
        if way is not None and table.name != ConsentRecord.__tablename__:
            yield table, table.c[way].in_(ways[way])


def _people_without_more(tx: Transaction, engagements: Sequence[Engagement]) -> Sequence[Person]:
    """Return the clients of whom nothing is kept but in these engagements, and who do nothing else here."""
    kept = select(Engagement.client_id).where(Engagement.purged_at.is_(None), Engagement.id.not_in(_ids(engagements)))
    clients = select(Person).where(
        Person.id.in_({engagement.client_id for engagement in engagements}),
        Person.id.not_in(kept),
        Person.erased_at.is_(None),
    )
    return [
        person
        for person in tx.db.scalars(clients.order_by(Person.id))
        if person.roles <= {Role.CLIENT} and not service.obstacles_of(tx, person)
    ]
