"""Which item belongs to which factor, and how the factors get their scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Booleans, Integers, as_choice
from psychometrics.confirmatory._parameters import Layout, Matrices, renumbered

IDENTIFICATIONS = ("marker", "unit_variance")


@dataclass(frozen=True)
class FactorStructure:
    """
    The pattern of a confirmatory factor model.

    Attributes
    ----------
    factors : tuple of str
    items : tuple of str
        In the order of the columns.
    pattern : ndarray of bool, shape (n_items, n_factors)
        Where an item loads on a factor.
    markers : tuple of int
        The first item named for each factor.
    residual_pairs : tuple of (int, int)
        Items whose residuals may covary.
    """

    factors: tuple[str, ...]
    items: tuple[str, ...]
    pattern: Booleans
    markers: tuple[int, ...]
    residual_pairs: tuple[tuple[int, int], ...]


def factor_structure(
    factors: Mapping[str, Sequence[int | str]],
    n_items: int,
    *,
    items: Sequence[str] | None = None,
    residual_covariances: Sequence[tuple[int | str, int | str]] = (),
) -> FactorStructure:
    """
    Return the structure that a dictionary from factor to items describes.

    Parameters
    ----------
    factors : mapping of str to sequence of int or str
        The items of each factor, as column positions from 0 or as names out of ``items``. An item may load on several.
    n_items : int
        Number of columns.
    items : sequence of str, optional
        Names of the columns; "item 0", "item 1", ... when left out.
    residual_covariances : sequence of pairs of int or str
        Items whose residuals may covary.

    Raises
    ------
    ValueError
        For a factor without items, an item that is unknown, named twice or in no factor, or a pair of one item.
    """
    names = tuple(items) if items is not None else tuple(f"item {at}" for at in range(n_items))
    if len(names) != n_items or len(set(names)) != n_items:
        raise ValueError(f"items must be one name for each of the {n_items} columns, all different; got {len(names)}")
    if not factors:
        raise ValueError("factors must name at least one factor and its items")
    pattern = np.zeros((n_items, len(factors)), dtype=bool)
    markers = []
    for at, (factor, members) in enumerate(factors.items()):
        columns = [_column(member, names) for member in members]
        if not columns or len(set(columns)) < len(columns):
            raise ValueError(f"factor {factor!r} must name at least one item, and each item once")
        pattern[columns, at] = True
        markers.append(columns[0])
    alone = np.flatnonzero(~pattern.any(axis=1))
    if len(alone):
        raise ValueError(f"{names[alone[0]]!r} (column {alone[0]}) belongs to no factor; add it to one or leave it out")
    pairs = tuple(_pair(one, other, names) for one, other in residual_covariances)
    return FactorStructure(tuple(map(str, factors)), names, pattern, tuple(markers), pairs)


def _column(item: int | str, names: tuple[str, ...]) -> int:
    if isinstance(item, str):
        if item not in names:
            raise ValueError(f"there is no item named {item!r}; items are {', '.join(names[:6])}, ...")
        return names.index(item)
    if not 0 <= item < len(names):
        raise ValueError(f"item {item} is outside the columns 0 to {len(names) - 1}")
    return int(item)


def _pair(one: int | str, other: int | str, names: tuple[str, ...]) -> tuple[int, int]:
    first, second = _column(one, names), _column(other, names)
    if first == second:
        raise ValueError(f"residual_covariances must pair two different items; got {names[first]!r} twice")
    return first, second


def configural_layout(
    structure: FactorStructure,
    n_groups: int = 1,
    *,
    identification: str = "marker",
    mean_structure: bool = False,
    n_thresholds: int = 0,
) -> Layout:
    """
    Return the layout in which every group has its own parameters.

    With a marker, the first item of each factor loads 1 on it; with unit variance, factors have variance 1 and all
    loadings are free. Factor means are 0. Without ``mean_structure`` intercepts are fixed at 0, for the caller to
    leave means out. Thresholds are fixed at 0 and response scales at 1: the ordinal models set them.
    """
    as_choice(identification, IDENTIFICATIONS, "identification")
    n_items, n_factors = structure.pattern.shape
    pattern = np.repeat(structure.pattern[None], n_groups, axis=0)
    variances = np.repeat(np.eye(n_factors)[None], n_groups, axis=0)
    residuals = np.repeat(np.eye(n_items)[None], n_groups, axis=0)
    loads, residual_free = pattern.astype(np.int64), residuals.astype(np.int64)
    covary = np.ones_like(variances, dtype=np.int64)
    for one, other in structure.residual_pairs:
        residual_free[:, one, other] = residual_free[:, other, one] = 1
    if identification == "marker":
        loads[:, structure.markers, range(n_factors)] = 0
    else:
        covary[:, range(n_factors), range(n_factors)] = 0
    free = Matrices(
        loadings=loads,
        factor_covariance=covary,
        residual_covariance=residual_free,
        intercepts=np.full((n_groups, n_items), int(mean_structure)),
        factor_means=np.zeros((n_groups, n_factors), dtype=np.int64),
        thresholds=np.zeros((n_groups, n_items, n_thresholds), dtype=np.int64),
        scales=np.zeros((n_groups, n_items), dtype=np.int64),
    )
    values = Matrices(
        loadings=pattern.astype(np.float64),
        factor_covariance=variances,
        residual_covariance=residuals,
        intercepts=np.zeros((n_groups, n_items)),
        factor_means=np.zeros((n_groups, n_factors)),
        thresholds=np.zeros((n_groups, n_items, n_thresholds)),
        scales=np.ones((n_groups, n_items)),
    )
    return Layout(separated(free), values)


def separated(free: Matrices[Integers]) -> Matrices[Integers]:
    """Give every positive element its own number, the two halves of a symmetric matrix the same."""
    used = 0
    numbered = {}
    for name, array in vars(free).items():
        own = np.where(array > 0, np.arange(1, array.size + 1).reshape(array.shape) + used, 0)
        used += array.size
        if name in ("factor_covariance", "residual_covariance"):
            own = np.maximum(own, own.transpose(0, 2, 1))
        numbered[name] = own
    return renumbered(Matrices(**numbered))


def equal_across_groups(layout: Layout, *names: str) -> Layout:
    """Hold the free elements of some matrices equal: each takes the number it has in the first group."""
    shared = {
        name: np.where(array > 0, np.broadcast_to(array[:1], array.shape), 0)
        for name, array in vars(layout.free).items()
        if name in names
    }
    return Layout(renumbered(Matrices(**{**vars(layout.free), **shared})), layout.values)
