"""Lord's chi-square and Raju's areas against difR, which calibrates with ltm."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from psychometrics.dif.item_parameters import ItemParameters, group_item_parameters
from psychometrics.dif.lord import lord_dif
from psychometrics.dif.raju import raju_areas
from tests.reference.reference_cases import cases, matrix, positions, read, vector

LORD_RAJU = cases("dif_lord_raju")
# ltm integrates over 21 Gauss-Hermite points. That is too few for slopes of 2: its 2PL estimates are off by up to .18.
COARSE = 21


def minus_log_likelihood(v, answers, nodes, weights):
    """Of the 2PL (slopes, then intercepts) under the given quadrature, with its gradient."""
    a, d = np.split(v, 2)
    linear = np.outer(nodes, a) + d
    joint = -(np.logaddexp(0, -linear) @ answers.T).T - (np.logaddexp(0, linear) @ (1 - answers).T).T + np.log(weights)
    top = joint.max(axis=1, keepdims=True)
    share = np.exp(joint - top)
    total = share.sum(axis=1, keepdims=True)
    share /= total
    left = share.T @ answers - share.sum(axis=0)[:, None] * expit(linear)
    return -(np.log(total) + top).sum(), -np.concatenate([nodes @ left, left.sum(axis=0)])


def optimum(answers, n_points):
    """Slopes, difficulties and their covariance by a general optimiser, with Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_points)
    arguments = (answers, nodes, weights / weights.sum())
    n_items = answers.shape[1]
    start = np.concatenate([np.ones(n_items), np.zeros(n_items)])
    best = minimize(minus_log_likelihood, start, arguments, jac=True, method="BFGS", options={"gtol": 1e-5}).x
    step = 1e-5 * np.eye(2 * n_items)
    rows = [minus_log_likelihood(best + h, *arguments)[1] - minus_log_likelihood(best - h, *arguments)[1] for h in step]
    covariance = np.linalg.inv(np.array(rows) / 2e-5)
    a, d = np.split(best, 2)
    pairs = np.array([covariance[np.ix_([i, n_items + i], [i, n_items + i])] for i in range(n_items)])
    jacobian = np.array([[[1, 0], [d[i] / a[i] ** 2, -1 / a[i]]] for i in range(n_items)])
    return a, -d / a, between_items(jacobian @ pairs @ np.swapaxes(jacobian, 1, 2))


def between_items(blocks):
    """The covariance of all parameters when only those within an item are known."""
    return np.einsum("ij,...iab->...iajb", np.eye(blocks.shape[-3]), blocks)


def parameters_at(responses, groups, n_points):
    slopes, difficulties, covariance = zip(*(optimum(responses[groups == g], n_points) for g in (0, 1)), strict=True)
    return ItemParameters(
        (0, 1),
        np.ones(2, int),
        np.array(slopes),
        np.array(difficulties)[:, :, None],
        np.array(covariance),
        "2PL",
        True,
    )


def reported_parameters(result, model):
    """The parameters that R printed, difficulties and standard errors, in our form."""
    table = matrix(result["par_init"])
    groups = table.reshape(2, len(table) // 2, -1)
    covariance = np.zeros((*groups.shape[:2], 2, 2))
    if model == "1PL":
        slopes, difficulties, covariance[..., 1, 1] = np.ones(groups.shape[:2]), groups[..., 0], groups[..., 1] ** 2
    else:
        slopes, difficulties = groups[..., 0], groups[..., 1]
        covariance[..., 0, 0], covariance[..., 1, 1] = groups[..., 2] ** 2, groups[..., 3] ** 2
        covariance[..., 0, 1] = covariance[..., 1, 0] = groups[..., 4]
    return ItemParameters(
        (0, 1), np.ones(2, int), slopes, difficulties[..., None], between_items(covariance), model, True
    )


def assert_equal_to_reference(parameters, case, **tolerance):
    expected, purified = case["result"], case["id"].endswith("purified")
    if "lord" in expected:
        found = lord_dif(parameters, link_error=False, purified=purified)
        np.testing.assert_allclose(found.chi2, vector(expected["lord"]), **tolerance)
        if purified and expected["par_final"] is not None:
            final = reported_parameters({"par_init": expected["par_final"]}, parameters.model)
            np.testing.assert_allclose(found.parameters.difficulties, final.difficulties, **tolerance)
    else:
        found = raju_areas(parameters, link_error=False, purified=purified)
        signed = raju_areas(parameters, link_error=False, purified=purified, kind="signed")
        np.testing.assert_allclose(found.unsigned_z, vector(expected["raju_unsigned_z"]), **tolerance)
        np.testing.assert_allclose(signed.signed_z, vector(expected["raju_signed_z"]), **tolerance)
    assert np.flatnonzero(found.flagged).tolist() == positions(expected["items"])


def model_of(case):
    return "1PL" if "1PL" in case["id"] else "2PL"


@pytest.mark.parametrize("case", [c for c in LORD_RAJU if "1PL" in c.id])
def test_one_parameter_cases_equal_reference_from_the_answers_on(case):
    responses, groups = read(case)

    parameters = group_item_parameters(responses, groups, reference=0, model="1PL", trait_sd=1.0)

    assert_equal_to_reference(parameters, case, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("case", LORD_RAJU)
def test_statistics_equal_reference_given_its_own_parameters(case):
    printed = {c.id.replace("lord", ""): c.values[0]["result"] for c in LORD_RAJU if c.id.startswith("lord")}
    parameters = reported_parameters(printed[case["id"].replace("lord", "").replace("raju", "")], model_of(case))

    assert_equal_to_reference(parameters, case, rtol=1e-6, atol=1e-9)


@pytest.fixture(scope="module")
def at_coarse_quadrature():
    """One calibration for each set of answers."""
    made = {}

    def get(case):
        responses, groups = read(case)
        key = responses.tobytes()
        if key not in made:
            made[key] = parameters_at(responses, groups, COARSE)
        return made[key]

    return get


@pytest.mark.parametrize("case", [c for c in LORD_RAJU if "2PL" in c.id])
def test_two_parameter_cases_equal_reference_at_its_coarse_quadrature(case, at_coarse_quadrature):
    """From the answers on, but integrating over ltm's 21 points."""
    assert_equal_to_reference(at_coarse_quadrature(case), case, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize(
    "case", [c for c in LORD_RAJU if c.id in ("lord_verbal_gender_2PL", "lord_verbal_do_items_2PL")]
)
def test_our_two_parameter_statistics_are_those_of_a_fine_quadrature(case):
    """R's figures differ because of its quadrature alone: the same optimiser over 121 points gives ours."""
    responses, groups = read(case)

    found = lord_dif(group_item_parameters(responses, groups, reference=0), link_error=False)
    independent = lord_dif(parameters_at(responses, groups, 121), link_error=False)

    np.testing.assert_allclose(found.chi2, independent.chi2, rtol=2e-3, atol=2e-3)
    assert np.abs(found.chi2 - vector(case["result"]["lord"])).max() > 0.05


@pytest.mark.parametrize("case", [c for c in cases("dif_multigroup") if c.id.startswith("genlord")])
def test_generalised_lord_of_three_groups_equals_reference(case):
    responses, anger = read(case)
    groups = np.where(anger <= 17, 1, np.where(anger <= 22, 2, 3))

    parameters = group_item_parameters(responses, groups, reference=1, model="1PL", trait_sd=1.0)
    found = lord_dif(parameters, link_error=False)

    np.testing.assert_allclose(found.chi2, vector(case["result"]["genLord"]), atol=1e-2, rtol=1e-2)
    assert (found.degrees_of_freedom == case["result"]["df"]).all()
    assert np.flatnonzero(found.flagged).tolist() == positions(case["result"]["items"])
