"""What a device says of its own values: status bits to quality. A sensor in calibration cannot raise a gas alarm.

maintenance   SUSPECT, flag maintenance   somebody holds test gas to it
fault         FAIL                        the sensor is broken
invalid       FAIL                        the device itself says that the value means nothing
comm_fault    MISSING, no value           the panel lost its sensor and repeats the last value
warming_up    SUSPECT                     the sensor is not yet in its class of accuracy
over_range    as it is, flag clamped      more than it can show: an alarm must not be lost for that
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from gateway.codecs.modbus_registers import Columns
from gateway.model import Flag, Quality
from gateway.profiles import Meaning, Point, StatusRule

_EFFECTS: Mapping[Meaning, tuple[Quality, Flag]] = {
    "maintenance": (Quality.SUSPECT, Flag.MAINTENANCE),
    "fault": (Quality.FAIL, Flag.NONE),
    "invalid": (Quality.FAIL, Flag.NONE),
    "comm_fault": (Quality.MISSING, Flag.NONE),
    "warming_up": (Quality.SUSPECT, Flag.NONE),
    "over_range": (Quality.GOOD, Flag.CLAMPED),
}


def judged(
    rules: Iterable[StatusRule], points: Iterable[Point], columns: Columns, told: Mapping[str, float]
) -> Columns:
    """Return the columns as the status points allow; `told` is point → its newest value.

    A status that was never read, or says nothing, leaves its points UNKNOWN.
    """
    rows = {point.name: row for row, point in enumerate(points)}
    quality, flags, value = columns.quality.copy(), columns.flags.copy(), columns.value.copy()
    for rule in rules:
        status = told.get(rule.point, float("nan"))
        for name in rule.of:
            row = rows.get(name)
            if row is None:
                continue
            if not np.isfinite(status):
                quality[row] = max(quality[row], Quality.UNKNOWN)
            elif _holds(rule, int(status)):
                worse, flag = _EFFECTS[rule.means]
                quality[row] = max(quality[row], worse)
                flags[row] |= flag
                if worse is Quality.MISSING:
                    value[row] = np.nan
    return Columns(value, quality, flags)


def _holds(rule: StatusRule, status: int) -> bool:
    low, high = rule.bits
    return ((status >> low & (1 << high - low + 1) - 1) in rule.values) != rule.is_unless
