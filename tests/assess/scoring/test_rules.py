"""One scale of one sitting: keying, missing answers, standard error, interval, band, careless answering, trace."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assess.instruments.catalogue import load_catalogue
from assess.instruments.rules import Instrument
from assess.paths import INSTRUMENTS
from assess.scoring.rules import Score, band_of, score_scale
from tests.assess.scoring.instruments import answers_of, make_instrument, make_reliability


@pytest.fixture(scope="module")
def phq8() -> Instrument:
    return load_catalogue(INSTRUMENTS).get("phq-8", "1")


def score(instrument: Instrument, codes: list[int | None], **options: object) -> Score:
    evidence = options.get("evidence")
    return score_scale(instrument, instrument.scales[0], answers_of(instrument, codes), evidence)  # type: ignore[arg-type]


# PHQ-8, by hand


def test_phq8_is_the_sum_of_its_eight_answers(phq8: Instrument) -> None:
    result = score(phq8, [1, 2, 3, 0, 1, 2, 3, 0])

    assert (result.value, result.n_answered, result.rule) == (12, 8, "complete")


def test_phq8_with_two_skips_is_the_mean_of_six_times_eight(phq8: Instrument) -> None:
    result = score(phq8, [1, 2, 3, 0, 1, 2, None, None])

    assert result.value == 12  # 9 / 6 × 8
    assert (result.rule, result.rule_source, result.n_answered, result.n_skipped) == ("prorated", "house", 6, 2)
    assert (result.lowest, result.highest) == (9, 15)


def test_phq8_with_three_skips_has_no_score_no_error_no_interval_and_no_band(phq8: Instrument) -> None:
    result = score(phq8, [3, 3, 3, 3, 3, None, None, None], evidence=make_reliability())

    assert result.state == "too_few"
    assert (result.value, result.standard_error, result.lower, result.upper, result.band) == (None,) * 5
    assert result.band_reason == "no_score"


def test_phq8_interval_is_195996_standard_errors_to_each_side_and_ends_with_the_scale(phq8: Instrument) -> None:
    evidence = make_reliability(coefficient=0.84, sd=5.0)

    result = score(phq8, [1, 1, 0, 0, 0, 0, 0, 0], evidence=evidence)

    assert result.standard_error == pytest.approx(2.0)  # 5 × √.16
    assert result.lower == 0
    assert result.upper == pytest.approx(2 + 1.959964 * 2, abs=1e-6)


def test_phq8_gives_no_word_where_the_interval_reaches_across_a_cut(phq8: Instrument) -> None:
    result = score(phq8, [1, 1, 1, 1, 1, 1, 1, 0], evidence=make_reliability())  # 7 ± 3.9

    assert (result.band, result.band_reason, result.between) == (None, "interval_straddles", ("minimal", "moderate"))


def test_phq8_gives_the_word_where_interval_and_missing_answers_stay_in_one_band(phq8: Instrument) -> None:
    precise = make_reliability(coefficient=0.99, sd=5.0)  # standard error .5

    result = score(phq8, [1, 1, 1, 1, 1, 1, 1, 0], evidence=precise)

    assert (result.band, result.band_reason, result.between) == ("mild", "given", None)


def test_phq8_gives_no_word_where_a_missing_answer_could_move_it_across_a_cut(phq8: Instrument) -> None:
    precise = make_reliability(coefficient=0.9999, sd=1.0)

    result = score(phq8, [1, 1, 1, 1, 1, 1, 2, None], evidence=precise)  # 8 answered, up to 11 possible

    assert (result.band, result.band_reason, result.between) == (None, "missing_straddles", ("mild", "moderate"))


# The rules one by one


def test_a_reversed_item_counts_from_the_other_end() -> None:
    result = score(make_instrument([1, -1]), [5, 5])

    assert result.value == 6


def test_reversal_uses_the_codes_of_the_response_scale_also_from_zero() -> None:
    result = score(make_instrument([1, -1], codes=(0, 1, 2, 3)), [3, 3])

    assert result.value == 3


def test_a_two_item_screen_needs_both() -> None:
    result = score(make_instrument([1, 1], min_answered=2), [3, None])

    assert (result.state, result.value) == ("too_few", None)


def test_a_scale_without_prorating_or_substitute_is_never_a_partial_sum() -> None:
    result = score(make_instrument([1, 1, 1], min_answered=2, prorate=False), [3, 3, None])

    assert (result.state, result.value) == ("too_few", None)


def test_a_balanced_scale_is_refused_when_one_direction_is_wholly_missing() -> None:
    instrument = make_instrument([1, 1, -1, -1], min_answered=2, both_directions=True)

    assert score(instrument, [4, 4, None, None]).state == "one_direction"
    assert score(instrument, [4, None, 2, None]).state == "scored"


def test_a_scale_keyed_in_one_direction_only_is_not_refused_as_unbalanced() -> None:
    instrument = make_instrument([1, 1, 1, 1], min_answered=3, both_directions=True)

    assert score(instrument, [4, 4, 4, None]).state == "scored"


def test_a_mean_scale_averages_the_answered_items() -> None:
    result = score(make_instrument([1, 1, 1, 1], method="mean"), [1, 2, 3, None])

    assert (result.value, result.lowest, result.highest) == (2, 7 / 4, 11 / 4)


def test_bands_of_a_mean_scale_hold_where_their_published_bounds_are_rounded() -> None:
    instrument = make_instrument([1, 1, 1], method="mean", cuts=(2.67,))

    assert band_of(instrument.scales[0], 8 / 3).id == "b2"


def test_a_prorated_value_between_two_whole_numbers_is_still_below_the_cut() -> None:
    instrument = make_instrument([1] * 4, codes=(0, 1, 2, 3), cuts=(5,))

    assert band_of(instrument.scales[0], 4.9).id == "b1"


def test_without_evidence_there_is_a_value_but_neither_interval_nor_band() -> None:
    result = score(make_instrument([1, 1], cuts=(6,)), [5, 5])

    assert (result.value, result.standard_error, result.band, result.band_reason) == (10, None, None, "no_interval")


def test_evidence_without_a_standard_deviation_gives_no_interval() -> None:
    result = score(make_instrument([1, 1]), [5, 5], evidence=make_reliability(sd=None))

    assert (result.value, result.standard_error, result.lower, result.upper) == (10, None, None, None)


def test_the_standard_error_grows_when_fewer_answers_carry_the_score() -> None:
    instrument, evidence = make_instrument([1] * 8), make_reliability()

    whole = score(instrument, [3] * 8, evidence=evidence)
    part = score(instrument, [3] * 6 + [None] * 2, evidence=evidence)

    assert whole.standard_error == pytest.approx(2.0)
    assert part.standard_error == pytest.approx(2.0 * math.sqrt(8 / 6))


def test_an_answer_that_the_item_does_not_offer_is_refused() -> None:
    with pytest.raises(ValueError, match="7 is no answer code"):
        score(make_instrument([1, 1]), [5, 7])


def test_every_kind_of_missing_is_missing_and_only_a_skip_counts_as_skipped() -> None:
    instrument = make_instrument([1] * 5)
    answers = {"q1": 3, "q2": "skipped", "q3": "not_reached", "q4": "erased", "q5": "error"}

    result = score_scale(instrument, instrument.scales[0], answers, None)

    assert (result.n_answered, result.n_skipped, result.value) == (1, 1, 15)


# Johnson’s rules for the IPIP-NEO-120: more than 10 of the form missing, no score; else 3 stands for a missing answer


def johnson(keys: list[int]) -> Instrument:
    limits = {1: 9, 2: 9, 3: 8, 4: 11, 5: 9}
    return make_instrument(keys, min_answered=3, substitute=3, max_missing_in_form=10, limits=limits)


def test_johnson_lets_three_stand_for_a_missing_answer() -> None:
    instrument = johnson([1, 1, 1, -1])

    result = score(instrument, [5, 5, None, 1])

    assert (result.value, result.rule) == (5 + 5 + 3 + 5, "substituted")


def test_johnson_scores_ten_missing_answers_and_refuses_eleven() -> None:
    instrument = johnson([1] * 120)

    assert score(instrument, [4] * 5 + [2] * 105 + [None] * 10).value == 20 + 210 + 30
    assert score(instrument, [4] * 5 + [2] * 104 + [None] * 11).state == "too_few_in_form"


def test_the_shipped_ipip_neo_120_follows_his_rules_and_scores_no_facet_from_two_answers() -> None:
    instrument = load_catalogue(INSTRUMENTS).latest("ipip-neo-120")
    facet = next(scale for scale in instrument.scales if len(scale.items) == 4)
    answers: dict[str, int | str] = {item.id: 1 + number % 5 for number, item in enumerate(instrument.items)}
    others = [item.id for item in instrument.items if item.id not in facet.item_ids]

    one = score_scale(instrument, facet, answers | {facet.item_ids[0]: "skipped"}, None)
    two = score_scale(instrument, facet, answers | dict.fromkeys(facet.item_ids[:2], "skipped"), None)
    ten = score_scale(instrument, facet, answers | dict.fromkeys(others[:10], "skipped"), None)
    eleven = score_scale(instrument, facet, answers | dict.fromkeys(others[:11], "skipped"), None)

    assert (one.rule, one.rule_source, two.state) == ("substituted", "published", "too_few")
    assert (ten.state, eleven.state) == ("scored", "too_few_in_form")


@pytest.mark.parametrize(("code", "longest"), [(1, 9), (2, 9), (3, 8), (4, 11), (5, 9)])
def test_johnson_accepts_a_run_of_his_limit_and_names_a_longer_one(code: int, longest: int) -> None:
    other = 1 if code != 1 else 2
    within = score(johnson([1] * 30), ([code] * longest + [other, code] * 15)[:30])
    beyond = score(johnson([1] * 30), ([code] * (longest + 1) + [other, code] * 15)[:30])

    assert within.careless == ()
    assert beyond.careless == (f"longest_run:{code}",)


def test_a_skip_ends_a_run_of_identical_answers() -> None:
    result = score(johnson([1] * 20), [3] * 8 + [None] + [3] * 8 + [1, 2, 1])

    assert result.careless == ()


def test_a_broken_careless_rule_is_named_and_takes_no_score_away() -> None:
    result = score(johnson([1] * 12), [5] * 12)

    assert (result.careless, result.value) == (("longest_run:5",), 60)


# Where a score comes from


def test_the_trace_names_instrument_language_mode_rule_and_evidence() -> None:
    instrument, evidence = make_instrument([1, 1]), make_reliability()

    trace = score_scale(
        instrument, instrument.scales[0], answers_of(instrument, [1, 2]), evidence, locale="de", mode="paper"
    ).trace

    assert (trace.instrument_id, trace.instrument_version, trace.instrument_digest) == ("made-for-tests", "1", "d" * 64)
    assert (trace.locale, trace.mode, trace.evidence) == ("de", "paper", evidence)


def test_the_digest_of_the_inputs_changes_with_any_answer_and_kind_of_missing() -> None:
    instrument = make_instrument([1, 1])
    forms = [{"q1": 1, "q2": 2}, {"q1": 2, "q2": 1}, {"q1": 1, "q2": "skipped"}, {"q1": 1, "q2": "not_reached"}]

    digests = {score_scale(instrument, instrument.scales[0], form, None).trace.inputs_digest for form in forms}

    assert len(digests) == 4


# Properties

KEYS = st.lists(st.sampled_from([1, -1]), min_size=1, max_size=6)


@st.composite
def sittings(draw: st.DrawFn) -> tuple[Instrument, list[int | None]]:
    keys = draw(KEYS)
    top = draw(st.integers(2, 4))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(keys) * top - 1)), max_size=3)))
    instrument = make_instrument(keys, codes=range(top + 1), cuts=cuts, min_answered=draw(st.integers(1, len(keys))))
    answers = draw(st.lists(st.none() | st.integers(0, top), min_size=len(keys), max_size=len(keys)))
    return instrument, answers


@given(sittings())
def test_a_score_lies_in_its_interval_within_the_scale_and_within_what_missing_answers_allow(sitting) -> None:
    instrument, codes = sitting
    result, scale = score(instrument, codes, evidence=make_reliability()), instrument.scales[0]

    if result.value is not None:
        assert scale.minimum <= result.lowest <= result.value <= result.highest <= scale.maximum
        assert scale.minimum <= result.lower <= result.value <= result.upper <= scale.maximum


@given(sittings(), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(sitting, random) -> None:
    instrument, codes = sitting
    scale = instrument.scales[0]
    order = random.sample(scale.items, k=len(scale.items))
    answers = answers_of(instrument, codes)

    first = score_scale(instrument, scale, answers, make_reliability())
    second = score_scale(instrument, replace(scale, items=tuple(order)), answers, make_reliability())

    assert replace(first, value=0) == replace(second, value=0)
    assert first.value == pytest.approx(second.value)


@given(sittings())
def test_answering_from_the_other_end_with_every_key_turned_gives_the_same_score(sitting) -> None:
    instrument, codes = sitting
    scale, top = instrument.scales[0], instrument.response_scales[0].maximum
    turned = replace(scale, items=tuple(replace(entry, key=-entry.key) for entry in scale.items))
    mirrored = [None if code is None else top - code for code in codes]

    first = score_scale(instrument, scale, answers_of(instrument, codes), None)
    second = score_scale(instrument, turned, answers_of(instrument, mirrored), None)

    assert (first.value, first.state, first.lowest, first.highest) == (
        second.value, second.state, second.lowest, second.highest)  # fmt: skip


@given(sittings())
def test_a_prorated_score_is_the_mean_of_the_answered_items_times_their_number(sitting) -> None:
    instrument, codes = sitting
    scale, top = instrument.scales[0], instrument.response_scales[0].maximum
    result = score(instrument, codes)
    keyed = [
        code if entry.key == 1 else top - code
        for entry, code in zip(scale.items, codes, strict=True)
        if code is not None
    ]

    if result.value is not None:
        assert result.value == pytest.approx(sum(keyed) / len(keyed) * len(scale.items))


@given(sittings())
def test_skipping_an_answer_never_leads_beyond_what_that_answer_could_have_been(sitting) -> None:
    instrument, codes = sitting
    top = instrument.response_scales[0].maximum
    for position, code in enumerate(codes):
        if code is None:
            continue
        skipped = score(instrument, [*codes[:position], None, *codes[position + 1 :]])
        if skipped.value is not None:
            filled = [score(instrument, [*codes[:position], other, *codes[position + 1 :]]) for other in range(top + 1)]
            assert min(f.value for f in filled) - 1e-9 <= skipped.value <= max(f.value for f in filled) + 1e-9


@given(sittings())
def test_a_band_is_given_exactly_when_every_way_to_fill_the_gaps_falls_into_it(sitting) -> None:
    instrument, codes = sitting
    scale, top = instrument.scales[0], instrument.response_scales[0].maximum
    exact = make_reliability(coefficient=1.0)  # so that only the missing answers can move the band
    result = score(instrument, codes, evidence=exact)
    gaps = [position for position, code in enumerate(codes) if code is None]
    assume(len(gaps) <= 4)
    bands = set()
    for fill in itertools.product(range(top + 1), repeat=len(gaps)):
        filled = list(codes)
        for position, code in zip(gaps, fill, strict=True):
            filled[position] = code
        if scale.bands:
            bands.add(band_of(scale, score(instrument, filled).value).id)

    expected = bands.pop() if result.value is not None and len(bands) == 1 else None
    assert result.band == expected


@given(sittings(), st.floats(0.3, 0.999), st.floats(0.1, 8))
def test_no_band_is_given_where_the_interval_holds_values_of_two_bands(sitting, coefficient, sd) -> None:
    instrument, codes = sitting
    scale = instrument.scales[0]
    result = score(instrument, codes, evidence=make_reliability(coefficient=coefficient, sd=sd))

    if result.band is not None:
        assert band_of(scale, result.lower).id == result.band == band_of(scale, result.upper).id
    elif result.value is not None and scale.bands:
        assert result.between[0] != result.between[1]
