"""All kinds of Modbus lines, and how often each reads a point."""

from __future__ import annotations

from typing import TypeAlias

from gateway.profiles import PollClass
from gateway.settings.collectors.modbus_rtu import ModbusRtuSettings
from gateway.settings.collectors.modbus_server import ModbusServerSettings
from gateway.settings.collectors.modbus_tcp import ModbusRtuOverTcpSettings, ModbusTcpSettings

_SLOW = 10.0

ModbusSettings: TypeAlias = ModbusTcpSettings | ModbusRtuSettings | ModbusRtuOverTcpSettings | ModbusServerSettings
"""Any line that speaks Modbus."""


def period_seconds(settings: ModbusSettings, poll: PollClass) -> float:
    """Return how often points of a class are read."""
    if poll == "fast":
        return settings.fast_seconds or settings.poll_seconds
    if poll == "slow":
        return settings.slow_seconds or _SLOW * settings.poll_seconds
    return settings.poll_seconds
