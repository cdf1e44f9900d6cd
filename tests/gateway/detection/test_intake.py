"""From the journal's rows to the samples detectors see."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.intake import NEVER, Intake
from gateway.detection.run import Numbers, Run, Samples
from gateway.health import Health
from gateway.model import SECOND, Instant, batch_of

CHANNELS = ("a", "b", "c")
NUMBERS = {"a": 7, "b": 3, "c": 12}
Row = tuple[str, int, float]


def run(*entries: tuple[int, list[Row]]) -> Run:
    """Return the run of batches given as (second received, rows of channel, second, value)."""
    batches = [
        batch_of(
            [(NUMBERS[name], second * SECOND, value, 1, 0) for name, second, value in rows],
            Instant(received * SECOND, 0, "boot"),
        )
        for received, rows in entries
    ]
    return Numbers(CHANNELS, NUMBERS).run(batches, [received * SECOND for received, _ in entries])


def intake(reorder_seconds: int = 0) -> Intake:
    """Return an intake whose channel "b" alone reorders."""
    return Intake(np.array([0, reorder_seconds * SECOND, 0], np.int64), Health())


def shown(samples: Samples) -> list[tuple[str, int, float, int]]:
    """Return (channel, second, value, entry) in the order of feeding."""
    rows = zip(samples.channel, samples.time_ns // SECOND, samples.value, samples.entry, samples.place, strict=True)
    by_place = sorted(rows, key=lambda row: int(row[4]))
    return [
        (CHANNELS[int(channel)], int(second), float(value), int(entry)) for channel, second, value, entry, _ in by_place
    ]


def test_samples_come_by_channel_with_their_place_in_the_journal() -> None:
    samples = intake().feed(run((5, [("c", 1, 1.0), ("a", 2, 2.0)]), (6, [("c", 3, 3.0)])))

    assert samples.channel.tolist() == [0, 2, 2]
    assert samples.place.tolist() == [1, 0, 2]
    assert samples.entry.tolist() == [0, 0, 1]


@given(
    st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 20), st.just(0.0)), min_size=10, max_size=40),
    st.integers(0, 40),
)
def test_what_is_fed_is_newer_than_all_before_it_however_it_is_cut(rows: list[Row], place: int) -> None:
    newest: dict[str, int] = {}
    expected = []
    for name, second, value in rows:
        if second > newest.get(name, -1):
            newest[name] = second
            expected.append((name, second, value, 0))
    cut = intake()

    got = [*shown(cut.feed(run((0, rows[:place])))), *shown(cut.feed(run((0, rows[place:]))))]

    assert got == expected
    assert cut.newest_ns.tolist() == [newest[name] * SECOND if name in newest else NEVER for name in CHANNELS]


def test_waiting_rows_come_in_the_order_of_their_times_once_their_time_is_up() -> None:
    waiting = intake(reorder_seconds=10)

    first = waiting.feed(run((0, [("b", 5, 5.0), ("a", 0, 1.0)]), (4, [("b", 2, 2.0)])))
    second = waiting.feed(run((9, []), (11, [("a", 11, 1.0)]), (14, [])))

    assert shown(first) == [("a", 0, 1.0, 0)]
    assert shown(second) == [("b", 2, 2.0, 1), ("b", 5, 5.0, 1), ("a", 11, 1.0, 1)]
    assert len(waiting.waiting) == 0


@given(st.permutations(range(8)), st.integers(1, 9))
def test_no_row_that_came_within_the_waiting_time_is_late(order: list[int], late_by: int) -> None:
    waiting = intake(reorder_seconds=10)
    # Second after second a row arrives whose own time lies up to `late_by` seconds back.
    rows = [(place + 100, [("b", 100 + max(second, place - late_by), 0.0)]) for place, second in enumerate(order)]
    expected = sorted({second for _, entry in rows for _, second, _ in entry})

    samples = waiting.feed(run(*rows, (1_000, [])))

    assert [second for _, second, _, _ in shown(samples)] == expected


def test_rows_released_together_are_put_in_order() -> None:
    waiting = intake(reorder_seconds=10)
    waiting.feed(run((0, [("b", 5, 5.0)]), (4, [("b", 2, 2.0)])))

    samples = waiting.feed(run((20, [])))

    assert shown(samples) == [("b", 2, 2.0, 0), ("b", 5, 5.0, 0)]


def test_a_journal_whose_clock_went_back_holds_no_row_for_ever() -> None:
    waiting = intake(reorder_seconds=10)
    waiting.feed(run((3_600, [("b", 5, 5.0)])))

    samples = waiting.feed(run((10, [])))

    assert shown(samples) == [("b", 5, 5.0, 0)]


def test_waiting_rows_survive_a_restart() -> None:
    before, after = intake(reorder_seconds=10), intake(reorder_seconds=10)
    before.feed(run((0, [("b", 5, 5.0)])))

    after.waiting.restore(before.waiting.state())

    assert shown(after.feed(run((10, [])))) == [("b", 5, 5.0, 0)]
