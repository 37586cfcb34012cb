"""Use cases of aggregates: freeze what a programme's figures may show, and read what is frozen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from assess.administration.models import Administration
from assess.audit import Event
from assess.consent import service as consent
from assess.consent.rules import Scope
from assess.i18n import current_locale
from assess.instruments.rules import Instrument, Language, Scale
from assess.privacy import disclosure
from assess.privacy.disclosure import Frozen
from assess.programmes.models import Assignment, Engagement, Programme
from assess.release import service as release
from assess.release.rules import ReleasedScore, Use
from assess.reports.models import AggregateRelease
from assess.transactions import Transaction

_ALL = "all"
Values = Mapping[tuple[str, str], Mapping[str, float]]  # (scale, wave) → sitting → score


@dataclass(frozen=True, slots=True)
class ScaleFigures:
    """One scale with its newest frozen figure at each wave."""

    scale: Scale
    name: str
    waves: Mapping[str, AggregateRelease]


@dataclass(frozen=True, slots=True)
class InstrumentFigures:
    """One questionnaire of the battery with the frozen figures of its scales."""

    instrument: Instrument
    language: Language
    scales: tuple[ScaleFigures, ...]

    @property
    def released_at(self) -> datetime | None:
        """When the newest of its figures was frozen; None if nothing was ever released."""
        return max((row.made_at for scale in self.scales for row in scale.waves.values()), default=None)


def read(tx: Transaction, programme: Programme) -> tuple[InstrumentFigures, ...]:
    """Return the newest frozen figures of a programme; reading them is recorded."""
    tx.record(Event.AGGREGATE_READ, subject=programme.id, about=programme.id)
    figures = []
    for entry in programme.battery:
        instrument = tx.catalogue.get(entry.instrument_id, entry.instrument_version)
        language = instrument.report_language(current_locale())
        newest: dict[str, dict[str, AggregateRelease]] = defaultdict(dict)
        for row in _frozen(tx, programme.id, instrument):
            newest[row.scale_id][row.wave_kind] = row
        scales = tuple(
            ScaleFigures(scale, language.scales[scale.id].name, newest[scale.id]) for scale in instrument.scales
        )
        figures.append(InstrumentFigures(instrument, language, scales))
    return tuple(figures)


def freeze(tx: Transaction, programme: Programme) -> int:
    """Release the figures of today where enough people changed since the last time; return how many were released."""
    # Two releases at once would each be judged without the other: the second waits for the first.
    tx.db.refresh(programme, with_for_update=True)
    released = 0
    for entry in programme.battery:
        instrument = tx.catalogue.get(entry.instrument_id, entry.instrument_version)
        earlier: dict[tuple[str, str], list[Frozen]] = defaultdict(list)
        for row in _frozen(tx, programme.id, instrument):
            members = frozenset(row.members)
            earlier[row.scale_id, row.wave_kind].append(Frozen(members, {_ALL: members} if members else {}))
        for (scale_id, wave), values in _values(tx, programme.id, instrument).items():
            before = earlier[scale_id, wave]
            found = disclosure.release({_ALL: values}, smallest_group=tx.settings.smallest_group, earlier=before)
            if found is not None:
                row = _row(tx, programme.id, instrument, scale_id, found)
                row.wave_kind, row.number = wave, len(before) + 1
                tx.db.add(row)
                released += 1
    return released


def _row(
    tx: Transaction, programme_id: str, instrument: Instrument, scale_id: str, found: disclosure.Release
) -> AggregateRelease:
    return AggregateRelease(
        programme_id=programme_id,
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        scale_id=scale_id,
        count=found.total.count,
        mean=found.total.mean,
        hidden=found.total.hidden,
        members=sorted(found.frozen.total),
        made_by=tx.actor,
        made_at=tx.now,
    )


def _frozen(tx: Transaction, programme_id: str, instrument: Instrument) -> Iterator[AggregateRelease]:
    """Yield every release about an instrument version, oldest first."""
    statement = select(AggregateRelease).where(
        AggregateRelease.programme_id == programme_id,
        AggregateRelease.instrument_id == instrument.id,
        AggregateRelease.instrument_version == instrument.version,
    )
    yield from tx.db.scalars(statement.order_by(AggregateRelease.number))


def _values(tx: Transaction, programme_id: str, instrument: Instrument) -> Values:
    """Return the scores of those who agreed to aggregates, where the gate releases this use."""
    values: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for sitting in _sittings(tx, programme_id, instrument):
        for entry in release.released(tx, sitting, use=Use.SPONSOR_AGGREGATE):
            if isinstance(entry, ReleasedScore) and entry.score.value is not None:
                values[entry.score.scale, sitting.assignment.wave_kind][sitting.id] = entry.score.value
    return values


def _sittings(tx: Transaction, programme_id: str, instrument: Instrument) -> Iterator[Administration]:
    statement = (
        select(Administration)
        .join(Assignment, Administration.assignment_id == Assignment.id)
        .join(Engagement, Assignment.engagement_id == Engagement.id)
        .where(
            Engagement.programme_id == programme_id,
            Administration.instrument_id == instrument.id,
            Administration.instrument_version == instrument.version,
            Administration.submitted_at.is_not(None),
        )
    )
    agreed: dict[str, bool] = {}
    for sitting in tx.db.scalars(statement).all():
        engagement_id = sitting.assignment.engagement_id
        if engagement_id not in agreed:
            agreed[engagement_id] = consent.covers(tx, engagement_id, Scope.SPONSOR_AGGREGATES)
        if agreed[engagement_id]:
            yield sitting
