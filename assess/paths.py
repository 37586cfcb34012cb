"""Where the shipped data folders are: in a checkout, in an editable install and in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent

INSTRUMENTS = _ROOT / "instruments"
TEMPLATES = _ROOT / "templates"
TRANSLATIONS = _ROOT / "translations"
STATIC = _PACKAGE / "static"
MIGRATIONS = _PACKAGE / "migrations"
