"""How a girder swings: the first modes of a beam on two supports, driven by noise and blows, sample by sample.

Euler-Bernoulli: f_n = n^2 pi / (2 L^2) sqrt(EI / m), shape sin(n pi x / L) (Clough and Penzien).
Each mode is an oscillator q'' + 2 z w q' + w^2 q = f, stepped exactly for a force that holds over a sample; what an
accelerometer shows is the sum of w^2 q over the modes, each by its shape at the place of the sensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gateway.model import Floats

_WEIGHTS = (1.0, 0.35, 0.2)
"""How much of the shaking is in each mode (proposal: traffic drives the first)."""


def beam_hz(number: int, metres: float, bending_n_m2: float, kg_per_metre: float) -> float:
    """Return the frequency of a mode of a beam on two supports.

    >>> round(beam_hz(1, 30.0, 4.3e10, 12_000.0), 2), round(beam_hz(2, 30.0, 4.3e10, 12_000.0), 2)
    (3.3, 13.22)
    """
    return number**2 * math.pi / (2.0 * metres**2) * math.sqrt(bending_n_m2 / kg_per_metre)


class Modes:
    """Three modes at a sensor's place along the span; what they do next depends on their state alone."""

    def __init__(self, *, damping: float, place: float = 0.45, rate_hz: float = 50.0) -> None:
        if not 0 < damping < 1:
            raise ValueError(f"damping is a share of the critical, above 0 and below 1, got {damping:g}")
        self._damping = damping
        self._dt = 1.0 / rate_hz
        self._shapes = [math.sin(math.pi * (number + 1) * place) for number in range(len(_WEIGHTS))]
        self._moved = [0.0] * len(_WEIGHTS)
        self._speed = [0.0] * len(_WEIGHTS)

    def strike(self, m_s2: float, first_hz: float) -> None:
        """Give the first mode the speed that swings it, undamped, to such an acceleration at the sensor."""
        self._speed[0] += m_s2 / (2.0 * math.pi * first_hz * self._shapes[0])

    def step(self, noise: Floats, shaking: float, first_hz: float) -> Floats:
        """Return the accelerations of the samples of `noise` (modes x samples, standard normal) at such an RMS."""
        total = np.zeros(noise.shape[1])
        norm = math.sqrt(sum((w * s) ** 2 for w, s in zip(_WEIGHTS, self._shapes, strict=True)))
        for number, weight in enumerate(_WEIGHTS):
            angular = 2.0 * math.pi * first_hz * (number + 1) ** 2
            if angular * self._dt >= math.pi:
                break
            # White force of variance s^2 a sample gives w^2 q a variance of s^2 dt w / (4 z).
            force = shaking * weight / norm * math.sqrt(4.0 * self._damping / (angular * self._dt))
            swung = self._swing(number, angular, (force * noise[number]).tolist())
            total += self._shapes[number] * angular**2 * np.array(swung)
        return total

    def _swing(self, number: int, angular: float, forces: Sequence[float]) -> list[float]:
        """Step one oscillator over a row of forces; return where it was after each."""
        damped = angular * math.sqrt(1.0 - self._damping**2)
        fade = math.exp(-self._damping * angular * self._dt)
        sine, cosine = fade * math.sin(damped * self._dt) / damped, fade * math.cos(damped * self._dt)
        drag = self._damping * angular
        moved, speed = self._moved[number], self._speed[number]
        swung = []
        for force in forces:
            # Around the rest position of the force, the oscillator swings freely.
            rest = force / angular**2
            apart = moved - rest
            moved = rest + apart * (cosine + drag * sine) + speed * sine
            speed = speed * (cosine - drag * sine) - apart * angular**2 * sine
            swung.append(moved)
        self._moved[number], self._speed[number] = moved, speed
        return swung
