"""What the lead's pages show about verdicts and evidence, in the reader's language; no figure is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assess.administration import forms
from assess.analysis.rules import Coefficient, published_coefficients
from assess.i18n import current_locale, name_of_language
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument, Language
from assess.release import verdicts
from assess.release.models import VerdictRow, VerdictState
from assess.release.rules import Outcome, Reason, Use, Verdict
from assess.transactions import Transaction

# The order in which a lead reads them: what a person gets to see first.
_USES = tuple(Use)
# What asks for a lead's decision comes first.
_TAGS = ("suspended", "waiting", "released", "released_with_conditions", "insufficient", "held")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one question stands: the newest verdict, and what is in force."""

    row: VerdictRow
    verdict: Verdict
    scale_name: str
    about: str
    in_force: VerdictRow | None

    @property
    def tag(self) -> str:
        """The kind of tag a page shows."""
        if self.in_force is not None:
            return self.in_force.outcome
        if self.row.state == VerdictState.SUSPENDED:
            return "suspended"
        if not self.verdict.outcome.releasable or self.row.state == VerdictState.REFUSED:
            return self.verdict.outcome.value if not self.verdict.outcome.releasable else "held"
        return "waiting"

    @property
    def reopened(self) -> bool:
        """Whether something is in force that was signed on older evidence or an older policy."""
        return self.in_force is not None and self.in_force.id != self.row.id

    @property
    def can_be_signed(self) -> bool:
        """Whether a lead may release it now."""
        return self.verdict.outcome.releasable and self.row.state != VerdictState.SIGNED


def standings(tx: Transaction, programme_id: str, instrument: Instrument) -> list[Standing]:
    """Return where every question about an instrument stands, decided on today's evidence and policy."""
    rows = verdicts.refresh(tx, programme_id, instrument)
    in_force = {verdicts.question_of(row): row for row in verdicts.in_force(tx, programme_id, instrument)}
    found = [standing(instrument, row, in_force.get(verdicts.question_of(row))) for row in rows]
    order = {scale.id: place for place, scale in enumerate(instrument.scales)}
    return sorted(found, key=lambda s: (_USES.index(Use(s.row.use)), order[s.row.scale_id], s.about))


@dataclass(frozen=True, slots=True)
class Line:
    """One or several scales, in one or several languages, of which the same is to be said: the first stands for all."""

    first: Standing
    scales: tuple[str, ...]
    abouts: tuple[str, ...]

    @property
    def reason(self) -> Reason | None:
        """What speaks loudest against a release without conditions, if anything does."""
        outcome = self.first.verdict.outcome
        against = (r for r in self.first.verdict.reasons if r.outcome is outcome)
        return next(against, None) if outcome is not Outcome.RELEASED else None


def lines(found: Sequence[Standing]) -> list[tuple[Use, list[Line]]]:
    """Return what stands where, use by use, what asks for a decision first; what is alike shares a line."""
    grouped: list[tuple[Use, list[Line]]] = []
    for use in _USES:
        together: dict[str, list[Standing]] = {}
        for entry in sorted((s for s in found if s.row.use == use), key=lambda s: _TAGS.index(s.tag)):
            together.setdefault(_alike(entry), []).append(entry)
        if together:
            grouped.append((use, [_line(same) for same in together.values()]))
    return grouped


def _alike(entry: Standing) -> str:
    """Return what two entries must share to be told together: nothing is known, or held for the very same reasons."""
    if entry.can_be_signed or entry.in_force is not None:
        return entry.row.id
    if entry.verdict.reason_codes[0] == "no_evidence_for_language":
        return entry.verdict.reason_codes[0]
    return str((entry.about, entry.tag, entry.verdict.reasons))


def _line(same: list[Standing]) -> Line:
    return Line(same[0], tuple(dict.fromkeys(s.scale_name for s in same)), tuple(dict.fromkeys(s.about for s in same)))


def standing(instrument: Instrument, row: VerdictRow, in_force: VerdictRow | None) -> Standing:
    """Return where one question stands."""
    words = instrument.report_language(current_locale())
    verdict = verdicts.verdict_of(row)
    verdict = replace(verdict, reasons=tuple(_named(reason, row.grouping) for reason in verdict.reasons))
    return Standing(row, verdict, scale_name(words, row.scale_id), about(row), in_force)


def _named(reason: Reason, grouping: str) -> Reason:
    """Return a reason that calls groups and groupings what a reader does."""
    figures = dict(reason.figures)
    if "group" in figures:
        figures["group"] = group_name(grouping, str(figures["group"]))
    if "grouping" in figures:
        figures["grouping"] = grouping_name(str(figures["grouping"]))
    return replace(reason, figures=figures)


def scale_name(words: Language, scale_id: str) -> str:
    """Return what a language calls a scale, else its id."""
    return words.scales[scale_id].name if scale_id in words.scales else scale_id


def about(row: VerdictRow) -> str:
    """Return the language or the groups that a verdict is about."""
    if row.grouping:
        pair = (group_name(row.grouping, row.reference), group_name(row.grouping, row.focal))
        return _("%(label)s: %(text)s", label=grouping_name(row.grouping), text=f"{pair[0]} – {pair[1]}")
    return name_of_language(row.language)


def grouping_name(grouping: str) -> str:
    """Return what a grouping is called."""
    known = {
        "language": _("Language"),
        "gender": _("Gender"),
        "age_band": _("Age"),
        "country": _("Country"),
        "education": _("Education"),
        "first_language": _("First language"),
    }
    return known.get(grouping, grouping)


def group_name(grouping: str, label: str) -> str:
    """Return what a group is called: as our own questions word it, languages by their names, else as the data say."""
    locale = current_locale()
    known: Mapping[str, Mapping[str, Any]] = {
        "gender": forms.GENDER_WORDS,
        "age_band": forms.AGE_WORDS,
        "education": forms.EDUCATION_WORDS,
        "country": forms.countries(locale),
    }
    if grouping in ("language", "first_language"):
        try:
            return name_of_language(label)
        except ValueError:
            return label
    return str(known.get(grouping, {}).get(label, label))


@dataclass(frozen=True, slots=True)
class LanguageState:
    """One language of an instrument: its wording, the evidence on it, and what stands where."""

    locale: str
    wording: str
    stale: bool
    coefficients: tuple[Coefficient, ...]
    tags: Mapping[str, int]


def language_states(instrument: Instrument, found: Sequence[Standing]) -> list[LanguageState]:
    """Return the evidence state of every language an instrument can be answered in."""
    states = []
    for locale in instrument.answerable_locales:
        reports = [s for s in found if s.row.use == Use.INDIVIDUAL_REPORT and s.row.language == locale]
        published = [c for scale in instrument.scales for c in published_coefficients(instrument, scale.id, locale)]
        language = instrument.language(locale)
        states.append(
            LanguageState(locale, language.state, instrument.is_stale(locale), tuple(published), _count(reports))
        )
    return states


def _count(found: Iterable[Standing]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in found:
        counts[entry.tag] = counts.get(entry.tag, 0) + 1
    return {kind: counts[kind] for kind in _TAGS if kind in counts}
