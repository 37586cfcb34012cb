"""The respondent-by-item matrix of one scale, from the de-identified copies of submitted sittings.

numpy is imported here: for the worker and the command line, never for the web process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from assess.instruments.rules import Instrument, Scale
from assess.responses.models import DeidentifiedAdministration
from assess.responses.rules import Missing, largest_wave
from assess.transactions import Transaction

UNDECLARED = ""  # the label of someone who did not say which group they belong to
GROUPINGS = ("language", "gender", "age_band", "country", "education", "first_language")


@dataclass(frozen=True, slots=True)
class Matrix:
    """Answers of people (rows) to the items of one scale (columns).

    `responses` are reverse-keyed codes with nan where there is no answer; `skipped` marks those a person chose to skip.
    `groups` holds one label per person for each declared grouping, "" where someone did not say.
    """

    responses: NDArray[np.float64]
    skipped: NDArray[np.bool_]
    item_ids: tuple[str, ...]
    groups: Mapping[str, NDArray[np.str_]]
    digest: str
    simulated: bool

    @property
    def n(self) -> int:
        """How many people there are."""
        return len(self.responses)


def matrix_of(tx: Transaction, *, programme_id: str, instrument: Instrument, scale_id: str) -> Matrix:
    """Return the matrix of one scale in one programme, each person in it once.

    Copies do not tell whose they are, so only the wave with the most of them is taken: in one wave a client answers an
    instrument once, and rows that were one person's twice would make every interval too narrow.
    """
    copies = tx.db.scalars(
        select(DeidentifiedAdministration)
        .where(
            DeidentifiedAdministration.programme_id == programme_id,
            DeidentifiedAdministration.instrument_id == instrument.id,
            DeidentifiedAdministration.instrument_version == instrument.version,
        )
        .order_by(DeidentifiedAdministration.id)
    ).all()
    wave = largest_wave(copy.wave_kind for copy in copies)
    copies = [copy for copy in copies if copy.wave_kind == wave]
    scale = instrument.scale(scale_id)
    said = [{"language": copy.locale, **copy.groups} for copy in copies]
    return build_matrix(
        [copy.answers for copy in copies],
        {name: [groups.get(name, UNDECLARED) for groups in said] for name in GROUPINGS},
        instrument=instrument,
        scale=scale,
        simulated=any(copy.simulated for copy in copies),
    )


def build_matrix(
    answers: Sequence[Mapping[str, int | str]],
    groups: Mapping[str, Sequence[str]],
    *,
    instrument: Instrument,
    scale: Scale,
    simulated: bool = False,
) -> Matrix:
    """Turn item → code (or kind of missing) of each person into the matrix; an item that is absent was not reached."""
    responses = np.full((len(answers), len(scale.items)), np.nan)
    skipped = np.zeros(responses.shape, dtype=np.bool_)
    for column, keyed in enumerate(scale.items):
        given = [person.get(keyed.item, Missing.NOT_REACHED) for person in answers]
        codes = np.array([answer if isinstance(answer, int) else np.nan for answer in given], dtype=np.float64)
        options = instrument.options_of(keyed.item)
        responses[:, column] = codes if keyed.key == 1 else options.minimum + options.maximum - codes
        skipped[:, column] = [answer == Missing.SKIPPED for answer in given]
    labels = {name: np.array(values, dtype=np.str_) for name, values in groups.items()}
    digest = _digest(instrument, scale, responses, skipped, labels)
    return Matrix(responses, skipped, scale.item_ids, labels, digest, simulated)


def _digest(
    instrument: Instrument,
    scale: Scale,
    responses: NDArray[np.float64],
    skipped: NDArray[np.bool_],
    labels: Mapping[str, NDArray[np.str_]],
) -> str:
    """Return the SHA-256 of the data, the same in whatever order the people come."""
    header = "\x1f".join((instrument.id, instrument.version, scale.id, *scale.item_ids, *sorted(labels)))
    rows = sorted(
        row.tobytes() + gaps.tobytes() + "\x1f".join(said).encode()
        for row, gaps, *said in zip(responses, skipped, *(labels[name] for name in sorted(labels)), strict=True)
    )
    return hashlib.sha256(header.encode() + b"\x1e" + b"\x1e".join(rows)).hexdigest()
