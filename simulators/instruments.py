"""What goes wrong with instruments rather than with the city: drift, stuck, spikes, silence, a wrong clock.

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
    "offline": ("sensor_silent", ""),
    "clock_jump": ("sensor_silent", "the seconds by which its clock is wrong, negative when slow"),
    "calibration": ("", "the value that it shows while it is calibrated"),
}
"""Kind → the hazard a gateway ought to name (empty: none), and what its amount means (empty: it has none).

Lost reports may rightly be called silence; so may those that a clock set back makes older than what is known.
A device that is offline keeps what it measures and sends it all at once when its line comes back; a dead one does not.
"""
_SIGNED = frozenset({"drift", "spikes", "clock_jump", "calibration"})
_SPIKE_SHARE = 0.05


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
        if meaning and not (math.isfinite(self.amount) and (self.kind in _SIGNED or self.amount > 0)):
            raise ValueError(f"{self.kind} of {self.device}: amount must be {meaning}, got {self.amount:g}")
        if self.kind == "dropout" and self.amount >= 1.0:
            raise ValueError(f"dropout of {self.device}: a share below 1; all of it is 'dead', got {self.amount:g}")
        if self.kind == "drift" and not math.isfinite(self.seconds):
            raise ValueError(f"drift of {self.device}: seconds must say how long it takes")
        if self.seconds <= 0:
            raise ValueError(f"{self.kind} of {self.device}: seconds must be above 0, got {self.seconds:g}")

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
        for fault in self._of.get(device, ()):
            if fault.kind == "dead" and fault.is_on(time_ns):
                return False
            if fault.kind == "dropout" and fault.is_on(time_ns):
                drawn = float(white(seed_of(str(self._seed), "dropout", device), np.array([time_ns], np.int64))[0])
                if (drawn + 1.0) / 2.0 < fault.amount:
                    return False
        return True

    def back_online(self, device: str, time_ns: int) -> int:
        """Return when a device's line is up: at once, or when it comes back (never: far away)."""
        offline = [f for f in self._of.get(device, ()) if f.kind == "offline" and f.is_on(time_ns)]
        return max((fault.end_ns for fault in offline), default=time_ns)

    def clock(self, device: str, time_ns: int) -> int:
        """Return what a device's own clock says at a moment."""
        wrong = sum(f.amount for f in self._of.get(device, ()) if f.kind == "clock_jump" and f.is_on(time_ns))
        return time_ns + round(wrong * SECOND)

    def is_calibrated(self, device: str, time_ns: int) -> bool:
        """Return whether a device is being calibrated, which an honest one says in its status."""
        return any(fault.kind == "calibration" and fault.is_on(time_ns) for fault in self._of.get(device, ()))

    def asked_at(self, device: str, point: str, time_ns: int) -> int:
        """Return the moment whose true value a point shows: an earlier one while it is stuck."""
        stuck = [f for f in self._of.get(device, ()) if f.kind == "stuck" and f.is_on(time_ns) and _is_of(f, point)]
        return min((fault.time_ns for fault in stuck), default=time_ns)

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


def drawn_faults(
    devices: Mapping[str, Sequence[str]], *, start_ns: int, end_ns: int, per_device_year: float, seed: int = 0
) -> list[Fault]:
    """Draw faults of a fleet at a rate; `devices` gives each device's points.

    Kinds come evenly of stuck, drift, spikes, dropout and dead, hours to days long; sizes are 5 to 20 % of a typical
    value of 1, so scale them by giving faults of one's own where that matters.
    """
    random = np.random.default_rng(seed_of(str(seed), "drawn faults"))
    years = (end_ns - start_ns) / SECOND / (365.25 * 86_400)
    faults = []
    for device, points in devices.items():
        for _ in range(int(random.poisson(per_device_year * years))):
            kind = str(random.choice(["stuck", "drift", "spikes", "dropout", "dead"]))
            point = str(random.choice(list(points))) if points and kind in {"stuck", "drift", "spikes"} else None
            amount = {"drift": random.uniform(0.05, 0.2), "spikes": random.uniform(0.2, 1.0), "dropout": 0.5}.get(kind)
            faults.append(
                Fault(
                    time_ns=int(random.integers(start_ns, end_ns)),
                    kind=kind,
                    device=device,
                    point=point,
                    amount=math.nan if amount is None else float(amount),
                    seconds=float(random.uniform(2 * 3600, 3 * 86_400)),
                )
            )
    return sorted(faults, key=lambda fault: (fault.time_ns, fault.device))


def _is_of(fault: Fault, point: str) -> bool:
    return fault.point is None or fault.point == point


def _drawn(seed: int, time_ns: int) -> float:
    times: Int64s = np.array([time_ns], np.int64)
    noise: Floats = white(seed, times)
    return float(noise[0])
