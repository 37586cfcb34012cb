"""A client asks a person about a result; only that person reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from assess.audit import AuditEvent, Event
from assess.errors import Conflict, InvalidInput, NotFound
from assess.people import service as people
from assess.people.models import Person, Role
from assess.programmes import service as programmes
from assess.programmes.models import Engagement
from assess.safeguarding import service
from assess.safeguarding.models import Concern
from assess.safeguarding.rules import Owner, Standing
from assess.transactions import Transaction
from tests.conftest import Clock
from tests.factories import make_consent, make_engagement, make_person, make_programme
from tests.sittings import assignment_of, make_sitting


@pytest.fixture
def lead(tx: Transaction) -> Person:
    return make_person(tx, Role.LEAD)


@pytest.fixture
def engagement(tx: Transaction, lead: Person) -> Engagement:
    engagement = make_engagement(tx, programme=make_programme(tx, lead=lead))
    make_consent(tx, engagement)
    make_sitting(tx, assignment_of(tx, engagement, "phq-8"), 1)
    return engagement


def ask(tx: Transaction, engagement: Engagement, owner: str = "coach", text: str = "What does it mean?") -> Concern:
    return service.raise_concern(tx, assignment_of(tx, engagement, "phq-8"), owner=owner, text=text)


def test_an_answer_is_promised_within_seven_days(tx, engagement) -> None:
    assert ask(tx, engagement).due_on == tx.today + timedelta(days=7)


def test_the_text_is_sealed(tx, engagement) -> None:
    concern = ask(tx, engagement, text="Only for you")

    assert b"Only for you" not in concern.text_sealed


def test_a_question_to_the_coach_is_read_by_the_coach_and_nobody_else(tx, engagement, lead) -> None:
    concern = ask(tx, engagement, "coach")

    assert service.read(tx, concern.id, reader_id=engagement.coach_id).text == "What does it mean?"
    assert [row.id for row in service.open_concerns(tx, engagement.coach_id)] == [concern.id]
    assert service.open_concerns(tx, lead.id) == []
    with pytest.raises(NotFound):
        service.read(tx, concern.id, reader_id=lead.id)


def test_a_question_to_the_lead_is_hidden_from_the_coach(tx, engagement, lead) -> None:
    concern = ask(tx, engagement, "lead")

    assert [row.id for row in service.open_concerns(tx, lead.id)] == [concern.id]
    assert service.open_concerns(tx, engagement.coach_id) == []
    with pytest.raises(NotFound):
        service.read(tx, concern.id, reader_id=engagement.coach_id)


def test_reading_a_question_is_in_the_audit_log(tx, engagement) -> None:
    concern = ask(tx, engagement)

    service.read(replace(tx, actor=engagement.coach_id), concern.id, reader_id=engagement.coach_id)

    read = tx.db.scalars(select(AuditEvent).where(AuditEvent.event == Event.QUESTION_READ)).one()
    assert (read.actor_id, read.subject_id, read.object_id) == (engagement.coach_id, engagement.client_id, concern.id)


def test_the_client_finds_the_answer(tx, engagement) -> None:
    concern = ask(tx, engagement)
    assert service.questions_of_client(tx, engagement.client_id)[0].standing is Standing.OPEN

    service.answer(tx, concern.id, reader_id=engagement.coach_id, reply="Let us talk about it.")

    found = service.questions_of_client(tx, engagement.client_id, assignment_of(tx, engagement, "phq-8").id)[0]
    assert (found.standing, found.reply, found.owner) == (Standing.ANSWERED, "Let us talk about it.", Owner.COACH)
    assert service.open_concerns(tx, engagement.coach_id) == []


def test_a_second_answer_overwrites_nothing(tx, engagement) -> None:
    concern = ask(tx, engagement)
    service.answer(tx, concern.id, reader_id=engagement.coach_id, reply="First")

    with pytest.raises(Conflict):
        service.answer(tx, concern.id, reader_id=engagement.coach_id, reply="Second")

    assert service.questions_of_client(tx, engagement.client_id)[0].reply == "First"


def test_what_was_asked_of_a_coach_stays_unread_when_the_coaching_ends(tx, engagement, lead) -> None:
    concern = ask(tx, engagement)

    programmes.end_engagement(tx, engagement, reason="ended_by_lead")

    with pytest.raises(NotFound):
        service.read(tx, concern.id, reader_id=engagement.coach_id)
    assert service.open_concerns(tx, engagement.coach_id) == []
    assert service.open_concerns(tx, lead.id) == []
    assert service.questions_of_client(tx, engagement.client_id)[0].standing is Standing.UNREAD


def test_after_the_coaching_only_the_lead_can_be_asked(tx, engagement) -> None:
    programmes.end_engagement(tx, engagement, reason="ended_by_lead")

    assert service.owners(tx, engagement) == (Owner.LEAD,)
    with pytest.raises(InvalidInput):
        ask(tx, engagement, "coach")


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_coach_who_is_gone_cannot_be_asked(tx, engagement, *, is_closed: bool) -> None:
    coach = tx.db.get_one(Person, engagement.coach_id)
    ask(tx, engagement, "coach")

    if is_closed:
        people.close_account(tx, coach)
    else:
        people.set_roles(tx, coach, [Role.LEAD])

    assert service.owners(tx, engagement) == (Owner.LEAD,)
    assert service.questions_of_client(tx, engagement.client_id)[0].standing is Standing.UNREAD
    with pytest.raises(InvalidInput):
        ask(tx, engagement, "coach")


@pytest.mark.parametrize(
    ("owner", "text", "faults"),
    [
        ("", "Why?", {"owner"}),
        ("coach", "  ", {"text"}),
        ("sponsor", "", {"owner", "text"}),
        ("lead", "x" * 4001, {"text"}),
    ],
)
def test_every_fault_of_a_question_is_named(tx, engagement, owner: str, text: str, faults: set[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(tx, engagement, owner, text)

    assert set(refused.value.faults) == faults


def test_the_most_urgent_question_comes_first(tx, engagement, clock: Clock) -> None:
    first = ask(tx, engagement)
    clock.advance(days=2)
    second = ask(replace(tx, now=clock.now), engagement)

    assert [row.id for row in service.open_concerns(tx, engagement.coach_id)] == [first.id, second.id]


def test_questions_of_someone_erased_are_gone(tx, engagement) -> None:
    concern = ask(tx, engagement)

    tx.vault.destroy(engagement.client_id)

    assert service.open_concerns(tx, engagement.coach_id) == []
    with pytest.raises(NotFound):
        service.read(tx, concern.id, reader_id=engagement.coach_id)
