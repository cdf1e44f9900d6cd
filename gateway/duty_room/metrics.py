"""The gateway's counters, gauges and conditions in Prometheus' words. Reads them only when somebody asks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.health import CountName, Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_COUNTS: dict[CountName, str] = {
    "received": "Received by a stage.",
    "sent": "Passed on by a stage.",
    "dropped": "Given up by a stage, with the reason.",
    "failed": "Failed in a stage, with the reason.",
}


class HealthCollector(Collector):
    """What `Health` holds at the moment of asking."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """Return every number there is."""
        counters = {
            name: CounterMetricFamily(f"lifeline_{name}", text, labels=["stage", "reason"])
            for name, text in _COUNTS.items()
        }
        for (stage, name, reason), count in sorted(self._health.counts().items()):
            counters[name].add_metric([stage, reason], count)  # type: ignore[index]
        yield from counters.values()
        for gauge, value in self._health.gauges().items():
            if math.isfinite(value):
                name = "lifeline_" + re.sub(r"[^a-zA-Z0-9_]", "_", gauge)
                yield GaugeMetricFamily(name, f"{gauge}.", value=value)
        conditions = GaugeMetricFamily(
            "lifeline_condition_ok", "1 while a condition stands as it should.", labels=["condition", "needed"]
        )
        for condition in self._health.conditions():
            conditions.add_metric([condition.name, str(condition.needed).lower()], float(condition.ok))
        yield conditions


def exposition(health: Health) -> bytes:
    """Return all metrics as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HealthCollector(health))
    return generate_latest(registry)
