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

    def __init__(
        self, folder: Path, inventory: Inventory, tick_seconds: int = TICK_SECONDS, *, has_past: bool = False
    ) -> None:
        self.watch = Watch(folder, inventory, has_past=has_past)
        self.kills: list[int] = []
        """The gateway is killed before it takes the first record at or after each of these seconds."""
        self._tick_seconds = tick_seconds
        self._pushes: list[tuple[float, Batch]] = []
        self._stops: list[tuple[float, float]] = []
        self._given: list[Entry] = []
        self._played = 0

    def push(
        self, second: float, channel: str, value: float, *, measured: float | None = None, quality: int = 1
    ) -> None:
        """Push one reading at a moment; `measured` is its source time, the moment itself unless given."""
        row = Row(second if measured is None else measured, channel, value, quality)
        self._pushes.append((second, self.watch.batch(second, row)[1]))

    def push_rows(self, second: float, *rows: Row) -> None:
        """Push rows as one batch."""
        self._pushes.append((second, self.watch.batch(second, *rows)[1]))

    def repeat(self, start: int, end: int, every: int, channel: str, *values: float) -> None:
        """Push values in turn, one every so many seconds, from start up to end."""
        for number, second in enumerate(range(start, end, every)):
            self.push(second, channel, values[number % len(values)])

    def stop(self, start: float, end: float) -> None:
        """Stop the gateway in between: nothing is journaled, not even ticks."""
        self._stops.append((start, end))

    def play(self, until: int) -> None:
        """Play the script from its beginning up to a moment, every record as an apply of its own."""
        self._play(-1.0, until)

    def play_on(self, until: int) -> None:
        """Go on playing up to a moment."""
        self._play(self._played, until)

    def _play(self, after: float, until: int) -> None:
        ticks = [(float(second), None) for second in range(0, until + 1, self._tick_seconds)]
        records = sorted([*ticks, *self._pushes], key=lambda record: (record[0], record[1] is None))
        position = len(self._given)
        self._played = until
        for second, batch in records:
            if not after < second <= until or any(start < second < end for start, end in self._stops):
                continue
            position += 1
            received_ns = START + round(second * SECOND)
            self._give(Entry(position, batch or Tick(received_ns), received_ns), second)

    def _give(self, entry: Entry, second: float) -> None:
        """Hand over a record; a look back that has begun ends before the next one."""
        while self.kills and second >= self.kills[0]:
            self.kills.pop(0)
            self.watch.open()
            self.watch.detection.apply([one for one in self._given if one.position > self.watch.detection.position()])
        self._given.append(entry)
        if self.watch.past is not None:
            self.watch.past.keep([entry])
        self.watch.detection.apply([entry])
        if self.watch.detection.late_data is not None:
            self.watch.detection.late_data.wait()

    def check(self, *wanted: Want) -> None:
        """Expect exactly these findings, in this order."""
        saw = self.watch.saw()
        assert [line[1:] for line in saw] == [want[2:] for want in wanted], saw
        for line, want in zip(saw, wanted, strict=True):
            assert want.after <= line[0] <= want.before, (line, want)
