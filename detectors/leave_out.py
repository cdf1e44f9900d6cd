"""Pressures of a network against its inflows: what the network does, and what one sensor alone says.

In a learning time every pressure is regressed on terms of the inflows and the hour of the day; what is left, as an
hour's median, has a covariance. A departure from it is measured twice: with all sensors, and with the one left out that
explains most. One sensor that explains nearly all of it is a sensor's fault; what remains without any one sensor is the
network's: a leak, or a flush, which ends within hours. Once told, a leak's departure is the new base, and more or less
of the same is expected: it is added to the covariance.

    T2 = d' S^-1 d      z(i)^2 = (S^-1 d)(i)^2 / S^-1(i, i)      T2 without i = T2 - z(i)^2

Hotelling, Multivariate quality control, 1947; leaving one out: Mason, Tracy, Young, J. Qual. Technol. 27, 1995.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, State

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LeavingOut:
    """Limits of a statistic that is ordinarily about the number of sensors, and times in slots.

    The numbers given are those for 33 sensors that report every five minutes.
    """

    leak: float = 90.0
    """A departure larger than this with any one sensor left out is the network's."""
    hour_slots: int = 12
    hold_slots: int = 66
    """Flushes are over within 5 to 6 hours; a leak must be named within 6 and a little."""
    held_share: float = 0.85
    """Of these slots: at night a leak of the day may show less."""
    fault: float = 250.0
    """So large a departure of one sensor is its own ..."""
    others: float = 0.25
    """... when what remains without it is less than this share."""
    fault_slots: int = 24
    """Two hours: a valve turned beside a sensor is soon over."""
    back: float = 60.0
    back_slots: int = 144
    """A sensor that agreed for twelve hours is believed again, and a network that did is sound."""
    stuck_slots: int = 12
    absent_slots: int = 6
    spike: float = 2.0
    """Off the hour's median, in the sensors' unit; two within six hours are a fault."""
    spike_slots: int = 72
    noise: float = 0.004
    """An hour's median scatters at least so much, in the sensors' unit."""
    again: float = 0.3
    """One sigma of a told leak's strength from hour to hour, as a share of it: demand and growth change it."""

    @classmethod
    def of(cls, sensors: int, slot_seconds: float, unit: float = 1.0) -> LeavingOut:
        """Return limits for so many sensors and so wide a slot; `unit` is a metre of water in the sensors' unit.

        >>> LeavingOut.of(33, 300.0).leak
        90.0
        """
        spread = math.sqrt(2.0 * sensors)

        def slots(seconds: float) -> int:
            return max(1, round(seconds / slot_seconds))

        return cls(
            leak=float(round(sensors + 7.02 * spread)),
            hour_slots=slots(3_600),
            hold_slots=slots(66 * 300),
            fault=float(round(sensors + 26.7 * spread)),
            fault_slots=slots(7_200),
            back=float(round(sensors + 3.32 * spread)),
            back_slots=slots(43_200),
            stuck_slots=max(4, slots(3_600)),
            absent_slots=max(2, slots(1_800)),
            spike=2.0 * unit,
            spike_slots=slots(21_600),
            noise=0.004 * unit,
        )


class Told(NamedTuple):
    """What a row led to."""

    leak: Floats | None
    """A leak newly told: the departures of all sensors, NaN where one was not believed."""
    faults: list[int]
    """Sensors newly held for faulty."""
    statistic: float = math.nan
    """The departure with the sensor left out that explains most; NaN in the first hour."""
    departure: Floats | None = None
    """Of each sensor from what was learned, told leaks included; NaN where it is not believed."""


_STATE = (
    *("weights", "covariance", "expected", "hour", "hours", "base", "over", "quiet"),
    *("last", "same", "absent", "odd", "agreed", "spiked", "faulty", "row"),
)


class Departing:
    """What was learned once, followed row by row: the weights of the terms, and the covariance of what they leave."""

    def __init__(self, weights: Floats, covariance: Floats, how: LeavingOut) -> None:
        """`weights`: terms by sensors; `covariance` of an hour's medians, without the least noise."""
        self._how = how
        members = len(covariance)
        self._weights = weights
        self._covariance = covariance + how.noise**2 * np.eye(members)
        self._expected = self._covariance
        self._inverses: dict[bytes, Floats] = {}
        self._hour, self._hours = np.full((how.hour_slots, members), np.nan), np.zeros(1, np.int64)
        self._base = np.zeros(members)
        # The newest slots, oldest first; -1 where none was judged yet.
        self._over = np.full(how.hold_slots, -1, np.int8)
        self._quiet = np.zeros(1, np.int64)
        self._last = np.full(members, np.nan)
        self._same, self._absent = np.zeros(members, np.int64), np.zeros(members, np.int64)
        self._odd, self._agreed = np.zeros(members, np.int64), np.zeros(members, np.int64)
        self._spiked = np.full((2, members), -(10**9), np.int64)
        self._faulty = np.zeros(members, np.bool_)
        self._row = np.zeros(1, np.int64)

    def take(self, terms: Floats, values: Floats) -> Told:
        """Take a row, in order of time."""
        how = self._how
        self._row[0] += 1
        there = np.isfinite(values)
        self._same = np.where(there & (values == self._last), self._same + 1, np.where(there, 0, self._same))
        self._absent = np.where(there, 0, self._absent + 1)
        self._last = np.where(there, values, self._last)
        if not np.isfinite(terms).all():
            return Told(None, [])
        left = values - terms @ self._weights
        self._hour = np.vstack((self._hour[1:], left))
        self._hours[0] += 1
        middle = median_of_columns(self._hour[-min(int(self._hours[0]), how.hour_slots) :])
        self._spike(left - middle)
        plain = (self._same >= how.stuck_slots) | (self._absent >= how.absent_slots)
        plain |= self._row[0] - self._spiked.min(axis=0) <= how.spike_slots
        if self._hours[0] < how.hour_slots:
            return Told(None, [])
        faults = self._judge_sensors(middle, plain)
        return self._judge_network(middle, faults)

    def scatter(self) -> Floats:
        """Return one sigma of each sensor's hour, without a leak."""
        return np.sqrt(self._covariance.diagonal())

    def faulty(self) -> Bools:
        """Return which sensors are not believed."""
        return self._faulty.copy()

    def holds(self) -> float:
        """Return the share of the hold time in which the network was off, 0 to 1."""
        return float((self._over == 1).sum()) / self._how.hold_slots

    def is_off(self) -> bool:
        """Return whether a leak was told, and the network is not sound again."""
        return bool(self._base.any())

    def _spike(self, off: Floats) -> None:
        is_spike = np.nan_to_num(np.abs(off)) > self._how.spike
        moved = np.stack([self._spiked[1], np.full(len(off), self._row[0])])
        self._spiked = np.where(is_spike, moved, self._spiked)

    def _inverse(self, there: Bools, *, plain: bool) -> Floats:
        key = np.packbits(there).tobytes() + bytes([plain])
        if key not in self._inverses:
            covariance = self._covariance if plain else self._expected
            self._inverses[key] = np.asarray(np.linalg.inv(covariance[np.ix_(there, there)]), np.float64)
        return self._inverses[key]

    def _statistics(self, departure: Floats, *, plain: bool = False) -> tuple[float, Floats]:
        """Return T2 over the sensors that are there, and each one's own part of it, NaN for others."""
        there = np.isfinite(departure)
        own = np.full(len(departure), np.nan)
        if not there.any():
            return 0.0, own
        inverse = self._inverse(there, plain=plain)
        turned = inverse @ departure[there]
        own[there] = turned**2 / inverse.diagonal()
        return float(departure[there] @ turned), own

    def _judge_sensors(self, middle: Floats, plain: Bools) -> list[int]:
        how, before = self._how, self._faulty.copy()
        departure = middle - self._base
        believed = np.where(self._faulty, np.nan, departure)
        total, own = self._statistics(believed)
        known = np.nan_to_num(own)
        worst = int(known.argmax())
        is_odd = np.zeros(len(own), np.bool_)
        is_odd[worst] = known[worst] > how.fault and total - known[worst] < how.others * total
        self._odd = np.where(is_odd, self._odd + 1, 0)
        for sensor in np.flatnonzero(self._faulty & np.isfinite(departure)).tolist():
            with_it = believed.copy()
            with_it[sensor] = departure[sensor]
            agrees = self._statistics(with_it)[1][sensor] < how.back and not plain[sensor]
            self._agreed[sensor] = self._agreed[sensor] + 1 if agrees else 0
        named = plain | (self._odd >= how.fault_slots)
        self._faulty = (self._faulty & (self._agreed < how.back_slots)) | named
        self._agreed[~self._faulty | named] = 0
        return np.flatnonzero(self._faulty & ~before).tolist()

    def _judge_network(self, middle: Floats, faults: list[int]) -> Told:
        how = self._how
        believed = np.where(self._faulty, np.nan, middle)
        total, own = self._statistics(believed, plain=True)
        sound = total - float(np.nan_to_num(own).max()) < how.back
        self._quiet[0] = self._quiet[0] + 1 if sound else 0
        if self._quiet[0] >= how.back_slots and self._base.any():
            self._base = np.zeros(len(middle))
            self._expect(self._covariance)
        departure = believed - self._base
        total, own = self._statistics(departure)
        statistic = total - float(np.nan_to_num(own).max())
        self._over = np.append(self._over[1:], np.int8(statistic > how.leak))
        is_held = (self._over >= 0).all() and (self._over == 1).sum() >= how.held_share * how.hold_slots
        if not self._over[-1] or not is_held:
            return Told(None, faults, statistic, believed)
        self._base = np.where(np.isfinite(middle), middle, self._base)
        known = np.nan_to_num(departure)
        self._expect(self._expected + how.again**2 * known[:, None] * known[None, :])
        falls = known[int(np.abs(known / np.sqrt(self._covariance.diagonal())).argmax())] < 0
        return Told(departure if falls else None, faults, statistic, believed)

    def _expect(self, covariance: Floats) -> None:
        self._expected = covariance
        self._inverses.clear()
        self._over[:] = -1

    def state(self) -> State:
        """Return what was learned, and where each sensor and the network stand."""
        return {name: getattr(self, f"_{name}").copy() for name in _STATE}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _STATE:
            setattr(self, f"_{name}", state[name].copy())
        self._inverses.clear()


def median_of_columns(rows: Floats) -> Floats:
    """Return each column's median of what is there."""
    ordered = np.sort(rows, axis=0)
    count = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    low, high = (
        ordered[np.maximum((count - 1) // 2, 0), columns],
        ordered[np.minimum(count // 2, len(rows) - 1), columns],
    )
    return np.where(count > 0, (low + high) / 2.0, np.nan)
