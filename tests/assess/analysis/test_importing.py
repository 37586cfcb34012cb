"""A response file is checked line by line; all of it is taken, or nothing."""

from __future__ import annotations

import gzip
from array import array
from collections import defaultdict
from io import BytesIO

import pytest

from assess.analysis import importing
from assess.analysis.cells import NO_LABEL, NOT_ANSWERED, Codes, Labels
from assess.analysis.faults import CODES, words
from assess.analysis.importing import FaultyFile, Imported, read_header, read_responses
from assess.analysis.mapping import ColumnMapping, GroupColumn, MappingFault, guess_mapping, read_mapping
from assess.i18n import speaking
from assess.instruments.catalogue import load_catalogue
from assess.instruments.rules import Instrument
from assess.paths import INSTRUMENTS

ITEMS = [f"phq{number}" for number in range(1, 9)]
SAME_NAMES = ColumnMapping({item: item for item in ITEMS}, {"gender": GroupColumn("gender")})
HEADER = ",".join([*ITEMS, "gender"])


@pytest.fixture(scope="module")
def phq8() -> Instrument:
    return load_catalogue(INSTRUMENTS).latest("phq-8")


def read(text: str | bytes, phq8: Instrument, mapping: ColumnMapping = SAME_NAMES) -> Imported:
    content = text.encode() if isinstance(text, str) else text
    return read_responses(BytesIO(content), mapping, phq8)


def faults(text: str | bytes, phq8: Instrument, mapping: ColumnMapping = SAME_NAMES) -> FaultyFile:
    with pytest.raises(FaultyFile) as caught:
        read(text, phq8, mapping)
    return caught.value


def test_answers_and_groups_are_taken_as_they_stand(phq8):
    imported = read(f"{HEADER}\n0,1,2,3,0,1,2,3,woman\n3,3,3,3,3,3,3,3,man\n", phq8)

    assert list(array("b", imported.answers)) == [0, 1, 2, 3, 0, 1, 2, 3] + [3] * 8
    assert imported.groups == {"gender": ["woman", "man"]}
    assert list(imported.labels) == [0, 1]
    assert imported.n == 2


def test_an_empty_cell_is_not_answered_and_never_a_zero(phq8):
    imported = read(f"{HEADER}\n,1,2,3,0,1,2,3,\n,,,,,,,,man\n", phq8)

    assert array("b", imported.answers)[0] == NOT_ANSWERED
    assert imported.labels[0] == NO_LABEL
    assert imported.n_without_answer == 1


def test_nobody_may_stand_in_a_file_twice(phq8):
    mapping = ColumnMapping(SAME_NAMES.items, person="id")
    rows = ["a,0,1,2,3,0,1,2,3", "b,0,1,2,3,0,1,2,3", "a,0,1,2,3,0,1,2,3", ",0,1,2,3,0,1,2,3", ",0,1,2,3,0,1,2,3"]
    text = "\n".join([",".join(["id", *ITEMS]), *rows])

    (fault,) = faults(text, phq8, mapping).faults

    assert (fault.line, fault.column, fault.value) == (4, "id", "a")
    assert "line 2" in str(fault)


def test_a_column_that_says_who_is_who_is_guessed_and_has_to_exist(phq8):
    guess = guess_mapping(["Respondent_ID", *ITEMS], phq8)

    assert guess.person == "Respondent_ID"
    with pytest.raises(MappingFault, match='no column "who"'):
        read(f"{HEADER}\n0,1,2,3,0,1,2,3,woman\n", phq8, ColumnMapping(SAME_NAMES.items, person="who"))


def test_texts_named_in_the_mapping_are_not_answered(phq8):
    mapping = ColumnMapping(SAME_NAMES.items, SAME_NAMES.groups, missing=("NA",))

    imported = read(f"{HEADER}\nNA,1,2,3,0,1,2,3,NA\n", phq8, mapping)

    assert array("b", imported.answers)[0] == NOT_ANSWERED
    assert imported.labels[0] == NO_LABEL


def test_a_number_written_another_way_is_understood(phq8):
    imported = read(f"{HEADER}\n 1,2.0,2,3,0,1,2,3,man\n", phq8)

    assert list(array("b", imported.answers))[:2] == [1, 2]


@pytest.mark.parametrize("content", ["utf-8-sig", "gzip", "semicolon", "tab", "crlf", "quoted"])
def test_every_usual_form_of_csv_gives_the_same_answers(phq8, content):
    text = f"{HEADER}\n0,1,2,3,0,1,2,3,woman\n"
    forms = {
        "utf-8-sig": text.encode("utf-8-sig"),
        "gzip": gzip.compress(text.encode()),
        "semicolon": text.replace(",", ";").encode(),
        "tab": text.replace(",", "\t").encode(),
        "crlf": text.replace("\n", "\r\n").encode(),
        "quoted": text.replace("woman", '"woman"').encode(),
    }

    assert read(forms[content], phq8).digest == read(text, phq8).digest


def test_every_fault_is_listed_with_line_column_value_and_reason(phq8):
    error = faults(f"{HEADER}\n0,1,2,3,0,1,2,3,woman\n0,9,2,x,0,1,2,3,man\n\n0,1,2\n", phq8)

    assert [str(fault) for fault in error.faults] == [
        'line 3, column phq2: "9" is none of the answers 0, 1, 2, 3',
        'line 3, column phq4: "x" is none of the answers 0, 1, 2, 3',
        "line 5: has 3 cells, the header has 9",
    ]
    assert error.total == 3
    assert str(error).startswith("Nothing was imported: 3 faults")


def test_faults_are_told_in_the_language_of_the_reader(phq8):
    (fault,) = faults(f"{HEADER}\n0,9,2,3,0,1,2,3,woman\n", phq8).faults

    with speaking("fr"):
        assert str(fault) == "ligne 2, colonne phq2 : « 9 » ne fait pas partie des réponses 0, 1, 2, 3"


@pytest.mark.parametrize("code", CODES)
def test_every_fault_is_worded_and_translated(code):
    figures = defaultdict(lambda: 3)

    english = words(code, figures)
    with speaking("fr"):
        assert words(code, figures) != english


def test_many_faults_are_counted_but_not_all_listed(phq8):
    error = faults(f"{HEADER}\n" + "7,7,7,7,7,7,7,7,man\n" * 500, phq8)

    assert (error.total, len(error.faults)) == (4000, 100)
    assert "and 3900 more" in str(error)


def test_a_line_inside_quotes_is_counted_as_an_editor_counts(phq8):
    error = faults(f'{HEADER}\n0,1,2,3,0,1,2,3,"two\nlines"\n9,1,2,3,0,1,2,3,man\n', phq8)

    assert error.faults[0].line == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no header"),
        (f"{HEADER}\n".encode(), "no rows"),
        (f"{HEADER}\n0,1,2,3,0,1,2,3,\xff".encode("latin-1"), "not UTF-8"),
        (gzip.compress(f"{HEADER}\n".encode() * 1000)[:60], "damaged or cut off"),
        (b"x" * (2 << 20), "longer than a megabyte"),
        (f"{HEADER}\n0,1,2,3,0,1,2,3,wo\0man\n".encode(), "zero byte"),
        (f"{HEADER}\n0,1,2,3,0,1,2,3,{'w' * 81}\n".encode(), "at most 80 characters"),
        (f'{HEADER}\n0,1,2,3,0,1,2,3,"open'.encode(), "not CSV"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(phq8, content, reason):
    assert reason in str(faults(content, phq8))


@pytest.mark.parametrize("row", ["0,1,2,3,0,1,2,3,man\n", "\n"], ids=["answers", "blank"])
def test_more_rows_than_can_be_taken_are_refused_and_blank_ones_count(phq8, monkeypatch, row):
    monkeypatch.setattr(importing, "_MOST_ROWS", 10)
    one = "0,1,2,3,0,1,2,3,man\n"

    assert read(f"{HEADER}\n{one}{row * 9}", phq8).n > 0
    error = faults(f"{HEADER}\n{one}{row * 10}", phq8)

    assert "more than 10 rows: cut it up" in str(error)
    assert error.faults[0].line == 12


def test_a_small_compressed_file_that_unpacks_to_too_much_is_refused(phq8, monkeypatch):
    monkeypatch.setattr(importing, "_MOST_MEGABYTES", 1)
    packed = gzip.compress((HEADER + "\n" + "0,1,2,3,0,1,2,3,man\n" * 60_000).encode())

    assert len(packed) < 10_000
    assert "more than 1 megabytes of text" in str(faults(packed, phq8))


def test_a_header_that_never_ends_is_refused_early(phq8):
    endless = b'"a\n",' * 400_000
    stream = BytesIO(gzip.compress(endless))

    with pytest.raises(FaultyFile, match="never closed"):
        read_header(stream)


def test_only_so_many_spellings_are_remembered_and_all_are_understood():
    codes, labels = Codes((0, 1), ()), Labels({}, ())

    understood = {codes["1." + "0" * zeros] for zeros in range(3000)}
    grouped = {labels["man" + " " * spaces] for spaces in range(3000)}

    assert (understood, grouped) == ({1}, {0})
    assert max(len(codes), len(labels)) <= 1000


def test_a_column_of_ages_is_no_grouping(phq8):
    rows = "".join(f"0,1,2,3,0,1,2,3,{age}\n" for age in range(18, 60))

    error = faults(HEADER + "\n" + rows, phq8)

    assert "put numbers such as ages into bands first" in str(error)
    assert error.faults[0].line == 32


def test_labels_can_be_renamed_and_then_no_other_may_occur(phq8):
    groups = {"language": GroupColumn("gender", {"English": "en", "Spanish": "es"})}
    mapping = ColumnMapping(SAME_NAMES.items, groups)

    imported = read(f"{HEADER}\n0,1,2,3,0,1,2,3,Spanish\n", phq8, mapping)
    error = faults(f"{HEADER}\n0,1,2,3,0,1,2,3,French\n", phq8, mapping)

    assert (imported.groups, list(imported.labels)) == ({"language": ["en", "es"]}, [1])
    assert "is no label that the mapping names" in str(error)


def test_the_digest_follows_every_answer_and_label(phq8):
    rows = ["0,1,2,3,0,1,2,3,woman", "0,1,2,3,0,1,2,2,woman", "0,1,2,3,0,1,2,3,man", "0,1,2,3,0,1,2,,woman"]

    digests = {read(f"{HEADER}\n{row}\n", phq8).digest for row in rows}

    assert len(digests) == 4


def test_progress_grows_to_the_end(phq8):
    told: list[float] = []
    content = (f"{HEADER}\n" + "0,1,2,3,0,1,2,3,woman\n" * 20_000).encode()

    read_responses(BytesIO(content), SAME_NAMES, phq8, progress=told.append)

    assert told == sorted(told)
    assert len(told) >= 4


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        (ColumnMapping({"phq1": "phq1"}), "no scale of phq-8 is complete; no column is given for phq2"),
        (ColumnMapping(SAME_NAMES.items | {"phq9": "phq1"}), 'no item named "phq9"'),
        (ColumnMapping(SAME_NAMES.items | {"phq1": "nowhere"}), 'the file has no column "nowhere"'),
        (ColumnMapping(SAME_NAMES.items | {"phq1": "phq2"}), 'column "phq2" stands for two items'),
        (ColumnMapping(SAME_NAMES.items, {"age": GroupColumn("age")}), 'the file has no column "age"'),
        (ColumnMapping(SAME_NAMES.items, language="xx"), 'language "xx"'),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_read(phq8, mapping, reason):
    with pytest.raises(MappingFault, match=reason):
        read(f"{HEADER}\n0,1,2,3,0,1,2,3,woman\n", phq8, mapping)


def test_a_mapping_file_says_items_groups_labels_and_language():
    mapping = read_mapping(
        b'language = "en"\nmissing = ["NA"]\n[items]\nphq1 = "DPQ010"\n[groups]\ngender = "sex"\n'
        b'language = { column = "spoken", labels = { English = "en" } }\n'
    )

    assert mapping.items == {"phq1": "DPQ010"}
    assert mapping.groups == {"gender": GroupColumn("sex"), "language": GroupColumn("spoken", {"English": "en"})}
    assert (mapping.language, mapping.missing) == ("en", ("NA",))


@pytest.mark.parametrize(
    "content", [b"items = 3", b"[items]\nphq1 = 1", b"[groups]\ngender = 1", b"[grops]", b"missing = 9", b"= ="]
)
def test_a_mapping_file_with_a_fault_is_refused_in_words(content):
    with pytest.raises(MappingFault, match="mapping"):
        read_mapping(content)


def test_columns_are_guessed_by_name_else_by_a_family_of_the_right_size(phq8):
    by_name = guess_mapping(["ID", "PHQ_1", *[i.upper() for i in ITEMS[1:]], "Gender"], phq8)
    by_family = guess_mapping(["id", *[f"DPQ0{n}0" for n in range(1, 9)], "age"], phq8)
    nothing = guess_mapping(["id", *[f"DPQ0{n}0" for n in range(1, 10)]], phq8)

    assert by_name.items["phq1"] == "PHQ_1"
    assert list(by_name.groups) == ["Gender"]
    assert by_family.items["phq8"] == "DPQ080"
    assert nothing.items == {}


def test_the_header_can_be_read_alone():
    assert read_header(BytesIO(b" a ,b\n1,2\n")) == ["a", "b"]
