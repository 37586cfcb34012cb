"""Use cases of consent: the record itself, whether it is valid, what it covers, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session, joinedload

from assess.access import About
from assess.audit import Event
from assess.consent import rules, steps, texts
from assess.consent.models import ConsentDraft, ConsentRecord, ConsentScope, ConsentText
from assess.consent.rules import Gap, Scope, Step, Text
from assess.db import new_id
from assess.errors import Refused
from assess.i18n import gettext as _
from assess.programmes.models import Engagement
from assess.programmes.service import about_engagement
from assess.statements import Statement
from assess.transactions import Transaction


def about_record(db: Session, record_id: str) -> About | None:
    """Return what a consent record's id points at."""
    record = db.get(ConsentRecord, record_id)
    return about_engagement(db, record.engagement_id) if record else None


def text_of(tx: Transaction, record: ConsentRecord) -> Text:
    """Return the text a record was made with, from the stored copy."""
    return texts.stored(tx.db.get_one(ConsentText, record.text_digest).content)


def grant(tx: Transaction, engagement: Engagement, text: Text) -> ConsentRecord:
    """Make the record of an explicit act; sent twice it is still one record."""
    tx.db.execute(select(Engagement.id).where(Engagement.id == engagement.id).with_for_update())
    before = current_record(tx, engagement.id)
    state = steps.progress(tx, engagement, text)
    if before is not None and state.eligible is None and not _gaps(tx, before):
        return before
    if state.step is not Step.CONFIRM or state.scopes is None:
        raise Refused(_("Something on the way to your consent is still open. Please go on where you stopped."))
    passed_at = steps.attempts(tx, engagement.id, text)[-1].attempted_at
    record = _lock_in(
        tx, engagement, text, state.scopes, before,
        comprehension={"rounds": state.comprehension.rounds, "passed_at": _moment(passed_at)},
        eligibility={"eligible": True, "ages": steps.ages_of(tx, engagement)},
        values=steps.filled_in(tx, engagement),
    )  # fmt: skip
    tx.db.execute(delete(ConsentDraft).where(ConsentDraft.engagement_id == engagement.id))
    return record


def dropped(before: ConsentRecord | None, record: ConsentRecord) -> tuple[Scope, ...]:
    """Return what the record before allowed and the one in its place does not: it ended without being taken back."""
    return tuple(sorted(granted_scopes(before) - granted_scopes(record))) if before else ()


def grant_scope(tx: Transaction, record: ConsentRecord, scope: Scope) -> ConsentRecord:
    """Allow one more thing: a new record takes the place of the old one, which stays as it was."""
    if _gaps(tx, record):
        raise Refused(_("This consent is no longer in force. Please give your consent again first."))
    granted = granted_scopes(record)
    if scope in granted:
        return record
    snapshot = json.loads(record.snapshot)
    engagement = tx.db.get_one(Engagement, record.engagement_id)
    renewed = _lock_in(
        tx, engagement, text_of(tx, record), granted | {scope}, record,
        comprehension=snapshot["comprehension"], eligibility=snapshot["eligibility"], values=snapshot["filled_in"],
    )  # fmt: skip
    tx.record(Event.SCOPE_GRANTED, subject=record.person_id, about=renewed.id)
    return renewed


def _lock_in(
    tx: Transaction, engagement: Engagement, text: Text, scopes: frozenset[Scope], before: ConsentRecord | None,
    *, comprehension: Mapping[str, object], eligibility: Mapping[str, object], values: Mapping[str, str],
) -> ConsentRecord:  # fmt: skip
    """Write the snapshot of what was shown and chosen, and let it take the place of the record before."""
    record_id = new_id()
    snapshot = rules.canonical(
        {
            "schema": "assess-consent/1",
            "record": record_id,
            "engagement": engagement.id,
            "person": engagement.client_id,
            "programme": engagement.programme_id,
            "text": {"digest": text.digest, "version": text.version, "locale": text.locale},
            "filled_in": values,
            "eligibility": eligibility,
            "comprehension": comprehension,
            "scopes": {scope: scope in scopes for scope in Scope},
            "granted_at": _moment(tx.now),
            "supersedes": before.id if before else None,
        }
    )
    if before is not None:
        before.superseded_at = tx.now
        tx.db.flush()
    record = ConsentRecord(
        id=record_id, engagement_id=engagement.id, person_id=engagement.client_id, text_digest=text.digest,
        text_version=text.version, locale=text.locale, eligible=bool(eligibility["eligible"]),
        comprehension_rounds=comprehension["rounds"], snapshot=snapshot, snapshot_digest=rules.digest(snapshot),
        granted_at=tx.now, scopes=[ConsentScope(scope=scope, granted_at=tx.now) for scope in sorted(scopes)],
    )  # fmt: skip
    tx.db.add(record)
    tx.db.flush()
    event = Event.CONSENT_RENEWED if before else Event.CONSENT_GRANTED
    tx.record(event, subject=engagement.client_id, about=record_id)
    return record


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def current_record(tx: Transaction, engagement_id: str) -> ConsentRecord | None:
    """Return the newest record of an engagement, valid or not."""
    return tx.db.scalars(_CURRENT_RECORD, {"engagement": engagement_id}).unique().one_or_none()


# Made once, since every page of answering asks it.
_CURRENT_RECORD = (
    select(ConsentRecord)
    .where(ConsentRecord.engagement_id == bindparam("engagement"), ConsentRecord.superseded_at.is_(None))
    .options(joinedload(ConsentRecord.scopes))
)


def records_of(tx: Transaction, person_id: str) -> Sequence[ConsentRecord]:
    """Return every record of a person, the oldest first."""
    return tx.db.scalars(
        select(ConsentRecord)
        .where(ConsentRecord.person_id == person_id)
        .order_by(ConsentRecord.granted_at, ConsentRecord.superseded_at.is_(None))
    ).all()


def granted_scopes(record: ConsentRecord) -> frozenset[Scope]:
    """Return what a record allows now."""
    return frozenset(Scope(row.scope) for row in record.scopes if row.withdrawn_at is None)


def gaps_of(tx: Transaction, record: ConsentRecord | None) -> tuple[Gap, ...]:
    """Return why a record does not allow answering; none if it does."""
    return _gaps(tx, record) if record else ()


def _gaps(tx: Transaction, record: ConsentRecord) -> tuple[Gap, ...]:
    return _gaps_in(tx, record, granted_scopes(record))


def _gaps_in(tx: Transaction, record: Any, granted: frozenset[str]) -> tuple[Gap, ...]:
    """Return the gaps of a record, or of a row with its columns."""
    versions = texts.consent_texts(tx.settings.data).get(record.locale, ())
    return rules.gaps(
        rules.Standing(
            withdrawn=record.withdrawn_at is not None,
            superseded=record.superseded_at is not None,
            eligible=record.eligible,
            comprehension_rounds=record.comprehension_rounds,
            granted=granted,
            text_in_force=rules.still_holds(record.text_version, versions, tx.today),
            unaltered=rules.digest(record.snapshot) == record.snapshot_digest,
        )
    )


def allows_answering(tx: Transaction, engagement_id: str) -> bool:
    """Return whether there is a valid record: what every page of answering asks."""
    return valid_record_id(tx, engagement_id) is not None


def _standing(tx: Transaction, engagement_id: str) -> Sequence[Any]:
    """Return a row of the record in force for each scope it grants, at least one; none where there is no record."""
    return _STANDING.all(tx.db, engagement=engagement_id)


def _granted(standing: Sequence[Any]) -> frozenset[str]:
    return frozenset(row.scope for row in standing if row.scope)


_RECORD, _SCOPE = ConsentRecord.__table__, ConsentScope.__table__
_STANDING = Statement(
    select(
        _RECORD.c.id,
        _RECORD.c.locale,
        _RECORD.c.text_version,
        _RECORD.c.eligible,
        _RECORD.c.comprehension_rounds,
        _RECORD.c.snapshot,
        _RECORD.c.snapshot_digest,
        _RECORD.c.withdrawn_at,
        _RECORD.c.superseded_at,
        _SCOPE.c.scope,
    )
    .outerjoin(_SCOPE, (_SCOPE.c.record_id == _RECORD.c.id) & _SCOPE.c.withdrawn_at.is_(None))
    .where(_RECORD.c.engagement_id == bindparam("engagement"), _RECORD.c.superseded_at.is_(None))
)


def valid_record(tx: Transaction, engagement_id: str) -> ConsentRecord | None:
    """Return the record that allows answering in an engagement, if there is one."""
    record = current_record(tx, engagement_id)
    return record if record is not None and not _gaps(tx, record) else None


def valid_record_id(tx: Transaction, engagement_id: str) -> str | None:
    """Return the id of the record that allows answering in an engagement, if there is one."""
    rows = _standing(tx, engagement_id)
    return rows[0].id if rows and not _gaps_in(tx, rows[0], _granted(rows)) else None


def covers(tx: Transaction, engagement_id: str, scope: Scope) -> bool:
    """Return whether the client allows this now.

    A changed text stops new answers until consent is renewed; what was allowed for answers given before stays allowed.
    """
    rows = _standing(tx, engagement_id)
    granted = _granted(rows)
    return scope in granted and not set(_gaps_in(tx, rows[0], granted)) - {Gap.TEXT_CHANGED}


# Taking back


def withdraw(tx: Transaction, record: ConsentRecord) -> tuple[Scope, ...]:
    """Take back a whole consent, at once; return the scopes that ended with it."""
    ended = tuple(_end(tx, record, scope) for scope in Scope if scope in granted_scopes(record))
    if record.withdrawn_at is None:
        record.withdrawn_at = tx.now
        tx.db.flush()
        tx.record(Event.CONSENT_WITHDRAWN, subject=record.person_id, about=record.id)
    return ended


def withdraw_scope(tx: Transaction, record: ConsentRecord, scope: Scope) -> tuple[Scope, ...]:
    """Take back one scope, at once; without `store` nothing can go on, so that takes back all. Return what ended."""
    if scope is Scope.STORE:
        return withdraw(tx, record)
    return (_end(tx, record, scope),) if scope in granted_scopes(record) else ()


def _end(tx: Transaction, record: ConsentRecord, scope: Scope) -> Scope:
    for row in record.scopes:
        if row.scope == scope:
            row.withdrawn_at = tx.now
    tx.db.flush()
    tx.record(Event.SCOPE_WITHDRAWN, subject=record.person_id, about=record.id)
    return scope
