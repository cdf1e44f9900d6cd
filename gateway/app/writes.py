"""Values written to devices: filed in the ledger before anything is sent, tried once, filed again with the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from gateway.clock import Clock
from gateway.early_warning import Wrote
from gateway.errors import NotAllowed, Unreachable
from gateway.health import Health
from gateway.ledger import Ledger


@runtime_checkable
class Writer(Protocol):
    """A collector that can write to its devices."""

    async def write(self, device: str, point: str, value: float) -> None:
        """Write, or raise NotAllowed or Unreachable."""
        ...


class Writes:
    """Writes to the devices of all collectors."""

    def __init__(self, writers: Mapping[str, Writer], ledger: Ledger, clock: Clock, health: Health) -> None:
        """`writers` maps each device to its collector."""
        self._writers = writers
        self._ledger = ledger
        self._clock = clock
        self._health = health

    async def write(self, device: str, point: str, value: float, *, person: str) -> Wrote:
        """Write a value and return how that ended; NotAllowed, before or after filing it, when it must not be."""
        writer = self._writers.get(device)
        if writer is None:
            raise NotAllowed(f"nothing can be written to {device}: no collector of this gateway writes to it")
        asked = Wrote(person, self._clock.now().utc_ns, device, point, value, "asked")
        await self._file(asked)
        try:
            await writer.write(device, point, value)
        except NotAllowed as error:
            await self._file(_ended(asked, "refused", str(error)))
            self._health.count("writes", "dropped", reason="not allowed")
            raise
        except Unreachable as error:
            ended = _ended(asked, "unknown", str(error))
            self._health.count("writes", "failed", reason="not confirmed")
        else:
            ended = _ended(asked, "confirmed", "")
            self._health.count("writes", "sent")
        await self._file(ended)
        return ended

    async def _file(self, wrote: Wrote) -> None:
        await asyncio.wrap_future(self._ledger.record_write(wrote))


def _ended(asked: Wrote, outcome: str, note: str) -> Wrote:
    assert outcome in {"confirmed", "refused", "unknown"}  # noqa: S101 - the words of Wrote
    return Wrote(asked.person, asked.time_ns, asked.device, asked.point, asked.value, outcome, note[:300])  # type: ignore[arg-type] # as above
