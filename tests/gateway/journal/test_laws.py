"""Append, read, commit, crash, corrupt and a cap, in any order and under each policy, against a plain list.

Nothing acknowledged is missing but what is counted as given up or as lost to damage; no position is given twice; a
commit never moves back.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import Entry, Journal
from gateway.journal.segments import segment_paths
from gateway.journal.verifying import verify
from gateway.model import Batch, batch_of
from gateway.settings import AtCap, JournalSettings

SETTINGS = JournalSettings(
    flush_seconds=0.0, cap_bytes=300_000, segment_bytes=30_000, reserve_bytes=0, readers=("history",)
)
LOW, NORMAL, HIGH = 1, 2, 3
ROWS = 200
"""The most readings of one batch."""


class Sent(NamedTuple):
    """One batch: all of one channel, each value its number."""

    number: int
    channel: int
    rows: int


def shape(entry: Entry) -> Sent:
    batch = entry.record
    assert isinstance(batch, Batch)
    assert (batch.value == batch.value[0]).all()
    assert (batch.channel == batch.channel[0]).all()
    return Sent(int(batch.value[0]), int(batch.channel[0]), len(batch))


def everything(journal: Journal) -> dict[int, Sent]:
    found: list[Entry] = []
    while more := journal.read(found[-1].position if found else 0):
        found += more
    positions = [entry.position for entry in found]
    assert positions == sorted(set(positions))
    return {entry.position: shape(entry) for entry in found}


class Laws(RuleBasedStateMachine):
    """One journal and a list of what it acknowledged."""

    @initialize(at_cap=st.sampled_from(["thin", "hold", "drop_oldest"]))
    def start(self, at_cap: AtCap) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.at_cap = at_cap
        self.lives = 0
        self.folder = self.root / "0"
        self.sent: dict[int, Sent] = {}
        self.number = self.passed = self.lost = 0
        self.excused: set[int] = set()
        self.is_corrupt = False
        self.open()

    def open(self) -> None:
        settings = replace(SETTINGS, at_cap=self.at_cap)
        self.journal = Journal.open(self.folder, settings=settings, clock=FakeClock(), health=Health(), ticks=False)
        self.journal.weigh({LOW: "low", HIGH: "high"})
        self.journal.attach("history", self.passed)

    def close(self) -> None:
        self.journal.close()
        self.lost += self.journal.stats().damaged

    def quiet(self) -> None:
        """Wait until the writer has nothing more to thin: a crash between two of its steps is another test's."""
        while self.journal._room.is_busy:
            self.journal.wait(self.journal.newest, 0.01)

    def copied(self) -> Path:
        """Return the files as a crash leaves them; a copy during which one was let go or sealed is made again."""
        while True:
            self.quiet()
            self.lives += 1
            copy = self.root / str(self.lives)
            names = sorted(path.name for path in self.folder.iterdir())
            with suppress(shutil.Error):
                shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns("*-shm"))
                if names == sorted(path.name for path in self.folder.iterdir()):
                    return copy

    def settle(self, future: Future[None]) -> None:
        """Wait for an append; a journal that holds it back gets the reader it waits for."""
        while True:
            try:
                future.result(0.5)
            except TimeoutError:
                self.pass_up_to(self.journal.newest)
            else:
                return

    def pass_up_to(self, position: int) -> None:
        self.passed = max(self.passed, position)
        self.journal.commit("history", position)

    @rule(
        batches=st.lists(st.tuples(st.sampled_from([LOW, NORMAL, HIGH]), st.integers(1, ROWS)), min_size=1, max_size=6),
        appends=st.integers(1, 5),
    )
    def append(self, batches: list[tuple[int, int]], appends: int) -> None:
        before = max(self.sent, default=0)
        futures: list[tuple[Future[None], list[Sent]]] = []
        for _ in range(appends):
            some = []
            for channel, rows in batches:
                self.number += 1
                some.append(Sent(self.number, channel, rows))
            records = [
                batch_of([(one.channel, one.number * 1_000 + n, float(one.number), 1, 0) for n in range(one.rows)],
                         FakeClock().now())
                for one in some
            ]  # fmt: skip
            futures.append((self.journal.append(records), some))
        for future, _ in futures:
            self.settle(future)
        together = [one for _, some in futures for one in some]
        newest = self.journal.newest
        assert newest - len(together) >= before, "no position is given twice"
        self.sent |= dict(enumerate(together, newest - len(together) + 1))

    @rule(share=st.floats(0, 1))
    def commit(self, share: float) -> None:
        self.pass_up_to(int(share * self.journal.newest))

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @rule()
    def crash(self) -> None:
        copy = self.copied()
        self.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        self.open()

    @precondition(lambda self: len(self.sent) > 20)
    @rule(seed=st.integers(0, 2**32), kind=st.sampled_from(["flip", "cut", "header", "empty"]))
    def corrupt(self, seed: int, kind: str) -> None:
        self.close()
        seeded = random.Random(seed)
        paths = segment_paths(self.folder)
        path = seeded.choice(paths)
        if path == paths[-1]:
            # Nobody can say how many records a wrecked newest segment held.
            self.excused |= {position for position in self.sent if position >= int(path.stem)}
        content = bytearray(path.read_bytes())
        if kind == "cut":
            del content[seeded.randrange(len(content)) :]
        elif kind == "empty":
            content.clear()
        elif kind == "header":
            content[:100] = seeded.randbytes(len(content[:100]))
        else:
            for _ in range(seeded.randint(1, 5)):
                content[seeded.randrange(len(content))] ^= 1 << seeded.randrange(8)
        path.write_bytes(content)
        self.is_corrupt = True
        self.open()

    @invariant()
    def nothing_is_missing_but_what_is_counted(self) -> None:
        if not hasattr(self, "journal"):
            return
        found = everything(self.journal)
        for position, one in found.items():
            number, channel, rows = self.sent[position]
            assert (one.number, one.channel) == (number, channel)
            assert one.rows <= rows
        wanted = {at: one for at, one in self.sent.items() if at > self.passed and at not in self.excused}
        missing = {at: one.rows - (found[at].rows if at in found else 0) for at, one in wanted.items()}
        given_up = sum(count.readings for count in self.journal.stats().given_up)
        lost = self.lost + self.journal.stats().damaged
        assert sum(missing.values()) <= given_up + lost * ROWS
        if not self.is_corrupt:
            assert lost == 0
            assert self.at_cap != "hold" or not given_up
            is_high_missing = any(rows and wanted[at].channel == HIGH for at, rows in missing.items())
            assert self.at_cap == "drop_oldest" or not is_high_missing

    @invariant()
    def the_cap_holds_and_a_commit_never_moved_back(self) -> None:
        if not hasattr(self, "journal"):
            return
        stats = self.journal.stats()
        assert {place.name: place.position for place in stats.readers}["history"] == self.passed
        # A commit that is larger than what is left passes when all readers have passed what is there.
        assert stats.bytes <= SETTINGS.cap_bytes or self.passed >= min(self.sent, default=0)

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            findings = verify(self.folder).findings if segment_paths(self.folder) else ()
            shutil.rmtree(self.root)
            assert self.is_corrupt or not findings


Laws.TestCase.settings = hypothesis_settings(
    max_examples=15,
    stateful_step_count=18,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLaws = pytest.mark.slow(Laws.TestCase)
