"""A scenario of torn writes: the journal's files cut off, half checkpointed and with flipped bits, at many places.

Rule 1: cut anywhere, the journal opens and holds every commit whose bytes are all there, whole and in order.
Rule 2: half a checkpoint beside an intact write-ahead log loses nothing.
Rule 3: a flipped bit may cost what it hit, never a wrong value, and the journal goes on.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.clock import SystemClock
from gateway.health import Health
from gateway.journal import ChannelKey, Journal
from gateway.model import Batch, Quality, batch_of
from gateway.settings import JournalSettings
from tests.faults.score import Score, Setting

SETTINGS = JournalSettings(
    segment_bytes=120_000, cap_bytes=3_000_000, reserve_bytes=4_096, flush_seconds=0.0005, readers=("nobody",)
)
_APPENDS = 150
_WAL = "-wal"


@dataclass(slots=True)
class Commits:
    """What was appended, one commit each, and how far the newest segment's write-ahead log reached after it."""

    records: list[list[tuple[int, int, float]]] = field(default_factory=list)
    """(channel, time, value) of each append."""
    ends: dict[int, int] = field(default_factory=dict)
    """Append in the newest segment → size of its write-ahead log."""
    newest: Path = Path()
    checkpointed: bytes = b""
    """The newest segment as a finished checkpoint leaves it."""


def torn_writes(setting: Setting) -> Score:
    """Cut, half checkpoint and flip; open each time, read everything, and append once more."""
    wanted = int(setting.pick(600, 20_000))
    chance = random.Random(20_000)
    whole = setting.folder / "whole"
    commits = _fill(whole)
    began = time.monotonic()
    total = Score("torn_writes", 0)
    longest = 0.0
    kinds = {"cuts": 0.7, "half checkpoints": 0.15, "flipped bits": 0.15}
    counts = dict.fromkeys(kinds, 0)
    damaged = 0
    for kind, part in kinds.items():
        for _ in range(round(wanted * part)):
            broken, complete = _broken(kind, whole, commits, chance)
            opened = time.monotonic()
            found = _outcome(broken, commits, complete)
            longest = max(longest, time.monotonic() - opened)
            damaged += kind == "flipped bits" and found.sent < len(commits.records)
            total = total.plus(replace(found, sent=0) if kind == "flipped bits" else found)
            counts[kind] += 1
    places = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    return replace(
        total,
        recovery_s=round(longest, 2),
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        seconds=round(time.monotonic() - began, 1),
        notes=(f"{sum(counts.values()):,} places: {places}; {damaged} of the flipped bits cost a record",),
        failures=tuple(dict.fromkeys(total.failures)),
    )


def _fill(folder: Path) -> Commits:
    """Append one commit after the other and keep the files as a crash would leave them."""
    commits = Commits()
    live = folder.with_name("live")
    clock = SystemClock()
    journal = Journal.open(live, settings=SETTINGS, clock=clock, health=Health(), ticks=False)
    journal.number([ChannelKey(f"P-{unit}.unit-{unit}.pressure", "MPa", 1.0, "water_pressure") for unit in range(5)])
    for number in range(_APPENDS):
        rows = [(row % 5 + 1, number * 1_000 + row, number + row / 100) for row in range(number % 40 + 1)]
        batch = batch_of([(*row, int(Quality.GOOD), 0) for row in rows], clock.now())
        journal.append([batch]).result()
        commits.records.append(rows)
        newest = max(live.glob("*.segment"))
        if newest.name != commits.newest.name:
            commits.newest, commits.ends = newest, {}
        commits.ends[number] = newest.with_name(newest.name + _WAL).stat().st_size
    shutil.copytree(live, folder)
    journal.close()
    commits.checkpointed = _checkpointed(folder, commits.newest.name)
    return commits


def _broken(kind: str, whole: Path, commits: Commits, chance: random.Random) -> tuple[Path, set[int]]:
    """Return a broken copy and the appends that must still be in it."""
    folder = whole.with_name("broken")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    everything = set(range(len(commits.records)))
    target = folder / commits.newest.name
    if kind == "cuts":
        log = target.with_name(target.name + _WAL)
        cut = chance.randrange(log.stat().st_size + 1)
        os.truncate(log, cut)
        return folder, everything - {number for number, end in commits.ends.items() if end > cut}
    if kind == "half checkpoints":
        old, new = target.read_bytes(), commits.checkpointed
        written = chance.randrange(len(new) + 1)
        target.write_bytes(new[:written] + old[written:])
        return folder, everything
    hit = chance.choice([path for path in sorted(folder.glob("*.segment*")) if path.stat().st_size])
    content = bytearray(hit.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    hit.write_bytes(content)
    # What a flipped bit costs is not asked; what is left must be right.
    return folder, set()


def _checkpointed(whole: Path, name: str) -> bytes:
    """Return the newest segment as a finished checkpoint leaves it."""
    folder = whole.with_name("checkpoint")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    with closing(sqlite3.connect(folder / name)) as connection:
        connection.execute("pragma wal_checkpoint(full)")
        return (folder / name).read_bytes()


def _outcome(folder: Path, commits: Commits, complete: set[int]) -> Score:
    """Open a broken journal as the gateway does, read it, append to it, and compare; `sent` is what it still holds."""
    by_start = {rows[0][1]: number for number, rows in enumerate(commits.records)}
    duplicated = wrong_value = 0
    seen: set[int] = set()
    failures: list[str] = []
    try:
        with Journal.open(folder, settings=SETTINGS, clock=SystemClock(), health=Health(), ticks=False) as journal:
            position = 0
            while entries := journal.read(position, max_readings=20_000):
                for entry in entries:
                    if not isinstance(entry.record, Batch):
                        continue
                    batch = entry.record
                    rows = list(zip(batch.channel.tolist(), batch.time_ns.tolist(), batch.value.tolist(), strict=True))
                    number = by_start.get(rows[0][1], -1)
                    duplicated += number in seen
                    wrong_value += number < 0 or rows != commits.records[number]
                    seen.add(number)
                position = entries[-1].position
            newest = journal.newest
            journal.append([batch_of([(1, -1, 1.0, 1, 0)], SystemClock().now())]).result(10)
            if journal.newest <= newest:
                failures.append("a journal that was repaired takes no more")
    except Exception as error:  # noqa: BLE001 - the outcome of this place
        failures.append(f"the journal does not open: {type(error).__name__}: {error}")
    return Score(
        "torn_writes",
        len(complete) or len(seen),
        len(complete - seen),
        duplicated,
        wrong_value,
        failures=tuple(failures),
    )
