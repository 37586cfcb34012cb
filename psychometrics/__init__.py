"""
Statistics about questionnaires, on arrays.

Responses are people by items, nan where an answer is missing; groups are plain labels. Results are frozen
dataclasses at full precision with n, interval, method and what was done about missing answers.

Names are imported when first used, so that ``psychometrics.change`` needs nothing but the standard library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names once more, for type checkers; a test compares the two
    from psychometrics._multiple_testing import benjamini_hochberg as benjamini_hochberg
    from psychometrics.agreement import Agreement as Agreement
    from psychometrics.agreement import IntraclassCorrelation as IntraclassCorrelation
    from psychometrics.agreement import intraclass_correlations as intraclass_correlations
    from psychometrics.audit.groups import GroupReliability as GroupReliability
    from psychometrics.audit.items import ItemDif as ItemDif
    from psychometrics.audit.pairs import Impact as Impact
    from psychometrics.audit.pairs import PairAudit as PairAudit
    from psychometrics.audit.scale import Audit as Audit
    from psychometrics.audit.scale import GroupingAudit as GroupingAudit
    from psychometrics.careless import LongString as LongString
    from psychometrics.careless import MahalanobisDistance as MahalanobisDistance
    from psychometrics.careless import SynonymConsistency as SynonymConsistency
    from psychometrics.careless import even_odd_consistency as even_odd_consistency
    from psychometrics.careless import intra_individual_variability as intra_individual_variability
    from psychometrics.careless import longstring as longstring
    from psychometrics.careless import mahalanobis_distance as mahalanobis_distance
    from psychometrics.careless import person_total_correlation as person_total_correlation
    from psychometrics.careless import psychometric_antonyms as psychometric_antonyms
    from psychometrics.careless import psychometric_synonyms as psychometric_synonyms
    from psychometrics.careless import rapid_answers as rapid_answers
    from psychometrics.careless_by_group import CarelessRates as CarelessRates
    from psychometrics.careless_by_group import CarelessShare as CarelessShare
    from psychometrics.careless_by_group import careless_rates as careless_rates
    from psychometrics.change import ReliableChange as ReliableChange
    from psychometrics.change import TrueScore as TrueScore
    from psychometrics.change import difference_reliability as difference_reliability
    from psychometrics.change import kelley_true_score as kelley_true_score
    from psychometrics.change import minimal_detectable_change as minimal_detectable_change
    from psychometrics.change import reliable_change as reliable_change
    from psychometrics.change import standard_error_of_difference as standard_error_of_difference
    from psychometrics.change import standard_error_of_estimation as standard_error_of_estimation
    from psychometrics.change import standard_error_of_measurement as standard_error_of_measurement
    from psychometrics.change import standard_error_of_prediction as standard_error_of_prediction
    from psychometrics.clinical_significance import ClinicalCutoffs as ClinicalCutoffs
    from psychometrics.clinical_significance import change_by_regression as change_by_regression
    from psychometrics.clinical_significance import clinical_change as clinical_change
    from psychometrics.clinical_significance import clinical_cutoffs as clinical_cutoffs
    from psychometrics.confirmatory._invariance_result import FreedParameter as FreedParameter
    from psychometrics.confirmatory._invariance_result import InvarianceStep as InvarianceStep
    from psychometrics.confirmatory._invariance_result import MeasurementInvariance as MeasurementInvariance
    from psychometrics.confirmatory._invariance_result import ModelChange as ModelChange
    from psychometrics.confirmatory.alignment import Alignment as Alignment
    from psychometrics.confirmatory.alignment import align_estimates as align_estimates
    from psychometrics.confirmatory.alignment import alignment as alignment
    from psychometrics.confirmatory.fit_measures import FitMeasures as FitMeasures
    from psychometrics.confirmatory.fit_measures import ScaledFit as ScaledFit
    from psychometrics.confirmatory.invariance import measurement_invariance as measurement_invariance
    from psychometrics.confirmatory.macs import MacsEffectSizes as MacsEffectSizes
    from psychometrics.confirmatory.macs import macs_effect_sizes as macs_effect_sizes
    from psychometrics.confirmatory.model import FactorModel as FactorModel
    from psychometrics.confirmatory.model import confirmatory_factor_analysis as confirmatory_factor_analysis
    from psychometrics.confirmatory.modification import EqualityTests as EqualityTests
    from psychometrics.confirmatory.modification import ModificationIndex as ModificationIndex
    from psychometrics.confirmatory.modification import equality_tests as equality_tests
    from psychometrics.confirmatory.modification import modification_indices as modification_indices
    from psychometrics.confirmatory.ordinal import OrdinalFactorModel as OrdinalFactorModel
    from psychometrics.confirmatory.ordinal import ordinal_factor_analysis as ordinal_factor_analysis
    from psychometrics.confirmatory.ordinal_invariance import ordinal_invariance as ordinal_invariance
    from psychometrics.confirmatory.ordinal_scores import ordinal_equality_tests as ordinal_equality_tests
    from psychometrics.confirmatory.ordinal_scores import (
        ordinal_modification_indices as ordinal_modification_indices,
    )
    from psychometrics.confirmatory.selection import GroupSelection as GroupSelection
    from psychometrics.confirmatory.selection import SelectionAccuracy as SelectionAccuracy
    from psychometrics.confirmatory.selection import selection_accuracy as selection_accuracy
    from psychometrics.confirmatory.standardized import StandardizedSolution as StandardizedSolution
    from psychometrics.confirmatory.standardized import standardized_solution as standardized_solution
    from psychometrics.dif.anchors import AnchorChoice as AnchorChoice
    from psychometrics.dif.anchors import select_by_median as select_by_median
    from psychometrics.dif.anchors import select_by_mode as select_by_mode
    from psychometrics.dif.anchors import select_rival as select_rival
    from psychometrics.dif.breslow_day import BreslowDay as BreslowDay
    from psychometrics.dif.breslow_day import breslow_day as breslow_day
    from psychometrics.dif.crossed_groups import CrossedGroups as CrossedGroups
    from psychometrics.dif.crossed_groups import crossed_groups as crossed_groups
    from psychometrics.dif.delta_plot import DeltaPlot as DeltaPlot
    from psychometrics.dif.delta_plot import delta_plot as delta_plot
    from psychometrics.dif.effect_sizes import MeadeEffectSizes as MeadeEffectSizes
    from psychometrics.dif.effect_sizes import ResponseFunctionDifferences as ResponseFunctionDifferences
    from psychometrics.dif.effect_sizes import meade_effect_sizes as meade_effect_sizes
    from psychometrics.dif.effect_sizes import response_function_differences as response_function_differences
    from psychometrics.dif.effect_sizes import root_mean_square_deviations as root_mean_square_deviations
    from psychometrics.dif.empirical_bayes import ShrunkenDif as ShrunkenDif
    from psychometrics.dif.empirical_bayes import shrunken_dif as shrunken_dif
    from psychometrics.dif.equivalence import Equivalence as Equivalence
    from psychometrics.dif.equivalence import dif_equivalence as dif_equivalence
    from psychometrics.dif.equivalence import equivalence_test as equivalence_test
    from psychometrics.dif.generalized import GeneralizedMantelHaenszel as GeneralizedMantelHaenszel
    from psychometrics.dif.generalized import generalized_mantel_haenszel as generalized_mantel_haenszel
    from psychometrics.dif.hybrid import HybridDif as HybridDif
    from psychometrics.dif.hybrid import hybrid_dif as hybrid_dif
    from psychometrics.dif.hybrid_thresholds import HybridThresholds as HybridThresholds
    from psychometrics.dif.hybrid_thresholds import hybrid_thresholds as hybrid_thresholds
    from psychometrics.dif.impact import Comparison as Comparison
    from psychometrics.dif.impact import CutConsequence as CutConsequence
    from psychometrics.dif.impact import Interval as Interval
    from psychometrics.dif.impact import ScoreImpact as ScoreImpact
    from psychometrics.dif.impact import anchored_comparison as anchored_comparison
    from psychometrics.dif.impact import cut_consequences as cut_consequences
    from psychometrics.dif.impact import linked_comparison as linked_comparison
    from psychometrics.dif.impact import parameter_draws as parameter_draws
    from psychometrics.dif.impact import score_impact as score_impact
    from psychometrics.dif.intersections import IntersectionalDif as IntersectionalDif
    from psychometrics.dif.intersections import NestedTest as NestedTest
    from psychometrics.dif.intersections import intersectional_dif as intersectional_dif
    from psychometrics.dif.item_parameters import ItemParameters as ItemParameters
    from psychometrics.dif.item_parameters import group_item_parameters as group_item_parameters
    from psychometrics.dif.likelihood_ratio import LikelihoodRatioDif as LikelihoodRatioDif
    from psychometrics.dif.likelihood_ratio import likelihood_ratio_dif as likelihood_ratio_dif
    from psychometrics.dif.logistic import LogisticDif as LogisticDif
    from psychometrics.dif.logistic import LogisticEffect as LogisticEffect
    from psychometrics.dif.logistic import logistic_dif as logistic_dif
    from psychometrics.dif.lord import LordDif as LordDif
    from psychometrics.dif.lord import lord_dif as lord_dif
    from psychometrics.dif.mantel_haenszel import MantelHaenszel as MantelHaenszel
    from psychometrics.dif.mantel_haenszel import mantel_haenszel as mantel_haenszel
    from psychometrics.dif.polytomous import Mantel as Mantel
    from psychometrics.dif.polytomous import mantel as mantel
    from psychometrics.dif.raju import RajuAreas as RajuAreas
    from psychometrics.dif.raju import raju_areas as raju_areas
    from psychometrics.dif.rasch_anchors import RaschAnchorTest as RaschAnchorTest
    from psychometrics.dif.rasch_anchors import rasch_anchor_test as rasch_anchor_test
    from psychometrics.dif.residuals import ResidualDif as ResidualDif
    from psychometrics.dif.residuals import residual_dif as residual_dif
    from psychometrics.dif.rest_traits import rest_traits as rest_traits
    from psychometrics.dif.shifts import ItemShifts as ItemShifts
    from psychometrics.dif.shifts import item_shifts as item_shifts
    from psychometrics.dif.sibtest import Sibtest as Sibtest
    from psychometrics.dif.sibtest import sibtest as sibtest
    from psychometrics.dif.standardization import Standardization as Standardization
    from psychometrics.dif.standardization import standardization as standardization
    from psychometrics.dif.trees import InstabilityTest as InstabilityTest
    from psychometrics.dif.trees import RaschTree as RaschTree
    from psychometrics.dif.trees import TreeNode as TreeNode
    from psychometrics.dif.trees import TreeSplit as TreeSplit
    from psychometrics.dif.trees import rasch_tree as rasch_tree
    from psychometrics.dimensionality import ParallelAnalysis as ParallelAnalysis
    from psychometrics.dimensionality import SamplingAdequacy as SamplingAdequacy
    from psychometrics.dimensionality import Sphericity as Sphericity
    from psychometrics.dimensionality import eigenvalues as eigenvalues
    from psychometrics.dimensionality import minimum_average_partial as minimum_average_partial
    from psychometrics.dimensionality import parallel_analysis as parallel_analysis
    from psychometrics.dimensionality import sampling_adequacy as sampling_adequacy
    from psychometrics.dimensionality import sphericity as sphericity
    from psychometrics.engines import TaskError as TaskError
    from psychometrics.engines import map_tasks as map_tasks
    from psychometrics.factor_model import ChiSquare as ChiSquare
    from psychometrics.factor_model import OneFactorModel as OneFactorModel
    from psychometrics.factor_model import one_factor_chi2 as one_factor_chi2
    from psychometrics.factor_model import one_factor_influence as one_factor_influence
    from psychometrics.factor_model import one_factor_model as one_factor_model
    from psychometrics.factors import FactorSolution as FactorSolution
    from psychometrics.factors import factor_analysis as factor_analysis
    from psychometrics.irt.calibration import Calibration as Calibration
    from psychometrics.irt.calibration import calibrate as calibrate
    from psychometrics.irt.classification import sum_score_classification as sum_score_classification
    from psychometrics.irt.classification import trait_classification as trait_classification
    from psychometrics.irt.conditional import ConditionalModel as ConditionalModel
    from psychometrics.irt.conditional import conditional_model as conditional_model
    from psychometrics.irt.conditional_scores import ConditionalFit as ConditionalFit
    from psychometrics.irt.conditional_scores import ConditionalScores as ConditionalScores
    from psychometrics.irt.conditional_scores import conditional_fit as conditional_fit
    from psychometrics.irt.conditional_scores import conditional_scores as conditional_scores
    from psychometrics.irt.conditional_tests import ConditionalComparison as ConditionalComparison
    from psychometrics.irt.conditional_tests import conditional_comparison as conditional_comparison
    from psychometrics.irt.information import InformationCurves as InformationCurves
    from psychometrics.irt.information import empirical_reliability as empirical_reliability
    from psychometrics.irt.information import information_curves as information_curves
    from psychometrics.irt.information import marginal_reliability as marginal_reliability
    from psychometrics.irt.item_fit import ItemFit as ItemFit
    from psychometrics.irt.item_fit import s_x2 as s_x2
    from psychometrics.irt.local_dependence import LocalDependence as LocalDependence
    from psychometrics.irt.local_dependence import local_dependence as local_dependence
    from psychometrics.irt.model_fit import LimitedInformationFit as LimitedInformationFit
    from psychometrics.irt.model_fit import limited_information_fit as limited_information_fit
    from psychometrics.irt.person_fit import CautionIndices as CautionIndices
    from psychometrics.irt.person_fit import GuttmanFit as GuttmanFit
    from psychometrics.irt.person_fit import caution_indices as caution_indices
    from psychometrics.irt.person_fit import guttman_fit as guttman_fit
    from psychometrics.irt.person_likelihood import LikelihoodFit as LikelihoodFit
    from psychometrics.irt.person_likelihood import likelihood_fit as likelihood_fit
    from psychometrics.irt.person_likelihood import person_likelihood_fit as person_likelihood_fit
    from psychometrics.irt.plausible import plausible_values as plausible_values
    from psychometrics.irt.residuals import MeanSquares as MeanSquares
    from psychometrics.irt.residuals import ResidualCorrelations as ResidualCorrelations
    from psychometrics.irt.residuals import item_mean_squares as item_mean_squares
    from psychometrics.irt.residuals import person_mean_squares as person_mean_squares
    from psychometrics.irt.residuals import residual_correlations as residual_correlations
    from psychometrics.irt.scores import TraitScores as TraitScores
    from psychometrics.irt.scores import eap_scores as eap_scores
    from psychometrics.irt.scores import map_scores as map_scores
    from psychometrics.irt.scores import ml_scores as ml_scores
    from psychometrics.irt.scores import wle_scores as wle_scores
    from psychometrics.irt.sum_scores import SumScoreTable as SumScoreTable
    from psychometrics.irt.sum_scores import eap_sum_scores as eap_sum_scores
    from psychometrics.irt.trait_change import TraitChange as TraitChange
    from psychometrics.irt.trait_change import trait_change as trait_change
    from psychometrics.items import ItemStatistics as ItemStatistics
    from psychometrics.items import item_statistics as item_statistics
    from psychometrics.nonresponse import DifferentialSkipping as DifferentialSkipping
    from psychometrics.nonresponse import PersonSkips as PersonSkips
    from psychometrics.nonresponse import Proportions as Proportions
    from psychometrics.nonresponse import SkipDifference as SkipDifference
    from psychometrics.nonresponse import differential_skipping as differential_skipping
    from psychometrics.norms import NormedScores as NormedScores
    from psychometrics.norms import normalized_scores as normalized_scores
    from psychometrics.norms import normed_scores as normed_scores
    from psychometrics.norms_by_age import AgeNorms as AgeNorms
    from psychometrics.norms_by_age import age_normed_scores as age_normed_scores
    from psychometrics.norms_by_age import age_norms as age_norms
    from psychometrics.percentiles import PercentileRanks as PercentileRanks
    from psychometrics.percentiles import percentile_ranks as percentile_ranks
    from psychometrics.polychoric import Polychoric as Polychoric
    from psychometrics.polychoric import polychoric_correlations as polychoric_correlations
    from psychometrics.polychoric_sampling import PolychoricCovariance as PolychoricCovariance
    from psychometrics.polychoric_sampling import polychoric_covariance as polychoric_covariance
    from psychometrics.prorating import SkippingImpact as SkippingImpact
    from psychometrics.prorating import skipping_impact as skipping_impact
    from psychometrics.reliability._result import Reliability as Reliability
    from psychometrics.reliability.alpha import cronbach_alpha as cronbach_alpha
    from psychometrics.reliability.categorical import categorical_omega as categorical_omega
    from psychometrics.reliability.categorical import ordinal_alpha as ordinal_alpha
    from psychometrics.reliability.classification import Classification as Classification
    from psychometrics.reliability.classification import classification_by_errors as classification_by_errors
    from psychometrics.reliability.classification import classification_by_reliability as classification_by_reliability
    from psychometrics.reliability.conditional import ConditionalErrors as ConditionalErrors
    from psychometrics.reliability.conditional import binomial_errors as binomial_errors
    from psychometrics.reliability.conditional import conditional_errors as conditional_errors
    from psychometrics.reliability.equality import EqualReliability as EqualReliability
    from psychometrics.reliability.equality import equal_alphas as equal_alphas
    from psychometrics.reliability.equality import equal_omegas as equal_omegas
    from psychometrics.reliability.guttman import GuttmanLambdas as GuttmanLambdas
    from psychometrics.reliability.guttman import SplitHalves as SplitHalves
    from psychometrics.reliability.guttman import guttman_lambdas as guttman_lambdas
    from psychometrics.reliability.guttman import spearman_brown as spearman_brown
    from psychometrics.reliability.guttman import split_halves as split_halves
    from psychometrics.reliability.hierarchical import HierarchicalOmega as HierarchicalOmega
    from psychometrics.reliability.hierarchical import hierarchical_omega as hierarchical_omega
    from psychometrics.reliability.omega import mcdonald_omega as mcdonald_omega
    from psychometrics.reliability.shrinkage import ShrunkenReliability as ShrunkenReliability
    from psychometrics.reliability.shrinkage import shrunken_reliability as shrunken_reliability
    from psychometrics.rotation import oblimin as oblimin
    from psychometrics.rotation import promax as promax
    from psychometrics.rotation import varimax as varimax

_PUBLIC: dict[str, tuple[str, ...]] = {
    "items": ("ItemStatistics", "item_statistics"),
    "reliability._result": ("Reliability",),
    "reliability.alpha": ("cronbach_alpha",),
    "change": (
        "ReliableChange",
        "TrueScore",
        "difference_reliability",
        "kelley_true_score",
        "minimal_detectable_change",
        "reliable_change",
        "standard_error_of_difference",
        "standard_error_of_estimation",
        "standard_error_of_measurement",
        "standard_error_of_prediction",
    ),
    "factor_model": ("ChiSquare", "OneFactorModel", "one_factor_chi2", "one_factor_influence", "one_factor_model"),
    "reliability.omega": ("mcdonald_omega",),
    "reliability.equality": ("EqualReliability", "equal_alphas", "equal_omegas"),
    "nonresponse": ("DifferentialSkipping", "PersonSkips", "Proportions", "SkipDifference", "differential_skipping"),
    "careless_by_group": ("CarelessRates", "CarelessShare", "careless_rates"),
    "prorating": ("SkippingImpact", "skipping_impact"),
    "agreement": ("Agreement", "IntraclassCorrelation", "intraclass_correlations"),
    "reliability.guttman": ("GuttmanLambdas", "SplitHalves", "guttman_lambdas", "spearman_brown", "split_halves"),
    "polychoric": ("Polychoric", "polychoric_correlations"),
    "polychoric_sampling": ("PolychoricCovariance", "polychoric_covariance"),
    "reliability.categorical": ("categorical_omega", "ordinal_alpha"),
    "factors": ("FactorSolution", "factor_analysis"),
    "rotation": ("oblimin", "promax", "varimax"),
    "dimensionality": (
        "ParallelAnalysis",
        "SamplingAdequacy",
        "Sphericity",
        "eigenvalues",
        "minimum_average_partial",
        "parallel_analysis",
        "sampling_adequacy",
        "sphericity",
    ),
    "reliability.hierarchical": ("HierarchicalOmega", "hierarchical_omega"),
    "careless": (
        "LongString",
        "MahalanobisDistance",
        "SynonymConsistency",
        "even_odd_consistency",
        "intra_individual_variability",
        "longstring",
        "mahalanobis_distance",
        "person_total_correlation",
        "psychometric_antonyms",
        "psychometric_synonyms",
        "rapid_answers",
    ),
    "reliability.shrinkage": ("ShrunkenReliability", "shrunken_reliability"),
    "reliability.conditional": ("ConditionalErrors", "binomial_errors", "conditional_errors"),
    "reliability.classification": ("Classification", "classification_by_errors", "classification_by_reliability"),
    "audit.scale": ("Audit", "GroupingAudit"),
    "audit.groups": ("GroupReliability",),
    "audit.items": ("ItemDif",),
    "audit.pairs": ("Impact", "PairAudit"),
    "_multiple_testing": ("benjamini_hochberg",),
    "confirmatory._invariance_result": (
        "FreedParameter",
        "InvarianceStep",
        "MeasurementInvariance",
        "ModelChange",
    ),
    "confirmatory.invariance": ("measurement_invariance",),
    "confirmatory.macs": (
        "MacsEffectSizes",
        "macs_effect_sizes",
    ),
    "confirmatory.selection": (
        "GroupSelection",
        "SelectionAccuracy",
        "selection_accuracy",
    ),
    "confirmatory.model": (
        "FactorModel",
        "confirmatory_factor_analysis",
    ),
    "confirmatory.alignment": ("Alignment", "align_estimates", "alignment"),
    "confirmatory.ordinal": ("OrdinalFactorModel", "ordinal_factor_analysis"),
    "confirmatory.ordinal_invariance": ("ordinal_invariance",),
    "confirmatory.ordinal_scores": ("ordinal_equality_tests", "ordinal_modification_indices"),
    "confirmatory.standardized": (
        "StandardizedSolution",
        "standardized_solution",
    ),
    "confirmatory.modification": (
        "EqualityTests",
        "ModificationIndex",
        "equality_tests",
        "modification_indices",
    ),
    "confirmatory.fit_measures": (
        "FitMeasures",
        "ScaledFit",
    ),
    "dif.mantel_haenszel": ("MantelHaenszel", "mantel_haenszel"),
    "dif.generalized": ("GeneralizedMantelHaenszel", "generalized_mantel_haenszel"),
    "dif.polytomous": ("Mantel", "mantel"),
    "dif.standardization": ("Standardization", "standardization"),
    "dif.logistic": ("LogisticDif", "LogisticEffect", "logistic_dif"),
    "dif.anchors": ("AnchorChoice", "select_by_median", "select_by_mode", "select_rival"),
    "dif.shifts": ("ItemShifts", "item_shifts"),
    "dif.impact": (
        "Comparison",
        "CutConsequence",
        "Interval",
        "ScoreImpact",
        "anchored_comparison",
        "cut_consequences",
        "linked_comparison",
        "parameter_draws",
        "score_impact",
    ),
    "irt.calibration": ("Calibration", "calibrate"),
    "irt.scores": (
        "TraitScores",
        "eap_scores",
        "map_scores",
        "ml_scores",
        "wle_scores",
    ),
    "dif.breslow_day": (
        "BreslowDay",
        "breslow_day",
    ),
    "dif.delta_plot": (
        "DeltaPlot",
        "delta_plot",
    ),
    "dif.effect_sizes": (
        "MeadeEffectSizes",
        "ResponseFunctionDifferences",
        "meade_effect_sizes",
        "response_function_differences",
        "root_mean_square_deviations",
    ),
    "dif.likelihood_ratio": (
        "LikelihoodRatioDif",
        "likelihood_ratio_dif",
    ),
    "dif.item_parameters": ("ItemParameters", "group_item_parameters"),
    "dif.lord": ("LordDif", "lord_dif"),
    "dif.raju": ("RajuAreas", "raju_areas"),
    "dif.hybrid": ("HybridDif", "hybrid_dif"),
    "dif.hybrid_thresholds": ("HybridThresholds", "hybrid_thresholds"),
    "dif.residuals": ("ResidualDif", "residual_dif"),
    "dif.equivalence": ("Equivalence", "dif_equivalence", "equivalence_test"),
    "dif.empirical_bayes": ("ShrunkenDif", "shrunken_dif"),
    "dif.crossed_groups": ("CrossedGroups", "crossed_groups"),
    "dif.intersections": ("IntersectionalDif", "NestedTest", "intersectional_dif"),
    "dif.rest_traits": ("rest_traits",),
    "dif.sibtest": (
        "Sibtest",
        "sibtest",
    ),
    "clinical_significance": ("ClinicalCutoffs", "change_by_regression", "clinical_change", "clinical_cutoffs"),
    "engines": ("TaskError", "map_tasks"),
    "irt.sum_scores": (
        "SumScoreTable",
        "eap_sum_scores",
    ),
    "irt.information": (
        "InformationCurves",
        "empirical_reliability",
        "information_curves",
        "marginal_reliability",
    ),
    "irt.plausible": ("plausible_values",),
    "norms": ("NormedScores", "normalized_scores", "normed_scores"),
    "norms_by_age": ("AgeNorms", "age_normed_scores", "age_norms"),
    "irt.item_fit": (
        "ItemFit",
        "s_x2",
    ),
    "irt.residuals": (
        "MeanSquares",
        "ResidualCorrelations",
        "item_mean_squares",
        "person_mean_squares",
        "residual_correlations",
    ),
    "irt.local_dependence": (
        "LocalDependence",
        "local_dependence",
    ),
    "irt.model_fit": (
        "LimitedInformationFit",
        "limited_information_fit",
    ),
    "irt.conditional": ("ConditionalModel", "conditional_model"),
    "irt.conditional_scores": ("ConditionalFit", "ConditionalScores", "conditional_fit", "conditional_scores"),
    "irt.conditional_tests": ("ConditionalComparison", "conditional_comparison"),
    "percentiles": ("PercentileRanks", "percentile_ranks"),
    "irt.person_fit": ("CautionIndices", "GuttmanFit", "caution_indices", "guttman_fit"),
    "irt.person_likelihood": ("LikelihoodFit", "likelihood_fit", "person_likelihood_fit"),
    "irt.classification": (
        "sum_score_classification",
        "trait_classification",
    ),
    "irt.trait_change": (
        "TraitChange",
        "trait_change",
    ),
    "dif.rasch_anchors": ("RaschAnchorTest", "rasch_anchor_test"),
    "dif.trees": ("InstabilityTest", "RaschTree", "TreeNode", "TreeSplit", "rasch_tree"),
}
_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = [*_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'psychometrics' has no attribute {name!r}")
    value = getattr(import_module(f"psychometrics.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
