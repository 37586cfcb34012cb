"""Use cases of responses: save, read, remark on an item, keep and forget de-identified copies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.administration.rules import Sitting
from assess.audit import Event
from assess.consent import service as consent
from assess.consent.models import ConsentRecord
from assess.consent.rules import Scope
from assess.db import new_id
from assess.errors import Conflict, InvalidInput, KeyDestroyed, Refused
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument
from assess.people.models import Person
from assess.programmes.models import Engagement
from assess.responses import rules
from assess.responses.models import DeidentifiedAdministration, ItemRemark, Response
from assess.responses.rules import Answer, Clash, Missing, Remark, Saved, Step
from assess.statements import Statement
from assess.transactions import Transaction

_RESPONSE, _REMARK, _ADMINISTRATION = Response.__table__, ItemRemark.__table__, Administration.__table__
_REVISIONS = Statement(
    select(_RESPONSE.c.item_id, _RESPONSE.c.sealed)
    .where(_RESPONSE.c.administration_id == bindparam("administration"))
    .order_by(_RESPONSE.c.item_id, _RESPONSE.c.revision)
)
_REMARKS = Statement(
    select(_REMARK.c.item_id, _REMARK.c.kind)
    .where(_REMARK.c.administration_id == bindparam("administration"))
    .order_by(_REMARK.c.kind)
)
_HELD = Statement(
    select(_ADMINISTRATION.c.submitted_at).where(_ADMINISTRATION.c.id == bindparam("administration")).with_for_update()
)
_ADD = Statement(insert(_RESPONSE))  # type: ignore[arg-type]


def instrument_of(tx: Transaction, administration: Sitting) -> Instrument:
    """Return the questionnaire that is being answered."""
    return tx.catalogue.get(administration.instrument_id, administration.instrument_version)


def save(
    tx: Transaction, administration: Sitting, answers: Mapping[str, Answer | None], *, seen: Mapping[str, int]
) -> Saved:
    """Add the answers given, each upon the revision its tab had seen; None clears.

    Repeating what is stored adds nothing, and an older tab never replaces a newer answer: it is told instead.
    """
    _check_open(tx, administration)
    _check_offered(instrument_of(tx, administration), answers)
    kept = histories(tx, administration)
    rows, clashes, revisions = [], [], {}
    for item_id, given in answers.items():
        answer = Missing.NOT_REACHED if given is None else given
        history: Sequence[Answer] = kept.get(item_id, ())
        step = rules.decide(history, answer, seen=seen.get(item_id, 0))
        revisions[item_id] = len(history) + (step is Step.WRITE)
        if step is Step.WRITE:
            rows.append(_row(tx, administration, item_id, revisions[item_id], answer))
        elif step is Step.CLASH:
            clashes.append(Clash(item_id, len(history), history[-1], answer))
    if rows:
        _ADD.run(tx.db, *rows)
        tx.record(Event.ANSWERS_SAVED, subject=administration.person_id, about=administration.id)
    return Saved(revisions, tuple(clashes))


def answers_of(tx: Transaction, administration: Sitting) -> dict[str, Answer]:
    """Return every item's answer in force; an item nobody touched was not reached."""
    items = instrument_of(tx, administration).items
    kept = histories(tx, administration)
    return {item.id: kept[item.id][-1] if item.id in kept else Missing.NOT_REACHED for item in items}


def answers_on(tx: Transaction, administration: Sitting, item_ids: Collection[str]) -> dict[str, tuple[int, Answer]]:
    """Return revision and answer of those of the items that have one: what one page shows."""
    kept = histories(tx, administration)
    return {item_id: (len(kept[item_id]), kept[item_id][-1]) for item_id in item_ids if item_id in kept}


def touched(tx: Transaction, administration: Sitting) -> set[str]:
    """Return the items that were answered, skipped or cleared."""
    return set(histories(tx, administration))


def remark(tx: Transaction, administration: Sitting, item_id: str, kind: Remark, *, comment: str = "") -> None:
    """Keep what a client says about an item; the same kind again only replaces the comment."""
    _check_open(tx, administration)
    _check_offered(instrument_of(tx, administration), {item_id: None})
    known = tx.db.scalar(
        select(ItemRemark).where(
            ItemRemark.administration_id == administration.id, ItemRemark.item_id == item_id, ItemRemark.kind == kind
        )
    )
    sealed = None
    if comment.strip():
        context = ("item_remark", administration.id, item_id, kind.value)
        sealed = tx.vault.seal(administration.person_id, comment.strip(), *context)
    if known is not None:
        known.comment_sealed = sealed or known.comment_sealed
        return
    tx.db.add(
        ItemRemark(
            administration_id=administration.id,
            instrument_id=administration.instrument_id,
            instrument_version=administration.instrument_version,
            locale=administration.locale,
            item_id=item_id,
            kind=kind.value,
            comment_sealed=sealed,
            created_at=tx.now,
        )
    )
    tx.db.flush()
    tx.record(Event.ITEM_REMARKED, subject=administration.person_id, about=administration.id)


def remarks_on(tx: Transaction, administration: Sitting) -> dict[str, list[Remark]]:
    """Return what the client has said about which item."""
    said = defaultdict(list)
    for item_id, kind in _REMARKS.all(tx.db, administration=administration.id):
        said[item_id].append(Remark(kind))
    return said


def remark_counts(
    tx: Transaction, instrument_id: str, version: str, programme_id: str
) -> Mapping[tuple[str, Remark], int]:
    """Return how many clients of a programme said what about which item; comments stay sealed."""
    statement = (
        select(ItemRemark.item_id, ItemRemark.kind)
        .join(Administration, Administration.id == ItemRemark.administration_id)
        .join(Engagement, Engagement.id == Administration.engagement_id)
        .where(
            ItemRemark.instrument_id == instrument_id,
            ItemRemark.instrument_version == version,
            Engagement.programme_id == programme_id,
        )
    )
    return Counter((item_id, Remark(kind)) for item_id, kind in tx.db.execute(statement))


def deidentify(tx: Transaction, administration: Sitting) -> None:
    """Keep a copy without the person, if they agreed that it may be used to check the questionnaire."""
    if not consent.covers(tx, administration.engagement_id, Scope.INSTRUMENT_QUALITY):
        return
    person = tx.db.get_one(Person, administration.person_id)
    copy = DeidentifiedAdministration(
        way_back=way_back(tx, person.id, administration.id),
        programme_id=administration.programme_id,
        instrument_id=administration.instrument_id,
        instrument_version=administration.instrument_version,
        locale=administration.locale,
        wave_kind=administration.wave_kind,
        month=tx.today.replace(day=1),
        simulated=person.simulated,
        groups=administrations.background_of(tx, person).groups,
        answers=answers_of(tx, administration),
    )
    tx.db.add(copy)


def update_groups(tx: Transaction, person: Person) -> None:
    """Bring the person's de-identified copies up to what they now say about themselves."""
    groups = administrations.background_of(tx, person).groups
    administration_ids = tx.db.scalars(select(Administration.id).where(Administration.person_id == person.id))
    ways_back = [way_back(tx, person.id, administration_id) for administration_id in administration_ids]
    for copy in tx.db.scalars(
        select(DeidentifiedAdministration).where(DeidentifiedAdministration.way_back.in_(ways_back))
    ):
        copy.groups = groups


def forget_deidentified(tx: Transaction, record: ConsentRecord, scope: str) -> None:
    """Remove the copies of an engagement when the client no longer agrees to them."""
    if scope not in {Scope.STORE, Scope.INSTRUMENT_QUALITY}:
        return
    administration_ids = tx.db.scalars(
        select(Administration.id).where(Administration.engagement_id == record.engagement_id)
    )
    ways_back = [way_back(tx, record.person_id, administration_id) for administration_id in administration_ids]
    tx.db.execute(delete(DeidentifiedAdministration).where(DeidentifiedAdministration.way_back.in_(ways_back)))


def _check_open(tx: Transaction, administration: Sitting) -> None:
    """Let one request after another write to a sitting, and none once it was sent or consent is gone."""
    if _HELD.first(tx.db, administration=administration.id).submitted_at is not None:
        raise Conflict(_("This questionnaire was sent already. The answers that were sent stay as they are."))
    if not consent.allows_answering(tx, administration.engagement_id):
        raise Refused(_("Nothing was saved, because your consent is not in force. Please look at it again first."))


def _check_offered(instrument: Instrument, answers: Mapping[str, Answer | None]) -> None:
    """Refuse an item or a code that the questionnaire does not have."""
    faults = {
        item_id: _("This questionnaire has no answer “%(code)s” to a question “%(item)s”.", code=answer, item=item_id)
        for item_id, answer in answers.items()
        if not rules.is_offered(instrument, item_id, answer)
    }
    if faults:
        raise InvalidInput(faults)


def histories(tx: Transaction, administration: Sitting) -> Mapping[str, Sequence[Answer]]:
    """Return every revision of each item that has one, oldest first."""
    kept: dict[str, _History] = {}
    for item_id, sealed in _REVISIONS.all(tx.db, administration=administration.id):
        if item_id not in kept:
            kept[item_id] = _History(tx, administration, item_id, [])
        kept[item_id].sealed.append(sealed)
    return kept


@dataclass(frozen=True, slots=True)
class _History(Sequence[Answer]):
    """The revisions of one item, oldest first, each opened only when it is looked at."""

    tx: Transaction
    administration: Sitting
    item_id: str
    sealed: list[bytes]

    def __len__(self) -> int:
        return len(self.sealed)

    def __getitem__(self, index: Any) -> Any:
        revision = range(1, len(self) + 1)[index]
        context = ("response", self.administration.id, self.item_id, str(revision))
        try:
            return rules.read(self.tx.vault.open(self.administration.person_id, self.sealed[index], *context))
        except KeyDestroyed:
            return Missing.ERASED


def _row(tx: Transaction, administration: Sitting, item_id: str, revision: int, answer: Answer) -> dict[str, object]:
    context = ("response", administration.id, item_id, str(revision))
    return {
        "id": new_id(),
        "administration_id": administration.id,
        "item_id": item_id,
        "revision": revision,
        "sealed": tx.vault.seal(administration.person_id, rules.written(answer), *context),
        "saved_at": tx.now,
    }


def way_back(tx: Transaction, person_id: str, administration_id: str) -> str:
    """Return the name of a copy that only the person's key can make."""
    return tx.vault.pseudonym(person_id, f"deidentified:{administration_id}")
