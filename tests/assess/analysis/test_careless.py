"""Signs of careless answering in the evidence of an audit."""

from __future__ import annotations

import numpy as np
import pytest

from assess.analysis.careless import careless_by_group
from assess.analysis.matrices import ScaleAnswers
from assess.instruments.catalogue import load_catalogue
from assess.paths import INSTRUMENTS

CATALOGUE = load_catalogue(INSTRUMENTS)


def answers_to(name, given, groups):
    """Return scale by scale what people who gave these codes answered (people × items of the questionnaire)."""
    instrument = CATALOGUE.latest(name)
    place = {item.id: at for at, item in enumerate(instrument.items)}
    found = []
    for scale in instrument.scales:
        options = instrument.options_of(scale.item_ids[0])
        columns = given[:, [place[item] for item in scale.item_ids]].astype(float)
        turned = [keyed.key == -1 for keyed in scale.items]
        columns[:, turned] = options.minimum + options.maximum - columns[:, turned]
        found.append(ScaleAnswers(scale, columns, np.ones(columns.shape, dtype=bool), {"language": np.array(groups)},
                                  "", "", options.minimum, options.maximum))  # fmt: skip
    return instrument, found


def test_a_group_that_ticks_one_answer_all_the_way_down_is_seen():
    given = np.random.default_rng(0).integers(1, 6, (200, 50))
    given[100:130] = 3
    instrument, answers = answers_to("ipip-50", given, ["en"] * 100 + ["de"] * 100)

    everybody, language = careless_by_group(answers, instrument, ["language"], smallest=1)

    rates = {group["label"]: group["longstring"]["estimate"] for group in language["groups"]}
    assert rates == {"en": 0, "de": pytest.approx(0.3)}
    assert (everybody["name"], everybody["groups"][0]["n"]) == ("", 200)
    assert language["groups"][0]["even_odd"]["estimate"] > 0.3


def test_shares_that_tell_about_a_few_people_are_left_out():
    given = np.random.default_rng(1).integers(1, 6, (200, 50))
    given[:3] = 3
    instrument, answers = answers_to("ipip-50", given, ["en"] * 100 + ["de"] * 100)

    (everybody,) = careless_by_group(answers, instrument, [], smallest=10)

    assert everybody["groups"][0]["longstring"] is None


def test_a_questionnaire_that_asks_one_way_cannot_show_them():
    instrument, answers = answers_to("phq-8", np.zeros((150, 8)), ["en"] * 150)

    (everybody,) = careless_by_group(answers, instrument, [], smallest=1)

    assert (everybody["groups"][0]["longstring"], everybody["groups"][0]["even_odd"]) == (None, None)
