"""Coefficient alpha: by plain code, under skipping, its intervals, its refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import cronbach_alpha
from psychometrics._moments import pairwise_moments
from psychometrics._precision import effective_sample_size, influence, normal_variance_per_person
from psychometrics._saturated import saturated_moments
from psychometrics.reliability import _bootstrap

nan = np.nan


def one_trait(rng, n_people=300, n_items=6, codes=5):
    latent = rng.normal(size=(n_people, 1)) + rng.normal(size=(n_people, n_items))
    return np.clip(np.round(latent + codes / 2), 0, codes - 1)


def some_skip_half(answers, rng, share=0.15):
    """Let a share of the people skip each item with probability one half."""
    skipped = (rng.random((len(answers), 1)) < share) & (rng.random(answers.shape) < 0.5)
    return np.where(skipped, nan, answers)


def total_score_alpha(complete):
    k = complete.shape[1]
    return k / (k - 1) * (1 - complete.var(axis=0, ddof=1).sum() / complete.sum(axis=1).var(ddof=1))


def test_alpha_without_gaps_is_one_minus_item_variance_over_total_variance():
    answers = one_trait(np.random.default_rng(1))

    found = cronbach_alpha(answers)

    assert found.estimate == pytest.approx(total_score_alpha(answers), rel=1e-12)
    assert (found.n, found.n_effective, found.missing) == (300, 300, "none")


@pytest.mark.parametrize("missing", ["pairwise", "listwise", "fiml"])
@given(seed=st.integers(0, 500), constant=st.integers(-1000, 1000))
@settings(max_examples=20, deadline=None)
def test_alpha_under_skipping_ignores_a_constant_and_never_exceeds_one(missing, seed, constant):
    rng = np.random.default_rng(seed)
    answers = some_skip_half(one_trait(rng, n_people=60, n_items=4), rng)

    found, moved = cronbach_alpha(answers, missing=missing), cronbach_alpha(answers + constant, missing=missing)

    assert moved.estimate == pytest.approx(found.estimate, rel=1e-7)
    assert found.lower <= found.estimate <= found.upper <= 1


@pytest.mark.parametrize("missing", ["pairwise", "listwise", "fiml"])
def test_alpha_of_independent_items_is_near_zero_when_people_skip_half_of_the_items(missing):
    rng = np.random.default_rng(7)
    answers = some_skip_half(rng.integers(1, 6, size=(20_000, 11)).astype(float), rng)

    found = cronbach_alpha(answers, missing=missing)

    assert abs(found.estimate) < 0.03
    assert found.lower < 0 < found.upper


@pytest.mark.parametrize("missing", ["pairwise", "fiml"])
def test_alpha_stays_the_same_when_people_skip_half_of_the_items(missing):
    rng = np.random.default_rng(8)
    answers = one_trait(rng, n_people=40_000, n_items=8)

    found = cronbach_alpha(some_skip_half(answers, rng), missing=missing)

    assert found.estimate == pytest.approx(total_score_alpha(answers), abs=0.003)
    assert found.n_effective < found.n


def test_alpha_above_one_by_pairwise_covariances_is_brought_back_and_said_so():
    # In the middle people the items agree over a wide range, elsewhere each is answered alone without any spread.
    together = np.repeat([[0.0], [10.0]], 4, axis=0) * np.ones((1, 3))
    alone = np.full((60, 3), nan)
    alone[np.arange(60), np.arange(60) % 3] = 5.0

    found = cronbach_alpha(np.vstack([together, alone]))

    assert found.estimate == pytest.approx(1.0)
    assert found.notes == ("smoothed",)


def test_effective_number_of_people_gives_the_spread_seen_in_repeated_samples():
    rng = np.random.default_rng(3)
    estimates, variances = [], []
    for _ in range(600):
        answers = rng.normal(size=(150, 1)) + rng.normal(size=(150, 5))
        found = cronbach_alpha(some_skip_half(answers, rng, share=0.5), interval="duhachek")
        estimates.append(found.estimate)
        variances.append(found.standard_error**2)

    # The standard deviation of 600 values has a relative standard error of 3 %.
    assert np.sqrt(np.mean(variances)) == pytest.approx(np.std(estimates), rel=0.09)


def test_normal_and_distribution_free_variances_agree_for_normal_answers():
    rng = np.random.default_rng(5)
    answers = some_skip_half(rng.normal(size=(20_000, 1)) + rng.normal(size=(20_000, 4)), rng, share=0.4)
    moments = pairwise_moments(answers)
    gradient = np.arange(16.0).reshape(4, 4) + np.arange(16.0).reshape(4, 4).T
    covariance = moments.covariance

    persons = influence(answers, moments, gradient, covariance)
    effective = effective_sample_size(answers, moments, gradient, covariance)

    assert persons.mean() == pytest.approx(0, abs=0.02 * persons.std())
    assert normal_variance_per_person(gradient, covariance) / effective == pytest.approx(
        np.mean(persons**2) / moments.n_people, rel=0.05
    )


@pytest.mark.parametrize("interval", ["bootstrap", "bca"])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_bootstrap_resamples_people_as_a_plain_loop_does(interval, share):
    rng = np.random.default_rng(11)
    answers = some_skip_half(one_trait(rng, n_people=120, n_items=4), rng, share=share)

    found = cronbach_alpha(answers, interval=interval, rng=np.random.default_rng(1), n_resamples=4000)

    plain = [cronbach_alpha(answers[rng.integers(0, 120, 120)]).estimate for _ in range(800)]
    assert found.standard_error == pytest.approx(np.std(plain), rel=0.12)
    assert found.lower == pytest.approx(np.quantile(plain, 0.025), abs=0.03)
    assert found.upper == pytest.approx(np.quantile(plain, 0.975), abs=0.02)


def test_the_same_generator_gives_the_same_bootstrap():
    answers = one_trait(np.random.default_rng(2))

    first, second = (cronbach_alpha(answers, interval="bca", rng=np.random.default_rng(9)) for _ in range(2))

    assert first == second


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_the_bootstrap_is_the_same_in_one_process_and_in_two(share, monkeypatch):
    rng = np.random.default_rng(3)
    answers = some_skip_half(one_trait(rng, n_people=200), rng, share=share)
    monkeypatch.setattr(_bootstrap, "_CHUNK", 20_000)  # several tasks of 100 resamples

    here = cronbach_alpha(answers, interval="bca", rng=np.random.default_rng(9), n_resamples=400)
    there = cronbach_alpha(answers, interval="bca", rng=np.random.default_rng(9), n_resamples=400, engine=2)

    assert here == there


def test_full_information_moments_maximise_the_likelihood_of_every_single_row():
    rng = np.random.default_rng(4)
    answers = some_skip_half(one_trait(rng, n_people=400, n_items=4), rng, share=0.6)

    found = saturated_moments(answers)

    def log_likelihood(means, covariance):
        total = 0.0
        for row in answers:
            seen = ~np.isnan(row)
            part, gap = covariance[np.ix_(seen, seen)], (row - means)[seen]
            total -= 0.5 * (np.linalg.slogdet(2 * np.pi * part)[1] + gap @ np.linalg.solve(part, gap))
        return total

    best = log_likelihood(found.means, found.covariance)
    assert found.log_likelihood == pytest.approx(best, rel=1e-10)
    for _ in range(10):
        nudge = rng.normal(size=(4, 4)) * 1e-2
        assert log_likelihood(found.means, found.covariance + nudge + nudge.T) < best
        assert log_likelihood(found.means + rng.normal(size=4) * 1e-2, found.covariance) < best


def test_the_jackknife_leaves_each_person_out_in_turn():
    answers = one_trait(np.random.default_rng(12), n_people=40)

    found = cronbach_alpha(answers, interval="jackknife")

    left_out = np.array([total_score_alpha(np.delete(answers, person, axis=0)) for person in range(40)])
    expected = np.sqrt(39 / 40 * np.sum((left_out - left_out.mean()) ** 2))
    assert found.standard_error == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("interval", ["jackknife", "feldt", "adf", "bca"])
@pytest.mark.parametrize("skip", [0.0, 0.2])
def test_people_without_any_answer_change_nothing(interval, skip):
    rng = np.random.default_rng(14)
    answers = one_trait(rng, n_people=100)
    answers[rng.random(answers.shape) < skip] = nan
    answers = answers[~np.isnan(answers).all(axis=1)]
    more = np.insert(answers, [0, 50, 90], nan, axis=0)

    found, other = (cronbach_alpha(x, interval=interval, rng=np.random.default_rng(1)) for x in (answers, more))

    assert other.n == len(answers)
    for name in ("estimate", "lower", "upper", "standard_error"):
        assert getattr(other, name) == pytest.approx(getattr(found, name))


def test_three_people_have_an_alpha_but_no_interval_by_the_jackknife():
    found = cronbach_alpha([[1, 2], [2, 4], [3, 3]])

    assert found.estimate == pytest.approx(2 / 3)
    assert np.isnan([found.standard_error, found.lower, found.upper]).all()


@pytest.mark.parametrize("skip", [0.0, 0.2])
def test_the_default_interval_covers_the_truth_for_skewed_answers(skip):
    rng = np.random.default_rng(13)

    def sample(n_people):
        latent = rng.normal(size=(n_people, 1)) * 0.7 + rng.normal(size=(n_people, 5)) * 0.7
        return np.digitize(latent, [0.6, 1.2, 1.8]).astype(float)

    truth = total_score_alpha(sample(1_000_000))
    runs = [np.where(rng.random((200, 5)) < skip, nan, sample(200)) for _ in range(500)]

    by_default, by_feldt = (
        np.mean([found.lower <= truth <= found.upper for found in (cronbach_alpha(run, **options) for run in runs)])
        for options in ({}, {"interval": "feldt"})
    )

    # 500 tries at .95 have a standard error of .01.
    assert 0.92 <= by_default <= 0.98
    assert by_feldt < 0.91


def test_an_item_without_spread_counts_as_an_item_of_no_variance():
    answers = one_trait(np.random.default_rng(6), n_items=4)
    answers[:, 0] = 2

    assert cronbach_alpha(answers).estimate == pytest.approx(total_score_alpha(answers))


@pytest.mark.parametrize(
    ("responses", "options", "message"),
    [
        ([[1], [2]], {}, "at least 2 items"),
        ([[1, 2], [1, 2]], {}, "does not vary"),
        ([[1, nan], [2, nan], [nan, 1], [nan, 2]], {}, "items 0 and 1 were both answered by fewer than 2"),
        ([[1, nan], [2, nan]], {}, "item 1 was answered by fewer than 2"),
        ([[1, 2], [2, nan]], {"missing": "listwise"}, "only 1 people answered every item"),
        ([[1, 2], [2, 2]], {"standardized": True}, "item 1 does not vary"),
        ([[1, 2], [2, 1]], {"missing": "zero"}, "missing must be one of pairwise, listwise, fiml; got 'zero'"),
        ([[1, 2], [2, 3]], {"interval": "exact"}, "interval must be one of"),
        ([[1, 2], [2, 3]], {"interval": "bca"}, "needs rng"),
        ([[1, 2], [2, 3]], {"confidence": 95}, "confidence must lie between"),
    ],
)
def test_unusable_input_is_refused_with_its_reason(responses, options, message):
    with pytest.raises(ValueError, match=message):
        cronbach_alpha(responses, **options)


@pytest.mark.parametrize("seed", range(30))
def test_full_information_moments_of_small_samples_with_many_gaps_stay_positive_definite(seed):
    # Rounding once made the covariance matrix a little more asymmetric with every step, until it was none any more.
    rng = np.random.default_rng(seed)
    answers = rng.normal(size=(50, 1)) + rng.normal(size=(50, 3))
    answers[rng.random(answers.shape) < 0.2] = nan

    covariance = saturated_moments(answers).covariance

    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(covariance)[0] > 0
