"""
Scaling factors of the chi-square for answers that are not normal.

A factor c makes chi2 / c have the mean of a chi-square. Satorra & Bentler (1994): c = tr(U Gamma) / df with
U = W - W D (D'W D)^-1 D'W, D the derivatives of the moments, Gamma their variance and W their normal information.
Yuan & Bentler (2000, Sociological Methodology 30, 165-200), as Asparouhov & Muthen (2005) compute it:
c = (tr(B1 A1^-1) - tr(B0 A0^-1)) / df with observed information A and products of scores B, without a model (1) and
with it (0).
"""

from __future__ import annotations

import numpy as np

from psychometrics._moments import row_blocks
from psychometrics._validation import Floats
from psychometrics.confirmatory._fit import Fitted, Samples, saturated_layout
from psychometrics.confirmatory._likelihood import likelihood_point
from psychometrics.confirmatory._parameters import implied_covariances, jacobian
from psychometrics.confirmatory._sample import Sample
from psychometrics.confirmatory._scores import score_products, sum_over_groups


def trace_of(products: Floats, information: Floats) -> float:
    return float(np.trace(np.linalg.solve(information, products)))


def yuan_bentler_trace(model: Fitted) -> float:
    """Return tr(B0 A0^-1), the part of the model in the sum that becomes the scaling factor."""
    products = score_products(model.layout, model.parameters, model.samples)
    return trace_of(products, model.information(expected=False))


def unrestricted_trace(samples: Samples, *, mean_structure: bool) -> float:
    """Return tr(B1 A1^-1), the part of the moments without a model."""
    return sum(_trace(sample, mean_structure) for sample in samples)


def _trace(sample: Sample, mean_structure: bool) -> float:
    if sample.complete:
        means = len(sample.means) if mean_structure else 0
        return _normal_trace(sample, sample.covariance) + means
    return trace_of(_unrestricted_products(sample), _unrestricted_information(sample))


def _unrestricted_information(sample: Sample) -> Floats:
    """Return the observed information about covariances (lower triangle, by rows) and means of one group."""
    layout = saturated_layout((sample,), mean_structure=True)
    point = likelihood_point(layout, layout.start(), (sample,))
    if point is None:
        raise ValueError("the unrestricted covariance matrix is not positive definite")
    return point.information


def _unrestricted_products(sample: Sample) -> Floats:
    layout = saturated_layout((sample,), mean_structure=True)
    return score_products(layout, layout.start(), (sample,))


def _normal_trace(sample: Sample, covariance: Floats) -> float:
    """Return tr(W Gamma) of covariances, W the normal information at ``covariance``; needs no matrix of moments."""
    inverse = np.linalg.inv(covariance)
    fourth = sum(
        float(np.sum(((block @ inverse) * block).sum(axis=1) ** 2))
        for block in row_blocks(sample.responses - sample.means)
    )
    ratio = inverse @ sample.covariance
    return 0.5 * (fourth / sample.n - float(np.sum(ratio * ratio.T)))


def satorra_bentler_trace(model: Fitted, *, mean_structure: bool) -> float:
    """Return tr(U Gamma), weights from the model, Gamma from the people; complete answers only."""
    covariances = implied_covariances(model.matrices)
    total = 0.0
    for sample, covariance in zip(model.samples, covariances, strict=True):
        total += _normal_trace(sample, covariance)
        if mean_structure:
            total += trace_of(sample.covariance, covariance)
    return total - trace_of(sample_products(model), model.information(expected=True))


def sample_products(model: Fitted) -> Floats:
    """Return D'W Gamma W D over all people, W from the model and Gamma about the observed moments."""
    means = np.array([sample.means for sample in model.samples])
    observed = np.array([sample.covariance for sample in model.samples])
    return sum_over_groups(model.layout, model.parameters, model.samples, means=means, covariances=observed)


def corrected_for_gaps(model: Fitted) -> tuple[float, float]:
    """
    Return the chi-square that the full-information estimates would have without gaps, and its expectation.

    Zhang & Savalei (2023, Psychological Methods 28, 263-283), their third version: the complete-data discrepancy
    between unrestricted and implied moments, and k = tr(R'Wc R Gamma), R = I - D (D'W D)^-1 D'W, with W the observed
    information of the unrestricted moments, Wc the same had nobody skipped, Gamma their sandwich variance.
    """
    complete = tuple(sample.as_if_complete() for sample in model.samples)
    means, covariances = jacobian(model.layout, model.matrices)
    weights, without_gaps, variances, slopes = [], [], [], []
    for group, sample in enumerate(model.samples):
        weights.append(_unrestricted_information(sample))
        inverse = np.linalg.inv(weights[-1])
        without_gaps.append(_unrestricted_information(complete[group]))
        variances.append(inverse @ _unrestricted_products(sample) @ inverse)
        slopes.append(np.vstack([covariances[group], means[group]]))
    inside = sum(slope.T @ weight @ slope for slope, weight in zip(slopes, weights, strict=True))
    point = likelihood_point(model.layout, model.parameters, complete)
    if point is None:
        raise ValueError("the estimates imply a covariance matrix that is not positive definite")
    chi2 = 2.0 * (sum(sample.log_likelihood for sample in complete) - point.value)
    return chi2, _expectation(slopes, weights, without_gaps, variances, inside)


def _expectation(
    slopes: list[Floats], weights: list[Floats], without_gaps: list[Floats], variances: list[Floats], inside: Floats
) -> float:
    """Return tr(R'Wc R Gamma) for block matrices; R couples the groups through equal parameters."""
    # With P = D (D'W D)^-1 D'W the trace is tr(Wc Gamma) - 2 tr(Wc P Gamma) + tr(P'Wc P Gamma).
    total, crossed, inner, outer = 0.0, 0.0, np.zeros_like(inside), np.zeros_like(inside)
    for slope, weight, wide, variance in zip(slopes, weights, without_gaps, variances, strict=True):
        weighted = weight @ slope
        total += float(np.sum(wide * variance))
        crossed += trace_of(weighted.T @ variance @ wide @ slope, inside)
        inner += slope.T @ wide @ slope
        outer += weighted.T @ variance @ weighted
    both = np.linalg.solve(inside, inner) @ np.linalg.solve(inside, outer)
    return total - 2.0 * crossed + float(np.trace(both))
