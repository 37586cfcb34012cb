"""Why long work stopped, in the language of whoever reads it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from assess import problems
from assess.i18n import speaking
from assess.problems import CODES, WorkStopped, coded, told


@pytest.mark.parametrize("code", CODES)
def test_every_problem_is_worded_and_translated(code, monkeypatch):
    monkeypatch.setattr(problems.json, "loads", lambda _text: [code, defaultdict(lambda: "3")])

    english = told(coded(code))
    with speaking("fr"):
        assert told(coded(code)) != english


def test_a_problem_is_kept_as_a_code_with_its_figures():
    error = WorkStopped("too_few_agreed", n=10)

    assert str(error).startswith("Fewer than 10 people")
    with speaking("fr"):
        assert told(error.kept).startswith("Moins de 10 personnes")
    assert told("line 3: no such item") == "line 3: no such item"
