from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.health import Health
from gateway.inventory import Channel, Inventory
from gateway.model import SECOND, Batch, Instant, Quality, Quarantine, batch_of
from gateway.screen import Screen

NOW = Instant(1_700_000_000 * SECOND, 0, "boot")


def screen_of(health: Health | None = None) -> Screen:
    channel = Channel(
        id="MH-1.gas-1.ch4",
        asset="MH-1",
        device="gas-1",
        point="ch4",
        quantity="combustible_gas",
        unit="%[LEL]",
        span=(0.0, 100.0),
        report_seconds=60,
        fresh_seconds=180,
        reorder_seconds=0,
        stuck_seconds=None,
        importance="high",
        title="",
        ladders=(),
    )
    inventory = Inventory("site", "site", "UTC", {}, {}, {channel.id: channel})
    return Screen(inventory, {channel.id: 7}, health or Health())


def row(value: float, *, time_ns: int = NOW.utc_ns, quality: int = 1, channel: int = 7) -> Batch:
    return batch_of([(channel, time_ns, value, quality, 0)], NOW)


def test_a_value_outside_its_span_fails_and_keeps_its_value() -> None:
    (screened,) = screen_of()(row(101.0))

    assert isinstance(screened, Batch)
    assert (screened.value[0], screened.quality[0]) == (101.0, Quality.FAIL)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_missing(value: float) -> None:
    (screened,) = screen_of()(row(value))

    assert isinstance(screened, Batch)
    assert screened.quality[0] == Quality.MISSING
    assert math.isnan(screened.value[0])


def test_a_clock_at_1970_is_counted_kept_with_its_value_and_loses_no_neighbour() -> None:
    health = Health()
    batch = batch_of([(7, 0, 5.0, 1, 0), (7, NOW.utc_ns, 6.0, 1, 0)], NOW)

    kept, explained = screen_of(health)(batch)

    assert isinstance(kept, Batch)
    assert kept.value.tolist() == [6.0]
    assert isinstance(explained, Quarantine)
    assert explained.reason == "clock"
    assert json.loads(explained.payload) == [
        {"channel": "MH-1.gas-1.ch4", "time": "1970-01-01T00:00:00.000Z", "value": 5.0}
    ]
    assert health.counts()["screen", "dropped", "clock"] == 1


def test_a_clock_more_than_a_day_ahead_is_impossible_but_a_time_zone_is_not() -> None:
    ahead = row(5.0, time_ns=NOW.utc_ns + 25 * 3600 * SECOND)
    zone = row(5.0, time_ns=NOW.utc_ns + 8 * 3600 * SECOND)

    assert [type(record) for record in screen_of()(ahead)] == [Quarantine]
    assert [type(record) for record in screen_of()(zone)] == [Batch]


def test_a_gateway_without_a_clock_of_its_own_judges_no_future() -> None:
    batch = batch_of([(7, 1_700_000_000 * SECOND, 5.0, 1, 0)], Instant(5 * SECOND, 0, "boot"))

    assert [type(record) for record in screen_of()(batch)] == [Batch]


def test_a_worse_quality_than_the_span_gives_stays() -> None:
    (screened,) = screen_of()(row(101.0, quality=Quality.MISSING))

    assert isinstance(screened, Batch)
    assert screened.quality[0] == Quality.MISSING


@given(
    st.lists(
        st.tuples(
            st.just(7),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=True, allow_infinity=True),
            st.sampled_from([1, 2, 3, 4, 9]),
            st.just(0),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_no_row_is_lost_and_no_bad_one_looks_good(rows: list[tuple[int, int, float, int, int]]) -> None:
    records = screen_of()(batch_of(rows, NOW))

    kept = sum(len(record) for record in records if isinstance(record, Batch))
    explained = sum(len(json.loads(record.payload)) for record in records if isinstance(record, Quarantine))
    assert kept + explained == len(rows)
    for record in records:
        if isinstance(record, Batch):
            good = record.quality == Quality.GOOD
            assert ((record.value[good] >= 0) & (record.value[good] <= 100)).all()


@given(st.integers(1, 5))
def test_screening_twice_changes_nothing(cuts: int) -> None:
    batch = batch_of([(7, NOW.utc_ns + i, float(i * 40), 1, 0) for i in range(cuts)], NOW)
    screen = screen_of()

    (once,) = screen(batch)
    assert isinstance(once, Batch)
    (twice,) = screen(once)

    assert isinstance(twice, Batch)
    assert twice.quality.tolist() == once.quality.tolist()
