"""Sittings that were answered, scored and released through the services of the product, for tests of what is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.analysis.evidence import FORMAT
from assess.analysis.models import AuditRun
from assess.instruments.rules import Instrument
from assess.people.models import Person
from assess.programmes.models import Assignment, Engagement, Programme
from assess.release import service as release
from assess.release import verdicts
from assess.release.rules import Outcome, Use
from assess.responses import service as responses
from assess.responses.rules import Answer, Missing
from assess.scoring import service as scoring
from assess.transactions import Transaction

PERSONAL = (Use.INDIVIDUAL_REPORT, Use.CHANGE_OVER_TIME)


def assignment_of(tx: Transaction, engagement: Engagement, instrument_id: str, wave: str = "baseline") -> Assignment:
    """Return the assignment of an instrument at a wave."""
    return tx.db.scalars(
        select(Assignment).where(
            Assignment.engagement_id == engagement.id,
            Assignment.instrument_id == instrument_id,
            Assignment.wave_kind == wave,
        )
    ).one()


def make_sitting(
    tx: Transaction,
    assignment: Assignment,
    answers: int | Sequence[int | None] | Mapping[str, Answer],
    *,
    locale: str = "en",
) -> Administration:
    """Answer and send a questionnaire: one code for every item, codes in order (None skips), or item by item."""
    instrument = tx.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    if isinstance(answers, int):
        answers = [answers] * len(instrument.items)
    if not isinstance(answers, Mapping):
        codes = zip(instrument.items, answers, strict=True)
        answers = {item.id: Missing.SKIPPED if code is None else code for item, code in codes}
    begun = administrations.start(tx, assignment.id, locale=locale)
    responses.save(tx, begun, answers, seen={})
    administrations.submit(tx, assignment.id)
    scoring.score_administration(tx, begun, release.reliabilities_in_force)
    return tx.db.get_one(Administration, begun.id)


def add_evidence(
    tx: Transaction, programme: Programme, instrument: Instrument, *,
    alpha: float = 0.84, sd: float = 5.0, n: int = 400, language: str = "en",
) -> None:  # fmt: skip
    """Keep the evidence of a finished audit on the answers in one language: every scale equally reliable."""
    figure = {"estimate": alpha, "lower": alpha - 0.02, "upper": alpha + 0.02, "n": n, "notes": []}
    whole = {"n": n, "mean": 10.0, "sd": sd, "alpha": figure, "omega": None}
    audit = {"n": n, "whole": whole, "groupings": []}
    run = AuditRun(
        programme_id=programme.id,
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        scale_ids=[scale.id for scale in instrument.scales],
        groupings=[],
        references={},
        seed=1,
        started_by="test",
        started_at=tx.now,
        finished_at=tx.now,
        n=n,
        evidence={
            "format": FORMAT,
            "source": {"kind": "programme", "name": "answers of this programme", "simulated": False},
            "scales": [
                {"scale": scale.id, "language": language, "digest": "e" * 64, "unit": 1.0, "audit": audit}
                for scale in instrument.scales
            ],
        },
        evidence_digest="e" * 64,
    )
    tx.db.add(run)
    tx.db.flush()
    verdicts.refresh(tx, programme.id, instrument)


def sign_releases(
    tx: Transaction, programme: Programme, instrument: Instrument, lead: Person, *, uses: Iterable[str] = PERSONAL
) -> None:
    """Let the lead sign whatever the gate lets through for these uses."""
    acting = replace(tx, actor=lead.id)
    for row in verdicts.current(tx, programme.id, instrument):
        if row.use in tuple(uses) and Outcome(row.outcome).releasable:
            verdicts.sign(acting, row)
