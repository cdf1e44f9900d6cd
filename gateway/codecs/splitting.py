"""Cuts a byte stream into frames: finds starts, waits for ends, and passes noise by. Knows nothing of any protocol.

Rule 1: what comes out depends on the stream alone, never on how it was cut into pieces.
Rule 2: a start that proves false costs its first byte; what lies behind it is looked at again, so that a broken frame
does not take its neighbours along. Rule 3: what is kept is bounded: one frame, and the first bytes of noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic

from gateway.codecs.contract import Head, Message, Unreadable
from gateway.errors import DecodeError

_KEPT_NOISE = 256
NOT_A_FRAME = 0
"""What a `measure` says of bytes that cannot begin a frame."""


class FrameSplitter(Generic[Head]):
    """Feeds whole frames to a decoder.

    `measure(buffer, start)` tells the length of the frame that begins at `start`: None while too few bytes are there
    to tell, NOT_A_FRAME when no frame begins there. `is_whole(buffer, start, size)` looks at the marks of its end:
    bytes without them were no frame, a frame with them that does not decode is passed as a whole.
    """

    def __init__(
        self,
        marks: Sequence[bytes],
        measure: Callable[[bytearray, int], int | None],
        is_whole: Callable[[bytearray, int, int], bool],
        decode: Callable[[bytes], Message[Head]],
    ) -> None:
        self._marks = tuple(marks)
        self._measure = measure
        self._is_whole = is_whole
        self._decode = decode
        self._buffer = bytearray()
        self._noise = bytearray()
        self._noise_bytes = 0

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return len(self._buffer)

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._noise_bytes

    def feed(self, data: bytes) -> list[Message[Head] | Unreadable]:
        """Take bytes and return what they completed."""
        self._buffer += data
        return self._scan(is_end=False)

    def close(self) -> list[Message[Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        said = self._scan(is_end=True)
        self._flush_noise(said)
        return said

    def _scan(self, *, is_end: bool) -> list[Message[Head] | Unreadable]:
        said: list[Message[Head] | Unreadable] = []
        buffer, place = self._buffer, 0
        while place < len(buffer):
            start, is_mark = self._next_start(place, is_end=is_end)
            self._pass(buffer[place:start])
            place = start
            if not is_mark:
                break
            size = self._measure(buffer, place)
            if size is None or (size != NOT_A_FRAME and place + size > len(buffer)):
                if not is_end:
                    break
                size = NOT_A_FRAME
            if size == NOT_A_FRAME or not self._is_whole(buffer, place, size):
                self._pass(buffer[place : place + 1])
                place += 1
                continue
            self._flush_noise(said)
            frame = bytes(buffer[place : place + size])
            place += size
            try:
                said.append(self._decode(frame))
            except DecodeError as error:
                said.append(Unreadable(frame, len(frame), error))
        del buffer[:place]
        return said

    def _next_start(self, place: int, *, is_end: bool) -> tuple[int, bool]:
        """Return where the next start mark stands, or from where on one might still grow."""
        found = [at for mark in self._marks if (at := self._buffer.find(mark, place)) >= 0]
        if found:
            return min(found), True
        if is_end:
            return len(self._buffer), False
        # The stream may end within a mark.
        for at in range(max(place, len(self._buffer) - max(map(len, self._marks)) + 1), len(self._buffer)):
            if any(mark.startswith(bytes(self._buffer[at:])) for mark in self._marks):
                return at, False
        return len(self._buffer), False

    def _pass(self, noise: bytearray) -> None:
        self._noise_bytes += len(noise)
        room = _KEPT_NOISE - len(self._noise)
        if room > 0:
            self._noise += noise[:room]

    def _flush_noise(self, said: list[Message[Head] | Unreadable]) -> None:
        if not self._noise_bytes:
            return
        error = DecodeError("noise", f"{self._noise_bytes} bytes that begin no frame")
        # Line ends and wake-up bytes between frames are no fault.
        if self._noise.strip(b"\r\n\0\xfe"):
            said.append(Unreadable(bytes(self._noise), self._noise_bytes, error))
        self._noise.clear()
        self._noise_bytes = 0
