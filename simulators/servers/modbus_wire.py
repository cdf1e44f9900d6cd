"""One connection of a master to a line of units: requests out of bytes, replies back when each unit has them ready.

Knows nothing of what units hold; the line tells what each of them says.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from simulators.modbus_answers import Said
from simulators.rtu_frames import Requests, as_rtu

Framing: TypeAlias = Literal["tcp", "rtu"]
Answering: TypeAlias = Callable[[bytes], Said]
"""Request frame, in the form of Modbus TCP → what is said."""

_HEADER = struct.Struct(">HHHB")
_LONGEST_FRAME = 260
"""Bytes of the longest frame (MODBUS Messaging on TCP/IP Implementation Guide 1.0b, 3.1.2)."""


class Outlet(Protocol):
    """Where replies go."""

    def write(self, data: bytes) -> None:
        """Send bytes; nothing happens when the connection has closed meanwhile."""
        ...

    def abort(self) -> None:
        """Break the connection."""
        ...


class Wire:
    """Answers what comes in on one connection, or on a serial port."""

    def __init__(self, framing: Framing, answering: Answering, outlet: Outlet) -> None:
        self._answering = answering
        self._outlet = outlet
        self._is_rtu = framing == "rtu"
        self._requests = Requests()
        self._buffer = b""

    def heard(self, data: bytes) -> None:
        """Take bytes from the master."""
        for frame in self._requests.feed(data) if self._is_rtu else self._of_tcp(data):
            said = self._answering(frame)
            if said.hangs_up:
                self._outlet.abort()
                return
            if said.frame is None:
                continue
            reply = as_rtu(said.frame) if self._is_rtu else said.frame
            if said.after_seconds:
                asyncio.get_running_loop().call_later(said.after_seconds, self._outlet.write, reply)
            else:
                self._outlet.write(reply)

    def _of_tcp(self, data: bytes) -> list[bytes]:
        self._buffer += data
        frames: list[bytes] = []
        while len(self._buffer) >= _HEADER.size:
            _, protocol, length, _ = _HEADER.unpack_from(self._buffer)
            size = 6 + length
            if protocol or not _HEADER.size < size <= _LONGEST_FRAME:
                # What does not speak Modbus cannot be followed to its next frame.
                self._outlet.abort()
                break
            if len(self._buffer) < size:
                break
            frames.append(self._buffer[:size])
            self._buffer = self._buffer[size:]
        return frames
