"""Standard errors of smooth functions of the parameters of a fitted model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from psychometrics._validation import Booleans, Floats
from psychometrics.confirmatory._parameters import Matrices
from psychometrics.confirmatory.model import FactorModel
from psychometrics.confirmatory.ordinal import OrdinalFactorModel

# Steps of this share of a standard error: rounding and bending both stay below the sixth digit.
_STEP = 1e-3


def with_standard_errors(
    function: Callable[[Matrices[Floats]], Floats], model: FactorModel | OrdinalFactorModel
) -> tuple[Floats, Floats]:
    """Return an array that follows from the estimates, and its standard errors by the delta method."""
    value = function(model.estimates)
    errors = np.sqrt(np.diag(model.covariance))
    if not model.identified:
        return value, np.full(value.shape, np.nan)
    slopes = []
    for step in np.diag(_STEP * errors):
        up = function(model.layout.unpack(model.parameters + step))
        down = function(model.layout.unpack(model.parameters - step))
        slopes.append((up - down).ravel() / (2.0 * step.sum()))
    slope = np.array(slopes)
    variance = np.maximum(((model.covariance @ slope) * slope).sum(axis=0), 0.0)
    return value, np.sqrt(variance).reshape(value.shape)


def refuse_untied(model: FactorModel | OrdinalFactorModel) -> None:
    """Refuse a model in which nothing says that a factor is the same in two groups."""
    if len(model.groups) < 2:
        raise ValueError("the model has one group; fit it to several")
    loads = model.layout.free.loadings
    free = model.layout.free.intercepts
    for factor, name in enumerate(model.structure.factors):
        items = model.structure.pattern[:, factor]
        for group in range(1, len(model.groups)):
            same = (loads[group, items, factor] == loads[0, items, factor]) & (free[group, items] == free[0, items])
            if isinstance(model, OrdinalFactorModel):
                same &= _comparable_thresholds(model, group)[items]
            if not same.any():
                raise ValueError(
                    f"no item of factor {name!r} has the same loading and intercept in group "
                    f"{model.groups[group]!r} as in {model.groups[0]!r}; use a scalar or partially scalar model"
                )


def _comparable_thresholds(model: OrdinalFactorModel, group: int) -> Booleans:
    """Return the items with enough equal thresholds to give the response behind them an origin and a unit."""
    numbers, used = model.layout.free.thresholds, model.thresholds_used
    equal = ((numbers[group] == numbers[0]) & used).sum(axis=1)
    return np.asarray(equal >= np.minimum(used.sum(axis=1), 2))
