"""What is held about a person, in plain words with counts, until when, and who read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select

from assess.administration.models import Administration
from assess.administration.rules import Background
from assess.administration.service import background_of
from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.consent import steps
from assess.consent.models import ConsentRecord
from assess.consent.rules import Gap, Scope, Text
from assess.consent.texts import filled
from assess.i18n import gettext as _
from assess.people import service as people
from assess.people.models import OutboxMessage, Person, SignInSession
from assess.privacy import retention, rules
from assess.privacy.service import deidentified_copies
from assess.programmes import service as programmes
from assess.programmes.models import Engagement, ProgrammeLead
from assess.programmes.rules import is_over
from assess.responses.models import ItemRemark, Response
from assess.safeguarding.models import Concern
from assess.scoring.models import StoredScore
from assess.transactions import Transaction

# A link signs in whoever holds it, and without e-mail a lead passes links on: so mail that was read and every sign-in
# are shown too.
READINGS = (
    Event.RESULT_READ, Event.REPORT_READ, Event.QUESTION_READ, Event.PERSON_EXPORTED, Event.OUTBOX_READ, Event.SIGNED_IN
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much is held about a person."""

    has_background: bool
    engagements: int
    consents: int
    sittings: int
    answers: int
    scores: int
    remarks: int
    questions: int
    mails: int
    copies: int
    open_sign_ins: int
    log_entries: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """The consent of one engagement as it stands."""

    engagement: Engagement
    record: ConsentRecord | None
    text: Text | None
    granted: frozenset[Scope]
    gaps: tuple[Gap, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody did or read something that concerns a person."""

    at: datetime
    who: str
    role: str
    what: Event
    by_themselves: bool


def holdings(tx: Transaction, person: Person) -> Holdings:
    """Count what is held about a person."""
    own = select(Administration.id).where(Administration.person_id == person.id)
    answered = (
        select(Response.administration_id, Response.item_id).where(Response.administration_id.in_(own)).distinct()
    )
    open_sessions = select(SignInSession.id).where(
        SignInSession.person_id == person.id, SignInSession.revoked_at.is_(None)
    )

    def count(statement: Select[*tuple[Any, ...]]) -> int:
        return tx.db.scalar(select(func.count()).select_from(statement.subquery())) or 0

    return Holdings(
        has_background=background_of(tx, person) != Background(),
        engagements=len(programmes.engagements_of_client(tx, person.id)),
        consents=count(select(ConsentRecord.id).where(ConsentRecord.person_id == person.id)),
        sittings=count(own),
        answers=count(answered),
        scores=count(select(StoredScore.scale_id).where(StoredScore.administration_id.in_(own))),
        remarks=count(select(ItemRemark.id).where(ItemRemark.administration_id.in_(own))),
        questions=count(select(Concern.id).where(Concern.person_id == person.id)),
        mails=count(select(OutboxMessage.id).where(OutboxMessage.person_id == person.id)),
        copies=len(deidentified_copies(tx, person)),
        open_sign_ins=count(open_sessions.where(SignInSession.expires_at > tx.now)),
        log_entries=count(select(AuditEvent.id).where(AuditEvent.subject_id == person.id)),
    )  # fmt: skip


def allowed(tx: Transaction, person: Person) -> Sequence[Allowed]:
    """Return what a client allows now, engagement by engagement, the newest first."""
    return [_allowed(tx, engagement) for engagement in programmes.engagements_of_client(tx, person.id)]


def _allowed(tx: Transaction, engagement: Engagement) -> Allowed:
    record, over = consent.current_record(tx, engagement.id), is_over(engagement, tx.today)
    if record is None:
        return Allowed(engagement, None, None, frozenset(), (), over)
    text = filled(consent.text_of(tx, record), steps.filled_in(tx, engagement))
    return Allowed(engagement, record, text, consent.granted_scopes(record), consent.gaps_of(tx, record), over)


def kept_until(tx: Transaction, person: Person) -> date | None:
    """Return the day until which a client's data is kept."""
    engagements = programmes.engagements_of_client(tx, person.id)
    return rules.last_day(retention.kept_until(engagement) for engagement in engagements)


def readings(tx: Transaction, person: Person) -> Sequence[Entry]:
    """Return who read what of a person's data and when, the newest first."""
    return [entry for entry in log(tx, person) if entry.what in READINGS]


def log(tx: Transaction, person: Person) -> Sequence[Entry]:
    """Return everything the log says about a person, the newest first."""
    own = select(AuditEvent).where(AuditEvent.subject_id == person.id).order_by(AuditEvent.sequence.desc())
    return [_entry(tx, person, event) for event in tx.db.scalars(own)]


def _entry(tx: Transaction, person: Person, event: AuditEvent) -> Entry:
    return Entry(
        at=event.at,
        who=_who(tx, event),
        role=_role(tx, person, event.actor_id),
        what=Event(event.event),
        by_themselves=event.actor_id == person.id,
    )


def _who(tx: Transaction, event: AuditEvent) -> str:
    if event.event == Event.SIGNED_IN:
        return _("whoever had the link")  # until it is used nobody is signed in, so the log cannot know
    actor = tx.db.get(Person, event.actor_id)
    return people.name_of(actor, tx.vault) if actor else _("the service itself")


def _role(tx: Transaction, person: Person, actor_id: str) -> str:
    """Return in which role somebody stands to a client."""
    engagements = programmes.engagements_of_client(tx, person.id)
    if actor_id == person.id:
        return _("you")
    if any(engagement.coach_id == actor_id for engagement in engagements):
        return _("your coach")
    led = select(ProgrammeLead.programme_id).where(ProgrammeLead.person_id == actor_id)
    if set(tx.db.scalars(led)) & {engagement.programme_id for engagement in engagements}:
        return _("leads your programme")
    return ""


def contact(tx: Transaction, person: Person) -> str:
    """Return whom a person can ask."""
    engagements = programmes.engagements_of_client(tx, person.id)
    found = [engagement.programme.contact for engagement in engagements if engagement.programme.contact]
    return found[0] if found else tx.settings.help_contact or _("the person who invited you")
