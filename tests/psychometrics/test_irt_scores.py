"""Trait scores, sum scores, information, plausible values: brute force, properties, missing answers, refusals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from psychometrics.irt.calibration import calibrate
from psychometrics.irt.information import empirical_reliability, information_curves, marginal_reliability
from psychometrics.irt.plausible import plausible_values
from psychometrics.irt.scores import eap_scores, map_scores, ml_scores, wle_scores
from psychometrics.irt.sum_scores import eap_sum_scores
from tests.psychometrics.simulation import simulate

MODELS = ("graded", "generalized_partial_credit", "partial_credit")


@pytest.fixture(scope="module")
def made():
    return simulate(np.random.default_rng(14), n=(300, 250), n_items=5, n_codes=3, mean=0.4, skipped=(0.1, 0.15))


@pytest.fixture(scope="module")
def models(made):
    return {
        name: calibrate(made.responses, made.groups, reference="R", model=name, equal_slopes=True,
                        equal_intercepts=True, covariance="none")
        for name in MODELS
    }  # fmt: skip


def curves(model, group, trait):
    """P(code) of each item at one trait value, straight from the definitions."""
    result = []
    for slope, intercepts in zip(model.slopes[group], model.intercepts[group], strict=True):
        if model.model == "graded":
            above = np.r_[1, 1 / (1 + np.exp(-(slope * trait + intercepts))), 0]
            result.append(above[:-1] - above[1:])
        else:
            weight = np.exp(np.r_[0, intercepts] + slope * trait * np.arange(len(intercepts) + 1))
            result.append(weight / weight.sum())
    return np.array(result)


def log_likelihood(model, group, row, trait):
    probability = curves(model, group, trait)
    return sum(np.log(probability[item, int(x)]) for item, x in enumerate(row) if not np.isnan(x))


def information(model, group, row, trait):
    step = 1e-5
    slope = (curves(model, group, trait + step) - curves(model, group, trait - step)) / (2 * step)
    return (slope**2 / curves(model, group, trait))[~np.isnan(row)].sum()


@pytest.mark.parametrize("name", MODELS)
def test_modes_equal_a_search_over_the_definition(made, models, name):
    model = models[name]
    people = [3, 50, 120, 310, 400, 549]
    targets = {
        map_scores: lambda g, row, t: (
            log_likelihood(model, g, row, t) - (t - model.means[g]) ** 2 / model.sds[g] ** 2 / 2
        ),
        ml_scores: lambda g, row, t: log_likelihood(model, g, row, t),
        wle_scores: lambda g, row, t: log_likelihood(model, g, row, t) + np.log(information(model, g, row, t)) / 2,
    }

    for method, target in targets.items():
        found = method(model)
        for person in people:
            g, row = int(made.groups[person] == "F"), made.responses[person]
            if not np.isfinite(found.trait[person]):
                continue
            best = minimize_scalar(lambda t, f=target, g=g, r=row: -f(g, r, t), bounds=(-9, 9), method="bounded",
                                   options={"xatol": 1e-7})  # fmt: skip
            assert found.trait[person] == pytest.approx(best.x, abs=1e-4)
            step = 1e-3
            bend = target(g, row, best.x - step) - 2 * target(g, row, best.x) + target(g, row, best.x + step)
            assert found.se[person] == pytest.approx(1 / np.sqrt(-bend / step**2), rel=1e-2)


@pytest.mark.parametrize("name", MODELS)
def test_sum_score_table_equals_enumeration(models, name):
    model = models[name]
    nodes = np.linspace(-6, 6, 121)
    weights = np.exp(-(((nodes - model.means[1]) / model.sds[1]) ** 2) / 2)
    weights /= weights.sum()
    at_nodes = [curves(model, 1, t) for t in nodes]
    joint = np.zeros((11, len(nodes)))
    for answers in product(range(3), repeat=5):
        joint[sum(answers)] += [p[np.arange(5), answers].prod() for p in at_nodes]
    joint *= weights

    found = eap_sum_scores(model, group="F")

    np.testing.assert_allclose(found.expected / found.n, joint.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(found.trait, joint @ nodes / joint.sum(axis=1), atol=1e-9)
    assert found.n < 250
    assert found.observed.sum() == found.n


@pytest.mark.filterwarnings("error")
def test_sum_score_table_of_people_who_all_have_gaps_expects_nobody(made):
    answers = made.responses.copy()
    answers[np.arange(len(answers)), np.arange(len(answers)) % 5] = np.nan

    found = eap_sum_scores(calibrate(answers))

    assert found.n == 0
    assert np.isfinite(found.trait).all()
    assert np.isnan(found.residual).all()


def test_weighted_estimates_are_less_biased_than_maximum_likelihood_and_posterior_means():
    rng = np.random.default_rng(3)
    calibration = calibrate(simulate(rng, n=(2000, 2000), n_items=12, n_codes=3).responses, covariance="none")
    probability = curves(calibration, 0, 1.5)
    answers = np.array([[rng.choice(3, p=p) for p in probability] for _ in range(1500)], dtype=float)

    weighted = wle_scores(calibration, answers).trait
    likely = ml_scores(calibration, answers).trait
    shrunken = eap_scores(calibration, answers).trait

    bias = abs(weighted.mean() - 1.5)
    assert bias < 3 * weighted.std() / np.sqrt(1500)
    assert bias < abs(shrunken.mean() - 1.5) / 3
    assert bias < abs(likely[np.isfinite(likely)].mean() - 1.5) + 0.02


def test_extreme_answers_have_no_likely_trait_and_gaps_none_at_all(made, models):
    responses = made.responses.copy()
    responses[0], responses[1], responses[2] = 0, 2, np.nan
    responses[3] = [np.nan, 2, np.nan, 2, np.nan]

    likely = ml_scores(models["graded"], responses, made.groups)
    weighted = wle_scores(models["graded"], responses, made.groups)
    probable = map_scores(models["graded"], responses, made.groups)

    assert (likely.trait[0], likely.trait[1], likely.trait[3]) == (-np.inf, np.inf, np.inf)
    assert np.isnan(likely.se[:2]).all()
    assert np.isfinite(weighted.trait[[0, 1, 3]]).all()
    assert np.isnan([likely.trait[2], weighted.trait[2]]).all()
    assert (probable.trait[2], probable.se[2]) == pytest.approx((0.0, 1.0))
    np.testing.assert_array_equal(probable.n_answered[:4], [5, 5, 0, 2])


@pytest.mark.parametrize("method", [eap_scores, map_scores, ml_scores, wle_scores])
@pytest.mark.parametrize("kind", [float, int])
def test_one_person_can_be_scored_alone(made, models, method, kind):
    whole = ~np.isnan(made.responses).any(axis=1)
    person = int(np.flatnonzero(whole & (made.responses.sum(axis=1) > 2) & (made.responses.sum(axis=1) < 8))[0])

    alone = method(models["graded"], made.responses[[person]].astype(kind), made.groups[[person]])
    together = method(models["graded"])

    assert alone.trait[0] == pytest.approx(together.trait[person], abs=1e-9)
    assert alone.se[0] == pytest.approx(together.se[person], abs=1e-9)


def test_steps_instead_of_curves_still_give_finite_weighted_estimates():
    answers = np.repeat(np.random.default_rng(0).integers(0, 3, (200, 1)), 4, axis=1).astype(float)
    model = calibrate(answers, covariance="none")

    assert model.slopes.max() > 5
    assert np.isfinite(wle_scores(model).trait).all()


def test_plausible_values_have_the_posterior_mean_and_spread(made, models):
    model = models["graded"]
    scores = eap_scores(model)

    drawn = plausible_values(model, rng=np.random.default_rng(0), n_draws=400)

    error = (drawn.mean(axis=1) - scores.trait) / (scores.se / 20)
    assert np.abs(error).max() < 4.5
    assert np.mean(drawn.std(axis=1) / scores.se) == pytest.approx(1.0, abs=0.01)
    again = plausible_values(model, made.responses, made.groups, rng=np.random.default_rng(0), n_draws=400)
    np.testing.assert_array_equal(drawn, again)


def test_spread_of_plausible_values_is_that_of_the_trait_not_of_shrunken_scores(models):
    model = models["graded"]

    drawn = plausible_values(model, rng=np.random.default_rng(1))[model.group_of_person == 0]

    assert drawn.std() == pytest.approx(1.0, abs=0.05)
    assert eap_scores(model).trait[model.group_of_person == 0].std() < 0.92


@pytest.mark.parametrize("name", MODELS)
def test_information_is_the_curvature_and_score_error_the_spread_of_sums(models, name):
    model = models[name]
    complete = np.zeros(5)

    found = information_curves(model, [-1.0, 0.3, 2.0])

    for at, trait in enumerate(found.trait):
        assert found.information[at] == pytest.approx(information(model, 0, complete, trait), rel=1e-6)
        probability, codes = curves(model, 0, trait), np.arange(3)
        mean = probability @ codes
        assert found.expected_score[at] == pytest.approx(mean.sum())
        assert found.score_se[at] == pytest.approx(np.sqrt((probability @ codes**2 - mean**2).sum()))
    np.testing.assert_allclose(found.trait_se, found.information**-0.5)


def test_model_implied_and_empirical_reliability_agree_and_grow_with_items():
    short, long = (
        calibrate(simulate(np.random.default_rng(8), n=(1500, 1500), n_items=k, n_codes=4).responses, covariance="none")
        for k in (6, 18)
    )

    for model in (short, long):
        assert marginal_reliability(model) == pytest.approx(empirical_reliability(eap_scores(model)), abs=0.015)
    assert marginal_reliability(long) > marginal_reliability(short)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(5)), st.integers(0, 10_000))
def test_order_of_items_does_not_matter(order, seed):
    responses = simulate(np.random.default_rng(seed), n=(60, 60), n_items=5, n_codes=3, skipped=(0.1, 0.1)).responses
    options = {"covariance": "none", "max_iterations": 15, "tolerance": 1e-12}

    straight = calibrate(responses, **options)
    turned = calibrate(responses[:, order], **options)

    for method in (eap_scores, map_scores, wle_scores):
        np.testing.assert_allclose(method(straight).trait, method(turned).trait, atol=1e-5)


def test_a_higher_answer_never_lowers_a_score(models):
    model = models["generalized_partial_credit"]
    answers = np.array(list(product(range(3), repeat=5)), dtype=float)
    groups = np.full(len(answers), "R")

    for method in (eap_scores, map_scores, wle_scores):
        trait = method(model, answers, groups).trait.reshape((3,) * 5)
        assert all((np.diff(trait, axis=axis) > 0).all() for axis in range(5))


def test_wrong_input_is_refused_with_a_reason(made, models):
    model = models["graded"]

    with pytest.raises(ValueError, match="pass the group of each person"):
        ml_scores(model, made.responses)
    with pytest.raises(ValueError, match="knows no group"):
        eap_sum_scores(model, group="Q")
    with pytest.raises(ValueError, match="knows no group"):
        information_curves(model, [0.0], group="Q")
    with pytest.raises(ValueError, match="n_draws must be at least 1"):
        plausible_values(model, rng=np.random.default_rng(0), n_draws=0)
    with pytest.raises(ValueError, match="finite scores of two people"):
        empirical_reliability(ml_scores(model, np.zeros((3, 5)), ["R", "R", "F"]))
