"""The frames of SL 651-2014 (6.3, tables 6 to 10), in both encodings, without what their bodies mean.

    HEX    7E7E  center(1) station(5) password(2) function(1) length(2) STX           body  ETX|ETB    CRC16, high first
                                                     up 0nnn, down 8nnn  SYN total,no(3) body
    ASCII  SOH   the same fields as hex digits, two characters a byte   STX           body  ETX|ETB    CRC16 in 4 digits
    down         station before center; ends with ENQ, ACK, NAK, EOT or ESC

The length counts what lies between STX and the end mark, the packet numbers behind SYN included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.codecs.checksums import crc16_modbus
from gateway.codecs.splitting import NOT_A_FRAME
from gateway.errors import DecodeError

SOH, STX, ETX, EOT, ENQ, ACK, NAK, SYN, ETB, ESC = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x15, 0x16, 0x17, 0x1B
HEX_MARK, ASCII_MARK = b"\x7e\x7e", b"\x01"
_ENDS = frozenset({ETX, ETB, ENQ, ACK, NAK, EOT, ESC})
_HEX_HEAD, _ASCII_HEAD = 14, 24
_HEX_TAIL, _ASCII_TAIL = 3, 5
_DOWN = 0x8000
_DIRECTIONS = (0x0000, 0x8000)
_HEX_DIGITS = frozenset(b"0123456789ABCDEFabcdef")

Checksum: TypeAlias = Literal["sl651", "sl651_swapped"]


@dataclass(frozen=True, slots=True)
class Sl651Head:
    """Who sends what to whom."""

    center: int
    station: str
    password: str
    function: int
    is_up: bool
    packets: int
    """Into how many packets the message is split; 0 when it is whole."""
    packet: int
    end: int
    is_ascii: bool
    checksum: Checksum
    serial: int | None = None
    """The message's number, which an answer repeats; later packets of a split message have none."""
    missing: tuple[int, ...] = ()
    """The packets that have not come, when this is the last one of a split message."""

    @property
    def is_last(self) -> bool:
        """Whether the station now waits for an answer."""
        return self.end != ETB


def split_frame(frame: bytes, *, is_lenient: bool) -> tuple[Sl651Head, bytes]:
    """Return a frame's head and its body, packet numbers apart."""
    is_ascii = frame[:1] == ASCII_MARK
    if not is_ascii and frame[:2] != HEX_MARK:
        raise DecodeError("start", f"begins with {frame[:4].hex(' ')}, not 7e 7e or 01")
    size = measure(bytearray(frame), 0)
    if size is None or size > len(frame):
        raise DecodeError("length", f"says {size or 'more'} bytes, has {len(frame)}")
    if size == NOT_A_FRAME:
        raise DecodeError("frame", f"no head of SL 651: {frame[:16].hex(' ')}")
    if size < len(frame):
        raise DecodeError("length", f"says {size} bytes, has {len(frame)}")
    if not is_whole(bytearray(frame), 0, size):
        raise DecodeError("end", f"no end mark behind the body: {frame[-8:].hex(' ')}")
    tail = 4 if is_ascii else 2
    checksum = _checksum(frame[:-tail], frame[-tail:], is_ascii=is_ascii, is_lenient=is_lenient)
    head_size, end_size = (_ASCII_HEAD, _ASCII_TAIL) if is_ascii else (_HEX_HEAD, _HEX_TAIL)
    fields = bytes.fromhex(frame[1:23].decode()) if is_ascii else frame[2:13]
    body = frame[head_size:-end_size]
    packets = packet = 0
    if frame[head_size - 1] == SYN:
        packets, packet, body = _numbered(body, is_ascii=is_ascii)
    is_up = not int.from_bytes(fields[9:11]) & _DOWN
    center, station = (fields[0], fields[1:6]) if is_up else (fields[5], fields[0:5])
    head = Sl651Head(
        center=center,
        station=station.hex().upper(),
        password=fields[6:8].hex().upper(),
        function=fields[8],
        is_up=is_up,
        packets=packets,
        packet=packet,
        end=frame[-end_size],
        is_ascii=is_ascii,
        checksum=checksum,
    )
    return head, body


def measure(buffer: bytearray, start: int) -> int | None:
    """Tell the length of the frame at `start` (see FrameSplitter)."""
    is_ascii = buffer[start] == SOH
    head_size = _ASCII_HEAD if is_ascii else _HEX_HEAD
    head = buffer[start : start + head_size]
    if is_ascii and not _HEX_DIGITS.issuperset(head[1:23]):
        return NOT_A_FRAME
    if not is_ascii and head[2:4] == HEX_MARK:
        # 7E7E7E7E…: a frame begins at the last pair of them, for no station has such an address.
        return NOT_A_FRAME
    if len(head) < head_size:
        return None
    length = int(head[19:23], 16) if is_ascii else int.from_bytes(head[11:13])
    if length & 0xF000 not in _DIRECTIONS or head[-1] not in {STX, SYN}:
        return NOT_A_FRAME
    return head_size + (length & 0x0FFF) + (_ASCII_TAIL if is_ascii else _HEX_TAIL)


def is_whole(buffer: bytearray, start: int, size: int) -> bool:
    """Tell whether the end mark stands where the length says."""
    tail = _ASCII_TAIL if buffer[start] == SOH else _HEX_TAIL
    return buffer[start + size - tail] in _ENDS


def _numbered(body: bytes, *, is_ascii: bool) -> tuple[int, int, bytes]:
    """Return how many packets there are, which this is, and its body: 12 bits and 12 bits before it (table 9)."""
    size = 6 if is_ascii else 3
    try:
        numbers = int(body[:size], 16) if is_ascii else int.from_bytes(body[:size])
    except ValueError:
        raise DecodeError("packets", f"no packet numbers: {body[:6]!r}") from None
    packets, packet = numbers >> 12, numbers & 0x0FFF
    if len(body) < size or not 1 <= packet <= packets:
        raise DecodeError("packets", f"packet {packet} of {packets}")
    return packets, packet, body[size:]


def _checksum(covered: bytes, written: bytes, *, is_ascii: bool, is_lenient: bool) -> Checksum:
    crc = crc16_modbus(covered)
    shown = written.decode("ascii", "backslashreplace") if is_ascii else written.hex().upper()
    if shown.upper() == f"{crc:04X}":
        return "sl651"
    if shown.upper() == f"{crc & 0xFF:02X}{crc >> 8:02X}":
        if is_lenient:
            return "sl651_swapped"
        raise DecodeError("CRC", f"{shown} has the bytes of {crc:04X} swapped; lenient mode accepts it")
    raise DecodeError("CRC", f"{shown}, but the frame gives {crc:04X}")
