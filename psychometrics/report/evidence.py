"""The evidence of a page: each picture with the same values as a table, or standing in the table itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from psychometrics.audit.groups import GroupReliability
from psychometrics.audit.items import ItemDif
from psychometrics.audit.pairs import PairAudit
from psychometrics.reliability._result import Reliability
from psychometrics.report import pictures
from psychometrics.report.figures import interval, number, p_value, percent, signed
from psychometrics.report.levels import BARELY_RELIABLE, RELIABLE, group_name
from psychometrics.report.pictures import Mark
from psychometrics.report.study import ScaleStudy
from psychometrics.report.wording import about_pair, item_figures

# Differences of less than this many SD of the item are drawn over a shaded zone: negligible.
_NEGLIGIBLE = 0.17
_MOST_CURVES = 6
_TONE = {"B": "care", "C": "bad"}
_NAN = float("nan")


def table(
    caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, wide: Sequence[int] = (), kind: str = ""
) -> str:
    """Return a table of cells that are HTML already; the first of each row names it, `wide` go on a narrow screen."""

    def cell(at: int, content: str, tag: str = "td") -> str:
        classes = " ".join(
            [*(["n"] if at and "<svg" not in content and "axis" not in content else []),
             *(["picture"] if "<svg" in content or "axis" in content else []), *(["wide"] if at in wide else [])]
        )  # fmt: skip
        return f"<{tag}{f' class={chr(34)}{classes}{chr(34)}' if classes else ''}>{content}</{tag}>"

    head = "".join(cell(at, text, "th").replace("<th", '<th scope="col"', 1) for at, text in enumerate(header))
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(cell(at, text) for at, text in enumerate(row) if at)}</tr>'
        for row in rows
    )
    label = re.sub("<[^>]+>", "", caption).replace("&nbsp;", " ")
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{label}"><table class="{kind}">'
        f"<caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, content: str) -> str:
    """Return content that unfolds on a click, and is printed in any case."""
    return f"<details><summary>{summary}</summary>{content}</details>"


def _name(study: ScaleStudy, item: str, sign: str = "") -> str:
    words = study.scale.wording.get(item, "")
    told = f'<span class="wording" dir="auto">{escape(words)}</span>' if words else ""
    return f"<bdi>{escape(item)}</bdi>{sign}{told}"


def reliabilities(study: ScaleStudy) -> Iterator[str]:
    """Alpha and omega of everybody and of every group, with their intervals."""
    groups = [("Everybody", study.audit.whole)]
    for grouping in study.audit.groupings:
        groups += [(group_name(grouping.name, group.label), group) for group in grouping.groups]
    known = [x for _, group in groups for x in (group.alpha, group.omega) if x is not None]
    on = pictures.axis([x.lower for x in known], about=4, least=(0.5, 1.0))
    rows = [_reliability(label, group, on) for label, group in groups]
    header = [
        "Group",
        on.labels(),
        "Alpha, 95&nbsp;% interval",
        "Omega, 95&nbsp;% interval",
        "People",
        "Mean",
        "SD",
    ]
    yield f"<p>{pictures.key('first', 'alpha', 'dot')}{pictures.key('second', 'omega', 'box')}"
    yield f'<span class="meta">dashed: {BARELY_RELIABLE:.2f} and {RELIABLE:.2f}</span></p>'
    yield table("Reliability of the sum score", header, rows, wide=(4, 5, 6))


def _reliability(label: str, group: GroupReliability, on: pictures.Axis) -> list[str]:
    marks = [_mark(group.alpha, "first", "dot"), _mark(group.omega, "second", "box")]
    picture = pictures.interval_row(on, marks, zone=(RELIABLE, 1.0), rules=(BARELY_RELIABLE, RELIABLE))
    figures = [_told(group.alpha), _told(group.omega), f"{group.n:,}", number(group.mean), number(group.sd)]
    return [f"<bdi>{escape(label)}</bdi>", picture, *figures]


def _mark(coefficient: Reliability | None, kind: str, shape: str) -> Mark:
    if coefficient is None:
        return Mark(_NAN, _NAN, _NAN, kind, shape)
    return Mark(coefficient.estimate, coefficient.lower, coefficient.upper, kind, shape)


def _told(coefficient: Reliability | None) -> str:
    if coefficient is None:
        return "–"
    return _with_interval(number(coefficient.estimate), coefficient.lower, coefficient.upper)


def _with_interval(value: str, low: float, high: float) -> str:
    return f'<b>{value}</b> <span class="meta">{interval(low, high)}</span>'


def pair(study: ScaleStudy, grouping: str, found: PairAudit) -> Iterator[str]:
    """The items of a comparison: a forest of differences, curves of those that differ most, and all figures."""
    yield f'<p class="meta">{escape(about_pair(grouping, found))}</p>'
    gaps = [item.mean_difference for item in found.items]
    on = pictures.symmetric_axis([end for gap in gaps for end in (gap.lower, gap.upper)], 0.5)
    header = ["Item", on.labels(2), "Difference, 95&nbsp;% interval", "Class"]
    names = (escape(group_name(grouping, found.reference)), escape(group_name(grouping, found.focal)))
    caption = f"How much higher <bdi>{names[1]}</bdi> answer at equal trait, in SD of the item"
    yield table(caption, header, [_forest_row(study, item, on) for item in found.items], kind="forest")
    yield f'<p class="meta">Shaded: less than {_NEGLIGIBLE} SD. Round: class A; square: B or C. Anchors: ⚓.</p>'
    yield from _curves(study, found, names)
    rows = [_figures(item) for item in found.items]
    columns = ["Item", "Answers", "Delta R2", "p, uniform", "p, non-uniform", "p, adjusted", "Score points", "Skipped"]
    yield folded("All figures of these items", table("Figures", columns, rows))
    yield from _cuts(found, names[1])


def _forest_row(study: ScaleStudy, item: ItemDif, on: pictures.Axis) -> list[str]:
    gap, tone = item.mean_difference, _TONE.get(item.ets_class, "")
    mark = Mark(gap.value, gap.lower, gap.upper, "second" if tone else "first", "box" if tone else "dot")
    anchor = ' <span title="anchor" role="img" aria-label="anchor">⚓</span>' if item.is_anchor else ""
    return [
        _name(study, item.name, anchor),
        pictures.interval_row(on, [mark], zone=(-_NEGLIGIBLE, _NEGLIGIBLE), rules=(0.0,)),
        _with_interval(signed(gap.value), gap.lower, gap.upper),
        f'<span class="letter {tone}">{item.ets_class or "–"}</span>',
    ]


def _figures(item: ItemDif) -> list[str]:
    skips = item.skipping
    return [
        f"<bdi>{escape(item.name)}</bdi>",
        f"{item.n:,}",
        number(item.delta_r2_nagelkerke, 3),
        p_value(item.p_uniform),
        p_value(item.p_nonuniform),
        p_value(item.p_adjusted),
        f"{signed(item.signed.value)} ({interval(item.signed.lower, item.signed.upper)})",
        f"{percent(skips.focal_rate)} against {percent(skips.reference_rate)}",
    ]


def _curves(study: ScaleStudy, found: PairAudit, names: tuple[str, str]) -> Iterator[str]:
    drawn = [item for item in found.items if item.reference_curve]
    differing = [item for item in drawn if item.ets_class in _TONE]
    shown = differing[:_MOST_CURVES] or drawn[:3]
    if not shown or study.scale.codes is None:
        return
    trait, codes = study.audit.trait_grid, study.scale.codes
    keys = pictures.key("first", f"<bdi>{names[0]}</bdi>", "curve") + pictures.key(
        "second", f"<bdi>{names[1]}</bdi>", "curve"
    )
    title = "Expected answer along the trait" + (", items that differ" if differing else ", no item differs much")
    yield f'<figure><figcaption>{title}<br>{keys}</figcaption><ul class="curves">'
    for item in shown:
        label = f"Item {escape(item.name)}: expected answer in {names[0]} and {names[1]} along the trait"
        curves = (item.reference_curve, item.focal_curve)
        yield f"<li><bdi>{escape(item.name)}</bdi>{pictures.curve(label, trait, curves, codes)}</li>"
    yield "</ul>"
    at = [place for place, level in enumerate(trait) if abs(level - round(level)) < 1e-9]
    rows = [
        [f"<bdi>{escape(item.name)}</bdi>, <bdi>{name}</bdi>", *(number(values[place]) for place in at)]
        for item in shown
        for name, values in zip(names, (item.reference_curve, item.focal_curve), strict=True)
    ]
    header = ["Item, group", *(signed(trait[place], 0) for place in at)]
    caption = "Expected answer by level of the trait, in SD of the first group"
    yield folded("The same values as a table", table(caption, header, rows)) + "</figure>"


def _cuts(found: PairAudit, focal: str) -> Iterator[str]:
    if not found.cut_consequences:
        return
    rows = [
        [
            number(cut.cut, 0),
            percent(cut.share_as_measured),
            percent(cut.share_without_dif),
            f"{signed(100 * cut.difference.value, 1)} "
            f"({interval(100 * cut.difference.lower, 100 * cut.difference.upper, 1)})",
        ]
        for cut in found.cut_consequences
    ]
    header = ["Score", "as measured", "if items worked alike", "difference, points (95&nbsp;% interval)"]
    yield table(f"Who of <bdi>{focal}</bdi> reaches a cut", header, rows)


def scores(study: ScaleStudy) -> Iterator[str]:
    """The distribution of the sum score."""
    found, cuts = study.scores, study.scale.cuts
    if not found.n:
        yield "<p>Nobody answered enough items for a score.</p>"
        return
    caption = f"{found.n:,} people, mean {number(found.mean)}, SD {number(found.sd)}"
    told = f"{caption}; cuts at {', '.join(number(cut, 0) for cut in cuts)}" if cuts else caption
    label = escape(f"Distribution of the sum score: {told}")
    yield f"<figure><figcaption>{told}</figcaption>"
    yield pictures.bars(label, found.starts, found.step, found.counts, cuts)
    last = [start + found.step - 1 for start in found.starts]
    rows = [
        [number(start, 0) if found.step == 1 else f"{number(start, 0)} to {number(end, 0)}", f"{count:,}",
         percent(count / found.n)]
        for start, end, count in zip(found.starts, last, found.counts, strict=True)
    ]  # fmt: skip
    yield folded("The same values as a table", table("Sum score", ["Score", "People", "Share"], rows)) + "</figure>"


def items(study: ScaleStudy) -> Iterator[str]:
    """The classical statistics of every item."""
    rows = [[_name(study, name), *figures] for name, figures in item_figures(study)]
    header = ["Item", "Answers", "Missing", "Mean", "SD", "With the rest", "Alpha without", "Lowest", "Highest"]
    yield table("Items in the scored direction", header, rows)
