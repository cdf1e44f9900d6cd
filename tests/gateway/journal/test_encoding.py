from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal.encoding import LONGEST_PAYLOAD, decode, encode, storable
from gateway.model import (
    Anchor,
    Attribute,
    Batch,
    ClockCorrection,
    Instant,
    Quarantine,
    Receipts,
    Record,
    Tick,
    batch_of,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**31 - 1),
        INT64,
        st.floats(allow_nan=True, allow_infinity=True),
        st.sampled_from((1, 2, 3, 4, 9)),
        st.integers(0, 2**16 - 1),
    ),
    max_size=20,
)
ONE_TIME_ROWS = ROWS.map(lambda rows: [(row[0], 5, row[2], 1, 0) for row in rows])

SMALL_RECORDS: tuple[Record, ...] = (
    Quarantine("district lifeline/gas-1/up", "json", "unexpected end", b"\x00\xff{", 7),
    Attribute("gas-1", "firmware", "版本 2.1", 8),
    ClockCorrection("gas-1", -3_600_000_000_000, 9),
    Anchor("boot", 10, 1_700_000_000_000_000_000),
    Receipts("district", (b"0123456789abcdef", bytes(16))),
    Tick(11),
)


@given(rows=st.one_of(ROWS, ONE_TIME_ROWS), boot_id=st.text(max_size=40))
def test_a_batch_comes_back_bit_for_bit(rows: list[tuple[int, int, float, int, int]], boot_id: str) -> None:
    batch = batch_of(rows, Instant(1, -2, boot_id))

    kind, readings, body = encode(batch)
    again = decode(kind, body)

    assert isinstance(again, Batch)
    assert readings == len(rows)
    assert (again.received_ns, again.monotonic_ns, again.boot_id) == (1, -2, boot_id)
    for name in ("channel", "time_ns", "value", "quality", "flags"):
        before, after = getattr(batch, name), getattr(again, name)
        assert before.dtype == after.dtype
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("record", SMALL_RECORDS, ids=lambda record: type(record).__name__)
def test_every_other_record_comes_back_the_same(record: Record) -> None:
    kind, readings, body = encode(record)

    assert decode(kind, body) == record
    assert readings == 0


def test_columns_that_hold_one_value_are_stored_once() -> None:
    rows = [(channel, 5, float(channel), 1, 0) for channel in range(100)]

    body = encode(batch_of(rows, Instant(1, 2, "boot"))).body

    assert len(body) < 100 * 12 + 64


@given(kind=st.integers(0, 300), body=st.binary(max_size=100))
def test_bytes_are_a_record_or_a_value_error(kind: int, body: bytes) -> None:
    try:
        record = decode(kind, body)
    except ValueError:
        return
    assert decode(*_kind_and_body(record)) == record or isinstance(record, Batch)


def test_a_strided_column_is_stored_as_it_reads() -> None:
    wide = np.arange(10.0)
    batch = batch_of([(n, n, 0.0, 1, 0) for n in range(5)], Instant(1, 2, "boot"))
    strided = Batch(batch.channel, batch.time_ns, wide[::2], batch.quality, batch.flags, 1, 2, "boot")

    again = decode(*_kind_and_body(strided))

    assert isinstance(again, Batch)
    assert again.value.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]


def _kind_and_body(record: Record) -> tuple[int, bytes]:
    encoded = encode(record)
    return encoded.kind, encoded.body


def test_a_payload_too_long_to_explain_anything_is_cut_and_says_so() -> None:
    record = storable(Quarantine("s", "r", "too big", bytes(LONGEST_PAYLOAD + 1), 1))

    assert isinstance(record, Quarantine)
    assert len(record.payload) == LONGEST_PAYLOAD
    assert "65537 bytes" in record.detail


def test_text_that_is_no_unicode_is_kept_readable() -> None:
    record = storable(Quarantine("s\udcff", "r", "d", b"", 1))

    assert decode(*_kind_and_body(record)) == Quarantine("s\\udcff", "r", "d", b"", 1)


def _shorter(batch: Batch) -> Batch:
    return Batch(batch.channel, batch.time_ns[:1], batch.value, batch.quality, batch.flags, 1, 2, "boot")


def _negative(batch: Batch) -> Batch:
    return Batch(-batch.channel - 1, batch.time_ns, batch.value, batch.quality, batch.flags, 1, 2, "boot")


@pytest.mark.parametrize("broken", [_shorter, _negative])
def test_columns_that_make_no_batch_are_refused(broken: Callable[[Batch], Batch]) -> None:
    batch = batch_of([(1, 2, math.pi, 1, 0), (2, 2, math.pi, 1, 0)], Instant(1, 2, "boot"))

    with pytest.raises(ValueError, match=r"must have one length|are positive"):
        storable(broken(batch))
