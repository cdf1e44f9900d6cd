"""A journal that is a list, a sink that does as it is told, and the store between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias

import pytest

from gateway.clock import FakeClock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Quarantine, Record, Tick, batch_of
from gateway.sinks import Rejected
from gateway.store import Store, Writer

START = 1_700_000_000 * SECOND

OpenStore: TypeAlias = Callable[..., Store]
Row: TypeAlias = tuple[int, int, float]
"""Channel, second after START, value."""


class ListedJournal:
    """A journal in memory; `damaged` positions are passed over as the real one does."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.entries: list[Entry] = []
        self.places: dict[str, int] = {}
        self.needs_room = False
        self.damaged: set[int] = set()
        self.kept: list[Quarantine] = []
        """What the store put in quarantine."""

    @property
    def newest(self) -> int:
        return len(self.entries)

    def put(self, *rows: Row) -> int:
        """Append one record, a tick when there are no rows; return its position."""
        now = self._clock.now()
        record: Record = Tick(now.utc_ns)
        if rows:
            record = batch_of([(one, START + round(at * SECOND), value, 1, 0) for one, at, value in rows], now)
        self.entries.append(Entry(len(self.entries) + 1, record, now.utc_ns))
        return self.newest

    def read(self, after: int, *, max_readings: int) -> list[Entry]:
        found: list[Entry] = []
        weight = 0
        for entry in self.entries[after:]:
            weight += max(1, len(entry.record)) if isinstance(entry.record, Batch) else 1
            if found and weight > max_readings:
                break
            if entry.position not in self.damaged:
                found.append(entry)
        return found

    def attach(self, reader: str, position: int) -> None:
        self.places[reader] = position

    def commit(self, reader: str, position: int) -> None:
        self.places[reader] = max(position, self.places[reader])


class ToldSink:
    """Keeps what it is given, the last value of each (channel, time); is away, slow, or refuses values, as told."""

    name = "influxdb"

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.written: list[list[Row]] = []
        self.held: dict[tuple[int, float], float] = {}
        self.times: set[tuple[int, int]] = set()
        """(channel, time in ns) of everything that was taken."""
        self.is_away = False
        self.refused: set[float] = set()
        self.breaks_on: set[float] = set()
        self.seconds_a_row = 0.0

    def write(self, batch: Batch) -> Sequence[Rejected]:
        if self.is_away:
            raise Unreachable("the sink is away")
        seconds = [(time_ns - START) / SECOND for time_ns in batch.time_ns.tolist()]
        rows = list(zip(batch.channel.tolist(), seconds, batch.value.tolist(), strict=True))
        if any(value in self.breaks_on for _, _, value in rows):
            raise ZeroDivisionError("a value that the encoder cannot bear")
        self._clock.set_monotonic(self._clock.now().monotonic_ns + round(len(rows) * self.seconds_a_row * SECOND))
        self.written.append(rows)
        self.times |= set(zip(batch.channel.tolist(), batch.time_ns.tolist(), strict=True))
        self.held |= {(one, at): value for one, at, value in rows if value not in self.refused}
        return [Rejected(place, "refused", b"line") for place, row in enumerate(rows) if row[2] in self.refused]

    def hurry(self) -> None:
        """Be told that the gateway stops."""

    def close(self) -> None:
        """Be let go of."""

    def sizes(self) -> list[int]:
        """Return how many rows each write held."""
        return [len(rows) for rows in self.written]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal(clock: FakeClock) -> ListedJournal:
    return ListedJournal(clock)


@pytest.fixture
def sink(clock: FakeClock) -> ToldSink:
    return ToldSink(clock)


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def open_store(tmp_path: Path, journal: ListedJournal, sink: ToldSink, clock: FakeClock, health: Health) -> OpenStore:
    """Open the store of one folder; `place` is what its file of places holds before."""

    def opened(
        *,
        batch_points: int = 100,
        rate: float = 1_000.0,
        important: frozenset[int] = frozenset(),
        place: str | None = None,
    ) -> Store:
        if place is not None:
            (tmp_path / "store").mkdir()
            (tmp_path / "store" / "place").write_bytes(place.encode("latin-1"))
        return Store(
            tmp_path / "store",
            journal,
            Writer(sink, keep=journal.kept.extend, clock=clock, health=health),
            clock=clock,
            health=health,
            batch_points=batch_points,
            backfill_readings_per_second=rate,
            important=important,
            random=Random(1),
        )

    return opened


@pytest.fixture
def run(clock: FakeClock) -> Callable[[Store, float], None]:
    """Step a store for so long, the clock moving on only while it has nothing to do."""

    def stepped(store: Store, seconds: float) -> None:
        until_ns = clock.now().monotonic_ns + round(seconds * SECOND)
        while clock.now().monotonic_ns < until_ns:
            try:
                rest = store.step()
            except Unreachable:
                rest = 1.0
            clock.set_monotonic(clock.now().monotonic_ns + round(min(rest, 0.25) * SECOND))

    return stepped
