"""The researcher's page: its Python blocks run as they stand and print what the page says."""

import contextlib
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import psychometrics
from tests.reference.reference_cases import SHARED, cases

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "psychometrics.md"
DATA = SHARED / "reference" / "data"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
TOLD = "#> "


def printed(block, names):
    """Run a block and return the lines it prints."""
    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        exec(compile(block, str(PAGE), "exec"), names)
    return caught.getvalue().splitlines()


@pytest.mark.skipif(not DATA.exists(), reason=f"the data of the published analyses are not in {DATA}")
def test_every_block_prints_what_the_page_says(monkeypatch):
    monkeypatch.chdir(DATA)
    names = {}

    for block in BLOCKS:
        expected = [line.removeprefix(TOLD) for line in block.splitlines() if line.startswith(TOLD)]
        assert printed(block, names) == expected, block


@pytest.mark.parametrize("case", cases("dif_lordif")[:1])
def test_the_page_quotes_what_lordif_gave(case):
    stats, text = case["result"]["stats"], PAGE.read_text()

    assert case["result"]["flagged_items"] == ["R9", "R11", "R18", "R24"]
    for item in (8, 10, 17, 23):
        figures = " ".join(f"{stats[name][item]:.4f}" for name in ("chi12", "chi13", "chi23", "pseudo13.McFadden"))
        assert f"{TOLD}{item + 1:2} {figures}" in text


@pytest.mark.parametrize("case", [case for case in cases("invariance_continuous") if case.id == "hs_school_ml"])
def test_the_page_quotes_what_lavaan_gave(case):
    found, text = case["result"], PAGE.read_text()

    steps = ("configural", "metric", "scalar", "strict")  # the reference has one more
    for step, df, chi2 in zip(steps, found["lrt"]["df"], found["lrt"]["chisq"], strict=False):
        line = next(line for line in text.splitlines() if line.startswith(f"{TOLD}{step:10} {df} {chi2:.2f}"))
        assert f"{found['fit'][step]['cfi']:.3f}" in line


def test_every_function_the_page_names_exists():
    named = PAGE.read_text().partition("## From R")[2].partition("Where defaults differ")[0]
    table, _, others = named.partition("And what R has not")
    cells = [row.split("|")[2] for row in table.splitlines() if row.startswith("| `")]
    ours = {name for text in (*cells, others) for name in re.findall(r"`([a-z_0-9]+)`", text)}

    assert len(ours) > 50
    assert ours <= set(psychometrics.__all__)


def test_every_simulation_is_named():
    scripts = {file.stem for file in Path(__file__).parent.glob("monte_carlo_*.py")}

    assert scripts <= set(re.findall(r"monte_carlo_\w+", PAGE.read_text()))


def test_pictures_of_the_page_are_there():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE.read_text())

    assert pictures
    for picture in pictures:
        assert ElementTree.parse(DOCS / picture).getroot().tag.endswith("svg")
