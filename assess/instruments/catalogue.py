"""The instruments of this installation, read once and never changed while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from assess.errors import AssessError, UnknownInstrument
from assess.instruments.load import Fault, load_folder
from assess.instruments.rules import Instrument


class InstrumentFaults(AssessError):
    """Instrument files have faults; all of them are listed, one per line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class Catalogue:
    """Every installed instrument by id and version."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        ordered = sorted(instruments, key=lambda instrument: (instrument.id, version_order(instrument.version)))
        self._by_key = {(instrument.id, instrument.version): instrument for instrument in ordered}

    def get(self, instrument_id: str, version: str) -> Instrument:
        """The instrument of this id and version."""
        try:
            return self._by_key[instrument_id, version]
        except KeyError:
            raise UnknownInstrument(f'No instrument "{instrument_id}" version "{version}" is installed.') from None

    def latest(self, instrument_id: str) -> Instrument:
        """The newest installed version of an instrument."""
        versions = [instrument for instrument in self.all() if instrument.id == instrument_id]
        if not versions:
            raise UnknownInstrument(f'No instrument "{instrument_id}" is installed.')
        return versions[-1]

    def all(self) -> tuple[Instrument, ...]:
        """Every version of every instrument, by id, oldest version first."""
        return tuple(self._by_key.values())


def load_catalogue(path: Path) -> Catalogue:
    """Read the instrument folder; a single fault in any file refuses the whole of it."""
    instruments, faults = load_folder(path)
    if faults:
        raise InstrumentFaults(faults)
    return Catalogue(instruments)


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts version 10 after version 9."""
    parts = re.findall(r"\d+|[A-Za-z_]+", version)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
