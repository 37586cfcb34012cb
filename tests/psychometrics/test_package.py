"""The package's own promises: light imports, and one table of public names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import psychometrics

PACKAGE = Path(psychometrics.__file__).parent


def loaded_after(statement):
    """Return the modules a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_package_itself_loads_neither_numpy_nor_scipy():
    assert not loaded_after("import psychometrics") & {"numpy", "scipy"}


@pytest.mark.parametrize("name", ["flask", "sqlalchemy", "pandas", "pingouin", "matplotlib", "scipy.stats", "assess"])
def test_all_public_names_together_load_no_heavy_package(name):
    statement = "import psychometrics; [getattr(psychometrics, name) for name in psychometrics.__all__]"

    assert name not in loaded_after(statement)


def test_every_public_name_can_be_imported():
    for name in psychometrics.__all__:
        assert getattr(psychometrics, name) is not None


def test_no_public_name_is_hidden_by_a_module_of_that_name():
    """Importing a module puts it into the package under its own name, over whatever stands there."""
    modules = {path.stem for path in PACKAGE.iterdir()}

    assert modules & set(psychometrics.__all__) == set()


def test_type_checkers_see_the_same_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (node.module.removeprefix("psychometrics."), alias.name, alias.asname)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert seen == {(module, name, name) for module, names in psychometrics._PUBLIC.items() for name in names}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'cronbachs_alpha'"):
        _ = psychometrics.cronbachs_alpha
