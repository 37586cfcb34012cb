"""Invariance of ordered answers: simulated truth, what cannot be tested, independent tests, gaps, wrong input."""

import numpy as np
import pytest

from psychometrics import (
    ordinal_equality_tests,
    ordinal_factor_analysis,
    ordinal_invariance,
    ordinal_modification_indices,
)
from psychometrics.confirmatory._parameters import renumbered
from psychometrics.confirmatory.modification import released
from psychometrics.confirmatory.ordinal_estimation import Estimated, estimate
from psychometrics.confirmatory.ordinal_ladder import STEPS
from psychometrics.confirmatory.ordinal_scores import score_tests
from psychometrics.confirmatory.ordinal_tests import restriction_test, scaled_difference

CUTS = np.array([-1.2, -0.4, 0.3, 1.1])
LOADINGS = np.array([0.8, 0.7, 0.75, 0.65, 0.7, 0.6])
FACTOR = {"f": range(6)}


def answers(rng, n=(600, 600), *, cuts=CUTS, loadings=None, intercepts=None, residuals=None, mean=0.4, sd=1.3):
    """Two groups; what is given is the second group's, the rest is alike."""
    parts = []
    for group, size in enumerate(n):
        own = LOADINGS if group == 0 or loadings is None else loadings
        level = np.zeros(6) if group == 0 or intercepts is None else intercepts
        spread = np.sqrt(1 - LOADINGS**2) * (1.0 if group == 0 or residuals is None else residuals)
        factor = rng.normal(mean * (group > 0), sd if group else 1.0, (size, 1))
        parts.append(np.searchsorted(cuts, level + factor * own + rng.normal(size=(size, 6)) * spread))
    return np.vstack(parts).astype(float), np.repeat(["a", "b", "c"][: len(n)], n)


def changed(position, value, start):
    array = np.array(start, dtype=float)
    array[position] = value
    return array


def ladder(rng, *, partial=False, steps=STEPS, parameterisation="theta", alpha=0.001, **options):
    responses, groups = answers(rng, **options)
    return ordinal_invariance(
        responses,
        FACTOR,
        groups,
        partial=partial,
        steps=steps,
        parameterisation=parameterisation,
        alpha=alpha,
    )


def places(found):
    return {(one.element.matrix, one.element.position) for one in found.freed}


def test_invariant_items_pass_every_step_and_the_factor_is_recovered():
    found = ladder(np.random.default_rng(1), n=(1500, 1500))

    assert found.highest == "strict"
    assert [step.name for step in found.steps] == list(STEPS)
    last = found.steps[-1].model
    error = last.standard_errors
    assert last.estimates.factor_means[1, 0] == pytest.approx(0.4, abs=3 * error.factor_means[1, 0])
    assert last.estimates.factor_covariance[1, 0, 0] == pytest.approx(1.69, abs=3 * error.factor_covariance[1, 0, 0])


@pytest.mark.parametrize(
    ("options", "step", "expected"),
    [
        ({"loadings": changed(2, 0.25, LOADINGS)}, "loadings", ("loadings", (1, 2, 0))),
        ({"intercepts": changed(3, 0.5, np.zeros(6))}, "intercepts", ("intercepts", (1, 3))),
        ({"residuals": changed(4, 1.6, np.ones(6))}, "strict", ("residual_covariance", (1, 4, 4))),
    ],
)
def test_partial_invariance_lets_go_what_differs_and_says_so(options, step, expected):
    failing = ladder(np.random.default_rng(2), n=(1500, 1500), **options)
    found = ladder(np.random.default_rng(2), n=(1500, 1500), partial=True, **options)

    assert next(one.name for one in failing.steps if not one.holds) == step
    assert found.highest == "strict"
    assert expected in places(found)
    freed = next(one for one in found.freed if (one.element.matrix, one.element.position) == expected)
    assert freed.element.row == f"item {expected[1][1]}"
    assert freed.element.group == "b"
    assert freed.test is not None
    assert freed.test.p_value < 0.01
    # An item whose loading was let go loses its intercept with it; nothing else goes.
    followers = {("intercepts", (1, 2))} if step == "loadings" else set()
    assert places(found) == {expected} | followers
    assert next(one for one in found.steps if one.name == step).verdict == "holds in part"


def test_the_reference_group_can_be_the_odd_one_out():
    rng = np.random.default_rng(15)
    responses, groups = answers(rng, (800, 800, 800), intercepts=changed(3, 0.5, np.zeros(6)))

    found = ordinal_invariance(responses, FACTOR, groups, partial=True, alpha=0.001)

    assert places(found) == {("intercepts", (0, 3))}
    assert found.freed[0].element.group == "a"
    assert found.freed[0].test.expected_change < 0
    assert found.highest == "strict"


def test_skipped_steps_are_part_of_the_next():
    """From configural straight to strict, whatever was held equal on the way may be let go."""
    found = ladder(
        np.random.default_rng(2),
        n=(1500, 1500),
        partial=True,
        steps=("configural", "strict"),
        loadings=changed(2, 0.25, LOADINGS),
    )

    assert ("loadings", (1, 2, 0)) in places(found)
    assert found.highest == "strict"


def test_a_threshold_that_differs_is_let_go_alone():
    rng = np.random.default_rng(3)
    responses, groups = answers(rng, (2000, 2000))
    # A quarter of the second group's second answers to item 1 become first ones.
    responses[(groups == "b") & (responses[:, 1] == 1) & (rng.random(4000) < 0.35), 1] = 0

    found = ordinal_invariance(responses, FACTOR, groups, partial=True, steps=STEPS[:3])

    assert places(found) == {("thresholds", (1, 1, 0))}
    assert found.freed[0].element.column == "threshold 1"
    assert found.highest == "loadings"


def test_three_categories_give_thresholds_no_test_of_their_own():
    found = ladder(np.random.default_rng(4), cuts=np.array([-0.6, 0.7]), steps=STEPS[:3])

    change = found.steps[1].change
    assert change.df == 0
    assert np.isnan(change.p_value)
    assert found.steps[1].holds
    assert found.steps[1].model.fit.chi2 == pytest.approx(found.steps[0].model.fit.chi2, rel=1e-6)


def test_two_categories_are_tested_only_with_intercepts():
    found = ladder(np.random.default_rng(5), cuts=np.array([0.2]))

    # Six scales, a mean and a variance stand against six thresholds and six loadings.
    assert [step.change.df for step in found.steps[1:]] == [0, 0, 4, 6]
    for step in found.steps[1:3]:
        assert step.model.fit.chi2 == pytest.approx(found.steps[0].model.fit.chi2, rel=1e-6)
    assert found.highest == "strict"


def test_delta_and_theta_climb_alike():
    delta, theta = (ladder(np.random.default_rng(6), parameterisation=name) for name in ("delta", "theta"))

    for one, other in zip(delta.steps, theta.steps, strict=True):
        assert one.model.fit.chi2 == pytest.approx(other.model.fit.chi2, rel=1e-6)
        if one.change is not None:
            assert one.change.chi2 == pytest.approx(other.change.chi2, rel=1e-3)


@pytest.mark.parametrize("step", STEPS)
def test_a_marker_and_unit_variance_fit_alike(step):
    responses, groups = answers(np.random.default_rng(14))

    marker, unit = (
        ordinal_factor_analysis(
            responses,
            FACTOR,
            groups,
            invariance=step,
            parameterisation="theta",
            identification=name,
            residual_covariances=[(0, 1)],
        ).fit
        for name in ("marker", "unit_variance")
    )

    assert marker.df == unit.df
    assert marker.scaled.chi2 == pytest.approx(unit.scaled.chi2, rel=1e-6)


def test_the_difference_test_agrees_with_the_restrictions_written_out():
    """From equal intercepts to strict, the restrictions say that the second group's residual variances are 1."""
    found = ladder(np.random.default_rng(7), n=(1500, 1500))
    before, after = found.steps[3].model.estimated, found.steps[4].model.estimated

    numbers = np.diag(before.layout.free.residual_covariance[1])
    restrictions = np.eye(before.layout.n_parameters)[numbers - 1]
    expected = restriction_test(before, restrictions, after.chi2 - before.chi2)

    # Theirs is taken at the general model's estimates, ours half at the restricted one's.
    assert scaled_difference(before, after).chi2 == pytest.approx(expected.chi2, rel=0.02)


def test_score_tests_foretell_the_difference_tests():
    found = ladder(np.random.default_rng(8), n=(1500, 1500), intercepts=changed(3, 0.2, np.zeros(6)))
    model: Estimated = found.steps[3].model.estimated
    elements = [("intercepts", (1, item)) for item in range(6)]

    tests = score_tests(model, elements)

    for element, chi2, change in zip(elements, tests.chi2, tests.expected_change, strict=True):
        wide = released(model.layout, [element])
        refitted = estimate(model.data, type(wide)(renumbered(wide.free), wide.values), model.parameterisation)
        assert chi2 == pytest.approx(scaled_difference(refitted, model).chi2, rel=0.15, abs=0.02)
        assert change == pytest.approx(refitted.matrices.intercepts[element[1]], rel=0.15, abs=0.01)


def test_tests_of_all_equalities_name_what_differs_and_their_sum_holds_its_level():
    rng = np.random.default_rng(12)
    shifted = ladder(rng, n=(1500, 1500), intercepts=changed(3, 0.5, np.zeros(6))).steps[3].model

    found = ordinal_equality_tests(shifted)

    worst = max(found.tests, key=lambda test: np.nan_to_num(test.chi2))
    assert (worst.element.matrix, worst.element.position) == ("intercepts", (1, 3))
    # As many as the step is away from configural: 24 thresholds less 12 freed, 5 loadings, 5 intercepts.
    assert found.df == shifted.fit.df - 2 * 9 == 22
    totals = []
    for _ in range(25):
        responses, groups = answers(rng, (400, 400))
        model = ordinal_factor_analysis(responses, FACTOR, groups, invariance="intercepts")
        totals.append(ordinal_equality_tests(model).p_value)
    # The mean of 25 uniform numbers has a standard error of 0.06.
    assert abs(np.mean(totals) - 0.5) < 0.2
    with pytest.raises(ValueError, match="nothing is held equal"):
        ordinal_equality_tests(ladder(rng, steps=STEPS[:1]).steps[0].model)


def test_modification_indices_find_a_loading_and_a_residual_covariance():
    rng = np.random.default_rng(13)
    factors = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], 2000)
    latent = factors[:, [0, 0, 0, 1, 1, 1]] * 0.75 + rng.normal(size=(2000, 6)) * 0.66
    latent[:, 1] += 0.35 * factors[:, 1]
    latent[:, [3, 4]] += 0.35 * rng.normal(size=(2000, 1))
    model = ordinal_factor_analysis(np.searchsorted(CUTS, latent), {"a": [0, 1, 2], "b": [3, 4, 5]})

    first, second, *_ = ordinal_modification_indices(model)

    found = {(one.element.matrix, one.element.row, one.element.column) for one in (first, second)}
    assert ("loadings", "item 1", "b") in found
    assert first.p_value < 1e-6
    wide = released(model.layout, [(first.element.matrix, first.element.position)])
    refitted = estimate(model.estimated.data, wide, "delta")
    assert first.chi2 == pytest.approx(scaled_difference(refitted, model.estimated).chi2, rel=0.2)


def test_difference_tests_hold_their_level():
    rng = np.random.default_rng(9)
    found = [ladder(rng, n=(300, 300), steps=STEPS[:4]) for _ in range(25)]

    p_values = np.array([[step.change.p_value for step in one.steps[1:]] for one in found])

    # The mean of 75 numbers, nearly independent and uniform, has a standard error of 0.033.
    assert abs(p_values.mean() - 0.5) < 0.11
    assert (p_values < 0.05).mean() < 0.14


def test_three_groups_and_gaps():
    rng = np.random.default_rng(10)
    responses, groups = answers(rng, (500, 500, 500))
    responses[rng.random(responses.shape) < 0.05] = np.nan

    found = ordinal_invariance(responses, FACTOR, groups, missing="pairwise", reference="b", partial=True)
    listwise = ordinal_invariance(responses, FACTOR, groups, steps=STEPS[:2])

    assert found.groups == ("b", "a", "c")
    assert found.steps[0].model.n == 1500
    assert listwise.steps[0].model.n == int((~np.isnan(responses)).all(axis=1).sum())
    # The second group differs from the third by nothing, from the first by its mean.
    means = found.steps[3].model.estimates.factor_means[:, 0]
    assert means[1] < -0.15
    assert abs(means[2]) < 0.15


def test_wrong_input_is_refused():
    responses, groups = answers(np.random.default_rng(11), (100, 100))

    for arguments, options, message in [
        ((responses, FACTOR, groups), {"steps": ("loadings", "thresholds")}, "in this order"),
        ((responses, FACTOR, groups), {"steps": ("metric",)}, "steps must be one of"),
        ((responses, FACTOR, groups), {"alpha": 5}, "alpha must lie"),
        ((responses, FACTOR, groups), {"reference": "z"}, "reference group 'z'"),
        ((responses, FACTOR, None), {}, "give groups"),
        ((responses, FACTOR, ["a"] * 200), {}, "at least 2 different groups"),
        ((responses, FACTOR, groups), {"parameterisation": "phi"}, "parameterisation must be one of"),
        ((np.where(groups[:, None] == "b", np.minimum(responses, 3), responses), FACTOR, groups), {}, "merge"),
    ]:
        with pytest.raises(ValueError, match=message):
            ordinal_invariance(*arguments, **options)
