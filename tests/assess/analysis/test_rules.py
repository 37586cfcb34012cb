"""Published figures and their bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import pearsonr

from assess.analysis.rules import bonett_interval, fisher_interval, published_coefficients
from assess.instruments.catalogue import load_catalogue
from assess.paths import INSTRUMENTS
from psychometrics.reliability import _intervals


@pytest.mark.parametrize(("alpha", "n", "n_items"), [(0.833, 5070, 8), (0.7, 100, 4), (0.2, 30, 2), (-0.4, 50, 10)])
def test_the_bound_of_a_published_alpha_is_that_of_the_package(alpha, n, n_items):
    assert bonett_interval(alpha, n, n_items) == pytest.approx(_intervals.bonett(alpha, n, n_items, 0.95))


def test_the_interval_of_a_retest_correlation_is_that_of_scipy():
    x = np.random.default_rng(1).standard_normal((2, 103))
    found = pearsonr(x[0], x[0] + x[1])

    assert fisher_interval(found.statistic, 103) == pytest.approx(found.confidence_interval(0.95))


@pytest.mark.parametrize("figures", [(1.0, 100, 5), (0.8, 2, 5), (0.8, 100, 1), (math.nan, 100, 5)])
def test_a_figure_that_allows_no_bound_has_none(figures):
    assert all(math.isnan(bound) for bound in bonett_interval(*figures))


def test_published_figures_are_those_of_exactly_this_language_the_largest_study_first():
    phq8 = load_catalogue(INSTRUMENTS).latest("phq-8")

    english = published_coefficients(phq8, "total", "en")

    assert english
    assert [entry.n or 0 for entry in english] == sorted((entry.n or 0 for entry in english), reverse=True)
    assert all(entry.language == "en" for entry in english)
    assert published_coefficients(phq8, "total", "xx") == ()
