"""Trait estimates of people under a calibrated model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray, IntArray
from psychometrics.irt._em import posterior, prior
from psychometrics.irt._modes import Target, modes
from psychometrics.irt._parameters import State
from psychometrics.irt._patterns import GroupPatterns
from psychometrics.irt.calibration import Calibration, patterns_under

# Posteriors of this many people are held at once.
_BLOCK = 2048


@dataclass(frozen=True)
class TraitScores:
    """One entry per person; nan for people whose group is not known. `n_answered` counts the answers it rests on."""

    trait: FloatArray
    se: FloatArray
    n_answered: IntArray
    method: str


def eap_scores(
    model: Calibration,
    responses: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    *,
    common_prior: bool = False,
    n_nodes: int = 121,
) -> TraitScores:
    """Return expected a posteriori trait estimates.

    Parameters
    ----------
    model : Calibration
        A calibration; each person is scored with the item parameters of the own group.
    responses : array_like of int codes, shape (n_people, n_items), optional
        Default: the people the model was calibrated on. nan where an answer is missing.
    groups : array_like, shape (n_people,), optional
        Their groups, for a model with several.
    common_prior : bool
        Use one normal prior, that of all groups together, instead of each group's own. Matching people of different
        groups needs it: with an own prior people of one answer pattern would differ by group.
    n_nodes : int
        Equally spaced nodes from -6 to 6.

    Returns
    -------
    TraitScores
        Posterior mean and standard deviation. Missing answers are left out of the likelihood; a person without any
        answer gets the prior. nan for people of an unknown group.

    Raises
    ------
    ValueError
        For a code outside those the model knows, or a group it does not.

    References
    ----------
    Bock & Mislevy (1982).
    """
    nodes = _nodes(model, n_nodes)
    means, sds = _priors(model, common_prior=common_prior)

    def score(g: int, pattern: GroupPatterns) -> tuple[FloatArray, FloatArray]:
        weights = prior(nodes, float(means[g]), float(sds[g]))
        log_curves, moments = model.log_curves(g, nodes), np.empty((len(pattern.weights), 2))
        for start in range(0, len(moments), _BLOCK):
            block = slice(start, start + _BLOCK)
            moments[block] = posterior(pattern.one_hot[block], log_curves, weights)[0] @ np.array([nodes, nodes**2]).T
        mean = moments[:, 0]
        return mean, np.sqrt(np.maximum(moments[:, 1] - mean**2, 0.0))

    return _of_people(model, responses, groups, score, "EAP, common prior" if common_prior else "EAP")


def map_scores(
    model: Calibration,
    responses: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    *,
    common_prior: bool = False,
) -> TraitScores:
    """Return maximum a posteriori trait estimates: the mode of the posterior, and the curvature there as its error.

    Parameters, missing answers and errors as `eap_scores`. Samejima (1969).
    """
    means, sds = _priors(model, common_prior=common_prior)

    def score(g: int, pattern: GroupPatterns) -> tuple[FloatArray, FloatArray]:
        return modes(_target(model, g, float(means[g]), float(sds[g]) ** -2), pattern, _nodes(model))

    return _of_people(model, responses, groups, score, "MAP, common prior" if common_prior else "MAP")


def ml_scores(
    model: Calibration, responses: npt.ArrayLike | None = None, groups: npt.ArrayLike | None = None
) -> TraitScores:
    """Return maximum-likelihood trait estimates with standard errors from the observed information.

    Parameters, missing answers and errors as `eap_scores`. Minus or plus infinity, with a standard error of nan, for
    people who gave the lowest or highest code throughout; nan for people without any answer.
    """

    def score(g: int, pattern: GroupPatterns) -> tuple[FloatArray, FloatArray]:
        return modes(_target(model, g), pattern, _nodes(model))

    return _of_people(model, responses, groups, score, "ML")


def wle_scores(
    model: Calibration, responses: npt.ArrayLike | None = None, groups: npt.ArrayLike | None = None
) -> TraitScores:
    """Return Warm's weighted likelihood estimates, which are finite for every pattern and nearly unbiased.

    Parameters, missing answers and errors as `eap_scores`; nan for people without any answer. In these models Warm's
    weight is the root of the test information: the terms in which it differs from Jeffreys' prior cancel within each
    item (Magis 2015 for partial credit; in the graded model their sum telescopes to zero). Standard errors come from
    the curvature of the weighted likelihood.

    References
    ----------
    Warm (1989); Samejima (1998).
    """

    def score(g: int, pattern: GroupPatterns) -> tuple[FloatArray, FloatArray]:
        return modes(_target(model, g, weighted=True), pattern, _nodes(model))

    return _of_people(model, responses, groups, score, "WLE")


def _target(
    model: Calibration, group: int, mean: float = 0.0, precision: float = 0.0, *, weighted: bool = False
) -> Target:
    return Target(model.layout.family, model.state.beta[group], model.codes.n_codes, mean, precision, weighted)


def _nodes(model: Calibration, n_nodes: int = 121) -> FloatArray:
    return np.linspace(model.nodes[0], model.nodes[-1], n_nodes)


def _of_people(
    model: Calibration,
    responses: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    score: Callable[[int, GroupPatterns], tuple[FloatArray, FloatArray]],
    method: str,
) -> TraitScores:
    """Score every pattern once and hand the result to the people who gave it."""
    patterns, group = model.patterns, model.group_of_person
    if responses is not None:
        patterns, group = patterns_under(model, responses, groups)
    trait, se = np.full(len(group), np.nan), np.full(len(group), np.nan)
    answered = np.zeros(len(group), dtype=np.intp)
    for g, pattern in enumerate(patterns):
        members = group == g
        if not members.any():
            continue
        value, error = score(g, pattern)
        trait[members], se[members] = value[pattern.of_person], error[pattern.of_person]
        answered[members] = (pattern.codes >= 0).sum(axis=1)[pattern.of_person]
    return TraitScores(trait, se, answered, method)


def _priors(model: Calibration, *, common_prior: bool) -> tuple[FloatArray, FloatArray]:
    """Return each group's mean and SD, or for all groups those of everybody together."""
    state: State = model.state
    if not common_prior:
        return state.means, state.sds
    share = model.n / model.n.sum()
    mean = share @ state.means
    variance = share @ (state.sds**2 + (state.means - mean) ** 2)
    return np.full(len(share), mean), np.full(len(share), np.sqrt(variance))
