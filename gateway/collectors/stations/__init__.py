"""Stations that dial in: listeners that admit, decode, put on disk, and only then answer. Knows no protocol's bytes."""

from gateway.collectors.stations.collector import StationsCollector

__all__ = ["StationsCollector"]
