"""dMACS and selection at a cut: numerical integration, simulated people, repeated samples, properties."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from psychometrics import (
    confirmatory_factor_analysis,
    equality_tests,
    macs_effect_sizes,
    measurement_invariance,
    selection_accuracy,
)
from tests.psychometrics.test_invariance import DEVIATION, FACTOR, answers


def partly_scalar(n=1000, seed=1, **changes):
    responses, groups = answers(n, seed, **changes)
    # At a strict level chance frees nothing more.
    steps = ("configural", "metric", "scalar")
    return measurement_invariance(responses, FACTOR, groups, partial=True, steps=steps, alpha=0.001)


def test_dmacs_is_the_integral_over_the_factor():
    model = partly_scalar(loadings={1: 0.5}, intercepts={2: 0.5}).steps[-1].model
    found = macs_effect_sizes(model)

    at = model.estimates
    density = norm(at.factor_means[1, 0], np.sqrt(at.factor_covariance[1, 0, 0])).pdf
    first, second = (sample.responses for sample in model.samples)
    pooled = (np.std(first, axis=0, ddof=1) + np.std(second, axis=0, ddof=1)) / 2
    for item in range(6):

        def gap(score, item=item):
            lines = at.intercepts[:, item] + at.loadings[:, item, 0] * score
            return lines[1] - lines[0]

        square = quad(lambda score: gap(score) ** 2 * density(score), -10, 10)[0]
        mean = quad(lambda score: gap(score) * density(score), -10, 10)[0]
        assert found.dmacs[0, item] == pytest.approx(np.sqrt(square) / pooled[item], abs=1e-9)
        assert found.signed[0, item] == pytest.approx(mean / pooled[item], abs=1e-9)
    np.testing.assert_array_equal(found.dmacs[0, [0, 3, 4, 5]], 0.0)
    assert found.sum_difference[0] == pytest.approx(found.mean_difference.sum())


@cache
def repeated():
    """Return effect sizes and selection of the second group in repeated samples."""
    models = [partly_scalar(500, seed, intercepts={2: 0.5}).steps[-1].model for seed in range(40)]
    return [(macs_effect_sizes(model), selection_accuracy(model, share=0.25).groups[1]) for model in models]


def test_dmacs_recovers_the_truth_and_its_error():
    truth = 0.5 / np.sqrt(1.1**2 * np.array([1.0, DEVIATION**2]) + 0.64).mean()

    sizes = np.array([sizes.signed[0, 2] for sizes, _ in repeated()])
    claimed = np.mean([sizes.signed_standard_errors[0, 2] for sizes, _ in repeated()])

    assert sizes.mean() == pytest.approx(truth, abs=4 * sizes.std() / np.sqrt(len(sizes)))
    # A standard deviation from 40 draws has an error of 11 %.
    assert claimed == pytest.approx(sizes.std(), rel=0.4)


def test_standard_errors_of_sensitivity_hold_in_repeated_samples():
    spread = np.std([selected.sensitivity for _, selected in repeated()])
    claimed = np.mean([selected.standard_errors["sensitivity"] for _, selected in repeated()])

    assert claimed == pytest.approx(spread, rel=0.4)


def test_gaps_at_random_leave_effects_and_are_said():
    responses, groups = answers(2000, intercepts={2: 0.8})
    gaps = responses.copy()
    gaps[np.random.default_rng(6).random(gaps.shape) < 0.1] = np.nan
    options = {"partial": True, "steps": ("metric", "scalar"), "alpha": 0.001}

    full = measurement_invariance(responses, FACTOR, groups, **options).steps[-1].model
    gapped = measurement_invariance(gaps, FACTOR, groups, missing="fiml", **options).steps[-1].model

    ours, theirs = macs_effect_sizes(gapped), macs_effect_sizes(full)
    assert ours.missing == selection_accuracy(gapped, share=0.2).missing == "fiml"
    assert ours.signed[0, 2] == pytest.approx(theirs.signed[0, 2], abs=2 * ours.signed_standard_errors[0, 2])
    assert ours.signed_standard_errors[0, 2] > theirs.signed_standard_errors[0, 2]
    chosen, all_chosen = (selection_accuracy(model, share=0.2).groups[1] for model in (gapped, full))
    assert chosen.sensitivity == pytest.approx(all_chosen.sensitivity, abs=2 * chosen.standard_errors["sensitivity"])


def simulated_selection(model, share, n=400_000):
    """Draw people under the estimates and count."""
    rng = np.random.default_rng(5)
    at, shares = model.estimates, np.array(model.n_by_group) / model.n
    scores, sums, who = [], [], []
    for group, part in enumerate(shares):
        size = int(n * part)
        factor = rng.normal(at.factor_means[group, 0], np.sqrt(at.factor_covariance[group, 0, 0]), (size, 1))
        noise = rng.normal(size=(size, 6)) * np.sqrt(np.diag(at.residual_covariance[group]))
        scores.append(factor[:, 0])
        sums.append((at.intercepts[group] + factor * at.loadings[group, :, 0] + noise).sum(axis=1))
        who.append(np.full(size, group))
    scores, sums, who = map(np.concatenate, (scores, sums, who))
    return scores > np.quantile(scores, 1 - share), sums > np.quantile(sums, 1 - share), who


def test_selection_accuracy_equals_simulated_people():
    model = partly_scalar(loadings={1: 0.4}, intercepts={2: 1.5, 4: 1.0}).steps[-1].model

    found = selection_accuracy(model, share=0.2)

    deserving, selected, who = simulated_selection(model, 0.2)
    for group, one in enumerate(found.groups):
        worthy, chosen = deserving[who == group], selected[who == group]
        # The smallest denominator, people of a group above the cut, is 20,000: four standard errors are 0.014.
        assert one.selected == pytest.approx(chosen.mean(), abs=0.005)
        assert one.sensitivity == pytest.approx(chosen[worthy].mean(), abs=0.014)
        assert one.specificity == pytest.approx((~chosen)[~worthy].mean(), abs=0.005)
        assert one.success_ratio == pytest.approx(worthy[chosen].mean(), abs=0.014)
    # Group b answers higher than its factor scores warrant: more are selected, fewer of them deserve it.
    assert found.groups[1].selected > found.if_invariant[1].selected
    assert found.groups[1].success_ratio < found.if_invariant[1].success_ratio


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.02, 0.98), weights=st.lists(st.floats(0.1, 5), min_size=6, max_size=6))
def test_proportions_add_up_and_the_cut_returns_the_share(share, weights):
    model = MODEL

    by_share = selection_accuracy(model, share=share, weights=weights)
    by_cut = selection_accuracy(model, cut=by_share.cut, weights=weights)

    assert by_cut.share == pytest.approx(share, abs=1e-9)
    for one in (*by_share.groups, *by_share.if_invariant):
        parts = one.true_positive + one.false_positive + one.true_negative + one.false_negative
        assert parts == pytest.approx(1.0)
        assert one.true_positive + one.false_positive == pytest.approx(one.selected)
    together = by_share.shares @ [one.selected for one in by_share.groups]
    assert together == pytest.approx(share, abs=1e-9)
    deserving = by_share.shares @ [one.deserving for one in by_share.groups]
    assert deserving == pytest.approx(share, abs=1e-9)


def test_under_strict_invariance_nothing_changes():
    responses, groups = answers(500)
    model = measurement_invariance(responses, FACTOR, groups).steps[3].model

    found = selection_accuracy(model, share=0.3)

    for ours, theirs in zip(found.groups, found.if_invariant, strict=True):
        assert ours.sensitivity == pytest.approx(theirs.sensitivity, abs=1e-12)
    np.testing.assert_array_equal(macs_effect_sizes(model).dmacs, 0.0)


MODEL = partly_scalar(400, intercepts={2: 0.8}).steps[-1].model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either the share"),
        ({"share": 0.2, "cut": 3.0}, "either the share"),
        ({"share": 1.5}, "share must lie between"),
        ({"cut": 1e6}, "reached by no one"),
        ({"cut": -1e6}, "passed by everyone"),
        ({"share": 0.2, "weights": [1, 2]}, "one finite number for each of the 6 items"),
        ({"share": 0.2, "shares": [1, 0]}, "one positive number for each of the 2 groups"),
    ],
)
def test_wrong_selections_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        selection_accuracy(MODEL, **options)


def test_models_that_do_not_tie_the_groups_are_refused():
    responses, groups = answers(100)
    configural = confirmatory_factor_analysis(responses, FACTOR, groups)
    single = confirmatory_factor_analysis(responses, FACTOR)

    with pytest.raises(ValueError, match="same loading and intercept in group 'b'"):
        macs_effect_sizes(configural)
    with pytest.raises(ValueError, match="one group"):
        selection_accuracy(single, share=0.2)
    with pytest.raises(ValueError, match="nothing is held equal"):
        equality_tests(configural)
