"""Whether a calibrated model reproduces the frequencies of single answers and of pairs: M2, M2*, C2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import chdtrc

from psychometrics._codes import FloatArray, IntArray
from psychometrics._validation import as_choice, as_proportion
from psychometrics.confirmatory.fit_measures import (
    comparative_fit,
    rmsea_interval,
    root_mean_square_error,
    tucker_lewis,
)
from psychometrics.irt._em import prior
from psychometrics.irt._moments import ModelMoments, MomentSet, code_scores, indicators
from psychometrics.irt.calibration import Calibration

# More moments than this would take minutes and gigabytes.
_MOST_MOMENTS = 4000


@dataclass(frozen=True)
class LimitedInformationFit:
    """Fit to single answers and pairs, over all groups.

    ``rmsea`` with its interval; ``srmsr`` the root mean square of residual correlations of codes, one per group;
    ``cfi`` and ``tli`` against independent items. ``n`` people without missing answers.
    """

    statistic: str
    chi2: float
    degrees_of_freedom: int
    p: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    confidence: float
    srmsr: FloatArray
    cfi: float
    tli: float
    independence_chi2: float
    independence_degrees_of_freedom: int
    n: int


def limited_information_fit(
    model: Calibration, *, statistic: str = "C2", confidence: float = 0.9
) -> LimitedInformationFit:
    """Test the fit of a calibrated model by its first- and second-order moments.

    Parameters
    ----------
    model : Calibration
        Of one or several groups, whatever is equal between them.
    statistic : {"C2", "M2", "M2*"}
        What is compared: M2 the shares of every code and pair of codes (Maydeu-Olivares & Joe 2006); M2* means of codes
        and of products of two items' codes (Cai & Hansen 2013), which is sharper when cells are sparse; C2 the shares
        of single codes and means of products (Cai & Monroe 2014), for ordered answers to few items. With two codes the
        three are the same.
    confidence : float
        Level of the interval of the RMSEA.

    Returns
    -------
    LimitedInformationFit
        People with missing answers are left out.

    Raises
    ------
    ValueError
        For a statistic without degrees of freedom, one with too many moments to compute, or too few complete answers.

    Notes
    -----
    The trait distribution's parameters count as estimated and are projected out, as items' are. RMSEA uses n - 1.
    """
    as_choice(statistic, ("C2", "M2", "M2*"), "statistic")
    as_proportion(confidence, "confidence")
    moments = _moment_set(statistic, model.codes.n_codes)
    n_moments = len(moments.first.item) + len(moments.pairs[0])
    if n_moments > _MOST_MOMENTS:
        raise ValueError(f"{statistic} of this model compares {n_moments} moments, too many to compute: use C2 or M2*")
    df = n_moments * len(model.n) - model.n_parameters
    if df < 1:
        raise ValueError(
            f"{statistic} compares {n_moments} moments in each group, the model has {model.n_parameters} parameters: "
            "nothing is left to test; C2 or M2 compare more"
        )
    answers = [_complete(model, g) for g in range(len(model.n))]
    chi2 = _projected([_of_model(model, g, moments, *answers[g]) for g in range(len(model.n))])
    size = int((model.codes.n_codes - 1).sum())
    apart = [_of_independence(model, g, moments, *answers[g]) for g in range(len(model.n))]
    baseline = sum(_projected([one]) for one in apart)
    baseline_df = sum(n_moments - min(int(np.linalg.matrix_rank(one[2])), size) for one in apart)
    n = int(sum(weights.sum() for _, weights in answers))
    lower, upper = rmsea_interval(chi2, df, n - 1, 1, confidence=confidence)
    return LimitedInformationFit(
        statistic=statistic,
        chi2=chi2,
        degrees_of_freedom=df,
        p=float(chdtrc(df, chi2)),
        rmsea=root_mean_square_error(chi2 - df, df, n - 1, 1),
        rmsea_lower=lower,
        rmsea_upper=upper,
        confidence=confidence,
        srmsr=np.array([_srmsr(model, g, *answers[g]) for g in range(len(model.n))]),
        cfi=comparative_fit(chi2 - df, baseline - baseline_df),
        tli=tucker_lewis(chi2 - df, df, baseline - baseline_df, baseline_df),
        independence_chi2=baseline,
        independence_degrees_of_freedom=baseline_df,
        n=n,
    )


def _moment_set(statistic: str, n_codes: IntArray) -> MomentSet:
    first = code_scores(n_codes) if statistic == "M2*" else indicators(n_codes)
    return MomentSet(first, indicators(n_codes) if statistic == "M2" else code_scores(n_codes))


def _complete(model: Calibration, group: int) -> tuple[IntArray, FloatArray]:
    pattern = model.patterns[group]
    complete = (pattern.codes >= 0).all(axis=1)
    if pattern.weights[complete].sum() < pattern.codes.shape[1]:
        raise ValueError(f"group {model.group_labels[group]!r} has fewer people without missing answers than items")
    return pattern.codes[complete].astype(np.intp), pattern.weights[complete]


# Residual moments, their covariance, and their derivatives by the parameters, all for one person times the root of n.
_Residuals = tuple[FloatArray, FloatArray, FloatArray]


def _of_model(model: Calibration, group: int, moments: MomentSet, codes: IntArray, weights: FloatArray) -> _Residuals:
    family, beta, nodes = model.layout.family, model.state.beta[group], model.nodes
    distribution = prior(nodes, float(model.means[group]), float(model.sds[group]))
    exists = np.arange(beta.shape[1]) < model.codes.n_codes[:, None]
    probability = np.where(exists[..., None], family.probabilities(beta, nodes), 0.0)
    implied = ModelMoments(moments, probability, distribution)
    slope = probability[..., None] * family.score_vectors(beta, nodes)
    jacobian = implied.jacobian(slope, model.layout.vector_index[group], model.n_parameters)
    for place, change in _distribution_changes(model, group, distribution):
        jacobian[:, place] = implied.conditional @ change
    root = np.sqrt(weights.sum())
    residual = moments.observed(codes, weights) - implied.expected
    return root * residual, implied.covariance(), root * jacobian


def _distribution_changes(model: Calibration, group: int, weights: FloatArray) -> list[tuple[int, FloatArray]]:
    """Return, for a free mean and log SD, its place among the parameters and the derivative of the node weights."""
    layout = model.layout
    mean, sd = float(model.means[group]), float(model.sds[group])
    z = (model.nodes - mean) / sd
    n_means = int(layout.free_mean.sum())
    tail = layout.n_parameters - n_means - int(layout.free_sd.sum())
    changes = []
    if layout.free_mean[group]:
        changes.append((tail + int(layout.free_mean[:group].sum()), weights * (z - weights @ z) / sd))
    if layout.free_sd[group]:
        place = tail + n_means + int(layout.free_sd[:group].sum())
        changes.append((place, weights * (z**2 - weights @ z**2)))
    return changes


def _of_independence(
    model: Calibration, group: int, moments: MomentSet, codes: IntArray, weights: FloatArray
) -> _Residuals:
    """The same for items that have nothing in common, each with its shares among all who answered it."""
    n_codes, pattern = model.codes.n_codes, model.patterns[group]
    width, n_items = int(n_codes.max()), len(n_codes)
    probability = np.zeros((n_items, width, 1))
    probability[np.arange(width) < n_codes[:, None], 0] = pattern.one_hot.T @ pattern.weights
    probability /= probability.sum(axis=1, keepdims=True)
    implied = ModelMoments(moments, probability, np.ones(1))
    change = np.zeros((n_items, width, 1, width - 1))
    change[:, 0] = -1.0
    change[:, np.arange(1, width), 0, np.arange(width - 1)] = 1.0
    exists = np.arange(1, width) < n_codes[:, None]
    index = np.where(exists, np.cumsum(exists).reshape(exists.shape) - 1, -1)
    root = np.sqrt(weights.sum())
    jacobian = implied.jacobian(change, index, int(exists.sum()))
    return root * (moments.observed(codes, weights) - implied.expected), implied.covariance(), root * jacobian


def _projected(groups: list[_Residuals]) -> float:
    """Return the length of the whitened residuals across the directions in which parameters could move them."""
    residuals, directions = [], []
    for residual, covariance, jacobian in groups:
        try:
            factor = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError as error:
            raise ValueError("some answers are too rare for their covariances to be told apart: merge codes") from error
        residuals.append(solve_triangular(factor, residual, lower=True))
        directions.append(solve_triangular(factor, jacobian, lower=True))
    residual, direction = np.concatenate(residuals), np.concatenate(directions)
    left = residual - direction @ np.linalg.lstsq(direction, residual, rcond=1e-10)[0]
    return float(left @ left)


def _srmsr(model: Calibration, group: int, codes: IntArray, weights: FloatArray) -> float:
    """Return the root mean square difference of observed and implied correlations of the codes."""
    family, beta = model.layout.family, model.state.beta[group]
    distribution = prior(model.nodes, float(model.means[group]), float(model.sds[group]))
    code = np.arange(float(beta.shape[1]))[:, None]
    probability = family.probabilities(beta, model.nodes)
    mean, square = (code * probability).sum(axis=1), ((code**2 * probability).sum(axis=1)) @ distribution
    implied = (mean * distribution) @ mean.T
    np.fill_diagonal(implied, square)
    implied -= np.outer(mean @ distribution, mean @ distribution)
    root = np.sqrt(np.diag(implied))
    seen = np.asarray(np.corrcoef(np.repeat(codes, weights.astype(np.intp), axis=0).T))
    gap = (seen - implied / np.outer(root, root))[np.tril_indices(len(seen), -1)]
    return float(np.sqrt(np.mean(gap**2)))
