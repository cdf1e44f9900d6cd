"""One Modbus unit: what to ask it, what its replies say, and how long to leave it alone when it does not answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gateway.clock import Clock
from gateway.codecs.modbus_plan import RegisterBlock, bisected
from gateway.codecs.modbus_registers import BlockDecoder, Columns
from gateway.codecs.modbus_status import judged
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_asking import Ask, Asking
from gateway.collectors.modbus_client import ModbusConnection, TimedOut
from gateway.collectors.modbus_counters import Counters
from gateway.collectors.modbus_memory import UnitMemory
from gateway.errors import DecodeError, Unreachable
from gateway.model import (
    SECOND,
    Attribute,
    Batch,
    Flag,
    Instant,
    Int32s,
    Int64s,
    Quality,
    Quarantine,
    RawFrame,
    RawFrames,
    Record,
)
from gateway.profiles import PollClass, RegisterKind

_LONGEST_REST_SECONDS = 30.0
_LONGEST_REFUSAL_SECONDS = 600.0
_TEXTS_SECONDS = 3_600.0
_KEPT_REPLY = 1 << 10

# Illegal data address and illegal data value: MODBUS Application Protocol V1.1b3, 7.
_REFUSALS = {"exception 2", "exception 3"}

logger = logging.getLogger(__name__)


class _Part(NamedTuple):
    points: BlockDecoder
    channel: Int32s
    time_ns: Int64s
    columns: Columns


class _Refusal(NamedTuple):
    """A request that cannot be cut any smaller, and how long it is left out."""

    seconds: float
    until_ns: int
    reason: str
    detail: str


class ModbusUnit:
    """One device on a line."""

    def __init__(
        self,
        collector: str,
        collected: CollectedDevice,
        poll_seconds: float,
        *,
        memory: UnitMemory | None = None,
        relearn_hours: float = 24.0,
        keeps_raw: bool = False,
    ) -> None:
        """`keeps_raw` adds the registers of every reply to what is put."""
        device = collected.device
        self.device = device.id
        self.number = device.unit or 0
        self.problem = ""
        """Why the newest poll failed, in whole or in part; empty when it did not."""
        self.rests_until_ns = 0
        """Monotonic time before which the unit is not asked."""
        self.failures: list[tuple[str, str]] = []
        """(reason, detail) of the newest poll."""
        self.standing: list[tuple[str, str]] = []
        """(reason, detail) of the requests that were refused lately and left out of the newest poll."""
        self._source = f"{collector} {device.id}"
        self._collector = collector
        self._keeps_raw = keeps_raw
        self._profile = device.profile
        self._hints = device.profile.modbus
        self._writes = device.writes
        self._poll_seconds = poll_seconds
        self._relearn_hours = relearn_hours
        self._memory = memory or UnitMemory()
        self._counters = Counters(self._memory)
        self._asking = Asking(collected, self._memory)
        self._failed_in_a_row = 0
        self._had_timeout = False
        self._warm_connection: ModbusConnection | None = None
        self._told: dict[str, float] = {}
        self._status_points = {rule.point for rule in self._hints.statuses}
        self._refused: dict[tuple[RegisterKind, int, int], _Refusal] = {}
        self._texts: dict[str, str] = {}
        self._texts_due_ns = 0

    @property
    def classes(self) -> list[PollClass]:
        """The classes of polling that have points, or may get some."""
        return self._asking.classes

    async def warm_up(self, connection: ModbusConnection) -> float:
        """Ask for what makes values fresh, and return how long the device then needs."""
        warm_up = self._hints.warm_up
        if warm_up is None or (warm_up.every == "connection" and self._warm_connection is connection):
            return 0.0
        self._warm_connection = connection
        try:
            if warm_up.value is None:
                await connection.read(
                    self.number,
                    warm_up.kind,
                    warm_up.address,
                    warm_up.count,
                    timeout_seconds=self._hints.timeout_seconds,
                )
            elif (rule := self._writes.get("warm_up")) is not None and rule.allows(warm_up.value):
                await connection.write(self.number, warm_up.kind, warm_up.address, [warm_up.value])
            else:
                return 0.0
        except (DecodeError, Unreachable):
            # The values will tell: stale ones stand still, a dead unit does not answer them either.
            self._warm_connection = None
        return warm_up.settle_seconds

    async def poll(self, connection: ModbusConnection, clock: Clock, poll: PollClass = "normal") -> list[Record]:
        """Ask for every block of a class and return what may be journaled; a block that fails costs no other.

        Never raises for what a device does; the connection may be closed afterwards.
        """
        self.failures = []
        now = clock.now()
        if self._memory.forget(self._relearn_hours, now.utc_ns):
            self._asking.plan()
        parts: list[_Part] = []
        records: list[Record] = []
        raw: list[RawFrame] = []
        evidence = b""
        for ask in self._due(poll, now):
            if not connection.is_open:
                break
            try:
                registers = await connection.read(
                    self.number,
                    ask.block.kind,
                    ask.block.address,
                    ask.block.count,
                    delay_seconds=self._hints.request_delay_seconds,
                    timeout_seconds=self._hints.timeout_seconds,
                )
                at_ns = clock.now().utc_ns
                if self._keeps_raw:
                    raw.append(RawFrame(self.device, _address(ask.block), _sent(registers), at_ns))
                columns = ask.decoder.columns(registers)
                texts = ask.decoder.texts(registers) if ask.has_texts else None
            except DecodeError as error:
                where = f"{ask.block.kind} registers {ask.block.address}-{ask.block.address + ask.block.count - 1}"
                self.failures.append((error.reason, f"{where}: {error.detail}"))
                self._had_timeout |= error.reason == "late reply"
                evidence = evidence or connection.last_reply
                if error.reason in _REFUSALS:
                    self._learn(ask.block, clock.now(), self.failures[-1])
                continue
            except Unreachable as error:
                self._had_timeout |= isinstance(error, TimedOut)
                reason = "timeout" if isinstance(error, TimedOut) else "connection"
                self.failures.append((reason, str(error)))
                evidence = evidence or connection.last_reply
                break
            self._refused.pop(ask.block.place, None)
            if len(ask.channels):
                parts.append(_Part(ask.decoder, ask.channels, np.full(len(ask.channels), at_ns, np.int64), columns))
            if texts is not None:
                records += self._attributes(texts[0], at_ns)
                self.failures += [(each.reason, f"{each.point}: {each.detail}") for each in texts[1]]
        now = clock.now()
        if parts:
            records = [self._together(self._understood(parts, records), now), *records]
            self._follow_fast(parts, now)
        if raw:
            records.append(RawFrames(self._collector, now.utc_ns, tuple(raw)))
        return records + self._settle(parts, evidence, now)

    def _due(self, poll: PollClass, now: Instant) -> list[Ask]:
        self.standing = []
        asks = []
        for ask in self._asking.asks(poll):
            refusal = self._refused.get(ask.block.place)
            if refusal is not None and refusal.until_ns > now.monotonic_ns:
                self.standing.append((refusal.reason, refusal.detail))
            else:
                asks.append(ask)
        if self._asking.texts and now.monotonic_ns >= self._texts_due_ns:
            self._texts_due_ns = now.monotonic_ns + round(_TEXTS_SECONDS * SECOND)
            asks += self._asking.texts
        return asks

    def _learn(self, refused: RegisterBlock, now: Instant, failure: tuple[str, str]) -> None:
        """Cut a block that was refused; what cannot be cut is asked less and less often."""
        cuts = bisected(refused)
        if cuts:
            self._memory.learn(cuts, now.utc_ns)
            self._asking.plan()
            logger.info("%s refuses %d registers in one piece, cut at %d", self._source, refused.count, len(cuts))
            return
        known = self._refused.get(refused.place)
        seconds = min(_LONGEST_REFUSAL_SECONDS, 2 * (known.seconds if known else self._poll_seconds))
        self._refused[refused.place] = _Refusal(seconds, now.monotonic_ns + round(seconds * SECOND), *failure)

    def _understood(self, parts: list[_Part], records: list[Record]) -> list[_Part]:
        """Apply status bits and counters, which may concern points of other blocks."""
        understood = []
        for part in parts:
            for point, value in zip(part.points.points, part.columns.value.tolist(), strict=True):
                if point.name in self._status_points:
                    self._told[point.name] = value
        for part in parts:
            columns = part.columns
            if self._hints.statuses:
                columns = judged(self._hints.statuses, part.points.points, columns, self._told)
            columns, resets = self._counters.follow(part.points.points, columns)
            records += [
                Attribute(
                    self.device, each.point, f"reset from {each.before:g} to {each.after:g}", int(part.time_ns[0])
                )
                for each in resets
            ]
            understood.append(part._replace(columns=columns))
        return understood

    def _follow_fast(self, parts: Iterable[_Part], now: Instant) -> None:
        for part in parts:
            self._asking.follow(part.points.points, part.columns.value.tolist(), now.monotonic_ns)

    def _attributes(self, texts: list[tuple[str, str]], at_ns: int) -> list[Record]:
        new = [(point, text) for point, text in texts if self._texts.get(point) != text]
        self._texts.update(new)
        return [Attribute(self.device, point, text, at_ns) for point, text in new]

    def _together(self, parts: list[_Part], now: Instant) -> Batch:
        flags = np.concatenate([part.columns.flags for part in parts])
        quality = np.concatenate([part.columns.quality for part in parts])
        if self._had_timeout:
            flags = flags | np.uint16(Flag.AFTER_TIMEOUT)
            quality = np.maximum(quality, np.uint8(Quality.SUSPECT))
            self._had_timeout = False
        return Batch(
            np.concatenate([part.channel for part in parts]),
            np.concatenate([part.time_ns for part in parts]),
            np.concatenate([part.columns.value for part in parts]),
            quality,
            flags,
            now.utc_ns,
            now.monotonic_ns,
            now.boot_id,
        )

    def _settle(self, parts: list[_Part], evidence: bytes, now: Instant) -> list[Record]:
        """Decide on a rest, and keep the evidence when the way of failing is new."""
        reasons = ", ".join(sorted({reason for reason, _ in self.failures + self.standing}))
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


def _address(block: RegisterBlock) -> str:
    return f"{block.kind} {block.address} {block.count}"


def _sent(registers: Sequence[int]) -> bytes:
    """Return registers as a reply carries them, high byte first; coils take two bytes each here."""
    return np.array(registers, ">u2").tobytes()
