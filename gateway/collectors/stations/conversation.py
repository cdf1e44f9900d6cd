"""One station's connection: bytes in, records to the journal, answers out. Cuts off whoever is too slow or too loud.

Rule 1: an answer is written only after `put` has returned for everything the frame said.
Rule 2: nothing is read while what was read before is not on disk, so that a connection holds one read at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from gateway.clock import Clock
from gateway.codecs.contract import Message, StreamDecoder, Unreadable
from gateway.collectors.cancellation import stop_if_cancelled
from gateway.collectors.stations.dialects import Dialect
from gateway.collectors.stations.intake import Admitted, Intake
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND, Batch, Put, Record
from gateway.settings import StationsSettings

logger = logging.getLogger(__name__)

_READ_BYTES = 1 << 16
_MOST_NOISE = 1 << 16
_MOST_UNREADABLE = 20
_WRITE_SECONDS = 10.0


class CutOff(Exception):  # noqa: N818 - it is no fault of ours
    """The connection ends here, for a reason that is a short word to count by, behind these last words."""

    def __init__(self, reason: str, last_words: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.last_words = last_words


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all conversations of a listener share."""

    settings: StationsSettings
    dialect: Dialect
    intake: Intake
    put: Put
    clock: Clock
    health: Health


class Conversation:
    """Everything between one socket and the journal."""

    def __init__(self, around: Surroundings, decoder: StreamDecoder[Any], peer: str) -> None:
        self._around = around
        self._decoder = decoder
        self._peer = peer
        self._stage = f"collector:{around.settings.id}"
        self._is_known = False
        self._deadline_ns: int | None = None
        self._unreadable = 0

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk until the station hangs up, or is cut off with a counted reason."""
        try:
            await self._talk(reader, writer)
        except CutOff as ending:
            self._around.health.count(self._stage, "dropped", reason=ending.reason)
        except (ConnectionError, TimeoutError):
            self._around.health.count(self._stage, "dropped", reason="connection lost")
        except Unreachable:
            # The journal does not take it: without an answer the station sends again.
            self._around.health.count(self._stage, "dropped", reason="journal")
        except Exception:  # a fault of ours must not stop the other stations
            logger.exception("%s: the conversation with %s failed", self._stage, self._peer)
            self._around.health.count(self._stage, "failed", reason="decoder fault")

    async def answers(self, said: Iterable[Message[Any] | Unreadable]) -> list[bytes]:
        """Put what was said on disk as one commit, and return the answers to it.

        Raises CutOff when the station may say no more; the answers due until then are its last words.
        """
        admitted: list[Admitted] = []
        records: list[Record] = []
        answers: list[bytes] = []
        ending: CutOff | None = None
        for one in said:
            if isinstance(one, Unreadable):
                records += self._around.intake.set_aside(one, self._peer)
                self._unreadable += 1
                if self._unreadable >= _MOST_UNREADABLE:
                    ending = CutOff("unreadable")
                    break
                continue
            judged = self._around.intake.admit(one, self._peer)
            if not isinstance(judged, Admitted):
                now = self._now(self._around.settings.zone)
                ending = CutOff("refused", self._around.dialect.refusal(one.head, judged, now))
                break
            self._is_known, self._unreadable = True, 0
            admitted.append(judged)
            records += judged.records
        if records:
            # A put is the journal's once it was called: stopping does not take it back.
            await asyncio.shield(asyncio.ensure_future(self._durable(records)))
        for accepted in admitted:
            self._around.intake.settled(accepted)
            answers.append(self._answer(accepted))
        if ending is not None:
            raise CutOff(ending.reason, b"".join([*answers, ending.last_words]))
        return answers

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            data = await self._read(reader)
            said = self._decoder.feed(data) if data else self._decoder.close()
            try:
                answers = await self.answers(said)
            except CutOff as ending:
                await self._write(writer, ending.last_words)
                raise
            await self._write(writer, b"".join(answers))
            if any(isinstance(one, Message) for one in said):
                self._deadline_ns = None
            if not data:
                return
            if self._decoder.noise > _MOST_NOISE:
                raise CutOff("noise")

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """Wait for bytes; a frame once begun must come on, and a stranger must speak up soon."""
        settings = self._around.settings
        is_urgent = self._decoder.waiting or not self._is_known
        if not is_urgent:
            self._deadline_ns = None
        elif self._deadline_ns is None:
            self._deadline_ns = self._around.clock.now().monotonic_ns + round(settings.frame_seconds * SECOND)
        seconds = settings.idle_seconds
        if self._deadline_ns is not None:
            seconds = max(0.0, (self._deadline_ns - self._around.clock.now().monotonic_ns) / SECOND)
        try:
            async with asyncio.timeout(seconds):
                data = await reader.read(_READ_BYTES)
        except TimeoutError:
            raise CutOff("too slow" if is_urgent else "silent") from None
        stop_if_cancelled()
        return data

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not data:
            return
        writer.write(data)
        async with asyncio.timeout(_WRITE_SECONDS):
            await writer.drain()

    def _answer(self, one: Admitted) -> bytes:
        answer = self._around.dialect.reply(one.message.head, self._now(one.speaker.station.zone))
        readings = sum(len(record) for record in one.records if isinstance(record, Batch))
        self._around.health.count(self._stage, "sent", readings)
        return answer

    def _now(self, zone: tzinfo) -> datetime:
        return datetime.fromtimestamp(self._around.clock.now().utc_ns / SECOND, zone)

    async def _durable(self, records: list[Record]) -> None:
        await self._around.put(records)


async def close_quietly(writer: asyncio.StreamWriter) -> None:
    """Close a connection whose other end may be gone."""
    with contextlib.suppress(ConnectionError, TimeoutError, OSError):
        writer.close()
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
