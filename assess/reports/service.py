"""Use cases of reports: a client's result and the coach's report, from what the gate released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import select

from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.administration.rules import Sitting
from assess.audit import Event
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.errors import NotFound
from assess.i18n import current_locale
from assess.instruments.rules import Instrument, Language, Scale, ScaleText
from assess.people import service as people
from assess.people.models import Person
from assess.programmes import rules as programme_rules
from assess.programmes import service as programmes
from assess.programmes.models import Assignment, Engagement
from assess.release import service as release
from assess.release.rules import ReleasedScore, Use, Withheld
from assess.reports import rules
from assess.reports.changes import ScaleChange, scale_change
from assess.responses import service as responses
from assess.transactions import Transaction

_MOST_SCALES_SHOWN_SINGLY = 3


@dataclass(frozen=True, slots=True)
class ScaleReport:
    """One scale of a result in the reader's language: what was released of it, or why nothing was."""

    scale: Scale
    text: ScaleText
    band_names: Mapping[str, str]
    entry: ReleasedScore | Withheld
    change: ScaleChange | None

    @property
    def released(self) -> ReleasedScore | None:
        """The score with its figure, if there is one to read."""
        return readable(self.entry)

    @property
    def compared(self) -> bool:
        """Whether something can be said about a change."""
        return self.change is not None and self.change.change is not None and not self.change.change.refusals

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no figure to read."""
        return why_unreadable(self.entry)


@dataclass(frozen=True, slots=True)
class InstrumentReport:
    """One sitting of one questionnaire as a page shows it; `skipped` is None where the count could say too much."""

    assignment: Assignment
    instrument: Instrument
    language: Language
    wave: str
    sent_on: date
    answered_in: str
    scales: tuple[ScaleReport, ...]
    skipped: int | None

    @property
    def released(self) -> tuple[ScaleReport, ...]:
        """The scales with a figure to read."""
        return tuple(scale for scale in self.scales if scale.released)

    @property
    def has_profile(self) -> bool:
        """Whether its scales are shown together: there are many, and none has ranges with names of their own."""
        return len(self.scales) > _MOST_SCALES_SHOWN_SINGLY and not any(entry.scale.bands for entry in self.scales)

    @property
    def profiles(self) -> tuple[tuple[str, tuple[ScaleReport, ...]], ...]:
        """The released scales that one picture can show together, with its title: same group, same range."""
        together: dict[tuple[str | None, float, float], list[ScaleReport]] = {}
        for entry in self.released:
            key = (entry.scale.group, entry.scale.minimum, entry.scale.maximum)
            together.setdefault(key, []).append(entry)
        return tuple(
            (self.language.groups.get(group or "", self.language.name), tuple(entries))
            for (group, _, _), entries in together.items()
        )

    @property
    def withheld_by_reasons(self) -> tuple[tuple[tuple[str, ...], tuple[ScaleReport, ...]], ...]:
        """The scales without one, put together where the reasons are the same."""
        groups: dict[tuple[str, ...], list[ScaleReport]] = {}
        for scale in self.scales:
            if not scale.released:
                groups.setdefault(scale.reasons, []).append(scale)
        return tuple((reasons, tuple(scales)) for reasons, scales in groups.items())

    @property
    def careless(self) -> bool:
        """Whether the answers broke a published rule on careless answering."""
        return any(scale.released and scale.released.score.careless for scale in self.scales)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition its scores were released under, once."""
        return tuple(dict.fromkeys(code for s in self.scales if s.released for code in s.released.conditions))

    @property
    def signatures(self) -> tuple[tuple[str, date], ...]:
        """Who released its scores, and when, once."""
        released = [scale.released for scale in self.scales if scale.released]
        return tuple(dict.fromkeys((entry.signed_by_name, entry.signed_at.date()) for entry in released))


@dataclass(frozen=True, slots=True)
class CoachedClient:
    """A client as the coach's list shows them: of a live engagement, or one who erased themselves during it."""

    engagement: Engagement
    name: str
    erased: bool
    declared: bool
    shared: bool
    sent: int


@dataclass(frozen=True, slots=True)
class CoachReport:
    """What a coach may read of one client; without the client's consent, nothing."""

    engagement: Engagement
    client_name: str
    shared: bool
    instruments: tuple[InstrumentReport, ...]
    waiting: tuple[str, ...]


def readable(entry: ReleasedScore | Withheld) -> ReleasedScore | None:
    """Return a score if there is a figure to read: released, computed, and with its standard error."""
    return None if isinstance(entry, Withheld) or entry.score.standard_error is None else entry


def why_unreadable(entry: ReleasedScore | Withheld) -> tuple[str, ...]:
    """Return the codes of why there is no figure to read; none where there is one."""
    if isinstance(entry, Withheld):
        return entry.reasons
    if entry.score.state != "scored":
        return (entry.score.state,)
    return () if entry.score.standard_error is not None else ("no_standard_error",)


def sittings_of(tx: Transaction, engagement_id: str) -> Mapping[str, Administration]:
    """Return the sittings that were begun in an engagement, by assignment."""
    statement = select(Administration).join(Assignment, Administration.assignment_id == Assignment.id)
    rows = tx.db.scalars(statement.where(Assignment.engagement_id == engagement_id))
    return {row.assignment_id: row for row in rows}


def is_sent(tx: Transaction, assignment_id: str) -> bool:
    """Return whether the client has sent this questionnaire."""
    administration = administrations.administration_of(tx, assignment_id)
    return administration is not None and administration.submitted_at is not None


def client_result(tx: Transaction, assignment: Assignment) -> InstrumentReport:
    """Return a client's own result; reading it is recorded, so that the list of readers is whole."""
    administration = administrations.administration_of(tx, assignment.id)
    if administration is None or administration.submitted_at is None:
        raise NotFound
    tx.record(Event.RESULT_READ, subject=administration.person_id, about=administration.id)
    sent = _sent(tx, assignment.engagement_id, assignment.instrument_id)
    return _report(tx, [sitting for sitting in sent if _sent_at(sitting) <= _sent_at(administration)])


def coached_clients(tx: Transaction, coach_id: str) -> Sequence[CoachedClient]:
    """Return the clients a coach has today; of those who erased themselves only that they did."""
    live = programmes.live_engagements_of_coach(tx, coach_id)
    return [_coached_client(tx, row) for row in (*live, *programmes.erased_engagements_of_coach(tx, coach_id))]


def _coached_client(tx: Transaction, engagement: Engagement) -> CoachedClient:
    shared = consent.covers(tx, engagement.id, Scope.COACH_READS)
    return CoachedClient(
        engagement=engagement,
        name=people.name_of(tx.db.get_one(Person, engagement.client_id), tx.vault),
        erased=engagement.stopped_at is not None,
        declared=programme_rules.has_declared(engagement, engagement.coach_id),
        shared=shared,
        sent=sum(row.submitted_at is not None for row in sittings_of(tx, engagement.id).values()) if shared else 0,
    )


def coach_report(tx: Transaction, engagement: Engagement) -> CoachReport:
    """Return what the client shares with the coach; reading it is recorded."""
    name = people.name_of(tx.db.get_one(Person, engagement.client_id), tx.vault)
    if not consent.covers(tx, engagement.id, Scope.COACH_READS):
        return CoachReport(engagement, name, shared=False, instruments=(), waiting=())
    tx.record(Event.REPORT_READ, subject=engagement.client_id, about=engagement.id)
    reports, waiting = [], []
    for instrument_id in dict.fromkeys(row.instrument_id for row in programmes.assignments_of(tx, engagement.id)):
        sittings = _sent(tx, engagement.id, instrument_id)
        if not sittings:
            instrument = tx.catalogue.latest(instrument_id)
            waiting.append(instrument.report_language(current_locale()).name)
            continue
        reports.append(_report(tx, sittings))
    return CoachReport(engagement, name, shared=True, instruments=tuple(reports), waiting=tuple(waiting))


def _sent(tx: Transaction, engagement_id: str, instrument_id: str) -> list[Administration]:
    """Return the sittings of a questionnaire that were sent in an engagement, oldest first."""
    rows = sittings_of(tx, engagement_id).values()
    sent = [row for row in rows if row.instrument_id == instrument_id and row.submitted_at is not None]
    return sorted(sent, key=_sent_at)


def _report(tx: Transaction, sittings: Sequence[Administration]) -> InstrumentReport:
    """Return the last of the sittings, with the change since the first."""
    last = sittings[-1]
    instrument = tx.catalogue.get(last.instrument_id, last.instrument_version)
    language = instrument.report_language(current_locale())
    entries = {_scale_id(entry): entry for entry in release.released(tx, last, use=Use.INDIVIDUAL_REPORT)}
    changes = _changes(tx, sittings)
    answers = responses.answers_of(tx, last)
    n_skipped = sum(answer == "skipped" for answer in answers.values())
    return InstrumentReport(
        assignment=last.assignment,
        instrument=instrument,
        language=language,
        wave=last.assignment.wave_kind,
        sent_on=_day(last),
        answered_in=last.locale,
        scales=tuple(
            ScaleReport(
                scale=scale,
                text=language.scales[scale.id],
                band_names=language.bands.get(scale.id, {}),
                entry=entries[scale.id],
                change=changes.get(scale.id),
            )
            for scale in instrument.scales
        ),
        skipped=rules.skip_count(n_skipped, len(instrument.items)),
    )


def _changes(tx: Transaction, sittings: Sequence[Administration]) -> Mapping[str, ScaleChange | None]:
    """Return how each scale developed, from what the gate releases for change over time."""
    if len(sittings) < 2:
        return {}
    told = []
    for sitting in sittings:
        released = release.released(tx, sitting, use=Use.CHANGE_OVER_TIME)
        told.append((sitting.assignment.wave_kind, _day(sitting), {_scale_id(entry): entry for entry in released}))
    in_every_sitting = set.intersection(*(set(entries) for _, _, entries in told))
    return {
        scale_id: scale_change([(wave, day, entries[scale_id]) for wave, day, entries in told])
        for scale_id in in_every_sitting
    }


def _scale_id(entry: ReleasedScore | Withheld) -> str:
    return entry.scale_id if isinstance(entry, Withheld) else entry.score.scale


def _day(administration: Administration) -> date:
    return _sent_at(administration).date()


def _sent_at(administration: Sitting) -> datetime:
    """Return when a sitting that was sent was sent."""
    return cast(datetime, administration.submitted_at)
