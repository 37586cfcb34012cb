"""Shrinkage of Mantel-Haenszel differences: independent integration, properties, truth, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from psychometrics import mantel_haenszel, shrunken_dif
from tests.psychometrics.simulation import simulate

DELTA = np.array([0.2, -1.9, 0.7, 1.1, -0.3, 2.2, 0.0, -0.8])
SE = np.array([0.5, 0.8, 0.6, 0.4, 0.9, 0.7, 0.5, 0.6])


def test_moments_equal_the_published_formulas():
    found = shrunken_dif(DELTA, SE, method="moments")

    centre = DELTA.mean()
    variance = DELTA.var(ddof=1) - (SE**2).mean()
    weight = variance / (variance + SE**2)
    mean, sd = weight * DELTA + (1 - weight) * centre, np.sqrt(weight) * SE
    np.testing.assert_allclose([found.prior_mean, found.prior_sd], [centre, np.sqrt(variance)])
    np.testing.assert_allclose(found.mean, mean)
    np.testing.assert_allclose(found.sd, sd)
    np.testing.assert_allclose(found.weight, weight)
    np.testing.assert_allclose(found.probabilities[:, 2], norm.cdf(1, mean, sd) - norm.cdf(-1, mean, sd))
    np.testing.assert_allclose(found.probabilities[:, 0], norm.cdf(-1.5, mean, sd))
    np.testing.assert_allclose([found.lower, found.upper], [mean - 1.959964 * sd, mean + 1.959964 * sd], rtol=1e-6)


def test_integration_equals_a_brute_force_grid_over_all_unknowns():
    found = shrunken_dif(DELTA, SE)

    spread = np.linspace(1e-3, 4 * (DELTA.std() + SE.mean()), 400)[:, None, None]
    centre = np.linspace(-6, 6, 601)[None, :, None]
    total = np.sqrt(spread**2 + SE**2)
    log_share = norm.logpdf(DELTA, centre, total).sum(axis=2)
    share = np.exp(log_share - log_share.max())
    share /= share.sum()
    weight = spread**2 / total**2
    mean = weight * DELTA + (1 - weight) * centre
    sd = np.sqrt(weight) * SE
    expected = np.einsum("sc,sci->i", share, mean)
    variance = np.einsum("sc,sci->i", share, sd**2 + (mean - expected) ** 2)
    large = np.einsum("sc,sci->i", share, norm.sf(1.5, mean, sd))

    np.testing.assert_allclose(found.mean, expected, atol=0.01)
    np.testing.assert_allclose(found.sd, np.sqrt(variance), atol=0.01)
    np.testing.assert_allclose(found.probabilities[:, 4], large, atol=0.005)


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.2, 2)), min_size=4, max_size=12), st.booleans())
@settings(max_examples=30, deadline=None)
def test_probabilities_add_up_and_means_lie_between_the_estimate_and_what_others_show(pairs, integrated):
    delta, se = np.array(pairs).T

    found = shrunken_dif(delta, se, method="integrated" if integrated else "moments")
    turned = shrunken_dif(-delta[::-1], se[::-1], method="integrated" if integrated else "moments")

    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-9)
    assert ((found.weight >= 0) & (found.weight <= 1)).all()
    assert (found.mean <= delta.max() + 1e-9).all()
    assert (found.mean >= delta.min() - 1e-9).all()
    np.testing.assert_allclose(turned.mean[::-1], -found.mean, atol=1e-9)
    np.testing.assert_allclose(turned.probabilities[::-1, ::-1], found.probabilities, atol=1e-9)


def test_moments_may_be_certain_of_equality_where_integration_is_not():
    delta = np.array([0.1, -0.1, 0.05, 0.0])

    published = shrunken_dif(delta, np.ones(4), method="moments")
    integrated = shrunken_dif(delta, np.ones(4))

    assert published.prior_sd == 0
    assert (published.sd == 0).all()
    assert (integrated.sd > 0.2).all()


def test_a_known_prior_replaces_the_estimate():
    found = shrunken_dif([2.0], [1.0], prior=(0.0, 1.0))

    np.testing.assert_allclose([found.mean[0], found.sd[0]], [1.0, np.sqrt(0.5)])
    assert found.method == "prior given"


def test_small_groups_come_closer_to_the_truth_and_integration_covers_it_better_than_moments():
    rng = np.random.default_rng(4)
    closer, covered, by_moments = [], [], []
    for _ in range(60):
        truth = rng.normal(0, 0.6, 30)
        se = rng.uniform(0.6, 1.2, 30)
        delta = rng.normal(truth, se)
        found = shrunken_dif(delta, se)
        closer.append(((found.mean - truth) ** 2).mean() / ((delta - truth) ** 2).mean())
        covered.append(((found.lower < truth) & (truth < found.upper)).mean())
        moments = shrunken_dif(delta, se, method="moments")
        by_moments.append(((moments.lower < truth) & (truth < moments.upper)).mean())

    assert np.mean(closer) < 0.5
    # 1,800 intervals, the same ones: the spread of true differences is poorly known from 30 items.
    assert np.mean(covered) > 0.89
    assert np.mean(covered) > np.mean(by_moments) + 0.05


def test_undefined_items_take_no_part():
    made = simulate(np.random.default_rng(3), n=(80, 80), n_items=10, n_codes=2)
    responses = made.responses.copy()
    responses[:, 4] = 1
    table = mantel_haenszel(responses, made.groups, focal="F")

    found = shrunken_dif(table.delta, table.delta_se)

    assert found.n_items == 9
    assert found.most_probable[4] == ""
    assert np.isnan(found.mean[4])
    others = np.arange(10) != 4
    assert (
        np.abs(found.mean - found.prior_mean)[others] <= np.abs(table.delta - found.prior_mean)[others] + 0.05
    ).all()


@pytest.mark.parametrize(
    ("delta", "se", "options", "message"),
    [
        ([0.1, 0.2], [0.1], {}, "one number per item"),
        ([0.1, 0.2, 0.3], [0.1, 0.0, 0.1], {}, "must be positive"),
        ([0.1, np.nan, 0.3], [0.1, 0.1, 0.1], {}, "needs at least 3"),
        ([0.1] * 3, [0.1] * 3, {"method": "x"}, "method must be one of"),
        ([0.1] * 3, [0.1] * 3, {"confidence": 2}, "confidence"),
    ],
)
def test_wrong_input_is_refused(delta, se, options, message):
    with pytest.raises(ValueError, match=message):
        shrunken_dif(delta, se, **options)
