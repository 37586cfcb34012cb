"""Fit under item response models: definitions over all patterns, simulation under the model, power, gaps, refusals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from psychometrics.irt._sparse_cells import collapse
from psychometrics.irt.calibration import calibrate
from psychometrics.irt.item_fit import _expected_shares, s_x2
from psychometrics.irt.local_dependence import local_dependence
from psychometrics.irt.model_fit import limited_information_fit
from psychometrics.irt.residuals import item_mean_squares, residual_correlations
from psychometrics.irt.scores import eap_scores, ml_scores
from tests.psychometrics.simulation import simulate
from tests.reference.reference_cases import cases, read

MODELS = ("graded", "generalized_partial_credit", "partial_credit")


def pattern_probabilities(model, vector, group, patterns):
    """P(pattern) at a vector of parameters, person by pattern, from the curves alone."""
    state = model.state_of(vector)
    weights = np.exp(-(((model.nodes - state.means[group]) / state.sds[group]) ** 2) / 2)
    curves = model.layout.family.probabilities(state.beta[group], model.nodes)
    likelihood = np.ones((len(patterns), len(model.nodes)))
    for item, codes in enumerate(patterns.T):
        likelihood *= curves[item, codes]
    return likelihood @ (weights / weights.sum())


def moment_functions(patterns, n_codes, statistic):
    """The functions of a pattern whose means the statistic compares, one per row."""
    k = patterns.shape[1]
    single = [patterns[:, i] == c for i in range(k) for c in range(1, n_codes)]
    if statistic == "M2*":
        single = [patterns[:, i] for i in range(k)]
    if statistic == "M2":
        cells = [(i, c) for i in range(k) for c in range(1, n_codes)]
        pairs = [(patterns[:, i] == c) & (patterns[:, j] == d) for i, c in cells for j, d in cells if i < j]
    else:
        pairs = [patterns[:, i] * patterns[:, j] for i in range(k) for j in range(i + 1, k)]
    return np.array(single + pairs, dtype=float)


def statistic_by_definition(model, responses, groups, n_codes, statistic):
    """n e' C e with every matrix from the probabilities of all patterns (Maydeu-Olivares & Joe 2006, eq. 12)."""
    patterns = np.array(list(product(range(n_codes), repeat=responses.shape[1])))
    functions = moment_functions(patterns, n_codes, statistic)
    residuals, roots, jacobians = [], [], []
    for g, label in enumerate(model.group_labels):
        mine = responses[groups == label]
        mine = mine[~np.isnan(mine).any(axis=1)].astype(int)
        at = mine @ n_codes ** np.arange(mine.shape[1])[::-1]
        seen = np.bincount(at, minlength=len(patterns)) / len(mine)
        probability = pattern_probabilities(model, model.estimate, g, patterns)
        step = 1e-5 * np.eye(len(model.estimate))
        change = [
            pattern_probabilities(model, model.estimate + h, g, patterns)
            - pattern_probabilities(model, model.estimate - h, g, patterns)
            for h in step
        ]
        covariance = (functions * probability) @ functions.T - np.outer(
            functions @ probability, functions @ probability
        )
        values, vectors = np.linalg.eigh(covariance)
        root = vectors / np.sqrt(values)
        residuals.append(np.sqrt(len(mine)) * root.T @ (functions @ (seen - probability)))
        jacobians.append(np.sqrt(len(mine)) * root.T @ (functions @ np.array(change).T / 2e-5))
        roots.append(root)
    residual, jacobian = np.concatenate(residuals), np.concatenate(jacobians)
    basis, _ = np.linalg.qr(jacobian)
    return residual @ residual - (basis.T @ residual) @ (basis.T @ residual)


@pytest.mark.parametrize("statistic", ["C2", "M2", "M2*"])
@pytest.mark.parametrize("name", MODELS)
def test_statistic_equals_its_definition_over_all_patterns(name, statistic):
    made = simulate(np.random.default_rng(3), n=(400, 300), n_items=5, n_codes=3, mean=0.4, skipped=(0.02, 0.05))
    shared = {"equal_slopes": True, "equal_intercepts": True, "model": name, "covariance": "none"}
    model = calibrate(made.responses, made.groups, reference="R", **shared)

    found = limited_information_fit(model, statistic=statistic)

    expected = statistic_by_definition(model, made.responses, made.groups, 3, statistic)
    assert found.chi2 == pytest.approx(expected, rel=1e-5)
    assert found.n == (~np.isnan(made.responses).any(axis=1)).sum()


@pytest.mark.parametrize("case", [c for c in cases("irt_mml") if c.id == "irt_science_gpcm"])
def test_statistic_of_generalized_partial_credit_equals_its_definition(case):
    responses = read(case)[0] - 1
    model = calibrate(responses, model="generalized_partial_credit", covariance="none", tolerance=1e-7)

    found = limited_information_fit(model)

    expected = statistic_by_definition(model, responses, np.full(len(responses), "all"), 4, "C2")
    assert found.chi2 == pytest.approx(expected, rel=1e-5)
    assert found.chi2 == pytest.approx(19.0394, abs=1e-3)


def test_p_values_are_uniform_when_the_model_holds():
    p_model, p_items, excess = [], [], []
    for seed in range(60):
        made = simulate(np.random.default_rng(seed), n=(300, 300), n_items=5, n_codes=3)
        model = calibrate(made.responses, covariance="none")
        whole, items = limited_information_fit(model), s_x2(model)
        p_model.append(whole.p)
        excess.append(whole.chi2 / whole.degrees_of_freedom)
        p_items.append(items.p)

    # A test of 60 p values rejects uniformity at 1 % once in a hundred choices of seeds.
    assert kstest(p_model, "uniform").pvalue > 0.01
    assert np.mean(excess) == pytest.approx(1.0, abs=0.1)
    assert kstest(np.ravel(p_items), "uniform").pvalue > 0.001
    assert 0.03 < np.mean(np.ravel(p_items) < 0.05) < 0.075


def test_rasch_items_that_fit_are_rejected_as_often_as_they_should_be():
    rng, difficulty = np.random.default_rng(0), np.linspace(-1, 1, 5)
    chi2, p = [], []
    for _ in range(80):
        answers = rng.normal(size=(1000, 1)) - difficulty + rng.logistic(size=(1000, 5)) > 0
        found = s_x2(calibrate(answers.astype(float), model="rasch", covariance="none"))
        assert (found.degrees_of_freedom == 3).all()
        chi2.append(found.chi2)
        p.append(found.p)

    assert np.mean(chi2) == pytest.approx(3.0, abs=0.25)
    assert 0.03 < np.mean(np.array(p) < 0.05) < 0.07


@pytest.fixture(scope="module")
def doubled():
    """Items of which the last two share more than the trait, and the first does not rise with it."""
    rng = np.random.default_rng(21)
    made = simulate(rng, n=(900, 900), n_items=8, n_codes=4)
    responses = made.responses.copy()
    copied = rng.random(1800) < 0.4
    responses[copied, 7] = responses[copied, 6]
    rest = responses[:, 2:].sum(axis=1)
    responses[:, 0] = np.clip(np.rint(np.abs(rest - rest.mean()) / 4 + rng.normal(0, 0.6, 1800)), 0, 3)
    return responses


def test_misfit_is_found_where_it_is(doubled):
    model = calibrate(doubled, covariance="none")

    items, whole = s_x2(model), limited_information_fit(model)
    pairs, residuals = local_dependence(model), residual_correlations(model)

    assert items.chi2.argmax() == 0
    assert items.p_adjusted[0] < 1e-6
    assert whole.p < 1e-6
    assert whole.rmsea_lower > 0.03
    assert whole.cfi < 0.99
    below = np.tril_indices(8, -1)
    assert (pairs.cramers_v[7, 6], residuals.largest) == (pairs.cramers_v[below].max(), residuals.adjusted[7, 6])
    assert pairs.cramers_v[7, 6] > 0.2
    assert residuals.adjusted[7, 6] > 0.2


def test_expected_shares_equal_an_enumeration_of_all_patterns():
    made = simulate(np.random.default_rng(1), n=(200, 200), n_items=4, n_codes=3)
    model = calibrate(made.responses, model="generalized_partial_credit", covariance="none")
    patterns = np.array(list(product(range(3), repeat=4)))
    probability = pattern_probabilities(model, model.estimate, 0, patterns)

    found = _expected_shares(model, 0)

    sums = patterns.sum(axis=1)
    for item, code, score in product(range(4), range(3), range(9)):
        here = sums == score
        share = probability[here & (patterns[:, item] == code)].sum() / probability[here].sum()
        assert found[item, score, code] == pytest.approx(share, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(4, 25), st.integers(0, 10_000))
def test_cells_are_put_together_without_losing_anybody(n_codes, n_scores, seed):
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(n_codes, 0.6), n_scores)
    observed = np.array([rng.multinomial(n, p) for n, p in zip(rng.poisson(6, n_scores), share, strict=True)], float)
    expected = share * observed.sum(axis=1, keepdims=True)

    seen, meant = collapse(observed, expected)

    assert seen.sum() == pytest.approx(observed.sum())
    assert meant.sum() == pytest.approx(expected.sum())
    np.testing.assert_allclose(seen.sum(axis=1), meant.sum(axis=1))
    assert len(meant) == 1 or (meant[meant > 0] >= 1).all()


def test_residual_correlations_and_mean_squares_equal_their_definitions_with_gaps():
    made = simulate(np.random.default_rng(5), n=(300, 200), n_items=5, n_codes=4, skipped=(0.1, 0.1))
    model = calibrate(made.responses, covariance="none")
    trait = eap_scores(model).trait
    probability = model.layout.family.probabilities(model.state.beta[0], trait)
    code = np.arange(4)[:, None]
    mean = (probability * code).sum(axis=1).T
    variance = (probability * code**2).sum(axis=1).T - mean**2
    residual = made.responses - mean

    correlations, squares = residual_correlations(model), item_mean_squares(model)

    for i, j in ((0, 1), (2, 4)):
        both = ~np.isnan(residual[:, i] + residual[:, j])
        assert correlations.q3[i, j] == pytest.approx(np.corrcoef(residual[both][:, [i, j]].T)[0, 1])
        assert correlations.n[i, j] == both.sum()
    np.testing.assert_allclose(squares.outfit, np.nanmean(residual**2 / variance, axis=0))
    gaps = np.isnan(residual)
    np.testing.assert_allclose(squares.infit, np.nansum(residual**2, axis=0) / np.where(gaps, 0, variance).sum(axis=0))
    pairs = correlations.q3[np.tril_indices(5, -1)]
    assert correlations.average == pytest.approx(pairs.mean())
    assert correlations.adjusted[3, 1] == pytest.approx(correlations.q3[3, 1] - pairs.mean())


def test_expected_table_of_a_pair_equals_its_definition():
    made = simulate(np.random.default_rng(6), n=(300, 200), n_items=4, n_codes=3, skipped=(0.1, 0.1))
    model = calibrate(made.responses, covariance="none")
    weights = np.exp(-(model.nodes**2) / 2) / np.exp(-(model.nodes**2) / 2).sum()
    curves = model.layout.family.probabilities(model.state.beta[0], model.nodes)
    both = made.responses[~np.isnan(made.responses[:, [1, 3]]).any(axis=1)][:, [1, 3]].astype(int)
    seen = np.bincount(both[:, 0] * 3 + both[:, 1], minlength=9).reshape(3, 3)
    expected = len(both) * (curves[1] * weights) @ curves[3].T

    found = local_dependence(model)

    assert found.chi2[1, 3] == found.chi2[3, 1] == pytest.approx(((seen - expected) ** 2 / expected).sum())
    assert (found.degrees_of_freedom[1, 3], found.n[1, 3]) == (4, len(both))
    assert np.isnan(np.diag(found.chi2)).all()


@pytest.mark.filterwarnings("error")
def test_pairs_that_nobody_or_one_person_answered_stop_nothing():
    answers = simulate(np.random.default_rng(3), n=(150, 150), n_items=8, n_codes=2).responses
    answers[::2, :4] = answers[1::2, 4:] = np.nan
    answers[0, 0] = 1

    found = local_dependence(calibrate(answers))

    assert found.n[0, 5] == 1
    assert np.isfinite(found.cramers_v[0, 5])
    assert found.n[1, 5] == 0
    assert np.isnan([found.chi2[1, 5], found.p[1, 5], found.cramers_v[1, 5]]).all()
    assert np.isfinite(found.p[0, 1])


def test_order_of_people_and_items_does_not_matter(doubled):
    rng = np.random.default_rng(2)
    people, items = rng.permutation(len(doubled)), rng.permutation(8)

    straight = calibrate(doubled, covariance="none", tolerance=1e-7)
    turned = calibrate(doubled[people][:, items], covariance="none", tolerance=1e-7)

    np.testing.assert_allclose(s_x2(turned).chi2, s_x2(straight).chi2[items], rtol=1e-3)
    assert limited_information_fit(turned).chi2 == pytest.approx(limited_information_fit(straight).chi2, rel=1e-4)
    q3 = residual_correlations(straight).q3
    np.testing.assert_allclose(residual_correlations(turned).q3, q3[np.ix_(items, items)], atol=1e-4)


def test_people_without_a_finite_trait_are_left_out_of_mean_squares(doubled):
    model = calibrate(doubled[:, 1:], covariance="none")
    scores = ml_scores(model)
    infinite = ~np.isfinite(scores.trait)

    found = item_mean_squares(model, scores)

    assert infinite.any()
    assert (found.n == (~infinite).sum()).all()
    assert np.isfinite(found.outfit).all()


def test_a_code_that_only_people_with_gaps_gave_does_not_stop_the_fit(doubled):
    responses = doubled.copy()
    responses[responses[:, 5] == 3, 2] = np.nan
    model = calibrate(responses, covariance="none")

    found = limited_information_fit(model)

    assert found.n == (~np.isnan(responses[:, 2])).sum()
    assert 0.8 < found.cfi < 1.0


def test_wrong_input_is_refused_with_a_reason(doubled):
    model = calibrate(doubled, covariance="none")
    short = calibrate(doubled[:, 1:4], covariance="none")

    with pytest.raises(ValueError, match="knows no group"):
        s_x2(model, group="Q")
    with pytest.raises(ValueError, match="at least three items"):
        s_x2(calibrate(doubled[:, 1:3], covariance="none", max_iterations=3))
    with pytest.raises(ValueError, match="nothing is left to test"):
        limited_information_fit(short, statistic="M2*")
    with pytest.raises(ValueError, match="must be one of C2, M2"):
        limited_information_fit(model, statistic="G2")
    with pytest.raises(ValueError, match="scores hold 3"):
        item_mean_squares(model, eap_scores(model, doubled[:3]))
    gaps = doubled.copy()
    gaps[np.arange(len(gaps)), np.arange(len(gaps)) % 8] = np.nan
    skipped = calibrate(gaps, covariance="none", max_iterations=3)
    with pytest.raises(ValueError, match="without missing answers"):
        s_x2(skipped)
    with pytest.raises(ValueError, match="fewer people without missing answers"):
        limited_information_fit(skipped)
    merged = calibrate(doubled, covariance="none", minimum_count=len(doubled) // 6, max_iterations=3)
    with pytest.raises(ValueError, match="used codes were merged"):
        s_x2(merged)
