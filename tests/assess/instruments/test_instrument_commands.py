"""What the instrument commands print."""

from __future__ import annotations

from pathlib import Path

from assess.instruments.catalogue import load_catalogue
from assess.instruments.commands import check, list_instruments, schema, show
from tests.assess.instruments.demo_files import write_demo


def test_check_prints_every_fault_and_a_count(tmp_path):
    folder = write_demo(tmp_path, ("at_least = 4", "at_least = 6"), ('both = "Both"\n', ""))
    lines: list[str] = []

    faults = check([folder], lines.append)

    assert len(faults) == 2
    assert lines == [*map(str, faults), "2 faults, 0 instruments in order"]


def test_check_of_good_files_says_how_many_were_read(tmp_path):
    lines: list[str] = []

    assert check([write_demo(tmp_path)], lines.append) == ()
    assert lines == ["0 faults, 1 instrument in order"]


def test_list_names_languages_with_their_evidence_state(tmp_path):
    lines: list[str] = []

    list_instruments(load_catalogue(write_demo(tmp_path)), lines.append)

    assert lines == ["demo-scale 1  self-report  5 items, 1 scale  en (validated)"]


def test_show_says_rule_bands_evidence_and_licence(tmp_path):
    lines: list[str] = []

    show(load_catalogue(write_demo(tmp_path)).latest("demo-scale"), lines.append)

    assert (
        "scale liking (Liking): sum of 4 items, 2 reversed, 4 to 20, at least 3 answered (house rule); "
        "bands little 4 to 11; much 12 to 20"
    ) in lines
    assert "licence: Free. (tests)" in lines
    assert "evidence alpha 0.8 liking: en, nobody, n 100; tests." in lines
    assert "norms: women of 20 to 40" in lines


def test_schema_writes_both_schemas(tmp_path: Path):
    lines: list[str] = []

    schema(tmp_path, lines.append)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["instrument.schema.json", "text.schema.json"]
