"""Loading and linting: what a good folder becomes, and the message that each kind of fault gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from assess.instruments.load import Fault, load_folder, load_path
from tests.assess.instruments.demo_files import ARABIC, ENGLISH, INSTRUMENT, write_demo


def faults_after(tmp_path: Path, *changes: tuple[str, str], **kwargs: object) -> list[str]:
    instruments, faults = load_folder(write_demo(tmp_path, *changes, **kwargs))  # type: ignore[arg-type]

    assert not instruments
    return [str(fault) for fault in faults]


def test_a_good_folder_becomes_an_instrument(tmp_path):
    instruments, faults = load_folder(write_demo(tmp_path))

    assert faults == ()
    (demo,) = instruments
    assert [item.id for item in demo.items] == ["d1", "d2", "d3", "d4", "d5"]
    assert demo.scale("liking").reversed_items == ("d3", "d4")
    assert demo.scale("liking").missing.both_directions
    assert demo.options_of("d1").codes == (1, 2, 3, 4, 5)
    assert not demo.item("d5").scored
    assert demo.item("d2").sensitive


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('version = "1"', 'version = "1'), "instrument.toml: not valid TOML: "),
        (("ages = [18]", "ages = [18]\nage = 18"), "instrument.toml: age: unknown key"),
        (('citation = "Nobody (2026)."\n', ""), "instrument.toml: citation: missing"),
        (("minutes = [1, 2]", "minutes = [2, 1]"), "instrument.toml: minutes: the first number must not be below 0"),
        (
            ("minutes = [1, 2]", 'minutes = ["1", 2]'),
            "instrument.toml: minutes number 1: input should be a valid integer",
        ),
        (
            ('kind = "self-report"', 'kind = "exam"'),
            "instrument.toml: kind: input should be 'self-report' or 'observer'",
        ),
        (
            ('contexts = ["coaching"]', 'contexts = ["selection"]'),
            "instrument.toml: contexts number 1: input should be",
        ),
        (('{ id = "d3" }', '{ id = "d1" }'), 'instrument.toml: items: "d1" stands there 2 times'),
        (
            ('{ id = "d3" }', '{ id = "d3", response_scale = "agree7" }'),
            'instrument.toml: item "d3": no response scale named "agree7"',
        ),
        (('{ id = "d3" }', '{ id = "d3", hidden = true }'), 'instrument.toml: items "d3" hidden: unknown key'),
        (("d4 = -1 }", "d9 = -1 }"), 'instrument.toml: scale "liking": no item named "d9"'),
        (("d4 = -1 }", "d4 = -2 }"), 'instrument.toml: scale "liking": key of item "d4" is -2: it must be 1 or -1'),
        (
            ("d4 = -1 }", "d4 = -1, d5 = 1 }"),
            'instrument.toml: item "d5": says scored = false but a scale has a key for it',
        ),
        ((", d4 = -1 }", " }"), 'instrument.toml: item "d4": no scale scores it'),
        (("range = [4, 20]", "range = [0, 20]"), 'scale "liking": range is [0, 20], its items allow [4, 20]'),
        (("min_answered = 3", "min_answered = 5"), 'scale "liking": min_answered is 5 of only 4 items'),
        (("min_answered = 3", "min_answered = 2"), 'scale "liking": min_answered is 2: the house rule asks for 3'),
        (("lower = 12", "lower = 13"), 'scale "liking": gap between bands "little" (11) and "much" (13)'),
        (("lower = 12", "lower = 11"), 'scale "liking": bands "little" and "much" overlap at 11'),
        (("lower = 4, upper = 11", "lower = 5, upper = 11"), 'scale "liking": bands begin at 5, the scale at 4'),
        (("upper = 20", "upper = 19"), 'scale "liking": bands end at 19, the scale at 20'),
        (('bands_source = "tests"\n', ""), 'scale "liking": bands need bands_source'),
        (
            ('{ code = 2, id = "rather-no" }', '{ code = 1, id = "rather-no" }'),
            'response scale "agree5": codes must rise',
        ),
        (
            ('{ code = 2, id = "rather-no" }', '{ code = 101, id = "rather-no" }'),
            'response scale "agree5": codes must lie between -100 and 100',
        ),
        (("values = { liking", "values = { loving"), 'evidence number 1: no scale named "loving"'),
        (("values = { liking = 0.8 }", ""), "evidence number 1: give values or a note"),
        (("[12.5, 3.5]", "[12.5, 0]"), 'norms "women of 20 to 40": every standard deviation must be above 0'),
        (("figures = { liking", "figures = { loving"), 'norms "women of 20 to 40": no scale named "loving"'),
        (('item = "d2"', 'item = "d7"'), 'safety rule number 1: no item named "d7"'),
        (("at_least = 4", "at_least = 6"), 'safety rule number 1: at_least is 6, which is no answer of item "d2"'),
        (("3 = 8 }", "7 = 8 }"), 'careless rule number 1: limits name "7", which is no answer code'),
        (
            ('{ id = "d5", scored = false }', '{ id = "d5", scored = false, left_out = true }'),
            "left_out_reason: missing",
        ),
        (('id = "demo-scale"', 'id = "demo"'), 'instrument.toml: id: "demo" stands in a folder named "demo-scale"'),
        (('source_language = "en"', 'source_language = "it"'), 'source_language: "text.it.toml" is missing'),
        (('d4 = "I look away."\n', ""), 'text.en.toml: items: no wording for "d4"'),
        (('d4 = "I look away."', 'd6 = "I look away."'), 'text.en.toml: items: "d6" does not exist in instrument.toml'),
        (('d4 = "I look away."', 'd4 = "Showing bores me."'), '2 items share the wording "Showing bores me."'),
        (('both = "Both"\n', ""), 'text.en.toml: options agree5: no wording for "both"'),
        (('both = "Both"', 'both = "Yes"'), "text.en.toml: options agree5: two options share one wording"),
        (('options_source = "tests"\n', ""), "text.en.toml: options_source: missing: an answerable language needs it"),
        (('much = "Much"\n', ""), 'text.en.toml: bands liking: no wording for "much"'),
        (('tastes = "Tastes"\n', ""), 'text.en.toml: groups: no wording for "tastes"'),
        (('care = "Take care."\n', ""), 'text.en.toml: safety: no wording for "care"'),
        (('locale = "en"', 'locale = "fr"'), 'text.en.toml: locale: "fr" stands in a file named "text.en.toml"'),
        (("reportable = true", "reportable = false"), 'source_language: "en" must be answerable and reportable'),
        (('state = "validated"', 'state = "machine"'), "text.en.toml: state: input should be 'validated'"),
    ],
)
def test_each_fault_says_file_key_and_reason(tmp_path, change, message):
    faults = faults_after(tmp_path, change)

    assert any(fault.startswith("instruments/demo-scale/1/") and message in fault for fault in faults), faults


def test_all_faults_of_all_files_are_listed_at_once(tmp_path):
    faults = faults_after(
        tmp_path, ("at_least = 4", "at_least = 6"), ('both = "Both"\n', ""), ("d4 = -1 }", "d4 = 3 }")
    )

    assert [fault.split(": ")[0].rsplit("/", 1)[1] for fault in faults] == [
        "instrument.toml",
        "instrument.toml",
        "text.en.toml",
    ]


def test_a_fault_in_one_instrument_leaves_the_other_readable(tmp_path):
    write_demo(tmp_path)
    other = INSTRUMENT.replace('"demo-scale"', '"other"').replace("min_answered = 3", "min_answered = 1")
    folder = write_demo(tmp_path, instrument=other, id_folder="other")

    instruments, faults = load_folder(folder)

    assert [instrument.id for instrument in instruments] == ["demo-scale"]
    assert [fault.file for fault in faults] == ["instruments/other/1/instrument.toml"]


def test_an_unknown_file_a_missing_definition_and_wrong_bytes_are_faults(tmp_path):
    folder = write_demo(tmp_path)
    version = folder / "demo-scale" / "1"
    (version / "notes.md").write_text("hello")
    (version / "instrument.toml").unlink()
    (version / "text.en.toml").write_bytes(b'locale = "\xff"')

    _, faults = load_folder(folder)

    assert [(fault.file.rsplit("/", 1)[1], fault.reason.split(":")[0]) for fault in faults] == [
        ("instrument.toml", "missing"),
        ("notes.md", "unknown file"),
        ("text.en.toml", "not UTF-8 text (byte 10)"),
    ]


def test_a_missing_folder_is_a_fault(tmp_path):
    assert load_folder(tmp_path / "none") == ((), (Fault(str(tmp_path / "none"), "", "no such folder"),))


def test_a_scale_of_facets_gathers_their_items_and_refuses_shared_or_unknown_ones(tmp_path):
    facets = """
[[scales]]
id = "half"
range = [2, 10]
min_answered = 2
keys = { d1 = 1, d3 = -1 }

[[scales]]
id = "whole"
range = [6, 30]
min_answered = 5
facets = ["liking", "half", "none"]
"""
    faults = faults_after(tmp_path, instrument=INSTRUMENT.replace("[[evidence]]", facets + "\n[[evidence]]", 1))

    assert any('scale "whole": an item stands in more than one of its facets' in fault for fault in faults)
    assert any('scale "whole": no scale named "none"' in fault for fault in faults)


def test_a_translation_names_the_wording_it_was_made_from_and_becomes_stale_with_it(tmp_path):
    folder = write_demo(tmp_path, texts=(("en", ENGLISH), ("ar", ARABIC)))
    (demo,), _ = load_folder(folder)
    assert demo.is_stale("ar")

    digest = demo.language("en").wording_digest
    path = folder / "demo-scale" / "1" / "text.ar.toml"
    path.write_text(ARABIC.replace("0" * 64, digest), encoding="utf-8")
    (demo,), _ = load_folder(folder)

    assert not demo.is_stale("ar")
    assert demo.language("ar").direction == "rtl"


def test_a_report_only_language_words_scales_but_no_questions(tmp_path):
    report = ENGLISH.replace('locale = "en"', 'locale = "fr"').replace("answerable = true", "answerable = false")
    faults = faults_after(tmp_path, texts=(("en", ENGLISH), ("fr", report)))
    assert faults == ["instruments/demo-scale/1/text.fr.toml: answerable: is false, but items or options are worded"]

    start, end = report.index("[items]"), report.index("[scales.liking]")
    path = tmp_path / "instruments" / "demo-scale" / "1" / "text.fr.toml"
    path.write_text(report[:start] + report[end:], encoding="utf-8")
    (demo,), none = load_folder(tmp_path / "instruments")

    assert none == ()
    assert demo.answerable_locales == ("en",)
    assert demo.report_language("fr-CA").locale == "fr"
    assert demo.report_language("ja").locale == "en"


def test_a_translation_without_items_for_all_questions_is_refused(tmp_path):
    arabic = ARABIC.replace('d5 = "خمسة"\n', "")

    faults = faults_after(tmp_path, texts=(("en", ENGLISH), ("ar", arabic)))

    assert faults == ['instruments/demo-scale/1/text.ar.toml: items: no wording for "d5"']


def test_left_out_items_keep_wording_and_key_but_are_neither_shown_nor_scored(tmp_path):
    definition = (
        INSTRUMENT.replace('{ id = "d5", scored = false }', '{ id = "d5", left_out = true }')
        .replace("items_per_page = 2", 'items_per_page = 2\nleft_out_reason = "Too private."')
        .replace(
            "[[evidence]]",
            '[[scales]]\nid = "past"\nrange = [1, 5]\nmin_answered = 1\nleft_out = true\nkeys = { d5 = 1 }\n'
            "\n[[evidence]]",
            1,
        )
    )

    (demo,), faults = load_folder(write_demo(tmp_path, instrument=definition))

    assert faults == ()
    assert "d5" not in {item.id for item in demo.items}
    assert [item.id for item in demo.left_out_items] == ["d5"]
    assert [scale.id for scale in demo.scales] == ["liking"]
    assert [scale.id for scale in demo.left_out_scales] == ["past"]
    assert demo.left_out_reason == "Too private."


def test_a_scale_that_is_scored_cannot_use_a_left_out_item(tmp_path):
    faults = faults_after(
        tmp_path,
        ('{ id = "d4" }', '{ id = "d4", left_out = true }'),
        ("items_per_page = 2", 'items_per_page = 2\nleft_out_reason = "Too private."'),
    )

    assert faults == [
        'instruments/demo-scale/1/instrument.toml: scale "liking": scores item "d4", which is left out: '
        "leave the scale out as well"
    ]


def test_the_digest_changes_with_any_byte_of_any_file(tmp_path):
    (first,), _ = load_folder(write_demo(tmp_path / "a"))
    (same,), _ = load_folder(write_demo(tmp_path / "b"))
    (other,), _ = load_folder(write_demo(tmp_path / "c", ("Take care.", "Take care!")))

    assert first.digest == same.digest
    assert first.digest != other.digest


def test_one_version_folder_can_be_read_alone(tmp_path):
    folder = write_demo(tmp_path)

    (demo,), faults = load_path(folder / "demo-scale" / "1")

    assert (demo.id, faults) == ("demo-scale", ())
