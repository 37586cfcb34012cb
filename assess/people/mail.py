"""Mail to people: kept in the outbox, and sent from there by the worker when SMTP is set up."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from functools import partial
from urllib.parse import unquote, urlsplit

from assess.db import new_id
from assess.errors import AssessError, KeyDestroyed
from assess.i18n import gettext as _
from assess.jobs import Away, Work, enqueue
from assess.people import service
from assess.people.models import OutboxMessage, Person
from assess.transactions import Installation, Transaction


def send(
    tx: Transaction, person: Person, *, kind: str, subject: str, text: str, programme_id: str | None = None
) -> OutboxMessage:
    """Put a mail into the outbox, sealed for its reader; with SMTP a job sends it."""
    message_id = new_id()
    sealed = tx.vault.seal(person.id, f"{subject}\n{text}", "outbox_message", message_id)
    message = OutboxMessage(id=message_id, person_id=person.id, programme_id=programme_id, kind=kind,
                            locale=person.locale, body_sealed=sealed, created_at=tx.now)  # fmt: skip
    tx.db.add(message)
    tx.db.flush()
    if tx.settings.smtp:
        enqueue(tx.db, "mail", {"message": message_id}, now=tx.now)
    return message


def read(tx: Transaction, message: OutboxMessage) -> tuple[str, str]:
    """Return subject and text of a mail."""
    try:
        subject, _newline, text = tx.vault.open(
            message.person_id, message.body_sealed, "outbox_message", message.id
        ).partition("\n")
    except KeyDestroyed:
        return _("erased"), ""
    return subject, text


def deliver(installation: Installation, work: Work) -> None:
    """Send one mail by SMTP, later where the server is away; what it says is kept beside the message."""
    with installation.transaction() as tx:
        message = tx.db.get(OutboxMessage, work.payload["message"])
        if message is None or message.sent_at is not None:
            return  # erased with its reader, or sent already
        subject, text = read(tx, message)
        mail = EmailMessage()
        mail["Subject"], mail["From"] = subject, tx.settings.sender
        mail["To"] = service.mail_of(tx.db.get_one(Person, message.person_id), tx.vault)
        mail.set_content(text)
    fault = _transmit(mail, installation.settings.smtp or "")
    with installation.transaction() as tx:
        message = tx.db.get_one(OutboxMessage, work.payload["message"])
        message.problem, message.sent_at = str(fault or ""), None if fault else tx.now
    if fault:
        raise fault


def _transmit(mail: EmailMessage, address: str) -> AssessError | None:
    """Hand a mail to the server at `smtp[s]://user:password@host:port`; return what went wrong, without any address."""
    server = urlsplit(address)
    certified = ssl.create_default_context()  # without it smtplib talks to whoever answers
    connect = partial(smtplib.SMTP_SSL, context=certified) if server.scheme == "smtps" else smtplib.SMTP
    try:
        with connect(server.hostname or "localhost", server.port or 0, timeout=20) as connection:
            if server.username:
                if server.scheme == "smtp":
                    connection.starttls(context=certified)
                connection.login(unquote(server.username), unquote(server.password or ""))
            connection.send_message(mail)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code)
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(max(code for code, _answer in error.recipients.values()))
    except (OSError, smtplib.SMTPException) as error:
        return Away(f"the mail server could not be reached ({type(error).__name__})")
    return None


def _refused(code: int) -> AssessError:
    """Return what a reply code means: 4yz is "try again", 5yz is "never" (RFC 5321, 4.2.1)."""
    kind = Away if 400 <= code < 500 else AssessError
    return kind(f"the mail server refused it (code {code})")
