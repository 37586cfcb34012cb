"""What the page of an audit shows of its evidence, in the reader's language; no figure is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assess.analysis.evidence import is_outdated
from assess.analysis.models import AuditRun
from assess.analysis.own import hidden_items
from assess.i18n import current_locale
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument, Language
from assess.release.pages import Standing, group_name, grouping_name, scale_name

_WORST_ITEMS_DRAWN = 3


def stage_words(instrument: Instrument, stage: str) -> str:
    """Word how far an audit is, from its code: a scale's id, then what is done, or a grouping and two groups."""
    scale_id, _colon, step = stage.partition(": ")
    if not step:
        return ""
    name = scale_name(instrument.report_language(current_locale()), scale_id)
    known = {"items": _("items"), "reliability": _("reliability"), "done": _("done")}
    grouping, _colon, pair = step.partition(": ")
    groups = " – ".join(group_name(grouping, label) for label in pair.split(" - "))
    return f"{name}: {known.get(step) or f'{grouping_name(grouping)}, {groups}'}"


def scales_left_out(run: AuditRun, instrument: Instrument) -> list[tuple[str, str]]:
    """Return the scales that an audit could not look at by name, each with the code of why."""
    if run.evidence is None or is_outdated(run.evidence):
        return []
    words = instrument.report_language(current_locale())
    return [(scale_name(words, scale_id), code) for scale_id, code in run.evidence["left_out"].items()]


def careless_rows(run: AuditRun) -> list[tuple[str, Mapping[str, Any]]]:
    """Return, for everybody and for every group, what it is called and its rates of careless answering."""
    if run.evidence is None or is_outdated(run.evidence):
        return []
    return [
        (f"{grouping_name(grouping['name'])}: {group_name(grouping['name'], group['label'])}" if grouping["name"]
         else _("Everybody"), group)
        for grouping in run.evidence["careless"]
        for group in grouping["groups"]
        if group["longstring"] or group["even_odd"]
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScalePage:
    """The evidence of a run on one scale, ready for tables and pictures."""

    id: str
    name: str
    verdicts: list[Standing]
    audit: Mapping[str, Any]
    distribution: Mapping[str, Any]
    hidden: frozenset[str]  # items whose figures would tell about a few clients
    bands: list[tuple[str, float]]
    reliability: list[tuple[str, list[tuple[str, float, float, float, int]]]]
    pairs: list[PairPage]
    wording: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PairPage:
    """Two groups compared, ready for tables and pictures."""

    id: str
    grouping: str
    reference: str
    focal: str
    figures: Mapping[str, Any]
    forest: list[tuple[str, float, float, float, str]]
    curves: list[tuple[str, list[tuple[str, list[tuple[float, float]]]]]]
    item_range: tuple[float, float]


def scale_pages(run: AuditRun, instrument: Instrument, found: Sequence[Standing], smallest: int) -> list[ScalePage]:
    """Return a run's evidence scale by scale; of clients' own answers nothing about fewer than `smallest` people."""
    words = instrument.report_language(current_locale())
    if run.evidence is None or is_outdated(run.evidence):
        return []
    smallest = smallest if run.response_set_id is None else 1
    return [_scale_page(entry, instrument, words, found, smallest) for entry in run.evidence["scales"]]


def _scale_page(
    entry: Mapping[str, Any], instrument: Instrument, words: Language, found: Sequence[Standing], smallest: int
) -> ScalePage:
    scale = instrument.scale(entry["scale"])
    audit = entry["audit"]
    names = words.bands.get(scale.id, {})
    options = [instrument.options_of(item) for item in scale.item_ids]
    item_range = (min(o.minimum for o in options), max(o.maximum for o in options))
    source = instrument.language(instrument.source_language)
    return ScalePage(
        id=scale.id,
        name=scale_name(words, scale.id),
        verdicts=[s for s in found if s.row.scale_id == scale.id],
        audit=audit,
        distribution=entry["distribution"],
        hidden=hidden_items(audit, smallest),
        bands=[(names.get(band.id, band.id), band.lower) for band in scale.bands],
        reliability=list(_reliability(audit)),
        pairs=list(_pairs(scale.id, audit, item_range)),
        wording=source.items,
    )


def _reliability(audit: Mapping[str, Any]) -> Iterable[tuple[str, list[tuple[str, float, float, float, int]]]]:
    """Yield, per grouping, the rows of a bar chart: group, alpha, interval, n; those too small are left out."""
    everybody = _bar(_("Everybody"), audit["whole"])
    groupings = [g for g in audit["groupings"] if any(group["alpha"] for group in g["groups"])]
    if not groupings and everybody:
        yield "", [everybody]
    for grouping in groupings:
        bars = [_bar(group_name(grouping["name"], group["label"]), group) for group in grouping["groups"]]
        yield grouping["name"], [bar for bar in (everybody, *bars) if bar is not None]


def _bar(label: str, group: Mapping[str, Any]) -> tuple[str, float, float, float, int] | None:
    alpha = group["alpha"]
    if not alpha or alpha["lower"] is None:
        return None
    return label, alpha["estimate"], alpha["lower"], alpha["upper"], group["n"]


def _pairs(scale_id: str, audit: Mapping[str, Any], item_range: tuple[float, float]) -> Iterable[PairPage]:
    for grouping in audit["groupings"]:
        for number, pair in enumerate(grouping["pairs"]):
            yield PairPage(
                id=f"{scale_id}-{grouping['name']}-{number}",
                grouping=grouping_name(grouping["name"]),
                reference=group_name(grouping["name"], pair["reference"]),
                focal=group_name(grouping["name"], pair["focal"]),
                figures=pair,
                forest=[_effect(item) for item in pair["items"] if item["mean_difference"]["lower"] is not None],
                curves=_curves(grouping["name"], pair, audit["trait_grid"]),
                item_range=item_range,
            )


def _effect(item: Mapping[str, Any]) -> tuple[str, float, float, float, str]:
    effect = item["mean_difference"]
    return item["name"], effect["value"], effect["lower"], effect["upper"], item["ets_class"]


def _curves(
    grouping: str, pair: Mapping[str, Any], grid: Sequence[float]
) -> list[tuple[str, list[tuple[str, list[tuple[float, float]]]]]]:
    """Return the expected answers to the items that differ most, by level of the trait, in both groups."""
    drawn = [item for item in pair["items"] if item["reference_curve"]]
    worst = [item for item in drawn if item["level"] != "negligible"][:_WORST_ITEMS_DRAWN] or drawn[:1]
    return [
        (
            item["name"],
            [
                (group_name(grouping, pair[side]), list(zip(grid, item[f"{side}_curve"], strict=True)))
                for side in ("reference", "focal")
            ],
        )
        for item in worst
    ]
