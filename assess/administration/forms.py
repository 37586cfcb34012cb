"""What the page about oneself offers, in the reader's language."""

from __future__ import annotations

import unicodedata
from functools import cache

from babel import Locale

from assess.administration.rules import AGE_BANDS, EDUCATIONS, GENDERS
from assess.i18n import lazy_gettext as _

# Codes of CLDR that are no country: outlying groupings, the Eurozone, test regions.
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})

GENDER_WORDS = dict(zip(GENDERS, (_("Woman"), _("Man"), _("Non-binary"), _("I say it in my own words")), strict=True))
AGE_WORDS = {band: band.replace("-", "–").replace("65+", "65 +") for band in AGE_BANDS}
EDUCATION_WORDS = dict(
    zip(
        EDUCATIONS,
        (
            _("Compulsory school"),
            _("Upper secondary school or vocational training"),
            _("Bachelor’s degree or similar"),
            _("Master’s degree, doctorate or similar"),
            _("Something else"),
        ),
        strict=True,
    )
)


@cache
def countries(locale: str) -> dict[str, str]:
    """Return every country by its code, named and ordered in one language."""
    names = Locale.parse(locale, sep="-").territories
    return _ordered({code: name for code, name in names.items() if code.isalpha() and code not in _NO_COUNTRIES})


@cache
def languages(locale: str) -> dict[str, str]:
    """Return every language with a two-letter code, named and ordered in one language."""
    names = Locale.parse(locale, sep="-").languages
    return _ordered({code: name for code, name in names.items() if len(code) == 2})


def _ordered(names: dict[str, str]) -> dict[str, str]:
    def plain(entry: tuple[str, str]) -> str:
        return unicodedata.normalize("NFKD", entry[1]).encode("ascii", "ignore").decode().casefold() or entry[1]

    return dict(sorted(names.items(), key=plain))
