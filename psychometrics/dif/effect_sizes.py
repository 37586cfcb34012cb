"""Effect sizes of differential functioning from a two-group model: Chalmers' (sDRF, uDRF, dDRF, DTF) and Meade's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._codes import FloatArray
from psychometrics.irt._em import posterior, prior
from psychometrics.irt.calibration import Calibration
from psychometrics.irt.scores import eap_scores


@dataclass(frozen=True)
class ResponseFunctionDifferences:
    """Differences of expected scores, focal minus reference curve, in score points: test, then item by item.

    ``signed`` (sDRF) lets differences along the trait cancel, ``unsigned`` (uDRF) does not, ``root_mean_square`` (dDRF)
    weighs large ones more.
    """

    signed: float
    unsigned: float
    root_mean_square: float
    item_signed: FloatArray
    item_unsigned: FloatArray
    item_root_mean_square: FloatArray
    density: str


def response_function_differences(model: Calibration, *, density: str = "marginal") -> ResponseFunctionDifferences:
    """Return Chalmers' differences of response functions (2018).

    Parameters
    ----------
    model : Calibration
        Two groups, the anchors equal.
    density : {"marginal", "focal", "reference", "uniform"}
        Over whom the differences are averaged: the estimated trait distribution (posterior histogram) of both groups
        in proportion to their size, of one of them, or evenly over -6 to 6, which is differential test functioning
        (sDTF, uDTF; Chalmers, Counsell & Flora 2016).
    """
    _two_groups(model)
    nodes, weights = model.nodes, _density(model, density)
    if density == "uniform":
        nodes = np.linspace(-6.0, 6.0, 1000)
        weights = np.full(len(nodes), 1 / len(nodes))
    curves = model.expected_item_scores(nodes)
    items = curves[1] - curves[0]
    test = items.sum(axis=0)
    return ResponseFunctionDifferences(
        signed=float(test @ weights),
        unsigned=float(np.abs(test) @ weights),
        root_mean_square=float(np.sqrt(test**2 @ weights)),
        item_signed=items @ weights,
        item_unsigned=np.abs(items) @ weights,
        item_root_mean_square=np.sqrt(items**2 @ weights),
        density=density,
    )


def _two_groups(model: Calibration) -> None:
    if len(model.group_labels) != 2:
        raise ValueError(f"these effect sizes compare two groups; the model has {len(model.group_labels)}")


def _density(model: Calibration, density: str) -> FloatArray:
    chosen = {"marginal": (0, 1), "focal": (1,), "reference": (0,), "uniform": ()}
    if density not in chosen:
        raise ValueError(f"density must be one of {', '.join(chosen)}; got {density!r}")
    mass = np.zeros(len(model.nodes))
    state = model.state
    for g in chosen[density]:
        weights = prior(model.nodes, float(state.means[g]), float(state.sds[g]))
        share, _ = posterior(model.patterns[g].one_hot, model.log_curves(g, model.nodes), weights)
        mass += model.patterns[g].weights @ share
    return np.asarray(mass / max(float(mass.sum()), 1e-300))


@dataclass(frozen=True)
class MeadeEffectSizes:
    """Differences at the focal group's trait estimates (Meade 2010), focal minus reference curve, in score points.

    Items: ``signed`` (SIDS), ``unsigned`` (UIDS), ``standardized`` (ESSD), the largest difference and where it is.
    Test: ``test_signed`` (STDS), ``test_unsigned_items`` (UTDS: nothing cancels), ``test_unsigned`` (UETSDS: items
    cancel), ``test_standardized`` (ETSSD), the largest difference and where it is.
    """

    n: int
    signed: FloatArray
    unsigned: FloatArray
    standardized: FloatArray
    largest: FloatArray
    largest_at: FloatArray
    test_signed: float
    test_unsigned_items: float
    test_unsigned: float
    test_standardized: float
    test_largest: float
    test_largest_at: float


def meade_effect_sizes(model: Calibration) -> MeadeEffectSizes:
    """Return Meade's effect sizes of a model of two groups with the anchors equal."""
    _two_groups(model)
    scores = eap_scores(model)
    # The estimate of somebody without an answer is the group's mean, which would count as an observation.
    trait = scores.trait[(model.group_of_person == 1) & (scores.n_answered > 0)]
    curves = model.expected_item_scores(trait)
    items = curves[1] - curves[0]
    test = items.sum(axis=0)
    at, overall = np.abs(items).argmax(axis=1), int(np.abs(test).argmax())
    with np.errstate(divide="ignore", invalid="ignore"):
        standardized = items.mean(axis=1) / _pooled(curves)
    return MeadeEffectSizes(
        n=len(trait),
        signed=items.mean(axis=1),
        unsigned=np.abs(items).mean(axis=1),
        standardized=standardized,
        largest=items[np.arange(len(items)), at],
        largest_at=trait[at],
        test_signed=float(test.mean()),
        test_unsigned_items=float(np.abs(items).mean(axis=1).sum()),
        test_unsigned=float(np.abs(test).mean()),
        test_standardized=float(test.mean() / _pooled(curves.sum(axis=1, keepdims=True))[0]),
        test_largest=float(test[overall]),
        test_largest_at=float(trait[overall]),
    )


def _pooled(curves: FloatArray) -> FloatArray:
    """Return the SD of expected scores, pooled over both curves."""
    return np.asarray(np.sqrt(curves.var(axis=2, ddof=1).mean(axis=0)))


def root_mean_square_deviations(model: Calibration) -> FloatArray:
    """Return the RMSD of every group, item and code: how far what a group answered lies from the common curve.

    Parameters
    ----------
    model : Calibration
        Any number of groups with all items equal.

    Returns
    -------
    ndarray, shape (n_groups, n_items, n_codes)
        Root of the squared distance between the model's curve and the expected proportions given the answers, averaged
        over the group's trait distribution; nan where an item has no such code. PISA takes .12 for a misfit.

    References
    ----------
    Oliveri & von Davier (2011).
    """
    state, n_codes = model.state, model.codes.n_codes
    used = np.arange(model.code_values.shape[1]) < n_codes[:, None]
    result = np.full((len(model.n), *used.shape), np.nan)
    for g, pattern in enumerate(model.patterns):
        weights = prior(model.nodes, float(state.means[g]), float(state.sds[g]))
        share, _ = posterior(pattern.one_hot, model.log_curves(g, model.nodes), weights)
        expected = np.zeros((*used.shape, len(model.nodes)))
        expected[used] = pattern.one_hot.T @ (share * pattern.weights[:, None])
        seen = expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-300)
        curve = model.layout.family.probabilities(state.beta[g], model.nodes)
        result[g][used] = np.sqrt((seen - curve) ** 2 @ weights)[used]
    return result
