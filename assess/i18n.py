"""Interface languages: catalogues read from `.po` files, and numbers and dates as each language writes them.

Usable outside a request (mails, jobs, the command line): `with speaking("fr"): _("Hello")`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations, c2py
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import LazyProxy
from markupsafe import Markup

from assess.paths import TRANSLATIONS

SOURCE = "en"
_current: ContextVar[str] = ContextVar("locale", default=SOURCE)


class Catalogue(NullTranslations):
    """The messages of one language, read from its `.po` file."""

    def __init__(self, locale: str) -> None:
        super().__init__()
        self._singular: dict[str, str] = {}
        self._plural: dict[str, Sequence[str]] = {}
        self._form: Callable[[int], int] = lambda n: 0 if n == 1 else 1
        file = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
        if locale == SOURCE or not file.exists():
            return
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=locale)
        self._form = c2py(catalogue.plural_expr)
        for message in catalogue:
            if not message.id or message.fuzzy:
                continue
            if isinstance(message.id, (list, tuple)):
                forms = tuple(message.string or ())
                if forms and all(forms):
                    self._plural[message.id[0]] = forms
            elif message.string:
                self._singular[message.id] = str(message.string)

    def gettext(self, message: str) -> str:
        """Return the translation, or the English message."""
        return self._singular.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form of the translation that fits `n`."""
        forms = self._plural.get(msgid1)
        return forms[self._form(n)] if forms else (msgid1 if n == 1 else msgid2)


@cache
def catalogue(locale: str) -> Catalogue:
    """Return the messages of a language; an unknown one speaks English."""
    return Catalogue(locale)


@cache
def interface_languages() -> tuple[tuple[str, str], ...]:
    """Return the languages the interface speaks, each with its own name for itself."""
    codes = {SOURCE} | {folder.name for folder in TRANSLATIONS.iterdir() if (folder / "LC_MESSAGES").is_dir()}
    return tuple((code, own_name(code)) for code in sorted(codes))


def own_name(locale: str) -> str:
    """Return what a language calls itself."""
    name = Locale.parse(locale, sep="-" if "-" in locale else "_").get_display_name() or locale
    return name[:1].upper() + name[1:]


def name_of_language(locale: str) -> str:
    """Return what the current language calls another one."""
    parsed = Locale.parse(locale, sep="-" if "-" in locale else "_")
    return parsed.get_display_name(current_locale()) or locale


@cache
def text_direction(locale: str) -> str:
    """Return `rtl` or `ltr`."""
    return Locale.parse(locale, sep="-" if "-" in locale else "_").text_direction


def current_locale() -> str:
    """Return the language being spoken here and now."""
    return _current.get()


def set_locale(locale: str) -> None:
    """Speak this language from here on, in this request or job."""
    _current.set(locale)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak a language inside the block."""
    token = _current.set(locale)
    try:
        yield
    finally:
        _current.reset(token)


def gettext(message: str, **values: Any) -> str:
    """Return the message in the current language with its `%(name)s` filled in."""
    translated = catalogue(current_locale()).gettext(message)
    return translated % values if values else translated


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Return the form of the message that fits `n`, with its `%(name)s` filled in."""
    return catalogue(current_locale()).ngettext(singular, plural, n) % {"num": n, **values}


def page_text(message: str, /, **values: Any) -> Markup:
    """Return the message for a page, values escaped: what Jinja's own function does, at a third of its cost."""
    return Markup(catalogue(current_locale()).gettext(message)) % values  # noqa: S704 the message is our own


def page_text_for(singular: str, plural: str, n: int, /, **values: Any) -> Markup:
    """Return the form of the message that fits `n` for a page, values escaped."""
    text = catalogue(current_locale()).ngettext(singular, plural, n)
    return Markup(text) % {"num": n, **values}  # noqa: S704 the message is our own


def lazy_gettext(message: str) -> Any:
    """Return a message that is translated when it is shown: for form labels and tables of words."""
    return LazyProxy(gettext, message, enable_cache=False)


def best_language(accepted: Sequence[str]) -> str:
    """Return the interface language that fits a browser's wishes best."""
    spoken = {code for code, _ in interface_languages()}
    for wish in accepted:
        code = wish.split("-")[0].lower()
        if code in spoken:
            return code
    return SOURCE


def decimal(value: float | None, digits: int = 2) -> str:
    """Write a number with so many decimals, rounded here and nowhere else; an absent one is an en dash."""
    if value is None or value != value:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    written = format_decimal(value, format=pattern, locale=current_locale())
    return written.replace("-", "−" if any(digit in written for digit in "123456789") else "")  # there is no minus zero


def integer(value: int | None) -> str:
    """Write a whole number."""
    return _whole(value, current_locale()) if isinstance(value, int) else decimal(value, 0)


@lru_cache(maxsize=4096)
def _whole(value: int, locale: str) -> str:
    """Write a whole number in one language: the same few stand on every page."""
    return format_decimal(value, format="#,##0", locale=locale).replace("-", "−")


def percent(value: float | None, digits: int = 0) -> str:
    """Write a share of one as a percentage."""
    if value is None or value != value:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    pattern = pattern.replace("%", "\u00a0%") if current_locale() == "fr" else pattern
    return format_percent(value, format=pattern, locale=current_locale())


def show_date(value: date | None) -> str:
    """Write a day."""
    if value is None:
        return "–"
    written = format_date(value, "long", locale=current_locale())
    return written.replace("1 ", "1er ", 1) if current_locale() == "fr" and value.day == 1 else written


def show_datetime(value: datetime | None) -> str:
    """Write a moment to the minute, in UTC and saying so."""
    if value is None:
        return "–"
    day, time = show_date(value), format_time(value, "short", locale=current_locale())
    return str(get_datetime_format("long", current_locale())).format(f"{time} UTC", day)


FILTERS = {"decimal": decimal, "integer": integer, "percent": percent, "date": show_date, "datetime": show_datetime,
           "language": name_of_language, "own_name": own_name}  # fmt: skip
