"""The commands that look after what is kept, as someone at a terminal uses them."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import update

from assess.audit import AuditEvent
from assess.people.models import Person
from assess.privacy import commands
from assess.settings import Settings
from assess.transactions import Installation, open_installation
from tests.assess.privacy.test_service import make_history
from tests.serving import serving
from tests.test_commands import run_assess


def test_a_backup_is_made_while_people_answer_and_restored_once_the_service_has_stopped(tmp_path: Path) -> None:
    data, copies = tmp_path / "data", tmp_path / "copies"
    with serving(data, "--empty"):
        made = run_assess("backup", str(copies), "--data", str(data))
        refused = run_assess("restore", made.stdout.strip(), "--data", str(data))

    assert made.returncode == 0
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "is running" in refused.stderr
    restored = run_assess("restore", made.stdout.strip(), "--data", str(data))
    assert restored.returncode == 0, restored.stderr
    assert "Everyone has to sign in again." in restored.stdout
    assert run_assess("doctor", "--data", str(data)).returncode == 0


def test_the_log_is_verified_and_a_change_in_it_is_found(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    run_assess("user", "lead@example.org", "--name", "Lena", "--role", "lead", *data)
    sound = run_assess("audit-log", "verify", *data)
    installation = open_installation(Settings(data=tmp_path))
    with installation.transaction() as tx:
        tx.db.execute(update(AuditEvent).values(actor_id="someone else"))
    installation.sessions.kw["bind"].dispose()

    broken = run_assess("audit-log", "verify", *data)

    assert (sound.returncode, sound.stdout) == (0, "audit log    1 events in 1 chains, unbroken\n")
    assert broken.returncode == 1
    assert "1 altered" in broken.stdout
    assert run_assess("doctor", *data).returncode == 1


def test_purging_says_what_it_did_by_id_only(installation: Installation, clock: object) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)
        engagement.programme.keep_months = 0
        engagement.ends_on = tx.today.replace(day=1)
    said: list[str] = []

    commands.purge(installation, said.append)
    commands.show_certificates(installation, said.append)
    commands.purge(installation, said.append)

    assert said[0].startswith(f"programme {engagement.programme_id}  certificate ")
    assert f'"people_erased":["{engagement.client_id}"]' in said[2]
    assert said[0].split()[-1] == said[2].split()[0]
    assert said[3] == "Nothing is due."


def test_doctor_counts_who_has_no_key(installation: Installation) -> None:
    with installation.transaction() as tx:
        engagement = make_history(tx)
        n_people = tx.db.query(Person).count()
    said: list[str] = []
    assert commands.examine(installation, said.append)

    shutil.move(installation.settings.keys / "people" / f"{engagement.client_id}.key", installation.settings.data)

    assert not commands.examine(installation, said.append)
    assert said[-3] == f"keys         {n_people - 1} of {n_people} people have theirs"
