"""A small world for the history: entries as a journal would give them, and what must come of them by plain rules."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import TypeAlias

from gateway.history import History
from gateway.journal import Entry
from gateway.model import SECOND, Flag, Instant, batch_of

START = 1_700_000_000 * SECOND
ALWAYS = (-(2**62), 2**62)

Row: TypeAlias = tuple[int, int, float, int, int]
"""Channel, time, value, quality, flags."""


class Story:
    """Entries of a journal, and the readings that must stand after them, worked out row by row."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.standing: dict[int, dict[int, tuple[float, int, int]]] = {}

    def tell(self, rows: Sequence[Row], *, received_ns: int | None = None) -> Entry:
        """Append one batch."""
        position = len(self.entries) + 1
        received_ns = START + position * SECOND if received_ns is None else received_ns
        entry = Entry(position, batch_of(rows, Instant(received_ns, 0, "boot")), received_ns)
        self.entries.append(entry)
        for channel, time_ns, value, quality, flags in rows:
            held = self.standing.setdefault(channel, {})
            if time_ns not in held:
                held[time_ns] = (value, quality, flags)
            elif not _same(held[time_ns][0], value) or held[time_ns][1] != quality:
                held[time_ns] = (value, quality, flags | Flag.CORRECTED)
            elif flags & Flag.CORRECTED:
                held[time_ns] = (value, quality, flags)
        return entry

    def rows(self, channel: int) -> list[tuple[int, float, int, int]]:
        """Return what must stand of one channel."""
        return [(time_ns, *row) for time_ns, row in sorted(self.standing.get(channel, {}).items())]

    def assert_held_by(self, history: History) -> None:
        """Compare everything the history answers with what must stand."""
        for channel in self.standing:
            expected = self.rows(channel)
            assert plain(list(history.read(channel, *ALWAYS))) == plain(expected)
            assert history.count(channel) == len(expected)
            newest = history.latest()[channel]
            assert plain([(newest.time_ns, newest.value, newest.quality, newest.flags)]) == plain(expected[-1:])


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or struct.pack("d", one) == struct.pack("d", other)


def plain(rows: Sequence[tuple[int, float, int, int]]) -> list[tuple[int, str, int, int]]:
    """Make rows comparable: NaN equals NaN, and -0.0 is not 0.0."""
    return [(time_ns, repr(value), int(quality), int(flags)) for time_ns, value, quality, flags in rows]
