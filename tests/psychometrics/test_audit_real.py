"""The audit on real answers whose findings are known from an independent analysis in R."""

import csv
import gzip

import numpy as np
import pytest

from psychometrics.audit import audit
from tests.reference.reference_cases import SHARED

DATA = SHARED / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="real answers stand beside the repository, in ../shared/data")


def table(name):
    with gzip.open(DATA / name, "rt", newline="") as file:
        rows = list(csv.reader(file))
    return dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))


def answers(source, columns):
    return np.array([[float(x) if x else np.nan for x in source[column]] for column in columns]).T


@pytest.fixture(scope="module")
def phq8():
    source = table("phq9_nhanes_2017_2018.csv.gz")
    names = [f"DPQ0{i}0" for i in range(1, 9)]
    return audit(
        answers(source, names),
        item_names=names,
        groupings={name: source[name] for name in ("interview_language", "gender", "ethnicity")},
        minimum_code=0,
        maximum_code=3,
        cuts=(10,),
        rng=np.random.default_rng(0),
    )


@pytest.fixture(scope="module")
def joy_of_reading():
    source = table("pisa2009_north_america.csv.gz")
    names = [f"ST24Q{i:02}" for i in range(1, 12)]
    responses = answers(source, names)
    reversed_items = [0, 3, 5, 7, 8]
    responses[:, reversed_items] = 5 - responses[:, reversed_items]
    return audit(
        responses,
        item_names=names,
        groupings={"country": source["country"]},
        reference={"country": "United States"},
        minimum_code=1,
        maximum_code=4,
        rng=np.random.default_rng(0),
    )


def every_impact(pair):
    return pair.impact, pair.impact_second_anchors, pair.impact_exchanged, pair.impact_exchanged_second_anchors


def test_alpha_of_phq8_is_the_published_one_in_both_languages(phq8):
    language = {group.label: round(group.alpha_complete.estimate, 3) for group in phq8.groupings[0].groups}

    assert (phq8.whole.alpha_complete.n, round(phq8.whole.alpha_complete.estimate, 3)) == (5070, 0.833)
    assert language == {"English": 0.832, "Spanish": 0.841}


def test_no_item_of_phq8_differs_from_the_largest_group_and_scores_compare_in_every_pair(phq8):
    for grouping in phq8.groupings:
        assert grouping.pairs
        for pair in grouping.pairs:
            assert pair.anchors_agree
            if pair.reference == grouping.reference:
                assert {item.level for item in pair.items} == {"negligible"}
            for impact in every_impact(pair):
                assert max(abs(impact.signed_sd.value), impact.unsigned_sd.value) < 0.1


def test_joy_of_reading_differs_in_items_that_cancel(joy_of_reading):
    (mexico,) = (pair for pair in joy_of_reading.groupings[0].pairs if pair.focal == "Mexico")
    items = {item.name: item for item in mexico.items}

    assert {item.name for item in mexico.items[:2]} == {"ST24Q07", "ST24Q08"}
    for name, published in (("ST24Q07", 0.039), ("ST24Q08", 0.036)):
        assert items[name].delta_r2_nagelkerke == pytest.approx(published, abs=0.006)
        assert items[name].level == "large"
        assert items[name].direction == "lower"
    for name in ("ST24Q02", "ST24Q05", "ST24Q06"):
        assert items[name].direction == "higher"
    assert mexico.anchors_agree
    for impact in every_impact(mexico):
        assert max(abs(impact.signed_sd.value), impact.unsigned_sd.value) < 0.1
        assert impact.scale_sd == pytest.approx(6.8, abs=0.1)
