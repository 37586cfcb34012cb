"""How long a start takes: from nothing (a clean copy, no environment) to the first page, and the second start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench.figures import Figure
from tests.serving import ROOT, free_port


def figures() -> list[Figure]:
    """Start a clean copy of the last commit twice."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
        first, second = (_seconds_to_first_page(copy) for _ in range(2))
    return [
        Figure("first start to first page, packages downloaded or from the machine's cache", first, "s", 90),
        Figure("second start to first page", second, "s", 2),
    ]


def _seconds_to_first_page(copy: Path) -> float:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.base_prefix + "/bin/python3", "-m", "assess", "--port", str(port)],
        cwd=copy,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < 600:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("no page after ten minutes")
    finally:
        process.terminate()
        process.wait()
