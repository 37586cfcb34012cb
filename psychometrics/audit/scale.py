"""One call for everything a release gate reads about one scale: items, reliability, groups, fairness, skipping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics._validation import Label, as_groups, as_responses, as_shown
from psychometrics.audit.groups import SMALLEST_GROUP, GroupReliability, equal_alpha_test, group_reliability
from psychometrics.audit.items import TRAIT_GRID, PairInput
from psychometrics.audit.pairs import PairAudit, audit_pair, with_levels
from psychometrics.items import ItemStatistics, item_statistics
from psychometrics.nonresponse import DifferentialSkipping, differential_skipping
from psychometrics.reliability._result import Reliability
from psychometrics.reliability.equality import EqualReliability

# Of so many groups every pair is compared; of smaller ones each with the reference group.
_PAIRWISE = 6
# More people than this change a calibration's third digit and cost seconds; a random part of each group is taken then.
_PEOPLE_TO_CALIBRATE = 24_000  # in the larger group of each pair, over all pairs
_FEWEST_TO_CALIBRATE = 2_000


@dataclass(frozen=True)
class GroupingAudit:
    """One way of grouping people.

    Pairs are the reference group against every other group that is large enough; then the other pairs of the six
    largest groups, the larger first. That two groups compare with a third does not say that they do with each other.
    """

    name: str
    reference: str
    groups: tuple[GroupReliability, ...]
    equal_alpha: EqualReliability | None
    skipping: DifferentialSkipping | None
    pairs: tuple[PairAudit, ...]
    n_unknown: int


@dataclass(frozen=True)
class Audit:
    """The audit of one scale; `whole` is everybody together."""

    n: int
    item_names: tuple[str, ...]
    items: ItemStatistics
    whole: GroupReliability
    trait_grid: tuple[float, ...]
    groupings: tuple[GroupingAudit, ...]

    @property
    def alpha(self) -> Reliability | None:
        """Alpha of everybody together."""
        return self.whole.alpha

    @property
    def omega(self) -> Reliability | None:
        """Omega of everybody together."""
        return self.whole.omega

    def as_dict(self) -> dict[str, Any]:
        """Return everything as dictionaries, lists, numbers and text; what is not known is None."""
        plain = _plain(self)
        assert isinstance(plain, dict)  # a dataclass becomes a dictionary; this tells the type checker
        return plain


def audit(
    responses: npt.ArrayLike,
    *,
    item_names: Sequence[str],
    groupings: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
    minimum_code: int,
    maximum_code: int,
    rng: np.random.Generator,
    reference: Mapping[str, Label] | None = None,
    shown: npt.ArrayLike | None = None,
    cuts: Sequence[float] = (),
    progress: Callable[[float, str], None] | None = None,
) -> Audit:
    """Audit one scale.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        Items already in the scored direction; nan where an answer is missing. People without any answer are left out.
    item_names : sequence of str
        One name per item.
    groupings : mapping from name to labels, each of length n_people
        None, nan and "" mean that the group is not known.
    minimum_code, maximum_code : int
        The response scale.
    rng : numpy.random.Generator
        For the intervals of impacts, and for the part of very large groups that is calibrated.
    reference : mapping from grouping to label, optional
        Default: the largest group.
    shown : array_like of bool, optional
        Which item was shown to whom; a gap elsewhere was skipped. Default: all were shown.
    cuts : sequence of float
        Cuts on the sum score, for who reaches them.
    progress : callable(fraction, stage), optional
        Called before each stage; stages are ``items``, ``reliability`` and ``grouping: reference - focal``.

    Returns
    -------
    Audit
        Groups of fewer than 100 people are counted, not analysed. Of large groups a random part is calibrated, at
        least 2,000 people, so that the time stays bounded with the number of pairs. p values of items are adjusted over
        all items of all pairs of all groupings (Benjamini & Hochberg 1995). Items stand in order of effect size, the
        largest first.

    Notes
    -----
    What can be known about fairness rests on one assumption: that the items without differential functioning are the
    largest set that agrees about the distance between two groups (`psychometrics.dif.anchors`). A shift shared by all
    items looks like a difference in the trait, here as in any analysis of the answers alone. Where as many items agree
    elsewhere, `anchors_agree` is false: half of 6, 8 or 10 items shifted alike by 0.6 or 0.8 (true impact 0.25 to 0.35
    SD) in 48 of 48 simulated runs (500 or 2,000 people a group), by 0.3 (0.14 SD) in 8 of 8 with 2,000, in 5 of 16 with
    500. Where no half of the items agrees, differences are taken to balance, the interval has the linking error, and
    the notes say "no_half_agrees".

    Simulated impacts in SD of the score (``tests/psychometrics/monte_carlo_impact.py``; items of 5 codes, means alike
    or half an SD apart, 0 or 15 % skipped, 12 to 40 runs a cell). Four of ten items shifted one way, mean error of the
    estimate for true impacts 0.05 / 0.10 / 0.13 / 0.20 / 0.30 / 0.40: with 200 people a group 0.04 / 0.08 / 0.09 / 0.09
    / 0.03 / 0.01, with 500 0.04 / 0.06 / 0.05 / 0.01 / 0 / 0, with 2,000 0.04 / 0.01 / 0 / 0 / 0 / 0, with 5,000 0.03 /
    0 / 0 / 0 / 0 / 0; without differential functioning -0.01 to 0. What is too small to be told from chance is
    understated, and the interval says so: it covered the truth in 99.9 % of 2,352 runs (draws alone: 81 %). Two of
    twelve items one way beside four that cancel: errors of 0.06 at most, covered in 99.1 % of 2,268 runs.

    Without differential functioning and means half an SD apart (``monte_carlo_dif.py``) fair items were called
    differing in less than 0.5 %; tests at .05 rejected fair items in 5 to 6 % (uniform) and 5 to 7 % (non-uniform), the
    latter in 7 to 8.5 % under skipping.

    Raises
    ------
    ValueError
        For codes outside the response scale, names or labels of the wrong length, or an unknown reference group.
    """
    table = as_responses(responses, min_items=2)
    names = _checked_names(item_names, table)
    _check_codes(table, names, minimum_code, maximum_code)
    visible = as_shown(shown, table)
    people = ~np.isnan(table).all(axis=1)
    coded = {name: as_groups(labels, len(table)) for name, labels in groupings.items()}
    table, visible = table[people], visible[people]
    first = reference or {}
    grouped = [_Grouping(name, labels, codes[people], first.get(name)) for name, (labels, codes) in coded.items()]
    n_pairs = sum(len(g.pairs) for g in grouped)
    most = max(_PEOPLE_TO_CALIBRATE // max(n_pairs, 1), _FEWEST_TO_CALIBRATE)
    tell = _Progress(progress, 2 + n_pairs)
    tell("items")
    items = item_statistics(table, minimum=minimum_code, maximum=maximum_code)
    tell("reliability")
    whole = group_reliability("", table)
    drafts = [_pairs(g, table, visible, names, tuple(cuts), rng, most, tell) for g in grouped]
    pairs = iter(with_levels([pair for draft in drafts for pair in draft]))
    result = [
        _grouping(g, table, visible, tuple(next(pairs) for _ in draft))
        for g, draft in zip(grouped, drafts, strict=True)
    ]
    tell("done")
    grid = tuple(TRAIT_GRID.tolist())
    return Audit(len(table), names, items, whole, grid, tuple(result))


def _checked_names(item_names: Sequence[str], table: FloatArray) -> tuple[str, ...]:
    names = tuple(str(name) for name in item_names)
    if len(names) != table.shape[1] or len(set(names)) != len(names):
        raise ValueError(f"item_names must hold {table.shape[1]} different names; got {len(names)}")
    return names


def _check_codes(table: FloatArray, names: tuple[str, ...], minimum: int, maximum: int) -> None:
    with np.errstate(invalid="ignore"):
        wrong = (table < minimum) | (table > maximum) | (table != np.rint(table)) & ~np.isnan(table)
    if wrong.any():
        row, item = np.argwhere(wrong)[0]
        raise ValueError(
            f"row {row}, item {names[item]!r} holds {table[row, item]:g}; "
            f"codes are whole numbers from {minimum} to {maximum}"
        )


class _Progress:
    """Counts stages and tells the caller."""

    def __init__(self, report: Callable[[float, str], None] | None, stages: int) -> None:
        self._report, self._stages, self._begun = report, stages, 0

    def __call__(self, stage: str) -> None:
        if self._report is not None:
            self._report(min(self._begun / self._stages, 1.0), stage)
        self._begun += 1


class _Grouping:
    """Labels of one grouping, who belongs where, and which groups are compared."""

    def __init__(self, name: str, labels: tuple[Label, ...], codes: IntArray, reference: Label | None) -> None:
        self.name, self.labels, self.codes = name, labels, codes
        self.sizes = np.bincount(codes[codes >= 0], minlength=len(labels))
        if reference is not None and reference not in labels:
            raise ValueError(f"grouping {name!r} has no group {reference!r}")
        self.reference = int(self.sizes.argmax()) if reference is None and len(labels) else 0
        if reference is not None:
            self.reference = labels.index(reference)
        large = [at for at in range(len(labels)) if self.sizes[at] >= SMALLEST_GROUP]
        by_size = sorted((at for at in large if at != self.reference), key=lambda at: -int(self.sizes[at]))
        with_reference = [(self.reference, at) for at in large if at != self.reference]
        self.pairs = with_reference if self.reference in large else []
        self.pairs += combinations(by_size[: _PAIRWISE - 1], 2)


def _pairs(
    grouping: _Grouping,
    table: FloatArray,
    visible: BoolArray,
    names: tuple[str, ...],
    cuts: tuple[float, ...],
    rng: np.random.Generator,
    most: int,
    tell: _Progress,
) -> list[PairAudit]:
    made = []
    for reference, focal in grouping.pairs:
        labels = (str(grouping.labels[reference]), str(grouping.labels[focal]))
        tell(f"{grouping.name}: {labels[0]} - {labels[1]}")
        members = np.isin(grouping.codes, (reference, focal))
        group = (grouping.codes[members] == focal).astype(np.intp)
        data = PairInput(table[members], group, visible[members], names, labels, cuts)
        made.append(audit_pair(data, rng, most_calibrated=most))
    return made


def _grouping(
    grouping: _Grouping, table: FloatArray, visible: BoolArray, pairs: tuple[PairAudit, ...]
) -> GroupingAudit:
    members = [grouping.codes == at for at in range(len(grouping.labels))]
    groups = tuple(group_reliability(str(label), table[of]) for label, of in zip(grouping.labels, members, strict=True))
    return GroupingAudit(
        name=grouping.name,
        reference=str(grouping.labels[grouping.reference]) if grouping.labels else "",
        groups=groups,
        equal_alpha=equal_alpha_test(grouping.codes, table, groups),
        skipping=_skipping(grouping, table, visible),
        pairs=pairs,
        n_unknown=int((grouping.codes < 0).sum()),
    )


def _skipping(grouping: _Grouping, table: FloatArray, visible: BoolArray) -> DifferentialSkipping | None:
    known = grouping.codes >= 0
    if len(np.unique(grouping.codes[known])) < 2:
        return None
    labels = np.array([str(label) for label in grouping.labels])[grouping.codes[known]]
    reference = str(grouping.labels[grouping.reference])
    return differential_skipping(table[known], labels, shown=visible[known], reference=reference)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
