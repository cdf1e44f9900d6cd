"""The elements of SL 651-2014 table C.1: identifier → the standard's own symbol and the unit in UCUM.

Number of bytes and decimals stand in each frame, behind the identifier; the table's are only usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Element(NamedTuple):
    """What an identifier means."""

    symbol: str
    unit: str


STEP, DURATION, STATUS = 0x04, 0x05, 0x45
"""Time step of the values that follow; length of a period as hours.minutes; status and alarms as 32 bits."""
RAIN_5_MINUTES = 0xF4
"""Twelve bytes of 0.1 mm."""
LEVELS_5_MINUTES = range(0xF5, 0xFD)
"""Twelve times two bytes of 0.01 m."""
VELOCITIES = 0xFD

ELEMENTS: Mapping[int, Element] = {
    0xF4: Element("DRP", "mm"),
    0xF5: Element("DRZ1", "m"),
    0xF6: Element("DRZ2", "m"),
    0xF7: Element("DRZ3", "m"),
    0xF8: Element("DRZ4", "m"),
    0xF9: Element("DRZ5", "m"),
    0xFA: Element("DRZ6", "m"),
    0xFB: Element("DRZ7", "m"),
    0xFC: Element("DRZ8", "m"),
    0xFD: Element("DATA", ""),
    0x01: Element("AC", "m2"),
    0x02: Element("AI", "Cel"),
    0x03: Element("C", "Cel"),
    0x04: Element("DRxnn", ""),
    0x05: Element("DT", ""),
    0x06: Element("ED", "mm"),
    0x07: Element("EJ", "mm"),
    0x08: Element("FL", "hPa"),
    0x09: Element("GH", "m"),
    0x0A: Element("GN", ""),
    0x0B: Element("GS", ""),
    0x0C: Element("GT", "1"),
    0x0D: Element("GTP", "Cel"),
    0x0E: Element("H", "m"),
    0x0F: Element("HW", "m"),
    0x10: Element("M10", "%"),
    0x11: Element("M20", "%"),
    0x12: Element("M30", "%"),
    0x13: Element("M40", "%"),
    0x14: Element("M50", "%"),
    0x15: Element("M60", "%"),
    0x16: Element("M80", "%"),
    0x17: Element("M100", "%"),
    0x18: Element("MST", "%{RH}"),
    0x19: Element("NS", "1"),
    0x1A: Element("P1", "mm"),
    0x1B: Element("P2", "mm"),
    0x1C: Element("P3", "mm"),
    0x1D: Element("P6", "mm"),
    0x1E: Element("P12", "mm"),
    0x1F: Element("PD", "mm"),
    0x20: Element("PJ", "mm"),
    0x21: Element("PN01", "mm"),
    0x22: Element("PN05", "mm"),
    0x23: Element("PN10", "mm"),
    0x24: Element("PN30", "mm"),
    0x25: Element("PR", "mm"),
    0x26: Element("PT", "mm"),
    0x27: Element("Q", "m3/s"),
    0x28: Element("Q1", "m3/s"),
    0x29: Element("Q2", "m3/s"),
    0x2A: Element("Q3", "m3/s"),
    0x2B: Element("Q4", "m3/s"),
    0x2C: Element("Q5", "m3/s"),
    0x2D: Element("Q6", "m3/s"),
    0x2E: Element("Q7", "m3/s"),
    0x2F: Element("Q8", "m3/s"),
    0x30: Element("QA", "m3/s"),
    0x31: Element("QZ", "m3/s"),
    0x32: Element("SW", "10*4.t"),
    0x33: Element("UC", ""),
    0x34: Element("UE", ""),
    0x35: Element("US", "m/s"),
    0x36: Element("VA", "m/s"),
    0x37: Element("VJ", "m/s"),
    0x38: Element("VT", "V"),
    0x39: Element("Z", "m"),
    0x3A: Element("ZB", "m"),
    0x3B: Element("ZU", "m"),
    0x3C: Element("Z1", "m"),
    0x3D: Element("Z2", "m"),
    0x3E: Element("Z3", "m"),
    0x3F: Element("Z4", "m"),
    0x40: Element("Z5", "m"),
    0x41: Element("Z6", "m"),
    0x42: Element("Z7", "m"),
    0x43: Element("Z8", "m"),
    0x44: Element("SQ", "g/L"),
    0x45: Element("ZT", "1"),
    0x46: Element("pH", "[pH]"),
    0x47: Element("DO", "mg/L"),
    0x48: Element("COND", "uS/cm"),
    0x49: Element("TURB", "{NTU}"),
    0x4A: Element("CODMN", "mg/L"),
    0x4B: Element("REDOX", "mV"),
    0x4C: Element("NH4N", "mg/L"),
    0x4D: Element("TP", "mg/L"),
    0x4E: Element("TN", "mg/L"),
    0x4F: Element("TOC", "mg/L"),
    0x50: Element("CU", "mg/L"),
    0x51: Element("ZN", "mg/L"),
    0x52: Element("SE", "mg/L"),
    0x53: Element("AS", "mg/L"),
    0x54: Element("THG", "mg/L"),
    0x55: Element("CD", "mg/L"),
    0x56: Element("PB", "mg/L"),
    0x57: Element("CHLA", "mg/L"),
    0x58: Element("WP1", "kPa"),
    0x59: Element("WP2", "kPa"),
    0x5A: Element("WP3", "kPa"),
    0x5B: Element("WP4", "kPa"),
    0x5C: Element("WP5", "kPa"),
    0x5D: Element("WP6", "kPa"),
    0x5E: Element("WP7", "kPa"),
    0x5F: Element("WP8", "kPa"),
    0x60: Element("SYL1", "m3"),
    0x61: Element("SYL2", "m3"),
    0x62: Element("SYL3", "m3"),
    0x63: Element("SYL4", "m3"),
    0x64: Element("SYL5", "m3"),
    0x65: Element("SYL6", "m3"),
    0x66: Element("SYL7", "m3"),
    0x67: Element("SYL8", "m3"),
    0x68: Element("SBL1", "m3/h"),
    0x69: Element("SBL2", "m3/h"),
    0x6A: Element("SBL3", "m3/h"),
    0x6B: Element("SBL4", "m3/h"),
    0x6C: Element("SBL5", "m3/h"),
    0x6D: Element("SBL6", "m3/h"),
    0x6E: Element("SBL7", "m3/h"),
    0x6F: Element("SBL8", "m3/h"),
    0x70: Element("VTA", "V"),
    0x71: Element("VTB", "V"),
    0x72: Element("VTC", "V"),
    0x73: Element("VIA", "A"),
    0x74: Element("VIB", "A"),
    0x75: Element("VIC", "A"),
}
"""Identifier → element."""

BY_SYMBOL: Mapping[str, Element] = {element.symbol.upper(): element for element in ELEMENTS.values()}
"""Symbol in capitals → element, for the ASCII encoding."""


def element_of(identifier: int) -> Element:
    """Return what an identifier means; one that the table does not have goes by its hex digits.

    >>> element_of(0x39), element_of(0xE9)
    (Element(symbol='Z', unit='m'), Element(symbol='E9', unit=''))
    """
    return ELEMENTS.get(identifier) or Element(f"{identifier:02X}", "")
