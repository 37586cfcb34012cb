"""How a lead brings evidence: simulated answers as a file, an import, an audit, a signature."""

from __future__ import annotations

import csv
import io

import numpy as np
from playwright.sync_api import expect

from assess.instruments.catalogue import load_catalogue
from assess.paths import INSTRUMENTS
from assess.simulation import simulate
from tests.browser.visitor import Visitor

PEOPLE = 300


def response_file(locale: str) -> str:
    """Return a CSV file of simulated answers to the IPIP-50 in one language, with a gender each."""
    rng = np.random.default_rng(7)
    instrument = load_catalogue(INSTRUMENTS).latest("ipip-50")
    columns = [item.id for item in instrument.items]
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow([*columns, "gender"])
    for _locale, answers in simulate(instrument, {locale: PEOPLE}, rng=rng):
        codes = [answers[column] if isinstance(answers[column], int) else "" for column in columns]
        rows.writerow([*codes, rng.choice(["woman", "man"])])
    return written.getvalue()


def bring(lead: Visitor, programme: str, locale: str) -> str:
    """Import answers given in one language, and start an audit of them; return the address of the audit."""
    lead.goto(f"{programme}/instruments")
    lead.follow("/responses/import")
    lead.type(instrument="ipip-50/1", source="Volunteers, spring")
    lead.main.locator("input[name=file]").set_input_files(
        {"name": "answers.csv", "mimeType": "text/csv", "buffer": response_file(locale).encode()}
    )
    lead.press()
    file = lead.path
    lead.type(language=locale)  # items and groups are guessed from the names of the columns
    lead.press()
    _wait_while_it_works(lead)
    assert lead.path == file
    assert "300" in lead.says()
    lead.main.locator("a[href*='/audit?source=']").click()
    lead.press("/audits")
    assert lead.path.startswith("/audits/")
    return lead.path


def read(lead: Visitor, run: str) -> None:
    """Wait at the page of an audit for its verdicts: they come first, with their reasons, and then the evidence."""
    lead.goto(run)
    _wait_while_it_works(lead)
    extraversion = lead.main.locator("section#E")
    assert extraversion.locator(".verdict li").count() > 0
    places = [extraversion.locator(part).last.bounding_box() for part in (".verdict", "figure.chart")]
    tops = [place["y"] for place in places if place is not None]
    assert len(tops) == 2
    assert tops == sorted(tops)


def sign(lead: Visitor, run: str) -> None:
    """Release the reports to the person of every scale, after reading the reasons."""
    lead.goto(run)
    lead.main.locator("section#E .verdict a[href$='/sign']").first.click()
    lead.press(name="decision", value="sign")
    expect(lead.main.locator("#error-summary")).to_be_visible()  # the reasons were not said to be read
    lead.choose("confirm", "y")
    for scale in lead.main.locator("input[name=also]").all():
        scale.check(force=True)
    lead.press(name="decision", value="sign")
    assert "/instruments/ipip-50/" in lead.path


def _wait_while_it_works(lead: Visitor) -> None:
    """The page asks for itself again until the work is done, without scripts."""
    expect(lead.main.locator("progress")).to_have_count(0, timeout=120_000)
