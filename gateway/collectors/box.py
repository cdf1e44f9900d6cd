"""This box as a device of its own: it looks at itself now and then and says it as JSON, decoded like any other's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from gateway.clock import Clock
from gateway.codecs.json_fields import JsonFieldsDecoder
from gateway.collectors.contract import CollectedDevice
from gateway.errors import DecodeError, Unreachable
from gateway.health import Health
from gateway.model import Put, batch_of
from gateway.settings import BoxSettings


class BoxCollector:
    """Reads what the box tells, e.g. `{"ts": 1767225600000, "clock": {"offset": 0.002, "synchronised": 1}}`."""

    def __init__(
        self,
        settings: BoxSettings,
        devices: Sequence[CollectedDevice],
        *,
        tell: Callable[[], Mapping[str, Mapping[str, float | None]]],
        clock: Clock,
        health: Health,
    ) -> None:
        self.name = f"collector:{settings.id}"
        self._settings = settings
        self._devices = [(JsonFieldsDecoder(each.device.profile), each.channels) for each in devices]
        self._tell = tell
        self._clock = clock
        self._health = health

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        self._health.set_condition(self.name, ok=True, reason="looks at this box", needed=False)
        while True:
            await self._look(put)
            await self._clock.sleep(self._settings.poll_seconds)

    async def _look(self, put: Put) -> None:
        now = self._clock.now()
        payload = json.dumps({"ts": now.utc_ns // 1_000_000, **self._tell()}).encode()
        rows = []
        for decoder, channels in self._devices:
            try:
                readings = decoder.decode(payload).readings
            except DecodeError as error:
                self._health.count(self.name, "failed", reason=error.reason)
                continue
            rows += [
                (channels[each.point], each.time_ns or now.utc_ns, each.value, each.quality, each.flags)
                for each in readings
                if each.point in channels
            ]
        if not rows:
            return
        self._health.count(self.name, "received", len(rows))
        try:
            await put([batch_of(rows, now)])
            self._health.count(self.name, "sent", len(rows))
        except Unreachable:
            # What was not kept is looked at again in a moment.
            self._health.count(self.name, "failed", len(rows), "journal")
