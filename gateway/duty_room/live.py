"""What open pages are told while things happen: warnings at once, values and vital signs once a second."""

from __future__ import annotations

import asyncio
import logging
import math

import msgspec

from gateway.duty_room.documents import VitalSigns
from gateway.duty_room.ports import DutyRoomPorts, LatestReading
from gateway.duty_room.shapes import finding_of, summary_of
from gateway.duty_room.stream import Stream
from gateway.duty_room.vital_signs import vital_signs
from gateway.early_warning import EarlyWarning, Finding

PERIOD_SECONDS = 1.0
_MILLISECOND = 1_000_000
_LOG = logging.getLogger(__name__)


class Live:
    """Feeds the stream from the ledger and the history while `run` runs."""

    def __init__(self, ports: DutyRoomPorts) -> None:
        self._ports = ports
        self._ids = {number: channel for channel, number in ports.numbers.items()}
        self._told: dict[int, tuple[int, float, int]] = {}
        self.stream = Stream(life=f"{ports.clock.now().utc_ns:x}")

    async def run(self) -> None:
        """Publish until cancelled."""
        loop = asyncio.get_running_loop()

        def hand_over(change: EarlyWarning | Finding) -> None:
            loop.call_soon_threadsafe(self._publish_change, change)

        unsubscribe = self._ports.ledger.subscribe(hand_over)
        try:
            while True:
                await self._ports.clock.sleep(PERIOD_SECONDS)
                if self.stream.pages:
                    await self._publish_tick()
        finally:
            unsubscribe()
            self.stream.close()

    async def snapshot(self) -> bytes:
        """Return everything that changes, as it stands now."""
        return await asyncio.to_thread(self._snapshot)

    def _snapshot(self) -> bytes:
        latest = self._ports.history.latest()
        inventory = self._ports.inventory
        warnings = [summary_of(warning, inventory) for warning in self._ports.ledger.warnings(limit=10_000)]
        late = [finding_of(finding, inventory) for finding in self._ports.ledger.late_findings()]
        values = {self._ids[number]: _row(reading) for number, reading in latest.items() if number in self._ids}
        return msgspec.json.encode(
            {
                "values": values,
                "vitals": vital_signs(self._ports, latest).model_dump(),
                "warnings": [warning.model_dump() for warning in warnings],
                "late": [finding.model_dump() for finding in late],
            }
        )

    async def _publish_tick(self) -> None:
        try:
            changed, vitals = await asyncio.to_thread(self._changes)
        except Exception:  # noqa: BLE001 - a page that is told nothing greys out; the next second may be better
            _LOG.exception("the page could not be told of new values")
            self._ports.health.count("duty_room", "failed", reason="tick")
            return
        self.stream.publish("tick", msgspec.json.encode({"values": changed, "vitals": vitals.model_dump()}))
        self._ports.health.count("duty_room", "sent", len(changed))

    def _changes(self) -> tuple[dict[str, list[float | int | None]], VitalSigns]:
        latest = self._ports.history.latest()
        changed = {}
        for number, reading in latest.items():
            now = (reading.time_ns, reading.value, reading.quality)
            if self._told.get(number) != now and number in self._ids:
                self._told[number] = now
                changed[self._ids[number]] = _row(reading)
        return changed, vital_signs(self._ports, latest)

    def _publish_change(self, change: EarlyWarning | Finding) -> None:
        if isinstance(change, EarlyWarning):
            self.stream.publish("warning", summary_of(change, self._ports.inventory).model_dump_json().encode())
        else:
            self.stream.publish("late", finding_of(change, self._ports.inventory).model_dump_json().encode())


def _row(reading: LatestReading) -> list[float | int | None]:
    value = reading.value if math.isfinite(reading.value) else None
    return [reading.time_ns // _MILLISECOND, value, reading.quality]
