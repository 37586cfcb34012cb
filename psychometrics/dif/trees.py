"""Rasch and partial credit trees: who answers the items differently, searched over many covariates at once.

A calibration of everybody is tested for drift along each covariate. Where the strongest drift is significant, people
are split at the cut that fits best, and both parts go through the same, until no drift is left (Strobl, Kopf & Zeileis
2015). Groups need not be known beforehand: an age limit or an interaction of two covariates is found where it lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray, IntArray, as_codes
from psychometrics._validation import Label, as_choice, as_proportion
from psychometrics.dif._calibration import PartCalibration, calibrate_part
from psychometrics.dif._covariates import Covariate, Side, as_covariates, best_side
from psychometrics.dif._fluctuation import decorrelated, level_test, order_test
from psychometrics.irt.conditional import check_codes

_EDGE = 0.1


@dataclass(frozen=True)
class InstabilityTest:
    """Whether the item parameters drift along a covariate; p is nan where nothing could be tested.

    ``p_adjusted`` is corrected for the covariates tested in the same node (Bonferroni).
    """

    covariate: str
    kind: str
    statistic: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class TreeSplit:
    """Who goes to the first child: those at most `cut`, or of one of `levels`. The others go to the second."""

    covariate: str
    cut: float | None
    levels: tuple[Label, ...]


@dataclass(frozen=True)
class TreeNode:
    """A group of people with their own calibration.

    Attributes
    ----------
    number : int
        From 1, a node before its children and the first child's nodes before the second's.
    parent, depth : int
        0 for the root.
    n : int
    thresholds, thresholds_se : ndarray of float, shape (n_items, highest code)
        Trait where two neighbouring codes are equally likely, centred as in `conditional_model`. nan where this group
        gave too few codes to place an item.
    log_likelihood : float
    tests : tuple of InstabilityTest
        Empty for a group too small to be split.
    split : TreeSplit or None
    children : tuple of int
        Numbers of two nodes, or empty.
    """

    number: int
    parent: int
    depth: int
    n: int
    thresholds: FloatArray
    thresholds_se: FloatArray
    log_likelihood: float
    tests: tuple[InstabilityTest, ...]
    split: TreeSplit | None
    children: tuple[int, ...]


@dataclass(frozen=True)
class RaschTree:
    """The nodes by number, and each person's last node (0 for those left out, `n_left_out` of them)."""

    model: str
    nodes: tuple[TreeNode, ...]
    leaf: IntArray
    n: int
    n_left_out: int
    minimum_size: int
    significance: float

    @property
    def leaves(self) -> tuple[TreeNode, ...]:
        """The groups that were not split further: one, if nothing drifts."""
        return tuple(node for node in self.nodes if not node.children)


def rasch_tree(
    responses: npt.ArrayLike,
    covariates: Mapping[str, npt.ArrayLike | Sequence[Label | None]],
    *,
    model: str = "rasch",
    orders: Mapping[str, Sequence[Label]] | None = None,
    significance: float = 0.05,
    minimum_size: int | None = None,
    max_depth: int | None = None,
    ties: str = "together",
) -> RaschTree:
    """Search covariates for groups of people between whom item parameters differ.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: people count with the items they answered.
    covariates : mapping of name to array_like, shape (n_people,)
        Numbers are ordered; text, truth values and codes of two values are unordered levels. People with a missing
        value are left out.
    model : {"rasch", "partial_credit"}
        The partial credit tree is that of Komboz, Strobl & Zeileis (2018).
    orders : mapping of name to sequence, optional
        Levels in ascending order, for ordered covariates whose values are text.
    significance : float
        Bound on the p value, corrected for the number of covariates, below which a node is split.
    minimum_size : int, optional
        Fewest people in a node. Default: as many as there are parameters, at least 20.
    max_depth : int, optional
        Most splits above a node.
    ties : {"together", "row_order"}
        People of equal value fall on one side of a cut, so that the result does not depend on the order of rows. mob in
        R tests cuts between them too.

    Returns
    -------
    RaschTree
        Tests: unordered levels by a chi-square of each level's scores, ordered ones by the largest Lagrange multiplier
        test over all cuts that leave a tenth of the people and `minimum_size` on either side. Their p values are those
        of the Brownian bridge at these cuts; R's come from a surface fitted to simulations (Hansen 1997).

    Raises
    ------
    ValueError
        For covariates of a wrong length or with more than 12 unordered levels, too few people, or items that
        `conditional_model` refuses.

    References
    ----------
    Strobl, Kopf & Zeileis (2015), Psychometrika 80, 289-316; Komboz, Strobl & Zeileis (2018), Educational and
    Psychological Measurement 78, 128-166; Zeileis, Hothorn & Hornik (2008).
    """
    as_choice(model, ("rasch", "partial_credit"), "model")
    as_choice(ties, ("together", "row_order"), "ties")
    as_proportion(significance, "significance")
    coded = as_codes(responses)
    given = as_covariates(covariates, len(coded.codes), orders or {})
    used = (coded.codes >= 0).any(axis=1) & np.all([covariate.known for covariate in given], axis=0)
    codes = coded.codes[used]
    if not len(codes):
        raise ValueError("nobody has an answer and a value of every covariate")
    check_codes(coded, codes, model)
    parameters = int(codes.max(axis=0).sum()) - 1
    smallest = max(20, parameters) if minimum_size is None else minimum_size
    if smallest < 2 or len(codes) < smallest:
        raise ValueError(f"minimum_size must lie between 2 and the number of people used, {len(codes)}; got {smallest}")
    rows = np.flatnonzero(used)
    grower = _Grower(codes, [c.of(rows) for c in given], significance, smallest, max_depth, ties == "together")
    grower.grow(np.arange(len(codes)), parent=0, depth=0)
    leaf = np.zeros(len(used), dtype=np.intp)
    leaf[rows] = grower.leaf
    nodes = tuple(grower.nodes[number] for number in sorted(grower.nodes))
    return RaschTree(model, nodes, leaf, len(codes), int((~used).sum()), smallest, significance)


class _Grower:
    """Splits people recursively; nodes are numbered in the order they are entered."""

    def __init__(
        self,
        codes: npt.NDArray[np.int16],
        covariates: list[Covariate],
        significance: float,
        smallest: int,
        max_depth: int | None,
        grouped: bool,
    ) -> None:
        self._codes, self._covariates, self._significance = codes, covariates, significance
        self._smallest, self._max_depth, self._grouped = smallest, max_depth, grouped
        self._n_thresholds, self._entered = int(codes.max()), 0
        self.nodes: dict[int, TreeNode] = {}
        self.leaf = np.zeros(len(codes), dtype=np.intp)

    def grow(self, rows: IntArray, *, parent: int, depth: int) -> int:
        """Add the node of some people and all below it; return its number."""
        self._entered += 1
        number = self._entered
        calibration = calibrate_part(self._codes[rows], self._n_thresholds)
        tests: tuple[InstabilityTest, ...] = ()
        side = None
        if len(rows) >= 2 * self._smallest:
            tests = self._tests(rows, calibration)
            if self._max_depth is None or depth < self._max_depth:
                side = self._best_side(rows, tests)
        children: tuple[int, ...] = ()
        if side is None:
            self.leaf[rows] = number
        else:
            parts = rows[side.first], rows[~side.first]
            children = tuple(self.grow(part, parent=number, depth=depth + 1) for part in parts)
        self.nodes[number] = TreeNode(
            number=number,
            parent=parent,
            depth=depth,
            n=len(rows),
            thresholds=calibration.thresholds,
            thresholds_se=calibration.thresholds_se,
            log_likelihood=calibration.log_likelihood,
            tests=tests,
            split=None if side is None else TreeSplit(side.covariate, side.cut, side.levels),
            children=children,
        )
        return number

    def _tests(self, rows: IntArray, calibration: PartCalibration) -> tuple[InstabilityTest, ...]:
        process = decorrelated(calibration.scores())
        found = []
        for covariate in self._covariates:
            values = covariate.values[rows]
            levels = np.unique(values, return_inverse=True)[1]
            if not levels.any() or not process.shape[1]:
                found.append((0.0, np.nan))
            elif covariate.ordered:
                edge = max(self._smallest, int(np.ceil(_EDGE * len(rows))))
                found.append(order_test(process, values, edge, grouped=self._grouped))
            else:
                found.append(level_test(process, levels.astype(np.intp)))
        tested = sum(not np.isnan(p) for _, p in found)
        return tuple(
            InstabilityTest(c.name, c.kind, statistic, p, float(-np.expm1(tested * np.log1p(-p))) if p < 1 else p)
            for c, (statistic, p) in zip(self._covariates, found, strict=True)
        )

    def _best_side(self, rows: IntArray, tests: tuple[InstabilityTest, ...]) -> Side | None:
        """Return the split that fits best on the most unstable covariate that is significant and can be split."""

        def fit(side: Side) -> float:
            parts = rows[side.first], rows[~side.first]
            return sum(calibrate_part(self._codes[part], self._n_thresholds).log_likelihood for part in parts)

        drifting = [at for at, test in enumerate(tests) if test.p_adjusted < self._significance]
        for at in sorted(drifting, key=lambda at: tests[at].p):
            side = best_side(self._covariates[at].of(rows), self._smallest, fit)
            if side is not None:
                return side
        return None
