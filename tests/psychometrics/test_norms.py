"""Norms by percentile, standard score and age: by other code, under simulation, under change of units, refusals."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from psychometrics import age_normed_scores, age_norms, normalized_scores, normed_scores, percentile_ranks

nan = np.nan
scores_of_groups = st.lists(st.integers(0, 30), min_size=3, max_size=40)


def test_percentile_ranks_count_those_below_and_half_of_those_at_the_score():
    group = np.random.default_rng(1).integers(0, 12, 80)

    found = percentile_ranks(group, np.arange(-1, 13))

    assert found.rank == pytest.approx([stats.percentileofscore(group, x, kind="mean") for x in range(-1, 13)])
    assert (found.rank[0], found.lower[0], found.rank[-1], found.upper[-1]) == (0, 0, 100, 100)
    assert (found.n, found.n_missing) == (80, 0)


def test_without_ties_the_interval_of_a_rank_is_jeffreys():
    group = np.arange(40) + 0.5

    found = percentile_ranks(group, [10.0, 33.0], confidence=0.9)

    for below, lower, upper in zip((10, 33), found.lower, found.upper, strict=True):
        expected = stats.beta(below + 0.5, 40 - below + 0.5).ppf([0.05, 0.95])
        assert (lower / 100, upper / 100) == pytest.approx(tuple(expected))


def test_intervals_of_ranks_cover_the_population_although_many_people_tie():
    rng = np.random.default_rng(3)
    share = stats.binom.pmf(np.arange(11), 10, 0.4)
    true = np.cumsum(share) - share / 2
    covered = np.zeros(11)
    for _ in range(400):
        found = percentile_ranks(rng.choice(11, 120, p=share), np.arange(11))
        covered += (found.lower <= 100 * true) & (100 * true <= found.upper)

    # Scores beyond which nobody is expected cannot be covered by any sample.
    usual = (120 * true > 3) & (120 * (1 - true) > 3)
    # Jeffreys: 95 % on average over the scores, down to 92 % for single ones; 400 runs tell it to 1 %.
    assert covered[usual].mean() / 400 == pytest.approx(0.95, abs=0.02)
    assert (covered[usual] / 400 > 0.89).all()


def test_published_norms_give_t_scores_with_the_exact_interval_of_the_norm_group():
    found = normed_scores([80, 100, 130, nan], mean=100, sd=15, n=25)

    assert found.value[:3] == pytest.approx([50 - 40 / 3, 50, 70])
    for score, lower, upper in zip((80, 100, 130), found.lower, found.upper, strict=False):
        t = (score - 100) / 15 * 5
        ends = [optimize.brentq(lambda d, p=p, t=t: stats.nct.cdf(t, 24, d) - p, -30, 30) / 5 for p in (0.975, 0.025)]
        # The noncentral t of another library, inverted by bisection; both are good to about five digits.
        assert (lower, upper) == pytest.approx((50 + 10 * ends[0], 50 + 10 * ends[1]), rel=1e-4)
    assert np.isnan([found.value[3], found.lower[3], found.percentile[3], found.band[3]]).all()


def test_the_interval_of_a_standard_score_covers_the_truth_in_small_norm_groups():
    rng = np.random.default_rng(4)
    groups = rng.normal(size=(2000, 12))
    found = [normed_scores(1.5, mean=g.mean(), sd=g.std(ddof=1), n=12, scale="z") for g in groups]

    # The noncentral t interval is exact; 2,000 runs lie within 1.5 points of 95 % in 99.8 % of experiments.
    assert np.mean([x.lower <= 1.5 <= x.upper for x in found]) == pytest.approx(0.95, abs=0.015)


def test_measurement_error_and_the_norms_error_add_up():
    found = normed_scores(65.0, mean=50, sd=10, n=200, reliability=0.84)
    alone = normed_scores(65.0, mean=50, sd=10, reliability=0.84)

    assert alone.standard_error == pytest.approx(4.0)
    assert found.standard_error == pytest.approx(10 * np.sqrt(0.16 + (1 + 1.5**2 / 2) / 200))
    assert found.lower < alone.lower < alone.upper < found.upper


def test_without_its_size_a_norm_group_gives_a_value_and_no_interval():
    found = normed_scores([60.0], mean=50, sd=10)

    assert (found.value[0], found.n) == (60, None)
    assert np.isnan([found.lower[0], found.upper[0], found.standard_error[0]]).all()


def test_stens_and_stanines_hold_the_shares_they_are_made_for():
    people = np.random.default_rng(5).normal(size=200_000)
    stanine, sten = (normed_scores(people, mean=0, sd=1, scale=scale).band for scale in ("stanine", "sten"))

    # Canfield (1951) and the usual table of stanines: 4, 7, 12, 17, 20, 17, 12, 7, 4 % and 2.3, 4.4, 9.2, 15, 19.1 %.
    assert np.bincount(stanine.astype(int))[1:] / 2000 == pytest.approx([4, 7, 12, 17, 20, 17, 12, 7, 4], abs=0.6)
    assert np.bincount(sten.astype(int))[1:6] / 2000 == pytest.approx([2.3, 4.4, 9.2, 15, 19.1], abs=0.3)


def test_normalized_scores_of_a_skewed_group_are_normal():
    group = np.random.default_rng(6).exponential(size=4000)

    found = normalized_scores(group, group)

    assert found.value.mean() == pytest.approx(50, abs=0.01)
    assert found.value.std() == pytest.approx(10, abs=0.05)
    assert ((found.lower < found.value) & (found.value < found.upper)).all()


@given(scores_of_groups, st.integers(-100, 100), st.sampled_from([0.5, 2.0, 8.0]))
def test_ranks_do_not_depend_on_the_unit_or_the_order(group, shift, unit):
    found = percentile_ranks(group)

    moved = percentile_ranks(np.array(group[::-1]) * unit + shift)

    assert moved.rank.tolist() == found.rank.tolist()
    assert (np.diff(found.rank) > 0).all()
    assert ((found.lower >= 0) & (found.lower <= found.rank) & (found.rank <= found.upper)).all()


@given(scores_of_groups, st.integers(0, 5))
def test_missing_scores_of_a_norm_group_are_left_out_and_counted(group, gaps):
    found = percentile_ranks([*group, *[nan] * gaps], [7, nan])

    assert found.rank[0] == percentile_ranks(group, [7]).rank[0]
    assert np.isnan([found.rank[1], found.lower[1], found.upper[1], found.below[1]]).all()
    assert (found.n, found.n_missing) == (len(group), gaps)


@given(st.floats(-4, 4), st.integers(2, 20_000))
def test_the_interval_of_a_standard_score_mirrors_and_holds_it(z, n):
    found, mirrored = (normed_scores(sign * z, mean=0, sd=1, n=n, scale="z") for sign in (1, -1))

    assert found.lower <= z <= found.upper
    assert (mirrored.lower, mirrored.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-6)


@pytest.fixture(scope="module")
def ageing():
    """Return scores that fall faster with age and spread more, and the ages."""
    rng = np.random.default_rng(7)
    age = np.concatenate([[20, 80], rng.uniform(20, 80, 598)])
    return 60 - 0.008 * (age - 20) ** 2 + np.exp(1.5 + 0.01 * age) * rng.normal(size=600), age


def test_age_norms_maximise_the_likelihood(ageing):
    scores, age = ageing

    found = age_norms(scores, age, mean_degree=2, spread_degree=1)

    def minus_log_likelihood(p):
        u = (age - 50) / 30
        return -stats.norm(p[0] + p[1] * u + p[2] * u**2, np.exp(p[3] + p[4] * u)).logpdf(scores).sum()

    best = optimize.minimize(minus_log_likelihood, [50, 0, 0, 2, 0], method="BFGS")
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-5)
    assert found.mean(50.0) == pytest.approx(best.x[0], abs=1e-3)
    assert found.sd(80.0) == pytest.approx(np.exp(best.x[3] + best.x[4]), abs=1e-3)


def test_with_one_spread_the_mean_is_least_squares(ageing):
    scores, age = ageing
    found = age_norms(scores, age, mean_degree=3, spread_degree=0)
    fitted = np.polynomial.Polynomial.fit(age, scores, 3)

    assert found.mean(age) == pytest.approx(fitted(age))
    assert found.sd(30.0) == pytest.approx(np.sqrt(np.mean((scores - fitted(age)) ** 2)))
    # Classical standard errors of the coefficients, with n instead of n - p in the variance.
    x = np.polynomial.legendre.legvander(2 * (age - age.min()) / np.ptp(age) - 1, 3)
    assert found.mean_covariance == pytest.approx(found.sd(30.0) ** 2 * np.linalg.inv(x.T @ x))


def test_the_degrees_are_found_and_the_ages_compared_with_their_own(ageing):
    norms = age_norms(*ageing)

    found = age_normed_scores(norms, [45, 45], [25, 75])

    assert norms.method.startswith("normal, mean of degree 2 and log spread of degree 1")
    assert found.value[0] < 45 < found.value[1]
    assert found.percentile[1] > 50


def test_the_interval_of_an_age_norm_covers_the_truth():
    rng = np.random.default_rng(11)
    ages, z = np.array([22.0, 50.0, 78.0]), np.array([1.5, -0.5, 1.0])
    curve, spread = (lambda a: 60 - 0.008 * (a - 20) ** 2), (lambda a: np.exp(1.5 + 0.01 * a))
    age = np.sort(rng.uniform(20, 80, 300))
    age[[0, -1]] = 20, 80
    covered = np.zeros(3)
    for _ in range(400):
        norms = age_norms(curve(age) + spread(age) * rng.normal(size=300), age, mean_degree=2, spread_degree=1)
        found = age_normed_scores(norms, curve(ages) + z * spread(ages), ages, scale="z")
        covered += (found.lower <= z) & (z <= found.upper)

    # 95 % in larger simulations (see the docstring); the three ages together, 400 runs, are 1 % sure.
    assert covered.mean() / 400 == pytest.approx(0.95, abs=0.025)


def test_empirical_percentiles_follow_a_shape_that_is_not_normal():
    rng = np.random.default_rng(9)
    age = rng.uniform(10, 20, 3000)
    scores = 2 * age + rng.exponential(size=3000)
    norms = age_norms(scores, age, mean_degree=1, spread_degree=0)

    found = age_normed_scores(norms, [30 + np.log(10)], [15.0], distribution="empirical")
    normal = age_normed_scores(norms, [30 + np.log(10)], [15.0])

    assert found.percentile[0] == pytest.approx(90, abs=1.5)
    assert found.percentile_lower[0] < 90 < found.percentile_upper[0]
    assert abs(normal.percentile[0] - 90) < 5


def test_people_without_score_or_age_are_left_out_and_counted(ageing):
    scores, age = ageing
    found = age_norms([*scores, 40, nan], [*age, nan, 50], mean_degree=1, spread_degree=0)

    assert found.mean(40.0) == age_norms(scores, age, mean_degree=1, spread_degree=0).mean(40.0)
    assert (found.n, found.n_missing) == (600, 2)
    assert np.isnan(age_normed_scores(found, [nan, 50], [40, nan]).value).all()


@given(st.floats(-50, 50), st.sampled_from([0.25, 3.0]))
def test_age_norms_follow_a_change_of_unit(shift, unit):
    rng = np.random.default_rng(10)
    age = rng.uniform(20, 60, 80)
    scores = age / 5 + rng.normal(size=80)
    first = age_norms(scores, age, mean_degree=1, spread_degree=1)
    second = age_norms(scores * unit + shift, age * 2 + 1, mean_degree=1, spread_degree=1)

    before = age_normed_scores(first, scores[:3], age[:3])
    after = age_normed_scores(second, scores[:3] * unit + shift, age[:3] * 2 + 1)

    assert after.value == pytest.approx(before.value, abs=1e-6)
    assert after.lower == pytest.approx(before.lower, abs=1e-6)


@given(scores_of_groups)
def test_normalized_scores_keep_the_order(group):
    assume(len(set(group)) > 1)

    found = normalized_scores(group, scale="stanine")

    assert (np.diff(found.value) > 0).all()
    assert ((found.band >= 1) & (found.band <= 9)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: percentile_ranks([3]), "at least 2 people; got 1"),
        (lambda: percentile_ranks([nan, nan]), "got 0"),
        (lambda: percentile_ranks([[1, 2], [2, 3]]), "one score per person"),
        (lambda: percentile_ranks(["a", "b"]), "scores must be numbers"),
        (lambda: percentile_ranks([1, np.inf]), "entry 1 is infinite"),
        (lambda: percentile_ranks([1, 2], confidence=95), "confidence must lie between 0 and 1"),
        (lambda: normed_scores(1, mean=0, sd=0), "sd above 0"),
        (lambda: normed_scores(1, mean=nan, sd=1), "mean must be a number"),
        (lambda: normed_scores(1, mean=0, sd=1, n=1), "at least 2; got 1"),
        (lambda: normed_scores(1, mean=0, sd=1, reliability=1.2), "reliability must lie between"),
        (lambda: normed_scores(1, mean=0, sd=1, scale="c"), "scale must be one of z, t, iq, sten, stanine"),
        (lambda: normalized_scores([1, 2], scale="T"), "scale must be one of"),
        (lambda: age_norms([1, 2, 3], [4, 5]), "one number per person each"),
        (lambda: age_norms(np.arange(30.0), np.full(30, 40)), "everybody in the norm group is 40"),
        (lambda: age_norms(np.full(30, 40), np.arange(30.0)), "everybody in the norm group scores 40"),
        (lambda: age_norms(np.arange(15.0), np.arange(15.0)), "15 people of 15 ages are too few"),
        (lambda: age_norms(np.arange(90.0), np.arange(90) % 2, mean_degree=2), "90 people of 2 ages are too few"),
        (lambda: age_norms(np.arange(90.0), np.arange(90.0), mean_degree=-1), "mean_degree must be a whole number"),
        (lambda: age_norms([1, 2.0], [nan, 30]), "at least 2 people; got 1"),
        (lambda: age_norms([1, 2.0, 3], [np.inf, 30, 20]), "ages must be finite"),
    ],
)
def test_wrong_input_is_refused_with_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_norms_are_not_extended_beyond_the_ages_of_the_norm_group(ageing):
    norms = age_norms(*ageing, mean_degree=1, spread_degree=0)

    with pytest.raises(ValueError, match="age 85 lies outside the norm group"):
        age_normed_scores(norms, [50], [85])
    with pytest.raises(ValueError, match="one shape"):
        age_normed_scores(norms, [50, 60], [40])
    with pytest.raises(ValueError, match="distribution must be one of normal, empirical"):
        age_normed_scores(norms, [50], [40], distribution="t")
