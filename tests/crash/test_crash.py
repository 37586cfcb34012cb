"""What was acknowledged as saved outlives the server's sudden death."""

from __future__ import annotations

from pathlib import Path

from tests.crash.trial import run


def test_an_acknowledged_answer_survives_killing_the_server(tmp_path: Path) -> None:
    outcome = run(tmp_path, tries=6)

    assert outcome.acknowledged > 0
    assert (outcome.lost, outcome.doubled, outcome.torn) == (0, 0, 0)
