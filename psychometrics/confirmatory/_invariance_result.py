"""What a ladder of measurement invariance yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from psychometrics._validation import Label
from psychometrics.confirmatory.modification import Element, ModificationIndex

ModelT = TypeVar("ModelT")


@dataclass(frozen=True)
class ModelChange:
    """
    What a step costs against the step before.

    Attributes
    ----------
    chi2, p_value : float
    df : int
    method : str
        "likelihood ratio", or the paper whose scaled difference it is.
    cfi, rmsea, srmr : float
        New minus old; the robust CFI and RMSEA for MLR and MLM, the scaled ones for ordered answers.
    """

    chi2: float
    df: int
    p_value: float
    method: str
    cfi: float
    rmsea: float
    srmr: float


@dataclass(frozen=True)
class FreedParameter:
    """
    An equality that was given up.

    Attributes
    ----------
    element : Element
    test : ModificationIndex or None
        Its score test in the model before; None for the intercept of an item whose loading was let go.
    """

    element: Element
    test: ModificationIndex | None


@dataclass(frozen=True)
class InvarianceStep(Generic[ModelT]):
    """
    One step of the ladder.

    Attributes
    ----------
    name : str
    model : FactorModel or OrdinalFactorModel
    change : ModelChange or None
        None for the first step.
    holds : bool
        By the criterion; for the configural step see the function that made it.
    freed : tuple of FreedParameter
        Let go at this step, in order.
    """

    name: str
    model: ModelT
    change: ModelChange | None
    holds: bool
    freed: tuple[FreedParameter, ...]

    @property
    def verdict(self) -> str:
        """Return "holds", "holds in part" or "fails"."""
        if not self.holds:
            return "fails"
        return "holds in part" if self.freed else "holds"


@dataclass(frozen=True)
class MeasurementInvariance(Generic[ModelT]):
    """
    The ladder of measurement invariance.

    Attributes
    ----------
    steps : tuple of InvarianceStep
    groups : tuple
        The reference group first.
    criterion : str
    alpha : float
    partial : bool
    """

    steps: tuple[InvarianceStep[ModelT], ...]
    groups: tuple[Label, ...]
    criterion: str
    alpha: float
    partial: bool

    @property
    def freed(self) -> tuple[FreedParameter, ...]:
        """Return every equality that was given up."""
        return tuple(one for step in self.steps for one in step.freed)

    @property
    def highest(self) -> str | None:
        """Return the highest step below which, and at which, everything holds; None where not even the first does."""
        name = None
        for step in self.steps:
            if not step.holds:
                break
            name = step.name
        return name
