"""The report as one HTML page that needs nothing else: verdicts, then why, then evidence; no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from psychometrics.report import evidence
from psychometrics.report.figures import people
from psychometrics.report.levels import Verdict
from psychometrics.report.pictures import icon
from psychometrics.report.study import ScaleStudy, Study
from psychometrics.report.wording import about_gaps, about_scale, methods, overview

_STYLE = Path(__file__).with_name("page.css")


def report(study: Study) -> str:
    """Return the whole page."""
    title = f"Audit of {escape(study.file)}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en" dir="ltr"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>{_STYLE.read_text(encoding='utf-8')}</style>",
            "</head><body>",
            *_head(study),
            "<main>",
            *(line for number, scale in enumerate(study.scales) for line in _scale(number, scale)),
            "</main>",
            *_methods(study),
            "</body></html>\n",
        ]
    )


def _head(study: Study) -> Iterator[str]:
    scales = "1 scale" if len(study.scales) == 1 else f"{len(study.scales)} scales"
    compared = ", ".join(f"<bdi>{escape(name)}</bdi>" for name in study.groupings)
    compared = f"compared by {compared}" if compared else "no groups compared"
    yield f"<header><h1>Audit of <bdi>{escape(study.file)}</bdi></h1>"
    yield f'<p class="lead">{people(study.n_rows)}, {scales}, {compared}</p>'
    yield from (f"<p>{escape(note)}</p>" for note in study.notes)
    yield '<nav class="overview" aria-label="Verdicts">'
    for number, scale in enumerate(study.scales):
        yield f'<section><h2><a href="#scale{number}"><bdi>{escape(scale.scale.shown)}</bdi></a></h2><ul>'
        for verdict, question in overview(scale.verdicts):
            target = f"#scale{number}-{scale.verdicts.index(verdict)}"
            yield (
                f'<li class="{_tone(verdict)}">{icon(_tone(verdict))}'
                f'<span class="says">{escape(verdict.headline)}</span>'
                f'<a class="question" href="{target}"><bdi>{escape(_capital(question))}</bdi></a></li>'
            )
        yield "</ul></section>"
    yield "</nav></header>"


def _tone(verdict: Verdict) -> str:
    return verdict.level.name.lower()


def _capital(question: str) -> str:
    return question[:1].upper() + question[1:]


def _scale(number: int, study: ScaleStudy) -> Iterator[str]:
    yield f'<section id="scale{number}"><h2><bdi>{escape(study.scale.shown)}</bdi></h2>'
    yield f'<p class="meta">{escape(about_scale(study))} {escape(about_gaps(study))}</p>'
    pairs = {
        (grouping.name, pair.reference, pair.focal): pair
        for grouping in study.audit.groupings
        for pair in grouping.pairs
    }
    for place, verdict in enumerate(study.verdicts):
        yield f'<h3 id="scale{number}-{place}"><bdi>{escape(_capital(verdict.question))}</bdi></h3>'
        yield _verdict(verdict)
        if not verdict.grouping:
            yield from evidence.reliabilities(study)
        elif (verdict.grouping, *verdict.groups) in pairs:
            yield from evidence.pair(
                study, verdict.grouping, pairs[verdict.grouping, verdict.groups[0], verdict.groups[1]]
            )
    yield "<h3>How people score</h3>"
    yield from evidence.scores(study)
    yield "<h3>Items</h3>"
    yield from evidence.items(study)
    yield "</section>"


def _verdict(verdict: Verdict) -> str:
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    return (
        f'<div class="verdict {_tone(verdict)}">{icon(_tone(verdict))}'
        f'<p class="headline">{escape(verdict.headline)}</p><ul>{reasons}</ul></div>'
    )


def _methods(study: Study) -> Sequence[str]:
    entries = "".join(f"<dt>{escape(title)}</dt><dd>{escape(text)}</dd>" for title, text in methods(study))
    return ["<footer>", "<h2>How it was computed</h2>", f"<dl>{entries}</dl>", "</footer>"]
