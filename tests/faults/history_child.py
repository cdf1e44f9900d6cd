"""A process that applies a made-up journal to a history for ever; it prints the place on disk whenever that moves."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from gateway.health import Health
from gateway.history import History, Pace
from gateway.journal import Entry
from gateway.model import SECOND, Instant, Quality, batch_of
from gateway.settings import HistorySettings
from tests.gateway.history.story import START, Row

CHANNELS = 12


def rows_of(position: int) -> list[Row]:
    """Return the rows of one record: most new, some late, some repeated, some contradicting what stands."""
    rng = random.Random(position)
    rows: list[Row] = []
    for number in range(60):
        channel = rng.randrange(CHANNELS) + 1
        second = position * 60 + number
        kind = rng.random()
        if kind < 0.1:
            second -= rng.randrange(6_000)
        value = round(second % 997 / 10 + channel, 1) if kind < 0.97 else float(position)
        rows.append((channel, START + second * SECOND, value, int(Quality.GOOD), 0))
    return rows + rows[: rng.randrange(10)]


def entry_of(position: int) -> Entry:
    """Return one entry of the journal."""
    received_ns = START + position * 60 * SECOND
    return Entry(position, batch_of(rows_of(position), Instant(received_ns, 0, "boot")), received_ns)


def main(folder: Path) -> None:
    """Apply until killed."""
    history = History.open(folder, settings=HistorySettings(), health=Health(), pace=Pace(rows=400, seconds=1e9))
    position = place = history.position()
    print(place, flush=True)
    while True:
        size = position % 7 + 1
        durable = history.apply([entry_of(position + 1 + step) for step in range(size)])
        position += size
        if durable != place:
            place = durable
            print(place, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
