"""Journals in temporary folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import Entry, Journal
from gateway.model import Batch, batch_of
from gateway.settings import JournalSettings

OpenJournal: TypeAlias = Callable[..., Journal]
MakeBatch: TypeAlias = Callable[..., Batch]

SETTINGS = JournalSettings(flush_seconds=0.0, reserve_bytes=100_000, readers=("history",))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def open_journal(folder: Path, clock: FakeClock, health: Health) -> Iterator[OpenJournal]:
    """Open the journal of `folder` (or of another one) with some settings changed; closed at the end of the test."""
    with ExitStack() as stack:

        def opened(at: Path = folder, *, ticks: bool = False, **changes: object) -> Journal:
            settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]  # replace checks the names
            return stack.enter_context(Journal.open(at, settings=settings, clock=clock, health=health, ticks=ticks))

        yield opened


@pytest.fixture
def make_batch(clock: FakeClock) -> MakeBatch:
    """Build a batch of good readings from (channel, time_ns, value) rows."""

    def made(*rows: tuple[int, int, float]) -> Batch:
        return batch_of([(*row, 1, 0) for row in rows], clock.now())

    return made


@pytest.fixture
def rows_of() -> Callable[[Sequence[Entry]], list[tuple[int, int, float, int]]]:
    """List (channel, time_ns, value, quality) of all batches among entries."""

    def listed(entries: Sequence[Entry]) -> list[tuple[int, int, float, int]]:
        rows: list[tuple[int, int, float, int]] = []
        for entry in entries:
            batch = entry.record
            if isinstance(batch, Batch):
                columns = (batch.channel, batch.time_ns, batch.value, batch.quality)
                rows += zip(*(column.tolist() for column in columns), strict=True)
        return rows

    return listed
