"""Tries what is new in a site file against the live devices, beside the gateway that runs and without disturbing it."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Sequence
from dataclasses import replace

from gateway.app.reload_plan import Trial
from gateway.collectors.mqtt_connection import MqttConnection, MqttMessage
from gateway.collectors.probing import ask_modbus
from gateway.errors import ConfigError, Unreachable
from gateway.inventory import Device
from gateway.settings import (
    ModbusRtuOverTcpSettings,
    ModbusRtuSettings,
    ModbusTcpSettings,
    MqttSettings,
    Site,
)

_SECONDS = 20.0
_CLIENT_ID_BYTES = 64


async def dry_poll(old: Site, new: Site, devices: Sequence[str]) -> list[Trial]:
    """Read each given device of the new site once, and subscribe at each broker that is new or otherwise."""
    lines: dict[str, list[Device]] = {}
    for name in devices:
        device = new.inventory.devices[name]
        lines.setdefault(device.collector, []).append(device)
    brokers = [
        settings
        for name, settings in new.collectors.items()
        if isinstance(settings, MqttSettings) and (name in lines or old.collectors.get(name) != settings)
    ]
    tried = await asyncio.gather(
        *(_try_line(old, new, name, some) for name, some in lines.items()),
        *(_try_broker(settings) for settings in brokers),
    )
    return [trial for some in tried for trial in some]


async def _try_line(old: Site, new: Site, collector: str, devices: Sequence[Device]) -> list[Trial]:
    """Ask the devices of one line one after the other."""
    settings = new.collectors[collector]
    if isinstance(settings, MqttSettings):
        return []
    if not isinstance(settings, ModbusTcpSettings | ModbusRtuSettings | ModbusRtuOverTcpSettings):
        return [Trial(device.id, None, f"it speaks by itself ({settings.kind}); not tried") for device in devices]
    ports = {one.port for one in old.collectors.values() if isinstance(one, ModbusRtuSettings)}
    if isinstance(settings, ModbusRtuSettings) and settings.port in ports:
        return [Trial(device.id, None, f"{settings.port} is in use by this gateway; not tried") for device in devices]
    trials: list[Trial] = []
    for device in devices:
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await ask_modbus(device, settings)
        except TimeoutError:
            trials.append(Trial(device.id, False, f"no answer within {_SECONDS:g} s"))  # noqa: FBT003 - a verdict
        except Unreachable as error:
            trials.append(Trial(device.id, False, str(error)))  # noqa: FBT003 - a verdict
        else:
            faults = [f"{one.point}: {one.fault}" for one in answer.shown if one.fault]
            values = [
                f"{one.point} {one.reading.value:g}" if math.isfinite(one.reading.value) else f"{one.point} missing"
                for one in answer.shown
                if one.reading is not None
            ]
            trials.append(Trial(device.id, not faults, ", ".join([*faults, *values])))
    return trials


async def _try_broker(settings: MqttSettings) -> list[Trial]:
    """Connect under a name of its own, which the broker forgets at once, and subscribe."""
    what = f"{settings.id} at {settings.host}:{settings.port}"
    name = f"{settings.client_id[: _CLIENT_ID_BYTES - 16]}-reload-{os.getpid()}"

    def leave(message: MqttMessage) -> None:
        """Leave what comes: the running session gets it, too."""

    try:
        async with (
            asyncio.timeout(_SECONDS),
            MqttConnection(replace(settings, client_id=name), leave, keeps_session=False) as connection,
        ):
            await connection.subscribe(settings.filters, 0)
    except TimeoutError:
        return [Trial(what, False, f"no answer within {_SECONDS:g} s")]  # noqa: FBT003 - a verdict
    except (Unreachable, ConfigError) as error:
        return [Trial(what, False, str(error))]  # noqa: FBT003 - a verdict
    return [Trial(what, True, f"subscribed to {', '.join(settings.filters)}")]  # noqa: FBT003 - a verdict
