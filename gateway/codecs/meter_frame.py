"""What CJ/T 188 and DL/T 645 frames share: wake-up bytes FE, 68 at the start, a sum and 16 at the end.

Knows nothing of what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from gateway.codecs.checksums import sum8
from gateway.codecs.contract import Head, Message, Unreadable
from gateway.codecs.splitting import NOT_A_FRAME, FrameSplitter
from gateway.errors import DecodeError

START, END, WAKE_UP = 0x68, 0x16, b"\xfe"


class MeterStream(Generic[Head]):
    """Cuts a serial stream into frames whose length byte stands at `length_at`."""

    def __init__(
        self, length_at: int, decode: Callable[[bytes], Message[Head]], second_start: int | None = None
    ) -> None:
        self._length_at = length_at
        self._second_start = second_start
        self._splitter = FrameSplitter((bytes([START]),), self._measure, self._is_whole, decode)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._splitter.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._splitter.noise

    def feed(self, data: bytes) -> list[Message[Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._splitter.feed(data)

    def close(self) -> list[Message[Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._splitter.close()

    def _measure(self, buffer: bytearray, start: int) -> int | None:
        second = self._second_start
        if second is not None and len(buffer) > start + second and buffer[start + second] != START:
            return NOT_A_FRAME
        at = start + self._length_at
        return None if len(buffer) <= at else self._length_at + buffer[at] + 3

    def _is_whole(self, buffer: bytearray, start: int, size: int) -> bool:
        return buffer[start + size - 1] == END


def body_of(frame: bytes, length_at: int) -> bytes:
    """Return a frame without wake-up bytes, sum and end, once length and sum are right."""
    body = frame.lstrip(WAKE_UP)
    if len(body) < length_at + 3 or body[0] != START:
        raise DecodeError("frame", f"no frame from 68 on: {body[:8].hex(' ')}")
    size = length_at + body[length_at] + 3
    if len(body) != size:
        raise DecodeError("length", f"says {size} bytes, has {len(body)}")
    if body[-1] != END:
        raise DecodeError("end", f"ends in {body[-1]:02x}, not 16")
    if sum8(body[:-2]) != body[-2]:
        raise DecodeError("checksum", f"{body[-2]:02X}, but the frame gives {sum8(body[:-2]):02X}")
    return body[:-2]
