"""Trait estimates from sum scores, for scoring by a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._codes import FloatArray, IntArray
from psychometrics._validation import Label
from psychometrics.irt._em import prior
from psychometrics.irt._sum_scores import code_probabilities, observed_sums, sum_distribution
from psychometrics.irt.calibration import Calibration
from psychometrics.irt.information import group_index


@dataclass(frozen=True)
class SumScoreTable:
    """One row per sum score: trait and posterior SD, and how many people have it and should have it.

    ``observed`` counts people who answered every item, nan when codes were merged with others that were used;
    ``residual`` is (observed - expected) / sqrt(expected).
    """

    scores: IntArray
    trait: FloatArray
    se: FloatArray
    observed: FloatArray
    expected: FloatArray
    residual: FloatArray
    n: int
    group: Label


def eap_sum_scores(model: Calibration, *, group: Label | None = None, n_nodes: int = 121) -> SumScoreTable:
    """Return expected a posteriori trait estimates for every possible sum score of all items.

    Parameters
    ----------
    model : Calibration
        Of one or several groups.
    group : label, optional
        Whose items and trait distribution. Default: the reference group.
    n_nodes : int
        Equally spaced nodes over the range of the calibration's.

    Returns
    -------
    SumScoreTable
        Scores run from the sum of the lowest to that of the highest codes. People with missing answers have no such
        sum: score them by `eap_scores`.

    Raises
    ------
    ValueError
        For a group the model does not know.

    References
    ----------
    Lord & Wingersky (1984); Thissen, Pommerich, Billeaud & Williams (1995).
    """
    g = group_index(model, group)
    nodes = np.linspace(model.nodes[0], model.nodes[-1], n_nodes)
    weights = prior(nodes, float(model.means[g]), float(model.sds[g]))
    joint = sum_distribution(code_probabilities(model, g, nodes)) * weights
    # Sums that no combination of used codes can give are left out.
    share = joint.sum(axis=1)
    possible = share > 0
    share, posterior = share[possible], joint[possible] / share[possible, None]
    mean = posterior @ nodes
    spread = np.sqrt(np.maximum(posterior @ nodes**2 - mean**2, 0.0))
    observed = observed_sums(model, g, len(possible))
    n = int(observed.sum()) if np.isfinite(observed).all() else int(model.n[g])
    observed, expected = observed[possible], n * share
    scores = np.flatnonzero(possible) + model.minimum * len(model.code_values)
    # Where nobody answered every item nothing is expected, and there is no residual.
    with np.errstate(invalid="ignore"):
        residual = (observed - expected) / np.sqrt(expected)
    return SumScoreTable(scores, mean, spread, observed, expected, residual, n, model.group_labels[g])
