r"""What the centre answers an HJ 212 station: 9014 for data, 9013 for notices, 9011 and 9012 for requests.

Only made once the readings are on disk; who calls this has waited for that.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.codecs.checksums import crc16_hj212, crc16_modbus
from gateway.codecs.hj212.head import Checksum, Hj212Head

# HJ 212-2017 table 9: what a station uploads by itself beside data; 9015 is the heartbeat of the 2025 edition.
_NOTICES = frozenset({"2081", "3015", "3016", "3019", "3020", "3021", "2062", "9015"})
_ANSWERS = frozenset({"9011", "9012", "9013", "9014"})
_QN_RTN: Mapping[str, int] = {"PW": 3, "MN": 4, "ST": 5, "Flag": 6, "QN": 7, "CN": 8, "CRC": 9}


def reply_to(head: Hj212Head) -> bytes:
    """Return the confirmation of a frame whose content is on disk; empty when the station asked for none."""
    if not head.wants_answer or head.cn in _ANSWERS:
        return b""
    command = "9013" if head.cn in _NOTICES else "9014"
    return _frame(head, command, "")


def refusal_of(head: Hj212Head, key: str) -> bytes:
    """Return the refusal (9011, QnRtn) of a frame whose `key` (PW, MN, …) is wrong; empty when none was asked for."""
    if not head.wants_answer or head.cn in _ANSWERS:
        return b""
    return _frame(head, "9011", f"QnRtn={_QN_RTN.get(key, 100)}")


def _frame(head: Hj212Head, command: str, content: str) -> bytes:
    # ST 91 is the system's own side of the talk; bit 0 of the flag is off, or two centres would answer for ever.
    version = (head.flag or 0) & ~0b11
    numbered = f"PNUM={head.packets};PNO={head.packet};" if head.packet else ""
    flag = version | (0b10 if numbered else 0)
    segment = (
        f"QN={head.qn};ST=91;CN={command};PW={head.pw};MN={head.mn};Flag={flag};{numbered}CP=&&{content}&&".encode()
    )
    return b"##%04d%s%s\r\n" % (len(segment), segment, _written(segment, head.checksum))


def _written(segment: bytes, checksum: Checksum) -> bytes:
    """Return the checksum in the variant that the station itself uses: it would not understand another."""
    if checksum == "hj212":
        return b"%04X" % crc16_hj212(segment)
    crc = crc16_modbus(segment)
    return b"%04X" % (crc if checksum == "modbus" else crc >> 8 | (crc & 0xFF) << 8)
