"""The trait value at which a person's answers, with or without a prior or Warm's weight, are most likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import BoolArray, FloatArray, IntArray
from psychometrics.irt._family import Family, information_terms
from psychometrics.irt._patterns import GroupPatterns

# Derivatives of all items at this many people's trait values are held at once.
_BLOCK = 1024
_MAX_ITERATIONS = 200
_FARTHEST, _LONGEST_STEP, _PRECISION, _FLATTEST = 60.0, 2.0, 1e-9, 1e-12
_DIFFERENCE = 1e-4
# A curvature less than this part of the information is not trusted to say how far to go.
_BEND = 10.0


@dataclass(frozen=True)
class Target:
    """What is maximised for one group: the likelihood, times a normal prior, or times the root of the information."""

    family: Family
    beta: FloatArray
    n_codes: IntArray
    mean: float = 0.0
    precision: float = 0.0
    weighted: bool = False

    def slope(self, codes: IntArray, trait: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivative of the logarithm at each person's trait value, and the Fisher information there."""
        slope = -self.precision * (trait - self.mean)
        information = np.full(len(trait), self.precision)
        for start in range(0, len(trait), _BLOCK):
            block = slice(start, start + _BLOCK)
            answered = codes[block] >= 0
            derivatives = self.family.trait_derivatives(self.beta, trait[block])
            items, people = np.arange(codes.shape[1])[:, None], np.arange(len(answered))
            given = codes[block].T
            own = derivatives[1][items, given, people] / derivatives[0][items, given, people]
            amount, growth = information_terms(*derivatives, self.n_codes)
            total = np.where(answered.T, amount, 0.0).sum(axis=0)
            slope[block] += np.where(answered.T, own, 0.0).sum(axis=0)
            if self.weighted:
                slope[block] += np.where(answered.T, growth, 0.0).sum(axis=0) / (2 * np.maximum(total, _FLATTEST))
            information[block] += total
        return slope, information

    def heights_at(self, codes: IntArray, trait: FloatArray) -> FloatArray:
        """Return the log-likelihood of each person's answers at their trait value."""
        height = np.empty(len(trait))
        items = np.arange(codes.shape[1])[:, None]
        for start in range(0, len(trait), _BLOCK):
            block = slice(start, start + _BLOCK)
            logs = np.log(self.family.probabilities(self.beta, trait[block]))
            given = logs[items, codes[block].T, np.arange(logs.shape[2])]
            height[block] = np.where(codes[block].T >= 0, given, 0.0).sum(axis=0)
        return height

    def heights(self, one_hot: npt.NDArray[np.int8], codes: IntArray, nodes: FloatArray) -> FloatArray:
        """Return the logarithm of the target of each pattern at each node."""
        height = one_hot @ self.family.log_curves(self.beta, nodes, self.n_codes)
        height -= 0.5 * self.precision * (nodes - self.mean) ** 2
        if self.weighted:
            amount = self.family.item_information(self.beta, nodes, self.n_codes)
            height += 0.5 * np.log(np.maximum((codes >= 0) @ amount, _FLATTEST))
        return np.asarray(height)


def modes(target: Target, pattern: GroupPatterns, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where each pattern's target is highest, and the standard error that its curvature there gives.

    Infinite where the likelihood grows without end, nan where nothing was answered and there is no prior.
    """
    trait, se = np.full(len(pattern.codes), np.nan), np.full(len(pattern.codes), np.nan)
    finite = (pattern.codes >= 0).any(axis=1) | (target.precision > 0)
    if target.precision == 0 and not target.weighted:
        for sign in (-1.0, 1.0):
            endless = finite & _at_the_end(target, pattern.codes, sign)
            trait[endless] = sign * np.inf
            finite &= ~endless
    if not finite.any():
        return trait, se
    codes = pattern.codes[finite]
    start = nodes[target.heights(pattern.one_hot[finite], codes, nodes).argmax(axis=1)]
    trait[finite] = _climb(target, codes, start)
    ahead, _ = target.slope(codes, trait[finite] + _DIFFERENCE)
    behind, _ = target.slope(codes, trait[finite] - _DIFFERENCE)
    curvature = (behind - ahead) / (2 * _DIFFERENCE)
    se[finite] = np.where(curvature > 0, 1 / np.sqrt(np.maximum(curvature, 1e-300)), np.nan)
    return trait, se


def _at_the_end(target: Target, codes: IntArray, sign: float) -> BoolArray:
    """Return which patterns hold, at every item, the code that grows more likely without end in one direction."""
    upward = sign * target.beta[:, 0] > 0
    extreme = np.where(upward, target.n_codes - 1, 0)
    flat = target.beta[:, 0] == 0
    return np.asarray(((codes == extreme) | (codes < 0) | flat).all(axis=1))


def _climb(target: Target, codes: IntArray, start: FloatArray) -> FloatArray:
    """Return the root of the slope by the secant method, kept between values known to lie on either side of it.

    The first step, and any for which the secant is no use, is one of Fisher scoring.
    """
    trait = start.copy()
    low, high = np.full(len(trait), -_FARTHEST), np.full(len(trait), _FARTHEST)
    before, slope_before = np.full(len(trait), np.nan), np.full(len(trait), np.nan)
    moving = np.arange(len(trait))
    for _ in range(_MAX_ITERATIONS):
        at = trait[moving]
        slope, information = target.slope(codes[moving], at)
        low[moving] = np.where(slope > 0, at, low[moving])
        high[moving] = np.where(slope > 0, high[moving], at)
        with np.errstate(invalid="ignore", divide="ignore"):
            secant = (slope_before[moving] - slope) / (at - before[moving])
        bend = np.where(secant > information / _BEND, secant, information)
        step = np.clip(slope / np.maximum(bend, _FLATTEST), -_LONGEST_STEP, _LONGEST_STEP)
        before[moving], slope_before[moving] = at, slope
        aim = at + step
        aim = np.where(
            aim <= low[moving], (at + low[moving]) / 2, np.where(aim >= high[moving], (at + high[moving]) / 2, aim)
        )
        done = np.abs(step) <= _PRECISION
        trait[moving] = np.where(done, at, aim)
        moving = moving[~done]
        if len(moving) == 0:
            break
    return trait
