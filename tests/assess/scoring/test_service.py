"""Scores as they are stored: sealed, revised when the evidence changes, gone with the key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from assess.administration.models import Administration
from assess.audit import AuditEvent, Event
from assess.scoring import service
from assess.scoring.models import StoredScore
from assess.transactions import Transaction
from tests.assess.scoring.instruments import make_reliability
from tests.factories import make_consent, make_engagement
from tests.sittings import assignment_of, make_sitting

Evidence = Callable[..., object]


def evidence(sd: float) -> Evidence:
    return lambda *_: {"total": make_reliability(coefficient=0.84, sd=sd)}


@pytest.fixture
def sitting(tx: Transaction) -> Administration:
    """PHQ-8 with two skips, scored without any evidence of its spread."""
    engagement = make_engagement(tx)
    make_consent(tx, engagement)
    return make_sitting(tx, assignment_of(tx, engagement, "phq-8"), [1, 2, 3, 0, 1, 2, None, None])


def rows(tx: Transaction) -> list[StoredScore]:
    return list(tx.db.scalars(select(StoredScore).order_by(StoredScore.revision)))


def test_a_submitted_sitting_has_one_score_per_scale(tx: Transaction) -> None:
    engagement = make_engagement(tx)
    make_consent(tx, engagement)

    sitting = make_sitting(tx, assignment_of(tx, engagement, "mini-ipip"), 3)

    assert [score.scale for score in service.scores_of(tx, sitting.id)] == ["E", "A", "C", "N", "I"]


def test_a_score_read_back_is_the_score_that_was_computed(tx: Transaction, sitting: Administration) -> None:
    computed = service.score_administration(tx, sitting, evidence(5.0))

    assert service.scores_of(tx, sitting.id) == computed
    assert computed[0].value == 12
    assert computed[0].trace.evidence == make_reliability(coefficient=0.84, sd=5.0)


def test_scoring_again_with_the_same_evidence_adds_nothing(tx: Transaction, sitting: Administration) -> None:
    service.score_administration(tx, sitting, evidence(5.0))
    before = len(rows(tx))

    service.score_administration(tx, sitting, evidence(5.0))

    assert len(rows(tx)) == before


def test_new_evidence_adds_a_revision_and_keeps_the_one_before(tx: Transaction, sitting: Administration) -> None:
    service.score_administration(tx, sitting, evidence(5.0))
    kept = [row.sealed for row in rows(tx)]

    n_scored = service.rescore(tx, "phq-8", "1", evidence(2.5))

    assert n_scored == 1
    assert [row.sealed for row in rows(tx)][: len(kept)] == kept
    assert [row.revision for row in rows(tx)] == [1, 2, 3]
    assert service.scores_of(tx, sitting.id)[0].trace.evidence.sd == 2.5


def test_scoring_anew_leaves_other_programmes_alone(tx: Transaction, sitting: Administration) -> None:
    other = make_engagement(tx)

    n_scored = service.rescore(tx, "phq-8", "1", evidence(2.5), programme_id=other.programme_id)

    assert (n_scored, len(rows(tx))) == (0, 1)


def test_a_sitting_that_was_not_sent_has_no_scores(tx: Transaction) -> None:
    assert service.scores_of(tx, "no-such-sitting") == ()


def test_no_figure_can_be_read_from_the_table(tx: Transaction, sitting: Administration) -> None:
    service.score_administration(tx, sitting, evidence(5.0))

    assert all(b"12" not in row.sealed and b"value" not in row.sealed for row in rows(tx))
    assert len({len(row.sealed) % 64 for row in rows(tx)}) == 1


def test_scores_are_gone_with_the_key_of_their_person(tx: Transaction, sitting: Administration) -> None:
    tx.vault.destroy(sitting.person_id)

    assert service.scores_of(tx, sitting.id) == ()
    assert service.rescore(tx, "phq-8", "1", evidence(2.5)) == 0


def test_scoring_is_in_the_audit_log_without_any_figure(tx: Transaction, sitting: Administration) -> None:
    events = tx.db.scalars(select(AuditEvent).where(AuditEvent.event == Event.SCORED)).all()

    assert [(event.subject_id, event.object_id) for event in events] == [(sitting.person_id, sitting.id)]
