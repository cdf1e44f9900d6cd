"""Journal entries to counts and facts, in memory: for the reader, and for who goes on from its file without writing.

Positions that are passed over in the journal are a fact: those records were damaged or given up before they were read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.journal import Entry
from gateway.model import SECOND, Batch, Int64s, Quarantine, Tick
from gateway.proof.proof_file import BEGAN, HOLE, REFUSED, REJECTED, TICK, Fact, ProofFile, bounded
from gateway.proof.tally import HOUR_NS, Counts, Slice, Tally

_FOLD_ROWS = 20_000
_FOLD_NS = 10 * SECOND
_REFUSAL = "rejected:"
# A refused point is kept as its line protocol: tags, then fields, then the time.
_CHANNEL = re.compile(rb",channel=((?:\\.|[^, ])+)")
_ESCAPE = re.compile(r"\\(.)")


class Counted(NamedTuple):
    """Counts by (channel, hour), new times by slice, and facts."""

    counts: dict[tuple[int, int], Counts]
    slices: dict[Slice, Int64s]
    facts: dict[Fact, int]


class Counting:
    """Counts entries in the order of the journal."""

    def __init__(self, file: ProofFile) -> None:
        self.tally = Tally(file.load, file.newest_ns())
        self._facts: Counter[Fact] = Counter()
        self._batches: list[tuple[int, Batch]] = []
        self._rows = 0
        self._fold_since_ns: int | None = None
        self._expected = file.position + 1 if file.position else 0
        self.began_ns = file.began_ns
        """Journal time at which counting began; 0 when it began with the journal itself."""
        self.now_ns = 0
        """Journal time."""

    def add(self, entries: Sequence[Entry]) -> None:
        """Take over entries that are newer than those before."""
        for entry in entries:
            if self.began_ns is None:
                self.began_ns = 0 if entry.position == 1 else entry.received_ns
                self._facts[entry.received_ns // HOUR_NS, BEGAN, str(entry.received_ns)] += 1
            self.now_ns = entry.received_ns
            if self._expected and entry.position > self._expected:
                hole = entry.received_ns // HOUR_NS, HOLE, f"{self._expected}-{entry.position - 1}"
                self._facts[hole] += entry.position - self._expected
            self._expected = entry.position + 1
            record = entry.record
            if isinstance(record, Batch):
                if len(record):
                    self._batches.append((entry.position, record))
                    self._rows += len(record)
            elif isinstance(record, Tick):
                self._facts[entry.received_ns // HOUR_NS, TICK, ""] += 1
            elif isinstance(record, Quarantine):
                self._facts[fact_of(record)] += 1
        if self._fold_since_ns is None and self._batches:
            self._fold_since_ns = self.now_ns
        is_old = self._fold_since_ns is not None and abs(self.now_ns - self._fold_since_ns) >= _FOLD_NS
        if self._rows >= _FOLD_ROWS or is_old:
            self.fold()

    def fold(self) -> None:
        """Count the rows that wait: many at once cost less."""
        if self._batches:
            batches = [batch for _, batch in self._batches]
            position: Int64s = np.repeat(
                np.array([position for position, _ in self._batches], np.int64), [len(batch) for batch in batches]
            )
            self.tally.add(
                np.concatenate([batch.channel for batch in batches]),
                np.concatenate([batch.time_ns for batch in batches]),
                np.concatenate([batch.flags for batch in batches]),
                position,
            )
        self._batches, self._rows, self._fold_since_ns = [], 0, None

    def take(self) -> Counted:
        """Return everything counted since the last call, and begin anew."""
        self.fold()
        counts, slices = self.tally.take()
        facts, self._facts = bounded(self._facts), Counter()
        return Counted(counts, slices, facts)


def fact_of(record: Quarantine) -> Fact:
    """Return what a quarantine record says for the proof: what a database refused by its channel and source time."""
    if record.reason.startswith(_REFUSAL) and (found := _CHANNEL.search(record.payload)) is not None:
        time = record.payload.rpartition(b" ")[2]
        if time.lstrip(b"-").isdigit():
            channel = _ESCAPE.sub(r"\1", found[1].decode("utf-8", "replace"))
            return int(time) // HOUR_NS, REFUSED, channel
    return record.received_ns // HOUR_NS, REJECTED, f"{record.source} ({record.reason})"
