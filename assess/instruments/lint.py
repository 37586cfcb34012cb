"""What instrument files must mean: references, keys, ranges, bands, and complete wording in every language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from assess.instruments.build import build_response_scale, build_scale, keys_of
from assess.instruments.rules import ResponseScale, Scale, min_answered_by_house_rule
from assess.instruments.shape import InstrumentShape, LanguageShape, ScaleShape

Finding = tuple[str, str]
Places = Iterator[Finding]

LARGEST_CODE = 100  # answers of response files are kept in one byte each
ROUNDING = 0.005  # published bounds of a mean scale are rounded to two digits


def lint(
    shape: InstrumentShape, texts: Mapping[str, LanguageShape], *, folder_names: tuple[str, str]
) -> tuple[tuple[str, str, str], ...]:
    """Every fault of one version folder as (file name, key, reason)."""
    definition = [*_lint_definition(shape, folder_names), *_lint_source_language(shape, texts)]
    return tuple(("instrument.toml", *finding) for finding in definition) + tuple(
        (file, *finding) for file, text in texts.items() for finding in _lint_language(shape, text, file)
    )


def _lint_definition(shape: InstrumentShape, folder_names: tuple[str, str]) -> Places:
    for key, written, folder in (("id", shape.id, folder_names[0]), ("version", shape.version, folder_names[1])):
        if written != folder:
            yield key, f'"{written}" stands in a folder named "{folder}"'
    yield from _duplicates("response_scales", [scale.id for scale in shape.response_scales])
    yield from _duplicates("items", [item.id for item in shape.items])
    yield from _duplicates("scales", [scale.id for scale in shape.scales])
    yield from _duplicates("contexts", list(shape.contexts))
    for key, pair in (("ages", shape.ages), ("minutes", shape.minutes)):
        if pair[0] < 0 or pair != sorted(pair):
            yield key, "the first number must not be below 0 or above the second"
    yield from _lint_response_scales(shape)
    yield from _lint_items(shape)
    for scale in shape.scales:
        yield from _lint_scale(shape, scale)
    yield from _lint_figures(shape)
    yield from _lint_rules(shape)


def _lint_response_scales(shape: InstrumentShape) -> Places:
    for scale in shape.response_scales:
        key = f'response scale "{scale.id}"'
        codes = [option.code for option in scale.options]
        if codes != sorted(set(codes)):
            yield key, "codes must rise from option to option"
        if not all(abs(code) <= LARGEST_CODE for code in codes):
            yield key, f"codes must lie between -{LARGEST_CODE} and {LARGEST_CODE}"
        yield from _duplicates(key, [option.id for option in scale.options])


def _lint_items(shape: InstrumentShape) -> Places:
    known = {scale.id for scale in shape.response_scales}
    in_scales = {item for scale in shape.scales for item in scale.keys}
    for item in shape.items:
        key = f'item "{item.id}"'
        if item.response_scale is None and len(known) > 1:
            yield key, "name its response scale: the instrument has more than one"
        if item.response_scale is not None and item.response_scale not in known:
            yield key, f'no response scale named "{item.response_scale}"'
        if item.scored and item.id not in in_scales:
            yield key, "no scale scores it: give it a key in a scale or say scored = false"
        if not item.scored and item.id in in_scales:
            yield key, "says scored = false but a scale has a key for it"
    left_out = any(item.left_out for item in shape.items) or any(scale.left_out for scale in shape.scales)
    if left_out and shape.left_out_reason is None:
        yield "left_out_reason", "missing: say why items or scales are left out"


def _lint_scale(shape: InstrumentShape, scale: ScaleShape) -> Places:
    key = f'scale "{scale.id}"'
    items = {item.id: item for item in shape.items}
    others = {other.id: other for other in shape.scales}
    if bool(scale.keys) == bool(scale.facets):
        yield key, "give either keys or facets"
    for facet in scale.facets:
        if facet not in others:
            yield key, f'no scale named "{facet}"'
        elif others[facet].facets or facet == scale.id:
            yield key, f'"{facet}" cannot be a facet: it is no scale with keys of its own'
    keys = keys_of(shape, scale)
    if scale.facets and len(keys) < sum(len(others[facet].keys) for facet in scale.facets if facet in others):
        yield key, "an item stands in more than one of its facets"
    for item, direction in keys.items():
        if item not in items:
            yield key, f'no item named "{item}"'
        elif items[item].left_out and not scale.left_out:
            yield key, f'scores item "{item}", which is left out: leave the scale out as well'
        if direction not in (1, -1):
            yield key, f'key of item "{item}" is {direction}: it must be 1 or -1'
    if keys and scale.min_answered > len(keys):
        yield key, f"min_answered is {scale.min_answered} of only {len(keys)} items"
    wanted = min_answered_by_house_rule(len(keys))
    if shape.missing.source == "house" and scale.min_answered != wanted:
        yield key, f"min_answered is {scale.min_answered}: the house rule asks for {wanted}"
    built = build_scale(shape, scale)
    if keys and all(item in items for item in keys):
        yield from _lint_range(shape, built)
    yield from _lint_bands(built)


def _lint_range(shape: InstrumentShape, scale: Scale) -> Places:
    response_scales = _response_scale_of_items(shape)
    if not all(item in response_scales for item in scale.item_ids):
        return
    wanted = _score_range(scale, response_scales)
    if (scale.minimum, scale.maximum) != wanted:
        written = f"[{scale.minimum:g}, {scale.maximum:g}]"
        yield f'scale "{scale.id}"', f"range is {written}, its items allow [{wanted[0]:g}, {wanted[1]:g}]"
    codes = {code for item in scale.item_ids for code in response_scales[item].codes}
    if shape.missing.substitute not in codes | {None}:
        yield f'scale "{scale.id}"', f"{shape.missing.substitute} stands for missing answers but is no answer code"


def _score_range(scale: Scale, response_scales: Mapping[str, ResponseScale]) -> tuple[float, float]:
    """The lowest and highest score that the answers of a scale allow; `response_scales` is keyed by item id."""
    scales = [response_scales[keyed.item] for keyed in scale.items]
    divisor = len(scales) if scale.method == "mean" else 1
    return sum(s.minimum for s in scales) / divisor, sum(s.maximum for s in scales) / divisor


def _response_scale_of_items(shape: InstrumentShape) -> dict[str, ResponseScale]:
    scales = {scale.id: build_response_scale(scale) for scale in shape.response_scales}
    default = shape.response_scales[0].id
    named = {item.id: item.response_scale or default for item in shape.items}
    return {item: scales[name] for item, name in named.items() if name in scales}


def _lint_bands(scale: Scale) -> Places:
    key = f'scale "{scale.id}"'
    if not scale.bands:
        return
    yield from _duplicates(f"{key} bands", [band.id for band in scale.bands])
    if not scale.bands_source:
        yield key, "bands need bands_source"
    if scale.bands[0].lower != scale.minimum:
        yield key, f"bands begin at {scale.bands[0].lower:g}, the scale at {scale.minimum:g}"
    if scale.bands[-1].upper != scale.maximum:
        yield key, f"bands end at {scale.bands[-1].upper:g}, the scale at {scale.maximum:g}"
    step = 1.0 if scale.method == "sum" else 1 / max(len(scale.items), 1) + ROUNDING
    for band in scale.bands:
        if band.upper < band.lower:
            yield f'{key} band "{band.id}"', f"ends at {band.upper:g} before it begins at {band.lower:g}"
    for before, after in zip(scale.bands, scale.bands[1:], strict=False):
        if after.lower <= before.upper:
            yield key, f'bands "{before.id}" and "{after.id}" overlap at {after.lower:g}'
        elif after.lower - before.upper > step:
            yield key, f'gap between bands "{before.id}" ({before.upper:g}) and "{after.id}" ({after.lower:g})'


def _lint_figures(shape: InstrumentShape) -> Places:
    known = {scale.id for scale in shape.scales}
    for number, evidence in enumerate(shape.evidence, start=1):
        key = f"evidence number {number}"
        if not evidence.values and evidence.note is None:
            yield key, "give values or a note"
        yield from _unknown(key, evidence.values, known)
    for group in shape.norms:
        key = f'norms "{group.population}"'
        yield from _unknown(key, group.figures, known)
        if any(spread <= 0 for _, spread in group.figures.values()):
            yield key, "every standard deviation must be above 0"
        if group.ages is not None and group.ages != sorted(group.ages):
            yield key, "ages: the first number must not be above the second"


def _unknown(key: str, named: Iterable[str], known: set[str]) -> Places:
    for scale in named:
        if scale not in known:
            yield key, f'no scale named "{scale}"'


def _lint_rules(shape: InstrumentShape) -> Places:
    response_scales = _response_scale_of_items(shape)
    for number, rule in enumerate(shape.safety, start=1):
        key = f"safety rule number {number}"
        if rule.item not in {item.id for item in shape.items}:
            yield key, f'no item named "{rule.item}"'
        elif rule.item in response_scales and rule.at_least not in response_scales[rule.item].codes:
            yield key, f'at_least is {rule.at_least}, which is no answer of item "{rule.item}"'
    codes = {code for scale in response_scales.values() for code in scale.codes}
    for number, careless in enumerate(shape.careless, start=1):
        for code in careless.limits:
            if not code.lstrip("-").isdigit() or int(code) not in codes:
                yield f"careless rule number {number}", f'limits name "{code}", which is no answer code'


def _lint_source_language(shape: InstrumentShape, texts: Mapping[str, LanguageShape]) -> Places:
    source = [text for text in texts.values() if text.locale == shape.source_language]
    if not source:
        yield "source_language", f'"text.{shape.source_language}.toml" is missing or has faults'
    elif not (source[0].answerable and source[0].reportable):
        yield "source_language", f'"{shape.source_language}" must be answerable and reportable'


def _lint_language(shape: InstrumentShape, text: LanguageShape, file: str) -> Places:
    if file != f"text.{text.locale}.toml":
        yield "locale", f'"{text.locale}" stands in a file named "{file}"'
    if not (text.answerable or text.reportable):
        yield "answerable", "a language must be answerable, reportable or both"
    if text.answerable:
        yield from _lint_answerable(shape, text)
    elif text.items or text.options:
        yield "answerable", "is false, but items or options are worded"
    if text.reportable:
        yield from _lint_reportable(shape, text)
    yield from _same_ids("scales", text.scales, [scale.id for scale in shape.scales], complete=False)


def _lint_answerable(shape: InstrumentShape, text: LanguageShape) -> Places:
    for key in ("instructions", "options_source", "instructions_source"):
        if getattr(text, key) is None:
            yield key, "missing: an answerable language needs it"
    if text.locale != shape.source_language and text.source_digest is None:
        yield "source_digest", "missing: say which source wording was translated"
    yield from _same_ids("items", text.items, [item.id for item in shape.items])
    for sentence, count in Counter(text.items.values()).items():
        if count > 1:
            yield "items", f'{count} items share the wording "{sentence}"'
    yield from _same_ids("options", text.options, [scale.id for scale in shape.response_scales])
    for scale in shape.response_scales:
        if scale.id in text.options:
            words = text.options[scale.id]
            yield from _same_ids(f"options {scale.id}", words, [option.id for option in scale.options])
            if len(set(words.values())) < len(words):
                yield f"options {scale.id}", "two options share one wording"


def _lint_reportable(shape: InstrumentShape, text: LanguageShape) -> Places:
    yield from _same_ids("scales", text.scales, [scale.id for scale in shape.scales if not scale.left_out])
    for scale in shape.scales:
        yield from _same_ids(f"bands {scale.id}", text.bands.get(scale.id, {}), [band.id for band in scale.bands])
    yield from _same_ids("bands", text.bands, [scale.id for scale in shape.scales if scale.bands])
    groups = dict.fromkeys(scale.group for scale in shape.scales if scale.group)
    yield from _same_ids("groups", text.groups, list(groups))
    yield from _same_ids("safety", text.safety, list(dict.fromkeys(rule.text_key for rule in shape.safety)))


def _same_ids(key: str, worded: Iterable[str], wanted: list[str], *, complete: bool = True) -> Places:
    for missing in wanted if complete else ():
        if missing not in worded:
            yield key, f'no wording for "{missing}"'
    for unknown in worded:
        if unknown not in wanted:
            yield key, f'"{unknown}" does not exist in instrument.toml'


def _duplicates(key: str, ids: list[str]) -> Places:
    for name, count in Counter(ids).items():
        if count > 1:
            yield key, f'"{name}" stands there {count} times'
