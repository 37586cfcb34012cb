"""What the other items say of a person's trait: a match for each item that the item itself is no part of."""

from __future__ import annotations

import numpy as np

from psychometrics._codes import FloatArray
from psychometrics.irt._em import posterior, prior
from psychometrics.irt.calibration import Calibration


def rest_traits(model: Calibration) -> FloatArray:
    """Return, for each person and item, the expected trait given the person's answers to all other items.

    With an estimate from all items, an item weighs the more in its own match the fewer others were answered, so that
    groups that skip unequally seem to differ. Here it has no part, and each group's own prior makes the expected trait
    of people with the same match the same in every group, whatever the groups' means and however many answers each
    person left out.

    Parameters
    ----------
    model : Calibration
        Of the people to be matched, in groups, with the items equal (`calibrate` with equal slopes and intercepts) or
        at least the anchors.

    Returns
    -------
    ndarray of float64, shape (n_people, n_items)
        To be given as ``matching`` to `logistic_dif`, `mantel` and others; nan for people of an unknown group.
        Unanswered items are left out of the likelihood; without any other answer it is the mean of the group.

    Notes
    -----
    The calibration counts as known. If items that differ took part in it as equal, the match is biased as any score
    with them in it.
    """
    trait = np.full((len(model.group_of_person), len(model.codes.n_codes)), np.nan)
    edges = np.concatenate([[0], np.cumsum(model.codes.n_codes)])
    state = model.state
    for g, pattern in enumerate(model.patterns):
        weights = prior(model.nodes, float(state.means[g]), float(state.sds[g]))
        curves = model.log_curves(g, model.nodes)
        members = np.flatnonzero(model.group_of_person == g)
        for item in range(trait.shape[1]):
            others = curves.copy()
            others[edges[item] : edges[item + 1]] = 0.0
            share, _ = posterior(pattern.one_hot, others, weights)
            trait[members, item] = (share @ model.nodes)[pattern.of_person]
    return trait
