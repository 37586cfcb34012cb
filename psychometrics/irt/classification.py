"""How surely cuts sort people, from a calibrated model instead of a reliability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from psychometrics._validation import Label
from psychometrics.irt._em import prior
from psychometrics.irt._sum_scores import code_probabilities, sum_distribution
from psychometrics.irt.calibration import Calibration
from psychometrics.irt.information import group_index, information_curves
from psychometrics.reliability.classification import Classification, checked_cuts, classification


def sum_score_classification(
    model: Calibration, cuts: npt.ArrayLike, *, group: Label | None = None, n_nodes: int = 241
) -> Classification:
    """Return consistency and accuracy of classes made by cuts on the sum score of all items.

    Parameters
    ----------
    model : Calibration
        Of one or several groups.
    cuts : array_like of float
        Ascending, on the sum of the codes as given to the model; a sum at a cut belongs to the upper class.
    group : label, optional
        Whose items and trait distribution. Default: the reference group.
    n_nodes : int
        Equally spaced nodes over the range of the calibration's.

    Returns
    -------
    Classification
        At each trait level the sum is distributed as the items' curves say (Lord & Wingersky); the true class is that
        of the sum expected there. Averaged over the group's trait distribution. `n` people in the group.

    Raises
    ------
    ValueError
        For cuts that are not ascending, or a group the model does not know.

    References
    ----------
    Lee (2010), Journal of Educational Measurement 47, 1-17.
    """
    g, limits = group_index(model, group), checked_cuts(cuts)
    nodes = np.linspace(model.nodes[0], model.nodes[-1], n_nodes)
    weights = prior(nodes, float(model.means[g]), float(model.sds[g]))
    distribution = sum_distribution(code_probabilities(model, g, nodes))
    scores = np.arange(len(distribution)) + model.minimum * len(model.code_values)
    observed = np.searchsorted(limits, scores, side="right")
    chances = np.array([distribution[observed == c].sum(axis=0) for c in range(len(limits) + 1)]).T
    true = np.searchsorted(limits, scores @ distribution, side="right")
    accuracy = float(weights @ chances[np.arange(n_nodes), true])
    return classification(chances, weights, accuracy, int(model.n[g]), "lee")


def trait_classification(
    model: Calibration, cuts: npt.ArrayLike, *, group: Label | None = None, n_nodes: int = 241
) -> Classification:
    """Return consistency and accuracy of classes made by cuts on maximum-likelihood trait estimates.

    Parameters, errors and result as `sum_score_classification`, the cuts on the trait. Estimates scatter normally about
    the trait with the test's conditional standard error (Rudner 2001); for the people at hand and their own scores and
    errors see `classification_by_errors`.
    """
    g, limits = group_index(model, group), checked_cuts(cuts)
    nodes = np.linspace(model.nodes[0], model.nodes[-1], n_nodes)
    weights = prior(nodes, float(model.means[g]), float(model.sds[g]))
    se = information_curves(model, nodes, group=model.group_labels[g]).trait_se
    below = ndtr((limits - nodes[:, None]) / se[:, None])
    chances = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), axis=1)
    true = np.searchsorted(limits, nodes, side="right")
    accuracy = float(weights @ chances[np.arange(n_nodes), true])
    return classification(chances, weights, accuracy, int(model.n[g]), "rudner, model")
