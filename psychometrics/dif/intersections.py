"""What of an item's differential functioning is due to each of several characteristics, what to their meeting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from psychometrics._codes import BoolArray, FloatArray, IntArray, as_codes
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import Label, as_proportion
from psychometrics.dif._matching import REGRESSION_LEVELS, make_tables, purify, stacked_tables
from psychometrics.dif._ordinal import OrdinalFit, fit_ordinal
from psychometrics.dif.crossed_groups import Cells, Groupings, cross


@dataclass(frozen=True)
class NestedTest:
    """Comparison of two nested models, one entry per item; with several tests a row each."""

    chi2: FloatArray
    degrees_of_freedom: IntArray
    p: FloatArray
    p_adjusted: FloatArray


@dataclass(frozen=True)
class IntersectionalDif:
    """Uniform differential functioning over crossed groups; tests have an entry per item."""

    n: IntArray
    groupings: tuple[str, ...]
    main: NestedTest
    interaction: NestedTest
    total: NestedTest
    cells: tuple[tuple[Label, ...], ...]
    cell_n: IntArray
    cell_effect: FloatArray
    cell_effect_se: FloatArray
    additive_effect: FloatArray
    flagged: BoolArray
    anchors: BoolArray
    iterations: int
    converged: bool
    n_left_out: int


def intersectional_dif(
    responses: npt.ArrayLike,
    groupings: Groupings,
    *,
    minimum: int = 50,
    matching: npt.ArrayLike | None = None,
    purified: bool = False,
    significance: float = 0.05,
    max_iterations: int = 50,
) -> IntersectionalDif:
    """Split the uniform differential functioning over crossed groups into main effects and interaction.

    (Ordinal) logistic regressions on the match: with the characteristics added up, with a parameter for each crossed
    group, and without either.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        Missing answers as in `logistic_dif`.
    groupings : mapping of names to labels, shape (n_people,) each
        Two or more characteristics; people without one of them are left out.
    minimum : int
        Crossed groups with fewer people are left out.
    matching, purified, significance, max_iterations
        As in `logistic_dif`; the test of all crossed groups at once flags items.

    Returns
    -------
    IntersectionalDif
        ``main`` (groupings, items): each characteristic given the others, without interaction. ``interaction``: what is
        left when the characteristics are added up. ``total``: all crossed groups. P values are adjusted over all items,
        those of ``main`` over items and groupings. ``cell_effect`` (items, cells): log odds ratio against the largest
        crossed group, nan where nobody answered; ``additive_effect``: what the sum of the characteristics predicts for
        it; the difference is what is peculiar to the intersection.

    Raises
    ------
    ValueError
        As `crossed_groups` and `logistic_dif`.

    Notes
    -----
    Of fair items (20 of two or 10 of five codes, 400 + 400 people, each group halved again) the tests at .05 reject 4.5
    to 7 % (total) and 4.5 to 7.5 % (interaction) on the sum score.

    References
    ----------
    Russell & Kaplan (2021), Educational Assessment, 26, 270-292, for crossed groups; Swaminathan & Rogers (1990).
    """
    as_proportion(significance, "significance")
    coded = as_codes(responses)
    crossing = _large(cross(groupings, len(coded.codes)), minimum)
    source = make_tables(coded, crossing.of_person, len(crossing.n), matching, max_levels=REGRESSION_LEVELS)

    def test(anchors: BoolArray) -> tuple[_Models, BoolArray]:
        models = _Models(*stacked_tables(source, anchors), crossing)
        return models, models.total.p < significance

    final = purify(test, coded.n_items, enabled=purified, max_iterations=max_iterations)
    models = final.result
    effect, effect_se = models.cell_effects()
    return IntersectionalDif(
        n=models.n,
        groupings=tuple(groupings),
        main=models.main,
        interaction=models.interaction,
        total=models.total,
        cells=crossing.labels,
        cell_n=crossing.n,
        cell_effect=effect,
        cell_effect_se=effect_se,
        additive_effect=models.additive_effects(),
        flagged=models.total.p < significance,
        anchors=final.anchors,
        iterations=final.iterations,
        converged=final.converged,
        n_left_out=int((crossing.of_person < 0).sum()),
    )


def _large(crossing: Cells, minimum: int) -> Cells:
    """Return the cells with enough people; they come first."""
    kept = int((crossing.n >= minimum).sum())
    if kept < 2:
        raise ValueError(f"only {kept} crossed group holds {minimum} people or more: take fewer groupings")
    of_person = np.where(crossing.of_person < kept, crossing.of_person, -1).astype(np.int16)
    return Cells(crossing.labels[:kept], crossing.levels[:kept], crossing.n[:kept], of_person)


def _dummies(levels: IntArray) -> FloatArray:
    """Return indicators of one grouping's levels in each cell, except that of the first cell."""
    others = np.unique(levels[levels != levels[0]])
    return np.asarray(levels[:, None] == others, dtype=np.float64)


class _Models:
    """Nested regressions of every item on counts (items, levels of the match, cells, codes)."""

    def __init__(self, counts: FloatArray, scores: FloatArray, crossing: Cells) -> None:
        n_items, n_levels, n_cells, n_codes = counts.shape
        self._match = np.repeat(scores, n_cells, axis=1)[:, :, None]
        self._rows = counts.reshape(n_items, n_levels * n_cells, n_codes)
        self._present = counts.sum(axis=(1, 3)) > 0
        self.n = np.rint(counts.sum(axis=(1, 2, 3))).astype(np.intp)
        parts = [_dummies(column) for column in crossing.levels.T]
        self._main = np.concatenate(parts, axis=1)
        nothing, every = np.zeros((n_cells, 0)), np.eye(n_cells)[:, 1:]
        without = self._fit(nothing)
        self._additive, self._full = self._fit(self._main, without), self._fit(every, without)
        self.total = self._test([(nothing, without)], (every, self._full))
        self.interaction = self._test([(self._main, self._additive)], (every, self._full))
        reduced = [np.concatenate([nothing, *parts[:k], *parts[k + 1 :]], axis=1) for k in range(len(parts))]
        smaller = [(design, self._fit(design, without)) for design in reduced]
        self.main = self._test(smaller, (self._main, self._additive), stacked=True)

    def _fit(self, design: FloatArray, start: OrdinalFit | None = None) -> OrdinalFit:
        n_items, n_rows, _ = self._rows.shape
        tiled = np.tile(design, (n_rows // len(design), 1))
        tiled = np.broadcast_to(tiled, (n_items, *tiled.shape))
        return fit_ordinal(self._rows, np.concatenate([self._match, tiled], axis=2), start)

    def _test(
        self,
        small: list[tuple[FloatArray, OrdinalFit]],
        large: tuple[FloatArray, OrdinalFit],
        *,
        stacked: bool = False,
    ) -> NestedTest:
        gain = np.array([large[1].log_likelihood - fit.log_likelihood for _, fit in small])
        df = np.array([self._rank(large[0]) - self._rank(design) for design, _ in small])
        with np.errstate(invalid="ignore"):
            chi2 = np.where(df > 0, np.maximum(2 * gain, 0.0), np.nan)
        p = chdtrc(np.maximum(df, 1).astype(np.float64), chi2)
        adjusted = benjamini_hochberg(p)
        return NestedTest(chi2, df, p, adjusted) if stacked else NestedTest(chi2[0], df[0], p[0], adjusted[0])

    def _rank(self, design: FloatArray) -> IntArray:
        """Return how many parameters of a design each item's cells can tell apart, with the constant."""
        whole = np.concatenate([np.ones((len(design), 1)), design], axis=1)
        return np.asarray(np.linalg.matrix_rank(whole[None] * self._present[:, :, None]), dtype=np.intp)

    def cell_effects(self) -> tuple[FloatArray, FloatArray]:
        """Return log odds ratios against the first cell, itself 0, and their standard errors."""
        extra = self._full.slopes.shape[1] - 1
        variance = np.diagonal(self._full.covariance, axis1=1, axis2=2)[:, -extra:]
        known = self._present[:, 1:] & self._present[:, :1]
        effect = np.where(known, self._full.slopes[:, 1:], np.nan)
        error = np.where(known, np.sqrt(np.maximum(variance, 0)), np.nan)
        first = np.zeros((len(effect), 1))
        return np.concatenate([first, effect], axis=1), np.concatenate([first, error], axis=1)

    def additive_effects(self) -> FloatArray:
        """Return what the characteristics add up to in each cell."""
        return np.asarray(self._additive.slopes[:, 1:] @ self._main.T)
