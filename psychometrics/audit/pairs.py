"""The comparison of two groups: anchors, items, what they do to scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics.audit.groups import sum_score_variance
from psychometrics.audit.items import ItemDif, PairInput, audit_items, unknown_items, with_level
from psychometrics.audit.linking import MINIMUM_COUNT, LinkedGroups, link_groups, traits_and_expectations
from psychometrics.dif.anchors import AnchorChoice
from psychometrics.dif.impact import CutConsequence, Interval, ScoreImpact, cut_consequences
from psychometrics.prorating import SkippingImpact, skipping_impact


@dataclass(frozen=True)
class Impact:
    """Expected-score difference due to differential functioning, over the focal group's trait distribution.

    In score points, and in SDs of the scale where named so; focal minus reference. Item by item it stands with the
    items.
    """

    signed: Interval
    unsigned: Interval
    signed_sd: Interval
    unsigned_sd: Interval
    scale_sd: float
    latent_mean_difference: float
    latent_sd_ratio: float
    method: str
    n_reference: int
    n_focal: int
    n_draws: int
    confidence: float


@dataclass(frozen=True)
class PairAudit:
    """Everything about one reference and one focal group; items with the largest difference first.

    ``impact_exchanged`` is what the same comparison finds when the groups change places: anchors chosen in the focal
    group's units, differences averaged over the reference group's distribution; still focal minus reference.
    ``anchors_agree`` says that two choices of anchors lead to the same impact, either way round. ``notes`` may hold

    - "items_not_analysable": items are left out that hardly anybody of a group answered, or nearly all alike;
    - "too_few_items": fewer than three are left, and nothing is known;
    - "calibration_failed", "calibration_not_converged": the figures are missing, or not to be trusted;
    - "anchors_unchecked": of three items no two others bear an anchor out;
    - "no_half_agrees": no half of the items agrees where the focal group lies; it lies where differences balance.
    """

    reference: str
    focal: str
    n_reference: int
    n_focal: int
    anchors: tuple[str, ...]
    anchor_strategy: str
    second_anchors: tuple[str, ...]
    second_anchor_strategy: str
    anchors_agree: bool
    items: tuple[ItemDif, ...]
    impact: Impact | None
    impact_second_anchors: Impact | None
    impact_exchanged: Impact | None
    impact_exchanged_second_anchors: Impact | None
    cut_consequences: tuple[CutConsequence, ...]
    skipping: SkippingImpact | None
    notes: tuple[str, ...]


def audit_pair(data: PairInput, rng: np.random.Generator, *, most_calibrated: int) -> PairAudit:
    """Compare two groups; of each at most so many people, drawn at random, are calibrated.

    Two calibrations without equality give every item's shift. Two strategies find from the shifts where the focal group
    lies, and name the anchors that stand for it; on that common scale the expected-score difference follows. Items are
    tested against the trait, estimated with a common prior under a model in which all items are equal that do not lie
    apart from that position: a fair match when people skip and when many items differ. (With curves of their own for
    all items the tests for non-uniform differences would reject twice too often.)
    """
    usable = _usable_items(data)
    notes: list[str] = [] if usable.all() else ["items_not_analysable"]
    bare = _bare(data, notes)
    if usable.sum() < 3:
        return replace(bare, notes=(*notes, "too_few_items"))
    responses, sd = data.responses[:, usable], scale_sd(data.responses, data.group)
    try:
        linked = link_groups(responses, data.group, sd, rng, most=most_calibrated)
    except (ValueError, np.linalg.LinAlgError):
        return replace(bare, notes=(*notes, "calibration_failed"))
    link, reverse = linked.link, linked.reverse
    trait, expected = traits_and_expectations(linked.match, responses, data.group)
    names = [name for name, use in zip(data.item_names, usable, strict=True) if use]
    return replace(
        bare,
        anchors=tuple(names[i] for i in link.first.items),
        anchor_strategy=link.first.strategy,
        second_anchors=tuple(names[i] for i in link.second.items),
        second_anchor_strategy=link.second.strategy,
        anchors_agree=link.agrees and reverse.agrees,
        items=audit_items(data, usable, trait, link.comparison, link.impact, link.first.items),
        impact=_told(link.impact, link.first),
        impact_second_anchors=_told(link.second_impact, link.second),
        impact_exchanged=_told(reverse.impact, reverse.first),
        impact_exchanged_second_anchors=_told(reverse.second_impact, reverse.second),
        cut_consequences=cut_consequences(link.comparison, data.cuts) if usable.all() else (),
        skipping=skipping_impact(responses, data.group == 1, trait, expected, scale_sd=sd, shown=data.shown[:, usable]),
        notes=(*notes, *_notes_on(linked)),
    )


def _notes_on(linked: LinkedGroups) -> list[str]:
    found = {
        "calibration_not_converged": not linked.model.converged,
        "anchors_unchecked": not (linked.link.checked and linked.reverse.checked),
        "no_half_agrees": not (linked.link.half_agrees and linked.reverse.half_agrees),
    }
    return [note for note, holds in found.items() if holds]


def _bare(data: PairInput, notes: list[str]) -> PairAudit:
    return PairAudit(
        reference=data.labels[0],
        focal=data.labels[1],
        n_reference=int((data.group == 0).sum()),
        n_focal=int((data.group == 1).sum()),
        anchors=(),
        anchor_strategy="",
        second_anchors=(),
        second_anchor_strategy="",
        anchors_agree=False,
        items=unknown_items(data),
        impact=None,
        impact_second_anchors=None,
        impact_exchanged=None,
        impact_exchanged_second_anchors=None,
        cut_consequences=(),
        skipping=None,
        notes=tuple(notes),
    )


def _usable_items(data: PairInput) -> BoolArray:
    """Return the items with a cut that enough people of each group lie below and above."""
    usable = np.zeros(len(data.item_names), dtype=bool)
    for item, column in enumerate(data.responses.T):
        answers = [column[(data.group == g) & ~np.isnan(column)] for g in (0, 1)]
        cuts = np.unique(np.concatenate(answers))[1:]
        sides = [[((x >= cut).sum(), (x < cut).sum()) for x in answers] for cut in cuts]
        usable[item] = any(np.min(side) >= MINIMUM_COUNT for side in sides)
    return usable


def scale_sd(responses: FloatArray, group: IntArray) -> float:
    """Return the SD of the sum score within the groups, which weigh alike, as in the effect sizes of items."""
    return float(np.sqrt(np.mean([sum_score_variance(responses[group == g]) for g in (0, 1)])))


def _told(impact: ScoreImpact, choice: AnchorChoice) -> Impact:
    return Impact(
        signed=impact.signed,
        unsigned=impact.unsigned,
        signed_sd=impact.signed_sd,
        unsigned_sd=impact.unsigned_sd,
        scale_sd=impact.scale_sd,
        latent_mean_difference=choice.mean,
        latent_sd_ratio=choice.sd,
        method=impact.method,
        n_reference=impact.n_reference,
        n_focal=impact.n_focal,
        n_draws=impact.n_draws,
        confidence=impact.confidence,
    )


def with_levels(pairs: Sequence[PairAudit]) -> tuple[PairAudit, ...]:
    """Adjust p values for all items of all pairs together, say how large each difference is, order items by it."""
    adjusted = benjamini_hochberg([item.p for pair in pairs for item in pair.items])
    result, at = [], 0
    for pair in pairs:
        items = [
            with_level(item, float(p)) for item, p in zip(pair.items, adjusted[at : at + len(pair.items)], strict=True)
        ]
        at += len(items)
        items.sort(key=lambda item: -np.nan_to_num(item.delta_r2_nagelkerke, nan=-1.0))
        result.append(replace(pair, items=tuple(items)))
    return tuple(result)
