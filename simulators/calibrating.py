"""What a device says of itself while somebody holds test gas to it: the status bits that its profile knows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gateway.profiles import Profile
from gateway.profiles.registers import StatusRule


def with_status(profile: Profile, values: Mapping[str, float], calibrated: frozenset[str]) -> dict[str, float]:
    """Return the values with the status points raised that mean maintenance of the points under calibration."""
    told = dict(values)
    for rule in profile.modbus.statuses:
        if rule.means == "maintenance" and not calibrated.isdisjoint(rule.of) and rule.point in told:
            told[rule.point] = float(_raised(rule, told[rule.point]))
    return told


def _raised(rule: StatusRule, status: float) -> int:
    low, high = rule.bits
    mask = (1 << high - low + 1) - 1
    number = next(one for one in range(mask + 1) if (one in rule.values) != rule.is_unless)
    before = int(status) if math.isfinite(status) else 0
    return before & ~(mask << low) | number << low
