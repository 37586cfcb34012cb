"""The receipt of a record as JSON, in the sections of ISO/IEC TS 27560: header, processing, data, party, event.

Field names follow that specification where it has one; `evidence` adds what is needed to check the receipt: the
snapshot and the text with their SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assess.consent import texts
from assess.consent.models import ConsentRecord, ConsentText
from assess.consent.rules import Scope, Text
from assess.consent.service import text_of
from assess.i18n import gettext as _
from assess.programmes.models import Programme
from assess.transactions import Transaction

SCHEMA = "ISO/IEC TS 27560:2023 (assess receipt 1)"
_CONTROLLER, _PRINCIPAL, _COACH = "programme", "client", "coach"


def receipt(tx: Transaction, record: ConsentRecord) -> Mapping[str, Any]:
    """Return the whole receipt of a record."""
    snapshot = json.loads(record.snapshot)
    text = texts.filled(text_of(tx, record), snapshot["filled_in"])
    programme = tx.db.get_one(Programme, snapshot["programme"])
    return {
        "header": {
            "schema_version": SCHEMA,
            "receipt_id": record.id,
            "record_id": record.id,
            "pii_principal_id": record.person_id,
        },
        "processing": _processing(record, text, snapshot["filled_in"]),
        "data": _data(),
        "party": [
            {"party_id": _CONTROLLER, "party_role": "pii_controller", "party_name": programme.name,
             "party_contact": snapshot["filled_in"]["contact"]},
            {"party_id": _PRINCIPAL, "party_role": "pii_principal", "pii_principal_id": record.person_id},
            {"party_id": _COACH, "party_role": "recipient", "purposes": [Scope.COACH_READS]},
        ],
        "event": _events(record),
        "evidence": {
            "snapshot": record.snapshot,
            "snapshot_sha256": record.snapshot_digest,
            "text": tx.db.get_one(ConsentText, record.text_digest).content,
            "text_sha256": record.text_digest,
        },
    }  # fmt: skip


def _processing(record: ConsentRecord, text: Text, values: Mapping[str, str]) -> Mapping[str, Any]:
    granted = {row.scope: row for row in record.scopes}
    return {
        "privacy_notice": {"version": text.version, "sha256": record.text_digest},
        "language": text.locale,
        "purposes": [
            {
                "purpose": words.label,
                "purpose_type": words.scope,
                "description": words.explanation,
                "lawful_basis": "consent",
                "consented": words.scope in granted,
                "withdrawn_at": _moment(granted[words.scope].withdrawn_at) if words.scope in granted else None,
            }
            for words in text.scopes
        ],
        "pii_controllers": [_CONTROLLER],
        "collection_method": _("Answers the client gives in a questionnaire on a web page"),
        "processing_method": _("Adding up answers to scores by the published rules of each questionnaire"),
        "storage_locations": [values["server"]],
        "retention_period": _("Until %(months)s months after the coaching ends", months=values["keep_months"]),
        "jurisdiction": _("Not stated by this installation; ask the contact of the programme"),
        "recipient_third_parties": [],
        "withdrawal_method": _("On the page of this receipt, or under My data, at any time"),
        "privacy_rights": ["access", "export", "withdraw", "erase"],
    }


def _data() -> list[Mapping[str, Any]]:
    return [
        {"pii_type": "contact", "pii_attributes": ["name", "mail_address"], "pii_optional": False},
        {"pii_type": "answers", "pii_attributes": ["answers", "scores"], "pii_optional": True,
         "sensitive_pii_category": True},
        {"pii_type": "background", "pii_attributes": ["declared_by_the_client"], "pii_optional": True,
         "sensitive_pii_category": True},
    ]  # fmt: skip


def _events(record: ConsentRecord) -> list[Mapping[str, Any]]:
    events = [("consent_given", record.granted_at)]
    events += [
        (f"scope_withdrawn:{row.scope}", row.withdrawn_at)
        for row in record.scopes
        if row.withdrawn_at and row.withdrawn_at != record.withdrawn_at
    ]
    if record.superseded_at:
        events.append(("consent_superseded", record.superseded_at))
    if record.withdrawn_at:
        events.append(("consent_withdrawn", record.withdrawn_at))
    return [
        {"event_type": kind, "event_time": _moment(moment), "entity_id": _PRINCIPAL, "consent_type": "explicit"}
        for kind, moment in sorted(events, key=lambda event: event[1])
    ]


def _moment(moment: Any) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
