"""The life of a verdict: given from evidence and policy, signed or refused, re-opened, suspended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from assess.access import About
from assess.analysis.evidence import digest_of, plain
from assess.analysis.rules import internal_consistency
from assess.analysis.service import instrument_of
from assess.audit import Event
from assess.errors import Conflict, InvalidInput, Refused
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument
from assess.jobs import Job, enqueue
from assess.release.gather import Case, Question, cases, runs_that_count
from assess.release.models import SignOff, VerdictRow, VerdictState
from assess.release.policy import policy_in_force
from assess.release.rules import (
    Condition,
    Outcome,
    Policy,
    Reason,
    Use,
    Verdict,
    coefficient_in_force,
    decide,
    still_holds,
)
from assess.release.telling import tell_readers
from assess.transactions import Transaction


def about_verdict(db: Session, verdict_id: str) -> About | None:
    """Return the programme a verdict belongs to."""
    row = db.get(VerdictRow, verdict_id)
    return About(programme_id=row.programme_id) if row else None


def refresh(tx: Transaction, programme_id: str, instrument: Instrument) -> tuple[VerdictRow, ...]:
    """Decide every question about an instrument anew; return the verdicts that stand now.

    A verdict is written only where evidence, policy or decision changed. What was signed before and no longer holds is
    suspended here, in the same transaction, and its readers are told.
    """
    policy = policy_in_force(tx, programme_id)
    before = {question_of(row): row for row in current(tx, programme_id, instrument)}
    signed = {question_of(row): row for row in _signed_rows(tx, programme_id, instrument)}
    standing, suspended = [], []
    gone = before.keys() | signed.keys()
    for case in cases(instrument, runs_that_count(tx, programme_id, instrument)):
        row, old = _decided(tx, programme_id, instrument, case, policy), before.get(case.question)
        gone.discard(case.question)
        if old is not None and old.basis_digest == row.basis_digest:
            standing.append(old)
            continue
        tx.db.add(row)
        standing.append(row)
        if old is not None:
            _close(tx, old)
        in_force = signed.get(case.question)
        if in_force is not None and not _bears_out(row, in_force, policy):
            suspended.append(in_force)
    for question in gone:  # nothing is known about it any more
        if question in before:
            _close(tx, before[question])
        if question in signed:
            suspended.append(signed[question])
    tx.db.flush()
    _suspend(tx, instrument, suspended)
    return tuple(standing)


def _bears_out(new: VerdictRow, signed: VerdictRow, policy: Policy) -> bool:
    """Return whether a signed verdict stays in force: it is still true, and as many people signed as are asked for."""
    enough = len(signatures(signed)) >= policy.signatures
    return enough and still_holds(verdict_of(signed), verdict_of(new))


def _decided(tx: Transaction, programme_id: str, instrument: Instrument, case: Case, policy: Policy) -> VerdictRow:
    verdict = decide(case.evidence, policy, Use(case.question.use))
    evidence_digest = case.digest
    deciding = coefficient_in_force(internal_consistency(case.evidence.coefficients), policy)
    basis = {"evidence": evidence_digest, "policy": asdict(policy), "verdict": asdict(verdict)}
    return VerdictRow(
        programme_id=programme_id,
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        **asdict(case.question),
        outcome=verdict.outcome,
        reasons=[plain(asdict(reason)) for reason in verdict.reasons],
        conditions=[plain(asdict(condition)) for condition in verdict.conditions],
        reliability=plain(asdict(deciding)) if deciding is not None else None,
        evidence_digest=evidence_digest,
        policy_version=policy.version,
        basis_digest=digest_of(basis),
        run_id=case.run_id,
        simulated=case.simulated,
        state=VerdictState.WAITING,
        current=True,
        decided_at=tx.now,
        sign_offs=[],
    )


def verdict_of(row: VerdictRow) -> Verdict:
    """Return a kept verdict as the gate gave it."""
    return Verdict(
        Use(row.use),
        Outcome(row.outcome),
        tuple(Reason(r["code"], Outcome(r["outcome"]), r["figures"]) for r in row.reasons),
        tuple(Condition(c["code"], tuple(c["items"]), c["figures"]) for c in row.conditions),
    )


def sign(tx: Transaction, row: VerdictRow, *, reason: str = "", basis_digest: str | None = None) -> None:
    """Release what the gate lets through, in the acting lead's name; the last signature needed puts it in force."""
    _still_the_same(tx, row, basis_digest)
    if not Outcome(row.outcome).releasable:
        raise Refused(_("The evidence does not allow this release. The reasons stand on the page."))
    if row.state == VerdictState.SIGNED:
        raise Conflict(_("This is released already."))
    if any(signature.person_id == tx.actor for signature in signatures(row)):
        raise Refused(_("You have signed this already. It needs the signature of a second person."))
    _add_signature(tx, row, released=True, reason=reason)
    if len(signatures(row)) >= policy_in_force(tx, row.programme_id).signatures:
        for older in _signed(tx, row):
            older.state, older.ended_at = VerdictState.REPLACED, tx.now
        row.state, row.ended_at = VerdictState.SIGNED, None
        if row.use == Use.INDIVIDUAL_REPORT:
            _score_anew(tx, row)
    tx.record(Event.RELEASE_SIGNED, subject=row.programme_id, about=row.id)
    tx.db.flush()


def signatures(row: VerdictRow) -> list[SignOff]:
    """Return the signatures that count: those given since somebody last refused."""
    refusals = [place for place, entry in enumerate(row.sign_offs) if not entry.released]
    return row.sign_offs[refusals[-1] + 1 :] if refusals else list(row.sign_offs)


def refuse(tx: Transaction, row: VerdictRow, *, reason: str, basis_digest: str | None = None) -> None:
    """Say no, or take a release back, with a reason; what was released for this question ends in the same moment."""
    if not reason.strip():
        raise InvalidInput({"reason": _("Please say why. The reason stands in the history.")})
    _still_the_same(tx, row, basis_digest)
    if row.state not in (VerdictState.WAITING, VerdictState.SIGNED):
        raise Conflict(_("This verdict was decided already. Please look at the page again."))
    _add_signature(tx, row, released=False, reason=reason)
    ended = [older for older in _signed(tx, row) if older is not row]
    if row.state == VerdictState.SIGNED:
        ended.append(row)
    else:
        row.state = VerdictState.REFUSED
    tx.record(Event.RELEASE_REFUSED, subject=row.programme_id, about=row.id)
    _suspend(tx, _instrument(tx, row), ended)
    tx.db.flush()


def in_force(tx: Transaction, programme_id: str, instrument: Instrument) -> tuple[VerdictRow, ...]:
    """Return the signed verdicts of an instrument that hold under today's policy; others are suspended first."""
    decided_under = tx.db.scalar(_POLICY_OF_CURRENT, _about(programme_id, instrument))
    if decided_under != policy_in_force(tx, programme_id).version:
        refresh(tx, programme_id, instrument)
    return tuple(_signed_rows(tx, programme_id, instrument))


def current(tx: Transaction, programme_id: str, instrument: Instrument) -> tuple[VerdictRow, ...]:
    """Return the newest verdict on every question, as it was given last."""
    return tuple(tx.db.scalars(_CURRENT, _about(programme_id, instrument)))


def history(tx: Transaction, programme_id: str) -> tuple[VerdictRow, ...]:
    """Return every verdict somebody signed or refused, newest first."""
    signed = select(VerdictRow).where(VerdictRow.programme_id == programme_id, VerdictRow.sign_offs.any())
    return tuple(tx.db.scalars(signed.order_by(VerdictRow.decided_at.desc())))


def _about(programme_id: str, instrument: Instrument) -> dict[str, str]:
    """Which verdicts are about this instrument version in this programme."""
    return {"programme": programme_id, "instrument": instrument.id, "version": instrument.version}


# Made once, since every questionnaire that is sent asks them: to put a statement together takes longer than to run it.
_ABOUT = (
    VerdictRow.programme_id == bindparam("programme"),
    VerdictRow.instrument_id == bindparam("instrument"),
    VerdictRow.instrument_version == bindparam("version"),
)
_CURRENT = select(VerdictRow).where(*_ABOUT, VerdictRow.current).order_by(VerdictRow.decided_at)
_SIGNED = select(VerdictRow).where(*_ABOUT, VerdictRow.state == VerdictState.SIGNED)
_POLICY_OF_CURRENT = select(VerdictRow.policy_version).where(*_ABOUT, VerdictRow.current).limit(1)


def _signed_rows(tx: Transaction, programme_id: str, instrument: Instrument) -> list[VerdictRow]:
    return list(tx.db.scalars(_SIGNED, _about(programme_id, instrument)))


def question_of(row: VerdictRow) -> Question:
    """Return what a verdict is about."""
    return Question(row.scale_id, row.use, row.language, row.grouping, row.reference, row.focal)


def _close(tx: Transaction, row: VerdictRow) -> None:
    """A newer verdict stands; what was signed stays in force as long as the newer one bears it out."""
    row.current = False
    if row.state != VerdictState.SIGNED:
        row.ended_at = tx.now
        row.state = VerdictState.REPLACED if row.state == VerdictState.WAITING else row.state


def _suspend(tx: Transaction, instrument: Instrument, rows: Iterable[VerdictRow]) -> None:
    rows = list(rows)
    for row in rows:
        row.state = VerdictState.SUSPENDED
        row.ended_at = None if row.current else tx.now
        tx.record(Event.RELEASE_SUSPENDED, subject=row.programme_id, about=row.id)
    if rows:
        tell_readers(tx, rows[0].programme_id, instrument)


def _signed(tx: Transaction, row: VerdictRow) -> list[VerdictRow]:
    """Return what is in force for the same question."""
    return [
        other
        for other in _signed_rows(tx, row.programme_id, _instrument(tx, row))
        if question_of(other) == question_of(row)
    ]


def _still_the_same(tx: Transaction, row: VerdictRow, basis_digest: str | None) -> None:
    """A signature counts for the evidence and policy that its page showed, and for no other."""
    refresh(tx, row.programme_id, _instrument(tx, row))
    if not row.current or (basis_digest is not None and basis_digest != row.basis_digest):
        raise Conflict(_("New evidence or a new policy came in while you were reading. Please look at the page again."))


def _add_signature(tx: Transaction, row: VerdictRow, *, released: bool, reason: str) -> None:
    row.sign_offs.append(
        SignOff(
            person_id=tx.actor,
            released=released,
            reason=reason.strip(),
            evidence_digest=row.evidence_digest,
            policy_version=row.policy_version,
            signed_at=tx.now,
        )
    )


def _score_anew(tx: Transaction, row: VerdictRow) -> None:
    """Standard errors follow the evidence in force: a job computes the scores again."""
    payload = {"instrument": row.instrument_id, "version": row.instrument_version, "programme": row.programme_id}
    waiting = select(Job.id).where(Job.kind == "rescore", Job.state == "waiting", Job.payload == json.dumps(payload))
    if tx.db.scalar(waiting.limit(1)) is None:  # several scales signed together need one job
        enqueue(tx.db, "rescore", payload, now=tx.now)


def _instrument(tx: Transaction, row: VerdictRow) -> Instrument:
    return instrument_of(tx, row.programme_id, row.instrument_id, row.instrument_version)
