"""What the commands about keeping, copying and checking print: ids, days and counts, never a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import distinct, func, select

from assess.administration.service import check_instruments_in_use
from assess.audit import AuditEvent
from assess.consent.texts import consent_texts
from assess.people.models import Person
from assess.privacy import backup, retention
from assess.settings import Settings
from assess.transactions import Installation, Transaction

Write = Callable[[str], object]


def preview(installation: Installation, write: Write) -> None:
    """Say what a purge would delete."""
    nothing = True
    with installation.transaction() as tx:
        for share in retention.preview(tx):
            nothing = False
            days = [retention.kept_until(engagement) for engagement in share.engagements]
            write(f"programme {share.programme.id}  answers are kept for {share.programme.keep_months} months")
            write(f"  engagements     {len(days)}, kept until {min(days)} to {max(days)}")
            write(f"  rows to delete  {_listed(share.rows)}")
            write(f"  people to erase {share.people}")
    write("Nothing is due." if nothing else "Nothing was deleted: this was a dry run.")


def purge(installation: Installation, write: Write) -> None:
    """Delete what is due and name the certificates."""
    made = [(certificate.programme_id, certificate.digest) for certificate in retention.purge(installation)]
    for programme_id, digest in made:
        write(f"programme {programme_id}  certificate {digest}")
    write("Show what was deleted: assess purge --certificates" if made else "Nothing is due.")


def show_certificates(installation: Installation, write: Write) -> None:
    """Write each certificate on a line, as JSON, after its digest."""
    with installation.transaction() as tx:
        for certificate in retention.certificates(tx):
            write(f"{certificate.digest} {certificate.content}")


def _listed(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{table} {count}" for table, count in sorted(rows.items()) if count) or "none"


def restore(settings: Settings, file: Path, write: Write) -> None:
    """Restore a backup and say what that came to."""
    restored = backup.restore(settings, file)
    write(f"{file.name} was restored. Everyone has to sign in again.")
    write(f"Erased again because they were erased since: {restored.erased_again}")
    if restored.without_key:
        write(f"People whose key is missing, so that nothing of theirs can be read: {restored.without_key}")
    if restored.set_aside:
        write(f"The database before it is {restored.set_aside}. Delete it as soon as you are sure.")
    write("Whatever else happened since the backup is gone, consent taken back included: ask those it concerns.")


def verify_log(installation: Installation, write: Write) -> bool:
    """Say whether every chain of the audit log is unbroken."""
    with installation.transaction() as tx:
        return _verify(tx, write)


def _verify(tx: Transaction, write: Write) -> bool:
    counts = select(func.count(AuditEvent.id), func.count(distinct(AuditEvent.subject_id)))
    events, chains = tx.db.execute(counts).one()
    broken = list(tx.recorder.broken(tx.db))
    state = f"{len(broken)} altered, or after one that was removed" if broken else "unbroken"
    write(f"audit log    {events} events in {chains} chains, {state}")
    for event_id in broken:
        write(f"  {event_id}")
    return not broken


def examine(installation: Installation, write: Write) -> bool:
    """Say whether keys, log, instruments and consent texts are in order; a text or instrument at fault is an error."""
    with installation.transaction() as tx:
        people = tx.db.scalars(select(Person.id).where(Person.erased_at.is_(None))).all()
        keys = sum(tx.vault.holds(person_id) for person_id in people)
        is_unbroken = _verify(tx, write)
        write(f"keys         {keys} of {len(people)} people have theirs")
        check_instruments_in_use(tx)
    write(f"instruments  {len(installation.catalogue.all())} read, none faulty, none edited while in use")
    texts = consent_texts(installation.settings.data)
    write(f"consent      {sum(map(len, texts.values()))} texts in {len(texts)} languages, none faulty")
    return is_unbroken and keys == len(people)
