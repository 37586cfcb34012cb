"""Everything a person told us and what became of it, to take along: one JSON document, and the same as rows for a CSV.

Scores are given as the gate released them; a scale that is withheld says so and why.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from io import StringIO
from typing import Any

from sqlalchemy import select

from assess.administration.models import Administration
from assess.administration.service import background_of
from assess.audit import Event
from assess.consent import service as consent
from assess.consent.models import ComprehensionAttempt
from assess.consent.receipts import receipt
from assess.i18n import gettext as _
from assess.i18n import lazy_gettext
from assess.instruments.rules import Instrument, Language
from assess.people import mail
from assess.people import service as people
from assess.people.models import OutboxMessage, Person, SignInSession
from assess.privacy import holdings
from assess.privacy.rules import spreadsheet_safe
from assess.programmes import service as programmes
from assess.release import service as release
from assess.release.rules import ReleasedScore, Use, Withheld
from assess.responses import service as responses
from assess.responses.models import ItemRemark
from assess.responses.rules import Answer, Missing, Remark
from assess.safeguarding.service import questions_of_client
from assess.transactions import Transaction

_KINDS_OF_MISSING = {
    Missing.SKIPPED: lazy_gettext("skipped: you chose not to answer"),
    Missing.NOT_REACHED: lazy_gettext("not reached: you have not answered this, or you cleared the answer"),
    Missing.NOT_SHOWN: lazy_gettext("not shown: a rule of the questionnaire left it out"),
    Missing.NOT_IN_FORM: lazy_gettext("not in this form of the questionnaire"),
    Missing.ERASED: lazy_gettext("erased"),
    Missing.ERROR: lazy_gettext("lost by an error of ours"),
}
_REMARKS = {
    Remark.UNCLEAR: lazy_gettext("It is unclear"),
    Remark.INTRUSIVE: lazy_gettext("It is too personal"),
    Remark.CULTURE: lazy_gettext("It does not fit my culture"),
    Remark.OTHER: lazy_gettext("Something else"),
}
COLUMNS = ("what", "when", "questionnaire", "version", "language", "round", "id", "words", "code", "meaning",
           "standard_error", "lower", "upper")  # fmt: skip


def export(tx: Transaction, person: Person) -> Mapping[str, Any]:
    """Return everything held about a person; the export itself is recorded."""
    tx.record(Event.PERSON_EXPORTED, subject=person.id)
    return {
        "made_at": _moment(tx.now),
        "person": {
            "name": people.name_of(person, tx.vault),
            "mail": people.mail_of(person, tx.vault),
            "language": person.locale,
            "since": _moment(person.created_at),
            "roles": sorted(person.roles),
            "simulated": person.simulated,
        },
        "about_you": {name: value for name, value in asdict(background_of(tx, person)).items() if value},
        "engagements": [_engagement(tx, engagement) for engagement in programmes.engagements_of_client(tx, person.id)],
        "consents": [receipt(tx, record) for record in consent.records_of(tx, person.id)],
        "questionnaires": [_sitting(tx, administration) for administration in _sittings(tx, person)],
        "questions": [_plain(asdict(question)) for question in questions_of_client(tx, person.id)],
        "mails": [_mail(tx, message) for message in _mails(tx, person)],
        "sign_ins": [_sign_in(session) for session in _sign_ins(tx, person)],
        "log": [_plain(asdict(entry)) for entry in holdings.log(tx, person)],
    }


def _sittings(tx: Transaction, person: Person) -> Sequence[Administration]:
    own = select(Administration).where(Administration.person_id == person.id)
    return tx.db.scalars(own.order_by(Administration.started_at, Administration.id)).all()


def _mails(tx: Transaction, person: Person) -> Sequence[OutboxMessage]:
    own = select(OutboxMessage).where(OutboxMessage.person_id == person.id)
    return tx.db.scalars(own.order_by(OutboxMessage.created_at)).all()


def _mail(tx: Transaction, message: OutboxMessage) -> Mapping[str, Any]:
    subject, text = mail.read(tx, message)
    return {"at": _moment(message.created_at), "kind": message.kind, "subject": subject, "text": text}


def _sign_ins(tx: Transaction, person: Person) -> Sequence[SignInSession]:
    own = select(SignInSession).where(SignInSession.person_id == person.id)
    return tx.db.scalars(own.order_by(SignInSession.created_at)).all()


def _sign_in(session: SignInSession) -> Mapping[str, Any]:
    return {
        "from": _moment(session.created_at),
        "until": _moment(session.expires_at),
        "ended_before": _moment(session.revoked_at),
    }


def _engagement(tx: Transaction, engagement: Any) -> Mapping[str, Any]:
    return {
        "programme": engagement.programme.name,
        "coach": people.name_of(tx.db.get_one(Person, engagement.coach_id), tx.vault),
        "from": engagement.starts_on.isoformat(),
        "to": engagement.ends_on.isoformat(),
        "stopped_at": _moment(engagement.stopped_at),
        "ties_you_declared": [
            {"at": _moment(declaration.declared_at), "ties": programmes.ties_of(tx, declaration)}
            for declaration in engagement.declarations
            if declaration.person_id == engagement.client_id
        ],
        "your_rounds_of_the_short_check": [
            {"at": _moment(attempt.attempted_at), "right": attempt.right, "passed": attempt.passed}
            for attempt in _attempts(tx, engagement.id)
        ],
    }


def _attempts(tx: Transaction, engagement_id: str) -> Sequence[ComprehensionAttempt]:
    own = select(ComprehensionAttempt).where(ComprehensionAttempt.engagement_id == engagement_id)
    return tx.db.scalars(own.order_by(ComprehensionAttempt.attempted_at)).all()


def _sitting(tx: Transaction, administration: Administration) -> Mapping[str, Any]:
    instrument = tx.catalogue.get(administration.instrument_id, administration.instrument_version)
    language = instrument.language(administration.locale)
    given = responses.answers_of(tx, administration)
    released = release.released(tx, administration, use=Use.INDIVIDUAL_REPORT) if administration.submitted_at else ()
    return {
        "questionnaire": instrument.id,
        "name": language.name,
        "version": instrument.version,
        "language": administration.locale,
        "round": administration.assignment.wave_kind,
        "started_at": _moment(administration.started_at),
        "submitted_at": _moment(administration.submitted_at),
        "answers": [_answer(instrument, language, item.id, given[item.id]) for item in instrument.items],
        "scores": [_score(instrument, language, entry) for entry in released],
        "remarks": [_remark(tx, administration, language, remark) for remark in _remarks(tx, administration)],
    }


def _answer(instrument: Instrument, language: Language, item_id: str, answer: Answer) -> Mapping[str, Any]:
    """Return an item as it was shown and what was answered: a code with its words, or a kind of missing."""
    words = {"item": item_id, "words": language.items[item_id]}
    if isinstance(answer, Missing):
        return words | {"missing": answer.value, "meaning": str(_KINDS_OF_MISSING[answer])}
    options = instrument.options_of(item_id)
    option = next(option for option in options.options if option.code == answer)
    return words | {"code": answer, "meaning": language.options[options.id][option.id]}


def _score(instrument: Instrument, language: Language, entry: ReleasedScore | Withheld) -> Mapping[str, Any]:
    names = instrument.report_language(language.locale).scales
    if isinstance(entry, Withheld):
        return {"scale": entry.scale_id, "words": names[entry.scale_id].name, "withheld": list(entry.reasons)}
    score = entry.score
    if score.value is not None and score.standard_error is None:
        return {"scale": score.scale, "words": names[score.scale].name, "withheld": ["no_standard_error"]}
    return {
        "scale": score.scale,
        "words": names[score.scale].name,
        "state": score.state,
        "value": score.value,
        "standard_error": score.standard_error,
        "lower": score.lower,
        "upper": score.upper,
        "answered": score.n_answered,
        "items": score.n_items,
        "band": score.band,
        "conditions": list(entry.conditions),
        "evidence": entry.evidence_label,
        "signed_by": entry.signed_by_name,
        "signed_at": _moment(entry.signed_at),
    }


def _remarks(tx: Transaction, administration: Administration) -> Sequence[ItemRemark]:
    own = select(ItemRemark).where(ItemRemark.administration_id == administration.id)
    return tx.db.scalars(own.order_by(ItemRemark.created_at, ItemRemark.item_id)).all()


def _remark(tx: Transaction, administration: Administration, language: Language, row: ItemRemark) -> Mapping[str, Any]:
    context = ("item_remark", administration.id, row.item_id, row.kind)
    return {
        "item": row.item_id,
        "words": language.items[row.item_id],
        "at": _moment(row.created_at),
        "kind": row.kind,
        "meaning": str(_REMARKS[Remark(row.kind)]),
        "comment": tx.vault.open(administration.person_id, row.comment_sealed, *context) if row.comment_sealed else "",
    }


def as_csv(document: Mapping[str, Any]) -> str:
    """Return an export as one table, with a byte order mark by which spreadsheets know UTF-8."""
    stream = StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="")
    writer.writeheader()
    for row in rows(document):
        writer.writerow({name: spreadsheet_safe(v) if isinstance(v, str) else v for name, v in row.items()})
    return "\ufeff" + stream.getvalue()


def rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield one row per answer, score, remark, consent scope and question of an export."""
    for sitting in document["questionnaires"]:
        yield from _sitting_rows(sitting)
    for consent_receipt in document["consents"]:
        header, processing = consent_receipt["header"], consent_receipt["processing"]
        for purpose in processing["purposes"]:
            yield {
                "what": "consent", "when": consent_receipt["event"][0]["event_time"], "id": header["record_id"],
                "version": processing["privacy_notice"]["version"], "language": processing["language"],
                "words": purpose["purpose"], "code": purpose["purpose_type"], "meaning": _consented(purpose),
            }  # fmt: skip
    for question in document["questions"]:
        yield {"what": "question", "when": question["raised_on"], "words": question["text"],
               "meaning": question["reply"]}  # fmt: skip


def _consented(purpose: Mapping[str, Any]) -> str:
    if not purpose["consented"]:
        return _("no")
    moment = purpose["withdrawn_at"]
    return _("yes, taken back on %(moment)s", moment=moment) if moment else _("yes")


def _sitting_rows(sitting: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    about = {"questionnaire": sitting["questionnaire"], "version": sitting["version"], "language": sitting["language"],
             "round": sitting["round"], "when": sitting["submitted_at"] or sitting["started_at"]}  # fmt: skip
    for answer in sitting["answers"]:
        code = answer["code"] if "code" in answer else answer["missing"]
        yield about | {"what": "answer", "id": answer["item"], "words": answer["words"], "code": code,
                       "meaning": answer["meaning"]}  # fmt: skip
    for score in sitting["scores"]:
        if "withheld" in score:
            meaning = _("withheld: %(reasons)s", reasons=", ".join(score["withheld"]))
            yield about | {"what": "score", "id": score["scale"], "words": score["words"], "meaning": meaning}
        else:
            figures = {name: score[name] for name in ("standard_error", "lower", "upper")}
            yield about | figures | {"what": "score", "id": score["scale"], "words": score["words"],
                                     "code": score["value"], "meaning": score["band"] or score["state"]}  # fmt: skip
    for remark in sitting["remarks"]:
        yield about | {"what": "remark", "when": remark["at"], "id": remark["item"], "words": remark["words"],
                       "code": remark["kind"], "meaning": remark["comment"] or remark["meaning"]}  # fmt: skip


def as_json(document: Mapping[str, Any]) -> str:
    """Return an export as readable JSON."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def _plain(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values with moments and days as text."""
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in values.items()}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
