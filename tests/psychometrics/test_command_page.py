"""The page of the command in a real browser: no accessibility finding, no sideways scrolling, unfolded in print."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from psychometrics.report.command import main
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Write the page of one scale with differing items, and two groupings."""
    folder = tmp_path_factory.mktemp("page")
    made = simulate(np.random.default_rng(1), n=(250, 250), n_items=6, n_shifted=2, shift=1.2, skipped=(0.0, 0.1))
    items = [f"question_{number}" for number in range(6)]
    rows = [
        ",".join([*("" if np.isnan(x) else f"{x:.0f}" for x in answers), group, "עברית" if place % 2 else "français"])
        for place, (answers, group) in enumerate(zip(made.responses, made.groups, strict=True))
    ]
    (folder / "a.csv").write_text("\n".join([",".join([*items, "group", "language"]), *rows]), encoding="utf-8")
    arguments = [
        "audit",
        str(folder / "a.csv"),
        f"--scale=scale={items[0]}:{items[-1]}",
        "--codes=0-4",
        "--cut=scale=9",
    ]
    code = main([*arguments, "--group=group", "--group=language", f"--html={folder / 'page.html'}", "--quiet"])
    assert code == 0
    return (folder / "page.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(browser, address, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    findings = Axe().run(page).response["violations"]
    scrolled = page.evaluate("document.documentElement.scrollWidth")

    page.close()
    assert [(finding["id"], finding["nodes"][0]["html"]) for finding in findings] == []
    assert scrolled == width


def test_in_print_every_table_is_unfolded(browser, address):
    page = browser.new_page(viewport={"width": 700, "height": 900})
    page.goto(address)
    page.emulate_media(media="print")

    folded = page.evaluate(
        "[...document.querySelectorAll('details table')].filter(t => t.getBoundingClientRect().height < 20).length"
    )

    page.close()
    assert folded == 0
