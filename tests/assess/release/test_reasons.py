"""Every code the gate can give is worded, for every reader."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from assess.release import commands, rules, service

SOURCES = [*Path(rules.__file__).parent.glob("*.py"), Path(service.__file__)]
TEXT = "\n".join(source.read_text() for source in SOURCES)
REASONS = sorted(
    set(re.findall(r'Reason\(\s*"(\w+)"', TEXT))
    | {"local_evidence", "published_evidence", "waiting_for_signature", "refused_by_lead", "suspended", "not_scored"}
)
CONDITIONS = sorted(set(re.findall(r'Condition\(\s*"(\w+)"', TEXT)))


class Figures(defaultdict[str, object]):
    """Stands for the figures of any reason: every number is a half, every name a name."""

    def __missing__(self, key: str) -> object:
        return (
            "name"
            if key in {"group", "grouping", "population", "norm_language", "statistic", "unknown", "names"}
            else 0.5
        )


def worded(text: object, code: str) -> str:
    words = str(text).strip()
    assert words
    assert words != code
    return words


def test_the_codes_are_found_in_the_source():
    assert len(REASONS) > 30
    assert len(CONDITIONS) == 9


@pytest.mark.parametrize("audience", ["client", "coach", "lead"])
@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_worded(code, audience):
    worded(commands.gate_words().reason(code, audience, Figures()), code)


@pytest.mark.parametrize("audience", ["client", "coach", "lead"])
@pytest.mark.parametrize("code", CONDITIONS)
def test_every_condition_is_worded(code, audience):
    worded(commands.gate_words().condition(code, audience, ("item 1",), Figures()), code)


@pytest.mark.parametrize("code", REASONS)
def test_a_client_reads_no_figure_and_no_term_of_statistics(code):
    text = worded(commands.gate_words().reason(code, "client"), code)

    assert not re.search(r"\d|reliab|alpha|omega|anchor|interval|SD\b", text)
