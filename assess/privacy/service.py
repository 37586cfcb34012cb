"""Erasing a person, and the sweep that finishes what a crash or a restore undid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, Table, delete, or_, select, update

from assess.administration.models import Administration
from assess.audit import Event
from assess.consent import service as consent
from assess.consent.models import ComprehensionAttempt, ConsentDraft
from assess.db import Base
from assess.errors import Refused
from assess.i18n import gettext as _
from assess.people import service as people
from assess.people.models import Person, PersonRole
from assess.privacy import ledger, rules
from assess.privacy.rules import Obstacle
from assess.programmes import service as programmes
from assess.programmes.models import Assignment, Declaration, Engagement
from assess.responses.models import DeidentifiedAdministration, ItemRemark
from assess.responses.service import way_back
from assess.transactions import Installation, Transaction

_SEALED = {"identity", "content"}
_REASONS = {
    Obstacle.COACHES: lambda: _(
        "Coachings of this person are still running. The programme lead has to end them first."
    ),
    Obstacle.LEADS: lambda: _("A programme is led by this person. The administrator has to hand it over first."),
    Obstacle.ONLY_ADMINISTRATOR: lambda: _("This is the only administrator. Give the role to someone else first."),
}


def obstacles_of(tx: Transaction, person: Person) -> tuple[str, ...]:
    """Return, in words, what has to be handed over before this person can be erased."""
    found = rules.obstacles(
        live_engagements_coached=len(programmes.live_engagements_of_coach(tx, person.id)),
        programmes_led=len(programmes.programmes_of_lead(tx, person.id)),
        is_only_administrator=people.is_only_administrator(tx, person),
    )
    return tuple(_REASONS[obstacle]() for obstacle in found)


def erase(tx: Transaction, person: Person) -> None:
    """Clear everything sealed for a person and cut every way back to them.

    The key is destroyed by `destroy_key` after the commit: before it, a rollback would leave rows nobody can open.
    """
    reasons = obstacles_of(tx, person)
    if reasons:
        raise Refused(" ".join(reasons))
    _erase(tx, person)


def _erase(tx: Transaction, person: Person) -> None:
    cut_ways_back(tx, Administration.person_id == person.id)
    for record in consent.records_of(tx, person.id):
        if record.superseded_at is None:
            consent.withdraw(tx, record)
    engagements = programmes.engagements_of_client(tx, person.id)
    for engagement in engagements:
        programmes.end_engagement(tx, engagement, reason="erased")
    for table, columns in sealed_columns().items():
        _clear(tx, table, columns, person.id)
    ids = [engagement.id for engagement in engagements]
    tx.db.execute(delete(ComprehensionAttempt).where(ComprehensionAttempt.engagement_id.in_(ids)))
    tx.db.execute(delete(ConsentDraft).where(ConsentDraft.engagement_id.in_(ids)))
    sittings = select(Administration.id).where(Administration.person_id == person.id)
    tx.db.execute(delete(ItemRemark).where(ItemRemark.administration_id.in_(sittings)))
    # What the other side said about their tie is about this person too.
    about_them = or_(Declaration.person_id == person.id, Declaration.engagement_id.in_(ids))
    tx.db.execute(delete(Declaration).where(about_them))
    tx.db.execute(delete(PersonRole).where(PersonRole.person_id == person.id))
    people.shut_out(tx, person)
    person.erased_at = tx.now
    tx.db.flush()
    tx.db.refresh(person)
    tx.record(Event.PERSON_ERASED, subject=person.id)


def destroy_key(installation: Installation, person_id: str, *, copies: Collection[str] = ()) -> None:
    """Make whatever the person's key sealed unreadable, in every backup too: only after the erasing is committed.

    The ledger remembers them, and the copies without a name that went with them, in case a backup is restored.
    """
    data = installation.settings.data
    ledger.enter_person(data, person_id, at=installation.clock())
    if copies:
        ledger.enter_copies(data, copies)
    installation.vault.destroy(person_id)


def finish_erasures(installation: Installation) -> int:
    """Finish every erasing that a crash interrupted or a restore undid; return of how many people. For every start."""
    entered = ledger.people(installation.settings.data)
    with installation.transaction() as tx:
        back = _erase_again(tx, entered)
        erased = tx.db.scalars(select(Person.id).where(Person.erased_at.is_not(None))).all()
    unfinished = {person_id for person_id in erased if person_id not in entered}
    unfinished |= {person_id for person_id in entered.union(erased) if installation.vault.holds(person_id)}
    for person_id in unfinished:
        destroy_key(installation, person_id)
    return len(unfinished.union(back))


def _erase_again(tx: Transaction, entered: Collection[str]) -> Sequence[str]:
    """Erase, whatever they did here, those of the ledger whom a restored database brought back, and their copies."""
    people_there = tx.db.scalars(select(Person.id).where(Person.erased_at.is_(None)))
    back = [person_id for person_id in people_there if person_id in entered]
    for person_id in back:
        _erase(tx, tx.db.get_one(Person, person_id))
    gone = ledger.copies(tx.settings.data)
    copies_there = tx.db.scalars(select(DeidentifiedAdministration.id)) if gone else ()
    copies_back = [copy_id for copy_id in copies_there if copy_id in gone]
    tx.db.execute(delete(DeidentifiedAdministration).where(DeidentifiedAdministration.id.in_(copies_back)))
    return back


def sealed_columns() -> dict[Table, tuple[str, ...]]:
    """Return every table that holds something about a person in the clear or sealed, with those columns."""
    found = {
        table: tuple(column.name for column in table.columns if column.info.get("privacy") in _SEALED)
        for table in Base.metadata.sorted_tables
    }
    return {table: columns for table, columns in found.items() if columns}


def owned_by(table: Table, person_id: str) -> ColumnElement[bool]:
    """Return the condition under which a row of a table is about a person; a table without a way to one is an error."""
    if table.name == Person.__tablename__:
        return table.c.id == person_id
    if "person_id" in table.c:
        return table.c.person_id == person_id
    for column, owned in _owned_ids(person_id).items():
        if column in table.c:
            return table.c[column].in_(owned)
    raise LookupError(f"{table.name} holds sealed values but has no column that leads to a person")


def _owned_ids(person_id: str) -> dict[str, Select[Any]]:
    engagements = select(Engagement.id).where(Engagement.client_id == person_id)
    return {
        "administration_id": select(Administration.id).where(Administration.person_id == person_id),
        "assignment_id": select(Assignment.id).where(Assignment.engagement_id.in_(engagements)),
        "engagement_id": engagements,
    }


def _clear(tx: Transaction, table: Table, columns: tuple[str, ...], person_id: str) -> None:
    """Empty the sealed columns of a person's rows; a row that cannot be without them goes."""
    condition = owned_by(table, person_id)
    if all(table.c[name].nullable for name in columns):
        tx.db.execute(update(table).where(condition).values(dict.fromkeys(columns)))
    else:
        tx.db.execute(delete(table).where(condition))


def deidentified_copies(tx: Transaction, person: Person) -> Sequence[str]:
    """Return the de-identified copies that can still be traced to a person, with their key."""
    ways_back = _ways_back(tx, Administration.person_id == person.id)
    copies = select(DeidentifiedAdministration.id).where(DeidentifiedAdministration.way_back.in_(ways_back))
    return tx.db.scalars(copies).all()


def cut_ways_back(tx: Transaction, which: ColumnElement[bool]) -> int:
    """Make the copies of certain sittings nobody's; return of how many that was not so already."""
    copies = update(DeidentifiedAdministration).where(DeidentifiedAdministration.way_back.in_(_ways_back(tx, which)))
    return cast(CursorResult[Any], tx.db.execute(copies.values(way_back=None))).rowcount


def _ways_back(tx: Transaction, which: ColumnElement[bool]) -> list[str]:
    """Return the names of copies; where the key is gone nobody can make them any more."""
    sittings = tx.db.execute(select(Administration.id, Administration.person_id).where(which))
    return [way_back(tx, person_id, sitting_id) for sitting_id, person_id in sittings if tx.vault.holds(person_id)]
