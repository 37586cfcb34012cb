"""Rules of the house that a program can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary

ROOT = Path(__file__).resolve().parent.parent
ASSESS = ROOT / "assess"

# Each concept may import those of an earlier row, and itself.
ORDER = (
    ("instruments", "people"),
    ("programmes",),
    ("consent",),
    ("administration",),
    ("responses",),
    ("scoring", "safeguarding"),
    ("analysis",),
    ("release",),
    ("privacy",),
    ("reports",),
)
PLACE = {concept: place for place, concepts in enumerate(ORDER) for concept in concepts}
CONCEPTS = sorted(PLACE)


def modules(folder: Path) -> list[Path]:
    """Return the Python files of a folder and those below it."""
    return sorted(folder.rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, at any depth."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_folder_of_assess_is_a_known_concept():
    folders = {path.name for path in ASSESS.iterdir() if (path / "__init__.py").exists()}

    assert folders - {"migrations"} == set(CONCEPTS)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_concept_imports_only_from_its_left(concept):
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in modules(ASSESS / concept)
        for name in imported(file)
        if name.startswith("assess.")
        and (other := name.split(".")[1]) in PLACE
        and other != concept
        and PLACE[other] >= PLACE[concept]
    ]

    assert wrong == []


@pytest.mark.parametrize("concept", CONCEPTS)
def test_the_manual_of_a_concept_is_its_docstring(concept):
    manual = ast.get_docstring(ast.parse((ASSESS / concept / "__init__.py").read_text()))

    assert manual is not None
    assert len(manual.splitlines()) >= 3


# Rules are a file, or a folder of files where they are long.
RULES = sorted({file.relative_to(ASSESS).parts[0] for file in ASSESS.glob("*/rules*")})


@pytest.mark.parametrize("concept", RULES)
def test_rules_are_pure(concept):
    script = (
        f"import sys, assess.{concept}.rules\n"
        "sys.exit(', '.join({'flask', 'sqlalchemy', 'jinja2', 'cryptography'} & set(sys.modules)) or 0)"
    )

    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)

    assert (finished.returncode, finished.stderr) == (0, "")


# Imported inside the functions that need them, which say so when they are absent.
OPTIONAL = ("distributed", "pandas", "pingouin")


def test_psychometrics_imports_only_numpy_and_scipy():
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in modules(ROOT / "psychometrics")
        for name in imported(file)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "numpy", "scipy", "psychometrics", *OPTIONAL}
    ]

    assert wrong == []


def test_every_column_declares_its_privacy_class():
    from assess import app  # noqa: F401 importing the application declares all tables
    from assess.db import PRIVACY_CLASSES, Base

    undeclared = [
        str(column)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.info.get("privacy") not in PRIVACY_CLASSES
    ]

    assert undeclared == []


def test_what_says_who_someone_is_or_what_they_told_is_sealed():
    from assess import app  # noqa: F401 importing the application declares all tables
    from assess.db import Base

    plain = [
        str(column)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.info.get("privacy") in {"identity", "content"}
        and not isinstance(column.type, LargeBinary)
        and not column.name.endswith("_index")
    ]

    assert plain == []


def test_sealed_columns_refuse_plain_text():
    from assess import app  # noqa: F401 importing the application declares all tables
    from assess.db import Base

    unchecked = [
        str(column)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        and column.info.get("privacy") in {"identity", "content"}
        and not any(column.name in str(getattr(check, "sqltext", "")) for check in table.constraints)
    ]

    assert unchecked == []


def test_the_web_process_stays_free_of_heavy_imports():
    script = (
        "import sys, assess.app, assess.cli\n"
        "heavy = {'numpy', 'scipy', 'pingouin', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )

    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)

    assert (finished.returncode, finished.stderr) == (0, "")


def test_only_the_gate_makes_a_released_score():
    makers = [
        str(file.relative_to(ASSESS))
        for file in modules(ASSESS)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "ReleasedScore"
    ]

    assert makers
    assert all(maker.startswith("release/") for maker in makers)


def test_services_never_commit():
    committing = [
        str(file.relative_to(ROOT))
        for concept in CONCEPTS
        for file in modules(ASSESS / concept)
        if file.name != "views.py" and (".commit(" in file.read_text() or ".rollback(" in file.read_text())
    ]

    assert committing == []


def test_the_data_folders_are_not_copied_into_a_checkout():
    assert not (ASSESS / "_data").exists()


def test_the_migration_makes_the_tables_as_they_are_declared():
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from assess import app  # noqa: F401 importing the application declares all tables
    from assess.db import Base, migrate, open_database

    engine = open_database(None)
    migrate(engine)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()

    assert differences == []


def test_the_migration_locks_what_is_never_edited():
    from assess.db import migrate, open_database

    engine = open_database(None)
    migrate(engine)
    with engine.connect() as connection:
        locked = connection.exec_driver_sql("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    engine.dispose()

    assert {"consent_text", "consent_record", "consent_scope"} <= set(locked)


@pytest.mark.parametrize("command", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]])
def test_the_code_is_clean(command):
    tool = Path(sys.executable).parent / command[0]

    finished = subprocess.run([tool, *command[1:]], capture_output=True, text=True, cwd=ROOT)

    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-2000:]
