"""Every macro with realistic content, to be looked at and tested: `python -m tests.web.design_samples FOLDER`.

The pages are plain files without the application: `samples/*.html` drawn with the project's templates, each in English
left to right and in an Arabic interface right to left.
"""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assess import i18n
from assess.paths import TEMPLATES
from assess.reports import charts

SAMPLES = Path(__file__).parent / "samples"
STATIC = Path(charts.__file__).parents[1] / "static"
LANGUAGES = (("en", "English"), ("fr", "Français"), ("ar", "العربية"))

# Just enough Arabic to see a page mirrored; the interface itself has no Arabic catalogue.
ARABIC = {
    "Skip to the content": "انتقل إلى المحتوى",
    "Sign out": "تسجيل الخروج",
    "Skip this question": "تخطَّ هذا السؤال",
    "Clear": "مسح",
    "optional": "اختياري",
    "Why": "لماذا",
    "Released": "منشورة",
    "Held": "موقوفة",
    "Where to get help": "أين تجد المساعدة",
    "Something unclear, or something wrong?": "هل هناك شيء غير واضح؟",
    "Simulated people – demonstration": "أشخاص محاكون – عرض توضيحي",
    "%(done)s of %(total)s": "%(done)s من %(total)s",
    "The same values as a table": "القيم نفسها في جدول",
}


@cache
def environment(locale: str = "en") -> Environment:
    """Return the project's templates with the globals and filters the application gives them."""

    def gettext(message: str) -> str:
        return ARABIC.get(message, message) if locale == "ar" else message

    def ngettext(singular: str, plural: str, n: int) -> str:
        return gettext(singular if n == 1 else plural)

    jinja = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(SAMPLES.parent)]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    jinja.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    jinja.filters.update(i18n.FILTERS, zip_=lambda left, right: list(zip(left, right, strict=True)))

    def fragment(template: str, macro: str, *arguments: Any) -> Markup:
        return Markup(getattr(jinja.get_template(template).module, macro)(*arguments))

    jinja.globals.update(csrf_token=lambda: "token", url_for=lambda endpoint, **_: f"/{endpoint}", geometry=charts)
    jinja.globals.update(fragment=fragment)
    return jinja


def context(locale: str) -> dict[str, Any]:
    """Return what every page is given."""
    return {
        "locale": locale,
        "direction": "rtl" if locale == "ar" else "ltr",
        "interface_languages": LANGUAGES,
        "current_person": SimpleNamespace(display_name="Amal Haddad", roles=("client",)),
        "navigation": [("Home", "/", False), ("My results", "/results", True), ("My data", "/my-data", False)],
        "simulated": True,
        "static": lambda name: name,
        "help_contact": "Ruth Adeyemi, ruth@example.org, +44 20 7946 0018",
    }


def render(name: str, locale: str = "en", **more: Any) -> str:
    """Return one sample page, or one page of the project."""
    return environment(locale).get_template(name).render({**context(locale), **more})


def main(folder: Path) -> None:
    """Write every sample page and the stylesheet into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(STATIC / "assess.css", folder)
    pages = [(f"samples/{file.name}", file.name) for file in SAMPLES.glob("*.html")]
    pages += [(f"errors/{file.name}", f"error-{file.name}") for file in (TEMPLATES / "errors").glob("[0-9]*.html")]
    for template, target in pages:
        for locale in ("en", "ar"):
            file = folder / target.replace(".html", f".{locale}.html")
            file.write_text(render(template, locale), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
