"""Deleting what was kept long enough: when, what, who, and the proof of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from assess.administration.models import Administration
from assess.analysis.models import ResponseFile
from assess.analysis.sets import keep_upload
from assess.audit import AuditEvent, Event
from assess.consent import service as consent
from assess.consent.models import ConsentRecord
from assess.db import Base
from assess.jobs import Job, run_next
from assess.people import service as people
from assess.people.models import Link, Person, Role, SignInSession
from assess.privacy import commands, retention, service
from assess.programmes import service as programmes
from assess.programmes.models import Engagement
from assess.responses.models import DeidentifiedAdministration
from assess.transactions import Installation
from assess.work import handlers, plan
from tests.assess.privacy.test_service import make_history
from tests.conftest import Clock
from tests.factories import make_engagement, make_person, make_programme

LAST_DAY = date(2028, 11, 30)  # of what was told in an engagement that ended on 30 November 2026, kept for 24 months


def make_ended(installation: Installation) -> Engagement:
    """Make an engagement full of history that ends on 30 November 2026."""
    with installation.transaction() as tx:
        engagement = make_history(tx)
        engagement.ends_on = date(2026, 11, 30)
        return engagement


def rows(installation: Installation) -> Mapping[str, int]:
    """Count the rows of every table but the log and the jobs."""
    with installation.transaction() as tx:
        return {
            table.name: tx.db.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in {"audit_event", "job"}
        }


def on(clock: Clock, day: date) -> None:
    """Make it the very last second of a day."""
    clock.now = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)


def test_nothing_goes_on_the_last_day_and_everything_told_goes_on_the_day_after(
    installation: Installation, clock: Clock
) -> None:
    make_ended(installation)
    before = rows(installation)

    on(clock, LAST_DAY)
    assert list(retention.purge(installation)) == []
    assert rows(installation) == before

    on(clock, LAST_DAY + timedelta(days=1))
    assert len(list(retention.purge(installation))) == 1
    after = rows(installation)
    told = ("administration", "response", "item_remark", "score", "concern", "assignment", "declaration")
    assert all(before[table] for table in told)
    assert not any(after[table] for table in told)


def test_an_engagement_that_was_stopped_is_kept_from_that_day(installation: Installation, clock: Clock) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)
        programmes.end_engagement(tx, engagement, reason="lead")
        assert retention.kept_until(engagement) == date(2028, 11, 22)

    on(clock, date(2028, 11, 23))

    assert len(list(retention.purge(installation))) == 1


def test_each_programme_keeps_as_long_as_it_says(installation: Installation, clock: Clock) -> None:
    short, long = make_ended(installation), make_ended(installation)
    with installation.transaction() as tx:
        programmes.engagement(tx, short.id).programme.keep_months = 1

    on(clock, date(2026, 12, 31))
    (certificate,) = retention.purge(installation)

    assert certificate.programme_id == short.programme_id
    with installation.transaction() as tx:
        assert programmes.engagement(tx, long.id).purged_at is None


def test_a_client_with_nothing_left_is_erased_and_their_key_destroyed(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)

    on(clock, LAST_DAY + timedelta(days=1))
    list(retention.purge(installation))

    assert not installation.vault.holds(engagement.client_id)
    with installation.transaction() as tx:
        client = tx.db.get_one(Person, engagement.client_id)
        assert client.erased_at == clock.now
        assert people.name_of(client, tx.vault) == "erased person"
        coach = tx.db.get_one(Person, engagement.coach_id)
        assert coach.erased_at is None


def test_who_is_still_coached_or_works_here_stays(installation: Installation, clock: Clock) -> None:
    coached, working = make_ended(installation), make_ended(installation)
    with installation.transaction() as tx:
        client = tx.db.get_one(Person, coached.client_id)
        make_engagement(tx, client=client, ends_on=date(2029, 6, 1))
        supervisor = tx.db.get_one(Person, working.client_id)
        people.set_roles(tx, supervisor, [Role.CLIENT, Role.SUPERVISOR])

    on(clock, LAST_DAY + timedelta(days=1))
    list(retention.purge(installation))

    with installation.transaction() as tx:
        for engagement in (coached, working):
            assert programmes.engagement(tx, engagement.id).purged_at == clock.now
            assert tx.db.get_one(Person, engagement.client_id).erased_at is None
            assert tx.vault.holds(engagement.client_id)
        assert tx.db.scalar(select(func.count(Administration.id))) == 0


def test_copies_without_a_name_stay_and_are_nobodys(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)
    with installation.transaction() as tx:
        people.set_roles(tx, tx.db.get_one(Person, engagement.client_id), [Role.CLIENT, Role.COACH])

    on(clock, LAST_DAY + timedelta(days=1))
    (certificate,) = retention.purge(installation)

    assert json.loads(certificate.content)["copies_without_name_cut_loose"] == 1
    with installation.transaction() as tx:
        assert tx.db.scalars(select(DeidentifiedAdministration)).one().way_back is None


def test_what_was_agreed_to_stays_as_proof(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)

    on(clock, LAST_DAY + timedelta(days=1))
    list(retention.purge(installation))

    with installation.transaction() as tx:
        (record,) = tx.db.scalars(select(ConsentRecord).where(ConsentRecord.engagement_id == engagement.id))
        assert consent.text_of(tx, record).sections


def test_a_dry_run_counts_what_a_purge_deletes_and_changes_nothing(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)
    with installation.transaction() as tx:
        name = people.name_of(tx.db.get_one(Person, engagement.client_id), tx.vault)
    on(clock, LAST_DAY + timedelta(days=1))
    before, said = rows(installation), list[str]()

    commands.preview(installation, said.append)

    assert rows(installation) == before
    text = "\n".join(said)
    assert engagement.programme_id in text
    assert "kept until 2028-11-30 to 2028-11-30" in text
    assert "people to erase 1" in text
    assert name not in text
    with installation.transaction() as tx:
        (share,) = retention.preview(tx)
    (certificate,) = retention.purge(installation)
    assert json.loads(certificate.content)["rows_deleted"] == share.rows


def test_the_certificate_says_what_went_and_stands_in_the_log(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)
    on(clock, LAST_DAY + timedelta(days=1))

    (certificate,) = retention.purge(installation)

    content = json.loads(certificate.content)
    assert content["engagements"] == [{"id": engagement.id, "kept_until": "2028-11-30"}]
    assert content["people_erased"] == [engagement.client_id]
    assert content["rows_deleted"]["response"] == 20
    with installation.transaction() as tx:
        events = tx.db.execute(select(AuditEvent.event, AuditEvent.subject_id, AuditEvent.object_id)).all()
        assert (Event.PURGE_CERTIFIED, engagement.programme_id, certificate.digest) in events
        assert (Event.ENGAGEMENT_PURGED, engagement.client_id, engagement.id) in events
        assert list(tx.recorder.broken(tx.db)) == []
        assert [entry.digest for entry in retention.certificates(tx)] == [certificate.digest]


def test_what_is_left_of_someone_already_erased_goes_as_well(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)
    with installation.transaction() as tx:
        service.erase(tx, tx.db.get_one(Person, engagement.client_id))
    service.destroy_key(installation, engagement.client_id)
    assert rows(installation)["administration"] == 1

    on(clock, LAST_DAY + timedelta(days=1))
    (certificate,) = retention.purge(installation)

    assert json.loads(certificate.content)["people_erased"] == []
    assert rows(installation)["administration"] == 0


def test_more_than_one_transaction_of_engagements_goes_in_several(installation: Installation, clock: Clock) -> None:
    with installation.transaction() as tx:
        first = make_engagement(tx, ends_on=date(2026, 11, 30))
        coach = tx.db.get_one(Person, first.coach_id)
        for _ in range(100):
            make_engagement(tx, programme=first.programme, client=make_person(tx), coach=coach,
                            ends_on=date(2026, 11, 30))  # fmt: skip

    on(clock, LAST_DAY + timedelta(days=1))
    made = list(retention.purge(installation))

    assert [len(json.loads(certificate.content)["engagements"]) for certificate in made] == [100, 1]
    assert rows(installation)["assignment"] == 0


def test_the_worker_purges_once_a_day_by_itself(installation: Installation, clock: Clock) -> None:
    engagement = make_ended(installation)
    on(clock, LAST_DAY + timedelta(days=1))

    plan(installation)
    plan(installation)
    while run_next(installation.sessions, handlers(installation)):
        pass

    with installation.transaction() as tx:
        assert [(job.kind, job.state) for job in tx.db.scalars(select(Job))] == [("purge", "done")]
        assert programmes.engagement(tx, engagement.id).purged_at == clock.now
    clock.advance(hours=23)
    plan(installation)
    clock.advance(hours=1)
    plan(replace(installation))  # as after a restart: what is remembered stands in the database
    with installation.transaction() as tx:
        assert tx.db.scalar(select(func.count(Job.id))) == 2


def test_an_upload_that_nobody_imported_goes_by_itself(installation: Installation, clock: Clock) -> None:
    with installation.transaction() as tx:
        phq8, programme = tx.catalogue.latest("phq-8"), make_programme(tx)
        file = keep_upload(tx, programme.id, phq8, name="a.csv", content=b"a,b\n1,2\n", source="here", licence="")
        file.faults = {"listed": [[2, "a", "told in confidence", "is none of the answers"]], "total": 1}
    clock.advance(hours=25)

    plan(installation)
    while run_next(installation.sessions, handlers(installation)):
        pass

    with installation.transaction() as tx:
        kept = tx.db.get_one(ResponseFile, file.id)
        assert (kept.content, kept.faults) == (None, None)


def test_links_that_ran_out_and_old_sign_ins_go_by_themselves(installation: Installation, clock: Clock) -> None:
    with installation.transaction() as tx:
        person = make_person(tx)
        people.issue_link(tx, person, hours=2)
        people.issue_link(tx, person, hours=2000)
        people.open_session(tx, person.id)
    clock.advance(days=29)
    with installation.transaction() as tx:
        people.open_session(tx, person.id)
    clock.advance(days=2)

    plan(installation)
    while run_next(installation.sessions, handlers(installation)):
        pass

    with installation.transaction() as tx:
        (link,) = tx.db.scalars(select(Link))
        (session,) = tx.db.scalars(select(SignInSession))
        assert link.expires_at > tx.now
        assert session.created_at == tx.now - timedelta(days=2)
