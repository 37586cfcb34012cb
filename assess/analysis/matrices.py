"""Answers as arrays, scale by scale: from an imported set or from the programme's own clients. numpy: worker only."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assess.analysis.cells import NO_LABEL, NOT_ANSWERED
from assess.analysis.models import ResponseSet
from assess.instruments.rules import Instrument, Scale
from assess.responses.matrix import Matrix, matrix_of
from assess.transactions import Transaction

LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class ScaleAnswers:
    """The answers to one scale: people × items, reverse-keyed, nan where there is none; `shown` marks what was offered.

    `groups` holds a label per person and grouping, "" where none is known. `language` is that of everybody, if there is
    only one.
    """

    scale: Scale
    responses: NDArray[np.float64]
    shown: NDArray[np.bool_]
    groups: Mapping[str, NDArray[np.str_]]
    language: str
    digest: str
    minimum_code: int
    maximum_code: int


def answers_of_set(kept: ResponseSet, instrument: Instrument, scale_ids: Iterable[str]) -> list[ScaleAnswers]:
    """Return the answers of an imported set."""
    width = len(kept.item_ids)
    codes = np.frombuffer(zlib.decompress(kept.answers), dtype=np.int8).reshape(kept.n, width)
    labels = np.frombuffer(zlib.decompress(kept.labels), dtype=np.uint8).reshape(kept.n, len(kept.groups))
    groups = {
        name: np.append(np.array(names, dtype=np.str_), "")[np.where(column == NO_LABEL, len(names), column)]
        for (name, names), column in zip(kept.groups.items(), labels.T, strict=True)
    }
    # Who answered nothing at all never took part, as far as a file can tell; everybody else was shown every item.
    took_part = (codes != NOT_ANSWERED).any(axis=1)
    place = {item: column for column, item in enumerate(kept.item_ids)}
    found = []
    for scale_id in scale_ids:
        scale = instrument.scale(scale_id)
        columns = codes[:, [place[item] for item in scale.item_ids]].astype(np.float64)
        columns[columns == NOT_ANSWERED] = np.nan
        shown = np.repeat(took_part[:, None], columns.shape[1], axis=1)
        found.append(_scale_answers(instrument, scale, _keyed(instrument, scale, columns), shown, groups, kept.digest,
                                    kept.language))  # fmt: skip
    return found


def answers_of_programme(
    tx: Transaction, programme_id: str, instrument: Instrument, scale_ids: Iterable[str]
) -> list[ScaleAnswers]:
    """Return the de-identified answers of a programme's clients."""
    found = []
    for scale_id in scale_ids:
        matrix: Matrix = matrix_of(tx, programme_id=programme_id, instrument=instrument, scale_id=scale_id)
        shown = matrix.skipped | ~np.isnan(matrix.responses)
        found.append(_scale_answers(instrument, instrument.scale(scale_id), matrix.responses, shown, matrix.groups,
                                    matrix.digest, ""))  # fmt: skip
    return found


def _scale_answers(
    instrument: Instrument, scale: Scale, responses: NDArray[np.float64], shown: NDArray[np.bool_],
    groups: Mapping[str, NDArray[np.str_]], digest: str, language: str,
) -> ScaleAnswers:  # fmt: skip
    options = [instrument.options_of(item) for item in scale.item_ids]
    languages = set(np.unique(groups[LANGUAGE]).tolist()) - {""} if LANGUAGE in groups else set()
    return ScaleAnswers(
        scale=scale,
        responses=responses,
        shown=shown,
        groups=groups,
        language=language or (languages.pop() if len(languages) == 1 else ""),
        digest=digest,
        minimum_code=min(entry.minimum for entry in options),
        maximum_code=max(entry.maximum for entry in options),
    )


def _keyed(instrument: Instrument, scale: Scale, codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn reversed items, as scoring does."""
    for column, keyed in enumerate(scale.items):
        if keyed.key == -1:
            options = instrument.options_of(keyed.item)
            codes[:, column] = options.minimum + options.maximum - codes[:, column]
    return codes


def groups_to_compare(answers: ScaleAnswers, names: Iterable[str], *, smallest: int) -> dict[str, NDArray[np.str_]]:
    """Return the groupings that have at least two groups; groups smaller than `smallest` count as not known."""
    found = {}
    for name in names:
        labels = answers.groups.get(name)
        if labels is None:
            continue
        known, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        known = np.where(sizes >= smallest, known, "")
        if len(set(known.tolist()) - {""}) > 1:
            found[name] = known[place]
    return found
