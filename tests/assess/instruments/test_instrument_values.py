"""What the values of an instrument answer about themselves, and the catalogue that holds them."""

from __future__ import annotations

import pytest

from assess.errors import UnknownInstrument
from assess.instruments.catalogue import Catalogue, InstrumentFaults, load_catalogue, version_order
from assess.instruments.load import load_folder
from assess.instruments.norms import TScores
from assess.instruments.rules import min_answered_by_house_rule
from tests.assess.instruments.demo_files import write_demo


def test_the_house_rule_asks_for_three_quarters_and_for_both_items_of_a_pair():
    asked = [min_answered_by_house_rule(n) for n in (1, 2, 3, 4, 5, 6, 7, 9, 10)]

    assert asked == [1, 2, 3, 3, 4, 5, 6, 7, 8]


def test_a_norm_group_covers_its_own_sex_and_ages_only(tmp_path):
    (demo,), _ = load_folder(write_demo(tmp_path))
    (norm,) = demo.norms

    assert norm.covers(sex="female", age=20)
    assert norm.covers(sex="female", age=40)
    assert not norm.covers(sex="female", age=41)
    assert not norm.covers(sex="female", age=None)
    assert not norm.covers(sex="male", age=30)
    assert not norm.covers(sex=None, age=30)


def test_norms_stand_in_the_evidence_as_well(tmp_path):
    (demo,), _ = load_folder(write_demo(tmp_path))

    figures = {(e.statistic, e.scale): e.value for e in demo.evidence}

    assert figures == {("alpha", "liking"): 0.8, ("norm_mean", "liking"): 12.5, ("norm_sd", "liking"): 3.5}


def test_percentiles_follow_the_polynomial_between_its_ends_and_are_clipped_beyond():
    scores = TScores(45, 55, (10.0, 0.5, 0.01), 27, 73, "tests")

    assert scores.percentile(50) == pytest.approx(10 + 25 + 25)
    assert scores.percentile(72.9) == 99, "the polynomial gives 99.6"
    assert scores.percentile(26.9) == 1
    assert scores.percentile(73.1) == 99


def test_an_item_never_falls_back_to_another_language(tmp_path):
    (demo,), _ = load_folder(write_demo(tmp_path))

    with pytest.raises(KeyError):
        demo.language("en-GB")


def test_an_instrument_needs_a_duty_roster_when_one_of_its_safety_rules_does(tmp_path):
    (calm,), _ = load_folder(write_demo(tmp_path / "a"))
    (urgent,), _ = load_folder(
        write_demo(tmp_path / "b", ("without_duty_roster = true", "without_duty_roster = false"))
    )

    assert not calm.needs_duty_roster
    assert urgent.needs_duty_roster


def test_the_catalogue_finds_versions_and_names_what_is_not_there(tmp_path):
    write_demo(tmp_path, ('version = "1"', 'version = "9"'), version_folder="9")
    folder = write_demo(tmp_path, ('version = "1"', 'version = "10"'), version_folder="10")
    catalogue = load_catalogue(folder)

    assert catalogue.get("demo-scale", "9").version == "9"
    assert catalogue.latest("demo-scale").version == "10"
    assert [instrument.version for instrument in catalogue.all()] == ["9", "10"]
    with pytest.raises(UnknownInstrument, match='No instrument "demo-scale" version "2" is installed'):
        catalogue.get("demo-scale", "2")
    with pytest.raises(UnknownInstrument, match='No instrument "absent" is installed'):
        catalogue.latest("absent")


def test_versions_are_ordered_by_number_before_name():
    assert sorted(["10", "2", "2-draft", "1"], key=version_order) == ["1", "2", "2-draft", "10"]


def test_a_catalogue_with_a_fault_does_not_open(tmp_path):
    folder = write_demo(tmp_path, ("at_least = 4", "at_least = 6"), ('both = "Both"\n', ""))

    with pytest.raises(InstrumentFaults) as raised:
        load_catalogue(folder)

    assert len(raised.value.faults) == 2
    assert str(raised.value).count("\n") == 1


def test_an_empty_catalogue_is_a_catalogue():
    assert Catalogue(()).all() == ()
