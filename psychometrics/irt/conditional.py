"""Rasch, partial credit and rating scale models by conditional maximum likelihood: no assumption about the people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from psychometrics._codes import CodedResponses, FloatArray, IntArray, as_codes
from psychometrics._validation import as_choice
from psychometrics.irt.conditional_likelihood import ScoreGroups, gradient, information, score_groups

MODELS = ("rasch", "partial_credit", "rating_scale")

# With more patterns of missing answers than this, steps are taken with the information in a sample of patterns.
_SAMPLED_PATTERNS = 300
_TOLERANCE = 1e-7
_LONGEST_STEP = 5.0
_FLAT = 1e-15
_SINGULAR = 1e-9
_TINY = 1e-300


@dataclass(frozen=True)
class ConditionalModel:
    """Items calibrated without regard to the people's trait.

    Attributes
    ----------
    model : {"rasch", "partial_credit", "rating_scale"}
    n : int
        People with an answer.
    n_informative : int
        Those who gave neither the lowest nor the highest code throughout; the others say nothing about items.
    n_incomplete : int
        People with an answer who skipped an item. They count with the items they answered, given their score on these.
    minimum : int
        The code that scores 0.
    highest : ndarray of int, shape (n_items,)
        Each item's highest code above `minimum`.
    easiness, easiness_se : ndarray of float, shape (n_items, highest.max())
        Category easiness: P(code c) is proportional to exp(c * trait + easiness of c). They sum to zero over all items
        and codes, for the rating scale model the first thresholds do. nan where an item has fewer codes.
    thresholds, thresholds_se : ndarray of float, shape (n_items, highest.max())
        Trait at which code c and code c - 1 are equally likely; the difficulty of an item with two codes.
    covariance : ndarray of float, shape (highest.sum(), highest.sum())
        Of the easinesses, item by item, from the observed information.
    log_likelihood : float
        Conditional on the raw scores.
    n_parameters, iterations : int
    groups : ScoreGroups
        The people, counted by pattern of answered items and raw score.
    """

    model: str
    n: int
    n_informative: int
    n_incomplete: int
    minimum: int
    highest: IntArray
    easiness: FloatArray
    easiness_se: FloatArray
    thresholds: FloatArray
    thresholds_se: FloatArray
    covariance: FloatArray
    log_likelihood: float
    n_parameters: int
    iterations: int
    groups: ScoreGroups

    @property
    def flat_easiness(self) -> FloatArray:
        """The easinesses item by item, without gaps."""
        return self.easiness[np.isfinite(self.easiness)]


@dataclass(frozen=True)
class ConditionalEstimate:
    """Where the conditional likelihood is largest; -inf where nobody gave a code."""

    easiness: FloatArray
    log_likelihood: float
    information: FloatArray
    iterations: int
    converged: bool


def conditional_model(responses: npt.ArrayLike, *, model: str = "rasch") -> ConditionalModel:
    """Calibrate the Rasch, partial credit or rating scale model by conditional maximum likelihood.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: people count with the items they answered, given their raw score on these, which
        needs skipping to be unrelated to the answers given the trait. Codes start at the lowest found.
    model : {"rasch", "partial_credit", "rating_scale"}
        Two codes per item; any number (Masters 1982); the same codes with the same distances throughout (Andrich 1978).

    Returns
    -------
    ConditionalModel
        The raw score is sufficient for the trait in these models, so the answers given the score depend on the items
        alone: estimates are consistent whatever the trait's distribution, unlike marginal ones.

    Raises
    ------
    ValueError
        For a constant item, an unused code below an item's highest, codes that the model does not take, too few people
        with informative scores, or answers that leave items unconnected, so that a difference between them is infinite.

    References
    ----------
    Andersen (1972), Journal of the Royal Statistical Society B 34, 42-54; Fischer & Molenaar (1995), Rasch Models,
    chapters 3, 8 and 15.
    """
    as_choice(model, MODELS, "model")
    coded = as_codes(responses)
    codes = coded.codes[(coded.codes >= 0).any(axis=1)]
    check_codes(coded, codes, model)
    groups = score_groups(codes)
    basis = parameter_basis(groups.highest, model)
    n_informative = int(groups.informative.sum())
    if n_informative <= basis.shape[1]:
        raise ValueError(
            f"{n_informative} people gave neither the lowest nor the highest code throughout; more of them than"
            f" parameters, {basis.shape[1]}, are needed"
        )
    found = maximize(groups, basis)
    if not found.converged:
        raise ValueError(
            "the answers put some items or codes infinitely far from the others, because nobody reverses their order:"
            " leave items out, merge rare codes or ask more people"
        )
    return _result(model, coded.minimum, groups, basis, found)


def parameter_basis(highest: IntArray, model: str) -> FloatArray:
    """Return the matrix that turns free parameters into category easinesses, (highest.sum(), n_parameters)."""
    if model != "rating_scale":
        free = int(highest.sum()) - 1
        return np.vstack([np.full((1, free), -1.0), np.eye(free)])
    n_items, top = len(highest), int(highest[0])
    codes = np.arange(1, top + 1)
    location = np.vstack([np.full((1, n_items - 1), -1.0), np.eye(n_items - 1)])
    shared = np.tile(np.eye(top)[:, 1:], (n_items, 1))
    return np.hstack([np.kron(location, codes[:, None]), shared])


def maximize(groups: ScoreGroups, basis: FloatArray, *, max_iterations: int = 100) -> ConditionalEstimate:
    """Climb the conditional likelihood, which is concave, by Newton's method."""
    given = groups.counts > 0
    basis = basis * given[:, None]
    sample = _sample(groups)

    def easiness(eta: FloatArray) -> FloatArray:
        return np.where(given, basis @ eta, -np.inf)

    eta: FloatArray = np.asarray(np.linalg.lstsq(basis, _start(groups), rcond=None)[0], dtype=np.float64)
    value, slope = gradient(groups, easiness(eta))
    iteration, moving = 0, True
    while moving and iteration < max_iterations:
        iteration += 1
        curvature = basis.T @ information(sample, easiness(eta)) @ basis
        # Flat directions, which only sets of items that nothing connects have, are left as they are.
        ridge = max(1e-12 * float(np.trace(curvature)), _TINY)
        step = np.linalg.solve(curvature + np.eye(len(eta)) * ridge, basis.T @ slope)
        step *= min(1.0, _LONGEST_STEP / np.abs(step).max(initial=1e-300))
        reached, slope = gradient(groups, easiness(eta + step))
        while reached < value - 1e-9 * abs(value):
            step /= 2
            reached, slope = gradient(groups, easiness(eta + step))
        eta, before, value = eta + step, value, reached
        moving = bool(np.abs(step).max(initial=0.0) > _TOLERANCE and value - before > _FLAT * abs(value))
    full = information(groups, easiness(eta))
    scale = np.linalg.eigvalsh(basis.T @ full @ basis)
    # Measured by the number of people too: where all items drift apart every direction flattens alike.
    converged = not moving and bool(scale[0] > _SINGULAR * max(scale[-1], groups.people.sum()))
    return ConditionalEstimate(easiness(eta), value, full, iteration, converged)


def covariance_of(information: FloatArray, basis: FloatArray) -> FloatArray:
    """Return the covariance of the easinesses, by the inverse information of the free parameters."""
    return np.asarray(basis @ np.linalg.solve(basis.T @ information @ basis, basis.T))


def threshold_matrix(groups: ScoreGroups) -> FloatArray:
    """Return the matrix that turns easinesses into thresholds, the easiness before (first: 0) minus the own."""
    follows = np.arange(len(groups.counts)) != np.repeat(groups.first, groups.highest)
    matrix = -np.eye(len(follows))
    matrix[follows, np.flatnonzero(follows) - 1] = 1.0
    return matrix


def padded(flat: FloatArray, highest: IntArray) -> FloatArray:
    """Return a flattened vector as (items, codes), nan where an item has fewer codes."""
    table = np.full((len(highest), int(highest.max())), np.nan)
    table[np.arange(table.shape[1]) < highest[:, None]] = flat
    return table


def _start(groups: ScoreGroups) -> FloatArray:
    """Return the logarithms of each code's frequency against the lowest code's, as if everybody had the same trait."""
    answered = np.repeat((groups.codes >= 0).sum(axis=0), groups.highest)
    lowest = answered - np.repeat(np.add.reduceat(groups.counts, groups.first), groups.highest)
    return np.asarray(np.log((groups.counts + 0.5) / (lowest + 0.5)))


def _sample(groups: ScoreGroups) -> ScoreGroups:
    """Return few patterns that stand for all: a step's direction may be rough where the gradient is exact."""
    stride = -(-len(groups.patterns) // _SAMPLED_PATTERNS)
    people = groups.people[::stride]
    share = groups.people.sum() / people.sum()
    return replace(groups, patterns=groups.patterns[::stride], people=people * share)


def check_codes(coded: CodedResponses, codes: npt.NDArray[np.int16], model: str) -> None:
    """Refuse items that the model cannot place, saying which."""
    if coded.n_items < 2:
        raise ValueError(f"the raw score of {coded.n_items} item says nothing beyond its answer: give at least 2 items")
    if model == "rasch" and coded.n_codes > 2:
        raise ValueError(
            f"the Rasch model takes two codes; responses hold {coded.minimum} to {coded.minimum + coded.n_codes - 1}:"
            " ask for the partial credit or rating scale model"
        )
    for item in range(coded.n_items):
        used = np.flatnonzero(np.bincount(codes[codes[:, item] >= 0, item], minlength=coded.n_codes))
        if len(used) < 2:
            what = "nobody answered it" if not len(used) else f"everybody answered {used[0] + coded.minimum}"
            raise ValueError(f"item {item}: {what}; leave it out")
        unused = np.setdiff1d(np.arange(used[-1]), used)
        if len(unused):
            raise ValueError(
                f"item {item}: nobody answered {unused[0] + coded.minimum}, though others answered more; merge codes"
            )
        if model == "rating_scale" and used[-1] < coded.n_codes - 1:
            raise ValueError(
                f"item {item}: nobody answered {coded.minimum + coded.n_codes - 1}; the rating scale model needs the"
                " same codes for all items: merge codes or ask for the partial credit model"
            )


def _result(
    model: str, minimum: int, groups: ScoreGroups, basis: FloatArray, found: ConditionalEstimate
) -> ConditionalModel:
    highest, covariance = groups.highest, covariance_of(found.information, basis)
    step = threshold_matrix(groups)
    return ConditionalModel(
        model=model,
        n=len(groups.codes),
        n_informative=int(groups.informative.sum()),
        n_incomplete=int((groups.codes < 0).any(axis=1).sum()),
        minimum=minimum,
        highest=highest,
        easiness=padded(found.easiness, highest),
        easiness_se=padded(np.sqrt(np.diag(covariance)), highest),
        thresholds=padded(step @ found.easiness, highest),
        thresholds_se=padded(np.sqrt(np.diag(step @ covariance @ step.T)), highest),
        covariance=covariance,
        log_likelihood=found.log_likelihood,
        n_parameters=basis.shape[1],
        iterations=found.iterations,
        groups=groups,
    )
