"""Faults of instruments that nobody scheduled: drawn at a rate, the same for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from gateway.inventory import Channel, Inventory
from gateway.model import SECOND
from simulators.instruments import KINDS, OF_ASKED, OF_SENDING, Fault
from simulators.noise import seed_of
from simulators.patterns import PATTERNS

_YEAR_SECONDS = 365.25 * 86_400
_OF_A_POINT = frozenset({"stuck", "drift", "spikes", "noise", "calibration"})
_COMMON = ("stuck", "drift", "spikes", "dropout", "dead")

Draw: TypeAlias = Callable[[np.random.Generator, float], float]


class Subject(NamedTuple):
    """A device that faults may befall."""

    points: Mapping[str, float]
    """Point → the width of what a healthy one shows, in its unit."""
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a fault befalls devices; what is not told is drawn with each."""

    kind: str
    per_device_year: float
    device: str | None = None
    """The one device it is for; None means every device that can have it."""
    point: str | None = None
    amount: float = math.nan
    seconds: float = math.nan

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no fault of an instrument; it can be one of {', '.join(KINDS)}")
        if not (math.isfinite(self.per_device_year) and self.per_device_year > 0):
            raise ValueError(f"{self.kind}: per_device_year must be above 0, got {self.per_device_year:g}")
        if math.isfinite(self.amount) or not KINDS[self.kind][1]:
            # An amount or a time that no single fault may have is told at once.
            seconds = self.seconds if math.isfinite(self.seconds) else 3600.0
            Fault(0, self.kind, self.device or "any device", self.point, self.amount, seconds)


_AMOUNTS: Mapping[str, Draw] = {
    "drift": lambda random, width: float(random.uniform(0.05, 0.2) * random.choice([-1.0, 1.0])) * width,
    "spikes": lambda random, width: float(random.uniform(0.5, 2.0)) * width,
    "noise": lambda random, width: float(random.uniform(0.1, 0.5)) * width,
    "calibration": lambda random, width: float(random.uniform(1.5, 3.0)) * width,
    "dropout": lambda random, _: float(random.uniform(0.2, 0.8)),
    "saving": lambda random, _: float(random.uniform(900.0, 86_400.0)),
    "slow": lambda random, _: float(random.uniform(0.2, 5.0)),
    "late": lambda random, _: float(random.uniform(0.5, 5.0)),
    "exceptions": lambda random, _: float(random.choice([4, 6, 10, 11])),
    "clock_jump": lambda random, _: float(random.choice([-1.0, 1.0]) * random.uniform(60.0, 3600.0)),
}
"""Kind → its amount, from the width of what a healthy point shows; where nothing is known, in orders of magnitude."""


def subjects_of(inventory: Inventory) -> dict[str, Subject]:
    """Return every device of a site with its points."""
    points: dict[str, dict[str, float]] = {device: {} for device in inventory.devices}
    for channel in inventory.channels.values():
        points[channel.device][channel.point] = _width(channel)
    protocols = {device.id: device.profile.protocol for device in inventory.devices.values()}
    return {name: Subject(of_one, protocols[name] == "modbus") for name, of_one in points.items()}


def can_have(kind: str, subject: Subject) -> bool:
    """Return whether a fault of a kind can befall a device at all."""
    return kind not in (OF_SENDING if subject.is_asked else OF_ASKED)


def drawn_at(
    rates: Sequence[Rate], subjects: Mapping[str, Subject], *, start_ns: int, end_ns: int, seed: int = 0
) -> list[Fault]:
    """Draw faults at their rates; they last an hour to two days where a rate does not say."""
    years = (end_ns - start_ns) / SECOND / _YEAR_SECONDS
    faults = []
    for number, rate in enumerate(rates):
        for device, subject in subjects.items():
            if rate.device not in {None, device} or not can_have(rate.kind, subject):
                continue
            # Each device has draws of its own: one more in the district changes nothing for the others.
            random = np.random.default_rng(seed_of(str(seed), "drawn at", str(number), rate.kind, device))
            faults += [
                _one(rate, device, subject, random, int(random.integers(start_ns, end_ns)))
                for _ in range(int(random.poisson(rate.per_device_year * years)))
            ]
    return sorted(faults, key=lambda fault: (fault.time_ns, fault.device))


def drawn_faults(
    devices: Mapping[str, Sequence[str]], *, start_ns: int, end_ns: int, per_device_year: float, seed: int = 0
) -> list[Fault]:
    """Draw the common faults of a fleet at one rate; `devices` gives each device's points.

    Kinds come evenly of stuck, drift, spikes, dropout and dead, hours to days long; sizes are 5 to 20 % of a typical
    value of 1: a `Rate` of one kind goes by what its point shows.
    """
    random = np.random.default_rng(seed_of(str(seed), "drawn faults"))
    years = (end_ns - start_ns) / SECOND / _YEAR_SECONDS
    faults = []
    for device, points in devices.items():
        for _ in range(int(random.poisson(per_device_year * years))):
            kind = str(random.choice(_COMMON))
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


def _one(rate: Rate, device: str, subject: Subject, random: np.random.Generator, time_ns: int) -> Fault:
    point = rate.point
    if point is None and rate.kind in _OF_A_POINT and subject.points:
        point = str(random.choice(list(subject.points)))
    amount = rate.amount
    if not math.isfinite(amount) and rate.kind in _AMOUNTS:
        amount = _AMOUNTS[rate.kind](random, subject.points.get(point or "", 1.0))
    seconds = rate.seconds if math.isfinite(rate.seconds) else float(random.uniform(3600.0, 2 * 86_400.0))
    return Fault(time_ns, rate.kind, device, point, amount, seconds)


def _width(channel: Channel) -> float:
    pattern = PATTERNS.get(channel.quantity)
    if pattern is not None and pattern.high > pattern.low:
        return pattern.high - pattern.low
    low, high = channel.span or (0.0, 1.0)
    return (high - low) / 10.0
