"""Person fit: against counts and sums over all answer patterns, under skipping, on careless people, refusals."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from psychometrics.irt.calibration import calibrate
from psychometrics.irt.person_fit import caution_indices, guttman_fit
from psychometrics.irt.person_likelihood import likelihood_fit, person_likelihood_fit
from psychometrics.irt.scores import eap_scores, ml_scores, wle_scores
from tests.psychometrics.simulation import simulate

nan = np.nan


def small(seed, *, n_codes=3, n_items=4, skip=0.15, n=60):
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(n, 1))
    cuts = np.linspace(-1, 1, n_codes - 1) if n_codes > 2 else np.zeros(1)
    noise = rng.logistic(size=(n, n_items)) / 2
    answers = (trait - np.linspace(-1.2, 1.1, n_items) + noise)[:, :, None] > cuts
    answers = answers.sum(axis=2).astype(float)
    return np.where(rng.random(answers.shape) < skip, nan, answers)


def steps_of(answers):
    """Return (popularity, item, code) of every step, the most popular first, and the codes there are."""
    highest = np.nanmax(answers, axis=0).astype(int)
    steps = []
    for item, top in enumerate(highest):
        seen = answers[~np.isnan(answers[:, item]), item]
        steps += [(np.mean(seen >= code), item, code) for code in range(1, top + 1)]
    return sorted(steps, key=lambda step: -step[0]), highest


def errors_and_sum(row, steps):
    """Count pairs of a step left and a less popular one taken, and sum the log odds of the steps taken."""
    own = [(p, row[item] >= code) for p, item, code in steps if not np.isnan(row[item])]
    errors = sum(1 for first, second in combinations(own, 2) if not first[1] and second[1])
    return errors, sum(logit(p) for p, taken in own if taken)


@pytest.mark.parametrize("n_codes", [2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_errors_and_their_extremes_equal_counts_over_all_patterns(n_codes, seed):
    answers = small(seed, n_codes=n_codes)
    steps, highest = steps_of(answers)

    found = guttman_fit(answers)

    for person, row in enumerate(answers):
        if np.isnan(row).all():
            assert np.isnan(found.errors[person])
            continue
        choices = [[nan] if np.isnan(x) else range(highest[item] + 1) for item, x in enumerate(row)]
        same = [np.array(p) for p in product(*choices) if np.nansum(p) == np.nansum(row)]
        errors, sums = zip(*(errors_and_sum(pattern, steps) for pattern in same), strict=True)
        own_errors, own_sum = errors_and_sum(row, steps)
        assert found.errors[person] == own_errors
        assert found.score[person] == np.nansum(row)
        if max(errors) > 0:
            assert found.normed_errors[person] == pytest.approx(own_errors / max(errors))
            assert found.u3[person] == pytest.approx((max(sums) - own_sum) / (max(sums) - min(sums)))
        else:
            assert np.isnan(found.normed_errors[person])


def test_indices_of_two_codes_equal_their_definitions():
    answers = small(2, n_codes=2, n_items=9, n=40)
    p = np.nanmean(answers, axis=0)

    found = caution_indices(answers)

    checked = 0
    for person, row in enumerate(answers):
        seen = ~np.isnan(row)
        x, q = row[seen], p[seen]
        if not 0 < x.sum() < len(x):
            assert np.isnan(found.caution[person])
            continue
        checked += 1
        ideal = np.zeros(len(x))
        ideal[np.argsort(-q, kind="stable")[: int(x.sum())]] = 1
        reverse = np.zeros(len(x))
        reverse[np.argsort(q, kind="stable")[: int(x.sum())]] = 1
        covariance = [np.cov(pattern, q)[0, 1] for pattern in (x, ideal, reverse)]
        assert found.caution[person] == pytest.approx(1 - covariance[0] / covariance[1])
        assert found.modified_caution[person] == pytest.approx(
            (covariance[1] - covariance[0]) / (covariance[1] - covariance[2])
        )
        assert found.agreement[person] == pytest.approx(x @ q)
        assert found.disagreement[person] == pytest.approx((ideal - x) @ q)
        assert found.dependability[person] == pytest.approx(x @ q / (ideal @ q))
        assert found.point_biserial[person] == pytest.approx(np.corrcoef(x, q)[0, 1])
        together, highest = 0.0, 0.0
        for other, theirs in enumerate(answers):
            both = seen & ~np.isnan(theirs)
            if other != person and both.any():
                share = np.sort([row[both].mean(), theirs[both].mean()])
                together += (row[both] * theirs[both]).mean() - share.prod()
                highest += share[0] * (1 - share[1])
        assert found.scalability[person] == pytest.approx(together / highest)
    assert checked > 25


def test_scalability_without_gaps_equals_that_of_the_pairs():
    answers = small(3, n_codes=2, n_items=8, skip=0.0)
    # One gap in a person of their own takes the general way through all pairs.
    with_gap = np.vstack([answers, [1, *[nan] * 7]])

    fast, slow = caution_indices(answers).scalability, caution_indices(with_gap).scalability[:-1]

    np.testing.assert_allclose(fast, slow, atol=0.02)


def test_standardised_u3_is_standard_normal_for_independent_answers():
    # Van der Flier's reference: items of fixed popularity, independent given the score.
    rng = np.random.default_rng(4)
    answers = (rng.random((4000, 30)) < np.linspace(0.2, 0.85, 30)).astype(float)
    answers[rng.random(answers.shape) < 0.1] = nan

    found = caution_indices(answers).standardized_u3

    assert np.nanmean(found) == pytest.approx(0, abs=0.05)
    assert np.nanstd(found) == pytest.approx(1, abs=0.05)


def test_ideal_and_reversed_answers_are_the_ends_of_the_scales():
    answers = small(5, n_codes=2, n_items=8, n=300, skip=0)
    order = np.argsort(-answers.mean(axis=0), kind="stable")
    answers[0, order], answers[1, order] = np.r_[np.ones(3), np.zeros(5)], np.r_[np.zeros(5), np.ones(3)]
    assert (np.argsort(-answers.mean(axis=0), kind="stable") == order).all()

    errors, caution = guttman_fit(answers), caution_indices(answers)

    for index in (errors.normed_errors, errors.u3, caution.modified_caution):
        np.testing.assert_allclose(index[:2], [0, 1], atol=1e-12)
    np.testing.assert_allclose(caution.norm_conformity[:2], [1, -1])
    assert errors.errors[1] == 15


@given(seed=st.integers(0, 500), constant=st.integers(-3, 3))
@settings(max_examples=15, deadline=None)
def test_order_of_people_and_a_constant_do_not_matter_and_shares_stay_shares(seed, constant):
    answers = small(seed)
    people = np.random.default_rng(seed).permutation(len(answers))

    first, second = guttman_fit(answers), guttman_fit(answers[people] + constant)

    for name in ("errors", "normed_errors", "u3"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name)[people])
        known = getattr(first, name)[~np.isnan(getattr(first, name))]
        assert name == "errors" or ((known >= 0) & (known <= 1)).all()


def test_a_step_that_everybody_took_changes_nothing():
    answers = small(12)

    first, second = guttman_fit(answers), guttman_fit(answers + np.array([0, 1, 0, 0]))

    np.testing.assert_allclose(second.u3, first.u3)
    np.testing.assert_array_equal(second.score, first.score)


@pytest.mark.parametrize("n_codes", [2, 4])
def test_careless_people_stand_out(n_codes):
    made = simulate(np.random.default_rng(6), n_items=20, n_codes=n_codes, skipped=(0.1, 0.1))
    answers = made.responses
    answers[:60] = np.random.default_rng(7).integers(0, n_codes, (60, 20))
    model = calibrate(answers)

    signs = [guttman_fit(answers).u3, -person_likelihood_fit(model, wle_scores(model)).lz_star]

    for sign in signs:
        assert np.mean(sign[:60, None] > sign[60:]) > 0.7


def test_expectation_and_variance_are_those_of_all_patterns():
    share = np.array([[[0.2, 0.5, 0.3], [0.6, 0.4, 0.0], [0.1, 0.2, 0.7]]])
    slope = np.array([[[-0.2, -0.1, 0.3], [-0.24, 0.24, 0.0], [-0.1, -0.1, 0.2]]])
    patterns = list(product(range(3), range(2), range(3)))
    log_p = np.array([sum(np.log(share[0, i, c]) for i, c in enumerate(p)) for p in patterns])
    score = np.array([sum(slope[0, i, c] / share[0, i, c] for i, c in enumerate(p)) for p in patterns])
    weight = np.exp(log_p)
    mean, information = weight @ log_p, weight @ score**2
    regressed = log_p - mean - (weight @ (log_p * score)) / information * score

    found = likelihood_fit(np.array(patterns), np.repeat(share, 18, axis=0), np.repeat(slope, 18, axis=0))

    np.testing.assert_allclose(found.lz, (log_p - mean) / np.sqrt(weight @ (log_p - mean) ** 2))
    np.testing.assert_allclose(found.lz_star, regressed / np.sqrt(weight @ regressed**2))


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_order_of_items_and_a_stretched_trait_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    share = rng.dirichlet([1, 1, 1], size=(5, 7))
    slope = rng.normal(size=share.shape)
    slope -= slope.mean(axis=2, keepdims=True)
    given_codes, order = rng.integers(0, 3, (5, 7)), rng.permutation(7)

    first = likelihood_fit(given_codes, share, slope)
    second = likelihood_fit(given_codes[:, order] + 1, share[:, order], 3 * slope[:, order], minimum=1)

    np.testing.assert_allclose(second.lz, first.lz)
    np.testing.assert_allclose(second.lz_star, first.lz_star)


def test_a_skipped_item_does_not_exist():
    share = np.array([[[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]])
    slope = np.array([[[-0.1, 0.1], [-0.2, 0.2], [-0.15, 0.15]]])

    with_gap = likelihood_fit([[1, nan, 0]], share, slope)
    without = likelihood_fit([[1, 0]], share[:, [0, 2]], slope[:, [0, 2]])

    assert with_gap.lz == without.lz
    assert with_gap.lz_star == without.lz_star
    assert with_gap.n_answered == 2


@pytest.mark.parametrize("scored", [eap_scores, wle_scores])
@pytest.mark.parametrize("n_codes", [2, 4])
def test_lz_star_is_standard_normal_with_an_estimated_trait_and_lz_too_narrow(scored, n_codes):
    made = simulate(np.random.default_rng(8), n=(1500, 1500), n_items=30, n_codes=n_codes, skipped=(0.05, 0.05))
    model = calibrate(made.responses)

    found = person_likelihood_fit(model, scored(model))

    assert np.nanmean(found.lz_star) == pytest.approx(0, abs=0.12)
    assert np.nanstd(found.lz_star) == pytest.approx(1, abs=0.08)
    assert np.nanstd(found.lz) < np.nanstd(found.lz_star)
    assert np.nanmean(found.lz_star < -1.645) == pytest.approx(0.05, abs=0.025)


def test_fit_under_a_calibration_equals_that_of_its_curves_group_by_group():
    made = simulate(np.random.default_rng(9), n_items=8, n_codes=3, skipped=(0.1, 0.1))
    model = calibrate(made.responses, made.groups, equal_slopes=True)
    scores = eap_scores(model)

    found = person_likelihood_fit(model, scores)
    again = person_likelihood_fit(model, scores, made.responses, made.groups)

    person = 450
    g = model.group_labels.index(made.groups[person])
    above = expit(model.slopes[g][:, None] * scores.trait[person] + model.intercepts[g])
    p = -np.diff(np.pad(above, ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0))), axis=1)
    change = model.slopes[g][:, None] * above * (1 - above)
    slope = -np.diff(np.pad(change, ((0, 0), (1, 1))), axis=1)
    expected = likelihood_fit(made.responses[person : person + 1], p[None], slope[None])
    assert found.lz[person] == pytest.approx(expected.lz[0])
    assert found.lz_star[person] == pytest.approx(expected.lz_star[0])
    np.testing.assert_allclose(again.lz_star, found.lz_star)


def test_a_trait_that_explains_every_answer_leaves_no_fit_to_judge():
    # Four items with the same curve: every answer moves with the trait, and with nothing else.
    probability = np.full((3, 4, 2), [0.3, 0.7])
    derivative = np.full((3, 4, 2), [-0.21, 0.21])
    found = likelihood_fit([[1, 1, 0, 1], [1, 1, 1, 0], [0, 0, 1, 1]], probability, derivative)

    assert np.isfinite(found.lz).all()
    assert np.isnan(found.lz_star).all()


def test_people_without_a_finite_trait_have_no_fit():
    made = simulate(np.random.default_rng(10), n_items=6, n_codes=2)
    made.responses[0], made.responses[1] = 1, nan
    model = calibrate(made.responses)

    found = person_likelihood_fit(model, ml_scores(model))

    assert np.isnan(found.lz[:2]).all()
    assert np.isnan(found.lz_star[:2]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: guttman_fit(np.where(np.arange(4) == 1, 2.0, x)), "item 1: everybody answered 2"),
        (lambda x: guttman_fit(np.where(np.arange(4) == 1, nan, x)), "item 1: nobody answered it"),
        (lambda x: guttman_fit(x + 0.5), "whole-number codes"),
        (lambda x: guttman_fit(x * nan), "no answer at all"),
        (lambda x: caution_indices(x), "take two codes"),
        (lambda x: likelihood_fit(x, np.ones((60, 4, 2)) / 2, np.ones((60, 4, 2))), "codes from 0 to 1"),
        (lambda x: likelihood_fit(x, np.ones((60, 4)), np.ones((60, 4))), "must have shape"),
        (lambda x: person_likelihood_fit(calibrate(x), eap_scores(calibrate(x), x[:9])), "scores hold 9 people"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call(small(11))
