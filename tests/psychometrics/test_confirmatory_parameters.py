"""The layout of a factor model: what is free, what is equal, and the derivatives of means and covariances."""

import numpy as np
import pytest

from psychometrics.confirmatory._ladder import step_layout
from psychometrics.confirmatory._likelihood import _ManyPatterns, _OnePattern, _patterns, likelihood_point
from psychometrics.confirmatory._parameters import implied_covariances, implied_means, jacobian, moves
from psychometrics.confirmatory._sample import grouped_samples
from psychometrics.confirmatory._start import with_starts
from psychometrics.confirmatory._structure import configural_layout, equal_across_groups, factor_structure

FACTORS = {"visual": ["a", "b", "c"], "speed": ["d", "e", "a"]}


def structure():
    return factor_structure(FACTORS, 5, items="abcde", residual_covariances=[("b", "e")])


def test_jacobian_equals_numerical_derivatives():
    layout = configural_layout(structure(), 2, identification="unit_variance", mean_structure=True)
    layout = equal_across_groups(layout, "loadings", "residual_covariance")
    parameters = np.random.default_rng(1).normal(size=layout.n_parameters)
    rows, columns = np.tril_indices(5)

    means, covariances = jacobian(layout, layout.unpack(parameters))

    for at, step in enumerate(1e-6 * np.eye(len(parameters))):
        up, down = layout.unpack(parameters + step), layout.unpack(parameters - step)
        slope = (implied_means(up) - implied_means(down)) / 2e-6
        np.testing.assert_allclose(means[..., at], slope, atol=1e-8)
        slope = (implied_covariances(up) - implied_covariances(down))[:, rows, columns] / 2e-6
        np.testing.assert_allclose(covariances[..., at], slope, atol=1e-8)


def test_pack_undoes_unpack_and_counts_each_equality_once():
    configural = configural_layout(structure(), 3, mean_structure=True)
    metric = equal_across_groups(configural, "loadings")
    parameters = np.arange(1.0, metric.n_parameters + 1)

    matrices = metric.unpack(parameters)

    np.testing.assert_array_equal(metric.pack(matrices), parameters)
    assert (matrices.loadings[0] == matrices.loadings[2]).all()
    # Two markers are fixed, so four of six loadings are free: twice less often with three groups held equal.
    assert configural.n_parameters - metric.n_parameters == 2 * 4


@pytest.mark.parametrize(
    ("factors", "pairs", "message"),
    [
        ({}, [], "at least one factor"),
        ({"f": []}, [], "at least one item"),
        ({"f": [0, 0, 1]}, [], "each item once"),
        ({"f": [0, 1]}, [], "column 2. belongs to no factor"),
        ({"f": [0, 1, 3]}, [], "outside the columns 0 to 2"),
        ({"f": [0, 1, "z"]}, [], "no item named 'z'"),
        ({"f": [0, 1, 2]}, [(1, 1)], "two different items"),
    ],
)
def test_a_wrong_structure_is_refused(factors, pairs, message):
    with pytest.raises(ValueError, match=message):
        factor_structure(factors, 3, residual_covariances=pairs)


@pytest.mark.parametrize("skipped", [0.0, 0.2])
def test_gradient_and_information_equal_numerical_derivatives(skipped):
    rng = np.random.default_rng(4)
    answers = rng.normal(size=(120, 5)) + rng.normal(size=(120, 1))
    answers[rng.random(answers.shape) < skipped] = np.nan
    samples = grouped_samples(answers, np.repeat([0, 1], 60), "fiml").samples
    layout = with_starts(configural_layout(structure(), 2, mean_structure=True), samples)
    layout = step_layout(layout, "scalar")
    at = layout.start() + rng.normal(0, 0.02, layout.n_parameters)

    point = likelihood_point(layout, at, samples)

    for column, step in enumerate(1e-6 * np.eye(len(at))):
        up, down = likelihood_point(layout, at + step, samples), likelihood_point(layout, at - step, samples)
        # Differences of values near 1e3 over 2e-6 are rounded at 1e-7 times that.
        assert point.gradient[column] == pytest.approx((up.value - down.value) / 2e-6, abs=1e-3)
        np.testing.assert_allclose(-point.information[column], (up.gradient - down.gradient) / 2e-6, atol=1e-4)


@pytest.mark.parametrize("expected", [False, True])
def test_one_pattern_and_many_patterns_give_the_same_curvature(expected):
    answers = np.random.default_rng(4).normal(size=(60, 5)) + np.arange(60)[:, None] / 30
    (sample,) = grouped_samples(answers, None, "fiml").samples
    layout = with_starts(configural_layout(structure(), mean_structure=True), (sample,))
    along = moves(layout.free, layout.values, 0)

    (part,) = _patterns(sample.rows, sample.means + 0.1, implied_covariances(layout.values)[0])
    curvatures = []
    for kind in (_OnePattern, _ManyPatterns):
        total = kind(along)
        total.add(part, expected)
        curvatures.append(total.curvature())

    np.testing.assert_allclose(*curvatures, rtol=1e-10, atol=1e-10)
