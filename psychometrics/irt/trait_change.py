"""Whether people changed between two sittings, judged on the trait, each by the answers actually given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from psychometrics._codes import FloatArray
from psychometrics.irt._modes import Target, modes
from psychometrics.irt._patterns import GroupPatterns
from psychometrics.irt.calibration import Calibration, patterns_under
from psychometrics.irt.scores import TraitScores, wle_scores


@dataclass(frozen=True)
class TraitChange:
    """One entry per person, nan for people without answers at either sitting or of an unknown group.

    ``change`` is the difference of Warm's estimates, ``se`` its standard error from both sittings' own errors, ``z``
    and ``p`` the test of no change (two-sided). ``chi2`` (one degree of freedom) and ``p_likelihood`` are those of the
    likelihood-ratio test, which stays right where answers are near the ends of the scale.
    """

    before: TraitScores
    after: TraitScores
    change: FloatArray
    se: FloatArray
    z: FloatArray
    p: FloatArray
    chi2: FloatArray
    p_likelihood: FloatArray


def trait_change(
    model: Calibration, before: npt.ArrayLike, after: npt.ArrayLike, groups: npt.ArrayLike | None = None
) -> TraitChange:
    """Test, person by person, whether the trait changed between two sittings.

    Parameters
    ----------
    model : Calibration
        Item parameters that hold at both sittings; they are taken as known.
    before, after : array_like of int codes, shape (n_people, n_items)
        The same people in the same order. nan where an answer is missing: the person's error grows.
    groups : array_like, shape (n_people,), optional
        For a model with several groups: whose item parameters.

    Returns
    -------
    TraitChange

    Raises
    ------
    ValueError
        For different numbers of people, a code or a group the model does not know.

    Notes
    -----
    Estimates without a prior, for a prior would draw both sittings to the mean and hide change. With few items or near
    the ends of the scale the z test rejects too seldom.

    References
    ----------
    Reise & Haviland (2005); Brouwer, Meijer & Zevalkink (2013) for z; Finkelman, Weiss & Kim-Kang (2010) for the
    likelihood ratio.
    """
    first, second = np.asarray(before), np.asarray(after)
    if first.shape != second.shape:
        raise ValueError(f"before and after must have one shape; got {first.shape} and {second.shape}")
    scores = wle_scores(model, first, groups), wle_scores(model, second, groups)
    change = scores[1].trait - scores[0].trait
    se = np.hypot(scores[0].se, scores[1].se)
    z = change / se
    chi2 = _likelihood_ratio(model, first, second, groups)
    return TraitChange(*scores, change, se, z, 2 * ndtr(-np.abs(z)), chi2, chdtrc(1.0, chi2))


def _likelihood_ratio(
    model: Calibration, before: npt.ArrayLike, after: npt.ArrayLike, groups: npt.ArrayLike | None
) -> FloatArray:
    """Return twice what the likelihood gains when each sitting has a trait of its own."""
    one, group = patterns_under(model, before, groups)
    two, _ = patterns_under(model, after, groups)
    chi2 = np.full(len(group), np.nan)
    for g in range(len(model.n)):
        members = group == g
        if not members.any():
            continue
        sittings = [_of_people(one[g]), _of_people(two[g])]
        beta, n_codes = model.state.beta[g], model.codes.n_codes
        alone = Target(model.layout.family, beta, n_codes)
        both = Target(model.layout.family, np.concatenate([beta, beta]), np.concatenate([n_codes, n_codes]))
        together = GroupPatterns(
            np.concatenate([sitting.codes for sitting in sittings], axis=1),
            np.ones(int(members.sum())),
            np.concatenate([sitting.one_hot for sitting in sittings], axis=1),
            np.arange(int(members.sum())),
        )
        apart = sum(_highest(alone, sitting, model.nodes) for sitting in sittings)
        chi2[members] = np.maximum(2 * (apart - _highest(both, together, model.nodes)), 0.0)
    return chi2


def _of_people(pattern: GroupPatterns) -> GroupPatterns:
    """Return patterns with one row per person, in their order."""
    rows = pattern.of_person
    return GroupPatterns(pattern.codes[rows], np.ones(len(rows)), pattern.one_hot[rows], np.arange(len(rows)))


def _highest(target: Target, pattern: GroupPatterns, nodes: FloatArray) -> FloatArray:
    """Return the largest log-likelihood of each row; 0 where it is approached without end, nan without answers."""
    trait, _ = modes(target, pattern, nodes)
    finite = np.isfinite(trait)
    height = np.where(np.isinf(trait), 0.0, np.nan)
    height[finite] = target.heights_at(pattern.codes[finite], trait[finite])
    return height
