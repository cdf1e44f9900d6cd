"""Stations that dial in: a TCP connection each to the gateway's listener, dialled again when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from typing import TypeAlias

Place: TypeAlias = tuple[str, int]

_KEPT = 1_000
"""Frames that a station keeps while nobody picks up; the oldest are forgotten first."""
_AGAIN_SECONDS = 1.0


class Stations:
    """The stations of a fleet, by device; all of it runs on one event loop."""

    def __init__(self, places: Mapping[str, Place], *, again_seconds: float = _AGAIN_SECONDS) -> None:
        """`places` gives each station the (host, port) that it dials; `again_seconds` is how soon it dials again."""
        self._again_seconds = again_seconds
        self._places = dict(places)
        self._waiting: dict[str, deque[bytes]] = {name: deque(maxlen=_KEPT) for name in places}
        self._news: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.answers = 0
        """Reads that brought something back: the centre acknowledges what it has."""

    def start(self) -> None:
        """Let every station dial."""
        for name in self._places:
            self._news[name] = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._live(name), name=f"station-{name}"))

    async def stop(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A connection is closed in the loop's next round.
        await asyncio.sleep(0)
        self._tasks.clear()

    def send(self, device: str, frame: bytes) -> None:
        """Give a station a frame to send as soon as its line is up."""
        self._waiting[device].append(frame)
        if device in self._news:
            self._news[device].set()

    async def _live(self, name: str) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._speak(name)
            await asyncio.sleep(self._again_seconds)

    async def _speak(self, name: str) -> None:
        reader, writer = await asyncio.open_connection(*self._places[name])
        hearing = asyncio.create_task(self._hear(reader, name))
        waiting, news = self._waiting[name], self._news[name]
        try:
            while not hearing.done():
                while waiting:
                    writer.write(waiting[0])
                    await writer.drain()
                    waiting.popleft()
                await news.wait()
                news.clear()
        finally:
            hearing.cancel()
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader, name: str) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                self.answers += 1
        # Whoever waits for news learns that the line is down.
        self._news[name].set()
