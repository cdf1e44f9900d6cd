from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.history import Buckets, History
from gateway.model import SECOND, Quality
from tests.gateway.history.conftest import Opener
from tests.gateway.history.story import START, Row, Story

GOOD = int(Quality.GOOD)


def by_hand(story: Story, start_ns: int, end_ns: int, count: int) -> list[tuple[float, float, float, float, int, int]]:
    width = -(-(end_ns - start_ns) // count)
    found = []
    for bucket in range(count):
        begin, end = min(start_ns + bucket * width, end_ns), min(start_ns + (bucket + 1) * width, end_ns)
        rows = [row for row in story.rows(1) if begin <= row[0] < end]
        values = [value for _, value, quality, _ in rows if quality not in {4, 9} and math.isfinite(value)]
        drawn = (min(values), max(values), values[0], values[-1]) if values else (math.nan,) * 4
        found.append((*drawn, len(rows), max((quality for _, _, quality, _ in rows), default=0)))
    return found


def listed(buckets: Buckets) -> list[tuple[float, float, float, float, int, int]]:
    columns = (buckets.low, buckets.high, buckets.first, buckets.last, buckets.rows, buckets.worst_quality)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def tell_much(history: History, story: Story) -> None:
    """Readings with gaps, failures and missing values, most of them sealed, some late and still in the head."""
    noise = np.random.default_rng(3)
    rows: list[Row] = []
    for second in range(6_000):
        if second % 1_000 < 900:
            quality = (4, 9, 3)[second % 3] if second % 50 == 0 else GOOD
            value = math.nan if quality == Quality.MISSING else round(float(noise.normal(20, 5)), 2)
            rows.append((1, START + second * SECOND, value, quality, 0))
    history.apply([story.tell(rows)])
    history.apply(())


@pytest.fixture
def much(open_history: Opener, story: Story) -> History:
    history = open_history()
    tell_much(history, story)
    return history


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start_ns=st.integers(START - 100 * SECOND, START + 6_000 * SECOND),
    seconds=st.integers(1, 7_000),
    count=st.integers(1, 40),
)
def test_buckets_hold_what_the_rows_within_them_say(
    much: History, story: Story, start_ns: int, seconds: int, count: int
) -> None:
    end_ns = start_ns + seconds * SECOND

    buckets = much.buckets(1, start_ns, end_ns, count)

    assert repr(listed(buckets)) == repr(by_hand(story, start_ns, end_ns, count))


def test_a_late_reading_within_a_summarised_chunk_is_not_missed(much: History, story: Story) -> None:
    much.apply([story.tell([(1, START + 300 * SECOND + 1, 999.0, GOOD, 0), (1, START, -5.0, GOOD, 0)])])

    buckets = much.buckets(1, START, START + 6_000 * SECOND, 2)

    assert repr(listed(buckets)) == repr(by_hand(story, START, START + 6_000 * SECOND, 2))
    assert buckets.high[0] == 999.0


def test_long_times_are_answered_from_summaries_alone(much: History) -> None:
    spans = much._chunks.spans(1, START - SECOND, START + 10**17, 10**17)

    assert len(spans) > 5
    assert [span for span in spans if span.body is not None] == []


def test_buckets_touch_each_other_and_cover_the_time_asked_for(open_history: Opener) -> None:
    buckets = open_history().buckets(1, 5, 105, 7)

    assert buckets.start_ns[0] == 5
    assert buckets.end_ns[-1] == 105
    assert buckets.start_ns[1:].tolist() == buckets.end_ns[:-1].tolist()
    assert np.isnan(buckets.low).all()
    assert buckets.worst_quality.tolist() == [0] * 7


@pytest.mark.parametrize(("start", "end", "count"), [(5, 5, 1), (5, 4, 1), (5, 6, 0)])
def test_a_time_that_is_none_is_refused(open_history: Opener, start: int, end: int, count: int) -> None:
    with pytest.raises(ValueError, match="buckets need a time"):
        open_history().buckets(1, start, end, count)
