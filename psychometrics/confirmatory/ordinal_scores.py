"""Score tests of what a model of ordered answers holds equal or fixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychometrics._validation import Floats
from psychometrics.confirmatory._ladder import Place
from psychometrics.confirmatory.modification import released
from psychometrics.confirmatory.ordinal_estimation import Estimated
from psychometrics.confirmatory.ordinal_implied import statistics_jacobian


@dataclass(frozen=True)
class ScoreTests:
    """One statistic with one degree of freedom, and the expected change, for each element; nan where not identified."""

    chi2: Floats
    expected_change: Floats


def score_tests(model: Estimated, elements: list[Place]) -> ScoreTests:
    """
    Test letting each element go alone, everything else held as it is.

    The statistic is robust: a chi-square whatever the weights (Satorra, 1989, Psychometrika 54, 131-151, for
    discrepancies that are not asymptotically optimal).
    """
    data, known = model.data, model.layout.n_parameters
    wide = released(model.layout, elements)
    own = statistics_jacobian(wide, model.matrices, data.used, model.parameterisation)[:, :, known:]
    share = data.share[:, None, None]
    weighted = data.weights[:, :, None] * own
    crossed = np.einsum("gsp,gsc->pc", model.jacobian, share * weighted, optimize=True)
    # What is left of an element's direction when the free parameters have followed it as far as they can.
    left = own - model.jacobian @ (model.bread @ crossed)
    weighted_left = data.weights[:, :, None] * left
    information = np.sum(share * left * weighted_left, axis=(0, 1))
    variance = np.sum(share * weighted_left * (data.covariance @ weighted_left), axis=(0, 1))
    score = np.einsum("gsc,gs->c", share * weighted_left, model.residuals, optimize=True)
    told = information > 1e-8 * np.sum(share * own * weighted, axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        chi2 = np.where(told, data.n * score**2 / variance, np.nan)
        return ScoreTests(chi2, np.where(told, score / information, np.nan))
