"""Long work: leases, progress, and what happens when a worker dies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assess.errors import AssessError
from assess.jobs import Away, Job, enqueue, run_next
from assess.problems import told


@pytest.fixture
def job(installation):
    """A waiting job."""
    with installation.transaction() as tx:
        return enqueue(tx.db, "count", {"to": 3}, now=tx.now).id


def state(installation, job_id):
    """Return the job as it is now."""
    with installation.transaction() as tx:
        return tx.db.get_one(Job, job_id)


def test_a_job_gets_its_ids_and_tells_how_far_it_is(installation, job):
    seen = []

    def count(work):
        work.progress(0.5, "counting")
        seen.append((work.payload["to"], state(installation, job).progress, state(installation, job).stage))

    run_next(installation.sessions, {"count": count})

    assert seen == [(3, 0.5, "counting")]
    assert (state(installation, job).state, state(installation, job).progress) == ("done", 1.0)


def test_a_job_rolled_back_with_what_asked_for_it_does_not_exist(installation):
    def ask_and_fail():
        with installation.transaction() as tx:
            enqueue(tx.db, "count", {}, now=tx.now)
            raise AssessError("no")

    with pytest.raises(AssessError):
        ask_and_fail()

    assert not run_next(installation.sessions, {})


def test_a_job_whose_worker_died_is_taken_up_again(installation, job):
    with installation.transaction() as tx:
        row = tx.db.get_one(Job, job)
        row.state, row.attempts, row.leased_until = "running", 1, datetime.now(UTC) - timedelta(seconds=1)
    done = []

    run_next(installation.sessions, {"count": lambda work: done.append(work.job_id)})

    assert done == [job]


def test_a_running_job_is_left_alone(installation, job):
    with installation.transaction() as tx:
        row = tx.db.get_one(Job, job)
        row.state, row.attempts, row.leased_until = "running", 1, datetime.now(UTC) + timedelta(seconds=30)

    assert not run_next(installation.sessions, {})


def test_a_job_that_kills_every_worker_is_given_up_and_says_so(installation, job):
    with installation.transaction() as tx:
        row = tx.db.get_one(Job, job)
        row.state, row.attempts, row.leased_until = "running", 3, datetime.now(UTC) - timedelta(seconds=1)

    assert not run_next(installation.sessions, {})

    assert state(installation, job).state == "failed"
    assert "three times" in told(state(installation, job).problem)


def test_work_that_needs_something_away_is_tried_again_ever_later_and_then_given_up(installation, job):
    def count(work):
        raise Away("the mail server is away")

    pauses = []
    while run_next(installation.sessions, {"count": count}):
        with installation.transaction() as tx:
            row = tx.db.get_one(Job, job)
            if row.state == "waiting":
                pauses.append(row.leased_until - datetime.now(UTC))
                row.leased_until = datetime.now(UTC) - timedelta(seconds=1)

    assert len(pauses) == 5
    assert pauses == sorted(pauses)
    assert (state(installation, job).state, state(installation, job).problem) == ("failed", "the mail server is away")


def test_a_fault_a_person_can_mend_is_kept_in_its_words(installation, job):
    def count(work):
        raise AssessError("line 3: no such item")

    run_next(installation.sessions, {"count": count})

    assert state(installation, job).problem == "line 3: no such item"


def test_a_fault_of_ours_shows_no_content(installation, job, caplog):
    def count(work):
        raise KeyError("what somebody wrote")

    run_next(installation.sessions, {"count": count})

    assert "somebody" not in state(installation, job).problem
    assert state(installation, job).state == "failed"
