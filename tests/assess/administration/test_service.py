"""Begin, decline and submit a sitting; what a client says about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from assess.administration import service
from assess.administration.models import Administration
from assess.administration.rules import Background, background_faults, offer_languages
from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.errors import Refused
from assess.people.models import Person
from assess.programmes import service as programmes
from tests.factories import make_assignment, make_consent, make_engagement, make_person

if TYPE_CHECKING:
    from assess.transactions import Transaction


def test_no_sitting_begins_before_a_valid_consent(tx: Transaction) -> None:
    assignment = make_assignment(tx, "mini-ipip", consented=False)

    with pytest.raises(Refused, match="consent"):
        service.start(tx, assignment.id, locale="en")

    make_consent(tx, assignment.engagement)
    assert service.start(tx, assignment.id, locale="en").locale == "en"


def test_no_sitting_begins_after_withdrawing(tx: Transaction) -> None:
    assignment = make_assignment(tx, "mini-ipip")
    record = consent.valid_record(tx, assignment.engagement_id)
    assert record is not None
    consent.withdraw(tx, record)

    with pytest.raises(Refused, match="consent"):
        service.start(tx, assignment.id, locale="en")


def test_a_sitting_keeps_the_digest_of_what_is_answered(tx: Transaction) -> None:
    assignment = make_assignment(tx, "mini-ipip")

    sitting = service.start(tx, assignment.id, locale="nl")

    instrument = tx.catalogue.get("mini-ipip", "1")
    assert (sitting.instrument_version, sitting.instrument_digest) == ("1", instrument.digest)


@pytest.mark.parametrize("locale", ["fr", "xx", ""])
def test_a_language_without_wording_is_refused(tx: Transaction, locale: str) -> None:
    assignment = make_assignment(tx, "mini-ipip")

    with pytest.raises(Refused, match="language"):
        service.start(tx, assignment.id, locale=locale)


def test_beginning_again_returns_the_same_sitting(tx: Transaction) -> None:
    assignment = make_assignment(tx, "mini-ipip")

    first, again = service.start(tx, assignment.id, locale="en"), service.start(tx, assignment.id, locale="de")

    assert first == again
    assert again.locale == "en"


def test_nothing_begins_in_an_engagement_that_was_stopped(tx: Transaction) -> None:
    assignment = make_assignment(tx, "mini-ipip")
    programmes.end_engagement(tx, assignment.engagement, reason="tie")

    with pytest.raises(Refused, match="stopped"):
        service.start(tx, assignment.id, locale="en")


def test_declining_is_kept_and_a_change_of_mind_is_welcome(tx: Transaction) -> None:
    assignment = make_assignment(tx, "mini-ipip")

    service.decline(tx, assignment.id)
    service.decline(tx, assignment.id)
    assert assignment.declined_at == tx.now

    service.start(tx, assignment.id, locale="en")
    assert assignment.declined_at is None
    declined = select(func.count()).where(AuditEvent.event == Event.ADMINISTRATION_DECLINED)
    assert tx.db.scalar(declined) == 1


def test_submitting_happens_once(tx: Transaction) -> None:
    sitting = service.start(tx, make_assignment(tx, "mini-ipip").id, locale="en")

    sent, again = service.submit(tx, sitting.assignment_id), service.submit(tx, sitting.assignment_id)

    assert sent is not None
    assert sent.submitted_at == tx.now
    assert again is None
    with pytest.raises(Refused):
        service.decline(tx, sitting.assignment_id)


def test_nothing_is_submitted_after_withdrawing(tx: Transaction) -> None:
    sitting = service.start(tx, make_assignment(tx, "mini-ipip").id, locale="en")
    record = consent.valid_record(tx, sitting.engagement_id)
    assert record is not None
    consent.withdraw(tx, record)

    with pytest.raises(Refused, match="consent"):
        service.submit(tx, sitting.assignment_id)
    assert service.open_sitting(tx, sitting.assignment_id) is None


def test_what_an_administration_id_points_at_is_its_engagement(tx: Transaction) -> None:
    sitting = service.start(tx, make_assignment(tx, "mini-ipip").id, locale="en")

    about = service.about_administration(tx.db, sitting.id)

    assert about is not None
    assert about.engagement is not None
    assert about.engagement.id == sitting.engagement_id
    assert service.about_administration(tx.db, "nothing") is None


def test_languages_are_offered_with_the_readers_own_first_choice(tx: Transaction) -> None:
    instrument = tx.catalogue.get("mini-ipip", "1")

    assert offer_languages(instrument, "de-AT").preferred == "de"
    assert offer_languages(instrument, "fr").preferred is None
    assert offer_languages(instrument, "fr").locales[0] == "en"


def test_background_is_sealed_and_comes_back(tx: Transaction) -> None:
    person = make_person(tx)
    background = Background(gender="own_words", gender_words="agender", age_band="35-44")

    service.save_background(tx, person, background)

    assert service.background_of(tx, person) == background
    assert b"agender" not in (person.background_sealed or b"")
    assert background.groups == {"gender": "own_words", "age_band": "35-44"}


def test_saying_nothing_keeps_nothing(tx: Transaction) -> None:
    person = make_person(tx)
    service.save_background(tx, person, Background(gender="woman"))

    service.save_background(tx, person, Background())

    assert person.background_sealed is None


def test_an_erased_person_has_no_background(tx: Transaction) -> None:
    person = make_person(tx)
    service.save_background(tx, person, Background(gender="woman"))

    tx.vault.destroy(person.id)

    assert service.background_of(tx, person) == Background()


def test_a_background_that_was_not_offered_is_named() -> None:
    background = Background(gender="robot", age_band="3", country="Atlantis", education="x", gender_words="w" * 61)

    faults = background_faults(background, countries={"FR": "France"}, languages={"fr": "French"})

    assert faults == ("gender", "age_band", "country", "education", "gender_words")


def test_a_sitting_belongs_to_the_client(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    make_consent(tx, engagement)
    assignment = programmes.assignments_of(tx, engagement.id)[0]

    sitting = service.start(tx, assignment.id, locale="en")

    assert tx.db.get_one(Administration, sitting.id).person_id == engagement.client_id
    assert tx.db.get_one(Person, sitting.person_id)
