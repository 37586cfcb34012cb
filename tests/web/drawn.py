"""Macros and charts drawn on their own, as something a test can ask questions about."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from tests.web import design_samples


class Page(HTMLParser):
    """The elements of a page, in order, with the text inside each."""

    VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._closed: list[tuple[str, dict[str, str], str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append((tag, self.elements[-1][1], []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        for *_, parts in self._open:
            parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        name, attributes, parts = self._open.pop()
        assert name == tag, f"<{name}> is closed by </{tag}>"
        self._closed.append((tag, attributes, " ".join("".join(parts).split())))

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Every element with the text inside it, in the order in which they end."""
        return [(tag, text) for tag, _, text in self._closed]

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind that has these values."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    def text_of(self, tag: str) -> list[str]:
        """The text of every element of a kind."""
        return [text for text, _ in self.inside(tag)]

    def inside(self, tag: str) -> list[tuple[str, dict[str, str]]]:
        """The text and the attributes of every element of a kind."""
        return [(text, attributes) for name, attributes, text in self._closed if name == tag]


def draw(source: str, locale: str = "en", **values: Any) -> Page:
    """Draw a piece of a template; it may use `macros` and `charts`."""
    imports = '{% import "macros.html" as macros %}{% import "charts.html" as charts with context %}'
    template = design_samples.environment(locale).from_string(imports + source)
    return Page(template.render({**design_samples.context(locale), **values}))


def macro(call: str, locale: str = "en", **values: Any) -> Page:
    """Draw one macro on its own."""
    return draw("{{ macros." + call + " }}", locale, **values)


def chart(call: str, locale: str = "en") -> Page:
    """Draw one chart on its own."""
    return draw("{{ charts." + call + " }}", locale)
