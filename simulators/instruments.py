"""What goes wrong with instruments and their lines rather than with the city: drift, stuck, silence, late replies.

An instrument turns the true value of its place into what it reports; it keeps no state, so any time can be asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.model import SECOND, Floats, Int64s
from simulators.models.contract import Window
from simulators.noise import seed_of, white

KINDS: Mapping[str, tuple[str, str]] = {
    "drift": ("sensor_fault", "the offset that it reaches at its end, in the channel's unit"),
    "stuck": ("sensor_fault", ""),
    "spikes": ("sensor_fault", "their height, in the channel's unit; about one report in twenty"),
    "noise": ("sensor_fault", "its standard deviation, in the channel's unit"),
    "dropout": ("sensor_silent", "the share of reports that are lost, above 0 and below 1"),
    "dead": ("sensor_silent", ""),
    "dead_line": ("sensor_silent", ""),
    "half_open": ("sensor_silent", ""),
    "offline": ("sensor_silent", ""),
    "saving": ("sensor_silent", "the seconds between its reports, up to a day"),
    "slow": ("sensor_silent", "the seconds by which every reply or message comes later"),
    "late": ("sensor_silent", "the seconds by which about one reply or message in five comes later"),
    "exceptions": ("sensor_silent", "the Modbus exception code, 1 to 11"),
    "clock_jump": ("sensor_fault", "the seconds by which its clock is wrong, negative when slow"),
    "calibration": ("", "the value that it shows while it is calibrated"),
}
"""Kind → the hazard a gateway ought to name (empty: none), and what its amount means (empty: it has none).

Lost reports may rightly be called silence. A clock that is wrong is a fault of the device: it is heard, at the wrong
time. A device that is offline, or whose connection is half open, keeps what it measures and sends it all at once when
its line comes back; a dead one, or one on a dead line, does not. A battery node that is saving still measures truly.
"""
OF_LINES = frozenset({"dead_line", "half_open"})
"""Kinds that all devices behind one Modbus connection share."""
OF_ASKED = frozenset({"exceptions"})
"""Kinds that only a device that is asked can have."""
OF_SENDING = frozenset({"saving", "clock_jump"})
"""Kinds that only a device that reports by itself can have."""
_SIGNED = frozenset({"drift", "spikes", "clock_jump", "calibration"})
_GONE = frozenset({"dead", "dead_line"})
_WAITING = frozenset({"offline", "half_open"})
_SPIKE_SHARE = 0.05
_LATE_SHARE = 0.2
_LAST_EXCEPTION = 11
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a device, or of one point of it, from a moment on."""

    time_ns: int
    kind: str
    device: str
    point: str | None = None
    amount: float = math.nan
    seconds: float = math.nan
    """How long it lasts, NaN when it stays."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no fault of an instrument; it can be one of {', '.join(KINDS)}")
        meaning = KINDS[self.kind][1]
        if meaning and math.isnan(self.amount):
            raise ValueError(f"{self.kind} of {self.device}: amount is missing: {meaning}")
        if meaning and not (math.isfinite(self.amount) and (self.kind in _SIGNED or self.amount > 0)):
            raise ValueError(f"{self.kind} of {self.device}: amount must be {meaning}, got {self.amount:g}")
        if not meaning and math.isfinite(self.amount):
            raise ValueError(f"{self.kind} of {self.device}: it has no amount, got {self.amount:g}")
        if self.kind == "dropout" and self.amount >= 1.0:
            raise ValueError(f"dropout of {self.device}: a share below 1; all of it is 'dead', got {self.amount:g}")
        if self.kind == "exceptions" and not (self.amount.is_integer() and self.amount <= _LAST_EXCEPTION):
            raise ValueError(f"exceptions of {self.device}: amount must be a code from 1 to 11, got {self.amount:g}")
        if self.kind == "saving" and self.amount > _DAY_SECONDS:
            raise ValueError(f"saving of {self.device}: amount must be at most a day, got {self.amount:g} s")
        if self.kind == "drift" and not math.isfinite(self.seconds):
            raise ValueError(f"drift of {self.device}: lasts is missing: how long it takes")
        if self.seconds <= 0:
            raise ValueError(f"{self.kind} of {self.device}: lasts must be above 0 s, got {self.seconds:g} s")

    def is_on(self, time_ns: int) -> bool:
        """Return whether it has begun and not ended."""
        return self.time_ns <= time_ns < self.end_ns

    @property
    def end_ns(self) -> int:
        """When it ends, far away when it stays."""
        return self.time_ns + round(self.seconds * SECOND) if math.isfinite(self.seconds) else 1 << 62

    def window(self, asset: str, end_ns: int) -> Window:
        """Return its labelled stretch, on the asset that the device is mounted on, within a world that ends."""
        detail: dict[str, float | str] = {"device": self.device}
        if self.point:
            detail["point"] = self.point
        if math.isfinite(self.amount):
            detail["amount"] = self.amount
        return Window(self.time_ns, min(self.end_ns, end_ns), self.kind, asset, KINDS[self.kind][0], detail)


class Instruments:
    """All instruments of a fleet and what is wrong with them."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self._seed = seed
        self._of: dict[str, list[Fault]] = {}
        for fault in faults:
            self.add(fault)

    @property
    def faults(self) -> Sequence[Fault]:
        """Every fault, by device."""
        return [fault for of_one in self._of.values() for fault in of_one]

    def add(self, fault: Fault) -> None:
        """Let something go wrong."""
        self._of.setdefault(fault.device, []).append(fault)

    def reports(self, device: str, time_ns: int) -> bool:
        """Return whether what a device would send at a moment comes through."""
        for fault in self._on(device, time_ns):
            if fault.kind in _GONE:
                return False
            if fault.kind == "dropout" and self._share("dropout", device, time_ns) < fault.amount:
                return False
        return True

    def back_online(self, device: str, time_ns: int) -> int:
        """Return when a device's line is up: at once, or when it comes back (never: far away)."""
        return max((fault.end_ns for fault in self._on(device, time_ns) if fault.kind in _WAITING), default=time_ns)

    def is_cut(self, device: str, time_ns: int) -> bool:
        """Return whether nobody can connect to a device's line."""
        return any(fault.kind == "dead_line" for fault in self._on(device, time_ns))

    def delay_seconds(self, device: str, time_ns: int) -> float:
        """Return how much later than it should a reply or message of a moment comes."""
        seconds = 0.0
        for fault in self._on(device, time_ns):
            if fault.kind == "slow" or (fault.kind == "late" and self._share("late", device, time_ns) < _LATE_SHARE):
                seconds += fault.amount
        return seconds

    def exception(self, device: str, time_ns: int) -> int:
        """Return the Modbus exception with which a device answers, 0 when it answers as it should."""
        return next((int(fault.amount) for fault in self._on(device, time_ns) if fault.kind == "exceptions"), 0)

    def period_ns(self, device: str, time_ns: int, own_ns: int) -> int:
        """Return how long after a report a device makes its next, which is `own_ns` while it saves no battery."""
        saving = [round(fault.amount * SECOND) for fault in self._on(device, time_ns) if fault.kind == "saving"]
        return max([own_ns, *saving])

    def clock(self, device: str, time_ns: int) -> int:
        """Return what a device's own clock says at a moment."""
        wrong = sum(fault.amount for fault in self._on(device, time_ns) if fault.kind == "clock_jump")
        return time_ns + round(wrong * SECOND)

    def calibrated(self, device: str, points: Iterable[str], time_ns: int) -> frozenset[str]:
        """Return which points of a device are being calibrated, which an honest one says in its status."""
        faults = [fault for fault in self._on(device, time_ns) if fault.kind == "calibration"]
        return frozenset(point for point in points if any(_is_of(fault, point) for fault in faults))

    def asked_at(self, device: str, point: str, time_ns: int) -> int:
        """Return the moment whose true value a point shows: an earlier one while it is stuck."""
        stuck = [f.time_ns for f in self._on(device, time_ns) if f.kind == "stuck" and _is_of(f, point)]
        return min(stuck, default=time_ns)

    def measured(self, device: str, point: str, time_ns: int, true: float) -> float:
        """Return what a point shows for the true value."""
        shown = true
        for number, fault in enumerate(self._of.get(device, ())):
            if not (fault.is_on(time_ns) and _is_of(fault, point)):
                continue
            seed = seed_of(str(self._seed), device, point, str(number))
            if fault.kind == "drift":
                shown += fault.amount * (time_ns - fault.time_ns) / (fault.end_ns - fault.time_ns)
            elif fault.kind == "spikes" and abs(_drawn(seed, time_ns)) < _SPIKE_SHARE:
                shown += fault.amount
            elif fault.kind == "noise":
                # Even noise of the same standard deviation.
                shown += fault.amount * math.sqrt(3.0) * _drawn(seed, time_ns)
            elif fault.kind == "calibration":
                shown = fault.amount
        return shown

    def _on(self, device: str, time_ns: int) -> list[Fault]:
        """Return what is wrong with a device at a moment."""
        of_one = self._of.get(device)
        return [fault for fault in of_one if fault.is_on(time_ns)] if of_one else []

    def _share(self, what: str, device: str, time_ns: int) -> float:
        """Return an even draw in [0, 1) for a report."""
        return (_drawn(seed_of(str(self._seed), what, device), time_ns) + 1.0) / 2.0


def _is_of(fault: Fault, point: str) -> bool:
    return fault.point is None or fault.point == point


def _drawn(seed: int, time_ns: int) -> float:
    times: Int64s = np.array([time_ns], np.int64)
    noise: Floats = white(seed, times)
    return float(noise[0])
