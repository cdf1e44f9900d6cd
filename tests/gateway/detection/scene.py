"""A site on paper, a journal in memory, and detection over it; also used by the time scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gateway.detection import Detection
from gateway.early_warning import Finding
from gateway.health import Health
from gateway.inventory import Channel, Inventory, Ladder
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Instant, Tick, batch_of

START = 1_700_000_000 * SECOND
"""A whole ten seconds, well inside an hour."""

GAS = Ladder(
    "manhole_gas",
    "gas_leak",
    "above",
    {"yellow": 20.0, "orange": 50.0, "red": 100.0},
    deadband=2.0,
    on_seconds=10.0,
    off_seconds=60.0,
    basis="CJJ/T 146",
    quantity="combustible_gas",
)
LOW_PRESSURE = Ladder(
    "low_pressure",
    "supply_abnormal",
    "below",
    {"blue": 0.16, "yellow": 0.14},
    deadband=0.01,
    on_seconds=0.0,
    off_seconds=0.0,
    basis="from memory",
    quantity="pressure",
)
HIGH_PRESSURE = replace(
    LOW_PRESSURE, name="high_pressure", hazard="pressure_abnormal", direction="above", rungs={"orange": 0.6}
)


def channel(
    name: str,
    *ladders: Ladder,
    report_seconds: float = 10.0,
    reorder_seconds: float = 0.0,
    stuck_seconds: float | None = None,
) -> Channel:
    """Return a channel called `asset.device.point`."""
    asset, device, point = name.split(".")
    return Channel(
        id=name,
        asset=asset,
        device=device,
        point=point,
        quantity="combustible_gas",
        unit="%{LEL}",
        span=None,
        report_seconds=report_seconds,
        fresh_seconds=3 * report_seconds,
        reorder_seconds=reorder_seconds,
        stuck_seconds=stuck_seconds,
        importance="normal",
        title=point,
        ladders=ladders,
    )


def site(*channels: Channel) -> Inventory:
    """Return a site that has these channels only."""
    return Inventory("demo", "demo", "UTC", {}, {}, {one.id: one for one in channels})


class Row(NamedTuple):
    """One reading: seconds after START, channel, value."""

    second: float
    channel: str
    value: float
    quality: int = 1
    flags: int = 0


class ListedPast:
    """A history that is a list, and what was warned of."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, int], tuple[float, int, int]] = {}
        self.warned: set[str] = set()
        self.position = 0
        self.is_behind = False

    def keep(self, entries: Sequence[Entry]) -> None:
        """Take over entries, as the history does before anybody looks back."""
        for entry in entries:
            self.position = entry.position
            if isinstance(entry.record, Batch):
                one = entry.record
                keys = zip(one.channel.tolist(), one.time_ns.tolist(), strict=True)
                values = zip(one.value.tolist(), one.quality.tolist(), one.flags.tolist(), strict=True)
                self.rows |= dict(zip(keys, values, strict=True))

    def read(self, channel: int, start_ns: int, end_ns: int) -> Batch:
        found = sorted((at, row) for (one, at), row in self.rows.items() if one == channel and start_ns <= at < end_ns)
        return batch_of([(channel, at, *row) for at, row in found], Instant(0, 0, ""))

    def has_passed(self, position: int) -> bool:
        return self.position >= position and not self.is_behind

    def was_warned_of(self, finding: str) -> bool:
        return finding in self.warned


class Watch:
    """Detection over a site, with a ledger that is a list, and a folder that outlives it."""

    def __init__(self, folder: Path, inventory: Inventory, *, has_past: bool = False) -> None:
        self.folder = folder
        self.past = ListedPast() if has_past else None
        self.inventory = inventory
        self.numbers = {name: number for number, name in enumerate(sorted(inventory.channels), 1)}
        self.findings: list[Finding] = []
        self.health = Health()
        self.ledger_is_away = False
        self.detection = self.open()

    def open(self, standing: Sequence[Finding] = ()) -> Detection:
        """Start detection where its snapshot left it."""
        self.detection = Detection.open(
            self.folder,
            inventory=self.inventory,
            numbers=self.numbers,
            record_findings=self._record,
            health=self.health,
            standing=standing,
            past=self.past,
        )
        return self.detection

    def _record(self, findings: Sequence[Finding]) -> None:
        if self.ledger_is_away:
            raise OSError("the ledger is away")
        if self.past is not None:
            self.past.warned |= {one.id for one in findings if not one.is_late}
        self.findings.extend(findings)

    def batch(self, received_second: float, *rows: Row) -> tuple[int, Batch]:
        """Return a batch as the journal would hold it, and when it was received."""
        received_ns = START + round(received_second * SECOND)
        columns = [
            (self.numbers[row.channel], START + round(row.second * SECOND), row.value, row.quality, row.flags)
            for row in rows
        ]
        return received_ns, batch_of(columns, Instant(received_ns, 0, "boot"))

    def saw(self) -> list[tuple[float, str, str, bool]]:
        """Return (learned second, hazard, level, is late) of every finding so far."""
        return [
            ((one.learned_ns - START) / SECOND, one.hazard, one.level.name.lower(), one.is_late)
            for one in self.findings
        ]


def journal(*records: tuple[int, Batch] | int) -> list[Entry]:
    """Number records: batches with their time of receipt, ticks as their second."""
    entries = []
    for position, record in enumerate(records, 1):
        if isinstance(record, int):
            tick = Tick(START + record * SECOND)
            entries.append(Entry(position, tick, tick.received_ns))
        else:
            entries.append(Entry(position, record[1], record[0]))
    return entries
