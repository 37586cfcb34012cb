"""Closing, erasing and what stays; copies of the database made before."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.administration.rules import Background
from assess.app import HOOKS
from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.consent.models import ComprehensionAttempt, ConsentRecord
from assess.consent.rules import Scope
from assess.db import Base
from assess.errors import KeyDestroyed, Refused
from assess.jobs import Work
from assess.people import mail
from assess.people import service as people
from assess.people.models import Link, OutboxMessage, Person, Role, SignInSession
from assess.privacy import export, holdings, service
from assess.programmes import service as programmes
from assess.programmes.models import Declaration, Engagement
from assess.release import verdicts
from assess.release.rules import Use
from assess.responses import service as responses
from assess.responses.models import DeidentifiedAdministration, ItemRemark
from assess.responses.rules import Missing, Remark
from assess.safeguarding import service as safeguarding
from assess.transactions import Installation, Transaction
from tests.factories import make_consent, make_engagement, make_person, make_programme

SCOPES = (Scope.STORE, Scope.COACH_READS, Scope.INSTRUMENT_QUALITY)


def make_history(tx: Transaction) -> Engagement:
    """Make a client who has left something in every table that can hold something of theirs."""
    engagement = make_engagement(tx, programme=make_programme(tx, lead=make_person(tx, Role.LEAD)))
    client = tx.db.get_one(Person, engagement.client_id)
    make_consent(tx, engagement, SCOPES)
    assignment = programmes.assignments_of(tx, engagement.id)[0]
    sitting = administrations.start(tx, assignment.id, locale="en")
    first, second, *rest = [item.id for item in tx.catalogue.get("mini-ipip", "1").items]
    responses.save(tx, sitting, dict.fromkeys(rest, 3) | {first: 5, second: Missing.SKIPPED}, seen={})
    responses.remark(tx, sitting, first, Remark.UNCLEAR, comment="=HYPERLINK(1)")
    administrations.submit(tx, sitting.assignment_id)
    for act in HOOKS.on_submit:
        act(tx, sitting)
    safeguarding.raise_concern(tx, assignment, owner="coach", text="What does this mean?")
    administrations.save_background(tx, client, Background(gender="woman"))
    mail.send(tx, client, kind="reminder", subject="Hello", text="Something is waiting for you.")
    people.issue_link(tx, client)
    people.open_session(tx, client.id)
    return engagement


def sealed_rows(tx: Transaction, person_id: str) -> Mapping[str, int]:
    """Count, table by table, the rows of a person that still hold something in the clear or sealed."""
    counts = {}
    for table, columns in service.sealed_columns().items():
        found = tx.db.execute(select(table).where(service.owned_by(table, person_id))).mappings()
        counts[table.name] = sum(any(row[name] is not None for name in columns) for row in found)
    return counts


def test_every_table_with_something_of_a_person_leads_to_that_person() -> None:
    assert {"person", "response", "item_remark", "score", "concern", "outbox_message"} <= {
        table.name for table in service.sealed_columns()
    }
    for table in service.sealed_columns():
        service.owned_by(table, "anyone")


def test_a_table_without_a_way_to_a_person_is_an_error() -> None:
    with pytest.raises(LookupError, match="verdict"):
        service.owned_by(Base.metadata.tables["verdict"], "anyone")


def test_a_full_history_holds_something_in_every_such_table(tx: Transaction) -> None:
    engagement = make_history(tx)

    assert all(sealed_rows(tx, engagement.client_id).values())


def test_erasing_empties_every_table_of_that_person_and_of_nobody_else(tx: Transaction) -> None:
    engagement, other = make_history(tx), make_history(tx)
    before = sealed_rows(tx, other.client_id)

    service.erase(tx, tx.db.get_one(Person, engagement.client_id))

    assert not any(sealed_rows(tx, engagement.client_id).values())
    assert sealed_rows(tx, other.client_id) == before


def test_erasing_leaves_no_remark_and_no_tie_of_either_side(tx: Transaction) -> None:
    engagement, other = make_history(tx), make_history(tx)

    service.erase(tx, tx.db.get_one(Person, engagement.client_id))

    remarked = select(Administration.person_id).join(ItemRemark, ItemRemark.administration_id == Administration.id)
    assert tx.db.scalars(remarked).all() == [other.client_id]
    assert set(tx.db.scalars(select(Declaration.engagement_id))) == {other.id}


def test_erasing_shuts_out_stops_withdraws_and_is_recorded(tx: Transaction) -> None:
    engagement = make_history(tx)
    person = tx.db.get_one(Person, engagement.client_id)
    assert tx.db.scalars(select(SignInSession).where(SignInSession.person_id == person.id)).all()

    service.erase(tx, person)

    assert person.erased_at == tx.now
    assert person.roles == frozenset()
    assert people.name_of(person, tx.vault) == "erased person"
    assert engagement.stopped_at == tx.now
    assert consent.valid_record(tx, engagement.id) is None
    assert not tx.db.scalars(select(Link).where(Link.person_id == person.id)).all()
    assert not tx.db.scalars(select(SignInSession).where(SignInSession.person_id == person.id)).all()
    events = tx.db.scalars(select(AuditEvent.event).where(AuditEvent.subject_id == person.id)).all()
    assert events[-1] == Event.PERSON_ERASED


def test_what_was_agreed_to_stays_as_proof(tx: Transaction) -> None:
    engagement = make_history(tx)

    service.erase(tx, tx.db.get_one(Person, engagement.client_id))

    (record,) = tx.db.scalars(select(ConsentRecord).where(ConsentRecord.engagement_id == engagement.id))
    assert record.withdrawn_at == tx.now
    assert "What does this mean?" not in record.snapshot


def test_copies_without_a_name_stay_and_lose_the_way_back(tx: Transaction) -> None:
    engagement = make_history(tx)
    person = tx.db.get_one(Person, engagement.client_id)
    assert len(service.deidentified_copies(tx, person)) == 1

    service.erase(tx, person)

    (copy,) = tx.db.scalars(select(DeidentifiedAdministration))
    tx.db.refresh(copy)
    assert copy.way_back is None
    assert copy.answers


def test_rows_copied_before_erasing_cannot_be_read_after_it(installation: Installation) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)
        client = tx.db.get_one(Person, engagement.client_id)
        backup = {
            table.name: tx.db.execute(select(table).where(service.owned_by(table, client.id))).mappings().all()
            for table in service.sealed_columns()
        }
        name = client.name_sealed
        assert name is not None
        assert installation.vault.open(client.id, name, "person", "name") == people.name_of(client, tx.vault)
        service.erase(tx, client)

    service.destroy_key(installation, client.id)

    answer = backup["response"][0]
    context = ("response", answer["administration_id"], answer["item_id"], str(answer["revision"]))
    with pytest.raises(KeyDestroyed):
        installation.vault.open(client.id, answer["sealed"], *context)
    with pytest.raises(KeyDestroyed):
        installation.vault.open(client.id, name, "person", "name")
    with pytest.raises(KeyDestroyed):
        installation.vault.pseudonym(client.id, "deidentified")


def test_an_erasing_that_fails_leaves_key_and_data(installation: Installation) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)

    with pytest.raises(RuntimeError), installation.transaction() as tx:  # noqa: PT012 the transaction is what fails
        service.erase(tx, tx.db.get_one(Person, engagement.client_id))
        raise RuntimeError("the disk is full")

    with installation.transaction() as tx:
        person = tx.db.get_one(Person, engagement.client_id)
        assert people.name_of(person, tx.vault) != "erased person"
        assert all(sealed_rows(tx, person.id).values())


def test_the_sweep_destroys_the_keys_that_a_crash_left(installation: Installation) -> None:
    with installation.transaction() as tx:
        erased, kept = make_history(tx), make_history(tx)
        service.erase(tx, tx.db.get_one(Person, erased.client_id))
    assert installation.vault.holds(erased.client_id)

    assert service.finish_erasures(installation) == 1

    assert not installation.vault.holds(erased.client_id)
    assert installation.vault.holds(kept.client_id)
    assert service.finish_erasures(installation) == 0


def test_a_coach_with_clients_and_a_lead_cannot_be_erased_yet(tx: Transaction) -> None:
    lead = make_person(tx, Role.LEAD)
    engagement = make_engagement(tx, programme=make_programme(tx, lead=lead))

    for person in (tx.db.get_one(Person, engagement.coach_id), lead):
        with pytest.raises(Refused):
            service.erase(tx, person)

    assert lead.erased_at is None


def test_closing_ends_sign_ins_and_keeps_the_data(tx: Transaction) -> None:
    engagement = make_history(tx)
    person = tx.db.get_one(Person, engagement.client_id)
    before = sealed_rows(tx, person.id)
    token = people.open_session(tx, person.id)

    people.close_account(tx, person)

    assert people.visitor_of(tx.db, tx.vault, token, now=tx.now) is None
    assert people.find_by_mail(tx, people.mail_of(person, tx.vault)) is None
    assert sealed_rows(tx, person.id) == before
    assert consent.valid_record(tx, engagement.id) is not None
    people.close_account(tx, person)
    events = tx.db.scalars(select(AuditEvent.event).where(AuditEvent.subject_id == person.id)).all()
    assert events.count(Event.PERSON_CLOSED) == 1


def test_holdings_count_what_a_history_left(tx: Transaction) -> None:
    engagement = make_history(tx)
    person = tx.db.get_one(Person, engagement.client_id)

    held = holdings.holdings(tx, person)

    assert held.has_background
    assert (held.engagements, held.consents, held.sittings, held.remarks, held.questions) == (1, 1, 1, 1, 1)
    assert held.answers == len(tx.catalogue.get("mini-ipip", "1").items)
    assert (held.mails, held.copies, held.open_sign_ins) == (1, 1, 1)
    assert held.scores == len(tx.catalogue.get("mini-ipip", "1").scales)
    assert held.log_entries == len(tx.db.scalars(select(AuditEvent).where(AuditEvent.subject_id == person.id)).all())


def test_a_reader_is_named_with_the_role_in_which_they_read(installation: Installation) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)
    with installation.transaction(actor=engagement.coach_id) as tx:
        tx.record(Event.REPORT_READ, subject=engagement.client_id, about=engagement.id)

    with installation.transaction() as tx:
        reading, signed_in = holdings.readings(tx, tx.db.get_one(Person, engagement.client_id))
        coach = people.name_of(tx.db.get_one(Person, engagement.coach_id), tx.vault)

    assert (reading.who, reading.role, reading.what) == (coach, "your coach", Event.REPORT_READ)
    assert not reading.by_themselves
    assert (signed_in.who, signed_in.what) == ("whoever had the link", Event.SIGNED_IN)


def test_the_export_holds_every_answer_with_its_words_and_kinds_of_missing_spelled_out(tx: Transaction) -> None:
    engagement = make_history(tx)
    instrument = tx.catalogue.get("mini-ipip", "1")

    document = export.export(tx, tx.db.get_one(Person, engagement.client_id))

    (sitting,) = document["questionnaires"]
    first, second, third, *_rest = sitting["answers"]
    assert len(sitting["answers"]) == len(instrument.items)
    assert first["words"] == instrument.language("en").items[instrument.items[0].id]
    assert (first["code"], first["meaning"]) == (5, "Very Accurate")
    assert (second["missing"], second["meaning"]) == ("skipped", "skipped: you chose not to answer")
    assert "code" not in second
    assert third["code"] == 3
    assert sitting["remarks"][0]["comment"] == "=HYPERLINK(1)"
    assert document["questions"][0]["text"] == "What does this mean?"
    assert document["mails"][0]["text"] == "Something is waiting for you."
    assert document["about_you"] == {"gender": "woman"}
    assert document["consents"][0]["evidence"]["snapshot_sha256"]
    assert document["person"]["roles"] == ["client"]


def test_the_export_holds_what_the_log_says_and_every_sign_in(tx: Transaction) -> None:
    engagement = make_history(tx)
    person = tx.db.get_one(Person, engagement.client_id)
    written = tx.db.scalars(select(AuditEvent.event).where(AuditEvent.subject_id == person.id)).all()

    document = export.export(tx, person)

    assert sorted(entry["what"] for entry in document["log"]) == sorted([*written, Event.PERSON_EXPORTED])
    assert [entry["ended_before"] for entry in document["sign_ins"]] == [None] * holdings.holdings(
        tx, person
    ).open_sign_ins
    attempts = tx.db.scalar(select(func.count()).select_from(ComprehensionAttempt))
    assert len(document["engagements"][0]["your_rounds_of_the_short_check"]) == attempts > 0


def test_the_export_never_passes_the_gate_by(tx: Transaction) -> None:
    engagement = make_history(tx)

    document = export.export(tx, tx.db.get_one(Person, engagement.client_id))

    scores = document["questionnaires"][0]["scores"]
    assert len(scores) == 5
    assert all(score["withheld"] and "value" not in score for score in scores)


def test_the_export_gives_no_score_without_its_standard_error(tx: Transaction) -> None:
    engagement = make_history(tx)
    instrument = tx.catalogue.get("mini-ipip", "1")
    for row in verdicts.refresh(tx, engagement.programme_id, instrument):
        if row.use == Use.INDIVIDUAL_REPORT and row.language == "en" and verdicts.verdict_of(row).outcome.releasable:
            verdicts.sign(replace(tx, actor=engagement.coach_id), row)

    document = export.export(tx, tx.db.get_one(Person, engagement.client_id))

    scores = document["questionnaires"][0]["scores"]
    assert "no_standard_error" in {reason for score in scores for reason in score["withheld"]}
    assert all("value" not in score for score in scores)


def test_the_table_has_a_row_for_everything_and_runs_no_formula(tx: Transaction) -> None:
    engagement = make_history(tx)
    document = export.export(tx, tx.db.get_one(Person, engagement.client_id))

    text = export.as_csv(document)

    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    kinds = [row["what"] for row in rows]
    n_items = len(tx.catalogue.get("mini-ipip", "1").items)
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "answer": n_items,
        "score": 5,
        "remark": 1,
        "consent": len(Scope),
        "question": 1,
    }
    assert next(row for row in rows if row["what"] == "remark")["meaning"] == "'=HYPERLINK(1)"
    assert [row["code"] for row in rows if row["what"] == "answer"][:3] == ["5", "skipped", "3"]


def test_an_export_is_recorded(tx: Transaction) -> None:
    engagement = make_history(tx)
    person = tx.db.get_one(Person, engagement.client_id)

    export.export(tx, person)

    assert [reading.what for reading in holdings.readings(tx, person)] == [Event.PERSON_EXPORTED, Event.SIGNED_IN]


def test_a_mail_still_to_be_sent_to_an_erased_person_is_not_sent(installation: Installation) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)
        message = tx.db.scalars(select(OutboxMessage).where(OutboxMessage.person_id == engagement.client_id)).one()
        service.erase(tx, tx.db.get_one(Person, engagement.client_id))

    mail.deliver(installation, Work("job", {"message": message.id}, installation.sessions))

    with installation.transaction() as tx:
        assert tx.db.get(OutboxMessage, message.id) is None
