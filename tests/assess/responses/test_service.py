"""Save, read, remark, de-identify and forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from assess.administration import service as administrations
from assess.administration.rules import Background
from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.errors import Conflict, InvalidInput, Refused
from assess.people.models import Person
from assess.responses import service
from assess.responses.models import DeidentifiedAdministration, ItemRemark, Response
from assess.responses.rules import Clash, Missing, Remark
from tests.factories import make_programme, make_sitting

if TYPE_CHECKING:
    from assess.transactions import Transaction

QUALITY = (Scope.STORE, Scope.INSTRUMENT_QUALITY)


def count(tx: Transaction, table: type) -> int:
    """Return how many rows there are."""
    return tx.db.scalar(select(func.count()).select_from(table)) or 0


def test_every_item_has_an_answer_or_a_kind_of_missing(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3, "m02": Missing.SKIPPED})

    answers = service.answers_of(tx, sitting)

    assert len(answers) == 20
    assert (answers["m01"], answers["m02"]) == (3, Missing.SKIPPED)
    assert {answers[item] for item in answers if item not in {"m01", "m02"}} == {Missing.NOT_REACHED}


def test_saving_the_same_again_doubles_nothing(tx: Transaction) -> None:
    sitting = make_sitting(tx)
    given = {"m01": 3, "m02": Missing.SKIPPED}

    first = service.save(tx, sitting, given, seen={"m01": 0, "m02": 0})
    again = service.save(tx, sitting, given, seen={"m01": 0, "m02": 0})

    assert first.revisions == again.revisions == {"m01": 1, "m02": 1}
    assert count(tx, Response) == 2
    saved = select(func.count()).where(AuditEvent.event == Event.ANSWERS_SAVED)
    assert tx.db.scalar(saved) == 1


def test_a_later_answer_supersedes_and_the_earlier_one_stays_on_record(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3})

    saved = service.save(tx, sitting, {"m01": 4}, seen={"m01": 1})

    assert saved.revisions == {"m01": 2}
    assert service.answers_of(tx, sitting)["m01"] == 4
    assert count(tx, Response) == 2


def test_clearing_takes_an_answer_back(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3})

    service.save(tx, sitting, {"m01": None}, seen={"m01": 1})

    assert service.answers_of(tx, sitting)["m01"] is Missing.NOT_REACHED
    assert service.touched(tx, sitting) == {"m01"}


def test_an_older_tab_is_told_and_overwrites_nothing(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3})
    service.save(tx, sitting, {"m01": 4}, seen={"m01": 1})

    saved = service.save(tx, sitting, {"m01": 5, "m02": 2}, seen={"m01": 1, "m02": 0})

    assert saved.clashes == (Clash("m01", revision=2, stored=4, given=5),)
    answers = service.answers_of(tx, sitting)
    assert (answers["m01"], answers["m02"]) == (4, 2)


def test_answers_are_sealed_at_one_length(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 1, "m02": 5, "m03": Missing.SKIPPED})
    service.save(tx, sitting, {"m01": None}, seen={"m01": 1})

    sealed = tx.db.scalars(select(Response.sealed)).all()

    assert len({len(value) for value in sealed}) == 1
    assert not any(b"skipped" in value for value in sealed)


def test_what_the_questionnaire_does_not_have_is_refused_by_name(tx: Transaction) -> None:
    sitting = make_sitting(tx)

    with pytest.raises(InvalidInput) as refusal:
        service.save(tx, sitting, {"m01": 6, "x": 1, "m02": 2}, seen={})

    assert set(refusal.value.faults) == {"m01", "x"}
    assert count(tx, Response) == 0


def test_nothing_changes_after_sending(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3})
    administrations.submit(tx, sitting.assignment_id)

    with pytest.raises(Conflict):
        service.save(tx, sitting, {"m01": 4}, seen={"m01": 1})
    with pytest.raises(Conflict):
        service.remark(tx, sitting, "m01", Remark.UNCLEAR)
    assert service.answers_of(tx, sitting)["m01"] == 3


def test_nothing_is_saved_after_withdrawing(tx: Transaction) -> None:
    sitting = make_sitting(tx)
    record = consent.valid_record(tx, sitting.engagement_id)
    assert record is not None
    consent.withdraw(tx, record)

    with pytest.raises(Refused, match="consent"):
        service.save(tx, sitting, {"m01": 4}, seen={})


def test_erased_answers_say_so(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3})

    tx.vault.destroy(sitting.person_id)

    assert service.answers_of(tx, sitting)["m01"] is Missing.ERASED


def test_a_remark_is_kept_once_per_kind_with_its_comment_sealed(tx: Transaction) -> None:
    sitting = make_sitting(tx)

    service.remark(tx, sitting, "m01", Remark.UNCLEAR)
    service.remark(tx, sitting, "m01", Remark.UNCLEAR, comment="What is a party?")
    service.remark(tx, sitting, "m01", Remark.CULTURE)

    assert service.remarks_on(tx, sitting) == {"m01": [Remark.CULTURE, Remark.UNCLEAR]}
    row = tx.db.scalars(select(ItemRemark).where(ItemRemark.kind == "unclear")).one()
    assert row.comment_sealed is not None
    assert b"party" not in row.comment_sealed
    context = ("item_remark", sitting.id, "m01", "unclear")
    assert tx.vault.open(sitting.person_id, row.comment_sealed, *context) == "What is a party?"


def test_remarks_are_counted_by_item_and_kind_for_one_programme(tx: Transaction) -> None:
    programme = make_programme(tx, battery=["mini-ipip"])
    for _ in range(2):
        service.remark(tx, make_sitting(tx, programme=programme), "m01", Remark.INTRUSIVE)
    service.remark(tx, make_sitting(tx), "m01", Remark.INTRUSIVE)

    counts = service.remark_counts(tx, "mini-ipip", "1", programme.id)

    assert counts == {("m01", Remark.INTRUSIVE): 2}


def test_no_copy_is_kept_without_consent_to_it(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3})

    service.deidentify(tx, sitting)

    assert count(tx, DeidentifiedAdministration) == 0


def test_a_copy_holds_answers_and_groups_and_nothing_of_the_person(tx: Transaction) -> None:
    sitting = make_sitting(tx, answers={"m01": 3, "m02": Missing.SKIPPED}, locale="nl", scopes=QUALITY)
    person = tx.db.get_one(Person, sitting.person_id)
    administrations.save_background(tx, person, Background(gender="own_words", gender_words="mine", country="NL"))

    service.deidentify(tx, sitting)
    tx.db.flush()

    copy = tx.db.scalars(select(DeidentifiedAdministration)).one()
    assert copy.answers["m01"] == 3
    assert copy.answers["m02"] == "skipped"
    assert copy.answers["m20"] == "not_reached"
    assert copy.groups == {"gender": "own_words", "country": "NL"}
    assert (copy.locale, copy.month.day) == ("nl", 1)
    columns = [getattr(copy, column.key) for column in DeidentifiedAdministration.__table__.columns]
    assert not {person.id, sitting.id, sitting.assignment_id} & {str(value) for value in columns}


def test_what_is_said_later_about_oneself_reaches_the_copy(tx: Transaction) -> None:
    sitting = make_sitting(tx, scopes=QUALITY)
    person = tx.db.get_one(Person, sitting.person_id)
    service.deidentify(tx, sitting)

    administrations.save_background(tx, person, Background(age_band="25-34"))
    service.update_groups(tx, person)

    assert tx.db.scalars(select(DeidentifiedAdministration.groups)).one() == {"age_band": "25-34"}


@pytest.mark.parametrize(("scope", "left"), [(Scope.INSTRUMENT_QUALITY, 1), (Scope.STORE, 1), (Scope.RESEARCH, 2)])
def test_withdrawing_removes_the_copies_of_that_engagement_only(tx: Transaction, scope: Scope, left: int) -> None:
    sitting, other = make_sitting(tx, scopes=QUALITY), make_sitting(tx, scopes=QUALITY)
    for each in (sitting, other):
        service.deidentify(tx, each)
    record = consent.valid_record(tx, sitting.engagement_id)
    assert record is not None

    service.forget_deidentified(tx, record, scope)

    assert count(tx, DeidentifiedAdministration) == left
