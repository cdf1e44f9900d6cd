"""Times as people write them in CSV files, to UTC: ISO 8601, slashes, Chinese dates, compact digits, epoch numbers.

Rule 1: day-first and month-first dates are never guessed; a format must be given for them.
Rule 2: a time without a zone is local time. Of an hour that occurs twice, the one that keeps time going forward is
taken.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.model import SECOND

_DATE = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/.年])(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<zone>Z)?",
    re.ASCII,
)
_EPOCH = re.compile(r"(?P<whole>\d{9,19})(?:\.(?P<fraction>\d{1,9})\d*)?", re.ASCII)
_EPOCH_UNITS = ((11, SECOND, "seconds"), (14, 1_000_000, "milliseconds"), (17, 1_000, "microseconds"))
"""Digits up to which a number counts so many nanoseconds each; longer ones are nanoseconds."""
_MARKS = {"-": "2026-01-31 08:00", "/": "2026/01/31 08:00", ".": "2026.01.31 08:00", "年": "2026年1月31日 08:00"}
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Times:
    """Reads the times of one file, remembering how the last one was written."""

    def __init__(self, zone: ZoneInfo, strptime_format: str | None = None) -> None:
        self._zone = zone
        self._format = strptime_format
        self._hour: tuple[int, int, int, int] | None = None
        self._hour_ns = (0, 0)
        self.newest_ns = 0
        """The newest time read."""
        self.written = ""
        """How the last time was written."""
        self.never_was = False
        """Whether the last local time lay in an hour that the clocks left out."""
        self.is_twice = False
        """Whether the last local time lay in an hour that occurs twice."""

    def read(self, text: str) -> int:
        """Return a time in nanoseconds UTC; ValueError when it is none."""
        try:
            time_ns = self._read(text.strip())
        except (ValueError, OverflowError):
            raise ValueError(f"{text!r:.60} is no time") from None
        self.newest_ns = max(self.newest_ns, time_ns)
        return time_ns

    def _read(self, text: str) -> int:
        if self._format is not None:
            return self._by_format(text)
        if found := _DATE.fullmatch(text):
            self.written = _MARKS[found["mark"]] + (" with a zone" if found["zone"] else "")
            return self._by_parts(found)
        if (found := _COMPACT.fullmatch(text)) and "01" <= found["month"] <= "12":
            self.written = "20260131080000"
            return self._by_parts(found)
        if found := _EPOCH.fullmatch(text):
            return self._by_epoch(found)
        raise ValueError(text)

    def _by_parts(self, found: re.Match[str]) -> int:
        part = found.groupdict()
        hour = int(part["year"]), int(part["month"]), int(part["day"]), int(part["hour"] or 0)
        minute, second = int(part["minute"] or 0), int(part["second"] or 0)
        if minute > 59 or second > 60:  # noqa: PLR2004 - a leap second may be written
            raise ValueError(found[0])
        rest_ns = (60 * minute + second) * SECOND + int((part.get("fraction") or "").ljust(9, "0"))
        if zone := part["zone"]:
            offset = 0 if zone in ("Z", "UTC") else _offset_seconds(zone)
            return _ns(datetime(*hour, tzinfo=UTC)) + rest_ns - offset * SECOND
        if hour != self._hour:
            self._hour, self._hour_ns = hour, self._local_hour(hour)
        early, late = (start + rest_ns for start in self._hour_ns)
        return late if early <= self.newest_ns < late else early

    def _local_hour(self, hour: tuple[int, int, int, int]) -> tuple[int, int]:
        local = datetime(*hour, tzinfo=self._zone)
        early, late = _ns(local), _ns(local.replace(fold=1))
        # In an hour that the clocks leave out, the later fold is the earlier time.
        self.never_was, self.is_twice = late < early, late > early
        return early, max(early, late)

    def _by_epoch(self, found: re.Match[str]) -> int:
        digits = len(found["whole"])
        each_ns, name = next(((each, name) for most, each, name in _EPOCH_UNITS if digits <= most), (1, "nanoseconds"))
        self.written = f"{name} since 1970"
        fraction = int((found["fraction"] or "").ljust(9, "0")) * each_ns // SECOND
        return int(found["whole"]) * each_ns + fraction

    def _by_format(self, text: str) -> int:
        assert self._format is not None  # noqa: S101 - asked for by the caller
        moment = datetime.strptime(text, self._format)  # noqa: DTZ007 - local unless it says otherwise
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
            early, late = _ns(moment), _ns(moment.replace(fold=1))
            return late if early <= self.newest_ns < late else early
        return _ns(moment)


def _ns(moment: datetime) -> int:
    return (moment - _START) // timedelta(microseconds=1) * 1_000


def _offset_seconds(zone: str) -> int:
    sign = -1 if zone[0] == "-" else 1
    return sign * (3_600 * int(zone[1:3]) + 60 * int(zone[-2:]))
