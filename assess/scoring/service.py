"""Use cases of scoring: score a sitting when it is submitted, score again when the evidence changes, read scores."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, select

from assess.administration.models import Administration
from assess.administration.rules import Sitting
from assess.audit import Event
from assess.db import new_id
from assess.errors import KeyDestroyed
from assess.instruments.rules import Instrument
from assess.programmes.models import Assignment, Engagement
from assess.responses import service as responses
from assess.scoring.models import StoredScore
from assess.scoring.rules import Reliability, Score, Trace, read_form, score_of_form
from assess.statements import Statement
from assess.transactions import Transaction

# Given by `release`, which stands further right: (tx, instrument, locale, programme id) → scale id → evidence in force.
Reliabilities = Callable[[Transaction, Instrument, str, str], Mapping[str, Reliability | None]]


def score_administration(tx: Transaction, administration: Sitting, reliabilities: Reliabilities) -> tuple[Score, ...]:
    """Score every scale of a submitted sitting and store what is new; scoring again changes nothing."""
    instrument = tx.catalogue.get(administration.instrument_id, administration.instrument_version)
    programme_id = administration.programme_id
    form = read_form(
        instrument, responses.answers_of(tx, administration), locale=administration.locale, mode=administration.mode
    )
    evidence = reliabilities(tx, instrument, administration.locale, programme_id)
    stored = _newest(tx, [administration.id])[administration.id]
    scores, rows = [], []
    for scale in instrument.scales:
        score = score_of_form(form, scale, evidence[scale.id])
        scores.append(score)
        before = stored.get(scale.id)
        if before is None or _opened(tx, administration.person_id, before) != score:
            rows.append(_row(tx, administration, score, revision=before.revision + 1 if before else 1))
    if rows:
        _ADD.run(tx.db, *rows)
        tx.record(Event.SCORED, subject=administration.person_id, about=administration.id)
    return tuple(scores)


def rescore(
    tx: Transaction,
    instrument_id: str,
    version: str,
    reliabilities: Reliabilities,
    *,
    programme_id: str | None = None,
) -> int:
    """Score every submitted sitting of an instrument version with the evidence now in force; return how many."""
    statement = select(Administration).where(
        Administration.instrument_id == instrument_id,
        Administration.instrument_version == version,
        Administration.submitted_at.is_not(None),
    )
    if programme_id is not None:
        statement = (
            statement.join(Assignment, Administration.assignment_id == Assignment.id)
            .join(Engagement, Assignment.engagement_id == Engagement.id)
            .where(Engagement.programme_id == programme_id)
        )
    readable = [row for row in tx.db.scalars(statement) if tx.vault.holds(row.person_id)]
    instrument = tx.catalogue.get(instrument_id, version)
    known = cache(lambda locale, programme: reliabilities(tx, instrument, locale, programme))
    for administration in readable:
        score_administration(tx, administration, lambda _tx, _instrument, *about: known(*about))
    return len(readable)


def scores_of(tx: Transaction, administration_id: str) -> tuple[Score, ...]:
    """Return the scores of a sitting in the instrument's order; none before it was submitted or after erasure."""
    administration = tx.db.get(Administration, administration_id)
    return scores_of_many(tx, [administration])[administration_id] if administration else ()


def scores_of_many(tx: Transaction, administrations: Iterable[Sitting]) -> Mapping[str, tuple[Score, ...]]:
    """Return the scores of many sittings by their id."""
    sittings = list(administrations)
    stored = _newest(tx, [sitting.id for sitting in sittings])
    return {sitting.id: _scores(tx, sitting, stored[sitting.id]) for sitting in sittings}


def _scores(tx: Transaction, administration: Sitting, stored: Mapping[str, StoredScore]) -> tuple[Score, ...]:
    instrument = tx.catalogue.get(administration.instrument_id, administration.instrument_version)
    rows = [stored[scale.id] for scale in instrument.scales if scale.id in stored]
    try:
        return tuple(_opened(tx, administration.person_id, row) for row in rows)
    except KeyDestroyed:
        return ()


def _newest(tx: Transaction, administration_ids: list[str]) -> Mapping[str, dict[str, StoredScore]]:
    """Return the revision in force of every scale of every sitting: later revisions overwrite earlier ones."""
    newest: dict[str, dict[str, StoredScore]] = defaultdict(dict)
    for start in range(0, len(administration_ids), 500):
        for row in tx.db.scalars(_STORED, {"administrations": administration_ids[start : start + 500]}):
            newest[row.administration_id][row.scale_id] = row
    return newest


_SCORE = StoredScore.__table__
_STORED = (
    select(StoredScore)
    .where(StoredScore.administration_id.in_(bindparam("administrations", expanding=True)))
    .order_by(StoredScore.revision)
)
_ADD = Statement(insert(_SCORE))  # type: ignore[arg-type]


def _row(tx: Transaction, administration: Sitting, score: Score, *, revision: int) -> dict[str, object]:
    sealed = tx.vault.seal(
        administration.person_id,
        json.dumps(score, default=_fields, separators=(",", ":")),
        *_context(administration.id, score.scale, revision),
    )
    return {
        "id": new_id(),
        "administration_id": administration.id,
        "scale_id": score.scale,
        "revision": revision,
        "sealed": sealed,
        "computed_at": tx.now,
    }


def _fields(part: Any) -> dict[str, Any]:
    """Return a score or a part of it as JSON can hold it; without the deep copy of `asdict`, which costs much more."""
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def _opened(tx: Transaction, person_id: str, row: StoredScore) -> Score:
    text = tx.vault.open(person_id, row.sealed, *_context(row.administration_id, row.scale_id, row.revision))
    return _read(json.loads(text))


def _read(fields: dict[str, Any]) -> Score:
    """Return the score that was written as JSON."""
    trace = fields["trace"]
    evidence = Reliability(**trace["evidence"]) if trace["evidence"] else None
    return Score(
        **fields
        | {
            "between": tuple(fields["between"]) if fields["between"] else None,
            "careless": tuple(fields["careless"]),
            "trace": Trace(**trace | {"evidence": evidence}),
        }
    )


def _context(administration_id: str, scale_id: str, revision: int) -> tuple[str, ...]:
    return "score", administration_id, scale_id, str(revision)
