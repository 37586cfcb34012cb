"""The evidence of a run, as it is kept (JSON, unknown figures null) and as decisions read it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from assess.analysis.rules import Coefficient, Group, Impact, ItemDifference, Pair, SkippedItem, Skipping, uncompared
from assess.errors import AssessError

FORMAT = 2  # of the kept evidence; raised when what stands in it changes its meaning


@dataclass(frozen=True, slots=True)
class ScaleFigures:
    """What one run found about one scale."""

    scale_id: str
    n: int
    whole: Group
    languages: tuple[Group, ...]
    pairs: tuple[Pair, ...]

    def language(self, locale: str) -> Group | None:
        """The people who answered in this language."""
        return next((group for group in self.languages if group.label == locale), None)


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What one run found, scale by scale."""

    run_id: str
    simulated: bool
    own: bool  # answers of the programme's own clients, not an imported set
    scales: Mapping[str, ScaleFigures]

    def scale(self, scale_id: str) -> ScaleFigures | None:
        """The figures of one scale, if the run looked at it."""
        return self.scales.get(scale_id)


def is_outdated(evidence: Mapping[str, Any]) -> bool:
    """Whether evidence was kept in a form that lacks what decisions rest on now."""
    return bool(evidence["format"] != FORMAT)


def read_run(run_id: str, evidence: Mapping[str, Any]) -> RunFigures:
    """Read kept evidence; AssessError where an older release of assess made it."""
    if is_outdated(evidence):
        raise AssessError("An older version of assess made this evidence. Please make the audit again.")
    source = evidence["source"]
    scales = {
        entry["scale"]: _Reader(source["name"], entry["digest"], bool(source["simulated"]), entry["unit"]).scale(entry)
        for entry in evidence["scales"]
    }
    return RunFigures(run_id, bool(source["simulated"]), source["kind"] == "programme", scales)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one scale's part of the evidence; `unit` turns sums of items into score units."""

    source: str
    digest: str
    simulated: bool
    unit: float

    def scale(self, entry: Mapping[str, Any]) -> ScaleFigures:
        audit = entry["audit"]
        whole = self.group({**audit["whole"], "label": entry["language"]})
        languages = [self.group(g) for grouping in audit["groupings"] if grouping["name"] == "language"
                     for g in grouping["groups"]]  # fmt: skip
        return ScaleFigures(
            scale_id=entry["scale"],
            n=audit["n"],
            whole=whole,
            languages=tuple(languages) if not whole.label else (whole,),
            pairs=tuple(pair for grouping in audit["groupings"] for pair in self.pairs(grouping)),
        )

    def group(self, entry: Mapping[str, Any]) -> Group:
        """Read a group; one too small to be analysed has coefficients that are not known."""
        figures = coefficients_of(entry)
        sd = number(entry["sd"]) * self.unit
        coefficients = tuple(
            Coefficient(
                statistic=statistic,
                value=number(figure["estimate"]),
                lower=number(figure["lower"]),
                upper=number(figure["upper"]),
                n=figure["n"],
                origin="local",
                language=entry["label"],
                source=self.source,
                sd=sd,
                digest=self.digest,
                simulated=self.simulated,
            )
            for statistic, figure in (figures or {"alpha": {**_UNKNOWN, "n": entry["n"]}}).items()
        )
        return Group(entry["label"], entry["n"], number(entry["mean"]) * self.unit, sd, coefficients)

    def pairs(self, grouping: Mapping[str, Any]) -> Iterable[Pair]:
        """Read the pairs of a grouping; those that were not compared are pairs of which nothing is known.

        A group too small to be compared makes one such pair, with the reference group.
        """
        groups = {entry["label"]: self.group(entry) for entry in grouping["groups"]}
        compared = {(entry["reference"], entry["focal"]): entry for entry in grouping["pairs"]}
        for (reference, focal), entry in compared.items():
            yield _pair(grouping["name"], groups[reference], groups[focal], entry)
        known = {frozenset(pair) for pair in compared}
        large = {entry["label"] for entry in grouping["groups"] if entry["sufficient"]}
        in_order = [grouping["reference"], *(label for label in groups if label != grouping["reference"])]
        for one, other in combinations([label for label in in_order if groups[label].n], 2):
            asked = one == grouping["reference"] or {one, other} <= large
            if asked and frozenset((one, other)) not in known:
                yield uncompared(grouping["name"], groups[one], groups[other])


def coefficients_of(group: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the figures of alpha and omega; where omega has no proper solution alpha stands in it, told once."""
    known = {name: group[name] for name in ("alpha", "omega") if group[name]}
    return {name: figure for name, figure in known.items() if "heywood" not in figure["notes"]}


_UNKNOWN: Mapping[str, Any] = {"estimate": None, "lower": None, "upper": None}


def _pair(grouping: str, reference: Group, focal: Group, entry: Mapping[str, Any]) -> Pair:
    return Pair(
        grouping=grouping,
        reference=reference,
        focal=focal,
        anchors=tuple(entry["anchors"]),
        second_anchors=tuple(entry["second_anchors"]),
        anchors_agree=entry["anchors_agree"],
        items=tuple(_item(item) for item in entry["items"]),
        impact=_impact(entry["impact"]),
        second_impact=_impact(entry["impact_second_anchors"]),
        exchanged_impact=_impact(entry["impact_exchanged"]),
        exchanged_second_impact=_impact(entry["impact_exchanged_second_anchors"]),
        skipping=_skipping(entry),
        notes=tuple(entry["notes"]),
    )


def _skipping(entry: Mapping[str, Any]) -> Skipping | None:
    if entry["skipping"] is None:
        return None
    impact = entry["skipping"]["impact_sd"]
    items = tuple(
        SkippedItem(item["name"], *(number(item["skipping"][name]) for name in ("difference", "lower", "upper")))
        for item in entry["items"]
    )
    return Skipping(number(impact["value"]), number(impact["lower"]), number(impact["upper"]), items)


def _item(entry: Mapping[str, Any]) -> ItemDifference:
    effect = entry["mean_difference"]
    return ItemDifference(
        item=entry["name"],
        level=entry["level"],
        delta_r2=number(entry["delta_r2_nagelkerke"]),
        effect=number(effect["value"]),
        lower=number(effect["lower"]),
        upper=number(effect["upper"]),
    )


def _impact(entry: Mapping[str, Any] | None) -> Impact | None:
    if entry is None:
        return None
    signed, unsigned = entry["signed_sd"], entry["unsigned_sd"]
    return Impact(
        signed=number(signed["value"]),
        lower=number(signed["lower"]),
        upper=number(signed["upper"]),
        unsigned=number(unsigned["value"]),
        unsigned_lower=number(unsigned["lower"]),
    )


def number(value: float | None) -> float:
    """Return a kept figure; null is "not known"."""
    return math.nan if value is None else float(value)


def plain(value: Any) -> Any:
    """Return what JSON can hold: an unknown or infinite number is null, a tuple a list, a mapping a dict."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value of plain parts."""
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
