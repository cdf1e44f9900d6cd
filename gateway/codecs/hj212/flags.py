"""What HJ 212's data flags say of a value (HJ 212-2017 table 8 and HJ/T 212-2005 6.6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.model import Flag, Quality


class Judgement(NamedTuple):
    """What a flag makes of a value."""

    quality: int
    flags: int = 0


_GOOD = Judgement(int(Quality.GOOD))
_DOUBTFUL = Judgement(int(Quality.SUSPECT))
_WORKED_ON = Judgement(int(Quality.SUSPECT), int(Flag.MAINTENANCE))
_FAILED = Judgement(int(Quality.FAIL))
UNKNOWN = Judgement(int(Quality.UNKNOWN))
"""Of a flag that no edition of the standard names."""

JUDGEMENTS: Mapping[str, Judgement] = {
    "N": _GOOD,
    "F": _DOUBTFUL,  # the source or the instrument stands still
    "M": _WORKED_ON,  # maintenance
    "S": _WORKED_ON,  # a value that somebody set
    "C": _WORKED_ON,  # calibration
    "D": _FAILED,  # the instrument is broken
    "B": _FAILED,  # no connection to the instrument
    "P": _FAILED,  # no power (2005)
    "T": Judgement(int(Quality.SUSPECT), int(Flag.CLAMPED)),  # beyond the instrument's range
    # Ambient air, 2005
    "0": _WORKED_ON,
    "1": _GOOD,
    "2": _DOUBTFUL,
    "3": _GOOD,
}
"""Flag letter → what it makes of the value."""
