r"""HJ 212-2017 real-time data (command 2011), as an outfall's or a tunnel's air station uploads it.

    ##0101QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=...;Flag=5;CP=&&DataTime=...;factor-Rtd=1.2&&1C80\r\n

The length is that of the segment in four decimals; behind it its CRC in four hex digits (6.3 and annex A).
"""

from __future__ import annotations

from gateway.profiles import FieldPlace, Point
from simulators.encoders.sending import Sending, plain

_PASSWORD = "123456"  # noqa: S105 - the protocol's own, which every station leaves the works with


def hj212(sending: Sending) -> bytes:
    """Return one frame; a point's name is `factor-Rtd`, its value is marked as normal or as one of calibration."""
    local = sending.local()
    groups: dict[str, list[str]] = {}
    for name, value in sending.fields():
        groups.setdefault(name.partition("-")[0], []).append(f"{name}={plain(value)}")
    tested = {_factor_of(sending.profile.points[name]) for name in sending.calibrated}
    items = [",".join([*group, f"{name}-Flag={'C' if name in tested else 'N'}"]) for name, group in groups.items()]
    millis = sending.time_ns // 1_000_000 % 1000
    head = f"QN={local:%Y%m%d%H%M%S}{millis:03d};ST=32;CN=2011;PW={_PASSWORD};MN={sending.station};Flag=5"
    segment = f"{head};CP=&&{';'.join([f'DataTime={local:%Y%m%d%H%M%S}', *items])}&&".encode("ascii")
    return b"##%04d%s%04X\r\n" % (len(segment), segment, _crc(segment))


def _factor_of(point: Point) -> str:
    return point.place.path[0].partition("-")[0] if isinstance(point.place, FieldPlace) else ""


def _crc(segment: bytes) -> int:
    """Return annex A's CRC: each byte is put upon the high half of the register, not upon the low one."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            lowest = register & 1
            register >>= 1
            if lowest:
                register ^= 0xA001
    return register
