"""Classes by cuts and change of people under a calibrated model: enumeration, simulation, properties, refusals."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from psychometrics.change import reliable_change
from psychometrics.irt.calibration import calibrate
from psychometrics.irt.classification import sum_score_classification, trait_classification
from psychometrics.irt.information import information_curves
from psychometrics.irt.trait_change import trait_change
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def model():
    made = simulate(np.random.default_rng(9), n=(700, 600), n_items=6, n_codes=3, mean=0.3, sd=1.2)
    return calibrate(
        made.responses + 1, made.groups, reference="R", equal_slopes=True, equal_intercepts=True, covariance="none"
    )


@pytest.fixture(scope="module")
def long():
    return calibrate(
        simulate(np.random.default_rng(2), n=(1500, 1500), n_items=20, n_codes=4).responses, covariance="none"
    )


def draw(model, trait, rng):
    """Answers of people with these traits."""
    above = np.cumsum(model.layout.family.probabilities(model.state.beta[0], trait), axis=1)[:, :-1]
    return (rng.random((above.shape[0], 1, len(trait))) > above).sum(axis=1).T.astype(float)


def test_classification_by_sum_score_equals_enumeration(model):
    nodes = np.linspace(-6, 6, 241)
    weights = norm.pdf(nodes, model.means[1], model.sds[1])
    weights /= weights.sum()
    probability = model.layout.family.probabilities(model.state.beta[1], nodes)
    cuts, chances, expected = [11, 15], np.zeros((241, 3)), np.zeros(241)
    for codes in product(range(3), repeat=6):
        likelihood = np.prod(probability[np.arange(6), codes], axis=0)
        chances[:, np.searchsorted(cuts, sum(codes) + 6, side="right")] += likelihood
        expected += likelihood * (sum(codes) + 6)
    true = np.searchsorted(cuts, expected, side="right")
    consistency = weights @ (chances**2).sum(axis=1)
    chance = ((weights @ chances) ** 2).sum()

    found = sum_score_classification(model, cuts, group="F")

    assert found.consistency == pytest.approx(consistency, abs=1e-9)
    assert found.accuracy == pytest.approx(weights @ chances[np.arange(241), true], abs=1e-9)
    assert found.kappa == pytest.approx((consistency - chance) / (1 - chance), abs=1e-9)
    assert found.n == 600


def test_classifications_describe_what_happens_in_simulated_retests(long):
    rng = np.random.default_rng(5)
    trait = rng.normal(size=20_000)
    first, second = draw(long, trait, rng).sum(axis=1), draw(long, trait, rng).sum(axis=1)
    curves = information_curves(long, trait)
    estimates = trait + curves.trait_se * rng.normal(size=(2, len(trait)))

    by_sum, by_trait = sum_score_classification(long, [25, 40]), trait_classification(long, [-0.5, 0.8])

    classes = [np.searchsorted([25, 40], x, side="right") for x in (first, second, curves.expected_score)]
    assert by_sum.consistency == pytest.approx((classes[0] == classes[1]).mean(), abs=0.01)
    assert by_sum.accuracy == pytest.approx((classes[0] == classes[2]).mean(), abs=0.01)
    classes = [np.searchsorted([-0.5, 0.8], x, side="right") for x in (*estimates, trait)]
    assert by_trait.consistency == pytest.approx((classes[0] == classes[1]).mean(), abs=0.01)
    assert by_trait.accuracy == pytest.approx((classes[0] == classes[2]).mean(), abs=0.01)


def test_a_cut_beyond_all_scores_is_always_right(model):
    found = sum_score_classification(model, [100])

    assert (found.consistency, found.accuracy) == pytest.approx((1.0, 1.0))


def test_change_of_people_who_did_not_change_is_rarely_found_and_real_change_often(long):
    rng = np.random.default_rng(1)
    trait = rng.normal(size=4000)

    still = trait_change(long, draw(long, trait, rng), draw(long, trait, rng))
    moved = trait_change(long, draw(long, trait, rng), draw(long, trait + 1.0, rng))

    assert 0.03 < np.mean(still.p < 0.05) < 0.065
    assert 0.04 < np.mean(still.p_likelihood < 0.05) < 0.065
    assert np.mean(moved.change) == pytest.approx(1.0, abs=0.05)
    assert np.mean(moved.p_likelihood < 0.05) > 0.5


def test_change_equals_its_definition_with_gaps(model):
    rng = np.random.default_rng(3)
    before, after = draw(model, np.array([-0.5, 0.4, 2.5, 0.0]), rng) + 1, draw(model, np.full(4, 1.0), rng) + 1
    before[1, :2], after[2], before[3] = np.nan, 3, np.nan
    groups = ["R"] * 4

    found = trait_change(model, before, after, groups)

    def log_likelihood(row, trait):
        p = model.layout.family.probabilities(model.state.beta[0], np.array([trait]))[:, :, 0]
        return sum(np.log(p[i, int(x) - 1]) for i, x in enumerate(row) if not np.isnan(x))

    def highest(*rows):
        return -minimize_scalar(lambda t: -sum(log_likelihood(r, t) for r in rows), bounds=(-25, 25), method="bounded",
                                options={"xatol": 1e-8}).fun  # fmt: skip

    for person in range(3):
        chi2 = 2 * (highest(before[person]) + highest(after[person]) - highest(before[person], after[person]))
        assert found.chi2[person] == pytest.approx(chi2, abs=1e-4)
        one = reliable_change(
            found.before.trait[person], found.after.trait[person],
            standard_error_before=found.before.se[person], standard_error_after=found.after.se[person],
        )  # fmt: skip
        assert (found.change[person], found.se[person], found.z[person]) == pytest.approx(
            (one.difference, one.standard_error, one.z)
        )
    assert np.isnan([found.change[3], found.chi2[3], found.p_likelihood[3]]).all()


def test_exchanging_the_sittings_turns_the_sign(long):
    rng = np.random.default_rng(4)
    before, after = draw(long, rng.normal(size=50), rng), draw(long, rng.normal(size=50), rng)

    there, back = trait_change(long, before, after), trait_change(long, after, before)

    np.testing.assert_allclose(there.change, -back.change)
    np.testing.assert_allclose(there.chi2, back.chi2, atol=1e-9)


def test_wrong_input_is_refused_with_a_reason(model, long):
    with pytest.raises(ValueError, match="ascending"):
        sum_score_classification(model, [12, 9])
    with pytest.raises(ValueError, match="ascending"):
        sum_score_classification(model, [np.nan])
    with pytest.raises(ValueError, match="knows no group"):
        trait_classification(model, [0.0], group="Q")
    with pytest.raises(ValueError, match="must have one shape"):
        trait_change(long, np.zeros((3, 20)), np.zeros((2, 20)))
    with pytest.raises(ValueError, match="nobody gave"):
        trait_change(long, np.zeros((3, 20)), np.full((3, 20), 7))
