"""How many people of each group show signs of careless answering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from psychometrics._validation import Booleans, Floats, Label, as_groups, as_proportion, as_responses
from psychometrics.careless import even_odd_consistency, longstring


@dataclass(frozen=True)
class CarelessShare:
    """
    Share of a group with one sign of careless answering, with Wilson's interval.

    Attributes
    ----------
    n : int
        People of whom the sign can be told.
    count : int
        Those who show it.
    estimate, lower, upper : float
        nan for nobody.
    """

    n: int
    count: int
    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class CarelessRates:
    """One group's shares; None where the items cannot show the sign."""

    label: Label
    n: int
    longstring: CarelessShare | None
    even_odd: CarelessShare | None


def careless_rates(
    responses: ArrayLike,
    groups: ArrayLike,
    *,
    reversed_items: ArrayLike,
    code_sums: ArrayLike,
    scales: Sequence[ArrayLike] = (),
    longest: int | None = None,
    least_consistent: float = 0.30,
    confidence: float = 0.95,
) -> tuple[CarelessRates, ...]:
    """
    Return how many people of each group give long strings of one answer, or answer halves of scales inconsistently.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        As given, in the order of the questionnaire; nan where missing.
    groups : array_like of labels, shape (n_people,)
        None, nan and empty text: not known.
    reversed_items : array_like of bool, shape (n_items,)
        Items keyed the other way. Where all or none are, one answer throughout may be meant: no sign of carelessness.
    code_sums : array_like of float, shape (n_items,)
        Lowest plus highest code of each item, which turns a reversed answer around.
    scales : sequence of integer arrays
        Positions of the items of each scale; three scales of two items or more show even-odd consistency.
    longest : int, optional
        From so many identical answers in a row on; half of the items if not given (Curran 2016), six at least.
    least_consistent : float
        Below this consistency counts (Johnson 2005, after Jackson 1977).
    confidence : float
        Level of the intervals.

    Returns
    -------
    tuple of CarelessRates
        In ascending order of labels.

    References
    ----------
    Curran (2016), Journal of Experimental Social Psychology 66, 4-19. Johnson (2005), Journal of Research in
    Personality 39, 103-129.
    """
    matrix = as_responses(responses, min_items=2)
    labels, codes = as_groups(groups, len(matrix))
    turned = np.asarray(reversed_items, dtype=bool)
    sums = np.asarray(code_sums, dtype=np.float64)
    if turned.shape != (matrix.shape[1],) or sums.shape != turned.shape:
        raise ValueError(f"reversed_items and code_sums need one entry for each of the {matrix.shape[1]} items")
    z = float(ndtri(0.5 + as_proportion(confidence, "confidence") / 2.0))
    answered = ~np.isnan(matrix).all(axis=1)
    long = _long_strings(matrix, turned, longest)
    torn = _torn_halves(np.where(turned, sums - matrix, matrix), scales, least_consistent)
    return tuple(
        CarelessRates(
            label,
            int(members.sum()),
            None if long is None else _share(long[members], z),
            None if torn is None else _share(torn[members], z),
        )
        for at, label in enumerate(labels)
        for members in [(codes == at) & answered]
    )


def _long_strings(matrix: Floats, turned: Booleans, longest: int | None) -> Floats | None:
    """Return 1 for people with a long string, 0 for others; None where one answer throughout may be meant."""
    if turned.all() or not turned.any():
        return None
    enough = max((matrix.shape[1] + 1) // 2, 6) if longest is None else longest
    # A gap ends a run, so that a long string never consists of gaps.
    return (longstring(matrix).longest >= enough).astype(np.float64)


def _torn_halves(keyed: Floats, scales: Sequence[ArrayLike], least: float) -> Floats | None:
    """Return 1 for people whose halves of scales disagree, 0 for others, nan where that cannot be told."""
    members = [positions for scale in scales if len(positions := np.asarray(scale, dtype=np.intp)) > 1]
    if len(members) < 3:
        return None
    consistency = even_odd_consistency(keyed, members)
    return np.where(np.isnan(consistency), np.nan, consistency < least)


def _share(signs: Floats, z: float) -> CarelessShare:
    known = signs[~np.isnan(signs)]
    n, count = len(known), int(known.sum())
    if n == 0:
        return CarelessShare(0, 0, float("nan"), float("nan"), float("nan"))
    rate, centre = count / n, (count + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * float(np.sqrt(rate * (1 - rate) * n + z**2 / 4))
    return CarelessShare(n, count, rate, max(centre - half, 0.0), min(centre + half, 1.0))
