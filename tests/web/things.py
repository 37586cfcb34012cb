"""One of everything that an id in a route can point at."""

from __future__ import annotations

from sqlalchemy import select

from assess.analysis.models import AuditRun, ResponseFile
from assess.consent.rules import Scope
from assess.consent.service import valid_record
from assess.db import new_id
from assess.instruments.rules import Instrument
from assess.programmes.models import Assignment, Engagement
from assess.release.models import VerdictRow
from assess.safeguarding.models import Concern
from assess.transactions import Transaction
from tests.factories import make_consent


def make_things(tx: Transaction, engagement: Engagement) -> dict[str, object]:
    """Return name in the route → value, all belonging to this engagement and its programme."""
    assignment = tx.db.scalars(select(Assignment).where(Assignment.engagement_id == engagement.id)).first()
    instrument = tx.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    make_consent(tx, engagement)
    record = valid_record(tx, engagement.id)
    run, verdict, file = _evidence(tx, engagement.programme_id, instrument)
    return {
        "act": "erased",
        "assignment_id": assignment.id,
        "concern_id": _concern(tx, engagement, owner_role="coach"),
        "engagement_id": engagement.id,
        "file_id": file.id,
        "filename": "assess.css",
        "instrument_id": instrument.id,
        "number": 1,
        "person_id": engagement.client_id,
        "programme_id": engagement.programme_id,
        "record_id": record.id,
        "run_id": run.id,
        "scope": Scope.COACH_READS,
        "token": "token",
        "verdict_id": verdict.id,
        "version": instrument.version,
    }


def _concern(tx: Transaction, engagement: Engagement, *, owner_role: str) -> str:
    concern_id = new_id()
    sealed = tx.vault.seal(engagement.client_id, "What does it mean?", "concern", concern_id, "text")
    tx.db.add(
        Concern(id=concern_id, engagement_id=engagement.id, person_id=engagement.client_id, kind="result_question",
                text_sealed=sealed, owner_role=owner_role, raised_at=tx.now, due_on=tx.today)
    )  # fmt: skip
    tx.db.flush()
    return concern_id


def _evidence(tx: Transaction, programme_id: str, instrument: Instrument) -> tuple[AuditRun, VerdictRow, ResponseFile]:
    about = {"programme_id": programme_id, "instrument_id": instrument.id, "instrument_version": instrument.version}
    run = AuditRun(**about, scale_ids=[], groupings=[], references={}, seed=1, started_by="test", started_at=tx.now)
    verdict = VerdictRow(
        **about, scale_id=instrument.scales[0].id, use="individual_report", language="en", outcome="held", reasons=[],
        conditions=[], evidence_digest="", policy_version="1", basis_digest="", decided_at=tx.now,
    )  # fmt: skip
    file = ResponseFile(**about, name="answers.csv", header=[], uploaded_by="test", uploaded_at=tx.now)
    tx.db.add_all((run, verdict, file))
    tx.db.flush()
    return run, verdict, file
