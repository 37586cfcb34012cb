"""The mail to the people of a programme, as far as its lead is handed it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CompoundSelect, or_, select, union

from assess.audit import Event
from assess.people import mail
from assess.people.models import OutboxMessage, PersonRole, Role
from assess.programmes.models import Engagement, ProgrammeLead
from assess.transactions import Transaction


def messages_of(tx: Transaction, programme_id: str) -> Sequence[OutboxMessage]:
    """Return the mail to a programme's clients and coaches, newest first.

    A link in it opens a whole account, so a lead is not handed those of people who do something else here as well, or
    take part in programmes of other leads.
    """
    clients = select(Engagement.client_id).where(Engagement.programme_id == programme_id)
    coaches = select(Engagement.coach_id).where(Engagement.programme_id == programme_id)
    members = clients.union(coaches)
    belongs = or_(
        OutboxMessage.programme_id == programme_id,
        OutboxMessage.programme_id.is_(None) & OutboxMessage.person_id.in_(members),
    )
    shown = OutboxMessage.kind.not_in(("invitation", "sign_in")) | OutboxMessage.person_id.not_in(_beyond(tx.actor))
    return tx.db.scalars(select(OutboxMessage).where(belongs, shown).order_by(OutboxMessage.created_at.desc())).all()


def read(tx: Transaction, programme_id: str) -> Sequence[tuple[OutboxMessage, str, str]]:
    """Open a programme's mail (message, subject, text) for its lead; each person's record says that theirs was read.

    With SMTP the lead sees that something was sent but not the text, so there is nothing to record.
    """
    messages = messages_of(tx, programme_id)
    opened = [(message, *mail.read(tx, message)) for message in messages]
    if tx.settings.smtp:
        return [(message, subject, "") for message, subject, _text in opened]
    for person_id in dict.fromkeys(message.person_id for message in messages):
        tx.record(Event.OUTBOX_READ, subject=person_id, about=programme_id)
    return opened


def _beyond(lead_id: str) -> CompoundSelect[str]:
    """Return the people whose account opens more than what this lead is responsible for."""
    led = select(ProgrammeLead.programme_id).where(ProgrammeLead.person_id == lead_id)
    elsewhere = Engagement.programme_id.not_in(led)
    return union(
        select(PersonRole.person_id).where(PersonRole.role.not_in((Role.CLIENT, Role.COACH))),
        select(Engagement.client_id).where(elsewhere),
        select(Engagement.coach_id).where(elsewhere),
    )
