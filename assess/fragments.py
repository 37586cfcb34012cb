"""What is the same for everyone who is shown it: drawn once in each language, then kept.

A fragment is a piece of a page. A sheet is a whole page with gaps for what is particular to a person.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from flask import current_app, g, get_template_attribute
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from assess import web
from assess.i18n import current_locale


def fragment(template: str, macro: str, *arguments: Hashable) -> Markup:
    """Draw a macro that depends on nothing but its arguments and the language being spoken."""
    return _drawn(current_locale(), template, macro, arguments)


@lru_cache(maxsize=4096)
def _drawn(_locale: str, template: str, macro: str, arguments: tuple[Hashable, ...]) -> Markup:
    return Markup(get_template_attribute(template, macro)(*arguments))  # noqa: S704 it is our own template


_MARK = f"gap{secrets.token_hex(8)}"
_GAP = re.compile(f"{_MARK}-([a-z]+)-")
_MOST_SHEETS = 512  # about 15 MB


def sheet(key: Hashable, draw: Callable[[str], str], *, about: str) -> str:
    """Return the page that `draw` makes of an id, drawn once for everyone with the same roles who asks for `key`.

    While it is drawn nobody's name, form token or id is at hand, only gaps: nothing of one person is kept for another.
    """
    person, token = web.signed_in(), generate_csrf()
    sheets: MutableMapping[Hashable, list[str]] = current_app.extensions["assess_sheets"]
    of_all_like_them = (key, current_locale(), person.roles, person.simulated)
    if of_all_like_them not in sheets:
        if len(sheets) >= _MOST_SHEETS:
            sheets.clear()
        with _nobody_in_particular():
            sheets[of_all_like_them] = _GAP.split(draw(_gap("about")))
    pieces = list(sheets[of_all_like_them])
    values = {"name": str(escape(person.display_name)), "token": token, "about": str(escape(about))}
    pieces[1::2] = [values[name] for name in pieces[1::2]]
    return "".join(pieces)


def _gap(name: str) -> str:
    return f"{_MARK}-{name}-"


@contextmanager
def _nobody_in_particular() -> Iterator[None]:
    person, token = web.signed_in(), generate_csrf()
    g.visitor, g.csrf_token = replace(person, id="", display_name=_gap("name")), _gap("token")
    try:
        yield
    finally:
        g.visitor, g.csrf_token = person, token
