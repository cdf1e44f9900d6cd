"""What every sink promises, against a real server each."""

from __future__ import annotations

import math

import pytest

from gateway.errors import Unreachable
from gateway.model import SECOND, Batch, Instant, batch_of
from tests.contracts.sinks.conftest import Bench, Points

pytestmark = pytest.mark.slow

START = 1_700_000_000 * SECOND


def batch(rows: int, *, first: int = 0) -> Batch:
    """Return readings of three channels in turn, one a second."""
    return batch_of(
        [(1 + at % 3, START + at * SECOND, at / 4, 1, 0) for at in range(first, first + rows)], Instant(START, 0, "b")
    )


def points(rows: int) -> Points:
    return {(f"P-{1 + at % 3}.f.flow", (START + at * SECOND) // 1_000_000): at / 4 for at in range(rows)}


def test_when_write_returns_every_row_is_there(bench: Bench) -> None:
    rejected = bench.sink.write(batch(1_000))

    assert list(rejected) == []
    assert bench.held() == points(1_000)


def test_the_same_readings_again_in_other_cuts_change_nothing(bench: Bench) -> None:
    bench.sink.write(batch(1_000))

    bench.sink.write(batch(700))
    bench.sink.write(batch(600, first=400))

    assert bench.held() == points(1_000)


def test_while_the_server_is_away_it_is_unreachable_and_later_everything_is_there(bench: Bench) -> None:
    bench.sink.write(batch(10))
    bench.stop()

    with pytest.raises(Unreachable):
        bench.sink.write(batch(20))
    bench.start()
    bench.sink.write(batch(20))

    assert bench.held() == points(20)


def test_a_row_that_cannot_be_written_is_rejected_and_named(bench: Bench) -> None:
    mixed = batch(20)
    mixed.channel[7] = 99

    rejected = bench.sink.write(mixed)

    assert [one.row for one in rejected] == [7]
    assert rejected[0].detail
    assert len(bench.held()) == 19


def test_a_reading_without_a_value_is_none(bench: Bench) -> None:
    mixed = batch(3)
    mixed.value[1], mixed.quality[1] = math.nan, 9

    rejected = bench.sink.write(mixed)

    assert list(rejected) == []
    assert len(bench.held()) == 2


def test_nothing_is_written_for_no_rows(bench: Bench) -> None:
    assert list(bench.sink.write(batch(0))) == []


def test_closing_again_does_nothing(bench: Bench) -> None:
    bench.sink.write(batch(1))

    bench.sink.close()
    bench.sink.close()

    assert bench.held() == points(1)
