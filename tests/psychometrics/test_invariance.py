"""Measurement invariance, partial invariance, dMACS and selection: simulated truth, own computations, properties."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psychometrics import (
    confirmatory_factor_analysis,
    equality_tests,
    macs_effect_sizes,
    measurement_invariance,
)
from psychometrics.confirmatory._difference import _at
from psychometrics.confirmatory._fit import Fitted
from psychometrics.confirmatory._likelihood import likelihood_point
from psychometrics.confirmatory._parameters import implied_covariances, implied_means

FACTOR = {"calm": range(6)}
LOADINGS = np.array([1.0, 0.8, 1.1, 0.9, 0.7, 1.0])
MEAN, DEVIATION = -0.4, 1.2


def answers(n, seed=1, loadings=(), intercepts=(), residuals=(), skipped=0.0):
    """Draw two groups of n, the second with a lower and wider factor and the differences given as {item: change}."""
    rng = np.random.default_rng(seed)
    parts = []
    for group in range(2):
        slopes, origins, spread = LOADINGS.copy(), np.zeros(6), np.full(6, 0.8)
        for changes, array in ((loadings, slopes), (intercepts, origins), (residuals, spread)):
            for item, change in dict(changes).items():
                array[item] += group * change
        factor = rng.normal(group * MEAN, DEVIATION if group else 1.0, (n, 1))
        parts.append(origins + factor * slopes + rng.normal(size=(n, 6)) * spread)
    drawn = np.vstack(parts)
    drawn[rng.random(drawn.shape) < skipped] = np.nan
    return drawn, np.repeat(["a", "b"], n)


def places(freed):
    return [(one.element.matrix, one.element.group, one.element.row) for one in freed]


def test_a_ladder_that_holds_recovers_the_difference_of_the_factors():
    responses, groups = answers(4000)

    found = measurement_invariance(responses, FACTOR, groups, alpha=0.001)

    assert [step.verdict for step in found.steps] == ["holds"] * 4
    assert found.highest == "strict"
    last = found.steps[-1].model
    assert last.estimates.factor_means[1, 0] == pytest.approx(MEAN, abs=4 * last.standard_errors.factor_means[1, 0])
    assert last.estimates.factor_covariance[1, 0, 0] == pytest.approx(
        DEVIATION**2, abs=4 * last.standard_errors.factor_covariance[1, 0, 0]
    )


def test_partial_invariance_frees_what_differs_and_says_so():
    responses, groups = answers(2000, intercepts={2: 0.5}, residuals={4: 0.5})

    plain = measurement_invariance(responses, FACTOR, groups)
    partial = measurement_invariance(responses, FACTOR, groups, partial=True)

    assert [step.verdict for step in plain.steps] == ["holds", "holds", "fails", "fails"]
    assert plain.highest == "metric"
    assert not plain.freed
    assert [step.verdict for step in partial.steps] == ["holds", "holds", "holds in part", "holds in part"]
    assert places(partial.freed) == [("intercepts", "b", "item 2"), ("residual_covariance", "b", "item 4")]
    assert partial.freed[0].test.expected_change == pytest.approx(0.5, abs=0.15)
    # Without the free intercept the lower mean of the factor is taken for less than it is.
    right, wrong = partial.steps[2].model.estimates, plain.steps[2].model.estimates
    assert right.factor_means[1, 0] == pytest.approx(MEAN, abs=0.12)
    assert wrong.factor_means[1, 0] > right.factor_means[1, 0]


def test_an_item_whose_loading_is_free_has_a_free_intercept():
    responses, groups = answers(2000, loadings={1: 0.5})

    found = measurement_invariance(responses, FACTOR, groups, partial=True)

    assert places(found.freed)[:2] == [("loadings", "b", "item 1"), ("intercepts", "b", "item 1")]
    assert found.freed[1].test is None
    assert found.steps[2].model.fit.df == found.steps[0].model.fit.df + 5 - 1 + 5 - 1


def test_the_first_of_three_groups_can_be_the_odd_one_out():
    parts = [answers(1000, seed)[0][:1000] for seed in (1, 2, 3)]
    parts[0][:, 4] += 0.5

    found = measurement_invariance(np.vstack(parts), FACTOR, np.repeat(["a", "b", "c"], 1000), partial=True, alpha=0.01)

    assert places(found.freed) == [("intercepts", "a", "item 4")]
    assert found.steps[2].verdict == "holds in part"


def test_at_least_two_items_stay_equal():
    responses, groups = answers(3000, intercepts={0: 0.9, 1: -0.9, 2: 1.2, 3: -1.2, 4: 0.6, 5: -0.6})

    found = measurement_invariance(responses, FACTOR, groups, partial=True).steps[2]

    numbers = found.model.layout.free.intercepts
    assert np.count_nonzero(numbers[0] == numbers[1]) == 2


@pytest.mark.parametrize("identification", ["marker", "unit_variance"])
@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM"])
def test_steps_are_models_that_confirmatory_factor_analysis_fits_too(estimator, identification):
    responses, groups = answers(300)

    ladder = measurement_invariance(responses, FACTOR, groups, estimator=estimator, identification=identification)
    plain = confirmatory_factor_analysis(responses, FACTOR, groups, estimator=estimator)
    equal = confirmatory_factor_analysis(responses, FACTOR, groups, estimator=estimator, equal=["loadings"])

    assert ladder.steps[0].model.fit.chi2 == pytest.approx(plain.fit.chi2, rel=1e-9)
    assert ladder.steps[1].model.fit.chi2 == pytest.approx(equal.fit.chi2, rel=1e-9)
    assert ladder.steps[1].model.fit.df == equal.fit.df


def test_a_score_test_foretells_the_fall_of_the_chi_square():
    responses, groups = answers(3000, intercepts={2: 0.15})

    plain = measurement_invariance(responses, FACTOR, groups, criterion="fit")
    largest = max(equality_tests(plain.steps[2].model).tests, key=lambda test: test.chi2)
    partial = measurement_invariance(responses, FACTOR, groups, partial=True).steps[2]

    assert (largest.element.matrix, largest.element.row) == ("intercepts", "item 2")
    assert largest.chi2 == pytest.approx(plain.steps[2].model.fit.chi2 - partial.model.fit.chi2, rel=0.02)


@pytest.mark.parametrize(("general", "restricted"), [(0, 1), (1, 2), (2, 3)])
def test_the_stricter_difference_takes_the_general_model_at_the_restricted_moments(general, restricted):
    responses, groups = answers(300)
    steps = measurement_invariance(responses, FACTOR, groups, estimator="MLR").steps
    fitted = []
    for at in (general, restricted):
        model = steps[at].model
        point = likelihood_point(model.layout, model.parameters, model.samples)
        fitted.append(Fitted(model.layout, model.samples, "MLR", model.parameters, point, True))

    found = _at(*fitted)

    for implied in (implied_means, implied_covariances):
        np.testing.assert_allclose(implied(found.matrices), implied(fitted[1].matrices), atol=1e-6)


@settings(max_examples=8, deadline=None)
@given(shift=st.floats(-20, 20), scale=st.floats(0.1, 10), seed=st.integers(0, 5))
def test_units_order_and_labels_do_not_matter(shift, scale, seed):
    responses, groups = answers(300, intercepts={2: 0.3})
    order = np.random.default_rng(seed).permutation(len(groups))
    renamed = np.where(groups == "a", "z", "y")

    plain = measurement_invariance(responses, FACTOR, groups)
    other = measurement_invariance((shift + scale * responses)[order], FACTOR, renamed[order])

    for ours, theirs in zip(plain.steps[1:], other.steps[1:], strict=True):
        assert ours.change.chi2 == pytest.approx(theirs.change.chi2, rel=1e-5, abs=1e-6)
        assert ours.change.cfi == pytest.approx(theirs.change.cfi, abs=1e-8)
    first, second = (macs_effect_sizes(one.steps[3].model) for one in (plain, other))
    np.testing.assert_allclose(first.dmacs, second.dmacs, atol=1e-7)


def test_gaps_at_random_leave_the_verdict_and_everyone_counts():
    responses, groups = answers(1000, intercepts={2: 0.5}, skipped=0.1)
    groups = groups.astype(object)
    groups[:10] = None

    found = measurement_invariance(responses, FACTOR, groups, missing="fiml", partial=True)

    assert (found.steps[0].model.n, found.steps[0].model.n_left_out) == (1990, 10)
    assert places(found.steps[2].freed) == [("intercepts", "b", "item 2")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": ["a"] * 200}, "at least 2"),
        ({"groups": None}, "give groups"),
        ({"residual_covariances": list(itertools.combinations(range(6), 2))}, "not identified"),
        ({"estimator": "ULS"}, "estimator must be one of ML, MLR, MLM"),
        ({"criterion": "cfi"}, "criterion must be one of"),
        ({"alpha": 0}, "alpha must lie between 0 and 1"),
        ({"steps": ("scalar", "metric")}, "in this order"),
        ({"steps": ()}, "in this order"),
        ({"steps": ("weak",)}, "steps must be one of"),
        ({"reference": "c"}, "reference group 'c' is not among the labels"),
        ({"estimator": "MLM", "missing": "fiml"}, "needs estimator 'ML' or 'MLR'"),
        ({"groups": ["a"] * 195 + ["b"] * 5}, "group 'b': 5 people are too few"),
    ],
)
def test_wrong_options_are_refused(change, message):
    responses, groups = answers(100)
    with pytest.raises(ValueError, match=message):
        measurement_invariance(responses, FACTOR, **{"groups": groups, **change})
