"""What watches the pressures of ltown_sim, row by row: leaks, and sensors that do not tell the truth.

In the learning time every pressure is regressed on the inflows, their squares and the hour of the day; what is left,
as an hour's median, has a covariance. A departure from it is measured twice: with all sensors, and with the one left
out that explains most (its value against what the others say of it). One sensor that explains nearly all of it is a
sensor's fault; what remains without any one sensor is the network's: a leak, or a flush, which ends within hours. Once
told, a leak's departure is the new base, and more or less of the same is expected: it is added to the covariance.

    T2 = d' S^-1 d      z(i)^2 = (S^-1 d)(i)^2 / S^-1(i, i)      T2 without i = T2 - z(i)^2

Hotelling, Multivariate quality control, 1947; leaving one out: Mason, Tracy, Young, J. Qual. Technol. 27, 1995.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

HOUR = 12


@dataclass(frozen=True, slots=True)
class Watching:
    """The one configuration; statistics are ordinarily about the number of sensors, 33, and under 80."""

    leak: float = 90.0
    """A departure larger than this with any one sensor left out is the network's."""
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
    """Metres off the hour's median; two within six hours are a fault."""
    spike_slots: int = 72
    noise: float = 0.004
    """Metres: an hour's median scatters at least so much."""
    again: float = 0.3
    """One sigma of a told leak's strength from hour to hour, as a share of it: demand and growth change it."""


CONFIGURATION = Watching()


class Alarm(NamedTuple):
    """A leak: the departures of all pressures in m, NaN where a sensor was not believed."""

    departure: Floats


class Told(NamedTuple):
    """What a row led to."""

    leak: Alarm | None
    faults: list[int]
    """Sensors newly held for faulty."""


def regressors(flows: Floats, hours: Floats) -> Floats:
    """Return the terms that tell pressures from inflows and the hour of the day, rows by terms."""
    scaled = flows / 100.0
    angle = 2.0 * np.pi * (hours % 24.0)[:, None] / 24.0 * np.array([1.0, 2.0])
    products = scaled[:, :-1] * scaled[:, 1:]
    running = (flows > 1.0) * 1.0
    switched = running[:, -1:] * scaled[:, :-1]
    one = np.ones((len(flows), 1))
    return np.hstack([one, scaled, scaled**2, products, running[:, -1:], switched, np.cos(angle), np.sin(angle)])


class Watch:
    """Pressures, learned once from a clean stretch, then fed one row at a time."""

    def __init__(self, hours: Floats, pressures: Floats, flows: Floats) -> None:
        terms = regressors(flows, hours)
        there = np.isfinite(pressures).all(axis=1) & np.isfinite(terms).all(axis=1)
        self._weights = np.linalg.lstsq(terms[there], pressures[there], rcond=None)[0]
        left = pressures[there] - terms[there] @ self._weights
        windows = np.lib.stride_tricks.sliding_window_view(left, HOUR, axis=0)[::3]
        middle = np.median(windows, axis=-1)
        self._covariance = np.asarray(np.cov(middle.T), np.float64) + CONFIGURATION.noise**2 * np.eye(
            pressures.shape[1]
        )
        members = pressures.shape[1]
        self._expected = self._covariance
        self._inverses: dict[bytes, Floats] = {}
        self._hour: deque[Floats] = deque(maxlen=HOUR)
        self._base = np.zeros(members)
        self._over: deque[bool] = deque(maxlen=CONFIGURATION.hold_slots)
        self._quiet = 0
        self._last = np.full(members, np.nan)
        self._same, self._absent = np.zeros(members, np.int64), np.zeros(members, np.int64)
        self._odd, self._agreed = np.zeros(members, np.int64), np.zeros(members, np.int64)
        self._spiked = np.full((2, members), -(10**9), np.int64)
        self._faulty = np.zeros(members, np.bool_)
        self._row = 0

    def take(self, hour: float, pressures: Floats, flows: Floats) -> Told:
        """Take a row, in order of time."""
        how = CONFIGURATION
        self._row += 1
        there = np.isfinite(pressures)
        self._same = np.where(there & (pressures == self._last), self._same + 1, np.where(there, 0, self._same))
        self._absent = np.where(there, 0, self._absent + 1)
        self._last = np.where(there, pressures, self._last)
        terms = regressors(flows[None], np.array([hour]))[0]
        if not np.isfinite(terms).all():
            return Told(None, [])
        left = pressures - terms @ self._weights
        self._hour.append(left)
        middle = _median(np.stack(self._hour))
        self._spike(left - middle)
        plain = (self._same >= how.stuck_slots) | (self._absent >= how.absent_slots)
        plain |= self._row - self._spiked.min(axis=0) <= how.spike_slots
        if len(self._hour) < HOUR:
            return Told(None, [])
        faults = self._judge_sensors(middle, plain)
        return Told(self._judge_network(middle), faults)

    def _spike(self, off: Floats) -> None:
        is_spike = np.nan_to_num(np.abs(off)) > CONFIGURATION.spike
        moved = np.stack([self._spiked[1], np.full(len(off), self._row)])
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
        how, before = CONFIGURATION, self._faulty.copy()
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

    def _judge_network(self, middle: Floats) -> Alarm | None:
        how = CONFIGURATION
        believed = np.where(self._faulty, np.nan, middle)
        total, own = self._statistics(believed, plain=True)
        sound = total - float(np.nan_to_num(own).max()) < how.back
        self._quiet = self._quiet + 1 if sound else 0
        if self._quiet >= how.back_slots and self._base.any():
            self._base[:] = 0.0
            self._expect(self._covariance)
        departure = believed - self._base
        total, own = self._statistics(departure)
        self._over.append(total - float(np.nan_to_num(own).max()) > how.leak)
        if not self._over[-1] or sum(self._over) < how.held_share * how.hold_slots or len(self._over) < how.hold_slots:
            return None
        self._base = np.where(np.isfinite(middle), middle, self._base)
        known = np.nan_to_num(departure)
        self._expect(self._expected + how.again**2 * known[:, None] * known[None, :])
        falls = known[int(np.abs(known / np.sqrt(self._covariance.diagonal())).argmax())] < 0
        return Alarm(departure) if falls else None

    def _expect(self, covariance: Floats) -> None:
        self._expected = covariance
        self._inverses.clear()
        self._over.clear()


def _median(rows: Floats) -> Floats:
    """Return each column's median of what is there."""
    ordered = np.sort(rows, axis=0)
    count = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    low, high = (
        ordered[np.maximum((count - 1) // 2, 0), columns],
        ordered[np.minimum(count // 2, len(rows) - 1), columns],
    )
    return np.where(count > 0, (low + high) / 2.0, np.nan)
