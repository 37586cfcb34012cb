"""Kept evidence, as decisions read it."""

from __future__ import annotations

import pytest

from assess.analysis.evidence import FORMAT, coefficients_of, read_run
from assess.errors import AssessError

FIGURE = {"estimate": 0.8, "lower": 0.7, "upper": 0.9, "n": 300, "notes": []}


def test_alpha_that_stands_in_for_omega_is_told_once():
    group = {"alpha": FIGURE, "omega": FIGURE | {"notes": ["heywood"]}}

    assert list(coefficients_of(group)) == ["alpha"]
    assert list(coefficients_of(group | {"omega": FIGURE})) == ["alpha", "omega"]


def test_evidence_of_an_older_form_decides_nothing():
    with pytest.raises(AssessError, match="make the audit again"):
        read_run("a", {"format": FORMAT - 1, "source": {"name": "old", "simulated": False}, "scales": []})
