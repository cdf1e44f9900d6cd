"""Who speaks in an HJ 212 segment, of what, and in which of the known checksums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.codecs.checksums import crc16_hj212, crc16_modbus

Checksum: TypeAlias = Literal["hj212", "modbus", "modbus_swapped"]


@dataclass(frozen=True, slots=True)
class Hj212Head:
    """The keys before `CP=`; a key that the segment does not have is empty (HJ 212-2017, 6.3.2)."""

    qn: str
    """When the request was made, and its number: an answer repeats it."""
    st: str
    """What kind of station: 21 surface water, 22 air, 31 air source, 32 water source …"""
    cn: str
    """The command: 2011 real time, 2051 minutes, 2061 hour, 2031 day, 9011-9015 answers …"""
    pw: str
    mn: str
    flag: int | None
    """Bit 0 wants an answer, bit 1 says that packets are numbered, bits 2-7 are the version."""
    packets: int
    packet: int
    """The number of this packet, from 1; 0 when packets are not numbered."""
    checksum: Checksum

    @property
    def wants_answer(self) -> bool:
        """Whether the station waits for an answer."""
        return bool(self.flag and self.flag & 1)

    @property
    def version(self) -> int | None:
        """The year of the standard that the segment follows; None when it does not say."""
        return None if self.flag is None else _VERSIONS.get(self.flag >> 2)


_VERSIONS = {0: 2005, 1: 2017, 2: 2025}


def checksum_of(segment: bytes, written: bytes) -> Checksum | None:
    """Return which known checksum the four hex digits are; None when they are none of them.

    Stations exist that send the CRC of Modbus instead, in either byte order.
    """
    try:
        value = int(written, 16)
    except ValueError:
        return None
    if value == crc16_hj212(segment):
        return "hj212"
    modbus = crc16_modbus(segment)
    if value == modbus:
        return "modbus"
    if value == (modbus >> 8 | (modbus & 0xFF) << 8):
        return "modbus_swapped"
    return None
