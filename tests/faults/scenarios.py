"""The scenarios by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.faults import clocks, deaths, disks, floods, links, torn, units
from tests.faults.score import Score, Setting

Scenario = Callable[[Setting], Score]

SCENARIOS: Mapping[str, Scenario] = {
    "mqtt_half_open": links.mqtt_half_open,
    "influx_half_open": links.influx_half_open,
    "reset_storm": links.reset_storm,
    "kill_gateway": deaths.kill_gateway,
    "kill_broker": deaths.kill_broker,
    "influx_down": deaths.influx_down,
    "dead_unit": units.dead_unit,
    "late_replies": units.late_replies,
    "disk_full": disks.disk_full,
    "clock_jumps": clocks.clock_jumps,
    "torn_writes": torn.torn_writes,
    "garbage_flood": floods.garbage_flood,
    "slow_fsync": disks.slow_fsync,
    "soak": clocks.soak,
}
"""Name → what happens."""

ALONE = ("dead_unit", "slow_fsync", "soak")
"""Those that measure time or memory: a gateway that is behind on a busy machine is still warming up."""

LONGEST = ("kill_gateway",)
"""Those that are begun first, so that the others pass beside them."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "mqtt_half_open": ("mosquitto",),
    "influx_half_open": ("victoria-metrics",),
    "reset_storm": ("victoria-metrics",),
    "kill_gateway": ("mosquitto", "victoria-metrics"),
    "influx_down": ("victoria-metrics",),
    "disk_full": ("mosquitto",),
    "garbage_flood": ("mosquitto",),
}
"""Name → programs from the distribution; nats-server comes with pip."""
