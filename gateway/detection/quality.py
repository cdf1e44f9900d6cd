"""The banks that judge the sensor, not what it measures: QARTOD's tests that need a past, and the device's clock.

    gross_range     every value beyond the span for a while    device_status   every value marked broken by the device
    spike           values that stand out, several an hour     rate_of_change  jumps too fast to be real, likewise
    clock           the device's time against this box's       (flat_line and gap: `stuck` and `silent` in banks.py)

Their findings are of the hazard sensor_fault and blue; no stored reading's flag is ever changed by them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors import Clocks, Rates, Spikes, Unfit
from detectors.contract import Detector, Rows, Times
from detectors.episodes import Episodes
from gateway.detection.banks import SENSOR_FAULT, Bank, Rule, digest
from gateway.detection.hearing import hear_clocks, hear_unfit
from gateway.inventory import Channel, Device

_OFF_SCORE = 0.34
"""Spikes and jumps are over when but one of three is not forgotten."""


def build_quality_banks(channels: Sequence[Channel], devices: Sequence[Device], fresh_ns: Times) -> list[Bank]:
    """Return the banks; the order of channels is their dense index."""
    return [
        *(_unfit_bank(channels, fresh_ns, name) for name in ("gross_range", "device_status")),
        _jumpy_bank(channels, fresh_ns, "spike"),
        _jumpy_bank(channels, fresh_ns, "rate_of_change"),
        _clock_bank(channels, devices),
    ]


def _unfit_bank(channels: Sequence[Channel], fresh_ns: Times, name: str) -> Bank:
    hold = np.array([channel.fresh_seconds for channel in channels])
    low = np.array([channel.span[0] if channel.span else -np.inf for channel in channels])
    high = np.array([channel.span[1] if channel.span else np.inf for channel in channels])
    detector = Unfit(hold)
    rules: list[Rule | None] = []
    for index, channel in enumerate(channels):
        if name == "gross_range":
            words = f"gross_range: out of range, every value was outside {low[index]:g} to {high[index]:g}"
        else:
            words = "device_status: the device marks every value as not to be relied on"
        basis = f"{words} for {hold[index]:g} s or longer"
        has_rule = name != "gross_range" or channel.span is not None
        rules.append(
            _rule(channel, index, name, detector, parameters=(float(hold[index]),), basis=basis) if has_rule else None
        )
    hear = hear_unfit(detector, low, high, is_range=name == "gross_range")
    return Bank(detector, _blue(len(channels), 1.0), rules, fresh_ns, hear=hear)


def _jumpy_bank(channels: Sequence[Channel], fresh_ns: Times, name: str) -> Bank:
    def limit_of(channel: Channel) -> float | None:
        return channel.spike_limit if name == "spike" else channel.rate_limit

    watched = [index for index, channel in enumerate(channels) if limit_of(channel) is not None]
    limits = np.array([limit_of(channels[index]) for index in watched], np.float64)
    periods = np.array([channels[index].report_seconds for index in watched], np.float64)
    detector: Spikes | Rates = Spikes(limits) if name == "spike" else Rates(limits, least_seconds=periods)
    rules: list[Rule | None] = []
    for index, limit in zip(watched, limits.tolist(), strict=True):
        unit = channels[index].unit
        more = f"{limit:g} {unit} beyond both neighbours" if name == "spike" else f"{limit:g} {unit} a minute"
        basis = f"{name}: three values within the hour by more than {more}"
        rules.append(_rule(channels[index], index, name, detector, parameters=(limit,), basis=basis))
    return Bank(detector, _blue(len(watched), _OFF_SCORE), rules, fresh_ns[watched], row_of=_rows(channels, watched))


def _clock_bank(channels: Sequence[Channel], devices: Sequence[Device]) -> Bank:
    """Return a bank with one row a device, which speaks for the device through the first of its channels."""
    first: dict[str, int] = {}
    for index, channel in enumerate(channels):
        first.setdefault(channel.device, index)
    known = [device for device in devices if device.id in first and device.clock != "ignore"]
    place = {device.id: row for row, device in enumerate(known)}
    row_of = np.array([place.get(channel.device, -1) for channel in channels], np.intp)
    limit = np.array([device.clock_seconds for device in known])
    detector = Clocks(limit, np.array([device.latency_seconds for device in known]))
    rules: list[Rule | None] = []
    for device in known:
        index = first[device.id]
        parameters = (device.clock_seconds, device.latency_seconds)
        basis = f"clock: the time of {device.id} is off by more than {device.clock_seconds:g} s"
        rules.append(
            _rule(channels[index], index, "clock", detector, parameters=parameters, basis=basis, shows_value=False)
        )

    def explain(row: int) -> str:
        offset = detector.offset_seconds(row)
        return "" if np.isnan(offset) else f"clock wrong by {offset:+.0f} s"

    fresh_of_device = np.full(len(known), np.iinfo(np.int64).max, np.int64)
    hear = hear_clocks(detector, row_of)
    return Bank(detector, _blue(len(known), 1.0), rules, fresh_of_device, hear=hear, explain=explain)


def _rule(
    channel: Channel,
    index: int,
    name: str,
    detector: Detector,
    *,
    parameters: tuple[float, ...],
    basis: str,
    shows_value: bool = True,
) -> Rule:
    hashed = digest(*parameters)
    version = f"{detector.name} {detector.version} {hashed}"
    return Rule(channel, index, SENSOR_FAULT, name, version, hashed, basis, shows_value=shows_value)


def _blue(size: int, off: float) -> Episodes:
    """Return episodes that know blue only."""
    on, below = np.full((size, 4), np.inf), np.full((size, 4), np.inf)
    on[:, 0], below[:, 0] = 1.0, off
    return Episodes(on, below, np.zeros(size), np.zeros(size))


def _rows(channels: Sequence[Channel], watched: Sequence[int]) -> Rows:
    row_of = np.full(len(channels), -1, np.intp)
    row_of[list(watched)] = np.arange(len(watched))
    return row_of
