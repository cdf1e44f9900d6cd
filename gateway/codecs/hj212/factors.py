"""The units of HJ 212's factors, where the standard and the field agree on them; the profile has the last word.

HJ 212-2017 appendix B, tables B.2 to B.5, with the 2005 codes of the same factors. Concentrations in ambient air are
left out: the standard writes mg/m3, stations send ug/m3, and only the device's profile can tell.
"""

from __future__ import annotations

from collections.abc import Mapping

_MG_L = (
    "w01006 w01009 w01012 w01017 w01018 w01019 w01020 w19001 w19002 w20012 w20023 w20038 w20061 w20092 w20116 w20121 "
    "w20122 w20123 w20124 w20125 w20126 w20138 w20139 w20140 w20141 w20144 w21001 w21003 w21004 w21006 w21007 w21011 "
    "w21016 w21017 w21019 w21022 w21038 w22001 w23002 w99001 "
    "003 010 011 015 520 060 061 062 063 064 065 070 071 072 080 090 101 110"
)
_UG_L = "w20111 w20115 w20117 w20119 w20120 w20127 w20128 w20142 w20143 w25043"
_CELSIUS = "w01010 a01001 a01012 a01015 a01901 a01902 S03 S06"
_PERCENT = "a01014 a19001 S01 S05"

_UNITS: Mapping[str, str] = {
    **dict.fromkeys(_MG_L.split(), "mg/L"),
    **dict.fromkeys(_UG_L.split(), "ug/L"),
    **dict.fromkeys(_CELSIUS.split(), "Cel"),
    **dict.fromkeys(_PERCENT.split(), "%"),
    "w00000": "L/s",
    "B01": "L/s",
    "w01001": "[pH]",
    "001": "[pH]",
    "w01014": "uS/cm",
    "a00000": "m3/s",
    "B02": "m3/s",
    "a01002": "%{RH}",
    "a01006": "kPa",
    "a01007": "m/s",
    "a01008": "deg",
    "a01011": "m/s",
    "S02": "m/s",
    "a01013": "kPa",
    "S08": "kPa",
    "LA": "dB{SPL}",
    "LMn": "dB{SPL}",
    "LMx": "dB{SPL}",
    "L5": "dB{SPL}",
    "L10": "dB{SPL}",
    "L50": "dB{SPL}",
    "L90": "dB{SPL}",
    "L95": "dB{SPL}",
    "Leq": "dB{SPL}",
    "Ldn": "dB{SPL}",
    "Ld": "dB{SPL}",
    "Ln": "dB{SPL}",
}
_TOTALS = {"mg/L": "kg", "ug/L": "g", "L/s": "m3", "m3/s": "m3"}


def unit_of(factor: str, kind: str) -> str:
    """Return the unit of a factor's value of a kind (Rtd, Avg, Min, Max, Cou …); empty when only the profile knows.

    >>> unit_of("w01018", "Rtd"), unit_of("w01018", "Cou"), unit_of("a34004", "Rtd")
    ('mg/L', 'kg', '')
    """
    unit = _UNITS.get(factor, "")
    return _TOTALS.get(unit, "") if kind == "Cou" else unit
