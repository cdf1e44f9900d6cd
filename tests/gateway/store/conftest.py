"""A journal, a sink that does as it is told, and the store between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from gateway.clock import FakeClock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Quarantine, batch_of
from gateway.sinks import Rejected
from gateway.store import Store

START = 1_700_000_000 * SECOND

OpenStore: TypeAlias = Callable[..., Store]


class ToldSink:
    """Keeps what it is given; is away, or refuses values, as told."""

    name = "influxdb"

    def __init__(self) -> None:
        self.written: list[int] = []
        """How many rows each write held."""
        self.rows: set[tuple[int, int, float]] = set()
        self.is_away = False
        self.refused: set[float] = set()

    def write(self, batch: Batch) -> Sequence[Rejected]:
        if self.is_away:
            raise Unreachable("the sink is away")
        rows = list(zip(batch.channel.tolist(), batch.time_ns.tolist(), batch.value.tolist(), strict=True))
        self.written.append(len(rows))
        self.rows |= {row for row in rows if row[2] not in self.refused}
        return [Rejected(place, "refused", b"line") for place, row in enumerate(rows) if row[2] in self.refused]

    def hurry(self) -> None:
        """Be told that the gateway stops."""

    def close(self) -> None:
        """Be let go of."""


@pytest.fixture
def sink() -> ToldSink:
    return ToldSink()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def kept() -> list[Quarantine]:
    """What the store put in quarantine."""
    return []


@pytest.fixture
def open_store(
    tmp_path: Path, sink: ToldSink, clock: FakeClock, health: Health, kept: list[Quarantine]
) -> Iterator[OpenStore]:
    """Open the store of one folder; closed at the end of the test."""
    with ExitStack() as stack:

        def opened(*, batch_points: int = 100) -> Store:
            store = Store(
                tmp_path / "store", sink, keep=kept.extend, clock=clock, health=health, batch_points=batch_points
            )
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def entries(clock: FakeClock) -> Callable[..., list[Entry]]:
    """Make journal entries, each of some readings of one channel, a second apart."""

    def made(count: int, *, rows: int = 1, first: int = 1) -> list[Entry]:
        return [
            Entry(
                position,
                batch_of(
                    [(1, START + (position * rows + row) * SECOND, float(position), 1, 0) for row in range(rows)],
                    clock.now(),
                ),
                clock.now().utc_ns,
            )
            for position in range(first, first + count)
        ]

    return made
