"""Times as field protocols write them, without a zone, to UTC; and numbers in binary-coded decimal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from gateway.errors import DecodeError
from gateway.model import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY = 2000


@lru_cache(maxsize=4096)
def local_ns(zone: tzinfo, *fields: int) -> int:
    """Return a wall-clock time (year, month, day, and hour, minute, second as far as known) of a zone as UTC.

    DecodeError when no calendar has it. 24:00:00 is the beginning of the next day: daily reports are written so.
    """
    year, month, day, hour, minute, second = (*fields, 0, 0, 0)[:6]
    is_midnight = hour == 24 and minute == second == 0  # noqa: PLR2004 - hours of a day
    try:
        moment = datetime(year, month, day, 0 if is_midnight else hour, minute, second, tzinfo=zone)
        moment += timedelta(days=is_midnight)
    except (ValueError, OverflowError) as error:
        raise DecodeError("time", f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}: {error}") from None
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * SECOND


def bcd_digits(data: bytes) -> str:
    """Return the digits of packed BCD; DecodeError when a half byte is none.

    >>> bcd_digits(bytes.fromhex("170718110016"))
    '170718110016'
    """
    digits = data.hex()
    if not digits.isdecimal():
        raise DecodeError("BCD", f"{data[:16].hex(' ')} is no decimal")
    return digits


def bcd_time_ns(zone: tzinfo, data: bytes) -> int:
    """Return the time of BCD bytes: year (two digits, 20xx), month, day, and hour, minute, second as far as they go."""
    digits = bcd_digits(data)
    year, *rest = (int(digits[at : at + 2]) for at in range(0, len(digits), 2))
    return local_ns(zone, _CENTURY + year, *rest)
