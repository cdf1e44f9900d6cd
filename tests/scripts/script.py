"""Time scripts: what is pushed when, and which findings are wanted between which moments; nobody sleeps."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gateway.inventory import Inventory
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Tick
from tests.gateway.detection.scene import START, Row, Watch

TICK_SECONDS = 10


class Want(NamedTuple):
    """One finding, and the moments between which it must be learned."""

    after: float
    before: float
    hazard: str
    level: str
    is_late: bool = False


class Script:
    """Pushes and stops on a time line, played into detection as the journal would deliver them."""

    def __init__(self, folder: Path, inventory: Inventory, tick_seconds: int = TICK_SECONDS) -> None:
        self.watch = Watch(folder, inventory)
        self._tick_seconds = tick_seconds
        self._pushes: list[tuple[float, Batch]] = []
        self._stops: list[tuple[float, float]] = []

    def push(
        self, second: float, channel: str, value: float, *, measured: float | None = None, quality: int = 1
    ) -> None:
        """Push one reading at a moment; `measured` is its source time, the moment itself unless given."""
        row = Row(second if measured is None else measured, channel, value, quality)
        self._pushes.append((second, self.watch.batch(second, row)[1]))

    def repeat(self, start: int, end: int, every: int, channel: str, *values: float) -> None:
        """Push values in turn, one every so many seconds, from start up to end."""
        for number, second in enumerate(range(start, end, every)):
            self.push(second, channel, values[number % len(values)])

    def stop(self, start: float, end: float) -> None:
        """Stop the gateway in between: nothing is journaled, not even ticks."""
        self._stops.append((start, end))

    def play(self, until: int) -> None:
        """Play the script up to a moment, every record as an apply of its own."""
        ticks = [(float(second), None) for second in range(0, until + 1, self._tick_seconds)]
        records = sorted([*ticks, *self._pushes], key=lambda record: (record[0], record[1] is None))
        position = 0
        for second, batch in records:
            if second > until or any(start < second < end for start, end in self._stops):
                continue
            position += 1
            received_ns = START + round(second * SECOND)
            self.watch.detection.apply([Entry(position, batch or Tick(received_ns), received_ns)])

    def check(self, *wanted: Want) -> None:
        """Expect exactly these findings, in this order."""
        saw = self.watch.saw()
        assert [line[1:] for line in saw] == [want[2:] for want in wanted], saw
        for line, want in zip(saw, wanted, strict=True):
            assert want.after <= line[0] <= want.before, (line, want)
