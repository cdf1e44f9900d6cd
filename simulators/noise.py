"""Noise as a function of time: the same seed and time always give the same value, in any order, on any machine.

So the simulated past and the live fleet are one curve, and a simulator needs no state.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from gateway.model import SECOND, Floats, Int64s

_Words = NDArray[np.uint64]
_BLOCK = 1024


def seed_of(*parts: str) -> int:
    """Return a stable 63-bit seed of some names.

    >>> seed_of("MH-0231.gas.ch4") == seed_of("MH-0231.gas.ch4") != seed_of("MH-0232.gas.ch4")
    True
    """
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big") >> 1


def white(seed: int, time_ns: Int64s) -> Floats:
    """Return even noise in [-1, 1), new at every millisecond."""
    return _uniform(seed, time_ns // (SECOND // 1000))


def wander(seed: int, time_ns: Int64s, period_seconds: float) -> Floats:
    """Return a smooth walk in [-1, 1) that changes its direction about once a period."""
    period_ns = round(period_seconds * SECOND)
    cell = time_ns // period_ns
    share = (time_ns - cell * period_ns) / period_ns
    # Cosine interpolation: no corners, and never beyond its two ends.
    weight = (1.0 - np.cos(np.pi * share)) / 2.0
    start, end = _uniform(seed, cell), _uniform(seed, cell + 1)
    mixed: Floats = start + (end - start) * weight
    return mixed


class Wandered:
    """The integral of a walk since a moment; it remembers sums of whole blocks, which are always added alike."""

    def __init__(self, seed: int, period_seconds: float, since_ns: int) -> None:
        self._seed = seed
        self._period_seconds = period_seconds
        self._first = since_ns // round(period_seconds * SECOND)
        self._offset = 0.0
        self._sums: list[float] = [0.0]
        self._offset = float(self._cells(np.array([since_ns], np.int64))[0])

    def seconds(self, time_ns: Int64s) -> Floats:
        """Return the integral in seconds up to given times, 0 before the first."""
        run: Floats = (self._cells(time_ns) - self._offset) * self._period_seconds
        return run

    def _cells(self, time_ns: Int64s) -> Floats:
        period_ns = round(self._period_seconds * SECOND)
        cell = time_ns // period_ns
        share = (time_ns - cell * period_ns) / period_ns
        start, end = _uniform(self._seed, cell), _uniform(self._seed, cell + 1)
        # The integral of the cosine interpolation within a cell.
        part = start * share + (end - start) * (share - np.sin(np.pi * share) / np.pi) / 2.0
        whole = np.array([self._before(one) for one in cell.tolist()])
        run: Floats = np.where(cell < self._first, 0.0, whole + part)
        return run

    def _before(self, cell: int) -> float:
        """Return the sum of the cells from the first up to one."""
        blocks, left = divmod(max(0, cell - self._first), _BLOCK)
        while len(self._sums) <= blocks:
            self._sums.append(self._sums[-1] + self._sum(len(self._sums) - 1, _BLOCK))
        return self._sums[blocks] + self._sum(blocks, left)

    def _sum(self, block: int, cells: int) -> float:
        first = self._first + block * _BLOCK
        ends = _uniform(self._seed, np.arange(first, first + cells + 1, dtype=np.int64))
        return float(((ends[1:] + ends[:-1]) / 2.0).sum())


def _uniform(seed: int, cell: Int64s) -> Floats:
    """Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the finaliser of splitmix64."""
    word: _Words = np.atleast_1d(cell).astype(np.uint64) + np.array([seed], np.uint64)
    word = word * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    scaled: Floats = (word >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0
    return scaled
