"""From the network to `put`. A collector knows its devices and `put`, and acknowledges only what `put` made durable."""

from gateway.collectors.contract import CollectedDevice, Collector

__all__ = ["CollectedDevice", "Collector"]
