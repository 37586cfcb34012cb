"""A real server for tests: started as a user would, asked over HTTP, stopped at the end."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 120  # seconds until a start counts as failed; a safety net, not a measurement


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, what it printed, and its process."""

    address: str
    printed: str
    process: subprocess.Popen[str]

    def link(self, role: str) -> str:
        """Return the sign-in link printed for a role."""
        found = re.search(rf"sign in as {re.escape(role)}\s+(\S+)", self.printed)
        if found is None:
            raise LookupError(f"no link for {role} in {self.printed!r}")
        return found[1]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data: Path, *options: str, python: str = sys.executable, cwd: Path = ROOT) -> Iterator[Server]:
    """Serve an installation until the end of the block."""
    port = free_port()
    command = [python, "-m", "assess.cli", "serve", "--port", str(port), "--data", str(data), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSESS_")}
    process = subprocess.Popen(command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE)
    try:
        printed = _until_ready(process)
        yield Server(f"http://127.0.0.1:{port}", printed, process)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def _until_ready(process: subprocess.Popen[str]) -> str:
    lines, deadline = [], time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.stdout:
        line = process.stdout.readline()
        lines.append(line)
        if line.startswith("Stop it with"):
            return "".join(lines)
        if not line and process.poll() is not None:
            break
    raise AssertionError(f"the server did not start: {''.join(lines)}")


def get(address: str, *, language: str = "en") -> tuple[int, str]:
    """Return status and text of a page."""
    request = urllib.request.Request(address, headers={"Accept-Language": language})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
