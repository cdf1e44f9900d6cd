"""The scenarios by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.faults import links
from tests.faults.score import Score, Setting

Scenario = Callable[[Setting], Score]

SCENARIOS: Mapping[str, Scenario] = {
    "mqtt_half_open": links.mqtt_half_open,
    "influx_half_open": links.influx_half_open,
    "reset_storm": links.reset_storm,
}
"""Name → what happens."""

ALONE = ("dead_unit", "slow_fsync", "soak")
"""Those that measure time or memory, and so must not share the machine."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "mqtt_half_open": ("mosquitto",),
    "influx_half_open": ("victoria-metrics",),
    "reset_storm": ("victoria-metrics",),
}
"""Name → programs from the distribution; nats-server comes with pip."""
