"""
The parameters of a factor model of several groups, in matrices, and the means and covariances they imply.

In the LISREL notation of Joereskog & Soerbom: means nu + Lambda alpha, covariances S = Lambda Phi Lambda' + Theta.
Every element of Lambda, Phi and Theta moves S along a symmetric product of two vectors, dS = u v' + v u', so
derivatives, gradients and information never need a matrix per parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from psychometrics._validation import Floats, Integers

ArrayT = TypeVar("ArrayT", bound=NDArray[Any])


@dataclass(frozen=True)
class Matrices(Generic[ArrayT]):
    """
    One array per kind of parameter; the first axis is the group.

    Attributes
    ----------
    loadings : ndarray, shape (n_groups, n_items, n_factors)
        Lambda.
    factor_covariance : ndarray, shape (n_groups, n_factors, n_factors)
        Phi, symmetric.
    residual_covariance : ndarray, shape (n_groups, n_items, n_items)
        Theta, symmetric.
    intercepts : ndarray, shape (n_groups, n_items)
        nu.
    factor_means : ndarray, shape (n_groups, n_factors)
        alpha.
    thresholds : ndarray, shape (n_groups, n_items, n_thresholds)
        tau, of the latent response; no columns for continuous items.
    scales : ndarray, shape (n_groups, n_items)
        delta, one over the standard deviation of the latent response; 1 and fixed for continuous items.
    """

    loadings: ArrayT
    factor_covariance: ArrayT
    residual_covariance: ArrayT
    intercepts: ArrayT
    factor_means: ArrayT
    thresholds: ArrayT
    scales: ArrayT


NAMES = tuple(field.name for field in fields(Matrices))


def each(function: Callable[..., ArrayT], *matrices: Matrices[Any]) -> Matrices[ArrayT]:
    """Apply a function to each kind of parameter."""
    return Matrices(*(function(*(getattr(one, name) for one in matrices)) for name in NAMES))


@dataclass(frozen=True)
class Layout:
    """
    Which elements are free, which are equal, and what the others are.

    Attributes
    ----------
    free : Matrices of int
        0 where fixed; elements with the same positive number, in one group or across groups, are one parameter.
        Numbers run from 1 without gaps; build with ``renumbered`` after changing them.
    values : Matrices of float
        Fixed values, and the starts of what is free.
    """

    free: Matrices[Integers]
    values: Matrices[Floats]

    @property
    def n_groups(self) -> int:
        return int(self.free.loadings.shape[0])

    @property
    def n_parameters(self) -> int:
        return max(int(numbers.max(initial=0)) for numbers in vars(self.free).values())

    def pack(self, matrices: Matrices[Floats]) -> Floats:
        """Return the free parameters as a vector; elements that are one parameter are averaged."""
        free = np.concatenate([getattr(self.free, name).ravel() for name in NAMES])
        values = np.concatenate([getattr(matrices, name).ravel() for name in NAMES])
        return np.bincount(free, values)[1:] / np.bincount(free)[1:]

    def unpack(self, parameters: Floats) -> Matrices[Floats]:
        """Return the matrices that a vector of free parameters stands for."""
        padded = np.concatenate([[0.0], parameters])
        return each(lambda free, values: np.where(free > 0, padded[free], values), self.free, self.values)

    def start(self) -> Floats:
        """Return the start of every free parameter."""
        return self.pack(self.values)


def renumbered(free: Matrices[Integers]) -> Matrices[Integers]:
    """Number parameters from 1 without gaps, in order; symmetric elements share a number, equal ones stay equal."""
    numbers = np.unique(np.concatenate([getattr(free, name).ravel() for name in NAMES]))
    numbers = numbers[numbers > 0]
    return each(lambda array: np.where(array > 0, np.searchsorted(numbers, array) + 1, 0), free)


def implied_means(matrices: Matrices[Floats]) -> Floats:
    """Return nu + Lambda alpha, shape (n_groups, n_items)."""
    return np.asarray(matrices.intercepts + (matrices.loadings @ matrices.factor_means[:, :, None])[:, :, 0])


def implied_covariances(matrices: Matrices[Floats]) -> Floats:
    """Return Lambda Phi Lambda' + Theta, shape (n_groups, n_items, n_items)."""
    loadings = matrices.loadings
    common = loadings @ matrices.factor_covariance @ loadings.transpose(0, 2, 1)
    return np.asarray(common + matrices.residual_covariance)


@dataclass(frozen=True)
class Moves:
    """
    How the free elements of one group move its means and covariances: one row per element.

    Attributes
    ----------
    parameter : ndarray of int, shape (n_elements,)
        The free parameter behind each element, counted from 0.
    first, second : ndarray of float, shape (n_elements, n_items)
        The covariance matrix moves by first second' + second first'.
    means : ndarray of float, shape (n_elements, n_items)
    """

    parameter: Integers
    first: Floats
    second: Floats
    means: Floats


def moves(free: Matrices[Integers], matrices: Matrices[Floats], group: int) -> Moves:
    """Return how each element of a group whose number is positive moves means and covariances."""
    loadings, covariance = matrices.loadings[group], matrices.factor_covariance[group]
    n_items = len(loadings)
    unit = np.eye(n_items)
    item, factor = np.nonzero(free.loadings[group])
    row, column = _lower(free.factor_covariance[group])
    one, other = _lower(free.residual_covariance[group])
    intercept, mean = np.flatnonzero(free.intercepts[group]), np.flatnonzero(free.factor_means[group])
    n_covariances, n_means = len(row) + len(one), len(intercept) + len(mean)
    flat = np.zeros((n_means, n_items))
    return Moves(
        np.concatenate(
            [
                free.loadings[group][item, factor],
                free.factor_covariance[group][row, column],
                free.residual_covariance[group][one, other],
                free.intercepts[group][intercept],
                free.factor_means[group][mean],
            ]
        )
        - 1,
        # On the diagonal u v' + v u' counts the element twice.
        np.concatenate(
            [
                unit[item],
                loadings.T[row] * np.where(row == column, 0.5, 1.0)[:, None],
                unit[one] * np.where(one == other, 0.5, 1.0)[:, None],
                flat,
            ]
        ),
        np.concatenate([(covariance @ loadings.T)[factor], loadings.T[column], unit[other], flat]),
        np.concatenate(
            [
                unit[item] * matrices.factor_means[group][factor][:, None],
                np.zeros((n_covariances, n_items)),
                unit[intercept],
                loadings.T[mean],
            ]
        ),
    )


def _lower(symmetric: Integers) -> tuple[Integers, Integers]:
    row, column = np.nonzero(np.tril(symmetric))
    return row, column


def jacobian(layout: Layout, matrices: Matrices[Floats]) -> tuple[Floats, Floats]:
    """
    Return the derivatives of means and covariances by the free parameters.

    Returns
    -------
    means : ndarray of float, shape (n_groups, n_items, n_parameters)
    covariances : ndarray of float, shape (n_groups, n_items * (n_items + 1) / 2, n_parameters)
        Of the lower triangle, row by row as ``numpy.tril_indices`` gives it.
    """
    n_items = matrices.loadings.shape[1]
    row, column = np.tril_indices(n_items)
    means = np.zeros((layout.n_parameters, layout.n_groups, n_items))
    covariances = np.zeros((layout.n_parameters, layout.n_groups, len(row)))
    for group in range(layout.n_groups):
        along = moves(layout.free, matrices, group)
        first, second = along.first, along.second
        np.add.at(means[:, group], along.parameter, along.means)
        np.add.at(
            covariances[:, group],
            along.parameter,
            first[:, row] * second[:, column] + second[:, row] * first[:, column],
        )
    return np.moveaxis(means, 0, -1), np.moveaxis(covariances, 0, -1)
