"""Each person's derivatives of their log-likelihood, for variances that do not rest on normality."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from psychometrics._moments import row_blocks
from psychometrics._patterns import pattern_codes
from psychometrics._validation import Floats
from psychometrics.confirmatory._likelihood import by_parameter
from psychometrics.confirmatory._parameters import Layout, Moves, implied_covariances, implied_means, moves
from psychometrics.confirmatory._sample import Sample


def score_products(layout: Layout, parameters: Floats, samples: tuple[Sample, ...]) -> Floats:
    """Return the sum over people of the outer products of the derivatives by the free parameters."""
    matrices = layout.unpack(parameters)
    means, covariances = implied_means(matrices), implied_covariances(matrices)
    return sum_over_groups(layout, parameters, samples, means=means, covariances=covariances)


def sum_over_groups(
    layout: Layout, parameters: Floats, samples: tuple[Sample, ...], *, means: Floats, covariances: Floats
) -> Floats:
    """
    Return the products of derivatives weighted by the model but taken about the means and covariances given.

    With those that the model implies they are the derivatives of the log-likelihood.
    """
    matrices = layout.unpack(parameters)
    weights = implied_covariances(matrices)
    total = np.zeros((layout.n_parameters,) * 2)
    for group, sample in enumerate(samples):
        along = moves(layout.free, matrices, group)
        inside = np.zeros((len(along.parameter),) * 2)
        for scores in _scores(along, sample, weights[group], means[group], covariances[group]):
            inside += scores.T @ scores
        total += by_parameter(along, inside, len(total))
    return total


def _scores(along: Moves, sample: Sample, weight: Floats, means: Floats, covariance: Floats) -> Iterator[Floats]:
    """Yield (a'V d)(d'V b) - a'V C V b + dm'V d by people and elements; V inverts the answered part of ``weight``."""
    answered = ~np.isnan(sample.responses)
    codes = pattern_codes(answered)
    order = np.argsort(codes, kind="stable")
    for people in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        seen = answered[people[0]]
        inverse = np.linalg.inv(weight[np.ix_(seen, seen)])
        first, second, shift = along.first[:, seen], along.second[:, seen], along.means[:, seen]
        spread = inverse @ covariance[np.ix_(seen, seen)] @ inverse
        expected = ((first @ spread) * second).sum(axis=1)
        for block in row_blocks(sample.responses[people][:, seen] - means[seen]):
            scaled = block @ inverse
            yield (scaled @ first.T) * (scaled @ second.T) - expected + scaled @ shift.T
