"""Thresholds, polychoric correlations and their sampling covariance: brute force, simulation, gaps, errors."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from psychometrics import polychoric_correlations, polychoric_covariance
from psychometrics.confirmatory.ordinal_moments import ordinal_moments

CUTS = np.array([-0.8, 0.1, 1.0])


def normal_codes(rng, correlation, n, cuts=CUTS):
    latent = rng.multivariate_normal(np.zeros(len(correlation)), correlation, n)
    return np.searchsorted(cuts, latent).astype(np.int64)


def correlations(*values):
    size = int((1 + np.sqrt(1 + 8 * len(values))) / 2)
    matrix = np.eye(size)
    row, column = np.tril_indices(size, -1)
    matrix[row, column] = matrix[column, row] = values
    return matrix


THREE = correlations(0.5, 0.3, -0.4)


def cell_log_probability(first, second, rho, a, b):
    """The log probability of two codes, from the normal distribution function of scipy."""
    edges = [np.concatenate([[-9.0], cuts, [9.0]]) for cuts in (first, second)]
    below = multivariate_normal([0, 0], [[1, rho], [rho, 1]])

    def corner(i, j):
        return below.cdf([edges[0][i], edges[1][j]])

    return np.log(corner(a + 1, b + 1) - corner(a, b + 1) - corner(a + 1, b) + corner(a, b))


def brute_force_covariance(codes, n_codes):
    """
    Muthen's (1984) sandwich from scores by person, every derivative numerical.

    Derivatives of the second step come from products of scores, which have the same expectation.
    """
    found = ordinal_moments(codes, np.full(codes.shape[1], n_codes))
    thresholds = found.thresholds
    step = 1e-4
    scores = []
    for item, cuts in enumerate(thresholds):
        for at in range(len(cuts)):

            def log_share(move, item=item, cuts=cuts, at=at):
                edges = np.concatenate([[-9.0], cuts + move * (np.arange(len(cuts)) == at), [9.0]])
                return np.log(np.diff(norm.cdf(edges)))[codes[:, item]]

            scores.append((log_share(step) - log_share(-step)) / (2 * step))
    n_thresholds = thresholds.size
    second_step, crossed = [], []
    for i, j in zip(*np.tril_indices(codes.shape[1], -1), strict=True):
        rho = found.correlation[i, j]
        cells = np.array([[[a, b] for b in range(n_codes)] for a in range(n_codes)]).reshape(-1, 2)
        person = codes[:, i] * n_codes + codes[:, j]

        def log_cells(first, second, rho, cells=cells):
            return np.array([cell_log_probability(first, second, rho, a, b) for a, b in cells])

        def slope(move, i=i, j=j, rho=rho, log_cells=log_cells):
            values = [
                log_cells(thresholds[i] + s * move[0], thresholds[j] + s * move[1], rho + s * move[2])
                for s in (step, -step)
            ]
            return (values[0] - values[1]) / (2 * step)

        own = slope((0.0, 0.0, 1.0))[person]
        row = np.zeros(n_thresholds)
        for at, unit in enumerate(np.eye(n_codes - 1)):
            row[i * (n_codes - 1) + at] = own @ slope((unit, 0.0 * unit, 0.0))[person]
            row[j * (n_codes - 1) + at] = own @ slope((0.0 * unit, unit, 0.0))[person]
        second_step.append(own)
        crossed.append(row)
    scores = np.array(scores + second_step)
    bread = np.zeros((len(scores),) * 2)
    for item in range(codes.shape[1]):
        part = slice(item * (n_codes - 1), (item + 1) * (n_codes - 1))
        bread[part, part] = scores[part] @ scores[part].T
    bread[n_thresholds:, :n_thresholds] = crossed
    bread[range(n_thresholds, len(scores)), range(n_thresholds, len(scores))] = (scores[n_thresholds:] ** 2).sum(axis=1)
    inverse = np.linalg.inv(bread)
    return inverse @ scores @ scores.T @ inverse.T


def test_sampling_covariance_equals_the_sandwich_by_brute_force():
    codes = normal_codes(np.random.default_rng(1), THREE, 400, np.array([-0.5, 0.6]))

    found = ordinal_moments(codes, np.full(3, 3))

    # Numerical derivatives of a distribution function that is itself an integral.
    np.testing.assert_allclose(found.covariance, brute_force_covariance(codes, 3), rtol=2e-3, atol=2e-6)


def test_sampling_covariance_is_that_of_repeated_samples():
    rng = np.random.default_rng(2)
    samples = [ordinal_moments(normal_codes(rng, THREE, 500), np.full(3, 4)) for _ in range(200)]

    observed = np.cov([one.statistics for one in samples], rowvar=False)
    expected = np.mean([one.covariance for one in samples], axis=0)

    # With 200 samples a variance has a standard error of 10 %, a correlation of 0.07.
    np.testing.assert_allclose(np.diag(expected), np.diag(observed), rtol=0.35)
    spread = np.sqrt(np.outer(np.diag(observed), np.diag(observed)))
    np.testing.assert_allclose(expected / spread, observed / spread, atol=0.35)


def test_standard_errors_are_those_of_polychoric_correlations_also_with_gaps():
    rng = np.random.default_rng(3)
    codes = normal_codes(rng, THREE, 700)
    gappy = np.where(rng.random(codes.shape) < 0.15, -1, codes)

    for answers in (codes, gappy):
        found = ordinal_moments(answers, np.full(3, 4))
        expected = polychoric_correlations(np.where(answers < 0, np.nan, answers))

        np.testing.assert_allclose(found.correlation, expected.correlation, atol=1e-12)
        np.testing.assert_allclose(found.thresholds, np.array(expected.thresholds), atol=1e-12)
        below = np.tril_indices(3, -1)
        errors = np.sqrt(np.diag(found.covariance))[-3:]
        np.testing.assert_allclose(errors, expected.standard_errors[below], rtol=1e-10)


def test_gaps_widen_the_sampling_covariance():
    rng = np.random.default_rng(4)
    codes = normal_codes(rng, THREE, 2000)
    gappy = np.where(rng.random(codes.shape) < 0.3, -1, codes)

    ratio = np.diag(ordinal_moments(gappy, np.full(3, 4)).covariance) / np.diag(
        ordinal_moments(codes, np.full(3, 4)).covariance
    )

    # Thresholds lose 30 % of the people, correlations 51 %.
    np.testing.assert_allclose(ratio[:9], 1 / 0.7, rtol=0.15)
    np.testing.assert_allclose(ratio[9:], 1 / 0.49, rtol=0.25)


def test_items_may_have_different_numbers_of_categories():
    rng = np.random.default_rng(5)
    codes = normal_codes(rng, THREE, 800)
    codes[:, 1] = codes[:, 1] > 1

    found = ordinal_moments(codes, np.array([4, 2, 4]))

    assert found.used.sum(axis=1).tolist() == [3, 1, 3]
    assert len(found.statistics) == len(found.covariance) == 7 + 3
    np.testing.assert_allclose(found.thresholds[1, 0], norm.ppf(np.mean(codes[:, 1] == 0)))


def test_an_empty_cell_of_two_binary_items_takes_half_a_person_and_keeps_the_margins():
    codes = np.repeat([[0, 0], [0, 1], [1, 1]], [40, 25, 35], axis=0)

    found = ordinal_moments(codes, np.array([2, 2]))

    table = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [79, 51, 1, 69], axis=0)
    expected = polychoric_correlations(table)
    assert found.corrected == 1
    np.testing.assert_allclose(found.correlation[0, 1], expected.correlation[0, 1], atol=1e-9)
    assert np.isfinite(found.covariance).all()


def test_a_correlation_that_runs_up_to_one_is_refused():
    codes = np.repeat([[0, 0], [1, 1], [2, 2]], 30, axis=0)

    with pytest.raises(ValueError, match="items 0 and 1 runs up to 1"):
        ordinal_moments(codes, np.array([3, 3]))


def test_a_pair_that_nobody_answered_both_of_is_refused():
    codes = np.repeat([[0, -1], [1, -1], [-1, 0], [-1, 1]], 5, axis=0)

    with pytest.raises(ValueError, match="nobody answered both"):
        ordinal_moments(codes, np.array([2, 2]))


def test_the_public_covariance_names_its_statistics_and_skips_unused_categories():
    rng = np.random.default_rng(6)
    codes = normal_codes(rng, THREE, 500).astype(float)
    codes[:, 1] = np.where(codes[:, 1] > 1, codes[:, 1] + 2, codes[:, 1])
    gappy = np.where(rng.random(codes.shape) < 0.1, np.nan, codes)

    found = polychoric_covariance(gappy)
    listwise = polychoric_covariance(gappy, missing="listwise")

    expected = polychoric_correlations(gappy)
    assert found.threshold_items.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found.correlation_items.tolist() == [[1, 0], [2, 0], [2, 1]]
    np.testing.assert_allclose(found.estimates[:9], np.concatenate(expected.thresholds), atol=1e-12)
    rows, columns = found.correlation_items.T
    np.testing.assert_allclose(found.estimates[9:], expected.correlation[rows, columns], atol=1e-9)
    np.testing.assert_allclose(
        np.sqrt(np.diag(found.covariance))[9:], expected.standard_errors[rows, columns], rtol=1e-7
    )
    assert (found.missing, found.n) == ("pairwise", int((~np.isnan(gappy)).any(axis=1).sum()))
    assert (listwise.missing, listwise.n) == ("listwise", int((~np.isnan(gappy)).all(axis=1).sum()))
    assert polychoric_covariance(codes).missing == "none"


def test_wrong_input_to_the_public_covariance_is_refused():
    codes = normal_codes(np.random.default_rng(7), THREE, 50).astype(float)

    for matrix, options, message in [
        (codes, {"missing": "fiml"}, "missing must be one of"),
        (codes[:, :1], {}, "at least 2 items"),
        (codes + 0.3, {}, "whole-number codes"),
        (codes * [1, 0, 1], {}, "item 1 does not vary"),
        (codes * np.nan, {}, "no answer at all"),
    ]:
        with pytest.raises(ValueError, match=message):
            polychoric_covariance(matrix, **options)
