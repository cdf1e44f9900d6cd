from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.history import chunk
from gateway.history.columns import Columns
from gateway.model import Flag, Quality
from tests.gateway.history.story import START

INT64 = st.integers(-(2**63), 2**63 - 1)
VALUE = st.one_of(
    st.floats(width=64),
    st.floats(width=32),
    st.integers(-(10**6), 10**6).map(lambda number: number / 1000),
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1e300, 5e-324]),
)


def columns(time_ns: list[int], value: list[float], quality: list[int], flags: list[int]) -> Columns:
    return Columns(
        np.array(time_ns, np.int64),
        np.array(value, np.float64),
        np.array(quality, np.uint8),
        np.array(flags, np.uint16),
    )


def regular(value: np.ndarray[tuple[int], np.dtype[np.float64]], step_ns: int = 10**9) -> Columns:
    rows = len(value)
    return Columns(
        START + np.arange(rows) * step_ns, value, np.full(rows, Quality.GOOD, np.uint8), np.zeros(rows, np.uint16)
    )


@st.composite
def any_rows(draw: st.DrawFn) -> Columns:
    times = sorted(
        draw(st.sets(st.one_of(INT64, st.integers(0, 50).map(lambda ms: ms * 10**6)), min_size=1, max_size=20))
    )
    rows = len(times)
    kind = draw(st.sampled_from([VALUE, st.integers(0, 1000).map(lambda number: number / 100), st.floats(width=32)]))
    return columns(
        times,
        draw(st.lists(kind, min_size=rows, max_size=rows)),
        draw(st.lists(st.sampled_from([1, 2, 3, 4, 9]), min_size=rows, max_size=rows)),
        draw(st.lists(st.sampled_from([0, 0, 1, 16, 65535]), min_size=rows, max_size=rows)),
    )


@given(rows=any_rows())
@example(columns([-(2**63), 2**63 - 1], [-0.0, math.nan], [1, 9], [0, int(Flag.DRILL)]))
@example(columns([5], [0.1 + 0.2], [1], [0]))
def test_every_row_comes_back_bit_for_bit(rows: Columns) -> None:
    assert chunk.decode(chunk.encode(rows)).same_as(rows)


@given(rows=any_rows(), data=st.data())
def test_damaged_bytes_are_found_out(rows: Columns, data: st.DataObject) -> None:
    body = chunk.encode(rows)
    damaged = bytearray(body)
    at = data.draw(st.integers(0, len(body) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))

    try:
        found = chunk.decode(bytes(damaged))
    except ValueError:
        return

    # Two bits of a deflate stream's header and the last byte's padding carry nothing.
    assert found.same_as(rows)


@given(rows=any_rows(), share=st.floats(0, 0.999))
def test_cut_off_bytes_are_found_out(rows: Columns, share: float) -> None:
    body = chunk.encode(rows)

    with pytest.raises(ValueError, match="damaged chunk"):
        chunk.decode(body[: int(len(body) * share)])


def test_a_chunk_of_a_newer_program_is_refused_not_guessed_at() -> None:
    import zlib  # noqa: PLC0415 - only here

    plain = bytearray(zlib.decompress(chunk.encode(regular(np.zeros(3)))))
    plain[0] = 2

    with pytest.raises(ValueError, match="version 2"):
        chunk.decode(zlib.compress(bytes(plain)))


@pytest.mark.parametrize(
    ("value", "at_most"),
    [
        (np.full(512, 12.34), 0.25),
        (np.round(50 + np.cumsum(np.random.default_rng(1).normal(0, 0.01, 512)), 3), 1.5),
        (np.round(50 + np.random.default_rng(1).normal(0, 1, 512), 2), 2.2),
        ((50 + np.random.default_rng(1).normal(0, 1, 512)).astype(np.float32).astype(np.float64), 3.6),
    ],
    ids=["constant", "drift of three decimals", "noise of two decimals", "noise of float32"],
)
def test_a_regular_reading_takes_few_bytes(value: np.ndarray[tuple[int], np.dtype[np.float64]], at_most: float) -> None:
    assert len(chunk.encode(regular(value))) / len(value) <= at_most


def test_missing_values_among_decimals_cost_bits_not_floats() -> None:
    value = np.round(50 + np.random.default_rng(1).normal(0, 1, 512), 2)
    whole = len(chunk.encode(regular(value)))
    value[::10] = np.nan

    assert len(chunk.encode(regular(value))) < whole + 64
