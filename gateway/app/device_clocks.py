"""Sets the times of devices right whose clock is wrong, where the site file says `clock: correct` or `ignore`.

    put ─► device clocks ─► screen ─► journal          stored time = device's time - offset

Rule 1: an offset is corrected once it is sure (detectors/clocks.py), and each change of it is a ClockCorrection in the
journal, in the same commit as the first readings it is applied to: device's time = stored time + offset, always.
The flag CORRECTED is not set: it says that a value stands for another one of the same time.
Rule 2: what is applied is kept beside the journal: a reading delivered again after a restart gets the same time.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from detectors import Clocks
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, ClockCorrection, Flag, Record

_log = logging.getLogger(__name__)

_FILE = "device_clocks.json"
_NO_CLOCK = np.uint16(Flag.NO_SOURCE_TIME | Flag.BACKFILL | Flag.TIME_UNSURE)
_EARLIEST_NS = 1_420_070_400 * SECOND
"""A box that is itself before 2015 cannot judge another's clock."""
_CHANGED_SHARE = 0.5
"""A correction is renewed when the offset has moved by this share of what is allowed."""


class DeviceClocks:
    """The clocks of one site's devices; call it with each batch as it was received."""

    def __init__(self, inventory: Inventory, numbers: Mapping[str, int], folder: Path, health: Health) -> None:
        """`folder` keeps the corrections that are applied; `numbers` maps each channel's id to its number."""
        self._path = folder / _FILE
        self._health = health
        chosen = [device for device in inventory.devices.values() if device.clock != "trust"]
        self._devices = chosen
        self._is_ignored = [device.clock == "ignore" for device in chosen]
        self._limit = [device.clock_seconds for device in chosen]
        rows = {device.id: row for row, device in enumerate(chosen)}
        # One row more than there are numbers: `take` with mode "clip" sends every unknown number to it.
        self._row = np.full(max(numbers.values(), default=0) + 2, -1, np.intp)
        for name, number in numbers.items():
            channel = inventory.channels.get(name)
            if channel is not None:
                self._row[number] = rows.get(channel.device, -1)
        self._clocks = Clocks(np.array(self._limit), np.array([device.latency_seconds for device in chosen]))
        kept = _read(self._path)
        self._offset_ns = [kept.get(device.id, 0) for device in chosen]

    def __call__(self, batch: Batch) -> list[Record]:
        """Return the batch with the times that are to be stored, behind the corrections that begin with it."""
        if not self._devices or not len(batch):
            return [batch]
        row = self._row.take(batch.channel, mode="clip")
        corrections: list[Record] = []
        time_ns, flags = batch.time_ns.copy(), batch.flags.copy()
        for each in np.unique(row[row >= 0]).tolist():
            mine = np.flatnonzero(row == each)
            timed = mine[(batch.flags[mine] & _NO_CLOCK) == 0]
            if not timed.size:
                continue
            newest_ns = int(batch.time_ns[timed].max())
            if self._is_ignored[each]:
                # Of a message with several values the newest is of now, the others keep their distance.
                time_ns[timed] += batch.received_ns - newest_ns
                flags[timed] |= np.uint16(Flag.NO_SOURCE_TIME)
                continue
            corrections += self._look(each, newest_ns, batch.received_ns)
            if self._offset_ns[each]:
                time_ns[timed] -= self._offset_ns[each]
        return [*corrections, replace(batch, time_ns=time_ns, flags=flags)]

    def _look(self, row: int, newest_ns: int, received_ns: int) -> list[ClockCorrection]:
        if received_ns < _EARLIEST_NS:
            return []
        seconds = (newest_ns - received_ns) / SECOND
        self._clocks.update(np.array([row]), np.array([received_ns]), np.array([seconds]))
        found = self._clocks.offset_seconds(row)
        if np.isnan(found):
            return []
        limit = self._limit[row]
        offset_ns = round(found * SECOND) if abs(found) > limit else 0
        # Whether it is wrong at all is asked at the limit; how wrong, with some patience.
        was_ns = self._offset_ns[row]
        if bool(offset_ns) == bool(was_ns) and abs(offset_ns - was_ns) <= _CHANGED_SHARE * limit * SECOND:
            return []
        self._offset_ns[row] = offset_ns
        device = self._devices[row].id
        self._keep()
        self._health.count("clocks", "sent", reason="corrected")
        _log.warning("the clock of %s is off by %+.0f s; its times are corrected by that", device, offset_ns / SECOND)
        return [ClockCorrection(device, offset_ns, received_ns)]

    def _keep(self) -> None:
        offsets = {device.id: offset for device, offset in zip(self._devices, self._offset_ns, strict=True) if offset}
        new = self._path.with_suffix(".new")
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump(offsets, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            _log.warning("%s cannot be written (%s); after a restart the offsets are found anew", self._path, error)


def _read(path: Path) -> dict[str, int]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: offset for name, offset in kept.items() if isinstance(offset, int)} if isinstance(kept, dict) else {}
