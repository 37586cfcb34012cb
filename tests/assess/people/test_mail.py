"""Mail, through a real SMTP server."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from assess.jobs import Job, run_next
from assess.people import mail
from assess.people.models import OutboxMessage
from assess.programmes import service as programmes
from assess.work import handlers
from tests.factories import make_engagement, make_person
from tests.serving import free_port


class Mailbox:
    """Keeps what a server was given, or refuses it."""

    def __init__(self) -> None:
        self.received, self.refusal = [], ""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 the name aiosmtpd looks for
        """Take one mail."""
        if self.refusal:
            return self.refusal
        self.received.append(envelope)
        return "250 OK"


@pytest.fixture
def mailbox():
    """A mail server on this machine."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    mailbox.address = f"smtp://127.0.0.1:{controller.port}"
    yield mailbox
    controller.stop()


@pytest.fixture
def mailing(installation, mailbox):
    """The installation with SMTP set up."""
    return replace(installation, settings=replace(installation.settings, smtp=mailbox.address))


def test_an_invitation_reaches_the_client_with_a_link_that_works_once(mailing, mailbox):
    with mailing.transaction() as tx:
        engagement = make_engagement(tx)
        link = programmes.invite(tx, engagement)
        address = tx.vault.open(engagement.client_id, _mail_of(tx, engagement.client_id), "person", "mail")

    assert run_next(mailing.sessions, handlers(mailing))

    (envelope,) = mailbox.received
    assert envelope.rcpt_tos == [address]
    assert link in envelope.content.decode()
    with mailing.transaction() as tx:
        assert tx.db.scalars(select(OutboxMessage)).one().sent_at is not None


def test_a_mail_that_was_sent_is_not_sent_again_when_its_job_is_taken_up_twice(mailing, mailbox):
    with mailing.transaction() as tx:
        mail.send(tx, make_person(tx), kind="sign_in", subject="Hello", text="Text")
    run_next(mailing.sessions, handlers(mailing))
    with mailing.transaction() as tx:
        job = tx.db.scalars(select(Job)).one()
        job.state, job.leased_until = "waiting", None

    assert run_next(mailing.sessions, handlers(mailing))

    assert len(mailbox.received) == 1


def test_what_the_mail_server_refuses_is_said_without_the_address(mailing, mailbox):
    mailbox.refusal = "550 no such mailbox person1@example.org"
    with mailing.transaction() as tx:
        mail.send(tx, make_person(tx), kind="sign_in", subject="Hello", text="Text")

    run_next(mailing.sessions, handlers(mailing))

    with mailing.transaction() as tx:
        message, job = tx.db.scalars(select(OutboxMessage)).one(), tx.db.scalars(select(Job)).one()
        assert message.problem == "the mail server refused it (code 550)"
        assert job.state == "failed"
        assert "@" not in job.problem


def test_a_mail_server_that_is_away_is_said_plainly(installation):
    away = replace(installation, settings=replace(installation.settings, smtp=f"smtp://127.0.0.1:{free_port()}"))
    with away.transaction() as tx:
        mail.send(tx, make_person(tx), kind="sign_in", subject="Hello", text="Text")

    run_next(away.sessions, handlers(away))

    with away.transaction() as tx:
        assert tx.db.scalars(select(OutboxMessage)).one().problem.startswith("the mail server could not be reached")
        assert tx.db.scalars(select(Job)).one().state == "waiting"


def test_a_mail_that_the_server_cannot_take_now_is_sent_later(mailing, mailbox):
    mailbox.refusal = "451 greylisted, come back"
    with mailing.transaction() as tx:
        mail.send(tx, make_person(tx), kind="sign_in", subject="Hello", text="Text")
    run_next(mailing.sessions, handlers(mailing))
    mailbox.refusal = ""
    assert not run_next(mailing.sessions, handlers(mailing))  # not at once
    with mailing.transaction() as tx:
        tx.db.scalars(select(Job)).one().leased_until = datetime.now(UTC) - timedelta(seconds=1)

    run_next(mailing.sessions, handlers(mailing))

    with mailing.transaction() as tx:
        message, job = tx.db.scalars(select(OutboxMessage)).one(), tx.db.scalars(select(Job)).one()
        assert (job.state, job.problem, message.problem) == ("done", "", "")
        assert message.sent_at is not None
    assert len(mailbox.received) == 1


def test_without_smtp_a_mail_stays_in_the_outbox(installation):
    with installation.transaction() as tx:
        message = mail.send(tx, make_person(tx), kind="sign_in", subject="Hello", text="Two\nlines")

        assert mail.read(tx, message) == ("Hello", "Two\nlines")
        assert tx.db.scalars(select(Job)).all() == []
        assert b"Hello" not in message.body_sealed


def _mail_of(tx, person_id):
    from assess.people.models import Person

    return tx.db.get_one(Person, person_id).mail_sealed


def test_a_mail_server_that_only_vouches_for_itself_is_told_nothing(installation, tmp_path):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Thread(target=listen, args=(listener, self_signed(tmp_path), heard))
        server.start()
        smtp = f"smtps://127.0.0.1:{listener.getsockname()[1]}"
        mailing = replace(installation, settings=replace(installation.settings, smtp=smtp))
        with mailing.transaction() as tx:
            message = mail.send(tx, make_person(tx), kind="reminder", subject="Hello", text="Something is waiting.")
        run_next(mailing.sessions, handlers(mailing))
        server.join()

    with mailing.transaction() as tx:
        assert "SSLCertVerificationError" in tx.db.get_one(OutboxMessage, message.id).problem
    assert heard == []


def listen(listener, context, heard):
    """Greet one caller as a mail server does, and keep what the caller says."""
    caller, _ = listener.accept()
    try:
        with context.wrap_socket(caller, server_side=True) as line:
            line.sendall(b"220 ready\r\n")
            heard.append(line.recv(100))
    except OSError:
        caller.close()


def self_signed(folder):
    """Return what a server needs that has signed for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context
