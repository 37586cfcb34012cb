"""The two commands and the wheel, as a user meets them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT, get, serving


def run_assess(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment."""
    return subprocess.run(
        [sys.executable, "-m", "assess.cli", *arguments],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        finished = run_assess("serve", "--port", str(port), "--data", str(tmp_path), "--empty")

    assert finished.returncode == 1
    assert finished.stderr == (
        f"assess: Port {port} is in use. Stop what runs there, or choose another: --port {port + 1}\n"
    )


def test_a_data_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()

    finished = run_assess("init", "--data", str(tmp_path / "file" / "folder"))

    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert "--data FOLDER" in finished.stderr


def test_faulty_settings_are_reported_all_at_once(tmp_path):
    finished = run_assess(
        "init", "--data", str(tmp_path), ASSESS_PORT="x", ASSESS_SMALLEST_GROUP="3", ASSESS_COLOUR="red"
    )

    assert finished.returncode == 1
    faulty = {line.split(":")[0].strip() for line in finished.stderr.splitlines()[1:]}
    assert faulty == {"ASSESS_PORT", "ASSESS_SMALLEST_GROUP", "ASSESS_COLOUR"}


def test_a_database_that_does_not_answer_is_one_clear_line(tmp_path):
    finished = run_assess("init", "--data", str(tmp_path), "--database", "postgresql://127.0.0.1:1/nothing")

    assert finished.returncode == 1
    assert finished.stderr.startswith("assess: the database does not answer")
    assert len(finished.stderr.splitlines()) == 1


def test_keys_of_another_installation_are_one_clear_line(tmp_path):
    assert run_assess("init", "--data", str(tmp_path)).returncode == 0
    shutil.rmtree(tmp_path / "keys")

    finished = run_assess("init", "--data", str(tmp_path))

    assert finished.returncode == 1
    assert "key folder do not belong together" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_whoever_gets_no_mail_gets_a_new_link_from_the_command_line(tmp_path):
    data = ("--data", str(tmp_path))
    first = run_assess("user", "lead@example.org", "--name", "Lena", "--role", "lead", *data)

    another = run_assess("link", "lead@example.org", *data)
    unknown = run_assess("link", "nobody@example.org", *data)

    assert "/open/" in another.stdout
    assert another.stdout != first.stdout
    assert unknown.stderr == "assess: No open account has this address.\n"


def test_the_database_file_is_encrypted(tmp_path):
    run_assess("init", "--data", str(tmp_path))

    content = b"".join(file.read_bytes() for file in tmp_path.glob("assess.db*"))

    assert len(content) > 4096
    assert not content.startswith(b"SQLite format 3")
    assert b"consent_record" not in content


@pytest.mark.parametrize(
    ("version", "platform", "said"),
    [((3, 10), "posix", "Python 3.11 or newer; this is 3.10"), ((3, 11), "nt", "Linux and macOS")],
)
def test_what_is_not_supported_is_said_plainly(version, platform, said):
    script = (
        "import sys, os, assess.__main__ as command\n"
        f"sys.version_info = {version} + (0, 'final', 0)\n"
        f"os.name = {platform!r}\n"
        "try:\n    command.main([])\n"
        "except command.CannotStart as reason:\n    sys.exit(str(reason))\n"
    )

    finished = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_first_command_uses_the_standard_library_alone():
    script = "import sys, assess.__main__\nprint(*{name.split('.')[0] for name in sys.modules})"

    finished = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    foreign = set(finished.stdout.split()) - sys.stdlib_module_names - {"assess", "__main__"}
    assert {name for name in foreign if not name.startswith(("_", "sitecustomize"))} == set()


def test_the_wheel_serves_in_two_languages_from_an_empty_environment(tmp_path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True,
                   capture_output=True)  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    installer = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python]
    if subprocess.run([*installer[:3], "--version"], capture_output=True).returncode:
        installer = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*installer, "--constraint", ROOT / "constraints.txt", wheel], check=True)

    with serving(tmp_path / "data", "--empty", python=str(python), cwd=Path(tmp_path)) as server:
        english, french = get(server.address), get(server.address, language="fr")

    assert english[0] == french[0] == 200
    assert '<html lang="en"' in english[1]
    assert '<html lang="fr"' in french[1]
    assert "Se connecter" in french[1]
