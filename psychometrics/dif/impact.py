"""What differential functioning does to expected scores, on the score's own scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics._codes import FloatArray
from psychometrics._validation import as_proportion
from psychometrics.dif.agreement import modal_positions
from psychometrics.dif.anchors import AnchorChoice, positions
from psychometrics.dif.shifts import ItemShifts
from psychometrics.irt._curves import ABSENT, category_probabilities, expected_scores
from psychometrics.irt._em import prior
from psychometrics.irt._parameters import State
from psychometrics.irt._sum_scores import as_given, sum_distribution
from psychometrics.irt.calibration import Calibration


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence limits."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ScoreImpact:
    """Expected-score difference between groups of equal trait, over the focal group's trait distribution.

    In score points; ``*_sd`` in standard deviations of the scale (``scale_sd``). Focal minus reference curve.
    """

    signed: Interval
    unsigned: Interval
    signed_sd: Interval
    unsigned_sd: Interval
    item_signed: tuple[Interval, ...]
    item_unsigned: tuple[Interval, ...]
    scale_sd: float
    n_reference: int
    n_focal: int
    n_draws: int
    confidence: float
    method: str


@dataclass(frozen=True)
class Comparison:
    """Two groups' item curves on the reference group's scale: the estimate first, then draws around it.

    ``beta`` (1 + draws, 2, items, 1 + K); ``means`` and ``sds`` (1 + draws,) of the focal group's trait.
    """

    model: Calibration
    beta: FloatArray
    means: FloatArray
    sds: FloatArray
    method: str


def anchored_comparison(model: Calibration, *, rng: np.random.Generator, n_draws: int = 500) -> Comparison:
    """Return the comparison of a partial-invariance model: anchor items equal in both groups, the others free."""
    if len(model.group_labels) != 2:
        raise ValueError(f"a comparison needs two groups; the model has {len(model.group_labels)}")
    if not model.layout.free_mean[1]:
        raise ValueError("the model holds no item equal: without an anchor two groups have no common scale")
    states = [model.state_of(vector) for vector in parameter_draws(model, rng=rng, n_draws=n_draws)]
    method = f"partial-invariance graded model, parametric draws, {model.covariance_method} information"
    return _stacked(model, states, method)


def linked_comparison(model: Calibration, shifts: ItemShifts, choice: AnchorChoice, draws: FloatArray) -> Comparison:
    """Return the comparison of two separate calibrations, linked where an anchor strategy puts the focal group.

    Every draw is linked anew by the same strategy, so that the intervals contain the uncertainty of the link. No item
    is forced to be equal: what the anchors differ by is small and stays in the result. ``draws`` are `parameter_draws`
    of the model: the same ones for all choices, which then differ by the choice alone.
    """
    away = draws - model.estimate
    sds = np.exp(modal_positions(shifts.log_sd + away @ shifts.log_sd_jacobian.T, shifts.log_sd_width))
    means = positions(choice, shifts, shifts.shift + away @ shifts.jacobian.T)
    states = [moved(model.state_of(v), float(m), float(s)) for v, m, s in zip(draws, means, sds, strict=True)]
    method = f"separate graded models linked by the {choice.strategy} of item shifts, parametric draws"
    return _stacked(model, states, method)


def moved(state: State, mean: float, sd: float) -> State:
    """Return a state with the focal group's curves on the reference group's scale."""
    beta = state.beta.copy()
    beta[1, :, 0] = state.beta[1, :, 0] / sd
    exists = state.beta[1, :, 1:] > ABSENT / 2
    beta[1, :, 1:] -= np.where(exists, beta[1, :, :1] * mean, 0.0)
    return State(beta, np.array([0.0, mean]), np.array([1.0, sd]))


def parameter_draws(model: Calibration, *, rng: np.random.Generator, n_draws: int = 500) -> FloatArray:
    """Return the estimate, then draws from its normal distribution, shape (1 + n_draws, n_parameters)."""
    values, vectors = np.linalg.eigh(model.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = model.estimate + rng.standard_normal((n_draws, len(values))) @ root.T
    return np.concatenate([model.estimate[None], drawn])


def _stacked(model: Calibration, states: list[State], method: str) -> Comparison:
    if model.model != "graded":
        raise ValueError(f"score impact is computed for the graded model; this calibration is {model.model}")
    return Comparison(
        model,
        np.array([state.beta for state in states]),
        np.array([state.means[1] for state in states]),
        np.array([state.sds[1] for state in states]),
        method,
    )


def score_impact(comparison: Comparison, *, scale_sd: float, confidence: float = 0.95) -> ScoreImpact:
    """Return signed and unsigned expected-score differences of the test and of each item, with intervals.

    Parameters
    ----------
    comparison : Comparison
        From `anchored_comparison` or `linked_comparison`.
    scale_sd : float
        Standard deviation of the scale's observed score, for the standardised figures.
    confidence : float
        Level of the intervals, which are percentiles of the draws, widened to hold the estimate.

    Returns
    -------
    ScoreImpact
        Signed: differences that cancel along the trait or between items cancel here too (sDRF of Chalmers 2018; STDS
        of Meade 2010 over the estimated distribution instead of estimated scores). Unsigned: the absolute difference of
        the two test curves, which cancels between items, not along the trait (uDRF). The unsigned estimate cannot be
        negative, so sampling error alone makes it positive: read its lower limit.
    """
    if not scale_sd > 0:
        raise ValueError(f"scale_sd must be above 0; got {scale_sd}")
    tail = (1 - as_proportion(confidence, "confidence")) / 2
    found = _differences(comparison)

    def interval(sample: FloatArray, unit: float = 1.0) -> Interval:
        low, high = np.quantile(sample[1:], [tail, 1 - tail])
        # Draws of a figure that cannot be negative lie higher than its estimate, which may be below most of them.
        low, high = min(low, sample[0]), max(high, sample[0])
        return Interval(float(sample[0]) / unit, float(low) / unit, float(high) / unit)

    return ScoreImpact(
        signed=interval(found.test_signed),
        unsigned=interval(found.test_unsigned),
        signed_sd=interval(found.test_signed, scale_sd),
        unsigned_sd=interval(found.test_unsigned, scale_sd),
        item_signed=tuple(interval(sample) for sample in found.item_signed.T),
        item_unsigned=tuple(interval(sample) for sample in found.item_unsigned.T),
        scale_sd=scale_sd,
        n_reference=int(comparison.model.n[0]),
        n_focal=int(comparison.model.n[1]),
        n_draws=len(comparison.means) - 1,
        confidence=confidence,
        method=comparison.method,
    )


@dataclass(frozen=True)
class _Differences:
    test_signed: FloatArray
    test_unsigned: FloatArray
    item_signed: FloatArray
    item_unsigned: FloatArray


def _differences(comparison: Comparison) -> _Differences:
    """Return the differences of each draw, averaged over its own focal distribution."""
    nodes = comparison.model.nodes
    curves = expected_scores(comparison.beta, nodes, comparison.model.code_values)
    difference = curves[:, 1] - curves[:, 0]
    weights = np.array(
        [prior(nodes, float(m), float(s)) for m, s in zip(comparison.means, comparison.sds, strict=True)]
    )
    test = difference.sum(axis=1)
    return _Differences(
        (test * weights).sum(axis=1),
        (np.abs(test) * weights).sum(axis=1),
        np.einsum("diq,dq->di", difference, weights),
        np.einsum("diq,dq->di", np.abs(difference), weights),
    )


@dataclass(frozen=True)
class CutConsequence:
    """Who reaches a cut: shares of the focal group with its own curves and with the reference group's."""

    cut: float
    share_as_measured: float
    share_without_dif: float
    difference: Interval


def cut_consequences(
    comparison: Comparison, cuts: Sequence[float], *, n_draws: int = 100, confidence: float = 0.95
) -> tuple[CutConsequence, ...]:
    """Return, for each cut on the sum score, the share of the focal group at or above it with and without DIF.

    Parameters
    ----------
    comparison : Comparison
        From `anchored_comparison` or `linked_comparison`.
    cuts : sequence of float
        On the scale of the sum of the item codes as given to the model, all items answered.
    n_draws : int
        How many of the comparison's draws to use.
    confidence : float
        Level of the interval.

    Returns
    -------
    tuple of CutConsequence
        The score distribution at each trait level by the recursion of Lord & Wingersky (1984), averaged over the focal
        group's trait distribution.
    """
    if not cuts:
        return ()
    tail = (1 - as_proportion(confidence, "confidence")) / 2
    sample = np.array([_shares(comparison, draw, cuts) for draw in range(min(n_draws + 1, len(comparison.means)))])
    low, high = np.quantile(sample[1:, 0] - sample[1:, 1], [tail, 1 - tail], axis=0)
    with_dif, without = sample[0]
    return tuple(
        CutConsequence(
            float(cut),
            float(with_dif[at]),
            float(without[at]),
            Interval(float(with_dif[at] - without[at]), float(low[at]), float(high[at])),
        )
        for at, cut in enumerate(cuts)
    )


def _shares(comparison: Comparison, draw: int, cuts: Sequence[float]) -> FloatArray:
    """Return the focal group's shares at or above each cut: by focal curves, by reference curves."""
    model = comparison.model
    weights = prior(model.nodes, float(comparison.means[draw]), float(comparison.sds[draw]))
    shares = []
    for group in (1, 0):
        distribution = _score_distribution(model, comparison.beta[draw, group]) @ weights
        scores = np.arange(len(distribution)) + model.minimum * comparison.beta.shape[2]
        shares.append([distribution[scores >= cut].sum() for cut in cuts])
    return np.array(shares)


def _score_distribution(model: Calibration, beta: FloatArray) -> FloatArray:
    """Return P(sum score = s) at each node, shape (scores, nodes)."""
    # Draws may change the order of intercepts; sorted, they stay a distribution.
    ordered = beta.copy()
    ordered[:, 1:] = -np.sort(-beta[:, 1:], axis=1)
    ordered[:, 1:] -= np.where(ordered[:, 1:] > ABSENT / 2, 1e-9, 0.0) * np.arange(beta.shape[1] - 1)
    return sum_distribution(as_given(category_probabilities(ordered, model.nodes)[1], model.codes))
