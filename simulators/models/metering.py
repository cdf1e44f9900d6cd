"""What a meter makes of the flow in its pipe: the speed by its bore, and the totals that it counts up.

Totals count from the beginning of a world: what a register showed before belongs to its meter. Knows no instruments.
"""

from __future__ import annotations

import math

import numpy as np

from gateway.model import Floats

BORE_MILLIMETRES = 200.0
"""The bore where nobody tells one (proposal): a quarter's main, at 1.1 m/s when it takes 125 m3/h."""
BACKWARD = "reverse_volume"
"""What a model says of a meter beside its measured quantities: m3 that ran backwards."""
_MM_A_METRE = 1000.0


def velocity_m_s(m3_h: float, millimetres: float) -> float:
    """Return how fast a flow runs through a full pipe.

    >>> round(velocity_m_s(63.6, 150.0), 3)
    1.0
    """
    return m3_h / 3600.0 / (math.pi * (millimetres / _MM_A_METRE) ** 2 / 4.0)


class Totaliser:
    """The registers of meters that are read in equal steps: flow is a straight line between two of them."""

    def __init__(self, meters: int, step_seconds: float) -> None:
        self._hours = step_seconds / 3600.0
        self._last: Floats | None = None
        self._forward: Floats = np.zeros(meters)
        self._backward: Floats = np.zeros(meters)

    def count(self, m3_h: Floats) -> tuple[Floats, Floats]:
        """Go on by one step to these flows; return m3 forwards and m3 backwards so far, 0 at the first."""
        if self._last is not None:
            self._forward = self._forward + _mean(self._last, m3_h) * self._hours
            self._backward = self._backward + _mean(-self._last, -m3_h) * self._hours
        self._last = m3_h
        return self._forward, self._backward


def _mean(before: Floats, after: Floats) -> Floats:
    half: Floats = (np.maximum(before, 0.0) + np.maximum(after, 0.0)) / 2.0
    return half
