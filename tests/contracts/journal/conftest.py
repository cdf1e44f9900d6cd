"""Every journal that keeps the contract, each behind the same few openings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, TypeAlias

import pytest

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import Journal
from gateway.settings import JournalSettings


class Bench(Protocol):
    """One place that a journal lives in; opening it again is a restart."""

    def open(self) -> Journal:
        """Open the journal of this place."""
        ...


OpenBench: TypeAlias = Callable[[Path, ExitStack], Bench]


class SqliteBench:
    """A folder on this box."""

    def __init__(self, folder: Path, stack: ExitStack, segment_bytes: int = 64_000_000) -> None:
        self._folder = folder
        self._stack = stack
        self._segment_bytes = segment_bytes

    def open(self) -> Journal:
        """Open the journal of the folder; it is closed when the test ends."""
        settings = JournalSettings(
            flush_seconds=0.05, segment_bytes=self._segment_bytes, reserve_bytes=10_000, readers=("history",)
        )
        journal = Journal.open(self._folder, settings=settings, clock=FakeClock(), health=Health(), ticks=False)
        return self._stack.enter_context(journal)


JOURNALS: dict[str, OpenBench] = {
    "sqlite": SqliteBench,
    "sqlite, a segment for each commit": lambda folder, stack: SqliteBench(folder, stack, segment_bytes=1),
}
"""Name → how to open one; a new journal is tested by being entered here."""


@pytest.fixture(params=JOURNALS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """One implementation after the other."""
    with ExitStack() as stack:
        yield JOURNALS[request.param](tmp_path / "journal", stack)
