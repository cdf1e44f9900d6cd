"""The laws of the history, by random stories: Again, Late, Cut and Restart."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.health import Health
from gateway.history import History, Pace
from gateway.model import SECOND, Quality
from gateway.settings import HistorySettings
from tests.gateway.history.story import START, Row, Story

VALUES = (1.0, 1.5, -0.0, float("nan"), 0.1 + 0.2)


@st.composite
def runs_of_rows(draw: st.DrawFn) -> list[Row]:
    """Some runs of rows of one channel each, which may overlap, repeat and contradict each other."""
    rows: list[Row] = []
    for _ in range(draw(st.integers(1, 3))):
        channel = draw(st.integers(1, 3))
        step = draw(st.sampled_from([1, 2, 7, 40_000]))
        first = draw(st.integers(0, 1_500))
        value = draw(st.sampled_from(VALUES))
        quality = draw(st.sampled_from([Quality.GOOD, Quality.FAIL]))
        drift = draw(st.sampled_from([0.0, 0.25]))
        rows += [
            (channel, START + (first + step * row) * SECOND, value + drift * row, int(quality), 0)
            for row in range(draw(st.integers(1, 400)))
        ]
    return rows


def open_history(folder: Path, rows: int = 300) -> History:
    return History.open(folder, settings=HistorySettings(), health=Health(), pace=Pace(rows=rows))


def abandon(history: History) -> None:
    """Let go of the files as a killed process does: nothing more is committed."""
    history._closed = True
    history._chunks.close()
    history._log.close()


class HistoryLife(RuleBasedStateMachine):
    """A history that is applied to, killed and reopened at random; the story says what must stand."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.story = Story()
        self.history = open_history(self.folder)
        self.places = [0]

    def teardown(self) -> None:
        abandon(self.history)
        shutil.rmtree(self.folder)

    def reopen(self) -> None:
        """Open, and have the journal's reader go on from the place that is on disk."""
        self.history = open_history(self.folder)
        assert self.history.position() >= self.places[-1]
        self.history.apply(self.story.entries[self.history.position() :])

    @rule(rows=runs_of_rows())
    def readings_arrive(self, rows: list[Row]) -> None:
        self.places.append(self.history.apply([self.story.tell(rows)]))
        assert self.places[-1] >= self.places[-2]

    @rule()
    def room_is_needed(self) -> None:
        assert self.history.apply(()) == len(self.story.entries)

    @precondition(lambda self: self.story.entries)
    @rule(data=st.data())
    def entries_are_applied_again(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(0, len(self.story.entries) - 1))
        self.history.apply(self.story.entries[first : first + 3])

    @rule()
    def the_gateway_restarts(self) -> None:
        self.history.close()
        self.places.append(len(self.story.entries))
        self.reopen()

    @rule()
    def the_gateway_is_killed(self) -> None:
        abandon(self.history)
        self.reopen()

    @rule(rows=runs_of_rows())
    def the_gateway_is_killed_between_the_commits_of_chunks_and_head(self, rows: list[Row]) -> None:
        files = [self.folder / "head.db", self.folder / "head.db-wal"]
        kept = [path.read_bytes() for path in files]
        self.history.apply([self.story.tell(rows)])
        self.history.apply(())
        abandon(self.history)
        for path, content in zip(files, kept, strict=True):
            path.write_bytes(content)
        self.reopen()

    @invariant()
    def every_reading_stands_once(self) -> None:
        self.story.assert_held_by(self.history)


TestHistoryLife = HistoryLife.TestCase
TestHistoryLife.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(runs_of_rows(), min_size=1, max_size=4), data=st.data())
def test_again_redelivered_batches_change_nothing(batches: list[list[Row]], data: st.DataObject) -> None:
    # A redelivery repeats what stands; a contradiction is the journal's affair.
    story = Story()
    told = [[row for row in rows if row[1] not in story.standing.get(row[0], {})] for rows in batches]
    for rows in told:
        story.tell(rows)
    with tempfile.TemporaryDirectory() as folder:
        history = open_history(Path(folder))
        history.apply(story.entries)
        before = {channel: story.rows(channel) for channel in story.standing}

        for rows in data.draw(st.lists(st.sampled_from(told), max_size=4)):
            history.apply([story.tell(standing(story, rows))])
            history.apply(())

        assert repr(before) == repr({channel: story.rows(channel) for channel in story.standing})
        story.assert_held_by(history)
        history.close()


def standing(story: Story, rows: list[Row]) -> list[Row]:
    """Return the rows as they stand, under the same channels and times."""
    return [(channel, time_ns, *story.standing[channel][time_ns]) for channel, time_ns, *_ in rows]


@settings(max_examples=30, deadline=None)
@given(rows=runs_of_rows(), seed=st.integers(0, 1_000), slices=st.integers(1, 6))
def test_late_readings_are_held_as_if_they_had_come_in_time(rows: list[Row], seed: int, slices: int) -> None:
    in_time, late = Story(), Story()
    in_time.tell(
        [(channel, time_ns, *row) for channel, held in distinct(rows).items() for time_ns, row in held.items()]
    )
    shuffled = [(channel, time_ns, *row) for channel, held in distinct(rows).items() for time_ns, row in held.items()]
    random.Random(seed).shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        history = open_history(Path(folder), rows=100)

        for part in range(slices):
            history.apply([late.tell(shuffled[part::slices])])

        in_time.assert_held_by(history)
        history.close()


def distinct(rows: list[Row]) -> dict[int, dict[int, tuple[float, int, int]]]:
    """Return one row for each channel and time."""
    story = Story()
    seen: dict[tuple[int, int], Row] = {}
    for row in rows:
        seen.setdefault((row[0], row[1]), row)
    story.tell(list(seen.values()))
    return story.standing


@settings(max_examples=30, deadline=None)
@given(rows=runs_of_rows(), data=st.data())
def test_cut_anywhere_the_readings_are_the_same(rows: list[Row], data: st.DataObject) -> None:
    whole, cut = Story(), Story()
    whole.tell(rows)
    at = data.draw(st.integers(0, len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        history = open_history(Path(folder), rows=data.draw(st.sampled_from([1, 100, 10_000])))

        for part in (rows[:at], rows[at:]):
            history.apply([cut.tell(part)])

        whole.assert_held_by(history)
        history.close()
