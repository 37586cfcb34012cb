"""Words and numbers that the terminal and the page share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psychometrics.audit.groups import SMALLEST_GROUP
from psychometrics.audit.pairs import PairAudit
from psychometrics.report.figures import number, people, percent
from psychometrics.report.levels import Level, Verdict, group_name
from psychometrics.report.study import ANSWERED_SHARE, ScaleStudy, Study

# More pairs of one grouping than this that come out alike are counted together in the overview.
_MOST_PAIRS = 3
LEVELS: Mapping[Level, str] = {
    Level.GOOD: "yes",
    Level.CARE: "with care",
    Level.UNKNOWN: "not known",
    Level.BAD: "no",
}


def overview(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, str]]:
    """Return the verdicts with their questions; many pairs of one grouping that come out alike stand for each other."""
    alike: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        alike.setdefault((verdict.grouping, verdict.headline), []).append(verdict)
    shown = []
    for (grouping, _), same in alike.items():
        if grouping and len(same) > _MOST_PAIRS:
            pairs = sum(verdict.grouping == grouping for verdict in verdicts)
            counted = f"all {pairs}" if len(same) == pairs else f"{len(same)} of {pairs}"
            shown.append((same[0], f"{grouping}: {counted} pairs of groups"))
        else:
            shown += [(verdict, verdict.question) for verdict in same]
    return sorted(shown, key=lambda one: verdicts.index(one[0]))


def item_figures(study: ScaleStudy) -> list[tuple[str, list[str]]]:
    """Return each item with answers, share missing, mean, SD, rest correlation, alpha without it, floor, ceiling."""
    found = study.audit.items
    return [
        (
            name,
            [
                f"{found.n[i]:,}",
                percent(float(found.missing_rate[i])),
                number(found.mean[i]),
                number(found.standard_deviation[i]),
                number(found.item_rest_correlation[i]),
                number(found.alpha_if_deleted[i]),
                percent(float(found.floor_rate[i])),
                percent(float(found.ceiling_rate[i])),
            ],
        )
        for i, name in enumerate(study.scale.items)
    ]


def about_scale(study: ScaleStudy) -> str:
    """Return items, codes, reversed items and where they come from."""
    scale = study.scale
    reversed_items = [item for item, key in zip(scale.items, scale.keys, strict=True) if key < 0]
    low, high = scale.codes or (0, 0)
    text = f"{len(scale.items)} items, codes {low} to {high}"
    text += f"; reversed: {', '.join(reversed_items)}" if reversed_items else "; none reversed"
    return f"{text} ({scale.origin})."


def about_gaps(study: ScaleStudy) -> str:
    """Return what was missing and what was done about it, in figures."""
    scores = study.scores
    text = (
        f"{people(study.audit.n)} answered at least one item, {study.n_complete:,} of them every item; "
        f"{percent(study.share_missing)} of their answers are missing."
    )
    if study.n_without_answer:
        text += f" {people(study.n_without_answer)} without any answer left out."
    if scores.n_without_score > study.n_without_answer:
        text += (
            f" {people(scores.n_without_score)} have no score: fewer than {ANSWERED_SHARE:.0%} of the items answered."
        )
    return text


def about_pair(grouping: str, pair: PairAudit) -> str:
    """Return sizes and anchors of a comparison."""
    focal, reference = group_name(grouping, pair.focal), group_name(grouping, pair.reference)
    text = f"{focal} ({people(pair.n_focal)}) against {reference} ({pair.n_reference:,})."
    if pair.anchors:
        text += f" Anchors, items that agree on where the groups lie: {', '.join(pair.anchors)}."
    return text


def methods(study: Study) -> list[tuple[str, str]]:
    """Return how everything was computed, as headed sentences."""
    return [
        (
            "Missing answers",
            "Nothing is filled in. Item statistics and alpha use everyone who answered both items of a pair, omega "
            "full information (FIML), comparisons of groups every answer there is. Only the distribution of scores "
            f"takes a person's mean for what is missing, where at least {ANSWERED_SHARE:.0%} is answered.",
        ),
        (
            "Reliability",
            "Coefficient alpha with a jackknife interval; omega of the one-factor model by full-information maximum "
            "likelihood with a robust delta-method interval. Both ask whether the items of a scale go together, not "
            "whether the same person would answer alike another day.",
        ),
        (
            "Items by group",
            "Ordinal logistic regression on the trait as the item-response model estimates it, tested for uniform and "
            "non-uniform differences at once, p adjusted over all items and groups (Benjamini and Hochberg 1995). The "
            "difference is the standardised mean difference at equal trait, in standard deviations of the item. A: "
            "negligible or not shown; B: moderate; C: large (Nagelkerke's delta R2 from .035 and .070, or the interval "
            "beyond 0.17 and 0.25 SD).",
        ),
        (
            "What items do to scores",
            "A graded response model is fitted in each group and linked by the items that agree on where the groups "
            "lie; a second way of choosing them must agree. The expected score at equal trait is then compared over "
            "the traits of the focal group. A shift shared by all items looks like a difference in the trait, here as "
            "in every analysis of answers alone.",
        ),
        (
            "Groups",
            f"Groups of fewer than {SMALLEST_GROUP} people are counted, not compared; people whose group is not known "
            "count for everybody together only.",
        ),
        (
            "To make it again",
            f"{study.file}, SHA-256 {study.sha256}; seed {study.seed}; {study.date}; "
            + ", ".join(f"{name} {version}" for name, version in study.versions.items())
            + ".",
        ),
    ]
