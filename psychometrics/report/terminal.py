"""The report on a terminal: the verdicts first, then why, then the figures; 96 columns wide at most."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from psychometrics.audit.groups import GroupReliability
from psychometrics.audit.pairs import PairAudit
from psychometrics.reliability._result import Reliability
from psychometrics.report.figures import interval, number, p_value, people, percent, signed
from psychometrics.report.levels import group_name
from psychometrics.report.study import ScaleStudy, Study
from psychometrics.report.wording import LEVELS, about_gaps, about_pair, about_scale, item_figures, methods, overview

WIDTH = 96


def report(study: Study) -> str:
    """Return the whole report."""
    return "\n".join(_lines(study))


def _lines(study: Study) -> Iterator[str]:
    yield f"Audit of {study.file}"
    compared = f", compared by {', '.join(study.groupings)}" if study.groupings else ", no groups compared"
    scales = "1 scale" if len(study.scales) == 1 else f"{len(study.scales)} scales"
    yield f"{people(study.n_rows)}, {scales}{compared}"
    yield from _wrapped(study.notes)
    yield from _heading("In short")
    for scale in study.scales:
        yield f"  {_cut(scale.scale.shown, WIDTH - 2)}"
        for verdict, question in overview(scale.verdicts):
            mark = f"[{LEVELS[verdict.level]}]"
            yield from _hanging(f"    {mark:<12}", f"{question}. {verdict.headline}.")
    for scale in study.scales:
        yield from _scale(scale)
    yield from _heading("How it was computed")
    for title, text in methods(study):
        yield from _hanging("  ", f"{title}. {text}")


def _scale(study: ScaleStudy) -> Iterator[str]:
    yield from _heading(study.scale.shown)
    yield from _wrapped([about_scale(study), about_gaps(study)])
    for verdict in study.verdicts:
        yield ""
        yield from _hanging("  ", f"{verdict.question}: {verdict.headline}")
        for reason in verdict.reasons:
            yield from _hanging("    - ", reason)
    yield ""
    yield from _items(study)
    yield ""
    yield from _reliabilities(study)
    for grouping in study.audit.groupings:
        for pair in grouping.pairs:
            yield ""
            yield from _pair(grouping.name, pair)


def _items(study: ScaleStudy) -> Iterator[str]:
    rows = [[name, *figures] for name, figures in item_figures(study)]
    header = ["item", "n", "missing", "mean", "SD", "with the rest", "alpha without", "lowest", "highest"]
    yield from _table("Items, in the scored direction", header, rows)


def _reliabilities(study: ScaleStudy) -> Iterator[str]:
    rows = [_reliability("everybody", study.audit.whole)]
    for grouping in study.audit.groupings:
        rows += [_reliability(group_name(grouping.name, group.label), group) for group in grouping.groups]
    header = ["group", "n", "mean", "SD", "alpha", "95 % interval", "omega", "95 % interval"]
    yield from _table("Reliability of the sum score", header, rows)


def _reliability(label: str, group: GroupReliability) -> list[str]:
    return [label, f"{group.n:,}", number(group.mean), number(group.sd), *_two(group.alpha), *_two(group.omega)]


def _two(coefficient: Reliability | None) -> tuple[str, str]:
    if coefficient is None:
        return "–", "–"
    return number(coefficient.estimate), interval(coefficient.lower, coefficient.upper)


def _pair(grouping: str, pair: PairAudit) -> Iterator[str]:
    focal = group_name(grouping, pair.focal)
    rows = [
        [
            f"{item.name}{' *' if item.is_anchor else ''}",
            f"{item.n:,}",
            signed(item.mean_difference.value),
            interval(item.mean_difference.lower, item.mean_difference.upper),
            item.ets_class or "–",
            number(item.delta_r2_nagelkerke, 3),
            p_value(item.p_adjusted),
            signed(100 * item.skipping.difference, 1),
        ]
        for item in pair.items
    ]
    yield from _hanging("  ", about_pair(grouping, pair))
    header = ["item (* anchor)", "n", "difference", "95 % interval", "class", "delta R2", "p adj.", "skipped, points"]
    yield from _table(f"How much higher {focal} answer at equal trait, in SD of the item", header, rows)
    for cut in pair.cut_consequences:
        low, high = signed(100 * cut.difference.lower, 1), signed(100 * cut.difference.upper, 1)
        yield from _hanging(
            "    ",
            f"Score {number(cut.cut, 0)} and above: {percent(cut.share_as_measured)} of {focal}; if items worked "
            f"alike {percent(cut.share_without_dif)} ({low} to {high} points).",
        )


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align columns; the first holds names, which are shortened when the table is too wide."""
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    widths[0] = min(widths[0], max(8, WIDTH - 2 - sum(widths[1:]) - 2 * len(widths[1:])))
    yield f"  {title}"
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [_cut(row[0], widths[0]).ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield f"  {'  '.join(cells)}".rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield title
    yield "=" * min(len(title), WIDTH)


def _wrapped(sentences: Sequence[str]) -> Iterator[str]:
    for sentence in sentences:
        yield from _hanging("  ", sentence)


def _hanging(start: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))
