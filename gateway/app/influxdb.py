"""Puts the store to InfluxDB together: the series from the journal's channel table, the sink, the place on disk."""

from __future__ import annotations

from pathlib import Path

from gateway.clock import Clock
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.journal import Journal
from gateway.settings import InfluxdbSettings
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.series import series_of
from gateway.store import Store


def open_influxdb(
    settings: InfluxdbSettings, folder: Path, *, journal: Journal, inventory: Inventory, clock: Clock, health: Health
) -> Store:
    """Return the reader that copies the journal to InfluxDB; nothing is sent before it is followed."""
    # Channels that the site no longer has may still lie in the journal.
    series = series_of(((one.number, one.id, one.quantity) for one in journal.channels()), inventory)
    store = Store(
        folder,
        InfluxdbSink(settings, series),
        # Not awaited: at the cap the journal itself may wait for this reader.
        keep=journal.append,
        clock=clock,
        health=health,
        batch_points=settings.batch_points,
    )
    health.gauge("influxdb_behind_records", lambda: float(max(0, journal.newest - store.written)))
    return store
