"""Instruments that are not installed: checked like any other, kept with their answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from assess.analysis import commands
from assess.analysis.foreign import read_instrument
from assess.analysis.models import ResponseSet
from assess.analysis.service import instrument_of
from assess.errors import AssessError
from assess.instruments.catalogue import InstrumentFaults
from assess.paths import INSTRUMENTS
from tests.response_files import joy_of_reading


def test_a_definition_without_wording_is_worded_by_its_ids_and_says_so(tmp_path):
    instrument, files = read_instrument(joy_of_reading(tmp_path))

    wording = instrument.language("en")
    assert wording.items["ST24Q07"] == "ST24Q07"
    assert wording.state == "draft"
    assert "not stored" in wording.source
    assert set(files) == {"instrument.toml", "text.en.toml"}


def test_wording_beside_the_definition_is_used(tmp_path):
    instrument, files = read_instrument(INSTRUMENTS / "phq-8" / "1")

    assert instrument.language("en").items["phq1"] == "Little interest or pleasure in doing things"
    assert "text.en.toml" in files


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("ST24Q07 = 1", "ST24Q07 = 2", "it must be 1 or -1"),
        ("ST24Q07 = 1", "ST24Q99 = 1", 'no item named "ST24Q99"'),
        ("range = [11, 44]", "range = [0, 44]", "its items allow [11, 44]"),
        ("code = 1,", "kode = 1,", "unknown key"),
        ('id = "joy-of-reading"', "id = ", "not valid TOML"),
    ],
)
def test_a_definition_with_a_fault_is_refused_by_the_linter_of_installed_instruments(tmp_path, before, after, fault):
    definition = joy_of_reading(tmp_path)
    definition.write_text(definition.read_text().replace(before, after, 1))

    with pytest.raises(InstrumentFaults) as caught:
        read_instrument(definition)

    assert fault in str(caught.value)


def test_the_instrument_of_imported_answers_is_found_again(installation, tmp_path: Path):
    file = tmp_path / "answers.csv"
    items = ",".join(f"ST24Q{number:02d}" for number in range(1, 12))
    file.write_text(f"{items},country\n{','.join('1234123412'[:10])},4,here\n")
    wanted = commands.Wanted(instrument_file=joy_of_reading(tmp_path), groups=("country=nation",))

    set_id = commands.import_responses(installation, file, wanted, write=lambda _: None, tell=lambda _: None)

    with installation.transaction() as tx:
        kept = tx.db.get_one(ResponseSet, set_id)
        assert kept.groups == {"nation": ["here"]}
        assert instrument_of(tx, None, "joy-of-reading", "2009").digest == kept.instrument_digest


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (commands.Wanted(), "Say which instrument"),
        (commands.Wanted(instrument="nothing"), "nothing"),
        (commands.Wanted(instrument="phq-8", items=("phq1",)), "write COLUMN=NAME"),
        (commands.Wanted(instrument="phq-8", programme="Mars"), 'No programmes are called "Mars"'),
        (commands.Wanted(instrument="phq-8", instrument_file=Path("/nowhere/instrument.toml")), "no such file"),
    ],
)
def test_a_command_line_that_cannot_be_followed_says_why(installation, tmp_path, wanted, message):
    file = tmp_path / "answers.csv"
    file.write_text(",".join(f"phq{n}" for n in range(1, 9)) + "\n" + ",".join("01230123") + "\n")

    with pytest.raises(AssessError, match=message):
        commands.import_responses(installation, file, wanted, write=lambda _: None, tell=lambda _: None)


def test_columns_are_named_on_the_command_line_by_item_or_by_its_place(installation, tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text(",".join(f"D{n}" for n in range(1, 9)) + "\n" + ",".join("01230123") + "\n")
    items = ("D1=1", "D2=phq2", *(f"D{n}={n}" for n in range(3, 9)))
    printed: list[str] = []

    commands.import_responses(
        installation,
        file,
        commands.Wanted(instrument="phq-8/1", items=items),
        write=printed.append,
        tell=lambda _: None,
    )

    assert printed[0] == "1 people, 0 of them without any answer; 8 items of phq-8 1"
