"""Answering the IPIP-50 page by page, without scripts."""

from __future__ import annotations

from tests.browser.visitor import Visitor

SKIPPED = ("b04", "b17", "b33")
LEFT_OPEN = "b50"


def answer_page(client: Visitor) -> None:
    """Choose something on every question; skip some, leave one open."""
    for item in [fieldset.get_attribute("data-item") or "" for fieldset in client.main.locator("fieldset").all()]:
        if item in SKIPPED:
            client.main.locator(f"fieldset[data-item={item}] input[value=skipped]").check(force=True)
        elif item != LEFT_OPEN:
            choose(client, item, 2 + int(item[1:]) % 4)


def choose(client: Visitor, item: str, code: int) -> None:
    """Choose an answer."""
    client.main.locator(f"fieldset[data-item={item}] input[type=radio][value='{code}']").check(force=True)


def chosen(client: Visitor, item: str) -> str | None:
    """Return what is chosen, if anything is."""
    checked = client.main.locator(f"fieldset[data-item={item}] input[type=radio]:checked")
    return checked.get_attribute("value") if checked.count() else None
