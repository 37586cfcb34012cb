"""The chi-square difference of two nested models, scaled where their chi-squares are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psychometrics.confirmatory._fit import Fitted, fit_layout
from psychometrics.confirmatory._likelihood import likelihood_point
from psychometrics.confirmatory._measures import Comparisons
from psychometrics.confirmatory._parameters import implied_covariances, implied_means


def chi2_difference(general: Fitted, restricted: Fitted, compared: Comparisons) -> tuple[float, str]:
    """
    Return the difference and the name of the method.

    Scaled chi-squares do not subtract: the difference of the plain ones is divided by
    c = (df0 c0 - df1 c1) / (df0 - df1), where df c is what each is expected to be (Satorra & Bentler, 2001,
    Psychometrika 66, 507-514). Where that is not positive, c1 is taken at the restricted estimates (2010, Psychometrika
    75, 243-248).
    """
    plain = restricted.chi2 - general.chi2
    if general.estimator not in ("MLR", "MLM"):
        return max(plain, 0.0), "likelihood ratio"
    df = compared.df(restricted) - compared.df(general)
    if df == 0:
        return 0.0, "nothing to test"
    expected = compared.expectation(restricted)
    factor, method = (expected - compared.expectation(general)) / df, "Satorra & Bentler (2001)"
    if factor <= 0:
        factor, method = (expected - compared.expectation(_at(general, restricted))) / df, "Satorra & Bentler (2010)"
    return max(plain / factor, 0.0) if factor > 0 else np.nan, method


def _at(general: Fitted, restricted: Fitted) -> Fitted:
    """Return the general model with the parameters that imply the moments of the restricted one."""
    means, covariances = implied_means(restricted.matrices), implied_covariances(restricted.matrices)
    implied = tuple(
        replace(sample, means=mean, covariance=covariance).as_if_complete()
        for sample, mean, covariance in zip(general.samples, means, covariances, strict=True)
    )
    parameters = fit_layout(replace(general.layout, values=general.matrices), implied, "ML").parameters
    point = likelihood_point(general.layout, parameters, general.samples)
    return replace(general, parameters=parameters, point=point or general.point)
