"""Person fit under a model: how likely a person's answers are, compared with what the model expects of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psychometrics._codes import FloatArray, IntArray
from psychometrics._validation import as_responses
from psychometrics.irt.calibration import Calibration, patterns_under
from psychometrics.irt.scores import TraitScores

# People at a time, so that no array grows with their number.
_BLOCK = 4096


@dataclass(frozen=True)
class LikelihoodFit:
    """One entry per person; low values mean answers that the model finds unlikely; nan without answers or trait.

    Attributes
    ----------
    lz : ndarray of float
        Log-likelihood of the answers, standardised as if the trait were known (Drasgow, Levine & Williams 1985, who
        call it Zh for more than two codes). With an estimated trait its spread is below 1: it finds too little.
    lz_star : ndarray of float
        The same corrected for the estimation of the trait: about standard normal in long tests.
    n_answered : ndarray of int
    """

    lz: FloatArray
    lz_star: FloatArray
    n_answered: IntArray


def likelihood_fit(
    responses: npt.ArrayLike, probabilities: npt.ArrayLike, derivatives: npt.ArrayLike, *, minimum: int = 0
) -> LikelihoodFit:
    """Return lz and lz* for any item response model.

    Parameters
    ----------
    responses : array_like of int codes, shape (n_people, n_items)
        nan where an answer is missing: likelihood and expectation are those of the items answered.
    probabilities : array_like of float, shape (n_people, n_items, n_codes)
        Of each code at the person's estimated trait; 0 where an item has no such code. nan for a person without one.
    derivatives : array_like of float, shape (n_people, n_items, n_codes)
        Of the probabilities, with respect to the trait.
    minimum : int
        The code that the first probability belongs to.

    Returns
    -------
    LikelihoodFit
        The correction takes out what moves with the answers' slope in the trait, which is zero at a maximum likelihood
        estimate and minus the weight's at a weighted or Bayesian one; so any consistent estimate can be given.

    Raises
    ------
    ValueError
        For codes without a probability, or arrays whose shapes do not fit.

    References
    ----------
    Drasgow, Levine & Williams (1985); Snijders (2001), Psychometrika 66, 331-342; for more than two codes Sinharay
    (2016), Psychometrika 81, 992-1013.
    """
    answers = as_responses(responses, min_people=1)
    share, slope = np.asarray(probabilities, dtype=np.float64), np.asarray(derivatives, dtype=np.float64)
    if share.shape[:2] != answers.shape or share.ndim != 3 or slope.shape != share.shape:
        raise ValueError(
            f"probabilities and derivatives must have shape {answers.shape} and a third axis for the codes; got"
            f" {share.shape} and {slope.shape}"
        )
    answered = ~np.isnan(answers)
    place = np.where(answered, answers - minimum, 0.0).astype(np.intp)
    if (place < 0).any() or (place >= share.shape[2]).any() or (answers[answered] - minimum != place[answered]).any():
        raise ValueError(f"responses must be codes from {minimum} to {minimum + share.shape[2] - 1} or missing")
    given = share > 0
    log_share = np.log(np.where(given, share, 1.0))
    log_share[np.isnan(share)] = np.nan
    relative = np.where(given, slope / np.where(given, share, 1.0), 0.0)

    def of_answers(values: FloatArray) -> FloatArray:
        chosen = np.take_along_axis(values, place[:, :, None], axis=2)[:, :, 0]
        return np.asarray(np.where(answered, chosen, 0.0).sum(axis=1))

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray((share * values).sum(axis=2))

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.where(answered, values, 0.0).sum(axis=1))

    expected = mean(log_share)
    excess = of_answers(log_share) - total(expected)
    variance = total(mean(log_share**2) - expected**2)
    together, information = total(mean(log_share * relative)), total(mean(relative**2))
    with np.errstate(invalid="ignore", divide="ignore"):
        follows = together / information
        known = answered.any(axis=1)
        lz = np.where(known, excess / np.sqrt(variance), np.nan)
        left = variance - follows * together
        # Where estimating the trait uses up all the variance, what is left is a rounding error.
        known &= left > 1e-12 * variance
        lz_star = np.where(known, (excess - follows * of_answers(relative)) / np.sqrt(left), np.nan)
    return LikelihoodFit(lz, lz_star, answered.sum(axis=1))


def person_likelihood_fit(
    model: Calibration,
    scores: TraitScores,
    responses: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
) -> LikelihoodFit:
    """Return lz (Zh) and lz* of people under a calibrated model.

    Parameters
    ----------
    model : Calibration
    scores : TraitScores
        Their trait, by any estimator; nan where it is infinite.
    responses, groups : array_like, optional
        As for `scores`. Default: the people the model was calibrated on.

    Returns
    -------
    LikelihoodFit
        Missing answers are left out, codes merged by the calibration stay merged.

    Raises
    ------
    ValueError
        When scores are not those of these people, or for a code or group the model does not know.
    """
    patterns, group = model.patterns, model.group_of_person
    if responses is not None:
        patterns, group = patterns_under(model, responses, groups)
    if len(scores.trait) != len(group):
        raise ValueError(f"scores hold {len(scores.trait)} people; responses {len(group)}")
    lz, lz_star = np.full(len(group), np.nan), np.full(len(group), np.nan)
    exists = np.arange(int(model.codes.n_codes.max())) < model.codes.n_codes[:, None]
    beta = model.state.beta
    for g, pattern in enumerate(patterns):
        members = np.flatnonzero((group == g) & np.isfinite(scores.trait) & (scores.n_answered > 0))
        for some in np.array_split(members, max(1, len(members) // _BLOCK)) if len(members) else ():
            share, slope, _ = model.layout.family.trait_derivatives(beta[g], scores.trait[some])
            share, slope = (np.where(exists[:, :, None], x, 0.0).transpose(2, 0, 1) for x in (share, slope))
            codes = pattern.codes[pattern.of_person[np.searchsorted(np.flatnonzero(group == g), some)]]
            found = likelihood_fit(np.where(codes >= 0, codes, np.nan), share, slope)
            lz[some], lz_star[some] = found.lz, found.lz_star
    return LikelihoodFit(lz, lz_star, scores.n_answered)
