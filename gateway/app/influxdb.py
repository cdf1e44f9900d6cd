"""Puts the store to InfluxDB together: the series from the journal's channel table, the sink, the places on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.app.drill import BlockableSink
from gateway.clock import Clock
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.journal import Journal
from gateway.settings import InfluxdbSettings
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.series import series_of
from gateway.store import Copier, Store, Writer


def open_influxdb(
    settings: InfluxdbSettings,
    folder: Path,
    *,
    journal: Journal,
    inventory: Inventory,
    numbers: Mapping[str, int],
    clock: Clock,
    health: Health,
) -> tuple[Copier, BlockableSink]:
    """Return the reader that copies the journal to InfluxDB, not yet started, and its gate for drills."""
    # Channels that the site no longer has may still lie in the journal.
    series = series_of(((one.number, one.id, one.quantity) for one in journal.channels()), inventory)
    sink = BlockableSink(InfluxdbSink(settings, series))
    important = frozenset(numbers[name] for name, one in inventory.channels.items() if one.importance == "high")
    store = Store(
        folder,
        journal,
        # Not awaited: at the cap the journal itself may wait for this reader.
        Writer(sink, keep=journal.append, clock=clock, health=health),
        clock=clock,
        health=health,
        batch_points=settings.batch_points,
        backfill_readings_per_second=settings.backfill_readings_per_second,
        important=important,
    )
    return Copier(store, journal, sink, health=health), sink
