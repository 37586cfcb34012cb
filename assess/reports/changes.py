"""How a scale developed over the sittings of one client, from what the gate releases for change over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from assess.release.rules import ReleasedScore, Withheld
from assess.scoring.change import Change, reliable_change


@dataclass(frozen=True, slots=True)
class ScaleChange:
    """How a scale developed since the first sitting: the comparable scores, and what may be said, or why nothing."""

    points: tuple[tuple[str, date, ReleasedScore], ...]
    change: Change | None
    withheld: tuple[str, ...] = ()


def scale_change(sittings: Sequence[tuple[str, date, ReleasedScore | Withheld]]) -> ScaleChange | None:
    """Compare the last sitting of a scale with the first; None where there is nothing to compare.

    Sittings are (wave, day, what the gate says for change over time), oldest first. In between only those appear that
    are comparable with the first.
    """
    if len(sittings) < 2:
        return None
    withheld = [entry.reasons for _, _, entry in (sittings[0], sittings[-1]) if isinstance(entry, Withheld)]
    if withheld:
        return ScaleChange((), None, tuple(dict.fromkeys(reason for reasons in withheld for reason in reasons)))
    released = [(wave, day, entry) for wave, day, entry in sittings if isinstance(entry, ReleasedScore)]
    first, last = released[0][2].score, released[-1][2].score
    comparable = [point for point in released[1:] if not reliable_change(first, point[2].score).refusals]
    return ScaleChange((released[0], *comparable), reliable_change(first, last))
