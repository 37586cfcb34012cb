"""Whether pairs of items are related beyond what the trait explains: observed against expected two-way tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import chdtrc

from psychometrics._codes import FloatArray, IntArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics.irt._em import prior
from psychometrics.irt.calibration import Calibration


@dataclass(frozen=True)
class LocalDependence:
    """Symmetric tables (items, items), nan on the diagonal.

    ``cramers_v`` is the size of the difference from 0 to 1, with the sign of the surplus of association: above 0 where
    answers agree more than the trait explains. ``p_adjusted`` by Benjamini and Hochberg over all pairs.
    """

    chi2: FloatArray
    degrees_of_freedom: IntArray
    p: FloatArray
    p_adjusted: FloatArray
    cramers_v: FloatArray
    n: IntArray


def local_dependence(model: Calibration) -> LocalDependence:
    """Compare, for every pair of items, the table of both answers with the one that the model expects.

    Parameters
    ----------
    model : Calibration
        Of one or several groups: their tables are added.

    Returns
    -------
    LocalDependence
        People who answered both items count; nan for a pair that nobody answered. The chi-square is referred to
        (codes - 1)(codes - 1) degrees of freedom, which makes the test conservative, because the parameters were fitted
        to the same answers.

    References
    ----------
    Chen & Thissen (1997).
    """
    codes = model.codes.n_codes
    start = np.concatenate([[0], np.cumsum(codes)[:-1]])
    n_cells, n_items = int(codes.sum()), len(codes)
    observed, expected, together = np.zeros((n_cells, n_cells)), np.zeros((n_cells, n_cells)), np.zeros((n_items,) * 2)
    for g, pattern in enumerate(model.patterns):
        one_hot = pattern.one_hot.astype(np.float64)
        observed += one_hot.T @ (pattern.weights[:, None] * one_hot)
        answered = (pattern.codes >= 0).astype(np.float64)
        both = answered.T @ (pattern.weights[:, None] * answered)
        weights = prior(model.nodes, float(model.means[g]), float(model.sds[g]))
        curves = np.exp(model.log_curves(g, model.nodes))
        item = np.repeat(np.arange(n_items), codes)
        expected += both[item[:, None], item] * ((curves * weights) @ curves.T)
        together += both
    chi2, p, size = (np.full((n_items, n_items), np.nan) for _ in range(3))
    df = np.zeros((n_items, n_items), dtype=np.intp)
    for i, j in combinations(range(n_items), 2):
        table = np.ix_(start[i] + np.arange(codes[i]), start[j] + np.arange(codes[j]))
        seen, meant = observed[table], expected[table]
        df[i, j] = df[j, i] = (codes[i] - 1) * (codes[j] - 1)
        if not together[i, j]:
            continue
        chi2[i, j] = ((seen - meant) ** 2 / meant).sum()
        strength = np.sqrt(chi2[i, j] / (together[i, j] * (min(codes[i], codes[j]) - 1)))
        size[i, j] = np.copysign(strength, _association(seen) - _association(meant))
        p[i, j] = chdtrc(df[i, j], chi2[i, j])
    adjusted = benjamini_hochberg(p)
    below = np.tril_indices(n_items, -1)
    for values in (chi2, p, size, adjusted):
        values[below] = values.T[below]
    return LocalDependence(chi2, df, p, adjusted, size, together.astype(np.intp))


def _association(table: FloatArray) -> float:
    """Return gamma (Goodman & Kruskal 1954): concordant less discordant pairs over both, 0 without any."""
    above = np.zeros_like(table)
    above[:-1, :-1] = table[1:, 1:][::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    beside = np.zeros_like(table)
    beside[:-1, 1:] = table[1:, :-1][::-1].cumsum(axis=0).cumsum(axis=1)[::-1]
    concordant, discordant = float((table * above).sum()), float((table * beside).sum())
    pairs = concordant + discordant
    return (concordant - discordant) / pairs if pairs > 0 else 0.0
