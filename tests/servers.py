"""The real application on a real encrypted file or PostgreSQL database, in this process or served by one of its own.

`python -m tests.servers FOLDER PORT [DATABASE]` serves an installation that `file_installation` made.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from waitress import serve

from assess.app import create_app
from assess.audit import Recorder
from assess.db import Base, open_database, session_factory
from assess.instruments.catalogue import load_catalogue
from assess.paths import INSTRUMENTS
from assess.serving import settle
from assess.settings import Settings
from assess.transactions import Installation
from assess.vault import Vault
from tests.serving import free_port


def file_installation(folder: Path, database: str | None = None) -> Installation:
    """Open the installation of a folder with all tables, on its encrypted file unless a database address is given."""
    settings = Settings(data=folder, database=database, address="http://localhost")
    vault = Vault(settings.keys)
    engine = open_database(database, folder / "assess.db", vault.installation_key("database"))
    Base.metadata.create_all(engine)
    recorder = Recorder(vault.installation_key("audit"))
    return Installation(settings, session_factory(engine), vault, load_catalogue(INSTRUMENTS), recorder)


@contextmanager
def serving(folder: Path, database: str | None = None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Serve an installation in a process of its own; yield the process and its port, and end it."""
    port = free_port()
    arguments = [sys.executable, "-m", "tests.servers", str(folder), str(port), *([database] if database else [])]
    process = subprocess.Popen(arguments, cwd=Path(__file__).parents[1], env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        _wait_until_answering(process, port)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_answering(process: subprocess.Popen[bytes], port: int, *, seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.05)):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server does not answer")


def main(folder: str, port: str, database: str | None = None) -> None:
    """Serve an installation until ended."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # people waiting in line are what is measured
    app = create_app(file_installation(Path(folder), database))
    settle()
    serve(app, host="127.0.0.1", port=int(port), threads=8, backlog=256, _quiet=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
