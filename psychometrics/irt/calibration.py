"""Calibration of item response models by marginal maximum likelihood, one or several groups, with missing answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray, IntArray, as_codes, group_codes
from psychometrics._validation import Label, as_choice, as_groups
from psychometrics.irt._covariance import information
from psychometrics.irt._curves import ABSENT
from psychometrics.irt._em import Estimate, maximize
from psychometrics.irt._layout import MODELS, build_layout, equality_sets, start_values
from psychometrics.irt._parameters import Layout, State, pack, unpack
from psychometrics.irt._patterns import CodeMap, GroupPatterns, count_patterns, merge_codes

# Above this many multiplications the observed information is replaced by cross-products of people's scores.
_OBSERVED_LIMIT = 1e10
_RANGE = 6.0
# With nodes further than one standard deviation apart a normal distribution is no longer itself.
_FEWEST_NODES = 13


@dataclass(frozen=True)
class Calibration:
    """A calibrated model; arrays over groups come in the order of `group_labels`, the reference first."""

    model: str
    group_labels: tuple[Label, ...]
    n: IntArray
    slopes: FloatArray
    slopes_se: FloatArray
    intercepts: FloatArray
    intercepts_se: FloatArray
    means: FloatArray
    means_se: FloatArray
    sds: FloatArray
    sds_se: FloatArray
    code_values: FloatArray
    minimum: int
    log_likelihood: float
    n_parameters: int
    covariance: FloatArray
    covariance_method: str
    iterations: int
    converged: bool
    nodes: FloatArray
    estimate: FloatArray
    layout: Layout
    codes: CodeMap
    patterns: tuple[GroupPatterns, ...]
    group_of_person: npt.NDArray[np.int16]

    @property
    def difficulties(self) -> FloatArray:
        """Where curves stand on the trait (groups, items, codes - 1), nan where an item has fewer codes.

        Graded: where P(code >= k) is a half. Partial credit: where codes k - 1 and k are equally likely.
        """
        steps = self.intercepts if self.layout.family.descending else np.diff(self.intercepts, axis=2, prepend=0.0)
        return -steps / self.slopes[:, :, None]

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * (self.n_parameters - self.log_likelihood)

    @property
    def bic(self) -> float:
        """Schwarz's information criterion, with the number of people."""
        return float(np.log(self.n.sum())) * self.n_parameters - 2 * self.log_likelihood

    @property
    def state(self) -> State:
        """The parameters in the form the curves take."""
        return self.state_of(self.estimate)

    def state_of(self, vector: FloatArray) -> State:
        """Return the parameters that a vector of free parameters stands for."""
        beta = np.concatenate([self.slopes[:, :, None], np.nan_to_num(self.intercepts, nan=ABSENT)], axis=2)
        return unpack(vector, self.layout, State(beta, self.means, self.sds))

    def expected_item_scores(self, trait: npt.ArrayLike) -> FloatArray:
        """Return expected item scores (groups, items, len(trait)) in score points."""
        nodes = np.atleast_1d(np.asarray(trait, dtype=np.float64))
        return self.layout.family.expected_scores(self.state.beta, nodes, self.code_values)

    def log_curves(self, group: int, nodes: FloatArray) -> FloatArray:
        """Return log P of every code of every item of one group, shape (cells, nodes)."""
        return self.layout.family.log_curves(self.state.beta[group], nodes, self.codes.n_codes)


def calibrate(
    responses: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    reference: Label | None = None,
    equal_slopes: npt.ArrayLike | bool = False,
    equal_intercepts: npt.ArrayLike | bool = False,
    model: str = "graded",
    minimum_count: int = 1,
    n_nodes: int = 61,
    tolerance: float = 1e-5,
    max_iterations: int = 500,
    covariance: str = "auto",
    start: Calibration | None = None,
) -> Calibration:
    """Calibrate an item response model by marginal maximum likelihood; the trait is normal in every group.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: the person's other answers are used (right when answers are missing at random).
    groups : array_like, shape (n_people,), optional
        Labels; people without one are left out.
    reference : label, optional
        The group whose trait is standard normal. Default: the first label in order.
    equal_slopes, equal_intercepts : bool, mask of items, or int array (groups, items)
        Which items share them across groups; equal numbers within an item's column are equal parameters. With some
        slopes equal the other groups' standard deviations are estimated, with some intercepts equal their means.
    model : {"graded", "generalized_partial_credit", "partial_credit", "rasch"}
        ``graded``: P(code >= k) = logistic(slope * trait + intercept_k), with two codes the 2PL.
        ``generalized_partial_credit``: P(code = k) proportional to exp(k * slope * trait + intercept_k), intercept_0
        being 0. ``partial_credit`` and, for two codes, ``rasch``: the same with all slopes 1; the reference group's
        standard deviation is estimated instead.
    minimum_count : int
        Codes that fewer people of some group gave are merged with a neighbour; at least 1 (unused codes).
    n_nodes : int
        Equally spaced quadrature nodes from -6 to 6, at least 13.
    tolerance : float
        Largest movement of a parameter in one EM cycle at convergence.
    max_iterations : int
        Bound on the cycles.
    covariance : {"auto", "observed", "cross_product", "none"}
        ``auto``: observed information unless it would take seconds, then cross-products.
    start : Calibration, optional
        A calibration of the same items and groups to start from.

    Returns
    -------
    Calibration
        ``intercepts`` (groups, items, codes - 1), nan where an item has fewer codes; standard errors nan where fixed.

    Raises
    ------
    ValueError
        For an item with fewer than two codes in some group, one item, fewer people than items, unknown labels or values
        that are not codes.

    References
    ----------
    Samejima (1969); Masters (1982); Muraki (1992); Bock & Aitkin (1981); Louis (1982); Oakes (1999).
    """
    as_choice(model, tuple(MODELS), "model")
    as_choice(covariance, ("auto", "observed", "cross_product", "none"), "covariance")
    if n_nodes < _FEWEST_NODES:
        raise ValueError(f"n_nodes must be {_FEWEST_NODES} or more to describe a normal distribution; got {n_nodes}")
    if minimum_count < 1:
        raise ValueError(f"minimum_count must be 1 or more; got {minimum_count}")
    coded = as_codes(responses)
    group, labels = _groups(groups, len(coded.codes), reference)
    _refuse_too_little(coded.codes, group)
    code_map = merge_codes(coded.codes, group, coded.n_codes, minimum_count)
    if model == "rasch" and code_map.n_codes.max() > 2:
        raise ValueError("the Rasch model is for two codes; with more, model='partial_credit' is its generalisation")
    patterns = _patterns(coded.codes, group, len(labels), code_map)
    slope_sets = equality_sets(equal_slopes, len(labels), coded.n_items, "equal_slopes")
    intercept_sets = equality_sets(equal_intercepts, len(labels), coded.n_items, "equal_intercepts")
    layout = build_layout(slope_sets, intercept_sets, code_map.n_codes, model)
    nodes = np.linspace(-_RANGE, _RANGE, n_nodes)
    first = start_values(patterns, code_map, model) if start is None else start.state
    found = maximize(
        first, layout, patterns, nodes, code_map.n_codes, tolerance=tolerance, max_iterations=max_iterations
    )
    kind = _covariance_kind(covariance, patterns, n_nodes, code_map)
    matrix = np.full((layout.n_parameters,) * 2, np.nan)
    if kind != "none":
        matrix = _inverse(information(found.state, layout, patterns, nodes, code_map.n_codes, kind=kind))
    return _result(found, model, layout, labels, group, patterns, code_map, nodes, matrix, kind, coded.minimum)


def _groups(
    groups: npt.ArrayLike | None, n: int, reference: Label | None
) -> tuple[npt.NDArray[np.int16], tuple[Label, ...]]:
    if groups is None:
        return np.zeros(n, dtype=np.int16), ("all",)
    return group_codes(groups, n, reference)


def _refuse_too_little(codes: npt.NDArray[np.int16], group: npt.NDArray[np.int16]) -> None:
    if codes.shape[1] < 2:
        raise ValueError("a trait cannot be told from one item; responses need at least two")
    n = int(((codes >= 0).any(axis=1) & (group >= 0)).sum())
    if n < codes.shape[1]:
        raise ValueError(f"{n} people answered anything, fewer than the {codes.shape[1]} items: too few to calibrate")


def _patterns(
    codes: npt.NDArray[np.int16], group: npt.NDArray[np.int16], n_groups: int, code_map: CodeMap
) -> tuple[GroupPatterns, ...]:
    items = np.arange(codes.shape[1])
    merged = np.where(codes >= 0, code_map.to[items, codes], -1)
    return tuple(count_patterns(merged[group == g], code_map.n_codes) for g in range(n_groups))


def patterns_under(
    model: Calibration, responses: npt.ArrayLike, groups: npt.ArrayLike | None
) -> tuple[tuple[GroupPatterns, ...], npt.NDArray[np.int16]]:
    """Return other people's answer patterns in the model's codes, group by group, and each person's group."""
    coded = as_codes(responses, min_people=1)
    if coded.n_items != len(model.code_values):
        raise ValueError(f"the model has {len(model.code_values)} items; responses have {coded.n_items}")
    shift = coded.minimum - model.minimum
    codes = np.where(coded.codes >= 0, coded.codes + shift, -1)
    if (codes < -1).any() or (codes >= model.codes.to.shape[1]).any() or shift < 0:
        raise ValueError("responses hold a code that nobody gave when the model was calibrated")
    group = np.zeros(len(codes), dtype=np.int16)
    if groups is None and len(model.group_labels) > 1:
        raise ValueError("the model has several groups: pass the group of each person")
    if groups is not None:
        labels, found = as_groups(groups, len(codes))
        unknown = [label for label in labels if label not in model.group_labels]
        if unknown:
            raise ValueError(f"the model knows no group {unknown[0]!r}")
        place = np.array([*(model.group_labels.index(label) for label in labels), -1], dtype=np.int16)
        group = place[found]
    return _patterns(codes.astype(np.int16), group, len(model.group_labels), model.codes), group


def _covariance_kind(asked: str, patterns: tuple[GroupPatterns, ...], n_nodes: int, code_map: CodeMap) -> str:
    if asked != "auto":
        return asked
    cost = sum(len(pattern.weights) for pattern in patterns) * n_nodes * float(code_map.n_codes.sum()) ** 2
    return "observed" if cost < _OBSERVED_LIMIT else "cross_product"


def _inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse; directions without information get a large but finite variance."""
    values, vectors = np.linalg.eigh(matrix)
    floor = max(float(values.max()) * 1e-12, 1e-4)
    return np.asarray((vectors / np.maximum(values, floor)) @ vectors.T)


def _result(
    found: Estimate,
    model: str,
    layout: Layout,
    labels: tuple[Label, ...],
    group: npt.NDArray[np.int16],
    patterns: tuple[GroupPatterns, ...],
    code_map: CodeMap,
    nodes: FloatArray,
    matrix: FloatArray,
    kind: str,
    minimum: int,
) -> Calibration:
    state = found.state
    error = np.sqrt(np.maximum(np.diag(matrix), 0))
    index = layout.vector_index
    beta_se = np.where(index >= 0, error[index], np.nan)
    n_means = int(layout.free_mean.sum())
    tail = layout.n_parameters - n_means - int(layout.free_sd.sum())
    means_se, sds_se = np.full(len(labels), np.nan), np.full(len(labels), np.nan)
    means_se[layout.free_mean] = error[tail : tail + n_means]
    # The standard deviation is estimated as a logarithm; delta method.
    sds_se[layout.free_sd] = error[tail + n_means :] * state.sds[layout.free_sd]
    return Calibration(
        model=model,
        group_labels=labels,
        n=np.array([int(pattern.weights.sum()) for pattern in patterns], dtype=np.intp),
        slopes=state.beta[:, :, 0],
        slopes_se=beta_se[:, :, 0],
        intercepts=np.where(state.beta[:, :, 1:] > ABSENT / 2, state.beta[:, :, 1:], np.nan),
        intercepts_se=beta_se[:, :, 1:],
        means=state.means,
        means_se=means_se,
        sds=state.sds,
        sds_se=sds_se,
        code_values=code_map.values,
        minimum=minimum,
        log_likelihood=found.log_likelihood,
        n_parameters=layout.n_parameters,
        covariance=matrix,
        covariance_method=kind,
        iterations=found.iterations,
        converged=found.converged,
        nodes=nodes,
        estimate=pack(state, layout),
        layout=layout,
        codes=code_map,
        patterns=patterns,
        group_of_person=group,
    )
