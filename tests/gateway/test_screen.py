"""The screen: each reading judged by itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.health import Health
from gateway.inventory import Channel, Inventory
from gateway.model import SECOND, Batch, Flag, Instant, Quality, Quarantine, batch_of
from gateway.screen import Screen

NOW = 1_760_000_000 * SECOND
HOUR = 3_600 * SECOND
GOOD, SUSPECT, FAIL, MISSING = int(Quality.GOOD), int(Quality.SUSPECT), int(Quality.FAIL), int(Quality.MISSING)


def channel(name: str, span: tuple[float, float] | None) -> Channel:
    return Channel(
        id=name,
        asset="A",
        device="D",
        point=name,
        quantity="temperature",
        unit="Cel",
        span=span,
        report_seconds=60,
        fresh_seconds=180,
        reorder_seconds=0,
        stuck_seconds=None,
        importance="normal",
        title="",
        ladders=(),
    )


CHANNELS = {"spanned": channel("spanned", (-40.0, 85.0)), "open": channel("open", None)}
INVENTORY = Inventory("site", "", "UTC", {}, {}, CHANNELS)
SPANNED, OPEN, STRANGER = 3, 7, 4000
NUMBERS = {"spanned": SPANNED, "open": OPEN}


def screen(health: Health | None = None) -> Screen:
    return Screen(INVENTORY, NUMBERS, health or Health())


def of(*rows: tuple[int, int, float, int, int], received_ns: int = NOW) -> Batch:
    return batch_of(rows, Instant(received_ns, 0, "boot"))


def judged(number: int, value: float, quality: int = GOOD) -> tuple[float, int]:
    (batch,) = screen()(of((number, NOW, value, quality, 0)))
    assert isinstance(batch, Batch)
    return float(batch.value[0]), int(batch.quality[0])


@pytest.mark.parametrize(
    ("number", "value", "quality", "expected"),
    [
        pytest.param(SPANNED, 20.0, GOOD, (20.0, GOOD), id="inside"),
        pytest.param(SPANNED, -40.0, GOOD, (-40.0, GOOD), id="on the lower edge"),
        pytest.param(SPANNED, 85.0, GOOD, (85.0, GOOD), id="on the upper edge"),
        pytest.param(SPANNED, 85.1, GOOD, (85.0, SUSPECT), id="a little above"),
        pytest.param(SPANNED, -52.5, GOOD, (-40.0, SUSPECT), id="a tenth of the span below"),
        pytest.param(SPANNED, 97.6, GOOD, (97.6, FAIL), id="far above"),
        pytest.param(SPANNED, -41.0, SUSPECT, (-41.0, FAIL), id="below and suspect"),
        pytest.param(SPANNED, 20.0, SUSPECT, (20.0, SUSPECT), id="quality kept"),
        pytest.param(OPEN, 1e300, GOOD, (1e300, GOOD), id="no span"),
        pytest.param(STRANGER, 1e9, GOOD, (1e9, GOOD), id="unknown channel"),
    ],
)
def test_a_value_outside_its_span_fails_and_is_kept(
    number: int, value: float, quality: int, expected: tuple[float, int]
) -> None:
    assert judged(number, value, quality) == expected


@pytest.mark.parametrize(
    ("value", "flags", "quality", "expected"),
    [
        pytest.param(90.0, Flag.NONE, GOOD, (85.0, Flag.CLAMPED, SUSPECT), id="saturated"),
        pytest.param(300.0, Flag.CLAMPED, GOOD, (85.0, Flag.CLAMPED, SUSPECT), id="the device says so itself"),
        pytest.param(50.0, Flag.CLAMPED, GOOD, (50.0, Flag.CLAMPED, GOOD), id="the device says so, inside"),
        pytest.param(300.0, Flag.NONE, GOOD, (300.0, Flag.NONE, FAIL), id="nonsense"),
        pytest.param(90.0, Flag.AFTER_TIMEOUT, SUSPECT, (90.0, Flag.AFTER_TIMEOUT, FAIL), id="suspect anyway"),
        pytest.param(50.0, Flag.MAINTENANCE, SUSPECT, (50.0, Flag.MAINTENANCE, SUSPECT), id="under maintenance"),
    ],
)
def test_a_saturated_sensor_stands_at_the_edge_of_its_span(
    value: float, flags: Flag, quality: int, expected: tuple[float, Flag, int]
) -> None:
    (batch,) = screen()(of((SPANNED, NOW, value, quality, int(flags))))

    assert isinstance(batch, Batch)
    assert (batch.value[0], batch.flags[0], batch.quality[0]) == expected


def test_a_channel_says_how_far_outside_its_span_is_still_its_edge() -> None:
    wide = replace(CHANNELS["spanned"], span_tolerance=2.0)
    judge = Screen(replace(INVENTORY, channels={"spanned": wide}), {"spanned": SPANNED}, Health())

    (batch,) = judge(of((SPANNED, NOW, 300.0, GOOD, 0), (SPANNED, NOW + 1, 336.0, GOOD, 0)))

    assert isinstance(batch, Batch)
    assert batch.value.tolist() == [85.0, 336.0]
    assert batch.quality.tolist() == [SUSPECT, FAIL]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_missing(value: float) -> None:
    kept, quality = judged(SPANNED, value)

    assert math.isnan(kept)
    assert quality == MISSING


def test_a_missing_reading_keeps_its_flags_and_shows_no_number() -> None:
    (batch,) = screen()(of((SPANNED, NOW, 65535.0, MISSING, int(Flag.SENTINEL))))

    assert isinstance(batch, Batch)
    assert math.isnan(batch.value[0])
    assert batch.flags[0] == Flag.SENTINEL


@pytest.mark.parametrize(
    "time_ns",
    [
        pytest.param(0, id="1970"),
        pytest.param(946_684_800 * SECOND, id="2000"),
        pytest.param(-(1 << 63), id="before all calendars"),
        pytest.param((1 << 63) - 1, id="after all plans"),
        pytest.param(NOW + 25 * HOUR, id="the day after tomorrow"),
    ],
)
def test_an_impossible_clock_is_set_aside_with_what_it_said(time_ns: int) -> None:
    health = Health()

    records = screen(health)(of((SPANNED, time_ns, 20.5, GOOD, 0), (OPEN, NOW, 1.0, GOOD, 0)))

    batch, kept = records
    assert isinstance(batch, Batch)
    assert isinstance(kept, Quarantine)
    assert batch.channel.tolist() == [OPEN]
    assert (kept.source, kept.reason, kept.payload) == ("spanned", "clock", f"{time_ns},20.5,1".encode())
    assert health.counts()["screen", "dropped", "clock"] == 1


def test_a_batch_of_impossible_clocks_only_leaves_one_record_for_each_channel() -> None:
    records = screen()(of((SPANNED, 1, 1.0, GOOD, 0), (OPEN, 2, 2.0, GOOD, 0), (SPANNED, 3, 3.0, GOOD, 0)))

    assert [record.source for record in records if isinstance(record, Quarantine)] == ["spanned", "open"]
    assert len(records) == 2


def test_a_clock_some_hours_ahead_is_believed() -> None:
    (batch,) = screen()(of((SPANNED, NOW + 23 * HOUR, 20.0, GOOD, 0)))

    assert isinstance(batch, Batch)
    assert len(batch) == 1


def test_a_gateway_without_a_clock_believes_the_devices() -> None:
    (batch,) = screen()(of((SPANNED, NOW, 20.0, GOOD, 0), received_ns=60 * SECOND))

    assert isinstance(batch, Batch)
    assert len(batch) == 1


def test_a_clean_batch_passes_untouched() -> None:
    batch = of((SPANNED, NOW, 20.0, GOOD, 0))

    assert screen()(batch) == [batch]


ROWS = st.lists(
    st.tuples(
        st.sampled_from([SPANNED, OPEN, STRANGER]),
        st.sampled_from([0, NOW - HOUR, NOW, NOW + 48 * HOUR]),
        st.floats(allow_nan=True, allow_infinity=True),
        st.sampled_from([GOOD, SUSPECT, FAIL, MISSING]),
        st.just(0),
    ),
    max_size=12,
)


def content(batches: list[Batch]) -> list[tuple[int, int, bytes, int]]:
    return [
        (int(batch.channel[row]), int(batch.time_ns[row]), batch.value[row].tobytes(), int(batch.quality[row]))
        for batch in batches
        for row in range(len(batch))
    ]


def screened(*batches: Batch) -> list[Batch]:
    return [record for batch in batches for record in screen()(batch) if isinstance(record, Batch)]


@given(ROWS, st.integers(0, 12))
def test_cutting_a_batch_changes_nothing(rows: list[tuple[int, int, float, int, int]], cut: int) -> None:
    whole = screened(of(*rows))

    parts = screened(of(*rows[:cut]), of(*rows[cut:]))

    assert content(parts) == content(whole)


@given(ROWS)
def test_screening_again_changes_nothing(rows: list[tuple[int, int, float, int, int]]) -> None:
    once = screened(of(*rows))

    assert content(screened(*once)) == content(once)


@given(ROWS)
def test_no_good_reading_lies_outside_its_span(rows: list[tuple[int, int, float, int, int]]) -> None:
    for batch in screened(of(*rows)):
        good = batch.quality == Quality.GOOD
        assert np.isfinite(batch.value[good]).all()
        assert (np.abs(batch.value[good & (batch.channel == SPANNED)]) <= 85).all()
