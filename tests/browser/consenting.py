"""The steps of consenting, as a client without scripts goes through them."""

from __future__ import annotations

import tomllib
from collections.abc import Set

from assess.paths import TRANSLATIONS
from tests.browser.visitor import Visitor, first


def consent(client: Visitor, locale: str, scopes: Set[str]) -> str:
    """Go from the start page of consent to the receipt; return its address."""
    client.follow("/eligibility")
    client.choose("age", "yes")
    client.choose("will", "yes")
    client.press()
    assert client.path.endswith("/consent/text")
    client.press()
    _pass_the_check(client, locale)
    assert client.main.locator("input[name=scopes]:checked").count() == 0
    for scope in scopes:
        client.choose("scopes", scope)
    client.press()
    assert client.path.endswith("/consent/confirm")
    client.press()
    return first(r"^(/consents/[\w-]+)$", client.path)


def _pass_the_check(client: Visitor, locale: str) -> None:
    """Answer one question wrongly first: it is explained, and only it is asked again."""
    questions = tomllib.loads((TRANSLATIONS / locale / "consent.toml").read_text("utf-8"))["questions"]
    mistaken = questions[0]
    for question in questions:
        client.choose(question["id"], question["right"])
    client.choose(mistaken["id"], next(option for option in mistaken["options"] if option != mistaken["right"]))
    client.press()
    assert mistaken["explanation"] in client.says()
    asked = {radio.get_attribute("name") for radio in client.main.locator("input[type=radio]").all()}
    assert asked == {mistaken["id"]}
    client.choose(mistaken["id"], mistaken["right"])
    client.press()
    assert client.path.endswith("/consent/choices")
