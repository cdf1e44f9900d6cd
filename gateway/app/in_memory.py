"""One gateway without disk, sockets or threads: the same screen, detection and warnings, fed at a recording's times.

Rule 1: it says what a gateway would have said that received each reading at its moment.
Rule 2: nobody is on duty, so a warning that has cleared is acknowledged at once: the next episode is a new one.
Rule 3: when every channel has long been silent it ticks more and more slowly, and records are handed on in portions: a
recording that stops for years, or holds one time that is years ahead, costs neither hours nor memory.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gateway.app.device_clocks import DeviceClocks
from gateway.detection import Detection
from gateway.early_warning import Acknowledged, EarlyWarning, Finding, Observed, State
from gateway.health import Health
from gateway.journal import Entry
from gateway.ledger.book import Book
from gateway.model import SECOND, Batch, Flags16, Floats, Int32s, Int64s, Quality, Quarantine, Record, Tick
from gateway.screen import Screen
from gateway.settings import Site

_TICK_NS = 10 * SECOND
"""The journal ticks so often, and detectors count on it."""
_FRESH_SHARE = 0.5
"""Readings are handed over within this share of the shortest time in which one is fresh."""
_LONG_SILENCE_NS, _SLOW_TICK_NS = 86_400 * SECOND, 3_600 * SECOND
"""So long after the last channel fell silent whatever waits for ten seconds more has come."""
_SLOWER = 100
"""Ticks lie no further apart than this part of the silence so far, or an hour."""
_PORTION = 10_000
"""Records."""
_BOOT_ID = "recording"


class InMemoryGateway:
    """Screen, detection and warnings of a site for the channels that have a number; `warnings` is what came of it."""

    def __init__(self, site: Site, numbers: Mapping[str, int], *, is_received: bool = False) -> None:
        """`is_received`: it is fed the times at which readings were received, by which clocks can be judged."""
        inventory = site.inventory
        watched = {name: channel for name, channel in inventory.channels.items() if name in numbers}
        self.inventory = dataclasses.replace(inventory, channels=watched)
        self._numbers = numbers
        self.health = Health()
        self.warnings: dict[str, EarlyWarning] = {}
        """Every early warning by its id, in the order of their beginnings."""
        self.said: dict[str, list[Finding]] = {}
        """Every state of every finding of a warning, by the warning's id."""
        self.late: dict[str, Finding] = {}
        """What was learned too late to be a warning."""
        fresh = min((channel.fresh_seconds for channel in watched.values()), default=60.0)
        self._hand_over_ns = max(1, min(_TICK_NS, round(_FRESH_SHARE * fresh * SECOND)))
        slowest = max((channel.fresh_seconds for channel in watched.values()), default=0.0)
        self._dense_ns = 2 * round(slowest * SECOND) + _LONG_SILENCE_NS
        self._screen = Screen(self.inventory, self._numbers, self.health)
        self._book = Book(site.id)
        self._position = 0
        self._now_ns = 0
        self._next_tick_ns = 0
        self._is_received = is_received
        self._clocks: DeviceClocks | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-replay-"))
        if self._is_received:
            self._clocks = DeviceClocks(self.inventory, self._numbers, Path(folder), self.health)
        self._detection = Detection.open(
            Path(folder),
            inventory=self.inventory,
            numbers=self._numbers,
            record_findings=self._record,
            health=self.health,
        )
        self._stack.callback(self._detection.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def now_ns(self) -> int:
        """Journal time."""
        return self._now_ns

    def feed(self, arrival_ns: Int64s, channel: Int32s, time_ns: Int64s, value: Floats) -> None:
        """Take over readings in the order of their arrival, ticking as time passes."""
        if not len(arrival_ns):
            return
        if not self._next_tick_ns:
            self._next_tick_ns = int(arrival_ns[0])
        quality = np.where(np.isnan(value), Quality.MISSING, Quality.GOOD).astype(np.uint8)
        flags: Flags16 = np.zeros(len(value), np.uint16)
        records: list[Record] = []
        for start, end in _hand_overs(arrival_ns, self._hand_over_ns, _TICK_NS, self._next_tick_ns):
            received_ns = int(arrival_ns[end - 1])
            records = self._taken(records, self._ticks(received_ns))
            rows = slice(start, end)
            batch = Batch(
                channel[rows],
                time_ns[rows],
                value[rows],
                quality[rows],
                flags[rows],
                received_ns,
                received_ns,
                _BOOT_ID,
            )
            for timed in self._clocks(batch) if self._clocks else (batch,):
                records = self._taken(records, self._screen(timed) if isinstance(timed, Batch) else [timed])
        self._apply(records)

    def pass_time(self, seconds: float) -> None:
        """Let time pass without readings."""
        self._apply(self._taken([], self._ticks(self._now_ns + round(seconds * SECOND) + 1)))

    def _taken(self, waiting: list[Record], records: Iterable[Record]) -> list[Record]:
        """Apply what waits and the records, but for those that make no whole portion."""
        for record in records:
            waiting.append(record)
            if len(waiting) >= _PORTION:
                self._apply(waiting)
                waiting = []
        return waiting

    def _ticks(self, before_ns: int) -> Iterator[Tick]:
        """Yield the ticks that come before a moment, with no reading between them."""
        began_ns = self._next_tick_ns
        while self._next_tick_ns < before_ns:
            yield Tick(self._next_tick_ns)
            silent_ns = self._next_tick_ns - began_ns
            step_ns = _TICK_NS
            if silent_ns >= self._dense_ns:
                slow_ns = min(max(_SLOW_TICK_NS, silent_ns // _SLOWER), (before_ns - self._next_tick_ns) // 2)
                step_ns = max(_TICK_NS, slow_ns - slow_ns % _TICK_NS)
            self._next_tick_ns += step_ns

    def _apply(self, records: Sequence[Record]) -> None:
        entries = []
        for record in records:
            self._position += 1
            self._now_ns = max(self._now_ns, _received(record))
            entries.append(Entry(self._position, record, _received(record)))
        if entries:
            self._detection.apply(entries)

    def _record(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            event = Observed(self._book.place(finding, self.warnings.__contains__), finding)
            changed = self._book.apply(event)
            if isinstance(changed, EarlyWarning) and changed.state is State.CLEARED:
                seen = Acknowledged(changed.id, "replay", "", changed.changed_ns, changed.revision)
                changed = self._book.apply(seen)
            if isinstance(changed, EarlyWarning):
                self.warnings[changed.id] = changed
                self.said.setdefault(changed.id, []).append(finding)
            elif changed is not None:
                self.late[changed.id] = changed


def _received(record: Record) -> int:
    return record.received_ns if isinstance(record, Batch | Tick | Quarantine) else 0


def _hand_overs(arrival_ns: Int64s, hand_over_ns: int, tick_ns: int, next_tick_ns: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of what is handed over together: within `hand_over_ns`, and with no tick between."""
    slot = (arrival_ns - next_tick_ns - 1) // tick_ns
    part: NDArray[np.int64] = arrival_ns // hand_over_ns
    ends = np.flatnonzero((np.diff(slot) != 0) | (np.diff(part) != 0)) + 1
    start = 0
    for end in [*ends.tolist(), len(arrival_ns)]:
        yield start, end
        start = end
