from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from gateway.model import Instant, Quality, batch_of

NOW = Instant(10, 5, "boot")


def test_a_batch_of_rows_has_the_columns_types_of_the_contract() -> None:
    batch = batch_of([(1, 100, 2.5, Quality.GOOD, 0), (2, 101, float("nan"), Quality.MISSING, 64)], NOW)

    types = [column.dtype for column in (batch.channel, batch.time_ns, batch.value, batch.quality, batch.flags)]
    assert types == [np.int32, np.int64, np.float64, np.uint8, np.uint16]
    assert len(batch) == 2
    assert (batch.received_ns, batch.monotonic_ns, batch.boot_id) == NOW


def test_an_empty_batch_is_a_batch() -> None:
    assert len(batch_of([], NOW)) == 0


def test_taking_rows_keeps_when_they_were_received() -> None:
    batch = batch_of([(1, 100, 2.5, 1, 0), (2, 101, 3.5, 1, 0)], NOW)

    taken = batch.take(np.array([False, True]))

    assert taken.channel.tolist() == [2]
    assert taken.received_ns == NOW.utc_ns


def test_what_travels_cannot_be_changed() -> None:
    batch = batch_of([(1, 100, 2.5, 1, 0)], NOW)

    with pytest.raises(FrozenInstanceError):
        batch.received_ns = 0  # type: ignore[misc]
