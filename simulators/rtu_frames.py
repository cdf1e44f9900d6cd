"""Modbus as on a serial line, put round what a device answers over TCP; no socket, no library.

    request  | unit 1 | function 1 | address 2 | count 2        | CRC 2, low byte first |
    write    | unit 1 | function 1 | address 2 | count 2 | n 1 | n bytes | CRC 2        |

MODBUS over Serial Line 1.02, 2.5.1: frames are told apart by silence, which nobody sees behind a socket or a
pseudo-terminal; here a frame ends where its CRC holds.
"""

from __future__ import annotations

import struct

_HEADER = struct.Struct(">HHHB")
_FIXED = frozenset(range(1, 7))
"""Functions whose requests have eight bytes."""
_COUNTED = frozenset({15, 16})
"""Functions whose requests say their length."""
_LEAST, _LONGEST = 4, 256
_LONGEST_UNKNOWN = 32


class Requests:
    """Cuts the bytes of a line into requests, in the form that they have over TCP."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return the requests that they completed; noise before a frame is skipped.

        >>> whole = with_crc(bytes.fromhex("07 03 0000 0002"))
        >>> requests = Requests()
        >>> [frame.hex(" ") for piece in (b"?" + whole[:3], whole[3:]) for frame in requests.feed(piece)]
        ['00 00 00 00 00 06 07 03 00 00 00 02']
        """
        self._buffer += data
        frames: list[bytes] = []
        start = 0
        while start <= len(self._buffer) - _LEAST:
            size = _size_at(self._buffer, start)
            if size:
                frames.append(as_tcp(self._buffer[start : start + size - 2]))
                self._buffer, start = self._buffer[start + size :], 0
            else:
                start += 1
        self._buffer = self._buffer[-_LONGEST:]
        return frames


def as_tcp(body: bytes) -> bytes:
    """Return unit, function and what follows behind the header that Modbus TCP has; its transaction is 0."""
    return _HEADER.pack(0, 0, len(body), body[0]) + body[1:]


def as_rtu(frame: bytes) -> bytes:
    """Return a Modbus TCP frame as it stands on a serial line.

    >>> as_rtu(bytes.fromhex("0001 0000 0005 07 03 02 000c")).hex(" ")
    '07 03 02 00 0c 30 41'
    """
    return with_crc(frame[_HEADER.size - 1 :])


def with_crc(body: bytes) -> bytes:
    """Return bytes with the CRC of a serial line behind them."""
    return body + _crc(body).to_bytes(2, "little")


def _size_at(buffer: bytes, start: int) -> int:
    """Return the length of the request that stands at a place, 0 when none does or it is not whole."""
    function = buffer[start + 1]
    if function in _FIXED:
        sizes = range(8, 9)
    elif function in _COUNTED:
        counted = buffer[start + 6 : start + 7]
        sizes = range(9 + counted[0], 10 + counted[0]) if counted else range(0)
    else:
        # What no sensor knows is refused all the same: it ends where nothing more has come.
        left = len(buffer) - start
        sizes = range(left, left + 1) if left <= _LONGEST_UNKNOWN else range(0)
    return next((size for size in sizes if _holds(buffer[start : start + size], size)), 0)


def _holds(frame: bytes, size: int) -> bool:
    return len(frame) == size and _crc(frame) == 0


def _crc(data: bytes) -> int:
    """Return the CRC of appendix B; over a frame with its own it is 0."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register
