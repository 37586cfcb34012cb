"""Whether items follow their curves: S-X2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from psychometrics._codes import FloatArray, IntArray
from psychometrics._multiple_testing import benjamini_hochberg
from psychometrics._validation import Label
from psychometrics.irt._em import prior
from psychometrics.irt._sparse_cells import collapse
from psychometrics.irt._sum_scores import code_probabilities, complete_patterns, rest_distributions
from psychometrics.irt.calibration import Calibration
from psychometrics.irt.information import group_index


@dataclass(frozen=True)
class ItemFit:
    """One entry per item; chi2 and p are nan where too few cells are left to test.

    ``rmsea`` is the root mean square error of approximation that the chi-square implies, 0 when it is below its degrees
    of freedom; ``p_adjusted`` by Benjamini and Hochberg over the items. n people without missing answers.
    """

    chi2: FloatArray
    degrees_of_freedom: IntArray
    p: FloatArray
    p_adjusted: FloatArray
    rmsea: FloatArray
    n: int
    group: Label
    method: str


def s_x2(model: Calibration, *, group: Label | None = None) -> ItemFit:
    """Test, item by item, whether people of equal sum score answer as the model says.

    Parameters
    ----------
    model : Calibration
        Of one or several groups.
    group : label, optional
        Whose answers. Default: the reference group.

    Returns
    -------
    ItemFit
        Expected counts come from the distribution of the other items' sum by the recursion of Lord & Wingersky, over
        the group's normal trait distribution. Cells are put together until one person is expected in each. Degrees of
        freedom: cells less scores less the item's free parameters. People with missing answers have no sum score and
        are left out.

    Raises
    ------
    ValueError
        When fewer people than items answered everything, when used codes were merged, or for fewer than three items.

    Notes
    -----
    In short tests of ordered items few cells are left and the test is weak; in samples of many thousands it finds
    misfit that does not matter, for which read the RMSEA.

    References
    ----------
    Orlando & Thissen (2000); Kang & Chen (2008).
    """
    g = group_index(model, group)
    codes, sums, weights = complete_patterns(model, g)
    n, n_items = int(weights.sum()), codes.shape[1]
    if n_items < 3:
        raise ValueError(f"S-X2 needs at least three items; the model has {n_items}")
    if n < n_items:
        raise ValueError(f"S-X2 needs people without missing answers, at least as many as items; there are {n}")
    expected = _expected_shares(model, g)
    chi2, df = np.full(n_items, np.nan), np.zeros(n_items, dtype=np.intp)
    for item in range(n_items):
        n_codes, n_scores = int(model.codes.n_codes[item]), expected.shape[1]
        cell = sums * n_codes + codes[:, item]
        table = np.asarray(np.bincount(cell, weights, minlength=n_scores * n_codes), dtype=np.float64)
        counts, share = _inner(table.reshape(n_scores, n_codes), expected[item][:, :n_codes])
        seen, meant = collapse(counts, share * counts.sum(axis=1, keepdims=True))
        cells = meant > 0
        parameters = int((model.layout.slot[g, item] >= 0).sum())
        df[item] = max(int(cells.sum()) - len(meant) - parameters, 0)
        if df[item] > 0:
            chi2[item] = ((seen - meant)[cells] ** 2 / meant[cells]).sum()
    p = np.where(df > 0, chdtrc(np.maximum(df, 1.0), np.nan_to_num(chi2)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rmsea = np.where(df > 0, np.sqrt(np.maximum(chi2 / df - 1, 0) / (n - 1)), np.nan)
    return ItemFit(chi2, df, p, benjamini_hochberg(p), rmsea, n, model.group_labels[g], "S-X2, complete answers")


def _inner(counts: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Leave out the lowest and the highest score, which tell every answer, and scores that cannot occur."""
    possible = np.flatnonzero(share.sum(axis=1) > 0)[1:-1]
    return counts[possible], share[possible]


def _expected_shares(model: Calibration, group: int) -> FloatArray:
    """Return P(code | sum score) of every item, shape (items, scores, codes), 0 for scores that cannot occur."""
    weights = prior(model.nodes, float(model.means[group]), float(model.sds[group]))
    probability = code_probabilities(model, group, model.nodes)
    merged = model.layout.family.probabilities(model.state.beta[group], model.nodes)
    values = np.rint(model.code_values).astype(np.intp)
    rest = rest_distributions(probability) * weights
    n_scores = rest.shape[1] + probability.shape[1] - 1
    joint = np.zeros((len(rest), n_scores, merged.shape[1]))
    for item, n_codes in enumerate(model.codes.n_codes):
        for code in range(n_codes):
            start = values[item, code]
            joint[item, start : start + rest.shape[1], code] = rest[item] @ merged[item, code]
    total = joint.sum(axis=2, keepdims=True)
    return np.asarray(np.divide(joint, total, out=np.zeros_like(joint), where=total > 0))
