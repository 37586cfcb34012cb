"""The shipped instruments: sound, complete, and letter for letter what was checked against the published source."""

from __future__ import annotations

from itertools import pairwise

import pytest

from assess.instruments.load import load_folder
from assess.instruments.rules import Instrument, Language
from assess.instruments.schema import schema_texts
from assess.paths import INSTRUMENTS

_READ, _FAULTS = load_folder(INSTRUMENTS)
SHIPPED = {instrument.id: instrument for instrument in _READ}
LANGUAGES = [(instrument.id, locale) for instrument in _READ for locale in instrument.languages]

# Wording digests of what was compared with its source in November 2026. A changed letter changes the digest: compare
# again, make a new version if the old one was used, then put the new digest here (`assess instruments show` prints it).
CHECKED_WORDING = {
    ("gad-7", "en"): "1cf0f2895ae336ce989c7fbde71ad945da61579c04c061deb933ec3ff7b046c2",
    ("ipip-50", "en"): "d1676316de7f303356ee87a5387213320b8569937709530dee06a887860b66ea",
    ("ipip-50", "de"): "eec0ea0e9e704be978d44d859503e376f7def06e79e4cc94494481bc55d2d284",
    ("ipip-50", "ja"): "ef00c3085fbe4a9eba161e967f2ae585112ca0554353864a4baeb6961b420428",
    ("ipip-neo-120", "en"): "edd935d43f0e22657575449690a5186ac60c90b1e939e93387a480c2a124a758",
    ("ipip-neo-120", "nl"): "05ebfe3630a2fcc0707d4416621fea8b0da5c7b6acaf3627417fce715f8b590c",
    ("ipip-via-r-executive", "en"): "84b5b069453f8f67332ffd12a71c64199fda55feb9e42ae3b8a180b1dc52a341",
    ("mini-ipip", "en"): "87ee97cdd0ad938163dc7411fb3bdbd21e7372c9300b754bf86da8edbbc52670",
    ("mini-ipip", "de"): "e363d30bb534ca32cf820a1f3d69ea3e99c7f6baa6cef2ffab3c189aa5561c23",
    ("mini-ipip", "es"): "1c858bf21f3241f407da9cfae25d671ea1c5d8f845df0bebaa8b926d83fb93db",
    ("mini-ipip", "ja"): "5acdc84669f5b1aa81f52c347c6957e41b7f00346b8d4175389fe8d771157f48",
    ("mini-ipip", "nl"): "34ef8dd49f8c9a57d9cd8d695668089b69049a0d955d97bca56c57a9316a952a",
    ("mini-ipip", "pl"): "f40ae5e1a2f10cd658472b3edaba61239708d9754b72398acf89744aee1d2b95",
    ("phq-8", "en"): "446736bf618efd4ee83346d90a4000011fe5fc8b275ea2000161e3eaa996727f",
    ("session-trust-observer", "en"): "6283ff14de2f56b27ce000aa0ac2881341fd1df6a200afef4f8eeda2f201d2db",
    ("session-trust-observer", "fr"): "39cfeb5bc16ed08311c33de746f60b472da8d8e9ff81a7e7eda07e42066d3085",
}

# Johnson's key page and his scoring program: the items of the 120 that count reversed.
REVERSED_OF_IPIP_NEO_120 = {
    *(9, 19, 24, 30, 39, 40, 48, 49, 51, 53, 54, 60, 62, 67, 68, 69, 70, 73, 74, 75, 78, 79, 80, 81, 83, 84, 85),
    *(88, 89, 90, 92, 94, *range(96, 112), *range(113, 117), 118, 119, 120),
}
FACET_ORDER = [f"{domain}{number}" for number in range(1, 7) for domain in "NEOAC"]


def keys(instrument: Instrument) -> dict[str, dict[str, int]]:
    scales = (*instrument.scales, *instrument.left_out_scales)
    return {scale.id: {keyed.item: keyed.key for keyed in scale.items} for scale in scales}


def wordings(language: Language) -> list[str]:
    return [*language.items.values(), *(word for words in language.options.values() for word in words.values())]


def test_no_shipped_file_has_a_fault():
    assert [str(fault) for fault in _FAULTS] == []


def test_the_shipped_instruments_are_these():
    assert sorted(SHIPPED) == [
        "gad-7",
        "ipip-50",
        "ipip-neo-120",
        "ipip-via-r-executive",
        "mini-ipip",
        "phq-8",
        "session-trust-observer",
    ]


@pytest.mark.parametrize(("name", "text"), sorted(schema_texts().items()))
def test_the_schema_for_editors_is_the_one_the_loader_uses(name, text):
    assert (INSTRUMENTS / name).read_text(encoding="utf-8") == text, "run `assess instruments schema`"


@pytest.mark.parametrize(("instrument_id", "locale"), LANGUAGES)
def test_wording_is_the_one_that_was_checked(instrument_id, locale):
    language = SHIPPED[instrument_id].language(locale)

    expected = CHECKED_WORDING.get((instrument_id, locale))

    assert language.answerable == (expected is not None)
    assert expected in (None, language.wording_digest)


@pytest.mark.parametrize(("instrument_id", "locale"), LANGUAGES)
def test_every_language_says_where_it_comes_from_and_is_not_stale(instrument_id, locale):
    instrument = SHIPPED[instrument_id]
    language = instrument.language(locale)

    assert all((language.translator, language.method, language.source))
    assert not instrument.is_stale(locale)
    assert language.direction == ("rtl" if locale in ("ar", "fa", "he", "ur") else "ltr")


@pytest.mark.parametrize(("instrument_id", "locale"), LANGUAGES)
def test_no_wording_has_stray_spaces_or_leftovers_of_a_web_page(instrument_id, locale):
    for text in wordings(SHIPPED[instrument_id].language(locale)):
        assert text == text.strip()
        assert not set(text) & set("<>\u00a0\u200b\ufb01\ufb02\n\t")
        assert "  " not in text
        assert "&" not in text


@pytest.mark.parametrize("instrument_id", sorted(SHIPPED))
def test_every_instrument_can_be_answered_in_english_and_reported_in_english_and_french(instrument_id):
    instrument = SHIPPED[instrument_id]

    assert instrument.answerable_locales[0] == "en"
    assert instrument.report_language("fr").locale == "fr"
    assert instrument.report_language("de").locale == "en"


@pytest.mark.parametrize("instrument_id", [name for name in sorted(SHIPPED) if name.startswith(("ipip", "mini"))])
def test_ipip_instruments_are_in_the_public_domain_for_every_use(instrument_id):
    instrument = SHIPPED[instrument_id]

    assert instrument.contexts == {"coaching", "clinical", "research", "commercial"}
    assert "public domain" in instrument.licence.statement
    assert instrument.licence.redistribution
    assert [instrument.options_of(item.id).codes for item in instrument.items] == [(1, 2, 3, 4, 5)] * len(
        instrument.items
    )
    assert not any(scale.bands for scale in instrument.scales)


def test_via_r_has_eleven_scales_of_two_plus_and_two_minus_items():
    instrument = SHIPPED["ipip-via-r-executive"]
    scales = keys(instrument)

    assert len(instrument.items) == 44
    assert sorted(scales) == ["EQU", "IND", "INT", "JUD", "LEA", "PER", "PRU", "SOC", "SRE", "TEA", "VAL"]
    assert all(sorted(directions.values()) == [-1, -1, 1, 1] for directions in scales.values())
    assert all(scale.missing.both_directions for scale in instrument.scales)
    assert {item.id for item in instrument.items if item.sensitive} == {"sre3", "sre4", "int3", "int4"}


def test_via_r_omega_is_the_published_one_for_each_language():
    omega = {
        (row.language, row.scale): row.value
        for row in SHIPPED["ipip-via-r-executive"].evidence
        if row.statistic == "omega"
    }

    scales = ("LEA", "TEA", "EQU", "SOC", "VAL", "JUD", "PRU", "PER", "IND", "INT", "SRE")
    german = (0.76, 0.68, 0.78, 0.72, 0.77, 0.67, 0.77, 0.74, 0.82, 0.80, 0.57)
    english = (0.76, 0.74, 0.80, 0.81, 0.73, 0.75, 0.63, 0.74, 0.81, 0.83, 0.68)
    assert {scale: omega["de", scale] for scale in scales} == dict(zip(scales, german, strict=True))
    assert {scale: omega["en", scale] for scale in scales} == dict(zip(scales, english, strict=True))
    assert len(omega) == 22


def test_mini_ipip_cycles_through_its_scales_and_reverses_eleven_items():
    scales = keys(SHIPPED["mini-ipip"])
    reversed_items = {item for directions in scales.values() for item, key in directions.items() if key == -1}

    assert reversed_items == {f"m{number:02d}" for number in (6, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20)}
    for position, scale in enumerate("EACNI", start=1):
        assert list(scales[scale]) == [f"m{position + step:02d}" for step in (0, 5, 10, 15)]


def test_ipip_50_reverses_24_items_in_the_published_split():
    scales = keys(SHIPPED["ipip-50"])

    plus = {scale: sum(key == 1 for key in directions.values()) for scale, directions in scales.items()}

    assert plus == {"E": 5, "A": 6, "C": 6, "ES": 2, "I": 7}
    assert all(len(directions) == 10 for directions in scales.values())
    assert sum(key == -1 for directions in scales.values() for key in directions.values()) == 24


def test_mini_ipip_words_its_items_as_ipip_50_does():
    short, long = SHIPPED["mini-ipip"], SHIPPED["ipip-50"]

    for locale in ("en", "de", "ja"):
        assert set(short.language(locale).items.values()) < set(long.language(locale).items.values())


def test_ipip_neo_120_has_30_facets_in_four_rounds_and_55_reversed_items():
    scales = keys(SHIPPED["ipip-neo-120"])
    facet_of = {item: facet for facet in FACET_ORDER for item in scales[facet]}

    assert [facet_of[f"n{number:03d}"] for number in range(1, 121)] == FACET_ORDER * 4
    reversed_items = {int(item[1:]) for facet in FACET_ORDER for item, key in scales[facet].items() if key == -1}
    assert reversed_items == REVERSED_OF_IPIP_NEO_120
    assert len(reversed_items) == 55
    for domain in "NEOAC":
        assert scales[domain] == {item: key for n in range(1, 7) for item, key in scales[f"{domain}{n}"].items()}


def test_ipip_neo_120_leaves_political_opinion_and_the_openness_domain_out():
    instrument = SHIPPED["ipip-neo-120"]

    assert [item.id for item in instrument.left_out_items] == ["n028", "n058", "n088", "n118"]
    assert {scale.id for scale in instrument.left_out_scales} == {"O", "O6"}
    assert len(instrument.items) == 116
    assert {scale.id for scale in instrument.scales if scale.id.startswith("O")} == {"O1", "O2", "O3", "O4", "O5"}
    shown = [instrument.language("en").items[item.id] for item in instrument.items]
    assert not any("vote" in text for text in shown)
    assert instrument.language("en").items["n058"] == "Believe that there is no absolute right and wrong."
    assert "right or wrong" in instrument.language("en").note


def test_ipip_neo_120_keeps_johnsons_missing_and_careless_rules():
    instrument = SHIPPED["ipip-neo-120"]

    for scale in instrument.scales:
        rule = scale.missing
        assert (rule.source, rule.substitute, rule.max_missing_in_form, rule.prorate) == ("published", 3, 10, False)
        assert rule.min_answered == (18 if len(scale.items) == 24 else 3)
    (careless,) = instrument.careless
    assert dict(careless.limits) == {1: 9, 2: 9, 3: 8, 4: 11, 5: 9}
    sensitive = {
        facet
        for facet in FACET_ORDER
        for item in instrument.items
        if item.sensitive and item.id in keys(instrument)[facet]
    }
    assert sensitive == {"N3", "N5", "E5"}


def test_ipip_neo_120_norms_cover_both_sexes_and_four_age_bands():
    instrument = SHIPPED["ipip-neo-120"]
    norms = {(norm.sex, norm.ages, norm.scale): norm for norm in instrument.norms if norm.sex is not None}

    assert len(norms) == 2 * 4 * 35
    men = {scale: norms["male", (21, 40), scale] for scale in "NEOAC"}
    women = {scale: norms["female", (21, 40), scale] for scale in "NEOAC"}
    assert {scale: (norm.mean, norm.standard_deviation) for scale, norm in men.items()} == {
        "N": (66.97, 16.48),
        "E": (78.90, 15.21),
        "O": (86.51, 12.65),
        "A": (84.22, 13.10),
        "C": (85.50, 14.27),
    }
    assert {scale: (norm.mean, norm.standard_deviation) for scale, norm in women.items()} == {
        "N": (72.14, 16.16),
        "E": (80.78, 14.64),
        "O": (88.25, 12.15),
        "A": (91.91, 11.39),
        "C": (87.57, 13.87),
    }
    assert all(norm.n is None for norm in norms.values()), "the scoring program does not state n"
    for age in range(18, 100):
        assert sum(norm.covers(sex="female", age=age) for norm in norms.values()) == 35


def test_johnsons_percentiles_rise_from_one_to_ninety_nine():
    scores = SHIPPED["ipip-neo-120"].t_scores

    assert scores is not None
    assert (scores.average_from, scores.average_to) == (45, 55)
    percentiles = [scores.percentile(t / 10) for t in range(200, 800)]
    assert max(before - after for before, after in pairwise(percentiles)) < 0.1
    assert scores.percentile(45) == pytest.approx(32.54, abs=0.01)
    assert scores.percentile(50) == pytest.approx(50, abs=0.01)
    assert (scores.percentile(26), scores.percentile(74)) == (1, 99)


@pytest.mark.parametrize(
    ("instrument_id", "n_items", "bands"),
    [
        (
            "phq-8",
            8,
            {
                "minimal": (0, 4),
                "mild": (5, 9),
                "moderate": (10, 14),
                "moderately-severe": (15, 19),
                "severe": (20, 24),
            },
        ),
        ("gad-7", 7, {"minimal": (0, 4), "mild": (5, 9), "moderate": (10, 14), "severe": (15, 21)}),
    ],
)
def test_the_two_screens_sum_four_step_answers_into_the_published_bands(instrument_id, n_items, bands):
    instrument = SHIPPED[instrument_id]
    (scale,) = instrument.scales

    assert len(instrument.items) == len(scale.items) == n_items
    assert scale.reversed_items == ()
    assert instrument.options_of(instrument.items[0].id).codes == (0, 1, 2, 3)
    assert {band.id: (band.lower, band.upper) for band in scale.bands} == bands
    assert scale.missing.min_answered == 6
    assert "No permission required to reproduce, translate, display or distribute." in instrument.licence.statement
    assert not instrument.needs_duty_roster


def test_phq_8_has_no_question_on_death_or_self_harm():
    text = " ".join(SHIPPED["phq-8"].language("en").items.values()).lower()

    assert "dead" not in text
    assert "hurting" not in text
    assert "television" in text


def test_the_observer_checklist_is_a_draft_without_evidence():
    checklist = SHIPPED["session-trust-observer"]

    assert checklist.kind == "observer"
    assert checklist.evidence == ()
    assert {language.state for language in checklist.languages.values()} == {"draft"}
    assert [scale.id for scale in checklist.scales] == [
        "context",
        "identity",
        "work",
        "support",
        "feelings",
        "openness",
    ]


def test_what_is_written_here_for_reports_is_called_a_draft():
    french = [instrument.language("fr") for instrument in SHIPPED.values()]

    assert {language.state for language in french} == {"draft"}
    assert [language.answerable for language in french].count(True) == 1


def test_no_two_items_of_a_language_share_a_sentence():
    for instrument_id, locale in CHECKED_WORDING:
        items = list(SHIPPED[instrument_id].language(locale).items.values())
        assert len(items) == len(set(items)), (instrument_id, locale)
