"""Frames for every open page: encoded once, kept in one ring, each page with its own place in it.

Rule 1: a page that falls out of the ring is sent `resync` and a snapshot; nobody waits for a slow page.
Rule 2: a place is `<life>-<number>`; a place from another life of the server means a snapshot too.
Rule 3: a snapshot may be newer than the frames that follow it; pages keep the newer time and the higher revision.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

RING_FRAMES = 256


class Stream:
    """One ring of frames; used on the event loop's thread only."""

    def __init__(self, life: str, ring_frames: int = RING_FRAMES) -> None:
        self._life = life
        self._ring: deque[bytes] = deque(maxlen=ring_frames)
        self._newest = 0
        self._grown = asyncio.Event()
        self._is_closed = False
        self.pages = 0
        """How many pages are listening."""

    @property
    def place(self) -> str:
        """Where the newest frame is."""
        return f"{self._life}-{self._newest}"

    def publish(self, event: str, data: bytes) -> None:
        """Send one frame to every page."""
        self._newest += 1
        self._ring.append(self._frame(event, data))
        self._wake()

    def close(self) -> None:
        """End every page's stream."""
        self._is_closed = True
        self._wake()

    async def follow(self, after: str, snapshot: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
        """Yield what a page needs to be, and to stay, up to date; `after` is the place it knows, or empty."""
        self.pages += 1
        try:
            number = self._number(after)
            while not self._is_closed:
                if number is None or number < self._newest - len(self._ring):
                    behind = b"" if number is None else b"event: resync\ndata: {}\n\n"
                    # The place is taken before the snapshot, so that nothing can fall between the two.
                    number = self._newest
                    place = self.place
                    yield behind + b"retry: 1000\nid: %s\nevent: snapshot\ndata: %s\n\n" % (
                        place.encode(),
                        await snapshot(),
                    )
                elif number < self._newest:
                    first = len(self._ring) - (self._newest - number)
                    number = self._newest
                    yield b"".join(list(self._ring)[first:])
                else:
                    await self._grown.wait()
        finally:
            self.pages -= 1

    def _frame(self, event: str, data: bytes) -> bytes:
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self.place.encode(), event.encode(), data)

    def _number(self, place: str) -> int | None:
        life, _, number = place.rpartition("-")
        if life != self._life or not number.isdecimal() or int(number) > self._newest:
            return None
        return int(number)

    def _wake(self) -> None:
        self._grown.set()
        if not self._is_closed:
            self._grown = asyncio.Event()
