"""Trait estimates of people under a calibrated graded model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray
from psychometrics.irt._em import State, posterior, prior
from psychometrics.irt.calibration import Calibration, patterns_under


@dataclass(frozen=True)
class TraitScores:
    """One entry per person; nan for people whose group is not known."""

    trait: FloatArray
    se: FloatArray
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
    nodes = np.linspace(model.nodes[0], model.nodes[-1], n_nodes)
    state = model.state
    means, sds = _common(model, state) if common_prior else (state.means, state.sds)
    patterns, group = model.patterns, model.group_of_person
    if responses is not None:
        patterns, group = patterns_under(model, responses, groups)
    trait, se = np.full(len(group), np.nan), np.full(len(group), np.nan)
    for g, pattern in enumerate(patterns):
        weights = prior(nodes, float(means[g]), float(sds[g]))
        share, _ = posterior(pattern.one_hot, model.log_curves(g, nodes), weights)
        mean = share @ nodes
        spread = np.sqrt(np.maximum(share @ nodes**2 - mean**2, 0.0))
        members = group == g
        trait[members], se[members] = mean[pattern.of_person], spread[pattern.of_person]
    return TraitScores(trait, se, "EAP, common prior" if common_prior else "EAP")


def _common(model: Calibration, state: State) -> tuple[FloatArray, FloatArray]:
    share = model.n / model.n.sum()
    mean = share @ state.means
    variance = share @ (state.sds**2 + (state.means - mean) ** 2)
    return np.full(len(share), mean), np.full(len(share), np.sqrt(variance))
