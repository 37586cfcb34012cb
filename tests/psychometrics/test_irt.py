"""Graded model: independent likelihood, recovery, missing answers, equality, merged codes, refusals."""

import numpy as np
import pytest
from scipy.special import expit

from psychometrics.irt._curves import expected_score_gradient, expected_scores
from psychometrics.irt.calibration import calibrate
from psychometrics.irt.scores import eap_scores
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def made():
    return simulate(np.random.default_rng(4), n=(500, 400), n_items=6, n_codes=4, mean=-0.4, sd=0.8, skipped=(0.1, 0.2))


@pytest.fixture(scope="module")
def scalar(made):
    return calibrate(made.responses, made.groups, reference="R", equal_slopes=True, equal_intercepts=True)


def marginal_log_likelihood(model, responses, groups):
    """Straight from the definition, person by person."""
    total = 0.0
    for g, label in enumerate(model.group_labels):
        weights = np.exp(-0.5 * ((model.nodes - model.means[g]) / model.sds[g]) ** 2)
        weights /= weights.sum()
        for row in responses[groups == label]:
            likelihood = np.ones(len(model.nodes))
            for item, answer in enumerate(row):
                if np.isnan(answer):
                    continue
                d = np.r_[np.inf, model.intercepts[g, item], -np.inf]
                a = model.slopes[g, item]
                likelihood *= expit(a * model.nodes + d[int(answer)]) - expit(a * model.nodes + d[int(answer) + 1])
            total += np.log(likelihood @ weights)
    return total


def test_log_likelihood_equals_its_definition_with_gaps_and_groups(made, scalar):
    expected = marginal_log_likelihood(scalar, made.responses, made.groups)

    assert scalar.log_likelihood == pytest.approx(expected, abs=1e-6)


def test_nodes_left_out_of_a_cycle_do_not_show_in_the_likelihood():
    responses = simulate(np.random.default_rng(8), n=(2500, 2500), n_items=12, n_codes=4, skipped=(0.1, 0.3)).responses
    model = calibrate(responses, covariance="none")
    log_curves = np.log(np.maximum(model.layout.family.probabilities(model.state.beta[0], model.nodes), 1e-300))
    answers = np.zeros((len(responses), len(model.nodes)))
    for item, column in enumerate(responses.T):
        answered = ~np.isnan(column)
        answers[answered] += log_curves[item][column[answered].astype(int)]
    weights = np.exp(-(model.nodes**2) / 2) / np.exp(-(model.nodes**2) / 2).sum()

    # A calibration reports the likelihood at the last but one parameters, a millionth away.
    assert model.log_likelihood == pytest.approx(np.log(np.exp(answers) @ weights).sum(), abs=1e-5)


def test_group_mean_and_spread_are_recovered(scalar):
    assert scalar.means[1] == pytest.approx(-0.4, abs=3 * scalar.means_se[1])
    assert scalar.sds[1] == pytest.approx(0.8, abs=3 * scalar.sds_se[1])
    assert scalar.means[0] == 0.0
    assert scalar.sds[0] == 1.0


def test_no_step_in_any_parameter_raises_the_likelihood(made, scalar):
    rng = np.random.default_rng(0)

    for _ in range(5):
        moved = scalar.state_of(scalar.estimate + 0.02 * rng.standard_normal(len(scalar.estimate)))
        model = type("M", (), {})()
        model.group_labels, model.nodes = scalar.group_labels, scalar.nodes
        model.means, model.sds = moved.means, moved.sds
        model.slopes, model.intercepts = moved.beta[:, :, 0], moved.beta[:, :, 1:]
        assert marginal_log_likelihood(model, made.responses, made.groups) < scalar.log_likelihood


def test_observed_and_cross_product_standard_errors_agree_in_a_large_sample():
    big = simulate(np.random.default_rng(5), n=(4000, 4000), n_items=5, n_codes=3)

    models = [calibrate(big.responses, covariance=kind) for kind in ("observed", "cross_product")]

    np.testing.assert_allclose(models[1].slopes_se, models[0].slopes_se, rtol=0.08)


def test_standard_errors_match_the_spread_of_estimates():
    estimates, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        trait = rng.normal(size=400)
        cuts = np.array([[-0.5, 0.5]]) + np.linspace(-0.5, 0.5, 5)[:, None]
        noise = rng.logistic(size=(400, 5, 1))
        answers = ((1.5 * trait[:, None])[:, :, None] + noise > 1.5 * cuts).sum(axis=2)
        model = calibrate(answers.astype(float))
        estimates.append(model.slopes[0])
        errors.append(model.slopes_se[0])

    ratio = np.std(estimates, axis=0).mean() / np.mean(errors)
    assert 0.85 < ratio < 1.2


def test_trait_scores_leave_gaps_out_and_fall_back_to_the_prior(made, scalar):
    responses = made.responses.copy()
    responses[0] = np.nan

    found = eap_scores(scalar, responses, made.groups)

    assert found.trait[0] == pytest.approx(0.0, abs=1e-9)
    assert found.se[0] == pytest.approx(1.0, abs=1e-3)
    assert (found.se[1:] < 1.0).all()


def test_a_code_used_in_one_group_only_is_merged_and_keeps_its_score():
    data = simulate(np.random.default_rng(6), n_items=5, n_codes=4)
    responses = data.responses.copy()
    responses[(data.groups == "F")[:, None] & (responses == 3)] = 2

    model = calibrate(responses, data.groups, reference="R")

    assert model.intercepts.shape == (2, 5, 2)
    highest = model.code_values[:, -1]
    assert ((highest > 2) & (highest < 3)).all()


def test_expected_score_gradient_is_the_derivative():
    beta, nodes, values = np.array([[1.3, 1.0, -0.5]]), np.linspace(-2, 2, 5), np.array([[0.0, 1.0, 2.0]])

    gradient = expected_score_gradient(beta, nodes, values)

    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-6
        numeric = (expected_scores(beta + step, nodes, values) - expected_scores(beta - step, nodes, values)) / 2e-6
        np.testing.assert_allclose(gradient[..., k], numeric, atol=1e-8)


@pytest.mark.parametrize(("mean", "sd"), [(-0.7, 1.9), (0.2, 0.2)])
def test_likelihood_never_falls_although_nodes_cut_or_miss_the_distribution(mean, sd):
    made = simulate(np.random.default_rng(1), n=(40, 800), n_items=8, n_codes=4, mean=mean, sd=sd)
    options = {"equal_slopes": True, "equal_intercepts": True, "covariance": "none"}

    rising = [
        calibrate(made.responses, made.groups, reference="R", max_iterations=steps, **options).log_likelihood
        for steps in (1, 2, 4, 8, 16, 32, 64)
    ]

    assert (np.diff(rising) > -1e-6).all()
    assert calibrate(made.responses, made.groups, reference="R", max_iterations=200, **options).converged


PARTIAL_CREDIT = ("partial_credit", "generalized_partial_credit")


def answers_under(model, rng, n):
    """Answers of n people per group drawn from a calibration's own parameters."""
    parts = []
    for g in range(len(model.n)):
        trait = rng.normal(model.means[g], model.sds[g], n)
        above = np.cumsum(model.layout.family.probabilities(model.state.beta[g], trait), axis=1)[:, :-1]
        parts.append((rng.random((above.shape[0], 1, n)) > above).sum(axis=1).T.astype(float))
    return np.vstack(parts), np.repeat(model.group_labels, n)


@pytest.mark.parametrize("name", PARTIAL_CREDIT)
def test_partial_credit_likelihood_equals_its_definition_and_is_a_maximum(made, name):
    model = calibrate(made.responses, made.groups, reference="R", model=name, equal_intercepts=True, covariance="none")

    def likelihood(state):
        total = 0.0
        for g, label in enumerate(model.group_labels):
            weights = np.exp(-(((model.nodes - state.means[g]) / state.sds[g]) ** 2) / 2)
            weights /= weights.sum()
            for row in made.responses[made.groups == label]:
                answers = np.ones(len(model.nodes))
                for item in np.flatnonzero(~np.isnan(row)):
                    d = np.r_[0, state.beta[g, item, 1:]][:, None]
                    curves = np.exp(np.arange(4)[:, None] * state.beta[g, item, 0] * model.nodes + d)
                    answers *= curves[int(row[item])] / curves.sum(axis=0)
                total += np.log(answers @ weights)
        return total

    assert model.log_likelihood == pytest.approx(likelihood(model.state), abs=1e-6)
    rng = np.random.default_rng(0)
    for _ in range(3):
        moved = model.state_of(model.estimate + 0.02 * rng.standard_normal(len(model.estimate)))
        assert likelihood(moved) < model.log_likelihood


@pytest.mark.parametrize("name", PARTIAL_CREDIT)
def test_partial_credit_parameters_are_recovered_within_their_errors(made, name):
    options = {"model": name, "reference": "R", "equal_slopes": True, "equal_intercepts": True}
    truth = calibrate(made.responses, made.groups, covariance="none", **options)
    responses, groups = answers_under(truth, np.random.default_rng(2), 1500)

    model = calibrate(responses, groups, covariance="observed", **options)

    z = (model.estimate - truth.estimate) / np.sqrt(np.diag(model.covariance))
    assert np.abs(z).max() < 3.5
    assert 0.6 < z.std() < 1.4
    assert (model.sds_se > 0).sum() == (2 if name == "partial_credit" else 1)


@pytest.mark.parametrize("name", [*PARTIAL_CREDIT, "graded"])
def test_observed_information_is_the_curvature_of_the_likelihood(name):
    made = simulate(np.random.default_rng(7), n=(250, 200), n_items=4, n_codes=3, mean=0.3, skipped=(0.1, 0.1))
    options = {"model": name, "reference": "R", "equal_slopes": True, "equal_intercepts": True}
    model = calibrate(made.responses, made.groups, covariance="observed", tolerance=1e-8, **options)
    size, step = len(model.estimate), 1e-3

    def log_likelihood(vector):
        state, total = model.state_of(vector), 0.0
        for g, pattern in enumerate(model.patterns):
            weights = np.exp(-(((model.nodes - state.means[g]) / state.sds[g]) ** 2) / 2)
            curves = model.layout.family.log_curves(state.beta[g], model.nodes, model.codes.n_codes)
            total += pattern.weights @ np.log(np.exp(pattern.one_hot @ curves) @ (weights / weights.sum()))
        return total

    steps = step * np.eye(size)
    curvature = np.array([
        [log_likelihood(model.estimate + a + b) - log_likelihood(model.estimate + a - b)
         - log_likelihood(model.estimate - a + b) + log_likelihood(model.estimate - a - b) for b in steps]
        for a in steps
    ]) / (4 * step**2)  # fmt: skip

    np.testing.assert_allclose(np.linalg.inv(-curvature), model.covariance, rtol=2e-3, atol=2e-5)


def test_two_codes_make_all_models_one_family():
    made = simulate(np.random.default_rng(3), n=(300, 300), n_items=6, n_codes=2)

    graded, partial = (calibrate(made.responses, model=name) for name in ("graded", "generalized_partial_credit"))
    rasch, steps = (calibrate(made.responses, model=name) for name in ("rasch", "partial_credit"))

    assert graded.log_likelihood == pytest.approx(partial.log_likelihood, abs=1e-5)
    np.testing.assert_allclose(graded.intercepts, partial.intercepts, atol=1e-3)
    np.testing.assert_allclose(graded.intercepts_se, partial.intercepts_se, rtol=1e-3)
    np.testing.assert_allclose(rasch.intercepts, steps.intercepts)
    assert rasch.n_parameters == 7
    assert graded.bic - graded.aic == pytest.approx(12 * (np.log(600) - 2))


def test_rasch_with_more_than_two_codes_names_the_model_to_take(made):
    with pytest.raises(ValueError, match="partial_credit"):
        calibrate(made.responses, model="rasch")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x: x + 0.25, {}, "whole-number codes"),
        (lambda x: np.where(np.arange(6) == 2, 1.0, x), {}, "item 2: fewer than two codes"),
        (lambda x: np.where(np.arange(6) == 2, np.nan, x), {}, "item 2: fewer than two codes"),
        (lambda x: np.where(np.arange(len(x))[:, None] > 4, np.nan, x), {}, "5 people answered anything"),
        (lambda x: x[:, :1], {}, "at least two"),
        (lambda x: x * np.nan, {}, "no answer at all"),
        (lambda x: x, {"groups": ["R"] * 899 + ["F"]}, "leave out the item, or a group"),
        (lambda x: x, {"groups": ["R"] * 900}, "at least 2 different groups"),
        (lambda x: x, {"equal_slopes": [True, False]}, "mask of the 6 items"),
        (lambda x: x, {"reference": "Q"}, "not among the labels"),
        (lambda x: x, {"model": "nominal"}, "must be one of"),
        (lambda x: x, {"n_nodes": 1}, "n_nodes must be 13 or more"),
        (lambda x: x, {"minimum_count": 0}, "minimum_count must be 1 or more"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(made, change, options, message):
    with pytest.raises(ValueError, match=message):
        calibrate(change(made.responses), **{"groups": made.groups, **options})


def test_scores_of_an_unknown_group_or_code_are_refused(made, scalar):
    with pytest.raises(ValueError, match="knows no group"):
        eap_scores(scalar, made.responses, np.full(len(made.groups), "Q"))
    with pytest.raises(ValueError, match="nobody gave"):
        eap_scores(scalar, made.responses + 3, made.groups)
