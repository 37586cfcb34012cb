"""Lord's test and Raju's areas: independent computations, properties, missing answers, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import chdtrc, expit

from psychometrics import ItemParameters, group_item_parameters, lord_dif, raju_areas
from psychometrics.dif._linking import linked
from tests.psychometrics.simulation import simulate


def made_parameters(seed, n_groups=2, n_items=6, n_difficulties=1):
    """Plausible parameters with plausible covariances."""
    rng = np.random.default_rng(seed)
    shape = (n_groups, n_items)
    slopes = rng.uniform(0.8, 2.0, shape)
    difficulties = np.sort(rng.normal(size=(*shape, n_difficulties)), axis=2)
    root = rng.normal(0, 0.1, (*shape, 1 + n_difficulties, 1 + n_difficulties))
    blocks = root @ np.swapaxes(root, -1, -2) + 0.01 * np.eye(1 + n_difficulties)
    covariance = np.einsum("ij,giab->giajb", np.eye(n_items), blocks)
    n = np.full(n_groups, 300)
    return ItemParameters(tuple(range(n_groups)), n, slopes, difficulties, covariance, "2PL", True)


@pytest.fixture(scope="module")
def binary():
    return simulate(np.random.default_rng(3), n=(900, 900), n_items=12, n_codes=2, n_shifted=2, shift=1.0, mean=-0.5)


@pytest.fixture(scope="module")
def parameters(binary):
    return group_item_parameters(binary.responses, binary.groups, reference="R")


def test_areas_equal_numerical_integrals_and_standard_errors_numerical_derivatives(parameters):
    found = raju_areas(parameters, link_error=False)
    placed = found.parameters
    joint = linked(parameters, np.ones(12, dtype=bool), link_error=False).covariance

    def areas(slopes, difficulties):
        def difference(t):
            return expit(slopes[0] * (t - difficulties[0])) - expit(slopes[1] * (t - difficulties[1]))

        options = {"limit": 400, "epsabs": 1e-10}
        return np.array(
            [quad(difference, -60, 60, **options)[0], quad(lambda t: abs(difference(t)), -60, 60, **options)[0]]
        )

    for item in (0, 4):
        slopes, difficulties = placed.slopes[:, item], placed.difficulties[:, item, 0]
        steps = 1e-4 * np.eye(2)
        by = [
            [(areas(slopes + h, difficulties) - areas(slopes - h, difficulties)) / 2e-4 for h in steps],
            [(areas(slopes, difficulties + h) - areas(slopes, difficulties - h)) / 2e-4 for h in steps],
        ]
        variance = sum(
            np.array([by[0][g], by[1][g]]).T @ joint[item, g, :, g] @ np.array([by[0][g], by[1][g]]) for g in (0, 1)
        )

        np.testing.assert_allclose(
            [found.signed_area[item], found.unsigned_area[item]], areas(slopes, difficulties), rtol=1e-6
        )
        np.testing.assert_allclose(
            [found.signed_se[item], found.unsigned_se[item]], np.sqrt(np.diag(variance)), rtol=1e-3
        )


def test_chi_square_equals_the_textbook_form_item_by_item():
    parameters = made_parameters(1, n_difficulties=3)

    found = lord_dif(parameters, link_error=False)

    spread = parameters.difficulties.std(axis=(1, 2), ddof=1)
    stretch = np.array([spread[1] / spread[0], *[spread[0] / spread[1]] * 3])
    for item in range(6):
        difference = found.parameters.vectors[1, item] - found.parameters.vectors[0, item]
        reference, focal = parameters.covariance[:, item, :, item]
        total = reference + focal * np.outer(stretch, stretch)
        assert found.chi2[item] == pytest.approx(difference @ np.linalg.inv(total) @ difference)
        assert found.p[item] == pytest.approx(chdtrc(4, found.chi2[item]))


@pytest.mark.parametrize("model", ["1PL", "2PL"])
def test_the_error_of_the_link_equals_numerical_derivatives(model):
    parameters = replace(made_parameters(2, n_groups=3, n_items=4), model=model)
    anchors = np.array([True, True, True, False])
    sizes = parameters.vectors.shape

    def placed(flat):
        moved = flat.reshape(sizes)
        source = replace(parameters, slopes=moved[..., 0], difficulties=moved[..., 1:])
        return linked(source, anchors, link_error=False).parameters.vectors.ravel()

    flat = parameters.vectors.ravel()
    jacobian = np.array([(placed(flat + h) - placed(flat - h)) / 2e-5 for h in 1e-5 * np.eye(len(flat))]).T
    source = np.einsum("gh,giajb->giahjb", np.eye(3), parameters.covariance).reshape(len(flat), len(flat))
    expected = (jacobian @ source @ jacobian.T).reshape(*sizes, *sizes)

    found = linked(parameters, anchors, link_error=True).covariance

    for item in range(4):
        np.testing.assert_allclose(found[item], expected[:, item, :, :, item], atol=1e-8)


@given(st.integers(0, 1000), st.floats(0.5, 2.0), st.floats(-1.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_neither_the_focal_scale_nor_the_order_of_items_matters(seed, scale, shift):
    parameters = made_parameters(seed, n_groups=3)
    stretch = np.array([1 / scale, scale])
    moved = replace(
        parameters,
        slopes=parameters.slopes * np.array([1, 1 / scale, 1])[:, None],
        difficulties=np.stack([parameters.difficulties[0], parameters.difficulties[1] * scale + shift,
                               parameters.difficulties[2]]),
        covariance=parameters.covariance * np.stack([np.ones((2, 1, 2)), np.outer(stretch, stretch)[:, None],
                                                      np.ones((2, 1, 2))])[:, None],
    )  # fmt: skip
    turned = replace(
        parameters,
        slopes=parameters.slopes[:, ::-1],
        difficulties=parameters.difficulties[:, ::-1],
        covariance=parameters.covariance[:, ::-1, :, ::-1],
    )

    found = lord_dif(parameters)
    known = lord_dif(parameters, link_error=False)

    np.testing.assert_allclose(lord_dif(moved, link_error=False).chi2, known.chi2, rtol=1e-6)
    np.testing.assert_allclose(lord_dif(moved).chi2, found.chi2, rtol=1e-6)
    np.testing.assert_allclose(lord_dif(turned).chi2, found.chi2[::-1], rtol=1e-8)
    assert (found.chi2 >= 0).all()


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_unsigned_area_is_never_smaller_than_the_signed_one(seed):
    found = raju_areas(made_parameters(seed))

    assert (found.unsigned_area >= np.abs(found.signed_area) - 1e-12).all()


def test_equal_slopes_give_the_same_area_but_for_the_sign():
    parameters = made_parameters(5)
    slopes = np.repeat(parameters.slopes[:1], 2, axis=0)
    slopes[1, 0] += 1e-9
    spread = parameters.difficulties[0].std() / parameters.difficulties[1].std()
    parameters = replace(
        parameters, slopes=slopes, difficulties=parameters.difficulties * np.array([1, spread])[:, None, None]
    )

    found = raju_areas(parameters)

    np.testing.assert_allclose(found.unsigned_area, np.abs(found.signed_area), atol=1e-6)
    np.testing.assert_allclose(np.abs(found.unsigned_z), np.abs(found.signed_z), rtol=1e-4)


def test_anchors_of_equal_difficulty_give_no_scale():
    made = made_parameters(4)
    equal = made.difficulties.copy()
    equal[1] = 0.5

    with pytest.raises(ValueError, match="spread gives no scale"):
        lord_dif(replace(made, difficulties=equal))


def test_the_distance_of_two_anchors_is_set_by_the_link_and_has_no_test():
    made = made_parameters(4)
    made = replace(made, difficulties=np.sort(made.difficulties, axis=1))

    found = raju_areas(made, kind="signed", anchors=[0, 3])

    np.testing.assert_allclose(found.signed_area[[0, 3]], 0, atol=1e-12)
    assert np.isnan(found.signed_se[[0, 3]]).all()
    assert np.isnan(found.p[[0, 3]]).all()
    assert np.isfinite(found.p[[1, 2, 4, 5]]).all()


def test_items_made_to_differ_are_found_and_harder(binary, parameters):
    lord = lord_dif(parameters, purified=True, significance=0.001)
    raju = raju_areas(parameters, kind="signed", purified=True, significance=0.001)

    np.testing.assert_array_equal(lord.flagged, binary.differs)
    np.testing.assert_array_equal(lord.anchors, ~binary.differs)
    np.testing.assert_array_equal(raju.flagged, binary.differs)
    assert (raju.signed_area[binary.differs] > 0.6).all()
    assert lord.converged


def test_one_parameter_areas_are_differences_of_difficulty(binary):
    parameters = group_item_parameters(binary.responses, binary.groups, reference="R", model="1PL")

    found = raju_areas(parameters)
    lord = lord_dif(parameters)

    np.testing.assert_allclose(np.abs(found.unsigned_z), np.abs(found.signed_z))
    np.testing.assert_allclose(lord.chi2, found.signed_z**2)
    assert (lord.degrees_of_freedom == 1).all()


def test_items_with_different_numbers_of_codes_have_their_own_degrees_of_freedom():
    made = simulate(np.random.default_rng(4), n=(500, 500), n_codes=4, n_shifted=2, shift=1.0)
    responses = made.responses.copy()
    responses[:, 0] = responses[:, 0] > 1

    found = lord_dif(group_item_parameters(responses, made.groups, reference="R"), purified=True)

    assert found.degrees_of_freedom.tolist() == [2] + [4] * 9
    assert found.flagged[made.differs].all()


def test_missing_answers_are_used_as_far_as_they_go(binary, parameters):
    responses = binary.responses.copy()
    responses[np.random.default_rng(0).random(responses.shape) < 0.15] = np.nan

    found = group_item_parameters(responses, binary.groups, reference="R")

    assert found.n.tolist() == [900, 900]
    assert np.abs(found.difficulties - parameters.difficulties).mean() < 0.1
    variances, complete = (np.einsum("giaia->gia", x.covariance) for x in (found, parameters))
    assert (variances > 0).all()
    assert variances.mean() > complete.mean()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "3PL"}, "model must be one of"),
        ({"trait_sd": 1.0}, "model='1PL' only"),
        ({"model": "1PL", "trait_sd": -1.0}, "positive number"),
        ({"reference": "Q"}, "not among the labels"),
    ],
)
def test_wrong_calibration_is_refused(binary, options, message):
    with pytest.raises(ValueError, match=message):
        group_item_parameters(binary.responses, binary.groups, **{"reference": "R", **options})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, g: (x + 0.5, g), "whole-number codes"),
        (lambda x, g: (x, np.full(len(g), "R")), "at least 2"),
        (lambda x, g: (x * np.nan, g), "no answer at all"),
        (lambda x, g: (np.where(np.arange(x.shape[1]) == 3, 1, x), g), "item 3"),
    ],
)
def test_wrong_answers_are_refused(binary, change, message):
    responses, groups = change(binary.responses, binary.groups)

    with pytest.raises(ValueError, match=message):
        group_item_parameters(responses, groups, reference="R")


def test_tests_refuse_what_they_cannot_compare(parameters):
    with pytest.raises(ValueError, match="between two groups"):
        raju_areas(made_parameters(0, n_groups=3))
    with pytest.raises(ValueError, match="two codes"):
        raju_areas(made_parameters(0, n_difficulties=2))
    with pytest.raises(ValueError, match="at least two groups"):
        lord_dif(made_parameters(0, n_groups=1))
    with pytest.raises(ValueError, match="at least two difficulties"):
        lord_dif(parameters, anchors=[0])
    with pytest.raises(ValueError, match="not both"):
        lord_dif(parameters, anchors=[0, 1], purified=True)
