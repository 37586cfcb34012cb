"""The weighted sum of the items and the factor score behind it: bivariate normal in each group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from psychometrics._bivariate_normal import bivariate_normal_cdf
from psychometrics._validation import Floats
from psychometrics.confirmatory._parameters import Matrices, implied_covariances, implied_means


@dataclass(frozen=True)
class Composite:
    """Means, standard deviations and correlation of the sum of the items and of the factor behind it, by group."""

    mean: Floats
    spread: Floats
    factor_mean: Floats
    factor_spread: Floats
    correlation: Floats
    shares: Floats

    @classmethod
    def of(cls, at: Matrices[Floats], weight: Floats, shares: Floats) -> Composite:
        factor_weight = weight @ at.loadings[0]
        spread = np.sqrt(implied_covariances(at) @ weight @ weight)
        factor_spread = np.sqrt(at.factor_covariance @ factor_weight @ factor_weight)
        shared = ((weight @ at.loadings) * (at.factor_covariance @ factor_weight)).sum(axis=1)
        return cls(
            implied_means(at) @ weight,
            spread,
            at.factor_means @ factor_weight,
            factor_spread,
            shared / (spread * factor_spread),
            shares,
        )

    def share_above(self, cut: float) -> float:
        return float(self.shares @ ndtr((self.mean - cut) / self.spread))

    def cut_for(self, share: float) -> float:
        """Return the sum that this share of all people exceeds."""
        return _quantile(self.mean, self.spread, self.shares, share)

    def proportions(self, cut: float) -> Floats:
        """Return the proportions of ``GroupSelection`` in the order of its attributes, groups first."""
        share = self.share_above(cut)
        factor_cut = _quantile(self.factor_mean, self.factor_spread, self.shares, share)
        above, deserving = (self.mean - cut) / self.spread, (self.factor_mean - factor_cut) / self.factor_spread
        both = bivariate_normal_cdf(above, deserving, self.correlation)
        selected, worthy = ndtr(above), ndtr(deserving)
        neither = 1.0 - selected - worthy + both
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = [both / worthy, neither / (1.0 - worthy), both / selected]
        return np.array([selected, worthy, both, selected - both, neither, worthy - both, *ratios]).T


def _quantile(mean: Floats, spread: Floats, shares: Floats, share: float) -> float:
    """Return the value that a share of a mixture of normal distributions exceeds."""

    def gap(value: float) -> float:
        return float(shares @ ndtr((mean - value) / spread)) - share

    reach = 40.0 * float(spread.max())
    return float(brentq(gap, float(mean.min()) - reach, float(mean.max()) + reach, xtol=1e-12 * reach))
