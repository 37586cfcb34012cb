"""Signs of careless answering against careless and psych."""

import numpy as np
import pytest

from psychometrics.careless import (
    even_odd_consistency,
    intra_individual_variability,
    longstring,
    mahalanobis_distance,
    person_total_correlation,
    psychometric_antonyms,
    psychometric_synonyms,
)
from tests.reference.reference_cases import cases, read, vector


@pytest.mark.parametrize("case", cases("careless"))
def test_careless_indices_equal_careless(case):
    responses, _ = read(case)
    expected = case["result"]
    complete = ~np.isnan(responses).any(axis=1)
    scales = np.split(np.arange(responses.shape[1]), np.cumsum(expected["evenodd_factors"])[:-1])

    runs, parts = longstring(responses), intra_individual_variability(responses, parts=5)

    np.testing.assert_array_equal(runs.longest, expected["longstring"]["longstr"])
    for found, values in (
        (runs.average, expected["longstring"]["avgstr"]),
        (intra_individual_variability(responses)[:, 0], expected["irv"]),
        *((parts[:, at], expected["irv_split"][f"irv{at + 1}"]) for at in range(5)),
        # careless turns the sign: high means careless there.
        (-even_odd_consistency(responses, scales), expected["evenodd"]),
        (mahalanobis_distance(responses, gaps="mean").squared, expected["mahad"]["d_sq"]),
        (psychometric_synonyms(responses, critical=0.4).correlation, expected["psychsyn"]),
        (psychometric_antonyms(responses, critical=-0.3).correlation, expected["psychant"]),
        (person_total_correlation(responses, exclude_self=False), expected["person_total"]),
        (person_total_correlation(responses), expected["person_total_excluding_self"]),
    ):
        np.testing.assert_allclose(found, vector(values), rtol=1e-8, atol=1e-12)
    by_complete = vector(expected["mahalanobis_complete_rows"])[complete]
    np.testing.assert_allclose(mahalanobis_distance(responses[complete]).squared, by_complete, rtol=1e-8)
