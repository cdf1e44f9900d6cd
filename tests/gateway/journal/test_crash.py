"""The journal under crashes: whatever was acknowledged is there, whole and in order; nothing else pretends to be.

A crash is a copy of the files as they are at that instant, opened again. A torn write is the same copy with a part of
the write-ahead log cut off or scribbled over behind the last byte that was on disk when a commit was acknowledged.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import Entry, Journal
from gateway.journal.segment import is_wal
from gateway.journal.segments import segment_paths
from gateway.model import Batch, Quarantine, Record, batch_of
from gateway.settings import JournalSettings

SETTINGS = JournalSettings(flush_seconds=0.0, cap_bytes=10_000_000, reserve_bytes=0, readers=("history",))


def opened(folder: Path, segment_bytes: int = 60_000) -> Journal:
    settings = replace(SETTINGS, segment_bytes=segment_bytes)
    return Journal.open(folder, settings=settings, clock=FakeClock(), health=Health(), ticks=False)


def batch(number: int, rows: int) -> Batch:
    return batch_of([(n, number, float(number), 1, 0) for n in range(rows)], FakeClock().now())


def shape(record: Record) -> tuple[int, int]:
    """Name a record by its number and size."""
    if isinstance(record, Batch):
        assert (record.value == record.value[0]).all()
        return int(record.value[0]), len(record)
    assert isinstance(record, Quarantine)
    return record.received_ns, -len(record.payload)


def everything(journal: Journal) -> list[Entry]:
    after = 0
    found: list[Entry] = []
    while entries := journal.read(after, max_readings=100):
        after = entries[-1].position
        found += entries
    return found


class Crashes(RuleBasedStateMachine):
    """Appends, reads, commits and crashes in any order, against a plain list."""

    @initialize()
    def start(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.lives = 0
        self.folder = self.root / "0"
        self.journal = opened(self.folder)
        self.acknowledged: dict[int, tuple[int, int]] = {}
        self.number = 0
        self.passed = 0

    def send(self, sizes: list[int]) -> list[Record]:
        records: list[Record] = []
        for size in sizes:
            self.number += 1
            if size:
                records.append(batch(self.number, size))
            else:
                records.append(Quarantine("s", "json", "", b"x" * 50, self.number))
        return records

    @rule(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=5), appends=st.integers(1, 4))
    def append(self, sizes: list[int], appends: int) -> None:
        before = self.journal.newest
        sent = [self.send(sizes) for _ in range(appends)]
        futures = [self.journal.append(records) for records in sent]
        for future in futures:
            future.result(20)
        records = [record for one in sent for record in one]
        for position, record in enumerate(records, before + 1):
            self.acknowledged[position] = shape(record)
        assert self.journal.newest == before + len(records)

    @rule(share=st.floats(0, 1))
    def commit(self, share: float) -> None:
        self.passed = max(self.passed, int(share * self.journal.newest))
        self.journal.commit("history", self.passed)

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.journal = opened(self.folder)
        self.journal.attach("history", self.passed)

    @rule(torn=st.one_of(st.none(), st.binary(min_size=1, max_size=9_000)))
    def crash(self, torn: bytes | None) -> None:
        self.lives += 1
        copy = self.root / str(self.lives)
        shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns("*-shm"))
        if torn is not None:
            log = segment_paths(copy)[-1] if segment_paths(copy) else copy / "none"
            log = log.with_name(f"{log.name}-wal")
            if log.exists():
                # What a commit that was never acknowledged may leave behind the acknowledged ones.
                with log.open("ab") as file:
                    file.write(torn)
        self.journal.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        self.journal = opened(copy)
        self.journal.attach("history", self.passed)

    @invariant()
    def everything_acknowledged_is_there(self) -> None:
        if not hasattr(self, "journal"):
            return
        found = {entry.position: shape(entry.record) for entry in everything(self.journal)}
        wanted = {at: what for at, what in self.acknowledged.items() if at > self.passed}
        assert wanted.items() <= found.items() <= self.acknowledged.items()

    @invariant()
    def every_reject_is_counted_once(self) -> None:
        if not hasattr(self, "journal"):
            return
        sent = sum(rows < 0 for _, rows in self.acknowledged.values())

        assert sum(count.seen for count in self.journal.stats().quarantine) == sent

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            shutil.rmtree(self.root)


Crashes.TestCase.settings = hypothesis_settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestCrashes = pytest.mark.slow(Crashes.TestCase)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    last=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    tear=st.tuples(st.floats(0, 1), st.one_of(st.none(), st.integers(0, 2**32))),
)
@pytest.mark.slow
def test_a_torn_commit_is_there_whole_or_not_at_all_and_those_before_it_stay(
    tmp_path: Path, before: list[int], last: list[int], tear: tuple[float, int | None]
) -> None:
    kept, seed = tear
    folder = Path(tempfile.mkdtemp(dir=tmp_path)) / "journal"
    journal = opened(folder, segment_bytes=1_000_000)
    for number, rows in enumerate(before):
        journal.append([batch(number, rows)]).result(20)
    log = next(folder.glob("*.segment-wal"))
    durable = log.stat().st_size
    journal.append([batch(1_000 + number, rows) for number, rows in enumerate(last)]).result(20)
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
    journal.close()
    content = bytearray((copy / log.name).read_bytes())
    cut = durable + round(kept * (len(content) - durable))
    rest = b"" if seed is None else random.Random(seed).randbytes(len(content) - cut)
    (copy / log.name).write_bytes(bytes(content[:cut]) + rest)

    with opened(copy) as again:
        found = [shape(entry.record) for entry in everything(again)]

    wanted = list(enumerate(before))
    commit = [(1_000 + number, rows) for number, rows in enumerate(last)]
    assert found in (wanted, wanted + commit)


def test_a_crash_between_making_a_segment_and_filling_it_costs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with opened(folder) as journal:
        journal.append([batch(1, 5)]).result(20)
    (folder / "0000000000000000002.segment.new").write_bytes(b"half of it")

    with opened(folder) as again:
        again.append([batch(2, 5)]).result(20)
        found = [(entry.position, shape(entry.record)) for entry in everything(again)]

    assert found == [(1, (1, 5)), (2, (2, 5))]


def test_a_power_cut_that_takes_a_new_segment_away_leaves_a_sealed_one_that_stays_sealed(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with opened(folder) as journal:
        number = 0
        while len(segment_paths(folder)) < 2:
            number += 1
            journal.append([batch(number, 300)]).result(20)
    for part in folder.glob(f"{segment_paths(folder)[1].name}*"):
        part.unlink()
    (sealed,) = segment_paths(folder)

    with opened(folder) as again:
        again.append([batch(9_999, 1)]).result(20)
        found = [shape(entry.record) for entry in everything(again)]

    assert not is_wal(sealed)
    assert found == [*((n, 300) for n in range(1, number)), (9_999, 1)]
