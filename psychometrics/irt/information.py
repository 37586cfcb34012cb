"""How much a calibrated test tells at each trait level: information, standard errors by level, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray
from psychometrics._validation import Label
from psychometrics.irt._em import prior
from psychometrics.irt.calibration import Calibration
from psychometrics.irt.scores import TraitScores


@dataclass(frozen=True)
class InformationCurves:
    """Curves over the trait: information in 1 / trait units squared, expected scores and their errors in score points.

    ``trait_se`` is the conditional standard error of a maximum-likelihood trait estimate, ``score_se`` that of the sum
    score of all items. Items are rows.
    """

    trait: FloatArray
    item_information: FloatArray
    information: FloatArray
    trait_se: FloatArray
    item_scores: FloatArray
    expected_score: FloatArray
    score_se: FloatArray
    group: Label


def information_curves(model: Calibration, trait: npt.ArrayLike, *, group: Label | None = None) -> InformationCurves:
    """Return item and test information and conditional standard errors of measurement.

    Parameters
    ----------
    model : Calibration
        Of one or several groups.
    trait : array_like of float, shape (n,)
        Where on the trait; the reference group's is standard normal (partial credit, Rasch: has mean 0).
    group : label, optional
        Whose item parameters. Default: the reference group.

    Returns
    -------
    InformationCurves
        Fisher information, the sum of P'(code)^2 / P(code); ``score_se`` the root of the sum of the items' conditional
        variances (Lord 1980). An information of zero gives an infinite standard error.

    Raises
    ------
    ValueError
        For a group the model does not know.

    References
    ----------
    Samejima (1969); Lord (1980), Applications of item response theory to practical testing problems.
    """
    g = group_index(model, group)
    nodes = np.atleast_1d(np.asarray(trait, dtype=np.float64))
    family, beta = model.layout.family, model.state.beta[g]
    items = family.item_information(beta, nodes, model.codes.n_codes)
    probability = family.probabilities(beta, nodes)
    values = model.code_values + model.minimum
    expected = family.expected_scores(beta, nodes, values)
    variance = (probability * (values[:, :, None] - expected[:, None]) ** 2).sum(axis=(0, 1))
    total = items.sum(axis=0)
    with np.errstate(divide="ignore"):
        trait_se = 1 / np.sqrt(total)
    return InformationCurves(
        nodes, items, total, trait_se, expected, expected.sum(axis=0), np.sqrt(variance), model.group_labels[g]
    )


def group_index(model: Calibration, group: Label | None) -> int:
    """Return the place of a group label, that of the reference group for None."""
    if group is None:
        return 0
    if group not in model.group_labels:
        raise ValueError(f"the model knows no group {group!r}")
    return model.group_labels.index(group)


def marginal_reliability(model: Calibration, *, group: Label | None = None) -> float:
    """Return the reliability of trait estimates that the model implies, averaged over the group's trait distribution.

    The mean of information / (information + 1 / variance of the trait): the squared correlation of the trait with its
    posterior mean at each level (Green, Bock, Humphreys, Linn & Reckase 1984). Over normal weights at the model's
    nodes.
    """
    g = group_index(model, group)
    mean, sd = float(model.means[g]), float(model.sds[g])
    total = model.layout.family.item_information(model.state.beta[g], model.nodes, model.codes.n_codes).sum(axis=0)
    return float((total / (total + sd**-2)) @ prior(model.nodes, mean, sd))


def empirical_reliability(scores: TraitScores) -> float:
    """Return the share of variance that posterior means recover: their variance over it plus the mean squared error.

    For scores from `eap_scores` (du Toit 2003, IRT from SSI, p. 684); for ML and WLE scores one less the mean squared
    error over the variance of the scores. People without a finite score or without any answer are left out.
    """
    known = np.isfinite(scores.trait) & np.isfinite(scores.se) & (scores.n_answered > 0)
    if known.sum() < 2:
        raise ValueError(f"empirical reliability needs the finite scores of two people; there are {known.sum()}")
    spread, error = float(scores.trait[known].var(ddof=1)), float(np.mean(scores.se[known] ** 2))
    if scores.method.startswith(("ML", "WLE")):
        return 1 - error / spread
    return spread / (spread + error)
