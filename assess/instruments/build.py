"""From checked files to the frozen values of `rules`."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Literal, cast

from assess.instruments.norms import Norm, TScores
from assess.instruments.rules import (
    Band,
    CarelessRule,
    Evidence,
    Instrument,
    Item,
    KeyedItem,
    Language,
    Licence,
    MissingRule,
    Option,
    ResponseScale,
    SafetyRule,
    Scale,
    ScaleText,
    Statistic,
)
from assess.instruments.shape import (
    InstrumentShape,
    ItemShape,
    LanguageShape,
    ResponseScaleShape,
    ScaleShape,
    ScaleTextShape,
    TScoresShape,
)


def build_instrument(shape: InstrumentShape, texts: Iterable[LanguageShape], *, digest: str) -> Instrument:
    """The instrument that a definition and its language files, both free of faults, describe."""
    items = {item.id: _item(shape, item) for item in shape.items}
    scales = {scale.id: build_scale(shape, scale) for scale in shape.scales}
    norms = _norms(shape)
    return Instrument(
        id=shape.id,
        version=shape.version,
        kind=shape.kind,
        construct=shape.measures,
        citation=shape.citation,
        licence=Licence(shape.licence.statement, shape.licence.source, shape.licence.redistribution),
        contexts=frozenset(shape.contexts),
        ages=(shape.ages[0], shape.ages[1] if len(shape.ages) == 2 else None),
        minutes=(shape.minutes[0], shape.minutes[1]),
        items_per_page=shape.items_per_page,
        source_language=shape.source_language,
        response_scales=tuple(build_response_scale(scale) for scale in shape.response_scales),
        items=tuple(items[item.id] for item in shape.items if not item.left_out),
        scales=tuple(scales[scale.id] for scale in shape.scales if not scale.left_out),
        evidence=_evidence(shape) + _norms_as_evidence(norms),
        norms=norms,
        t_scores=_t_scores(shape.t_scores),
        safety=tuple(_safety_rules(shape)),
        careless=tuple(_careless_rules(shape)),
        languages=MappingProxyType({text.locale: _language(text) for text in texts}),
        digest=digest,
        left_out_items=tuple(items[item.id] for item in shape.items if item.left_out),
        left_out_scales=tuple(scales[scale.id] for scale in shape.scales if scale.left_out),
        left_out_reason=shape.left_out_reason or "",
    )


def keys_of(shape: InstrumentShape, scale: ScaleShape) -> dict[str, int]:
    """Item ids and keys of a scale: its own, or those of its facets in their order."""
    by_id = {other.id: other for other in shape.scales}
    facets = [by_id[facet] for facet in scale.facets if facet in by_id]
    return dict(scale.keys) | {item: key for facet in facets for item, key in facet.keys.items()}


def build_scale(shape: InstrumentShape, scale: ScaleShape) -> Scale:
    """One scale with the missing rule that the instrument's scales share."""
    missing = shape.missing
    return Scale(
        id=scale.id,
        items=tuple(KeyedItem(item, key) for item, key in keys_of(shape, scale).items()),
        method=scale.method,
        minimum=scale.range[0],
        maximum=scale.range[1],
        missing=MissingRule(
            min_answered=scale.min_answered,
            prorate=missing.prorate,
            source=missing.source,
            both_directions=missing.both_directions,
            substitute=missing.substitute,
            max_missing_in_form=missing.max_missing_in_form,
            note=missing.note,
        ),
        bands=tuple(Band(band.id, band.lower, band.upper) for band in scale.bands),
        bands_source=scale.bands_source or "",
        group=scale.group,
        facets=tuple(scale.facets),
    )


def build_response_scale(shape: ResponseScaleShape) -> ResponseScale:
    """The ordered answers of one response scale."""
    return ResponseScale(shape.id, tuple(Option(option.code, option.id) for option in shape.options))


def _item(shape: InstrumentShape, item: ItemShape) -> Item:
    response_scale = item.response_scale or shape.response_scales[0].id
    return Item(item.id, response_scale, sensitive=item.sensitive, scored=item.scored)


def _evidence(shape: InstrumentShape) -> tuple[Evidence, ...]:
    rows = []
    for entry in shape.evidence:
        figures: list[tuple[str | None, float | None]] = [*entry.values.items()] or [(None, None)]
        rows += [
            Evidence(
                scale=scale,
                language=entry.language,
                population=entry.population,
                statistic=entry.statistic,
                value=value,
                n=entry.n,
                source=entry.source,
                note=entry.note or "",
            )
            for scale, value in figures
        ]
    return tuple(rows)


def _norms(shape: InstrumentShape) -> tuple[Norm, ...]:
    return tuple(
        Norm(
            scale=scale,
            population=group.population,
            language=group.language,
            mean=mean,
            standard_deviation=standard_deviation,
            n=group.n,
            source=group.source,
            sex=cast(Literal["female", "male"] | None, group.sex),
            ages=(group.ages[0], group.ages[1]) if group.ages else None,
        )
        for group in shape.norms
        for scale, (mean, standard_deviation) in group.figures.items()
    )


def _norms_as_evidence(norms: tuple[Norm, ...]) -> tuple[Evidence, ...]:
    def row(norm: Norm, statistic: Statistic, value: float) -> Evidence:
        return Evidence(norm.scale, norm.language, norm.population, statistic, value, norm.n, norm.source)

    return tuple(
        evidence
        for norm in norms
        for evidence in (row(norm, "norm_mean", norm.mean), row(norm, "norm_sd", norm.standard_deviation))
    )


def _t_scores(shape: TScoresShape | None) -> TScores | None:
    if shape is None:
        return None
    return TScores(
        average_from=shape.average[0],
        average_to=shape.average[1],
        percentile_coefficients=tuple(shape.percentile_coefficients),
        percentile_lowest_t=shape.percentile_between[0],
        percentile_highest_t=shape.percentile_between[1],
        source=shape.source,
    )


def _safety_rules(shape: InstrumentShape) -> Iterable[SafetyRule]:
    for rule in shape.safety:
        level = cast(Literal[1, 2, 3], rule.level)
        yield SafetyRule(rule.item, rule.at_least, level, rule.text_key, rule.without_duty_roster, rule.source)


def _careless_rules(shape: InstrumentShape) -> Iterable[CarelessRule]:
    for rule in shape.careless:
        limits = MappingProxyType({int(code): limit for code, limit in rule.limits.items()})
        yield CarelessRule(cast(Literal["longest_run"], rule.kind), limits, rule.source, rule.note or "")


def _scale_text(words: ScaleTextShape) -> ScaleText:
    return ScaleText(words.name, words.low, words.high, words.description or "")


def _language(text: LanguageShape) -> Language:
    return Language(
        locale=text.locale,
        direction=text.direction,
        answerable=text.answerable,
        reportable=text.reportable,
        state=text.state,
        translator=text.translator,
        method=text.method,
        source=text.source,
        name=text.name,
        short_description=text.short_description,
        instructions=text.instructions or "",
        items=MappingProxyType(text.items),
        options=MappingProxyType({scale: MappingProxyType(words) for scale, words in text.options.items()}),
        scales=MappingProxyType({scale: _scale_text(words) for scale, words in text.scales.items()}),
        bands=MappingProxyType({scale: MappingProxyType(words) for scale, words in text.bands.items()}),
        groups=MappingProxyType(text.groups),
        safety=MappingProxyType(text.safety),
        options_source=text.options_source or "",
        instructions_source=text.instructions_source or "",
        source_digest=text.source_digest or "",
        note=text.note or "",
    )
