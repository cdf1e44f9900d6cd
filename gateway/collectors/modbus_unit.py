"""One Modbus unit: what to ask it, what its replies say, and how long to leave it alone when it does not answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np

from gateway.clock import Clock
from gateway.codecs.modbus_registers import BlockDecoder, Columns, RegisterBlock, plan
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection, TimedOut
from gateway.errors import DecodeError, Unreachable
from gateway.model import SECOND, Batch, Flag, Instant, Int32s, Int64s, Quarantine, Record
from gateway.profiles import Point

_LONGEST_REST_SECONDS = 30.0
_KEPT_REPLY = 1 << 10


# Illegal data address and illegal data value: MODBUS Application Protocol V1.1b3, 7.
_REFUSALS = {"exception 2", "exception 3"}

_Ask: TypeAlias = tuple[RegisterBlock, BlockDecoder, Int32s]

logger = logging.getLogger(__name__)


class _Part(NamedTuple):
    channel: Int32s
    time_ns: Int64s
    columns: Columns


class ModbusUnit:
    """One device on a line."""

    def __init__(self, collector: str, collected: CollectedDevice, poll_seconds: float) -> None:
        device = collected.device
        self.device = device.id
        self.problem = ""
        """Why the newest poll failed, in whole or in part; empty when it did not."""
        self.rests_until_ns = 0
        """Monotonic time before which the unit is not asked."""
        self.failures: list[tuple[str, str]] = []
        """(reason, detail) of the newest poll."""
        self._source = f"{collector} {device.id}"
        self._unit = device.unit or 0
        self._poll_seconds = poll_seconds
        self._failed_in_a_row = 0
        self._had_timeout = False
        self._channels = collected.channels
        self._longest = device.profile.max_block_registers
        points = [point for name, point in device.profile.points.items() if name in collected.channels]
        self._blocks = self._plan(points, device.profile.max_gap_registers)

    async def poll(self, connection: ModbusConnection, clock: Clock) -> list[Record]:
        """Ask for every block and return what may be journaled; a block that fails does not cost its neighbours.

        Never raises for what a device does; the connection may be closed afterwards.
        """
        self.failures = []
        parts: list[_Part] = []
        evidence = b""
        for block, decoder, channels in list(self._blocks):
            if not connection.is_open:
                break
            try:
                registers = await connection.read(self._unit, block.kind, block.address, block.count)
                columns = decoder.columns(registers)
            except DecodeError as error:
                where = f"{block.kind} registers {block.address}-{block.address + block.count - 1}"
                self.failures.append((error.reason, f"{where}: {error.detail}"))
                evidence = evidence or connection.last_reply
                if error.reason in _REFUSALS:
                    self._split(block)
                continue
            except Unreachable as error:
                self._had_timeout |= isinstance(error, TimedOut)
                self.failures.append(("timeout" if isinstance(error, TimedOut) else "connection", str(error)))
                break
            parts.append(_Part(channels, np.full(len(channels), clock.now().utc_ns, np.int64), columns))
        now = clock.now()
        records: list[Record] = []
        if parts:
            records.append(self._together(parts, now))
        return records + self._settle(parts, evidence, now)

    def _plan(self, points: Iterable[Point], max_gap: int) -> list[_Ask]:
        return [
            (block, BlockDecoder(block), np.array([self._channels[point.name] for point in block.points], np.int32))
            for block in plan(points, max_gap, self._longest)
        ]

    def _split(self, refused: RegisterBlock) -> None:
        """Ask from the next poll on without the idle registers between, and if that is refused too, point by point.

        Many devices refuse a block that touches a register they do not have.
        """
        smaller = self._plan(refused.points, 0)
        if len(smaller) == 1:
            smaller = [ask for point in refused.points for ask in self._plan([point], 0)]
        if len(smaller) > 1:
            place = next(place for place, (block, _, _) in enumerate(self._blocks) if block is refused)
            self._blocks[place : place + 1] = smaller
            logger.info("%s refuses %d registers in one piece, asked in %d", self._source, refused.count, len(smaller))

    def _together(self, parts: list[_Part], now: Instant) -> Batch:
        flags = np.concatenate([part.columns.flags for part in parts])
        if self._had_timeout:
            flags |= np.uint16(Flag.AFTER_TIMEOUT)
            self._had_timeout = False
        return Batch(
            np.concatenate([part.channel for part in parts]),
            np.concatenate([part.time_ns for part in parts]),
            np.concatenate([part.columns.value for part in parts]),
            np.concatenate([part.columns.quality for part in parts]),
            flags,
            now.utc_ns,
            now.monotonic_ns,
            now.boot_id,
        )

    def _settle(self, parts: list[_Part], evidence: bytes, now: Instant) -> list[Record]:
        """Decide on a rest, and keep the evidence when the way of failing is new."""
        reasons = ", ".join(dict.fromkeys(reason for reason, _ in self.failures))
        is_new = bool(reasons) and reasons != self.problem
        self.problem = reasons
        self._failed_in_a_row = 0 if parts or not self.failures else self._failed_in_a_row + 1
        if self._failed_in_a_row > 1:
            rest = min(_LONGEST_REST_SECONDS, self._poll_seconds * 2.0 ** min(self._failed_in_a_row - 1, 10))
            self.rests_until_ns = now.monotonic_ns + round(rest * SECOND)
        if not is_new:
            return []
        detail = "; ".join(detail for _, detail in self.failures)
        return [Quarantine(self._source, reasons[:100], detail[:500], evidence[:_KEPT_REPLY], now.utc_ns)]
