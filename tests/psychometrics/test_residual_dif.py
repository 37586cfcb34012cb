"""Residual-based differential functioning: independent computations, properties, missing answers, refusals."""

import numpy as np
import pytest
from scipy.special import chdtrc, expit

from psychometrics import residual_dif
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def binary():
    return simulate(np.random.default_rng(3), n=(500, 500), n_items=14, n_codes=2, n_shifted=2, shift=0.9, mean=-0.5)


@pytest.fixture(scope="module")
def graded():
    return simulate(np.random.default_rng(2), n_items=10, n_codes=4, n_shifted=2, shift=1.0, mean=-0.5)


def test_statistics_of_two_codes_equal_the_published_formulas(binary):
    found = residual_dif(binary.responses, binary.groups, focal="F")
    model, focal = found.calibration, binary.groups == "F"

    for item in (0, 7):
        p = expit(model.slopes[0, item] * found.trait + model.intercepts[0, item, 0])
        q, e = 1 - p, binary.responses[:, item] - p
        raw = e[focal].mean() - e[~focal].mean()
        squared = (e**2)[focal].mean() - (e**2)[~focal].mean()
        weight = np.where(focal, 1 / focal.sum(), 1 / (~focal).sum()) ** 2
        covariance = np.array([
            [(weight * p * q).sum(), (weight * p * q * (1 - 2 * p)).sum()],
            [(weight * p * q * (1 - 2 * p)).sum(), (weight * p * q * (1 - 4 * p * q)).sum()],
        ])  # fmt: skip
        expected = (p * q)[focal].mean() - (p * q)[~focal].mean()
        centred = np.array([raw, squared - expected])

        assert found.raw[item] == pytest.approx(raw, abs=1e-12)
        assert found.squared[item] == pytest.approx(squared, abs=1e-12)
        assert found.squared_expected[item] == pytest.approx(expected, abs=1e-12)
        assert found.raw_se[item] == pytest.approx(np.sqrt(covariance[0, 0]))
        assert found.squared_se[item] == pytest.approx(np.sqrt(covariance[1, 1]))
        assert found.chi2[item] == pytest.approx(centred @ np.linalg.solve(covariance, centred))
        assert found.both_p[item] == pytest.approx(chdtrc(2, found.chi2[item]))


def test_standard_errors_of_four_codes_equal_those_of_answers_drawn_from_the_model(graded):
    rng = np.random.default_rng(0)
    found = residual_dif(graded.responses, graded.groups, focal="F")
    model, focal = found.calibration, graded.groups == "F"
    above = expit(model.slopes[0, 3] * found.trait[:, None] + model.intercepts[0, 3])

    drawn = (rng.random((1500, len(focal)))[:, :, None] < above).sum(axis=2)
    residual = drawn - above.sum(axis=1)
    raw = residual[:, focal].mean(axis=1) - residual[:, ~focal].mean(axis=1)
    squared = (residual**2)[:, focal].mean(axis=1) - (residual**2)[:, ~focal].mean(axis=1)

    # 1,500 draws: standard deviations have a standard error of 1.8 %.
    assert found.raw_se[3] == pytest.approx(raw.std(), rel=0.08)
    assert found.squared_se[3] == pytest.approx(squared.std(), rel=0.08)
    assert found.squared_expected[3] == pytest.approx(squared.mean(), abs=4 * squared.std() / np.sqrt(1500))


@pytest.mark.parametrize("kind", ["both", "raw"])
def test_items_made_to_differ_are_found_and_harder(graded, kind):
    found = residual_dif(graded.responses, graded.groups, focal="F", kind=kind, purified=True)

    assert found.flagged[graded.differs].all()
    assert (found.raw[graded.differs] < -0.15).all()
    assert found.flagged.sum() <= 4
    np.testing.assert_array_equal(found.anchors, ~found.flagged)


def test_a_steeper_item_shows_in_the_squares():
    made = simulate(np.random.default_rng(5), n=(1500, 1500), n_items=12, n_steeper=1, steeper=2.0)

    found = residual_dif(made.responses, made.groups, focal="F", kind="squared")

    assert found.p[made.differs][0] < 1e-4


def test_neither_constant_nor_order_matters_and_exchanging_groups_turns_the_sign(graded):
    order = np.random.default_rng(0).permutation(10)

    found = residual_dif(graded.responses, graded.groups, focal="F")
    moved = residual_dif(graded.responses[:, order] + 2, graded.groups, focal="F")
    back = residual_dif(graded.responses, graded.groups, focal="R")

    np.testing.assert_allclose(moved.raw, found.raw[order], atol=1e-5)
    np.testing.assert_allclose(moved.chi2, found.chi2[order], rtol=1e-2, atol=1e-3)
    # The scale is that of the other group, the estimates of the trait are not quite the same.
    np.testing.assert_allclose(back.raw, -found.raw, atol=0.01)


def test_gaps_cost_only_the_items_left_out(graded):
    responses, groups = graded.responses.copy(), graded.groups.astype(object)
    responses[np.random.default_rng(1).random(responses.shape) < 0.15] = np.nan
    responses[7] = np.nan
    groups[:4] = None

    found = residual_dif(responses, groups, focal="F")

    np.testing.assert_array_equal(found.n, np.isfinite(responses[4:]).sum(axis=0))
    assert np.isnan(found.trait[[0, 7]]).all()
    assert found.flagged[graded.differs].all()


def test_a_supplied_trait_is_used(graded):
    found = residual_dif(graded.responses, graded.groups, focal="F")

    again = residual_dif(graded.responses, graded.groups, focal="F", trait=found.trait)

    np.testing.assert_allclose(again.chi2, found.chi2)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x, g: (x + 0.5, g), {}, "whole-number codes"),
        (lambda x, g: (x, np.full(len(g), "R")), {}, "at least 2"),
        (lambda x, g: (x, g[:-1]), {}, "one label for each"),
        (lambda x, g: (x * np.nan, g), {}, "no answer at all"),
        (lambda x, g: (np.where(np.arange(10) == 3, 1, x), g), {}, "item 3"),
        (lambda x, g: (x, g), {"focal": "Q"}, "not among the labels"),
        (lambda x, g: (x, g), {"kind": "t"}, "kind must be one of"),
        (lambda x, g: (x, g), {"trait": [0.0]}, "one value per person"),
        (lambda x, g: (x, g), {"trait": np.full(600, np.nan)}, "no value at all"),
        (lambda x, g: (x, g), {"trait": np.zeros(600), "purified": True}, "not both"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(graded, change, options, message):
    responses, groups = change(graded.responses, graded.groups)

    with pytest.raises(ValueError, match=message):
        residual_dif(responses, groups, **{"focal": "F", **options})
