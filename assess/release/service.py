"""Use cases of the gate: which scores may be read, which reliability they rest on, and what a new policy changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from assess.administration.models import Administration
from assess.analysis.evidence import plain
from assess.analysis.models import AuditRun
from assess.analysis.rules import internal_consistency, published_coefficients
from assess.analysis.service import instrument_of, instruments_of
from assess.audit import Event
from assess.i18n import gettext as _
from assess.i18n import integer
from assess.instruments.rules import Instrument
from assess.people.models import Person
from assess.people.service import name_of
from assess.release import verdicts
from assess.release.models import PolicyVersion, VerdictRow, VerdictState
from assess.release.policy import keep_policy, policy_in_force
from assess.release.rules import Policy, ReleasedScore, Use, Withheld, coefficient_in_force
from assess.scoring.rules import Reliability, Score
from assess.scoring.service import scores_of
from assess.transactions import Transaction


def released(tx: Transaction, administration: Administration, *, use: str) -> tuple[ReleasedScore | Withheld, ...]:
    """Return each scale of a sitting: its score if a signed verdict covers this use, else why it is withheld."""
    instrument = tx.catalogue.get(administration.instrument_id, administration.instrument_version)
    programme_id = administration.programme_id
    signed = {
        row.scale_id: row
        for row in verdicts.in_force(tx, programme_id, instrument)
        if row.use == use and row.language == administration.locale
    }
    scores = {score.scale: score for score in scores_of(tx, administration.id)}
    withheld = _withheld(tx, programme_id, instrument, administration.locale, use)
    return tuple(
        _released(tx, scores[scale.id], signed[scale.id])
        if scale.id in signed and scale.id in scores
        else withheld.get(scale.id, Withheld(scale.id, ("not_scored",)))
        for scale in instrument.scales
    )


def _released(tx: Transaction, score: Score, row: VerdictRow) -> ReleasedScore:
    signature = [entry for entry in row.sign_offs if entry.released][-1]
    return ReleasedScore(
        score=score,
        conditions=tuple(condition["code"] for condition in row.conditions),
        evidence_label=_evidence_label(score.trace.evidence),
        signed_by_name=name_of(tx.db.get_one(Person, signature.person_id), tx.vault),
        signed_at=signature.signed_at,
    )


def _evidence_label(evidence: Reliability | None) -> str:
    """Say whether the error of a score rests on published or on local figures."""
    if evidence is None:
        return ""
    n = integer(evidence.n)
    if evidence.kind == "local":
        return _("Checked on answers of %(n)s people: %(source)s", n=n, source=evidence.source)
    return _("Published figures from %(n)s people: %(source)s", n=n, source=evidence.source)


def _withheld(
    tx: Transaction, programme_id: str, instrument: Instrument, locale: str, use: str
) -> Mapping[str, Withheld]:
    """Return why scales are withheld: what the newest verdict on each says."""
    return {
        row.scale_id: Withheld(row.scale_id, why(row))
        for row in verdicts.current(tx, programme_id, instrument)
        if row.use == use and row.language == locale and row.state != VerdictState.SIGNED
    }


def why(row: VerdictRow) -> tuple[str, ...]:
    """Return the codes of why a verdict releases nothing: the decision of a person first, then the gate's reasons."""
    verdict = verdicts.verdict_of(row)
    if not verdict.outcome.releasable:
        return verdict.reason_codes
    codes = {VerdictState.REFUSED: "refused_by_lead", VerdictState.SUSPENDED: "suspended"}
    return (codes.get(VerdictState(row.state), "waiting_for_signature"),)


def reliabilities_in_force(
    tx: Transaction, instrument: Instrument, locale: str, programme_id: str
) -> Mapping[str, Reliability | None]:
    """Return what each scale's standard error rests on: signed local evidence, else published for this language."""
    signed = {
        row.scale_id: row.reliability
        for row in verdicts.in_force(tx, programme_id, instrument)
        if row.use == Use.INDIVIDUAL_REPORT and row.language == locale and row.reliability
    }
    policy = policy_in_force(tx, programme_id)
    return {
        scale.id: _reliability(signed[scale.id])
        if scale.id in signed
        else _published(instrument, scale.id, locale, policy)
        for scale in instrument.scales
    }


def reliability_in_force(
    tx: Transaction, instrument: Instrument, scale_id: str, locale: str, programme_id: str
) -> Reliability | None:
    """Return what the standard error of one scale rests on."""
    return reliabilities_in_force(tx, instrument, locale, programme_id)[scale_id]


def _published(instrument: Instrument, scale_id: str, locale: str, policy: Policy) -> Reliability | None:
    published = internal_consistency(published_coefficients(instrument, scale_id, locale))
    deciding = coefficient_in_force(published, policy)
    return _reliability(plain(asdict(deciding))) if deciding is not None else None


def _reliability(figures: Mapping[str, Any]) -> Reliability:
    return Reliability(
        coefficient=figures["value"],
        lower=figures["lower"],
        sd=figures["sd"],
        n=figures["n"],
        statistic=figures["statistic"],
        kind=figures["origin"],
        language=figures["language"],
        source=figures["source"],
        digest=figures["digest"],
    )


def on_evidence(tx: Transaction, run: AuditRun) -> None:
    """New evidence: every verdict on the instrument is looked at again in the transaction that stores it."""
    if run.programme_id is not None:
        instrument = instrument_of(tx, run.programme_id, run.instrument_id, run.instrument_version)
        verdicts.refresh(tx, run.programme_id, instrument)


def change_policy(tx: Transaction, programme_id: str, thresholds: Mapping[str, float], *, reason: str) -> PolicyVersion:
    """Give a programme other thresholds; every verdict is looked at again."""
    row = keep_policy(tx, programme_id, thresholds, reason=reason)
    tx.record(Event.POLICY_CHANGED, subject=programme_id, about=row.id)
    for instrument in instruments_of(tx, programme_id):
        verdicts.refresh(tx, programme_id, instrument)
    return row
