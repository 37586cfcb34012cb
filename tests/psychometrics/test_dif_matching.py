"""What items are matched on: sums, rest scores, one trait for all items, one for each."""

import numpy as np
import pytest

from psychometrics import calibrate, eap_scores, logistic_dif, mantel, mantel_haenszel, rest_traits
from tests.psychometrics.simulation import simulate


@pytest.fixture(scope="module")
def made():
    return simulate(np.random.default_rng(2), n_codes=4, n_shifted=2, shift=1.0, mean=-0.5)


@pytest.fixture(scope="module")
def with_gaps(made):
    responses = made.responses.copy()
    responses[np.random.default_rng(1).random(responses.shape) < 0.2] = np.nan
    return responses


def calibrated(responses, groups):
    return calibrate(
        responses, groups, reference="R", equal_slopes=True, equal_intercepts=True, covariance="none", tolerance=1e-3
    )


@pytest.mark.parametrize(
    "method",
    [
        lambda x, g, m: mantel(x, g, focal="F", matching=m).chi2,
        lambda x, g, m: logistic_dif(x, g, reference="R", matching=m).both.chi2,
    ],
)
def test_a_rest_score_is_the_sum_of_the_other_items(made, method):
    others = made.responses.sum(axis=1, keepdims=True) - made.responses

    found = method(made.responses, made.groups, "rest")
    supplied = method(made.responses, made.groups, others)
    column = method(made.responses, made.groups, others[:, 3])

    np.testing.assert_allclose(found, supplied, rtol=1e-6, atol=1e-8)
    assert found[3] == pytest.approx(column[3])


def test_a_purified_rest_score_holds_the_anchors_alone(made):
    found = mantel(made.responses, made.groups, focal="F", matching="rest", purified=True)

    anchors = made.responses[:, found.anchors].sum(axis=1, keepdims=True)
    again = mantel(made.responses, made.groups, focal="F", matching=anchors - made.responses * found.anchors)
    np.testing.assert_allclose(found.chi2, again.chi2)


def test_a_rest_score_needs_all_its_items(made, with_gaps):
    found = mantel_haenszel((with_gaps > 1) + 0 * with_gaps, made.groups, focal="F", matching="rest")

    complete = np.isfinite(with_gaps).all(axis=1).sum()
    assert (found.n <= complete).all()


def test_the_same_match_for_each_item_is_one_match(made):
    trait = eap_scores(calibrated(made.responses, made.groups), common_prior=True).trait

    one = logistic_dif(made.responses, made.groups, reference="R", matching=trait)
    many = logistic_dif(made.responses, made.groups, reference="R", matching=np.tile(trait[:, None], 10))

    np.testing.assert_array_equal(one.both.chi2, many.both.chi2)


def test_rest_traits_are_expected_traits_without_the_item(made, with_gaps):
    groups = made.groups.astype(object)
    groups[:5] = None
    model = calibrated(with_gaps, groups)

    found = rest_traits(model)

    assert np.isnan(found[:5]).all()
    for item in (0, 6):
        without = with_gaps.copy()
        without[:, item] = np.nan
        expected = eap_scores(model, without, groups, n_nodes=61).trait
        np.testing.assert_allclose(found[:, item], expected, atol=1e-10)


def test_rest_traits_of_other_people_are_those_they_would_have_among_the_calibrated(made):
    model = calibrated(made.responses, made.groups)
    some = np.arange(250, 350)

    found = rest_traits(model, made.responses[some], made.groups[some])

    np.testing.assert_allclose(found, rest_traits(model)[some], atol=1e-12)
    with pytest.raises(ValueError, match="no group"):
        rest_traits(model, made.responses[some], np.full(100, "Q"))
    with pytest.raises(ValueError, match="10 items"):
        rest_traits(model, made.responses[some, :4], made.groups[some])


def test_rest_traits_say_the_mean_of_the_group_where_nothing_else_was_answered(made):
    responses = made.responses.copy()
    responses[590, 1:] = np.nan
    model = calibrated(responses, made.groups)

    found = rest_traits(model)

    assert found[590, 0] == pytest.approx(model.means[1], abs=1e-3)


def test_items_made_to_differ_are_found_given_rest_traits(made, with_gaps):
    fair = calibrate(
        with_gaps, made.groups, reference="R", equal_slopes=~made.differs, equal_intercepts=~made.differs,
        covariance="none",
    )  # fmt: skip

    found = logistic_dif(with_gaps, made.groups, reference="R", matching=rest_traits(fair))

    assert (found.both.p[made.differs] < 1e-4).all()
    assert (found.both.p_adjusted[~made.differs] > 0.01).all()
    np.testing.assert_array_equal(found.n, np.isfinite(with_gaps).sum(axis=0))


@pytest.mark.parametrize(
    ("matching", "message"),
    [
        ("sum", "must be 'rest'"),
        (np.zeros(3), "one value per person"),
        (np.zeros((600, 3)), "per person and item"),
        (np.full(600, np.nan), "no value at all"),
    ],
)
def test_a_match_that_does_not_fit_is_refused(made, matching, message):
    with pytest.raises(ValueError, match=message):
        mantel(made.responses, made.groups, focal="F", matching=matching)
