"""Plausible values: draws of people's traits that carry the uncertainty of measurement into what follows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray
from psychometrics.irt._em import posterior, prior
from psychometrics.irt.calibration import Calibration, patterns_under

# Posteriors of this many people are held at once.
_BLOCK = 2048


def plausible_values(
    model: Calibration,
    responses: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    n_draws: int = 5,
    n_nodes: int = 241,
) -> FloatArray:
    """Return random draws from each person's posterior distribution, given the item parameters.

    Parameters
    ----------
    model : Calibration
        Of one or several groups; each person has the prior of the own group.
    responses, groups : array_like, optional
        As in `eap_scores`. nan where an answer is missing: the draw then varies more.
    rng : numpy.random.Generator
        The same seed gives the same draws.
    n_draws : int
        Draws per person, at least 1. Analyse each by itself and combine the results (Rubin 1987).
    n_nodes : int
        Equally spaced nodes over the range of the calibration's. A draw is a node plus an even scatter over its cell,
        which adds a twelfth of the squared distance of nodes to the variance, .0002 by default.

    Returns
    -------
    ndarray, shape (n_people, n_draws)
        nan for people of an unknown group.

    Raises
    ------
    ValueError
        For a code or group the model does not know.

    References
    ----------
    Mislevy (1991).
    """
    if n_draws < 1:
        raise ValueError(f"n_draws must be at least 1; got {n_draws}")
    nodes = np.linspace(model.nodes[0], model.nodes[-1], n_nodes)
    patterns, group = model.patterns, model.group_of_person
    if responses is not None:
        patterns, group = patterns_under(model, responses, groups)
    drawn = np.full((len(group), n_draws), np.nan)
    for g, pattern in enumerate(patterns):
        members = np.flatnonzero(group == g)
        if len(members) == 0:
            continue
        weights, log_curves = prior(nodes, float(model.means[g]), float(model.sds[g])), model.log_curves(g, nodes)
        for start in range(0, len(members), _BLOCK):
            people = members[start : start + _BLOCK]
            share, _ = posterior(pattern.one_hot[pattern.of_person[start : start + _BLOCK]], log_curves, weights)
            below = np.cumsum(share, axis=1)
            for draw in range(n_draws):
                reached = (rng.random((len(people), 1)) > below).sum(axis=1)
                scatter = rng.uniform(-0.5, 0.5, len(people))
                drawn[people, draw] = nodes[np.minimum(reached, n_nodes - 1)] + scatter * (nodes[1] - nodes[0])
    return drawn
