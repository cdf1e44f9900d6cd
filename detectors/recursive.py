"""Least squares that goes on for ever: moments of regressors with forgetting, solved on those that are there.

An absent regressor (NaN) is left out of the solution and teaches nothing: the model shrinks, no value is invented.
Recursive least squares in its information form, which leaving out needs: Haykin, Adaptive Filter Theory, chapter 13.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.contract import Floats, State

_RIDGE = 1e-6
_LEAST = 1e-30


class Recursive:
    """One regression over `terms` regressors; older samples fade with a time constant of `memory` samples.

    >>> line = Recursive(2, memory=100.0)
    >>> for place in range(50):
    ...     line.learn(np.array([1.0, place]), 3.0 + 0.5 * place)
    >>> round(line.expect(np.array([1.0, 60.0])), 2), round(line.expect(np.array([1.0, np.nan])), 1)
    (33.0, 16.3)
    """

    def __init__(self, terms: int, memory: float) -> None:
        self._keep = math.exp(-1.0 / memory)
        self._gram = np.zeros((terms, terms))
        self._moment = np.zeros(terms)

    def expect(self, terms: Floats) -> float:
        """Return what the value should be, from the regressors that are there."""
        there = np.flatnonzero(np.isfinite(terms) & (self._gram.diagonal() > _LEAST))
        if not there.size:
            return math.nan
        size = np.sqrt(self._gram.diagonal()[there])
        alike = self._gram[np.ix_(there, there)] / size / size[:, None] + _RIDGE * np.eye(there.size)
        return float(np.linalg.solve(alike, self._moment[there] / size) / size @ terms[there])

    def learn(self, terms: Floats, value: float) -> None:
        """Take one sample; one with an absent regressor teaches nothing, lest moments speak of different samples."""
        if np.isfinite(terms).all() and math.isfinite(value):
            self._gram = self._keep * self._gram + np.outer(terms, terms)
            self._moment = self._keep * self._moment + terms * value

    def state(self) -> State:
        """Return the moments."""
        return {"gram": self._gram.copy(), "moment": self._moment.copy()}

    def restore(self, state: State) -> None:
        """Take over moments."""
        self._gram, self._moment = state["gram"].copy(), state["moment"].copy()
