"""The newest entries in memory give what the disk would give, or say that it must be asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.journal import Entry
from gateway.journal.tail import Tail
from gateway.model import Instant, Tick, batch_of


def entry(position: int, rows: int) -> Entry:
    if not rows:
        return Entry(position, Tick(position), position)
    batch = batch_of([(n, position, 1.0, 1, 0) for n in range(rows)], Instant(1, 2, "boot"))
    return Entry(position, batch, position)


@given(
    commits=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=6), max_size=20),
    gaps=st.lists(st.integers(0, 50), min_size=20, max_size=20),
    capacity=st.integers(1, 2_000),
    after=st.integers(0, 300),
    size=st.integers(1, 100),
)
def test_a_slice_is_the_beginning_of_everything_newer(
    *, commits: list[list[int]], gaps: list[int], capacity: int, after: int, size: int
) -> None:
    tail = Tail(0, capacity)
    added: list[Entry] = []
    for commit, gap in zip(commits, gaps, strict=False):
        start = tail.newest + 1 + gap
        entries = [entry(position, rows) for position, rows in enumerate(commit, start)]
        tail.add(entries)
        added += entries

    found = tail.read(after, size)

    newer = [one for one in added if one.position > after]
    if found is None:
        assert newer
    else:
        assert found == newer[: len(found)]
        assert bool(found) == bool(newer)


def test_what_was_there_before_the_start_is_on_disk_only() -> None:
    tail = Tail(10)
    tail.add([entry(11, 1)])

    assert tail.read(9, 100) is None
    assert tail.read(10, 100) is not None


def test_memory_is_bounded() -> None:
    tail = Tail(0, capacity=1_000)

    for position in range(1, 10_000):
        tail.add([entry(position, 1)])

    assert len(tail._entries) < 100
    assert tail.newest == 9_999
