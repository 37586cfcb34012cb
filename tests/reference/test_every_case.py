"""Every stored reference case is handed to some test of this folder, so that none is passed over in silence."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.reference.reference_cases import SHARED, cases

TOPICS = sorted(path.stem for path in (SHARED / "reference" / "expected").glob("*.json"))


def handed_out() -> set[str]:
    """Return the ids of the parameters of all tests of this folder."""
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        module = import_module(f"tests.reference.{path.stem}")
        tests = [value for name, value in vars(module).items() if name.startswith("test_")]
        marks = [mark for test in tests for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
        found |= {parameter.id for mark in marks for parameter in mark.args[1] if hasattr(parameter, "id")}
    return found


@pytest.mark.skipif(not TOPICS, reason="the reference results stand beside the repository, in ../shared/reference")
def test_no_case_is_passed_over():
    stored = {(topic, case.id) for topic in TOPICS for case in cases(topic)}
    given = handed_out()

    assert len({identity for _, identity in stored}) == len(stored), "two cases of one id could hide each other"
    assert sorted(case for case in stored if case[1] not in given) == []
