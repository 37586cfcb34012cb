"""Answers of a programme's own clients: which an audit takes, and when it may be made, so that none can be worked out.

Two audits can be subtracted: with one more person in the second, n × mean gives that person's answers. A new one is
made of the very same answers, or after enough of them came or left.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from assess.analysis.models import AuditRun
from assess.errors import Refused
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument
from assess.responses.models import DeidentifiedAdministration
from assess.responses.rules import largest_wave
from assess.transactions import Transaction


def copies_taken(tx: Transaction, programme_id: str, instrument: Instrument) -> frozenset[str]:
    """Return a fingerprint of every copy an audit takes now; it is another one once its groups have changed."""
    copies = tx.db.execute(
        select(
            DeidentifiedAdministration.id,
            DeidentifiedAdministration.wave_kind,
            DeidentifiedAdministration.groups,
        ).where(
            DeidentifiedAdministration.programme_id == programme_id,
            DeidentifiedAdministration.instrument_id == instrument.id,
            DeidentifiedAdministration.instrument_version == instrument.version,
        )
    ).all()
    wave = largest_wave(copy.wave_kind for copy in copies)
    return frozenset(_fingerprint(copy.id, copy.groups) for copy in copies if copy.wave_kind == wave)


def _fingerprint(copy_id: str, groups: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([copy_id, groups], sort_keys=True).encode()).hexdigest()[:32]


def refuse_subtraction(tx: Transaction, programme_id: str, instrument: Instrument) -> frozenset[str]:
    """Refuse an audit that differs by a few people from a finished one; else return the copies it takes."""
    taken = copies_taken(tx, programme_id, instrument)
    earlier = tx.db.scalars(
        select(AuditRun)
        .where(
            AuditRun.programme_id == programme_id,
            AuditRun.instrument_id == instrument.id,
            AuditRun.instrument_version == instrument.version,
            AuditRun.copies.is_not(None),
        )
        .options(undefer(AuditRun.copies))
    )
    for run in earlier:
        before = frozenset(run.copies or ())
        # Who only changed groups both came and left, and still is one person: the two are not added up.
        changed = max(len(taken - before), len(before - taken))
        if 0 < changed < tx.settings.smallest_group:
            raise Refused(
                _(
                    "Since an earlier audit, the answers of fewer than %(n)s people were added or taken out. Two "
                    "audits that differ by so few could tell what one person answered. Please wait until more have "
                    "answered.",
                    n=tx.settings.smallest_group,
                )
            )
    return taken


def hidden_items(audit: Mapping[str, Any], smallest: int) -> frozenset[str]:
    """Return the items whose figures would tell about a few people: those who answered them, or who did not."""
    whole = audit["n"]
    counts = zip(audit["item_names"], audit["items"]["n"], strict=True)
    return frozenset(name for name, n in counts if any(0 < few < smallest for few in (n, whole - n)))


def shown_count(count: int, smallest: int) -> int | None:
    """Return a count that tells nothing about one person: none below the smallest group, else to the nearest five."""
    if smallest <= 1 or count == 0:
        return count
    return None if count < smallest else 5 * round(count / 5)
