"""How every public function that takes responses is called, and the kinds of wrong input that each is given."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

import psychometrics as p
from tests.psychometrics.simulation import simulate

N_ITEMS, N_CODES, EACH = 6, 4, 150
FACTORS = {"trait": list(range(N_ITEMS))}
TWO_CODES = {
    "breslow_day",
    "caution_indices",
    "conditional_comparison",
    "conditional_model",
    "delta_plot",
    "mantel_haenszel",
    "rasch_anchor_test",
    "rasch_tree",
    "standardization",
}


@cache
def sample() -> SimpleNamespace:
    """Return answers of two groups and the models that scoring functions need."""
    made = simulate(np.random.default_rng(1), n=(EACH, EACH), n_items=N_ITEMS, n_codes=N_CODES)
    model = p.calibrate(made.responses, made.groups, reference="R", equal_slopes=True, equal_intercepts=True)
    return SimpleNamespace(
        responses=made.responses,
        groups=made.groups,
        model=model,
        scores=p.ml_scores(model),
        one_factor=p.one_factor_model(made.responses),
    )


def answers(name: str) -> np.ndarray:
    """Return right input for a function: codes 0 to 3, or 0 and 1."""
    graded = sample().responses
    return (graded > 1).astype(np.float64) if name in TWO_CODES else graded.copy()


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def doubled(x: Any) -> Any:
    """Return each item with its opposite beside it, so that there are antonyms to find."""
    x = np.asarray(x)
    return np.concatenate([x, 3 - x], axis=-1) if x.dtype.kind == "f" else x


HALF = np.arange(2 * EACH) >= EACH
ONES = np.ones((2 * EACH, N_ITEMS))
EVEN = np.full((2 * EACH, N_ITEMS, N_CODES), 1 / N_CODES)

# The call of each function with responses x and group labels g.
WITH_GROUPS = {
    "alignment": lambda x, g: p.alignment(x, g, rng=rng()),
    "breslow_day": lambda x, g: p.breslow_day(x, g, focal="F"),
    "calibrate": p.calibrate,
    "conditional_comparison": p.conditional_comparison,
    "careless_rates": lambda x, g: p.careless_rates(x, g, reversed_items=[True, False] * 3, code_sums=[3] * N_ITEMS),
    "confirmatory_factor_analysis": lambda x, g: p.confirmatory_factor_analysis(x, FACTORS, g),
    "delta_plot": lambda x, g: p.delta_plot(x, g, focal="F"),
    "differential_skipping": p.differential_skipping,
    "equal_alphas": p.equal_alphas,
    "equal_omegas": p.equal_omegas,
    "generalized_mantel_haenszel": lambda x, g: p.generalized_mantel_haenszel(x, g, reference="R"),
    "group_item_parameters": lambda x, g: p.group_item_parameters(x, g, reference="R"),
    "hybrid_dif": lambda x, g: p.hybrid_dif(x, g, reference="R"),
    "likelihood_ratio_dif": lambda x, g: p.likelihood_ratio_dif(x, g, reference="R", tolerance=1e-3),
    "logistic_dif": lambda x, g: p.logistic_dif(x, g, reference="R"),
    "mantel": lambda x, g: p.mantel(x, g, focal="F"),
    "mantel_haenszel": lambda x, g: p.mantel_haenszel(x, g, focal="F"),
    "measurement_invariance": lambda x, g: p.measurement_invariance(x, FACTORS, g),
    "ordinal_factor_analysis": lambda x, g: p.ordinal_factor_analysis(x, FACTORS, g),
    "ordinal_invariance": lambda x, g: p.ordinal_invariance(x, FACTORS, g),
    "rasch_anchor_test": lambda x, g: p.rasch_anchor_test(x, g, reference="R"),
    "residual_dif": lambda x, g: p.residual_dif(x, g, focal="F"),
    "sibtest": lambda x, g: p.sibtest(x, g, focal="F"),
    "standardization": lambda x, g: p.standardization(x, g, focal="F"),
}
# Here groups come by name, as covariates or as characteristics to cross.
WITH_NAMED_GROUPS = {
    "intersectional_dif": lambda x, g: p.intersectional_dif(x, {"one": g, "other": g}),
    "rasch_tree": lambda x, g: p.rasch_tree(x, {"group": g}),
}
# Scores from a model: the groups say whose distribution a person is compared with, so any number of them will do.
BY_A_MODEL = {
    "eap_scores": lambda x, g: p.eap_scores(sample().model, x, g),
    "map_scores": lambda x, g: p.map_scores(sample().model, x, g),
    "ml_scores": lambda x, g: p.ml_scores(sample().model, x, g),
    "person_likelihood_fit": lambda x, g: p.person_likelihood_fit(sample().model, sample().scores, x, g),
    "plausible_values": lambda x, g: p.plausible_values(sample().model, x, g, rng=rng()),
    "rest_traits": lambda x, g: p.rest_traits(sample().model, x, g),
    "wle_scores": lambda x, g: p.wle_scores(sample().model, x, g),
}
WITHOUT_GROUPS = {
    "categorical_omega": lambda x, _: p.categorical_omega(x),
    "caution_indices": lambda x, _: p.caution_indices(x),
    "conditional_errors": lambda x, _: p.conditional_errors(x),
    "conditional_model": lambda x, _: p.conditional_model(x),
    "cronbach_alpha": lambda x, _: p.cronbach_alpha(x),
    "even_odd_consistency": lambda x, _: p.even_odd_consistency(x, [[0, 1], [2, 3], [4, 5]]),
    "guttman_fit": lambda x, _: p.guttman_fit(x),
    "guttman_lambdas": lambda x, _: p.guttman_lambdas(x),
    "hierarchical_omega": lambda x, _: p.hierarchical_omega(x),
    "intra_individual_variability": lambda x, _: p.intra_individual_variability(x),
    "item_statistics": lambda x, _: p.item_statistics(x),
    "likelihood_fit": lambda x, _: p.likelihood_fit(x, EVEN, EVEN / 10),
    "longstring": lambda x, _: p.longstring(x),
    "mahalanobis_distance": lambda x, _: p.mahalanobis_distance(x),
    "mcdonald_omega": lambda x, _: p.mcdonald_omega(x),
    "one_factor_chi2": lambda x, _: p.one_factor_chi2(x, sample().one_factor),
    "one_factor_influence": lambda x, _: p.one_factor_influence(x, sample().one_factor, np.ones(3 * N_ITEMS)),
    "one_factor_model": lambda x, _: p.one_factor_model(x),
    "ordinal_alpha": lambda x, _: p.ordinal_alpha(x),
    "parallel_analysis": lambda x, _: p.parallel_analysis(x, rng=rng(), n_resamples=20),
    "person_total_correlation": lambda x, _: p.person_total_correlation(x),
    "polychoric_covariance": lambda x, _: p.polychoric_covariance(x),
    "polychoric_correlations": lambda x, _: p.polychoric_correlations(x),
    "psychometric_antonyms": lambda x, _: p.psychometric_antonyms(doubled(x), critical=-0.5),
    "psychometric_synonyms": lambda x, _: p.psychometric_synonyms(x, critical=0.2),
    "skipping_impact": lambda x, _: p.skipping_impact(x, HALF, np.where(HALF, 0.5, -0.5), ONES, scale_sd=1.0),
    "split_halves": lambda x, _: p.split_halves(x),
}
CALLS = WITH_GROUPS | WITH_NAMED_GROUPS | BY_A_MODEL | WITHOUT_GROUPS
