"""The past for the page: from InfluxDB where the site file says so, from this box while InfluxDB does not answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gateway.errors import Unreachable
from gateway.health import Health
from gateway.history import History
from gateway.history.buckets import Buckets
from gateway.history.columns import Columns
from gateway.history.latest import Latest
from gateway.inventory import Inventory
from gateway.journal import Journal
from gateway.settings import InfluxdbSettings
from gateway.sinks.influxdb_reading import InfluxdbReading, PointBuckets, Points
from gateway.sinks.series import series_of

_log = logging.getLogger(__name__)

_CONDITION = "influxdb_read"


class ReadBack:
    """A history whose past is InfluxDB's; the newest reading of each channel is this box's own."""

    def __init__(self, reading: InfluxdbReading, history: History, health: Health) -> None:
        self._reading = reading
        self._history = history
        self._health = health

    def latest(self) -> Mapping[int, Latest]:
        """Return the newest reading of each channel by its number."""
        return self._history.latest()

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None = None, /) -> Columns | Points:
        """Return readings in [start, end), at most `limit`."""
        try:
            found = self._reading.read(channel, start_ns, end_ns, limit)
        except Unreachable as trouble:
            self._say(trouble)
            return self._history.read(channel, start_ns, end_ns, limit)
        self._settle()
        return found

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int, /) -> Buckets | PointBuckets:
        """Return [start, end) in so many buckets."""
        try:
            found = self._reading.buckets(channel, start_ns, end_ns, count)
        except Unreachable as trouble:
            self._say(trouble)
            return self._history.buckets(channel, start_ns, end_ns, count)
        self._settle()
        return found

    def _say(self, trouble: Unreachable) -> None:
        reason = f"the page shows this box's own history: {trouble}"
        if self._health.set_condition(_CONDITION, ok=False, reason=reason, needed=False):
            _log.warning("%s", reason)

    def _settle(self) -> None:
        if self._health.set_condition(_CONDITION, ok=True, needed=False):
            _log.info("the page reads the past from InfluxDB")


def open_read_back(
    settings: InfluxdbSettings, history: History, *, journal: Journal, inventory: Inventory, health: Health
) -> ReadBack:
    """Return the past as the page reads it; nothing is asked before somebody looks."""
    series = series_of(((one.number, one.id, one.quantity) for one in journal.channels()), inventory)
    return ReadBack(InfluxdbReading(settings, series), history, health)
