"""Use cases of safeguarding: a client asks a person about a result, and that person answers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from assess.access import About
from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.audit import Event
from assess.db import new_id
from assess.errors import Conflict, InvalidInput, KeyDestroyed, NotFound, Refused
from assess.i18n import gettext as _
from assess.people.models import Person, Role
from assess.programmes import rules as programme_rules
from assess.programmes.models import Assignment, Engagement, ProgrammeLead
from assess.programmes.service import about_engagement
from assess.safeguarding import rules
from assess.safeguarding.models import Concern
from assess.safeguarding.rules import Kind, Owner, Question
from assess.transactions import Transaction

LONGEST_TEXT = 4000


def about_concern(db: Session, concern_id: str) -> About | None:
    """Return what a concern's id points at."""
    concern = db.get(Concern, concern_id)
    return about_engagement(db, concern.engagement_id) if concern else None


def raise_concern(tx: Transaction, assignment: Assignment, *, owner: str, text: str) -> Concern:
    """Keep what a client asks about a result, for the one person they chose to read it."""
    engagement, text = assignment.engagement, text.strip()
    chosen = _check(tx, engagement, owner, text)
    administration = administrations.administration_of(tx, assignment.id)
    concern_id = new_id()
    concern = Concern(
        id=concern_id,
        engagement_id=engagement.id,
        person_id=engagement.client_id,
        administration_id=administration.id if administration else None,
        kind=Kind.RESULT_QUESTION,
        text_sealed=tx.vault.seal(engagement.client_id, text, "concern", concern_id, "text"),
        owner_role=chosen,
        raised_at=tx.now,
        due_on=rules.due_on(tx.today),
    )
    tx.db.add(concern)
    tx.db.flush()
    tx.record(Event.QUESTION_ASKED, subject=engagement.client_id, about=concern_id)
    return concern


def owners(tx: Transaction, engagement: Engagement) -> tuple[Owner, ...]:
    """Return whom a client of this engagement can ask today: the coach only while they have access and can sign in."""
    return (Owner.COACH, Owner.LEAD) if _coach_has_access(tx, engagement) else (Owner.LEAD,)


def _coach_has_access(tx: Transaction, engagement: Engagement) -> bool:
    coach = tx.db.get_one(Person, engagement.coach_id)
    is_there = coach.closed_at is None and coach.erased_at is None and Role.COACH in coach.roles
    return is_there and programme_rules.is_open_to_coach(engagement, tx.today)


def _check(tx: Transaction, engagement: Engagement, owner: str, text: str) -> Owner:
    faults = {}
    if owner not in owners(tx, engagement):
        faults["owner"] = _("Please choose who may read your question.")
    if not text:
        faults["text"] = _("Please write your question.")
    elif len(text) > LONGEST_TEXT:
        faults["text"] = _("Please shorten your question to %(longest)s characters.", longest=LONGEST_TEXT)
    if faults:
        raise InvalidInput(faults)
    return Owner(owner)


def questions_of_client(tx: Transaction, person_id: str, assignment_id: str | None = None) -> Sequence[Question]:
    """Return what a client asked, newest first, with the replies; on request about one assignment only."""
    statement = select(Concern).where(Concern.person_id == person_id).order_by(Concern.raised_at.desc())
    if assignment_id is not None:
        statement = statement.join(Administration, Concern.administration_id == Administration.id)
        statement = statement.where(Administration.assignment_id == assignment_id)
    return [_question(tx, concern) for concern in tx.db.scalars(statement)]


def open_concerns(tx: Transaction, person_id: str) -> Sequence[Concern]:
    """Return what waits for this person's answer, the most urgent first; the text stays sealed here."""
    coached = select(Engagement).where(Engagement.coach_id == person_id)
    readable = [row.id for row in tx.db.scalars(coached) if programme_rules.is_open_to_coach(row, tx.today)]
    led = select(ProgrammeLead.programme_id).where(ProgrammeLead.person_id == person_id)
    in_led = select(Engagement.id).where(Engagement.programme_id.in_(led))
    as_coach = (Concern.owner_role == Owner.COACH) & Concern.engagement_id.in_(readable)
    as_lead = (Concern.owner_role == Owner.LEAD) & Concern.engagement_id.in_(in_led)
    waiting = select(Concern).where(Concern.closed_at.is_(None), as_coach | as_lead)
    concerns = tx.db.scalars(waiting.order_by(Concern.due_on, Concern.raised_at))
    return [concern for concern in concerns if tx.vault.holds(concern.person_id)]


def read(tx: Transaction, concern_id: str, *, reader_id: str) -> Question:
    """Open a question for the one it was addressed to; for anyone else it does not exist."""
    concern = _addressed_to(tx, concern_id, reader_id)
    tx.record(Event.QUESTION_READ, subject=concern.person_id, about=concern.id)
    try:
        return _question(tx, concern)
    except KeyDestroyed:
        raise NotFound from None


def answer(tx: Transaction, concern_id: str, *, reader_id: str, reply: str) -> None:
    """Answer a question and close it; a second answer overwrites nothing."""
    concern, reply = _addressed_to(tx, concern_id, reader_id), reply.strip()
    if concern.closed_at is not None:
        raise Conflict(_("This question was answered already. The answer stands as it was given."))
    if not reply:
        raise InvalidInput({"reply": _("Please write an answer.")})
    if len(reply) > LONGEST_TEXT:
        raise InvalidInput({"reply": _("Please shorten your answer to %(longest)s characters.", longest=LONGEST_TEXT)})
    if not tx.vault.holds(concern.person_id):
        raise Refused(_("This person's data was erased, and the question with it."))
    concern.reply_sealed = tx.vault.seal(concern.person_id, reply, "concern", concern.id, "reply")
    concern.closed_at = tx.now
    tx.record(Event.QUESTION_ANSWERED, subject=concern.person_id, about=concern.id)


def _addressed_to(tx: Transaction, concern_id: str, reader_id: str) -> Concern:
    concern = tx.db.get_one(Concern, concern_id)
    engagement = tx.db.get_one(Engagement, concern.engagement_id)
    if concern.owner_role == Owner.COACH:
        may = engagement.coach_id == reader_id and programme_rules.is_open_to_coach(engagement, tx.today)
    else:
        may = tx.db.get(ProgrammeLead, (engagement.programme_id, reader_id)) is not None
    if not may:
        raise NotFound
    return concern


def _question(tx: Transaction, concern: Concern) -> Question:
    engagement = tx.db.get_one(Engagement, concern.engagement_id)
    administration = tx.db.get(Administration, concern.administration_id) if concern.administration_id else None
    owner = Owner(concern.owner_role)
    return Question(
        id=concern.id,
        assignment_id=administration.assignment_id if administration else None,
        owner=owner,
        standing=rules.standing(
            owner,
            closed=concern.closed_at is not None,
            coach_has_access=_coach_has_access(tx, engagement),
        ),
        text=tx.vault.open(concern.person_id, concern.text_sealed, "concern", concern.id, "text"),
        reply=tx.vault.open(concern.person_id, concern.reply_sealed, "concern", concern.id, "reply")
        if concern.reply_sealed
        else "",
        raised_on=concern.raised_at.date(),
        due_on=concern.due_on,
        closed_on=concern.closed_at.date() if concern.closed_at else None,
    )
