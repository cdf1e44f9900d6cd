"""Reconciles what lies in one state folder: journal, proof, history and the store's places, live or after a stop.

Rule 1: nothing is written. Readers' files are opened before the newest journal position is asked for, and what they
        have not yet on disk is counted from the journal itself: it is waiting, not lost.
Rule 2: counts are compared over distinct (channel, time); where they differ the times are, as far as they are kept.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from gateway.history.saved import SavedHistory
from gateway.journal import Entry, HeldRows, channel_numbers, read_entries, read_stats
from gateway.ledger import drills_in
from gateway.model import Batch, Int64s
from gateway.proof.counting import Counting
from gateway.proof.judging import Hour, Judge
from gateway.proof.proof_file import HOLE, REJECTED, ProofFile
from gateway.proof.report import Discrepancy, HourLine, Report
from gateway.proof.tally import HOUR_NS, SLICE_NS, Counts
from gateway.store import Lanes, read_lanes

_MOST_READINGS = 2_000_000
"""A database that is further behind is shown as waiting by whole hours: the journal is not walked for it."""
_YIELD_SECONDS = 0.001

Progress = Callable[[float], None]
"""Told how much of the work is done, from 0 to 1."""
Waiting = dict[tuple[int, int], Int64s]


def prove(
    state: Path,
    *,
    since_ns: int,
    until_ns: int,
    periods: Mapping[str, float] | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Reconcile the hours of source time from one moment to another; FileNotFoundError when nothing is there.

    `periods` are seconds between two reports of each channel, by id; without them nothing is said of missed polls.
    """
    with ExitStack() as stack:
        history = stack.enter_context(SavedHistory(state / "history"))
        file = stack.enter_context(ProofFile(state / "proof", read_only=True))
        lanes = read_lanes(state / "influxdb" / "place")
        stats = read_stats(state / "journal")
        walk = _Walk(state / "journal", file, history.position, lanes, stats.newest_position)
        first, last = since_ns // HOUR_NS, (until_ns - 1) // HOUR_NS
        counts = _summed(file.counts(first, last), walk.counts, first, last)
        facts = file.facts(first, last)
        for fact, count in walk.facts.items():
            if first <= fact[0] <= last:
                facts[fact] = facts.get(fact, 0) + count
        names = {number: name for name, number in channel_numbers(state / "journal").items()}
        judge = Judge(
            facts,
            began_ns=walk.began_ns,
            since_ns=since_ns,
            until_ns=until_ns,
            oldest_stored_ns=history.oldest_ns(),
            given_up=sum(one.readings for one in stats.given_up),
        )
        expected = {number: (periods or {}).get(name) for number, name in names.items()}
        lines: list[HourLine] = []
        found: list[Discrepancy] = []
        keys = sorted({*counts, *judge.expected_keys(expected, first, last)})
        for done, (number, hour) in enumerate(keys):
            stored = history.read(number, hour * HOUR_NS, (hour + 1) * HOUR_NS).time_ns
            one = Hour(
                channel=names.get(number, str(number)),
                hour=hour,
                counts=counts.get((number, hour), Counts()),
                times=walk.times(file, number, hour),
                stored=stored,
                waiting=walk.waiting.get((number, hour), _NONE),
                upstream_waiting=walk.upstream_waiting(number, hour, counts.get((number, hour))),
                period_seconds=expected.get(number),
            )
            line, more = judge.judge(one)
            lines.append(line)
            found += more
            progress((done + 1) / len(keys))
            # A live gateway's loop runs in the same interpreter.
            time.sleep(0 if done % 16 else _YIELD_SECONDS)
        return Report(
            since_ns=since_ns,
            until_ns=until_ns,
            lines=lines,
            discrepancies=found,
            rejected=_rejected(facts),
            given_up={f"{one.reason}:{one.importance}": one.readings for one in stats.given_up},
            uncounted_records=sum(count for (_, kind, _), count in facts.items() if kind == HOLE),
            drills=drills_in(state / "ledger", since_ns, until_ns),
            held=HeldRows.held_in(state / "journal"),
        )


_NONE: Int64s = np.empty(0, np.int64)


class _Walk:
    """What the journal holds beyond the places of its readers."""

    def __init__(self, folder: Path, file: ProofFile, stored: int, lanes: Lanes | None, newest: int) -> None:
        counting = Counting(file)
        waiting: defaultdict[tuple[int, int], list[Int64s]] = defaultdict(list)
        upstream: defaultdict[tuple[int, int], list[Int64s]] = defaultdict(list)
        behind = min(file.position, stored)
        self._lanes = lanes
        self._is_far_behind = lanes is not None and _readings_after(folder, lanes.passed, newest) > _MOST_READINGS
        if lanes is not None and not self._is_far_behind:
            behind = min(behind, lanes.passed)
        for entry in read_entries(folder, behind, newest):
            if entry.position > file.position:
                counting.add([entry])
            if not isinstance(entry.record, Batch):
                continue
            if entry.position > stored:
                _put(waiting, entry.record)
            if lanes is not None and not self._is_far_behind and _is_to_come(lanes, entry):
                _put(upstream, entry.record)
        self.began_ns = counting.began_ns or 0
        self.counts, self._slices, self.facts = counting.take()
        self.waiting = _joined(waiting)
        self._upstream = _joined(upstream)

    def times(self, file: ProofFile, number: int, hour: int) -> Int64s | None:
        """Return the distinct times of a channel in an hour; None when they are not all kept."""
        kept = file.times(number, hour)
        if kept is None:
            return None
        per_hour = HOUR_NS // SLICE_NS
        cells = range(hour * per_hour, (hour + 1) * per_hour)
        new = [self._slices[number, cell] for cell in cells if (number, cell) in self._slices]
        return np.union1d(kept, np.concatenate(new)) if new else kept

    def upstream_waiting(self, number: int, hour: int, counts: Counts | None) -> int | None:
        """Return how many readings the database does not have yet; None without a database."""
        if self._lanes is None:
            return None
        if self._is_far_behind and counts is not None:
            return counts.distinct if counts.last_position > self._lanes.passed else 0
        return len(self._upstream.get((number, hour), _NONE))


def _is_to_come(lanes: Lanes, entry: Entry) -> bool:
    return entry.position > lanes.live or any(gap.after < entry.position <= gap.until for gap in lanes.gaps)


def _readings_after(folder: Path, position: int, newest: int) -> int:
    readings = 0
    for entry in read_entries(folder, position, newest):
        readings += len(entry.record) if isinstance(entry.record, Batch) else 0
        if readings > _MOST_READINGS:
            break
    return readings


def _put(into: defaultdict[tuple[int, int], list[Int64s]], batch: Batch) -> None:
    hour = batch.time_ns // HOUR_NS
    for number, of_hour in {*zip(batch.channel.tolist(), hour.tolist(), strict=True)}:
        into[number, of_hour].append(batch.time_ns[(batch.channel == number) & (hour == of_hour)])


def _joined(parts: Mapping[tuple[int, int], list[Int64s]]) -> Waiting:
    return {key: np.unique(np.concatenate(some)) for key, some in parts.items()}


def _summed(
    one: dict[tuple[int, int], Counts], other: Mapping[tuple[int, int], Counts], first: int, last: int
) -> dict[tuple[int, int], Counts]:
    for (number, hour), counts in other.items():
        if first <= hour <= last:
            one.setdefault((number, hour), Counts()).add(counts)
    return one


def _rejected(facts: Mapping[tuple[int, str, str], int]) -> dict[str, int]:
    rejected: dict[str, int] = {}
    for (_, kind, subject), count in sorted(facts.items()):
        if kind == REJECTED:
            rejected[subject] = rejected.get(subject, 0) + count
    return rejected
