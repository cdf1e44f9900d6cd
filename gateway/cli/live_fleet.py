"""A site's fleet on free ports of loopback, and the site's collectors moved to it, for `demo` and `rehearse --real`."""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway.clock import SystemClock

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.settings import CollectorSettings, Site
    from simulators.fleet import Line, LiveFleet, MqttTarget
    from simulators.reports import Reports


class Speech(NamedTuple):
    """How devices of a site write what they send, where their profile does not say it; for `Reports`."""

    stations: dict[str, str]
    """Device → its own id in its protocol."""
    chirpstack: frozenset[str]
    """Devices whose payloads a ChirpStack server wraps."""


@dataclass(slots=True)
class _Moved:
    """Where a fleet will be, and the collectors that will find it there."""

    collectors: dict[str, CollectorSettings] = field(default_factory=dict)
    targets: dict[str, MqttTarget] = field(default_factory=dict)
    lines: dict[str, Line | int] = field(default_factory=dict)
    listeners: dict[str, tuple[str, int]] = field(default_factory=dict)


def speech_of(site: Site) -> Speech:
    """Return what a site's collectors say of how its devices write."""
    from gateway.settings import MqttSettings, StationsSettings  # noqa: PLC0415 - see TYPE_CHECKING above

    stations: dict[str, str] = {}
    wrapped: set[str] = set()
    for device in site.inventory.devices.values():
        settings = site.collectors.get(device.collector)
        if isinstance(settings, StationsSettings):
            names = {station.name: station.id for station in settings.stations.values()}
            stations[device.id] = names[device.station or device.id]
        elif isinstance(settings, MqttSettings) and settings.envelope == "chirpstack":
            wrapped.add(device.id)
    return Speech(stations, frozenset(wrapped))


def open_fleet(
    stack: AsyncExitStack, site: Site, reports: Reports, folder: Path
) -> tuple[LiveFleet, dict[str, CollectorSettings]]:
    """Start one broker for all MQTT collectors, a line for each Modbus one, and find each listener a free port.

    Return the fleet and where the collectors are then. The fleet listens and says nothing yet; whatever the stack
    holds afterwards closes all of it. Devices of other kinds of collectors stay dark.
    """
    from simulators.fleet import LiveFleet, WallClock  # noqa: PLC0415 - see TYPE_CHECKING above

    moved = _moved(stack, site, folder)
    fleet = LiveFleet(
        site.inventory,
        reports,
        timing=WallClock(SystemClock()),
        brokers=moved.targets,
        lines=moved.lines,
        listeners=moved.listeners,
    )
    stack.callback(fleet.stop)
    fleet.listen()
    for name, port in fleet.ports.items():
        # Only those behind a TCP port have a host.
        moved.collectors[name] = dataclasses.replace(moved.collectors[name], host=fleet.host, port=port)  # type: ignore[type-var] # frozen dataclasses all
    return fleet, moved.collectors


def _moved(stack: AsyncExitStack, site: Site, folder: Path) -> _Moved:
    from gateway.settings import (  # noqa: PLC0415 - see TYPE_CHECKING above
        ModbusRtuOverTcpSettings,
        ModbusRtuSettings,
        ModbusTcpSettings,
        MqttSettings,
        StationsSettings,
    )
    from simulators.fleet import Line, MqttTarget  # noqa: PLC0415
    from simulators.servers.child import HOST, free_port  # noqa: PLC0415
    from simulators.servers.nats_broker import NatsBroker  # noqa: PLC0415
    from simulators.servers.serial_pair import SerialPair  # noqa: PLC0415

    moved, broker = _Moved(), None
    for name, settings in site.collectors.items():
        there: CollectorSettings = settings
        if isinstance(settings, MqttSettings):
            broker = broker or stack.enter_context(NatsBroker(folder))
            topic = settings.topics[0] if settings.topics else ""
            moved.targets[name] = MqttTarget(broker.host, broker.port, topic, settings.sparkplug_group)
            there = dataclasses.replace(settings, host=broker.host, port=broker.port, username=None, password=None)
        elif isinstance(settings, ModbusTcpSettings):
            moved.lines[name] = Line()
        elif isinstance(settings, ModbusRtuOverTcpSettings):
            moved.lines[name] = Line(framing="rtu")
        elif isinstance(settings, ModbusRtuSettings):
            wire = stack.enter_context(SerialPair())
            moved.lines[name] = Line(device=wire.theirs)
            there = dataclasses.replace(settings, port=wire.ours, mode="rtu", data_bits=8)
        elif isinstance(settings, StationsSettings):
            moved.listeners[name] = (HOST, free_port())
            there = dataclasses.replace(
                settings, listen_host=HOST, listen_port=moved.listeners[name][1], allow=(), transport="tcp"
            )
        moved.collectors[name] = there
    return moved
