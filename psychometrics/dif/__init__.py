"""Differential functioning: do people of equal standing answer an item alike, whatever their group?

*Reference* and *focal* name the two sides; every effect is focal minus reference. Which file does what:

Observed scores, people matched on a score (`_matching`, `rest_traits`, `_ordinal`)
    two codes: `mantel_haenszel`, `breslow_day`, `standardization`, `delta_plot`; ordered codes: `polytomous`;
    several groups: `generalized`; regression: `logistic`; corrected for unreliability: `sibtest`.
Item parameters, groups put on one scale (`item_parameters`, `_linking`, `_characteristic_curves`)
    `lord`, `raju`, `likelihood_ratio`, `residuals`; regression on the trait and item parameters in turn: `hybrid`,
    `hybrid_thresholds`; Rasch: `rasch_anchors`; groups nobody named: `trees` (`_covariates`, `_fluctuation`,
    `_calibration`).
Which items may link the groups, and what differences do to scores
    `shifts`, `agreement`, `anchors`, then `impact`, `effect_sizes`, `link_uncertainty`.
Reading tests together
    `empirical_bayes` (small groups), `equivalence` (shown to be negligible), `crossed_groups`, `intersections`.
"""
