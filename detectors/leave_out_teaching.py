"""What `leave_out` follows, learned row by row: first the weights of the terms, then what they leave of an hour."""

from __future__ import annotations

import numpy as np

from detectors.contract import Floats, State
from detectors.leave_out import Departing, LeavingOut

_TAUGHT = ("moments", "with", "weights", "seen", "hour", "mean", "outer", "medians")


class Teaching:
    """What `Departing` needs, learned in passing: first the weights, then the covariance of what they leave.

    State is sums only, however long it takes: terms by terms, and sensors by sensors.
    """

    def __init__(self, terms: int, sensors: int, slots: int, how: LeavingOut) -> None:
        """`slots`: complete rows to learn from, half of them for the weights."""
        self._how, self._slots = how, slots
        self._moments, self._with = np.zeros((terms, terms)), np.zeros((terms, sensors))
        self._weights: Floats = np.zeros((terms, sensors))
        self._seen = np.zeros(2, np.int64)
        self._hour = np.full((how.hour_slots, sensors), np.nan)
        self._mean, self._outer, self._medians = np.zeros(sensors), np.zeros((sensors, sensors)), np.zeros(1, np.int64)

    def take(self, terms: Floats, values: Floats) -> None:
        """Learn from a row; one that is not complete teaches nothing."""
        if not (np.isfinite(terms).all() and np.isfinite(values).all()):
            return
        half = self._slots // 2
        if self._seen[0] < half:
            self._seen[0] += 1
            self._moments = self._moments + terms[:, None] * terms[None, :]
            self._with = self._with + terms[:, None] * values[None, :]
            if self._seen[0] == half:
                self._weights = np.asarray(np.linalg.lstsq(self._moments, self._with, rcond=None)[0], np.float64)
            return
        self._seen[1] += 1
        self._hour = np.vstack((self._hour[1:], values - terms @ self._weights))
        # Medians of hours that overlap by three quarters say little more than those that do not.
        if self._seen[1] >= self._how.hour_slots and self._seen[1] % max(1, self._how.hour_slots // 4) == 0:
            self._add(np.median(self._hour, axis=0))

    def _add(self, middle: Floats) -> None:
        self._medians[0] += 1
        off = middle - self._mean
        self._mean = self._mean + off / self._medians[0]
        self._outer = self._outer + off[:, None] * (middle - self._mean)[None, :]

    def is_done(self) -> bool:
        """Return whether there is enough to judge by."""
        return bool(self._seen.sum() >= self._slots and self._medians[0] > 1)

    def learned(self) -> Departing:
        """Return what follows the pressures from here on."""
        covariance = (self._outer + self._outer.T) / 2.0 / max(1, int(self._medians[0]) - 1)
        return Departing(self._weights, covariance, self._how)

    def state(self) -> State:
        """Return the sums so far."""
        return {name: getattr(self, f"_{name}").copy() for name in _TAUGHT}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _TAUGHT:
            setattr(self, f"_{name}", state[name].copy())
