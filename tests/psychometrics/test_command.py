"""The command for a researcher with a file: the report, the page, the record, and every fault told with its remedy."""

import csv
import gzip
import hashlib
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics import cronbach_alpha
from psychometrics.report.command import main
from psychometrics.report.scales import scale_of
from tests.psychometrics.simulation import simulate

ITEMS = [f"q{number}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def made():
    """Answers 1 to 5 of two groups of 150, a few gaps; q1 and q4 are stored reversed."""
    found = simulate(np.random.default_rng(4), n=(150, 150), n_items=6, skipped=(0.02, 0.05))
    return found.responses + 1


def write(path, responses, columns=None, *, reverse=("q1", "q4")):
    stored = np.array(responses)
    for item in reverse:
        stored[:, ITEMS.index(item)] = 6 - stored[:, ITEMS.index(item)]
    n = len(stored)
    columns = {"country": ["Canada", "Mexico"] * (n // 2), **(columns or {})}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *ITEMS, *columns])
        for row in range(n):
            answers = ["" if np.isnan(x) else f"{x:.0f}" for x in stored[row]]
            writer.writerow([row, *answers, *(values[row] for values in columns.values())])
    return path


@pytest.fixture(scope="module")
def answers(made, tmp_path_factory):
    return write(tmp_path_factory.mktemp("answers") / "answers.csv", made)


SCALE = "--scale=joy=-q1,q2:q3,-q4,q5,q6"


def run(capsys, *arguments):
    code = main(["audit", *map(str, arguments), "--quiet"])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_report_begins_with_verdicts_and_fits_a_terminal(answers, capsys):
    code, out, err = run(capsys, answers, SCALE, "--group", "country")

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["Audit of answers.csv", "300 people, 1 scale, compared by country"]
    assert "In short" in lines[3]
    assert any("reliability" in line for line in lines[5:9])
    assert any("country: Mexico against Canada" in line for line in lines[5:9])
    assert max(map(len, lines)) <= 96


def test_the_record_holds_the_figures_of_the_package_at_full_precision(answers, made, tmp_path, capsys):
    file = tmp_path / "all.json"

    run(capsys, answers, SCALE, "--group", "country", "--json", file)

    found = json.loads(file.read_text())
    (scale,) = found["scales"]
    assert scale["audit"]["whole"]["alpha"]["estimate"] == cronbach_alpha(made).estimate
    assert scale["scale"]["keys"] == [-1, 1, 1, -1, 1, 1]
    assert scale["share_missing"] == pytest.approx(np.isnan(made).mean())
    assert found["data"]["sha256"] == hashlib.sha256(answers.read_bytes()).hexdigest()
    assert found["made"]["seed"] == 1
    assert set(found["made"]["versions"]) == {"python", "assess", "numpy", "scipy"}
    assert {verdict["level"] for verdict in scale["verdicts"]} <= {"good", "care", "unknown", "bad"}


def test_another_engine_gives_the_same_record(answers, tmp_path, capsys):
    records = []
    for engine in ("serial", "2"):
        file = tmp_path / f"{engine}.json"
        run(capsys, answers, SCALE, "--scale=short=q5,q6", "--group", "country", "--engine", engine, "--json", file)
        records.append(json.loads(file.read_text())["scales"])

    assert records[0] == records[1]


class Page(HTMLParser):
    """Collects what the checks below ask about."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.pictures, self.within_figure = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == "svg":
            self.pictures.append((attributes, list(self.open)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def test_the_page_needs_nothing_else_and_every_picture_has_its_values(answers, tmp_path, capsys):
    file = tmp_path / "report.html"

    run(capsys, answers, SCALE, "--group", "country", "--html", file)

    text = file.read_text(encoding="utf-8")
    page = Page(text)
    names = [tag for tag, _ in page.tags]
    assert "script" not in names
    assert not {"link", "img", "iframe"} & set(names)
    assert "http" not in text
    assert page.tags[0] == ("html", {"lang": "en", "dir": "ltr"})
    assert page.open == []
    assert names.count("figure") == names.count("details") - names.count("h3") + 3  # one more per pair: all figures
    for attributes, around in page.pictures:
        # A picture says what it shows, or stands in a table or beside text that says it.
        assert attributes.get("aria-label") or attributes["aria-hidden"] == "true"
        assert not attributes.get("aria-label") or "figure" in around
    targets = {attributes["href"][1:] for tag, attributes in page.tags if tag == "a"}
    assert targets <= {attributes.get("id") for _, attributes in page.tags}


def test_labels_of_any_script_are_shown_as_text(made, tmp_path, capsys):
    labels = ["<b>bold</b>", "עברית"] * 150
    file, page = write(tmp_path / "a.csv", made, {"language": labels}), tmp_path / "report.html"

    code, out, _ = run(capsys, file, SCALE, "--group", "language", "--html", page)

    assert code == 0
    assert "עברית" in out
    assert "<b>bold</b>" not in page.read_text(encoding="utf-8")
    assert "&lt;b&gt;bold&lt;/b&gt;" in page.read_text(encoding="utf-8")


def test_an_instrument_by_name_brings_keys_codes_and_wording(tmp_path, capsys):
    rng = np.random.default_rng(1)
    answers = rng.integers(1, 6, (120, 10))
    names = [f"B{number:02d}" for number in range(1, 50, 5)]  # the scale of extraversion, in capitals
    lines = [",".join(names), *(",".join(map(str, row)) for row in answers)]
    (tmp_path / "five.csv").write_text("\n".join(lines))
    record = tmp_path / "all.json"

    code, out, _ = run(capsys, tmp_path / "five.csv", "--instrument", "ipip-50", "--json", record)

    (scale,) = json.loads(record.read_text())["scales"]
    assert code == 0
    assert "Scale A is left out: no column for b02, b07" in out
    assert scale["scale"]["keys"] == [1, -1] * 5
    assert scale["scale"]["codes"] == [1, 5]
    assert scale["scale"]["wording"]["b06"] == "Don't talk a lot."
    assert f"{scale['scale']['title']} (E)" in out
    assert scale["scale"]["title"].startswith("Extra")
    assert scale["audit"]["items"]["mean"][1] == pytest.approx(6 - answers[:, 1].mean())


def test_a_mapping_file_names_columns_groups_bands_and_what_means_no_answer(made, tmp_path, capsys):
    ages = [18 + row % 60 for row in range(300)]
    file = write(tmp_path / "a.csv", np.where(np.isnan(made), 9, made), {"age": ages}, reverse=())
    (tmp_path / "columns.toml").write_text(
        'missing = ["9"]\ncodes = [1, 5]\n[scales]\njoy = ["q1:q3", "-q4", "q5", "q6"]\n[groups]\n'
        'age = { column = "age", bounds = [40] }\n'
        'land = { column = "country", labels = { Canada = "CA", Mexico = "MX" } }\n'
    )

    code, out, _ = run(capsys, file, "--mapping", tmp_path / "columns.toml", "--reference", "land=MX")

    assert code == 0
    assert "compared by age, land" in out
    assert "land: CA against MX" in out
    assert "age: below 40 against 40 and above" in out
    assert "Besides an empty cell, 9 was read as no answer." in out


def test_compressed_files_semicolons_and_byte_order_marks_are_read(answers, tmp_path, capsys):
    text = "\ufeff" + answers.read_text().replace(",", ";")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))

    assert run(capsys, tmp_path / "a.csv.gz", SCALE)[0] == 0


FAULTS = {
    "no file": (["nowhere.csv", SCALE], "nowhere.csv: no such file"),
    "no scale": (["answers.csv"], "no scale: it is not said which columns belong together\n    -> add --instrument"),
    "unknown column": (["answers.csv", "--scale=joy=q1,Q22"], '--scale joy: no column "Q22" in the file\n    -> did'),
    "one item": (["answers.csv", "--scale=joy=q1"], 'scale "joy" has 1 column'),
    "twice": (["answers.csv", "--scale=joy=q1,q2,-q1"], 'column "q1" is named twice'),
    "no equals sign": (["answers.csv", "--scale=q1,q2"], "write NAME=column,column"),
    "unknown reversed": (["answers.csv", SCALE, "--reverse=q9"], "--reverse q9: no scale has this column"),
    "reverse alone": (["answers.csv", "--reverse=q1", "--instrument=ipip-50"], "--reverse: no --scale is given"),
    "codes": (["answers.csv", SCALE, "--codes=5-1"], "--codes 5-1: not a range of codes"),
    "outside": (["answers.csv", SCALE, "--codes=1-4"], 'column "q2": 5 is no answer of the scale joy, which'),
    "page and record in one": (["answers.csv", SCALE, "--html=a", "--json=a"], "--json a: --html names the same file"),
    "group": (["answers.csv", SCALE, "--group=land"], '--group land: no column "land" in the file'),
    "too many groups": (["answers.csv", SCALE, "--group=id"], "300 different values; groups are at most 30\n    ->"),
    "bounds": (["answers.csv", SCALE, "--group=id:x"], "bounds must be numbers"),
    "bands of words": (["answers.csv", SCALE, "--group=country:30"], 'column "country": "Canada" is not a number'),
    "reference": (["answers.csv", SCALE, "--group=country", "--reference=country=Peru"], "country=Peru: no such group"),
    "reference of nothing": (["answers.csv", SCALE, "--reference=country=Peru"], 'no --group "country"'),
    "not a number": (["answers.csv", "--scale=joy=q1,country"], '"Canada" is not a number'),
    "instrument": (["answers.csv", "--instrument=ipip-5"], "no such file or instrument\n    -> did you mean ipip-50"),
    "no column": (["answers.csv", "--instrument=gad-7"], 'no column "gad1" for item gad1'),
    "no instrument file": (["answers.csv", "--instrument=other.toml"], "other.toml: not an instrument file"),
    "mapping": (["answers.csv", "--mapping=other.toml"], 'other.toml: unknown key "surprise"'),
    "not TOML": (["answers.csv", "--mapping=answers.csv"], "answers.csv: not valid TOML"),
    "cut": (["answers.csv", SCALE, "--cut=sad=3"], "--cut sad: no such scale\n    -> there are: joy"),
    "cut without numbers": (["answers.csv", SCALE, "--cut=joy=many"], "--cut joy=many: not understood"),
    "no folder": (["answers.csv", SCALE, "--html=absent/a.html"], "--html absent/a.html: cannot be written"),
    "over the data": (["answers.csv", SCALE, "--json=answers.csv"], "this is the file of answers"),
    "engine": (["answers.csv", SCALE, "--engine=cloud"], "--engine cloud: not understood"),
    "cluster": (["answers.csv", SCALE, "--engine=nope://localhost:1"], "--engine nope://localhost:1: "),
    "uneven": (["uneven.csv", "--scale=s=a,b"], "uneven.csv, line 3: 3 cells, where the header names 2 columns"),
    "header only": (["header.csv", "--scale=s=a,b"], "no row below the header"),
    "empty": (["empty.csv", "--scale=s=a,b"], "empty.csv, line 1: the file is empty"),
    "binary": (["binary.csv", "--scale=s=a,b"], "binary.csv, line 1: not a text, but a binary file"),
    "two alike": (["alike.csv", "--scale=s=a,b"], 'alike.csv, line 1: two columns are named "a"'),
    "usual missing": (["gaps.csv", "--scale=s=a,b"], 'gaps.csv, lines 2, 3, column "b": "NA" is not a number'),
    "fraction": (["fraction.csv", "--scale=s=a,b"], 'line 2, column "a": 1.5 is not a whole number'),
    "nobody": (["nobody.csv", "--scale=s=a,b"], 'nobody.csv, column "b": no answer in any line'),
    "constant": (["constant.csv", "--scale=s=a,b"], "scale s: every answer is 2"),
    "no answers to choose from": (["years.csv", "--scale=s=a,b"], "scale s: answers go from 1 to 80: an audit is for"),
    "one group": (["group.csv", "--scale=s=a,b", "--group=g"], 'column "g": 1 group, so there is nothing to compare'),
}  # fmt: skip
FILES = {
    "other.toml": b"surprise = 1\n",
    "uneven.csv": b"a,b\n1,2\n1,2,3\n",
    "header.csv": b"a,b\n",
    "empty.csv": b"",
    "binary.csv": b"PK\x03\x04\0\0\xff\xfe",
    "alike.csv": b"a,b,a\n1,2,1\n",
    "gaps.csv": b"a,b\n1,NA\n2,NA\n3,1\n",
    "fraction.csv": b"a,b\n1.5,1\n2,2\n",
    "nobody.csv": b"a,b\n1,\n2,\n",
    "constant.csv": b"a,b\n2,2\n2,2\n2,2\n",
    "years.csv": b"a,b\n1,33\n2,80\n5,40\n",
    "group.csv": b"a,b,g\n1,2,x\n2,1,x\n1,1,x\n",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where_why_and_what_to_do(name, answers, tmp_path, capsys, monkeypatch):
    for file, content in FILES.items():
        (tmp_path / file).write_bytes(content)
    (tmp_path / "answers.csv").write_bytes(answers.read_bytes())
    instruments = Path("instruments").absolute()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "instruments").symlink_to(instruments)
    arguments, expected = FAULTS[name]

    code, out, err = run(capsys, *arguments)

    assert (code, out) == (2, "")
    assert expected in err


def test_all_faults_of_options_and_data_are_told_at_once(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("a,b,c\n1,2,NA\n7,x,1\n")

    code, _, err = run(capsys, tmp_path / "a.csv", "--scale=s=a,b,c,d", "--group=e", "--codes=1-5", "--cut=t=1")

    assert code == 2
    assert err.startswith("6 faults to mend:")
    for part in ('no column "d"', 'no column "e"', "--cut t", '"NA" is not', '"x" is not', "7 is no answer"):
        assert part in err


def test_small_groups_and_few_people_give_a_report_not_an_error(tmp_path, capsys):
    rng = np.random.default_rng(2)
    rows = [f"{a},{b},{c},{'xyz'[i % 3]}" for i, (a, b, c) in enumerate(rng.integers(0, 3, (9, 3)))]
    (tmp_path / "a.csv").write_text("a,b,c,g\n" + "\n".join(rows))

    code, out, _ = run(capsys, tmp_path / "a.csv", "--scale=s=a:c", "--group=g", "--html", tmp_path / "a.html")

    assert code == 0
    assert "Too few people to compare" in out
    assert "Only 9 people answered" in out


def test_the_module_runs_as_a_command_without_a_traceback(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-m", "psychometrics", "audit", "nowhere.csv", SCALE], capture_output=True, text=True
    )

    assert finished.returncode == 2
    assert finished.stderr.splitlines()[:2] == ["1 fault to mend:", "  nowhere.csv: no such file"]


@pytest.mark.parametrize("scale", [SCALE, "--scale=joy=q2,q3"])
def test_a_reader_who_stops_early_has_the_files_and_no_complaint(answers, tmp_path, scale):
    page, record = tmp_path / "a.html", tmp_path / "a.json"
    options = [answers, scale, "--group=country", "--quiet", "--html", page, "--json", record]
    line = [sys.executable, "-m", "psychometrics", "audit", *map(str, options)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        command.stdout.close()

        complaint = command.stderr.read()

    assert (command.returncode, complaint) == (0, b"")
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    assert json.loads(record.read_text(encoding="utf-8"))


@given(st.lists(st.sampled_from(ITEMS), min_size=2, unique=True), st.data())
def test_columns_keep_their_order_and_their_direction(columns, data):
    keys = data.draw(st.lists(st.sampled_from([-1, 1]), min_size=len(columns), max_size=len(columns)))
    entries = [f"{'-' if key < 0 else ''}{column}" for column, key in zip(columns, keys, strict=True)]

    scale, faults = scale_of("joy", entries, ITEMS, place="here")

    assert faults == []
    assert (scale.columns, scale.keys) == (tuple(columns), tuple(keys))
