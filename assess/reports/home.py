"""A client's home: where each engagement stands, the one next step, and the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assess.administration.models import Administration
from assess.consent import service as consent
from assess.consent.models import ConsentRecord
from assess.consent.rules import Gap
from assess.i18n import current_locale
from assess.people import service as people
from assess.people.models import Person
from assess.programmes import rules as programme_rules
from assess.programmes import service as programmes
from assess.programmes.models import Assignment, Engagement
from assess.release import service as release
from assess.release.rules import Use
from assess.reports import rules
from assess.reports.rules import ConsentState, Next, Task
from assess.reports.service import readable, sittings_of, why_unreadable
from assess.safeguarding import service as safeguarding
from assess.safeguarding.rules import Question
from assess.transactions import Transaction


@dataclass(frozen=True, slots=True)
class EngagementHome:
    """One engagement on the client's home."""

    engagement: Engagement
    coach_name: str
    over: bool
    consent_record_id: str | None
    next: Next
    waves: tuple[tuple[str, tuple[Task, ...]], ...]


@dataclass(frozen=True, slots=True)
class Home:
    """What a client sees first: engagements, those that run before those that are over, and their questions."""

    engagements: tuple[EngagementHome, ...]
    questions: Sequence[Question]


def client_home(tx: Transaction, person_id: str) -> Home:
    """Return a client's home."""
    engagements = [_engagement(tx, row) for row in programmes.engagements_of_client(tx, person_id)]
    return Home(
        engagements=tuple(sorted(engagements, key=lambda entry: entry.over)),
        questions=safeguarding.questions_of_client(tx, person_id),
    )


def _engagement(tx: Transaction, engagement: Engagement) -> EngagementHome:
    begun = sittings_of(tx, engagement.id)
    tasks = [_task(tx, entry, begun.get(entry.id)) for entry in programmes.assignments_of(tx, engagement.id)]
    coach = tx.db.get_one(Person, engagement.coach_id)
    over = programme_rules.is_over(engagement, tx.today)
    record = consent.current_record(tx, engagement.id)
    return EngagementHome(
        engagement=engagement,
        coach_name=people.name_of(coach, tx.vault),
        over=over,
        consent_record_id=record.id if record else None,
        next=rules.next_step(
            stopped=engagement.stopped_at is not None,
            over=over,
            declared=programme_rules.has_declared(engagement, engagement.client_id),
            consent=_consent_state(tx, record),
            tasks=tasks,
        ),
        waves=rules.by_wave(tasks),
    )


def _consent_state(tx: Transaction, record: ConsentRecord | None) -> ConsentState:
    if record is None:
        return ConsentState.MISSING
    gaps = consent.gaps_of(tx, record)
    if not gaps:
        return ConsentState.VALID
    if Gap.WITHDRAWN in gaps or Gap.STORE_NOT_GRANTED in gaps:
        return ConsentState.WITHDRAWN
    return ConsentState.CHANGED if Gap.TEXT_CHANGED in gaps else ConsentState.MISSING


def _task(tx: Transaction, assignment: Assignment, administration: Administration | None) -> Task:
    instrument = tx.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    language = instrument.report_language(current_locale())
    sent = administration is not None and administration.submitted_at is not None
    entries = release.released(tx, administration, use=Use.INDIVIDUAL_REPORT) if administration and sent else ()
    return Task(
        assignment_id=assignment.id,
        wave=assignment.wave_kind,
        name=language.name,
        description=language.short_description,
        minutes=instrument.minutes,
        state=rules.task_state(
            begun=administration is not None,
            sent=sent,
            declined=assignment.declined_at is not None,
            due=assignment.due_on,
            today=tx.today,
        ),
        due_on=assignment.due_on,
        result_ready=any(readable(entry) for entry in entries),
        withheld=tuple(dict.fromkeys(code for entry in entries for code in why_unreadable(entry))),
    )
