"""A site's fleet on free ports of loopback, and the site's collectors moved to it, for `demo` and `rehearse --real`."""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.clock import SystemClock

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.settings import CollectorSettings, Site
    from simulators.fleet import LiveFleet
    from simulators.reports import Reports


def open_fleet(
    stack: AsyncExitStack, site: Site, reports: Reports, folder: Path
) -> tuple[LiveFleet, dict[str, CollectorSettings]]:
    """Start one broker for all MQTT collectors and a line for each Modbus one; return the fleet and where they are.

    The fleet listens and says nothing yet; whatever the stack holds afterwards closes all of it.
    """
    from gateway.settings import ModbusTcpSettings, MqttSettings  # noqa: PLC0415 - see TYPE_CHECKING above
    from simulators.fleet import LiveFleet, MqttTarget, WallClock  # noqa: PLC0415
    from simulators.servers.nats_broker import NatsBroker  # noqa: PLC0415

    broker = stack.enter_context(NatsBroker(folder))
    kept = site.collectors.items()
    targets = {
        name: MqttTarget(broker.host, broker.port, settings.topics[0], settings.sparkplug_group)
        for name, settings in kept
        if isinstance(settings, MqttSettings)
    }
    lines = {name: 0 for name, settings in kept if isinstance(settings, ModbusTcpSettings)}
    fleet = LiveFleet(site.inventory, reports, timing=WallClock(SystemClock()), brokers=targets, lines=lines)
    stack.callback(fleet.stop)
    fleet.listen()
    collectors: dict[str, CollectorSettings] = {}
    for name, settings in kept:
        if isinstance(settings, MqttSettings):
            collectors[name] = dataclasses.replace(
                settings, host=broker.host, port=broker.port, username=None, password=None
            )
        elif isinstance(settings, ModbusTcpSettings):
            collectors[name] = dataclasses.replace(settings, host=fleet.host, port=fleet.ports[name])
    return fleet, collectors
