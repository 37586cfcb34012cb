"""Climbs the ladder of invariance step by step, letting equalities go where a step does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics.confirmatory._criteria import comparable, configural_holds, step_holds
from psychometrics.confirmatory._difference import chi2_difference
from psychometrics.confirmatory._fit import Fitted, fit_layout
from psychometrics.confirmatory._invariance_result import FreedParameter, InvarianceStep, ModelChange
from psychometrics.confirmatory._ladder import MATRIX_OF, Place, step_layout
from psychometrics.confirmatory._measures import Comparisons
from psychometrics.confirmatory._parameters import Layout
from psychometrics.confirmatory._sample import Grouped
from psychometrics.confirmatory._structure import FactorStructure
from psychometrics.confirmatory.fit_measures import chi2_p_value
from psychometrics.confirmatory.model import FactorModel, describe
from psychometrics.confirmatory.modification import ModificationIndex, element_at, release_tests

# Fewer equal items do not tie the scale of a factor in one group to that in another.
MIN_ANCHORS = 2


@dataclass(frozen=True)
class _Rung:
    """A fitted step with what the next one needs."""

    fitted: Fitted
    model: FactorModel


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """What stays the same from step to step."""

    structure: FactorStructure
    data: Grouped
    missing: str
    compared: Comparisons
    criterion: str
    alpha: float
    partial: bool

    def climb(self, configural: Layout, steps: Sequence[str]) -> tuple[InvarianceStep[FactorModel], ...]:
        """Fit the steps one after the other, each from the estimates of the one before."""
        climbed: list[InvarianceStep[FactorModel]] = []
        before: _Rung | None = None
        freed: list[FreedParameter] = []
        for name in steps:
            step, before = self._step(configural, name, before, freed)
            freed = [*freed, *step.freed]
            climbed.append(step)
        return tuple(climbed)

    def _step(
        self,
        configural: Layout,
        name: str,
        before: _Rung | None,
        freed: list[FreedParameter],
    ) -> tuple[InvarianceStep[FactorModel], _Rung]:
        here = self._follow(freed) if name == "scalar" else []
        start = None if before is None else before.fitted.matrices
        while True:
            places = [place_of(one) for one in (*freed, *here)]
            rung = self._fit(step_layout(configural, name, places, start=start))
            change = None if before is None else self._change(before, rung)
            holds = (
                configural_holds(rung.model.fit)
                if change is None
                else step_holds(name, change, self.data.n, self.criterion, self.alpha)
            )
            worst = None if holds or not self.partial or name not in MATRIX_OF else self._worst(rung.model, name)
            if worst is None:
                return InvarianceStep(name, rung.model, change, holds, tuple(here)), rung
            here.append(FreedParameter(worst.element, worst))
            start = rung.fitted.matrices

    def _fit(self, layout: Layout) -> _Rung:
        fitted = fit_layout(layout, self.data.samples, self.compared.estimator)
        return _Rung(fitted, describe(fitted, self.structure, self.data, missing=self.missing, compared=self.compared))

    def _change(self, before: _Rung, after: _Rung) -> ModelChange:
        df = after.model.fit.df - before.model.fit.df
        chi2, method = chi2_difference(before.fitted, after.fitted, self.compared)
        old, new = before.model.fit, after.model.fit
        (old_cfi, old_rmsea), (new_cfi, new_rmsea) = comparable(old), comparable(new)
        return ModelChange(
            chi2=chi2,
            df=df,
            p_value=chi2_p_value(chi2, df),
            method=method,
            cfi=new_cfi - old_cfi,
            rmsea=new_rmsea - old_rmsea,
            srmr=new.srmr - old.srmr,
        )

    def _worst(self, model: FactorModel, name: str) -> ModificationIndex | None:
        """Return the equality of this step that is most clearly violated; None if there is none to let go."""
        tests = release_tests(model, MATRIX_OF[name])
        significant = [test for test in tests if test.p_value < self.alpha / len(tests)]
        allowed = [test for test in significant if self._anchored(model.layout, test)]
        return max(allowed, key=lambda test: test.chi2, default=None)

    def _anchored(self, layout: Layout, test: ModificationIndex) -> bool:
        """Say whether enough items of each factor stay equal to the reference group when one is let go."""
        group, item = test.element.position[:2]
        numbers = getattr(layout.free, test.element.matrix)
        if test.element.matrix == "residual_covariance":
            numbers = np.diagonal(numbers, axis1=1, axis2=2)
        tied = (numbers == numbers[0])[[group] if group else range(1, len(numbers))]
        for factor in np.flatnonzero(self.structure.pattern[item]):
            columns = tied[:, :, factor] if test.element.matrix == "loadings" else tied
            columns = columns[columns[:, item]][:, self.structure.pattern[:, factor]]
            if len(columns) and columns.sum(axis=1).min() <= MIN_ANCHORS:
                return False
        return True

    def _follow(self, freed: Iterable[FreedParameter]) -> list[FreedParameter]:
        """Return the intercepts of items whose loadings were let go."""
        places = {one.element.position[:2] for one in freed if one.element.matrix == "loadings"}
        return [
            FreedParameter(element_at(self.structure, self.data.labels, "intercepts", place), None)
            for place in sorted(places)
        ]


def place_of(freed: FreedParameter) -> Place:
    return freed.element.matrix, freed.element.position
