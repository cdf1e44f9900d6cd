"""Every row is one line that a strict reader reads back as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Batch, Instant, batch_of
from gateway.sinks.line_protocol import LineEncoder, Series, head_of
from simulators.servers.line_reader import read_line

NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters="\\"), min_size=1, max_size=20)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.integers(0, 255),
        st.integers(0, 65_535),
    ),
    max_size=20,
)


def batch(rows: list[tuple[int, int, float, int, int]]) -> Batch:
    return batch_of(rows, Instant(0, 0, "b"))


def encoder() -> LineEncoder:
    return LineEncoder({number: Series(f"quantity {number}", {"asset": f"a,{number}"}) for number in (1, 2, 3)})


@settings(deadline=None)
@given(ROWS)
def test_every_row_comes_back_as_it_was(rows: list[tuple[int, int, float, int, int]]) -> None:
    written = encoder().encode(batch(rows)).decode()

    lines = [read_line(text) for text in written.split("\n")] if rows else []
    assert written or not rows
    assert len(lines) == len(rows)
    for line, (channel, time_ns, value, quality, flags) in zip(lines, rows, strict=True):
        fields = {"quality": quality, "flags": flags} | ({"value": value} if math.isfinite(value) else {})
        assert (line.measurement, line.tags) == (f"quantity {channel}", (("asset", f"a,{channel}"),))
        assert line.time_ns == time_ns
        assert line.fields == fields
        assert all(type(line.fields[name]) is type(fields[name]) for name in fields)


@settings(deadline=None)
@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=4))
def test_any_name_can_be_written(measurement: str, tags: dict[str, str]) -> None:
    line = read_line(head_of(Series(measurement, tags)) + " quality=1i 7")

    assert line.measurement == measurement
    assert dict(line.tags) == tags


def test_tags_stand_in_the_order_of_their_names_and_empty_ones_are_left_out() -> None:
    head = head_of(Series("m", {"site": "s", "asset": "a", "lifeline": ""}))

    assert head == "m,asset=a,site=s"


@pytest.mark.parametrize("text", ["a\nb", "a\\", "a\x00"])
def test_what_line_protocol_cannot_write_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has no way to write"):
        head_of(Series("m", {"asset": text}))


def test_a_missing_value_is_a_line_without_one() -> None:
    lines = encoder().encode(batch([(1, 5, math.nan, 9, 64), (1, 6, 2.0, 1, 0)]))

    assert lines == (
        b"quantity\\ 1,asset=a\\,1 quality=9i,flags=64i 5\nquantity\\ 1,asset=a\\,1 value=2.0,quality=1i,flags=0i 6"
    )


def test_an_unknown_channel_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        encoder().encode(batch([(4, 5, 1.0, 1, 0)]))


def test_the_batch_is_left_as_it_was() -> None:
    given_batch = batch([(1, 5, math.nan, 9, 64)])

    encoder().encode(given_batch)

    assert np.isnan(given_batch.value[0])
