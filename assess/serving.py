"""Serving an installation: the web process, and beside it the worker."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from collections.abc import Callable

from waitress import create_server

from assess.app import create_app
from assess.demonstration import is_wanted, sign_in_links
from assess.privacy.service import finish_erasures
from assess.settings import Settings
from assess.transactions import open_installation


def serve(settings: Settings, *, empty: bool, write: Callable[[str], object]) -> None:
    """Serve until stopped; an empty database gets the demonstration first, unless it is to stay empty."""
    installation = open_installation(settings)
    same = ["--data", str(settings.data), *(["--database", settings.database] if settings.database else [])]
    if not empty and is_wanted(installation):
        _load_demonstration(same)
    finish_erasures(installation)
    app = create_app(installation)
    largest = app.config["MAX_CONTENT_LENGTH"]  # a larger body is refused before it is taken in
    address = {"host": settings.host, "port": settings.port}
    settle()
    server = create_server(app, **address, threads=8, ident=None, max_request_body_size=largest)
    worker = subprocess.Popen([sys.executable, "-m", "assess.cli", "worker", *same])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    write(f"assess is running at {settings.base_address}")
    for role, link in sign_in_links(installation):
        write(f"  sign in as {role:<28} {link}")
    write("Stop it with Ctrl+C.")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        worker.terminate()


def settle() -> None:
    """Leave what the start made, which stays for good, out of every later collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # a request makes few cycles: a thousand requests' worth is collected at once


def _load_demonstration(same: list[str]) -> None:
    """Load the demonstration in a process of its own: it needs the statistics, which the server must not load."""
    finished = subprocess.run([sys.executable, "-m", "assess.cli", "init", *same, "--demonstration"], check=False)
    if finished.returncode:
        raise SystemExit(finished.returncode)
